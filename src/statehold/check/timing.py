"""Timers that can never fire, and deadlines that can never pass."""

from __future__ import annotations

from collections.abc import Iterator

from statehold.chart.event import timer_event
from statehold.chart.model import Transition
from statehold.check.finding import Finding
from statehold.check.subject import Subject
from statehold.interpreter.selection import domain


def timers(subject: Subject) -> Iterator[Finding]:
    """Timers of states that are left before: at once, or by a shorter one."""
    for t in subject.chart.transitions:
        if t.trigger.kind != "after":
            continue
        because = _never_rested(subject, t) or _left_before(subject, t)
        untaken = t.source in subject.rested and t.id not in subject.taken
        if because is None and subject.complete and untaken:
            because = "other transitions take what it waits for"
        if because is not None:
            yield subject.finding(
                "timer-never-fires",
                "transition",
                t.id,
                f"its time never comes: {because}",
                "make it shorter, give the other a guard, or take it out",
            )


def deadlines(subject: Subject) -> Iterator[Finding]:
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
                f"{_seconds(shorter):g} s",
                "make the deadline shorter than the timer",
            )


def _never_rested(subject: Subject, t: Transition) -> str | None:
    if subject.complete and t.source in subject.entered and t.source not in subject.rested:
        return f"{t.source} is always left at once"
    return None


def _left_before(subject: Subject, t: Transition) -> str | None:
    seconds = _seconds(t)
    if seconds is None:
        return None
    shorter = _shortest(subject, t.source, seconds, t)
    if shorter is None:
        return None
    return (
        f"{shorter.id} has left {t.source} after {_seconds(shorter):g} s, before the {seconds:g} s "
        "are over"
        if _seconds(shorter) != seconds
        else f"{shorter.id} is due at the same moment, comes first and leaves {t.source}"
    )


def _shortest(
    subject: Subject, state: str, seconds: float, t: Transition | None = None
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
