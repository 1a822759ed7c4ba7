"""Whether a caller may do something: the one place that reads a machine's ``access``.

Asked before every read, and for every change inside the turn, with the instance as the change finds
it, so that nothing can happen in between.
"""

from __future__ import annotations

from typing import Any, Never

from statehold.chart.access import (
    UNSTATED,
    AnyOf,
    Everyone,
    Grant,
    HasRole,
    OwnsIndex,
    Right,
    When,
    anyone,
    is_outside,
    nobody,
)
from statehold.chart.machine import Definition
from statehold.errors import Forbidden
from statehold.instance.state import InstanceState
from statehold.records import Caller, Row


def authorize(
    caller: Caller,
    right: Right,
    definition: Definition[Any],
    instance: InstanceState | Row | None = None,
) -> None:
    """Raises ``Forbidden`` unless the caller has the right, on this instance if one is given.

    Without an instance, only a grant that holds for all instances permits it. A row has no data, so
    that no condition on data holds for it.
    """
    failed: list[Exception] = []
    if not is_permitted(caller, right, definition, instance, failed):
        refuse(caller, right, definition.name, failed[0] if failed else None)


def refuse_internal(caller: Caller, definition: Definition[Any], event: str) -> None:
    """Raises ``Forbidden`` where a caller from outside sends an event that only machines may."""
    if event in definition.internal and is_outside(caller.roles):
        raise Forbidden(
            f"{event} is internal to machine {definition.name!r}: only other instances may send it",
            action="send",
            machine=definition.name,
        )


def refuse(caller: Caller, right: Right, machine: str, because: Exception | None = None) -> Never:
    """Raises ``Forbidden`` with the same words whether the instance exists or not. ``because``: the
    error of a condition, which is for the log alone, as it may have values of the data."""
    raise forbidden(caller, right, machine) from because


def forbidden(caller: Caller, right: Right, machine: str) -> Forbidden:
    """The error of :func:`refuse`."""
    who = repr(caller.name) if caller.name else "a caller without a name"
    roles = ", ".join(sorted(caller.roles or ())) or "none"
    why = f"{who} (roles: {roles}) may not {right} here, on machine {machine!r}"
    server = caller.server
    if right in _OPTIONS and server is not None and server.unstated.grant(right) is None:
        # for the one who has just started a server; it says nothing of the machine
        why += f"; where a machine does not say who may, the server does, by {_OPTIONS[right]}"
    return Forbidden(why, action=right, machine=machine)


#: the options of a server by which it permits what it permits to nobody
_OPTIONS: dict[Right, str] = {
    "act": "`serve --act-role ROLE`",
    "upgrade": "`serve --act-role ROLE`",
    "put": "`serve --put`",
}


def is_permitted(
    caller: Caller,
    right: Right,
    definition: Definition[Any],
    instance: InstanceState | Row | None = None,
    failed: list[Exception] | None = None,
) -> bool:
    """Whether the caller has the right, as :func:`authorize`. ``failed`` gets what conditions
    raised: such a one does not hold.

    Those who may inspect by what a machine states may read. Where a machine says who may read and
    not who may inspect, the server's grant to inspect holds for those alone.
    """
    if caller.roles is None:
        return True
    if caller.machines is not None and not covers(caller.machines, definition.name):
        return False
    if _holds(grant_of(caller, right, definition), caller, instance, failed):
        also = _read_besides(definition) if right == "inspect" else None
        return also is None or _holds(also, caller, instance)
    if right != "read" or definition.access.inspect is None:
        return False
    return _holds(definition.access.grant("inspect") or nobody, caller, instance)


def depends_on_data(caller: Caller, right: Right, definition: Definition[Any]) -> bool:
    """Whether the right has a condition, which is asked once the data can be read."""
    grant = grant_of(caller, right, definition)
    parts = grant.grants if isinstance(grant, AnyOf) else (grant,)
    return any(isinstance(part, When) for part in parts)


def grant_of(caller: Caller, right: Right, definition: Definition[Any]) -> Grant:
    """Who has the right: as the machine states it, or else the server that let the caller in. A
    caller that came through no server has what the machine leaves out."""
    access = definition.access
    if access is not UNSTATED:
        stated = access.grant(right)
        if stated is None and right == "send":
            stated = access.grant("read")
        if stated is not None:
            return stated
    if caller.server is None:
        return anyone
    return caller.server.unstated.grant(right) or nobody


def permits(grant: Grant, caller: Caller) -> bool:
    """Whether a grant that is about no machine permits a caller something. One that is limited to
    some machines has nothing of the others by it."""
    return caller.roles is None or (caller.machines is None and _holds(grant, caller, None))


def covers(machines: tuple[str, ...] | None, name: str) -> bool:
    """Whether a machine is among those that a caller is limited to; None: it is not limited."""
    if machines is None:
        return True
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in machines)


