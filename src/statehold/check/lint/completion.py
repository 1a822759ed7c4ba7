"""Checks of completions, effects and children: those that never come, and those that are unused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from statehold.chart.event import done_event, failure_event, result_event
from statehold.chart.model import ROOT, Chart, StateNode
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.choice import waits_in_vain
from statehold.check.lint.finding import Finding
from statehold.interpreter.occurrence import detached_effects


def never_done(analysis: Analysis) -> Iterator[Finding]:
    if not analysis.complete:
        return
    for t in analysis.chart.transitions:
        if t.source not in analysis.together or not waits_in_vain(analysis, t):
            continue
        state = t.trigger.events[0].removeprefix(done_event(""))
        yield analysis.finding(
            "never-done",
            "transition",
            t.id,
            f"it waits for {state} to be done, which can't be: {_obstacle(analysis, state)}",
            "give every region a final state that can be reached",
        )


def _obstacle(analysis: Analysis, state: str) -> str:
    node = analysis.states.get(state)
    if node is None:
        return "there is no such state"
    children = [s for s in analysis.chart.states if s.parent == state and s.kind != "history"]
    if node.kind != "parallel":
        finals = [s.id for s in children if s.kind == "final"]
        return f"{listed(finals)} can't be reached" if finals else "no final state is in it"
    short = [region.id for region in children if not _may_finish(analysis, region)]
    if short:
        return f"{listed(short)} never reaches a final state"
    return "its regions are never at their ends at the same time"


def _may_finish(analysis: Analysis, region: StateNode) -> bool:
    """Whether the region alone can be done."""
    children = [s for s in analysis.chart.states if s.parent == region.id and s.kind != "history"]
    if region.kind == "parallel":
        return all(_may_finish(analysis, child) for child in children)
    return any(s.kind == "final" and s.id in analysis.entered for s in children)


def done_unhandled(analysis: Analysis) -> Iterator[Finding]:
    """Nested final states that are reached and never left, without a transition for ``done``."""
    if not analysis.complete:
        return
    taken = _EndsTaken(analysis)
    for state in analysis.chart.states:
        if state.kind != "final" or state.id not in analysis.rested or state.id in analysis.left:
            continue
        above = _completed_by(analysis, state.id)
        # a final state at the top, or the regions of a parallel root together, end the instance
        if ROOT in above or any(taken.take(done_event(one), state) for one in above):
            continue
        yield analysis.finding(
            "done-unhandled",
            "state",
            above[0],
            f"it reaches its end, {state.id}, and an instance stays there for ever: no on_done "
            "leads on from it",
            f"add on_done({above[0]} >> …)",
        )


class _EndsTaken:
    """Which ends of a state the transitions for its completion take: one that asks for an end by a
    guard takes none of the others beside that one."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        parents = {s.id: s.parent for s in analysis.chart.states if s.kind == "final"}
        #: transitions by the event of a completion
        self.count: Counter[str] = Counter()
        #: those that ask for an end, by the event and the parent of that end
        self.asking: Counter[tuple[str, str | None]] = Counter()
        self.asked: set[tuple[str, str]] = set()
        for t in analysis.chart.transitions:
            ends = [g.name for g in t.guards if g.kind == "in" and g.name in parents]
            for event in t.trigger.events:
                self.count[event] += 1
                self.asked.update((event, end) for end in ends)
                self.asking.update({(event, parents[end]) for end in ends})

    def take(self, event: str, final: StateNode) -> bool:
        if event not in self.count:
            # by AnyEvent, say
            return self.analysis.hears(event)
        is_asked = (event, final.id) in self.asked
        return is_asked or self.asking[event, final.parent] < self.count[event]


def _completed_by(analysis: Analysis, final: str) -> tuple[str, ...]:
    """The states that it completes: its parent, and the parallel states directly around that."""
    _, parent, *others = analysis.line(final)
    around = takewhile(lambda one: analysis.states[one].kind == "parallel", others)
    return (parent, *around)


def failures(analysis: Analysis) -> Iterator[Finding]:
    """Failures without a transition: of an effect, which becomes an incident, or of a child."""
    for state in analysis.chart.states:
        for invoke in state.invokes:
            if not analysis.hears(failure_event(invoke.id)):
                what = (
                    "an incident waits for an operator, and the machine stays where it is"
                    if invoke.kind == "effect"
                    else "the machine stays where it is"
                )
                yield analysis.finding(
                    "unhandled-failure",
                    "state",
                    state.id,
                    f"no transition takes the failure of {invoke.name}: after the last one {what}",
                    f"add on_failure({invoke.name}, …), or silence this if an operator decides",
                    # the cancellation of a child is no incident
                    severity=None if invoke.kind == "effect" else "warning",
                )


def results(analysis: Analysis) -> Iterator[Finding]:
    """Results that no transition takes, of effects with an annotated result."""
    effects = analysis.definition.effects if analysis.definition is not None else {}
    asked = [(s.id, i.id, i.name) for s in analysis.chart.states for i in s.invokes]
    asked += [("", name, name) for name in detached_effects(analysis.chart)]
    for state, id, name in asked:
        effect = effects.get(name)
        gives = effect.result_type if effect is not None else None
        if gives in (None, type(None), Any) or analysis.hears(result_event(id)):
            continue
        yield analysis.finding(
            "result-unused",
            "state" if state else "chart",
            state,
            f"{name} returns {getattr(gives, '__name__', gives)}, and no transition takes it",
            f"add on_result({name}, …), or let it return None",
        )


def never_starts(analysis: Analysis) -> Iterator[Finding]:
    if not analysis.complete:
        return
    for state in analysis.chart.states:
        if state.invokes and state.id in analysis.entered and state.id not in analysis.rested:
            yield analysis.finding(
                "invoke-never-starts",
                "state",
                state.id,
                f"{listed(i.name for i in state.invokes)} never starts: the state is always left "
                "in the step that enters it",
                "invoke it in a state where instances wait",
            )


def children(analysis: Analysis) -> Iterator[Finding]:
    """Children with a transition for their result, and a chart without an end."""
    definition = analysis.definition
    for state in analysis.chart.states:
        for invoke in state.invokes:
            child = definition.children.get(invoke.name) if definition is not None else None
            if child is None or not analysis.hears(result_event(invoke.id)):
                continue
            if not _has_end(child.definition.chart):
                yield analysis.finding(
                    "child-never-ends",
                    "state",
                    state.id,
                    f"the result of {invoke.name} is waited for, and that machine has no end",
                    f"give {invoke.name} a final state, or let it send an event instead",
                )


def _has_end(chart: Chart) -> bool:
    root = chart.states[0]
    if root.kind == "parallel":
        return True
    return any(state.kind == "final" and state.parent == root.id for state in chart.states)
