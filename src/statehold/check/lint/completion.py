"""Completions, effects and children: what is waited for and never comes, what comes in vain."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from statehold.chart.event import done_event, failure_event, result_event
from statehold.chart.model import ROOT, Chart, StateNode
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.choice import waits_in_vain
from statehold.check.lint.finding import Finding
from statehold.interpreter.occurrence import detached_effects


def never_done(subject: Analysis) -> Iterator[Finding]:
    if not subject.complete:
        return
    for t in subject.chart.transitions:
        if t.source not in subject.together or not waits_in_vain(subject, t):
            continue
        state = t.trigger.events[0].removeprefix(done_event(""))
        yield subject.finding(
            "never-done",
            "transition",
            t.id,
            f"it waits for {state} to be done, which can't be: {_obstacle(subject, state)}",
            "give every region a final state that can be reached",
        )


def _obstacle(subject: Analysis, state: str) -> str:
    node = subject.states.get(state)
    if node is None:
        return "there is no such state"
    children = [s for s in subject.chart.states if s.parent == state and s.kind != "history"]
    if node.kind != "parallel":
        finals = [s.id for s in children if s.kind == "final"]
        return f"{listed(finals)} can't be reached" if finals else "no final state is in it"
    short = [region.id for region in children if not _may_finish(subject, region)]
    if short:
        return f"{listed(short)} never reaches a final state"
    return "its regions are never at their ends at the same time"


def _may_finish(subject: Analysis, region: StateNode) -> bool:
    """Whether the region, taken by itself, can be done."""
    children = [s for s in subject.chart.states if s.parent == region.id and s.kind != "history"]
    if region.kind == "parallel":
        return all(_may_finish(subject, child) for child in children)
    return any(s.kind == "final" and s.id in subject.entered for s in children)


def done_unhandled(subject: Analysis) -> Iterator[Finding]:
    """Inner ends that are reached and never left, while nobody listens."""
    if not subject.complete:
        return
    for state in subject.chart.states:
        if state.kind != "final" or state.id not in subject.rested or state.id in subject.left:
            continue
        above = _completed_by(subject, state.id)
        # a final state at the top, or the regions of a parallel root together, end the instance
        if ROOT in above or any(subject.hears(done_event(one)) for one in above):
            continue
        yield subject.finding(
            "done-unhandled",
            "state",
            above[0],
            f"it reaches its end, {state.id}, and an instance stays there for ever: no on_done "
            "leads on",
            f"add on_done({above[0]} >> …)",
        )


def _completed_by(subject: Analysis, final: str) -> tuple[str, ...]:
    """The states that it completes: its parent, and the parallel states right around that."""
    _, parent, *others = subject.line(final)
    around = takewhile(lambda one: subject.states[one].kind == "parallel", others)
    return (parent, *around)


def failures(subject: Analysis) -> Iterator[Finding]:
    """Effects that use up their tries wait for a person, as an incident; children just end."""
    for state in subject.chart.states:
        for invoke in state.invokes:
            if not subject.hears(failure_event(invoke.id)):
                what = (
                    "an incident waits for a person, and the machine stays where it is"
                    if invoke.kind == "effect"
                    else "the machine stays where it is"
                )
                yield subject.finding(
                    "unhandled-failure",
                    "state",
                    state.id,
                    f"nobody handles the failure of {invoke.name}: when it fails for good, {what}",
                    f"add on_failure({invoke.name}, …), or silence this where a person is meant to "
                    "look at it",
                    # nobody is told of a child that was cancelled
                    severity=None if invoke.kind == "effect" else "warning",
                )


def results(subject: Analysis) -> Iterator[Finding]:
    """Results of effects that are annotated to give one."""
    effects = subject.definition.effects if subject.definition is not None else {}
    asked = [(s.id, i.id, i.name) for s in subject.chart.states for i in s.invokes]
    asked += [("", name, name) for name in detached_effects(subject.chart)]
    for state, id, name in asked:
        effect = effects.get(name)
        gives = effect.result_type if effect is not None else None
        if gives in (None, type(None), Any) or subject.hears(result_event(id)):
            continue
        yield subject.finding(
            "result-unused",
            "state" if state else "chart",
            state,
            f"{name} gives {getattr(gives, '__name__', gives)}, and nobody takes it",
            f"add on_result({name}, …), or let it give None",
        )


def never_starts(subject: Analysis) -> Iterator[Finding]:
    if not subject.complete:
        return
    for state in subject.chart.states:
        if state.invokes and state.id in subject.entered and state.id not in subject.rested:
            yield subject.finding(
                "invoke-never-starts",
                "state",
                state.id,
                f"{listed(i.name for i in state.invokes)} never starts: the state is always left "
                "in the step that enters it",
                "invoke it in a state where instances wait",
            )


def children(subject: Analysis) -> Iterator[Finding]:
    """Children whose result is waited for, and whose chart has no end at all."""
    definition = subject.definition
    for state in subject.chart.states:
        for invoke in state.invokes:
            child = definition.children.get(invoke.name) if definition is not None else None
            if child is None or not subject.hears(result_event(invoke.id)):
                continue
            if not _has_end(child.definition.chart):
                yield subject.finding(
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
