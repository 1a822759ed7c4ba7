"""What a refusal may say to its caller: the one place that decides it.

A refusal names states, events, guards and values. To a caller it says no more than the caller may
read otherwise:

1. Who may inspect the instance, and the program itself, get all of it.
2. Who may read it get its state, its allowed events and the roles that are asked for. Why a
   guard refused and what the machine's own code raised may have values of the data.
3. Everybody else learns that it was refused. What the caller itself sent may be named.

What was withheld goes with the error as ``withheld``, for the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from statehold.chart.access import RIGHTS, Right
from statehold.chart.machine import Definition
from statehold.errors import (
    CancelFailed,
    InstanceUnreadable,
    InvalidPayload,
    MachineUnserved,
    NotAllowed,
    StateholdError,
    StepFailed,
    StoreUnavailable,
    TooLarge,
    UnknownEffect,
    UnknownEvent,
    UnknownMachine,
    UnknownTimer,
    UpgradeFailed,
)
from statehold.instance.authorize import (
    forbidden,
    is_permitted,
    may_some,
    permitted_unstated,
)
from statehold.instance.senders import has_some_role, may_some_event
from statehold.instance.state import InstanceState
from statehold.records import Caller


def disclosed(
    error: StateholdError,
    caller: Caller,
    definition: Definition[Any] | None = None,
    instance: InstanceState | None = None,
    *,
    is_own: bool = False,
) -> StateholdError:
    """The error as its caller is to get it: itself, or one that says less.

    ``definition`` is the machine's, ``instance`` the one that it is about; None: there is none, or
    it is not known. ``is_own``: it is about what the caller sent, not about what is stored.
    """
    if caller.roles is None:
        return error
    if definition is not None and is_permitted(caller, "inspect", definition, instance):
        return error
    reads = definition is not None and is_permitted(caller, "read", definition, instance)
    shorter = _shortened(error, reads=reads, is_own=is_own)
    if isinstance(error, UnknownEvent) and definition is not None:
        hidden = definition.internal
        known = [
            one
            for one in error.known
            if one not in hidden and may_some_event(caller, one, definition)
        ]
        shorter = UnknownEvent(error.machine, error.event, known)
    if shorter is None:
        return error
    shorter.withheld = error
    return shorter


def unknown_machine(
    error: UnknownMachine | MachineUnserved,
    caller: Caller,
    right: Right,
    definitions: Mapping[str, Definition[Any]],
) -> StateholdError:
    """The same for a machine that does not run here and for one that the caller does not see: that
    it is unknown, with the names of those that the caller sees, to those who would have the right
    on a machine that states nothing, and that it is forbidden, to all others."""
    if caller.roles is None:
        return error
    if not permitted_unstated(caller, right, error.machine):
        return forbidden(caller, right, error.machine)
    if isinstance(error, UnknownMachine):
        return UnknownMachine(error.machine, [one.name for one in seen(caller, definitions)])
    return disclosed(error, caller)


def check_seen(
    caller: Caller,
    right: Right,
    definition: Definition[Any],
    definitions: Mapping[str, Definition[Any]],
) -> None:
    """Raises as :func:`unknown_machine` has it where the caller does not see the machine."""
    if caller.roles is not None and not uses(caller, definition):
        unknown = UnknownMachine(definition.name, ())
        raise unknown_machine(unknown, caller, right, definitions)


def seen(caller: Caller, definitions: Mapping[str, Definition[Any]]) -> list[Definition[Any]]:
    """The machines that the caller sees: those on which it can have any right."""
    if caller.roles is None:
        return list(definitions.values())
    return [one for one in definitions.values() if uses(caller, one)]


def uses(caller: Caller, definition: Definition[Any]) -> bool:
    """Whether there can be anything of the machine that the caller may see or do."""
    return any(may_some(caller, right, definition) for right in RIGHTS) or has_some_role(
        caller, definition
    )


def _shortened(error: StateholdError, *, reads: bool, is_own: bool) -> StateholdError | None:
    """What it says to those who may not inspect; None: the same."""
    if isinstance(error, NotAllowed):
        return NotAllowed(
            error.machine,
            error.id,
            error.event,
            state=error.state if reads else (),
            allowed=error.allowed if reads else (),
            reasons=error.role_reasons if reads else (),
            forbidden=error.forbidden and reads,
        )
    if isinstance(error, UpgradeFailed):
        why = "those who may inspect the instance see why"
        return UpgradeFailed(error.machine, error.id, error.old, error.new, why)
    if isinstance(error, CancelFailed):
        return CancelFailed(error.machine, error.id, _FAILED)
    if isinstance(error, StepFailed):
        return StepFailed(_FAILED)
    if isinstance(error, (InvalidPayload, TooLarge)):
        return None if is_own else StepFailed(_FAILED)
    for kind, shorten in _OTHERS.items():
        if isinstance(error, kind):
            return shorten(error)
    return None


_FAILED = (
    "the machine's own code failed on it, and the step was dropped; those who may inspect the "
    "instance, and the server's log, have the reason"
)
_LOGGED = "the log of the server has the reason"

_OTHERS: Mapping[type[StateholdError], Callable[[Any], StateholdError]] = {
    InstanceUnreadable: lambda e: InstanceUnreadable(e.machine, e.id, e.version, _LOGGED),
    MachineUnserved: lambda e: MachineUnserved(e.machine, e.version, _LOGGED),
    StoreUnavailable: lambda e: StoreUnavailable(_LOGGED),
    UnknownTimer: lambda e: UnknownTimer(e.machine, e.id, e.timer, None),
    UnknownEffect: lambda e: UnknownEffect(e.machine, e.id, e.key, None),
}
