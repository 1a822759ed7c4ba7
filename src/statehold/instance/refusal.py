"""Why an instance does not take an event."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from statehold.chart.access import is_outside
from statehold.errors import NotAllowed
from statehold.instance.state import InstanceState
from statehold.interpreter.enabled import allowed, refusal
from statehold.records import ANYONE, Caller


def not_allowed(
    instance: InstanceState, event: Any, roles: Collection[str] | None, shown_to: Caller = ANYONE
) -> NotAllowed:
    """The refusal: the events that are allowed, and the guards and roles that refused this one.
    ``roles`` None: trusted code. ``shown_to``: the caller for whom trusted code sends it, who sees
    what is allowed to itself."""
    snapshot = instance.snapshot
    possible: tuple[str, ...] = ()
    reasons: tuple[str, ...] = (f"it is {instance.status}",)
    of_roles: tuple[str, ...] = ()
    forbidden = False
    if snapshot is not None and instance.status in ("running", "paused"):
        shown = shown_to.roles if roles is None else roles
        possible = allowed(instance.definition, snapshot, shown)
        reasons, of_roles, forbidden = refusal(instance.definition, snapshot, event, roles)
        if event.__event__ in instance.definition.internal and is_outside(roles):
            reasons, forbidden = ("only other instances may send it",), True
            of_roles = reasons
    return NotAllowed(
        instance.ref.machine,
        instance.ref.id,
        event.__event__,
        state=instance.state,
        allowed=possible,
        reasons=reasons,
        role_reasons=of_roles,
        forbidden=forbidden,
    )
