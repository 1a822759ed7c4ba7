"""Turns a path that the search found into a script that can be played, and into words.

The search knows the order in which timers are due, but no times, which a script needs. The time of
each step is an unknown, and each timer gives bounds on the difference of two of them, so the
earliest times that fit are longest paths in a graph (R. Bellman, 1958). An event comes a
millisecond before a timer that has not fired yet, if the path allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from statehold.chart.access import in_words
from statehold.chart.machine import Definition
from statehold.check.explore.stepper import Stepper, Taken
from statehold.check.explore.stimulus import (
    Cancelled,
    Failed,
    Fired,
    Received,
    Stimulus,
    Succeeded,
)
from statehold.check.simulate.script import AdvanceStep, ExpectStep, Script, ScriptStep
from statehold.errors import StateholdError

#: microseconds that an event comes before a timer that is due after it
AHEAD = 1_000
_SECOND = 1_000_000


class Witness(Struct, frozen=True):
    """A path as a script; ``lines`` has a line for each step: what happened, and where it led.

    ``exact`` is False where two things are due at one moment, and a script can't say which comes
    first: the player takes the one that was set first.
    """

    script: Script
    lines: tuple[str, ...]
    exact: bool = True

    def __str__(self) -> str:
        return "\n".join(self.lines)


def witness_of(
    definition: Definition[Any],
    data: Any,
    stimuli: Sequence[Stimulus],
    *,
    doc: str = "",
    last_fails: bool = False,
) -> Witness:
    """The witness of a path. ``last_fails``: its last step raises."""
    followed = _followed(definition, data, stimuli, last_fails)
    moments = _moments(stimuli, followed, AHEAD)
    exact = moments is not None
    if moments is None:
        moments = _moments(stimuli, followed, 0)
    if moments is None:
        raise AssertionError("the times of a path that the search found contradict each other")
    steps: list[ScriptStep] = []
    now = 0
    for stimulus, moment in zip(stimuli, moments[1:], strict=True):
        if moment > now or isinstance(stimulus, Fired):
            # the player handles what is due only while it advances, even by no time
            if steps and isinstance(steps[-1], AdvanceStep):
                steps[-1] = AdvanceStep(steps[-1].advance + (moment - now) / _SECOND)
            else:
                steps.append(AdvanceStep((moment - now) / _SECOND))
            now = moment
        if stimulus.step is not None:
            steps.append(stimulus.step)
    lines = _lines(stimuli, followed, moments)
    if last_fails:
        lines.append(f"{len(stimuli)}. {_words(stimuli[-1])}: raises")
    else:
        steps.append(ExpectStep(followed[-1].point.snapshot.state))
    script = Script(definition.name, tuple(steps), definition.version, data, doc=doc)
    return Witness(script, tuple(lines), exact)


def _followed(
    definition: Definition[Any], data: Any, stimuli: Sequence[Stimulus], last_fails: bool
) -> list[Taken]:
    """Takes the steps again, the start first; a last one that raises is left out."""
    stepper = Stepper(definition)
    found = [stepper.begin(data)]
    for number, stimulus in enumerate(stimuli, 1):
        try:
            found.append(stepper.take(found[-1].point, stimulus))
        except StateholdError:
            if last_fails and number == len(stimuli):
                return found
            raise
    return found


def _moments(
    stimuli: Sequence[Stimulus], followed: Sequence[Taken], ahead: int
) -> list[int] | None:
    """The earliest times of the steps, in microseconds from the start; None: no times fit.

    ``ahead`` is how long a step comes before a timer that still runs after it.
    """
    #: (i, j, w): step j happens w after step i, or later
    bounds: list[tuple[int, int, int]] = []
    running: dict[str, tuple[int, int]] = {}
    for number, stimulus in enumerate(("", *stimuli)):
        if number:
            bounds.append((number - 1, number, 0))
        fired = stimulus.timer if isinstance(stimulus, Fired) else None
        for name, (set_at, delay) in running.items():
            if name == fired:
                bounds.append((set_at, number, delay))
                bounds.append((number, set_at, -delay))
            else:
                bounds.append((number, set_at, ahead - delay))
        if fired is not None:
            running.pop(fired, None)
        if number < len(followed):
            taken = followed[number]
            for name in taken.dropped:
                running.pop(name, None)
            running.update({name: (number, delay) for name, delay in taken.set_})
    # nothing may fire between the last step and the expectation after it
    last = len(stimuli)
    bounds += [(last, set_at, ahead - delay) for set_at, delay in running.values()]
    moments = [0] * (last + 1)
    for _ in range(len(moments) + 1):
        settled = True
        for earlier, later, least in bounds:
            if moments[earlier] + least > moments[later]:
                moments[later] = moments[earlier] + least
                settled = False
        if settled:
            return moments if moments[0] == 0 else None
    return None


def _lines(
    stimuli: Sequence[Stimulus], followed: Sequence[Taken], moments: Sequence[int]
) -> list[str]:
    before = followed[0].point.snapshot.state
    lines = [f"start: {', '.join(before)}"]
    for number, taken in enumerate(followed[1:], 1):
        after = taken.point.snapshot.state
        left = [state for state in before if state not in after]
        entered = [state for state in after if state not in before]
        led = f"{', '.join(left) or '…'} → {', '.join(entered)}" if entered else "stays"
        at = f" (after {_span(moments[number])})" if moments[number] > moments[number - 1] else ""
        lines.append(f"{number}. {_words(stimuli[number - 1])}{at}: {led}")
        before = after
    return lines


def _words(stimulus: Stimulus) -> str:
    match stimulus:
        case Received(_, wire, by):
            fields = {name: value for name, value in wire.items() if name != "type"}
            payload = f" {fields}" if fields else ""
            sender = (
                ""
                if by is None
                else f" by {', '.join(map(in_words, by)) or 'a caller without roles'}"
            )
            return f"{wire['type']}{payload}{sender}"
        case Fired(timer):
            return timer if timer.startswith("message ") else f"timer {timer}"
        case Succeeded(name, result):
            return f"{name} succeeds" + ("" if result is None else f" with {result!r}")
        case Failed(name, error):
            return f"{name} fails" + ("" if error is None else f" with {error.__name__}")
        case Cancelled():
            return "it is cancelled"


def _span(microseconds: int) -> str:
    return f"{microseconds / _SECOND:g} s"
