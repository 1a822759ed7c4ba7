"""Timers that can never fire, and deadlines that can never pass.

That a shorter timer has left the state before is certain only where its step can't fail: a step
that raises is dropped, the state stays, and what is due later is. Where functions are called in
that step, the finding says so and is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from statehold.chart.event import done_event, timer_event
from statehold.chart.model import Transition
from statehold.check.lint.analysis import Analysis
from statehold.check.lint.finding import Finding
from statehold.interpreter.selection import domain


def timers(subject: Analysis) -> Iterator[Finding]:
    """Timers of states that are left before: at once, or by a shorter one."""
    for t in subject.chart.transitions:
        if t.trigger.kind != "after":
            continue
        because = _never_rested(subject, t)
        untaken = t.source in subject.rested and t.id not in subject.taken
        if because is None and subject.complete and untaken:
            because = "other transitions take what it waits for"
        shorter = None if because else _shorter(subject, t)
        if shorter is not None:
            because = _left_before(t, shorter) + _unless(subject, shorter)
        if because is not None:
            yield subject.finding(
                "timer-never-fires",
                "transition",
                t.id,
                f"its time never comes: {because}",
                "make it shorter, give the other a guard, or take it out",
                severity="warning" if shorter and _may_fail(subject, shorter) else None,
            )


def deadlines(subject: Analysis) -> Iterator[Finding]:
    for state in subject.chart.states:
        if state.deadline is None or state.deadline.seconds is None:
            continue
        shorter = _shortest(subject, state.id, state.deadline.seconds)
        if shorter is not None:
            yield subject.finding(
                "deadline-never-passes",
                "state",
                state.id,
                f"its deadline is {state.deadline.seconds:g} s, and {shorter.id} leaves it after "
                f"{_seconds(shorter):g} s{_unless(subject, shorter)}",
                "make the deadline shorter than the timer",
            )


def _never_rested(subject: Analysis, t: Transition) -> str | None:
    if subject.complete and t.source in subject.entered and t.source not in subject.rested:
        return f"{t.source} is always left at once"
    return None


def _shorter(subject: Analysis, t: Transition) -> Transition | None:
    seconds = _seconds(t)
    return None if seconds is None else _shortest(subject, t.source, seconds, t)


def _left_before(t: Transition, shorter: Transition) -> str:
    if _seconds(shorter) == _seconds(t):
        return f"{shorter.id} is due at the same moment, comes first and leaves {t.source}"
    return (
        f"{shorter.id} has left {t.source} after {_seconds(shorter):g} s, before the "
        f"{_seconds(t):g} s are over"
    )


def _unless(subject: Analysis, shorter: Transition) -> str:
    if not _may_fail(subject, shorter):
        return ""
    return f", unless a function raises in that step, which drops it and stays in {shorter.source}"


def _may_fail(subject: Analysis, t: Transition) -> bool:
    """Whether functions are called in the step that takes it, any of which may raise."""
    if subject.chart.policy.errors == "event":
        return False
    if not subject.complete:
        return True
    # what is taken at once afterwards is of the same step; which of it, is not looked at
    follows = [
        move
        for event, moves in subject.moves_by_event.items()
        if event is None or event == timer_event(t.id) or event.startswith(done_event(""))
        for move in moves
    ]
    if any(move.runs or move.guards for move in follows):
        return True
    entered = {state for move in follows for state in move.entered}
    return any(_gives_values(subject, state) for state in entered)


def _gives_values(subject: Analysis, state: str) -> bool:
    """Whether functions are called where it is entered, beside its actions."""
    node = subject.states[state]
    delays = [t.trigger.delay for t in subject.tree.transitions[subject.tree.index[state]]]
    delays.append(node.deadline)
    return (
        node.output is not None
        or any(one.input or one.choice or one.before for one in node.invokes)
        or any(delay is not None and delay.function is not None for delay in delays)
    )


def _shortest(
    subject: Analysis, state: str, seconds: float, t: Transition | None = None
) -> Transition | None:
    """A timer without a guard that leaves the state before so many seconds are over.

    An ancestor is entered no later than the state, so its timers count too, where the ancestor
    is left with the state: one that stays has spent its timer, and the state may come again. Of two
    that are due at one moment, the first in document order fires first.
    """
    tree = subject.tree
    for above in subject.line(state):
        number = tree.index[above]
        for other in tree.transitions[number]:
            due = _seconds(other)
            if other.trigger.kind != "after" or due is None or other.guards or other is t:
                continue
            top = domain(tree, other, {})
            leaves = top is not None and tree.is_descendant(number, top)
            first = due < seconds or (
                due == seconds and t is not None and above == t.source
                and subject.positions[other.id] < subject.positions[t.id]
            )  # fmt: skip
            if leaves and first and not subject.hears_beside_timers(timer_event(other.id)):
                return other
    return None


def _seconds(t: Transition) -> float | None:
    return t.trigger.delay.seconds if t.trigger.delay is not None else None
