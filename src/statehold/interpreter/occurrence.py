"""The names of the events that may reach an instance of a chart, whatever its functions do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from statehold.chart.event import failure_event, is_made_inside, result_event, timer_event
from statehold.chart.model import Block, Chart
from statehold.chart.tree import Tree
from statehold.interpreter.selection import is_reserved

#: represents every event that no transition names
UNNAMED = "?"


class Occurrence(NamedTuple):
    """An event, and the state that has to be active for it to arrive; None: at any time."""

    name: str
    state: int | None


def occurrences(tree: Tree) -> tuple[Occurrence, ...]:
    """Events that can come from outside or from an action. Completions come from the chart.

    Where messages are a session's (SCXML), an event of any name may be sent, and the outcome of a
    child is one more event in the queue, which may be handled after its state was left.
    """
    chart = tree.chart
    session = chart.policy.messages == "session"
    found = [
        Occurrence(timer_event(t.id), tree.index[t.source])
        for t in chart.transitions
        if t.trigger.kind == "after"
    ]
    for number, state in enumerate(chart.states):
        for invoke in state.invokes:
            until = None if session else number
            found.append(Occurrence(result_event(invoke.id), until))
            found.append(Occurrence(failure_event(invoke.id), until))
    for name in detached_effects(chart):
        found.append(Occurrence(result_event(name), None))
        found.append(Occurrence(failure_event(name), None))
    known = {occurrence.name for occurrence in found}
    for name in matched_names(chart):
        if name not in known and (session or not is_made_inside(name)):
            known.add(name)
            found.append(Occurrence(name, None))
    return tuple(found)


def matched_names(chart: Chart) -> Iterator[str]:
    """Names that represent all events: those that the same transitions take have one of them.

    A descriptor gives the longest name that it determines (SCXML 3.12.1).
    """
    triggers = [t.trigger for t in chart.transitions if t.trigger.kind != "always"]
    named = [name for trigger in triggers for name in trigger.events]
    if chart.policy.matching == "token":
        yield from (name.removesuffix(".*").removesuffix(".") for name in named if name != "*")
        yield UNNAMED
        return
    yield from named
    if chart.policy.matching == "wildcard":
        # `after.*` takes `after` too, which may be sent, unlike all names that begin with it
        yield from (name[:-2] for name in named if name.endswith(".*"))
    if any(trigger.kind == "any" for trigger in triggers):
        # were every declared event named, an action could still raise one that is not declared
        yield UNNAMED


def outside_names(chart: Chart) -> tuple[str, ...]:
    """The same, without those that only the interpreter makes: what a sender would send."""
    return tuple(
        name
        for name in dict.fromkeys(matched_names(chart))
        if not is_reserved(name) and not is_made_inside(name)
    )


def detached_effects(chart: Chart) -> tuple[str, ...]:
    """Names of the effects that actions ask for, which end with no state."""
    asked = (a.name for block in _blocks(chart) for a in block if a.kind == "effect")
    return tuple(dict.fromkeys(asked))


def _blocks(chart: Chart) -> Iterator[Block]:
    for state in chart.states:
        yield from state.entry
        yield from state.exit
        if state.initial is not None:
            yield from state.initial.actions
        for invoke in state.invokes:
            yield invoke.finalize
    for transition in chart.transitions:
        yield from transition.actions