def owned(
    caller: Caller, right: Right, definition: Definition[Any]
) -> frozenset[tuple[str, str]] | None:
    """The instances on which a caller has a right, as names and values of indexes, one of which an
    instance must have. None: all instances; empty: none."""
    if caller.roles is None:
        return None
    if not covers(caller.machines, definition.name):
        return frozenset()
    found = _owned_by(grant_of(caller, right, definition), caller)
    stated = definition.access.grant("inspect")
    if right == "read" and stated is not None and found is not None:
        more = _owned_by(stated, caller)
        return None if more is None else found | more
    also = _read_besides(definition) if right == "inspect" else None
    if also is None:
        return found
    readable = _owned_by(also, caller)
    return readable if found is None else found if readable is None else found & readable


def named_indexes(caller: Caller, right: Right, definition: Definition[Any]) -> frozenset[str]:
    """The indexes that the grant of a right names, whichever of them permit the caller it."""
    grant = grant_of(caller, right, definition)
    parts = grant.grants if isinstance(grant, AnyOf) else (grant,)
    return frozenset(part.name for part in parts if isinstance(part, OwnsIndex))


def may_some(caller: Caller, right: Right, definition: Definition[Any]) -> bool:
    """Whether there can be an instance on which the caller has the right."""
    if is_permitted(caller, right, definition) or owned(caller, right, definition):
        return True
    return covers(caller.machines, definition.name) and depends_on_data(caller, right, definition)


def authorize_audit(caller: Caller) -> None:
    """Raises ``Forbidden`` unless the caller may read the audit log. One that is limited to some
    machines may not, as the log is about all."""
    server = caller.server
    if not permits(nobody if server is None else server.audit, caller):
        raise Forbidden(
            f"{caller.name[:200]!r} may not read the audit log, which the server permits by its "
            "access, as in serve --audit-role ROLE"
        )


def permitted_unstated(caller: Caller, right: Right, machine: str | None = None) -> bool:
    """Whether the caller has the right on all instances of a machine that states nothing; None: on
    those of some such machine."""
    server = caller.server
    unstated = anyone if server is None else server.unstated.grant(right) or nobody
    if machine is not None:
        return permits_on(machine, unstated, caller)
    return caller.roles is None or (caller.machines != () and _holds(unstated, caller, None))


def permits_on(machine: str, grant: Grant, caller: Caller) -> bool:
    """Whether a grant permits a caller something on a machine, and on all of its instances."""
    return caller.roles is None or (
        covers(caller.machines, machine) and _holds(grant, caller, None)
    )


def _read_besides(definition: Definition[Any]) -> Grant | None:
    """What has to hold beside the server's grant to inspect; None: nothing."""
    access = definition.access
    return access.grant("read") if access.inspect is None else None


def _owned_by(grant: Grant, caller: Caller) -> frozenset[tuple[str, str]] | None:
    if _holds(grant, caller, None):
        return None
    parts = grant.grants if isinstance(grant, AnyOf) else (grant,)
    return frozenset(
        (part.name, value)
        for part in parts
        if isinstance(part, OwnsIndex)
        for value in _own_values(part, caller)
    )


def _holds(
    grant: Grant,
    caller: Caller,
    instance: InstanceState | Row | None,
    failed: list[Exception] | None = None,
) -> bool:
    if isinstance(grant, Everyone):
        return True
    if isinstance(grant, HasRole):
        return caller.roles is not None and grant.name in caller.roles
    if isinstance(grant, AnyOf):
        return any(_holds(one, caller, instance, failed) for one in grant.grants)
    if instance is None:
        return False
    if isinstance(grant, OwnsIndex):
        return instance.indexes.get(grant.name) in _own_values(grant, caller)
    if isinstance(grant, When):
        return _condition_holds(grant, caller, instance, failed)
    raise TypeError(f"{grant!r} is no grant")


def _own_values(grant: OwnsIndex, caller: Caller) -> frozenset[str]:
    names = frozenset() if grant.of == "teams" else frozenset({caller.name})
    # a name or a team without a letter owns nothing, not the instances whose index is empty
    return (names if grant.of == "caller" else names | caller.teams) - {""}


def _condition_holds(
    grant: When,
    caller: Caller,
    instance: InstanceState | Row,
    failed: list[Exception] | None,
) -> bool:
    if isinstance(instance, Row) or instance.snapshot is None:
        # of another version, or over with data that no longer fits: what it says is not known
        return False
    try:
        # a copy: what a condition changes is not the instance's
        data = instance.definition.data.copy(instance.snapshot.data)
        return grant.condition(data, caller) is True
    except Exception as error:  # noqa: BLE001 - kept for the log of the one that asks
        if failed is not None:
            failed.append(error)
        return False
