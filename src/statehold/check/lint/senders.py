"""Checks of who may send events, and of access that leaves a right to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from statehold.chart.access import is_machine, machine, machine_of, nobody
from statehold.chart.machine import ITSELF, PARENT, Definition
from statehold.chart.model import Transition
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.finding import Finding
from statehold.check.lint.function_uses import read
from statehold.interpreter.selection import candidates, sources

#: machines whose messages are kept, once they are known
KNOWN_LIMIT = 256


def public(analysis: Analysis) -> Iterator[Finding]:
    """Events that machines send, that no transition takes from a role, and that are not internal.

    Where a transition says ``by`` a role, callers are meant to send it.
    """
    sent = _sent_to(analysis)
    for event in analysis.chart.events:
        takers = _takers(analysis, event.name)
        by = [_senders(transition) for transition in takers]
        if event.internal or not takers or any(not is_machine(one) for one in _all(by)):
            continue
        machines = dict.fromkeys((*sent.get(event.name, ()), *map(machine_of, _all(by))))
        if not machines:
            continue
        may = "callers may try to send it too" if all(by) else "callers may send it too"
        yield analysis.finding(
            "not-internal",
            "event",
            event.name,
            f"machine {listed(name or '' for name in machines)} sends it, and {may}",
            "if only machines are to send it, declare it internal: "
            f"class {event.name}(Event, internal=True), or internal: true in a document",
        )


def refused(analysis: Analysis) -> Iterator[Finding]:
    """Transitions that ask for a role and are meant for what a machine sends."""
    for event, machines in _sent_to(analysis).items():
        takers = _takers(analysis, event)
        for name in machines:
            if not takers or any(_passes(transition, machine(name)) for transition in takers):
                continue
            yield analysis.finding(
                "message-refused",
                "transition",
                takers[0].id,
                f"machine {name} sends {event}, and a machine has no roles: it is sent back",
                f'add machine("{name}") to by= of {listed(t.id for t in takers)}',
            )


def unsendable(analysis: Analysis) -> Iterator[Finding]:
    """Transitions that take an internal event from roles alone."""
    internal = {event.name for event in analysis.chart.events if event.internal}
    for transition in analysis.chart.transitions:
        events = transition.trigger.events if transition.trigger.kind == "event" else ()
        by = _senders(transition)
        if by and events and internal.issuperset(events) and not any(map(is_machine, by)):
            yield analysis.finding(
                "nobody-may-send",
                "transition",
                transition.id,
                f"{listed(events)} is internal, and it takes it from {listed(by)} alone: callers "
                "may not send it, and machines have no roles",
                "name the machine that sends it in by=, or do not declare it internal",
            )


def unreadable(analysis: Analysis) -> Iterator[Finding]:
    access = None if analysis.definition is None else analysis.definition.access
    if access is None or access.read != nobody:
        return
    used = [r for r in ("start", "send", "act") if access.grant(r) not in (None, nobody)]
    if used:
        yield analysis.finding(
            "nobody-may-read",
            "chart",
            "",
            f"access gives {listed(used)} to somebody and read to nobody: only the program's own "
            "code sees what became of an instance",
            "give read to those who use its instances, or to those who look after them",
        )


# --- what is sent --------------------------------------------------------------------------


def _sent_to(analysis: Analysis) -> dict[str, dict[str, None]]:
    """The events that known machines send to this one, with the names of those machines."""
    own = analysis.definition
    if own is None:
        return {}
    children = [child.definition for child in own.children.values()]
    found: dict[str, dict[str, None]] = {}
    for sender in dict.fromkeys((own, *children, *analysis.beside)):
        for to, event in _sends_of(sender):
            if (
                (to == ITSELF and sender is own)
                or (to == PARENT and sender.name in own.children)
                or to == own.name
            ):
                found.setdefault(event, {})[sender.name] = None
    return found


@lru_cache(maxsize=KNOWN_LIMIT)
def _sends_of(definition: Definition[Any]) -> tuple[tuple[str, str], ...]:
    sent = (read(function).sends for function in definition.functions.values())
    return tuple(sorted(frozenset().union(*sent)))


def _takers(analysis: Analysis, event: str) -> list[Transition]:
    tree = analysis.tree
    found = [t for state in sources(tree, event) for t in candidates(tree, state, event)]
    named = [t for t in found if t.trigger.kind in ("event", "any")]
    return sorted(named, key=lambda transition: tree.order[transition.id])


def _senders(transition: Transition) -> tuple[str, ...]:
    """The roles and machines that it takes its event from; none: from everybody."""
    named = (guard.name.split(",") for guard in transition.guards if guard.kind == "by")
    return tuple(by for those in named for by in those)


def _all(senders: list[tuple[str, ...]]) -> Iterator[str]:
    return (by for those in senders for by in those)


def _passes(transition: Transition, sender: str) -> bool:
    guards = [guard.name.split(",") for guard in transition.guards if guard.kind == "by"]
    return all(sender in names for names in guards)
