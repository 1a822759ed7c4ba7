"""Who may send which event.

An event that some transition without ``by=`` may take needs the right ``send``. One whose
transitions all state ``by=`` needs one of these roles instead: then the chart says who may send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from statehold.chart.machine import Definition
from statehold.chart.model import Guard
from statehold.instance.authorize import covers, is_permitted, may_some, refuse
from statehold.instance.state import InstanceState
from statehold.interpreter.selection import matches
from statehold.records import Caller


def authorize_some_event(caller: Caller, definition: Definition[Any]) -> None:
    """Raises ``Forbidden`` where there can be no event and no instance to which this caller may
    send it: before anything of the event is read."""
    if not may_some(caller, "send", definition) and not has_some_role(caller, definition):
        refuse(caller, "send", definition.name)


def has_some_role(caller: Caller, definition: Definition[Any]) -> bool:
    """Whether the caller has a role that some transition asks for."""
    if caller.roles is None:
        return True
    return covers(caller.machines, definition.name) and not caller.roles.isdisjoint(
        _all_roles(definition)
    )


def may_some_event(caller: Caller, event: str, definition: Definition[Any]) -> bool:
    """Whether there can be an instance to which the caller may send the event."""
    return has_role_for(caller, event, definition) or may_some(caller, "send", definition)


def has_role_for(caller: Caller, event: str, definition: Definition[Any]) -> bool:
    """Whether the caller has one of the roles by which alone the event can be taken: it needs no
    right to ``send`` then, on any instance."""
    if caller.roles is None:
        return True
    roles = roles_of_event(definition, event)
    if roles is None or caller.roles.isdisjoint(roles):
        return False
    return covers(caller.machines, definition.name)


def sendable(
    events: Sequence[str], caller: Caller, definition: Definition[Any], instance: InstanceState
) -> tuple[str, ...]:
    """Those of the events, which the caller has the roles for, that it may send to the instance."""
    if caller.roles is None or is_permitted(caller, "send", definition, instance):
        return tuple(events)
    return tuple(event for event in events if has_role_for(caller, event, definition))


def roles_of_event(definition: Definition[Any], event: str) -> frozenset[str] | None:
    """The roles and machines one of which every transition for the event asks for; None: some
    transition asks for none, or there is no transition."""
    known = definition.senders.get(event)
    if known is not None:
        return known or None
    chart = definition.chart
    found: set[str] = set()
    for transition in chart.transitions:
        trigger = transition.trigger
        if trigger.kind == "always" or not matches(chart.policy, trigger, event):
            continue
        asked = _by(transition.guards)
        if not asked:
            found = set()
            break
        found |= asked
    roles = frozenset(found)
    if event in definition.events:
        # of names that no one declared there is no end
        definition.senders[event] = roles
    return roles or None


def _all_roles(definition: Definition[Any]) -> frozenset[str]:
    """Those that any transition asks for."""
    known = definition.asked_roles
    if known is None:
        found: set[str] = set()
        for transition in definition.chart.transitions:
            found |= _by(transition.guards)
        known = definition.asked_roles = frozenset(found)
    return known


def _by(guards: Iterable[Guard]) -> set[str]:
    return {name for guard in guards if guard.kind == "by" for name in guard.name.split(",")}
