"""Checks of timers that can never fire, and deadlines that can never pass.

A shorter timer leaves the state first, if its step can't fail: a step that raises is dropped, and
the state stays until the next timer. Where that step calls functions, the finding says so and is a
warning.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from statehold.chart.event import done_event, timer_event
from statehold.chart.model import Transition
from statehold.check.lint.analysis import Analysis
from statehold.check.lint.finding import Finding
from statehold.interpreter.explored import Edge
from statehold.interpreter.plan import TIMER_AFTER_TIMER
from statehold.interpreter.selection import domain

_LEAST_SECONDS = TIMER_AFTER_TIMER.total_seconds()


def timers(analysis: Analysis) -> Iterator[Finding]:
    """Timers of states that are left before: at once, or by a shorter timer."""
    for t in analysis.chart.transitions:
        if t.trigger.kind != "after":
            continue
        because = _never_rested(analysis, t)
        untaken = t.source in analysis.rested and t.id not in analysis.taken
        if because is None and analysis.complete and untaken:
            because = "other transitions take what it waits for"
        shorter = None if because else _shorter(analysis, t)
        if shorter is not None:
            because = _left_before(t, shorter) + _unless(analysis, shorter)
        if because is not None:
            yield analysis.finding(
                "timer-never-fires",
                "transition",
                t.id,
                f"its time never comes: {because}",
                "make it shorter, give the other a guard, or remove it",
                severity="warning" if shorter and _may_fail(analysis, shorter) else None,
            )


def deadlines(analysis: Analysis) -> Iterator[Finding]:
    for state in analysis.chart.states:
        if state.deadline is None or state.deadline.seconds is None:
            continue
        shorter = _shortest(analysis, state.id, state.deadline.seconds)
        if shorter is not None:
            yield analysis.finding(
                "deadline-never-passes",
                "state",
                state.id,
                f"its deadline is {state.deadline.seconds:g} s, and {shorter.id} leaves it after "
                f"{_seconds(shorter):g} s{_unless(analysis, shorter)}",
                "make the deadline shorter than the timer",
            )


def short(analysis: Analysis) -> Iterator[Finding]:
    """Constant delays that are longer than they say, since a timer sets them."""
    by_timer: set[str] | None = None
    for t in analysis.chart.transitions:
        seconds = _seconds(t)
        if t.trigger.kind != "after" or seconds is None or seconds >= _LEAST_SECONDS:
            continue
        if not analysis.complete:
            return
        if by_timer is None:
            by_timer = _entered_by_timers(analysis)
        if t.source in by_timer:
            yield analysis.finding(
                "timer-too-short",
                "transition",
                t.id,
                f"its delay is {seconds:g} s; where a timer leads to {t.source or 'the root'}, it "
                f"is due {_LEAST_SECONDS:g} s later, so that timers which lead to one "
                "another take bounded time",
                f"give it {_LEAST_SECONDS:g} s or more, or use always where there is "
                "nothing to wait for",
            )


def _entered_by_timers(analysis: Analysis) -> set[str]:
    """States that are entered in a step that a timer causes, in its first microstep or in those
    that follow without an event from outside."""
    onward: dict[int, list[Edge]] = defaultdict(list)
    spots = analysis.explored.spots
    pending: list[Edge] = []
    timers = {timer_event(t.id) for t in analysis.chart.transitions if t.trigger.delay}
    for move in analysis.moves:
        if move.event in timers:
            pending.append(move)
        elif move.event is None or move.event.startswith(done_event("")):
            onward[move.before].append(move)
    found: set[str] = set()
    seen: set[int] = set()
    while pending:
        move = pending.pop()
        found.update(move.entered)
        if move.after is not None and move.after not in seen and not spots[move.after].resting:
            seen.add(move.after)
            pending += onward[move.after]
    return found


def _never_rested(analysis: Analysis, t: Transition) -> str | None:
    if analysis.complete and t.source in analysis.entered and t.source not in analysis.rested:
        return f"{t.source} is always left at once"
    return None


def _shorter(analysis: Analysis, t: Transition) -> Transition | None:
    seconds = _seconds(t)
    return None if seconds is None else _shortest(analysis, t.source, seconds, t)


def _left_before(t: Transition, shorter: Transition) -> str:
    if _seconds(shorter) == _seconds(t):
        return f"{shorter.id} is due at the same moment, comes first and leaves {t.source}"
    return (
        f"{shorter.id} has left {t.source} after {_seconds(shorter):g} s, before the "
        f"{_seconds(t):g} s are over"
    )


def _unless(analysis: Analysis, shorter: Transition) -> str:
    if not _may_fail(analysis, shorter):
        return ""
    return f", unless a function raises in that step, which drops it and stays in {shorter.source}"


def _may_fail(analysis: Analysis, t: Transition) -> bool:
    """Whether the step that takes it calls functions, which may raise."""
    key = ("may fail", t.id)
    if key not in analysis.known:
        analysis.known[key] = _calls_functions(analysis, t)
    found: bool = analysis.known[key]
    return found


def _calls_functions(analysis: Analysis, t: Transition) -> bool:
    if analysis.chart.policy.errors == "event":
        return False
    if not analysis.complete:
        return True
    # immediate transitions belong to the same step; all of them count
    follows = [
        move
        for event, moves in analysis.moves_by_event.items()
        if event is None or event == timer_event(t.id) or event.startswith(done_event(""))
        for move in moves
    ]
    if any(move.runs or move.guards for move in follows):
        return True
    entered = {state for move in follows for state in move.entered}
    return any(_gives_values(analysis, state) for state in entered)


def _gives_values(analysis: Analysis, state: str) -> bool:
    """Whether entering it calls functions other than actions."""
    node = analysis.states[state]
    delays = [t.trigger.delay for t in analysis.tree.transitions[analysis.tree.index[state]]]
    delays.append(node.deadline)
    return (
        node.output is not None
        or any(one.input or one.choice or one.before for one in node.invokes)
        or any(delay is not None and delay.function is not None for delay in delays)
    )


def _shortest(
    analysis: Analysis, state: str, seconds: float, t: Transition | None = None
) -> Transition | None:
    """A timer without a guard that leaves the state before so many seconds have passed.

    An ancestor is entered no later than the state, so its timers count too, if they leave the
    ancestor with the state; otherwise the state may be entered again without that timer. Of two
    timers that are due together, the first in document order fires first.
    """
    for above in analysis.line(state):
        leaving, shortest = _leaving(analysis, above)
        # the first that is due as early, and the first that is due earlier
        for place in (_first(shortest, seconds), _first(shortest, math.nextafter(seconds, -1))):
            other = leaving[place] if place < len(leaving) else None
            if other is None or other is t:
                continue
            due = _seconds(other)
            if due != seconds or (
                t is not None and above == t.source
                and analysis.positions[other.id] < analysis.positions[t.id]
            ):  # fmt: skip
                return other
    return None


def _first(shortest: list[float], seconds: float) -> int:
    """The place of the first timer that is due in so many seconds or fewer."""
    return bisect_left(shortest, -seconds, key=lambda one: -one)


def _leaving(analysis: Analysis, state: str) -> tuple[list[Transition], list[float]]:
    """The timers without a guard that leave the state, in document order, and the shortest time of
    each and those before it."""
    key = ("leaving", state)
    if key not in analysis.known:
        tree = analysis.tree
        number = tree.index[state]
        found: list[Transition] = []
        shortest: list[float] = []
        for one in tree.transitions[number]:
            due = _seconds(one)
            if one.trigger.kind != "after" or due is None or one.guards:
                continue
            top = domain(tree, one, {})
            leaves = top is not None and tree.is_descendant(number, top)
            if leaves and not analysis.hears_beside_timers(timer_event(one.id)):
                found.append(one)
                shortest.append(min((due, *shortest[-1:])))
        analysis.known[key] = found, shortest
    known: tuple[list[Transition], list[float]] = analysis.known[key]
    return known


def _seconds(t: Transition) -> float | None:
    return t.trigger.delay.seconds if t.trigger.delay is not None else None
