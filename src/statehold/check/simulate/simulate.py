"""Plays a script against a machine, without a store, waiting or side effects.

1. Effects and children do nothing; they end when the script says so, without retries.
2. Time passes when the script says so; what is due on the way is handled at its own time, in order.
3. A step that is impossible, or an expectation that does not hold, ends the script. A refused event
   changes nothing.
4. The same machine and script always give the same outcome.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Literal

import msgspec
from msgspec import Struct

from statehold.chart.machine import AMachine
from statehold.check.simulate.duration import duration_text
from statehold.check.simulate.hand_stepped import EPOCH, D, NeverAtRest
from statehold.check.simulate.requested import Asked, is_called
from statehold.check.simulate.script import (
    AdvanceStep,
    CancelStep,
    ExpectStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.simulated import Simulated
from statehold.errors import Problem, Refused, ScriptFailed, ScriptInvalid


class StepOutcome(Struct, frozen=True, omit_defaults=True):
    """The outcome of one step of a script; ``state`` are the active leaves after it.

    ``why`` is the reason of a refusal or failure.
    """

    step: ScriptStep
    outcome: Literal["done", "refused", "failed"]
    state: tuple[str, ...]
    at: datetime
    why: str = ""


class Played(Struct, frozen=True):
    """The outcome of a script. ``data`` and ``output`` are plain JSON; ``trace`` is a text."""

    machine: str
    version: int
    instance: str
    trace: str
    state: tuple[str, ...]
    data: Any
    done: bool
    output: Any
    at: datetime
    steps: tuple[StepOutcome, ...]
    failure: ScriptFailed | None = None

    @property
    def refused(self) -> tuple[StepOutcome, ...]:
        """The events that were refused, each with the reason."""
        return tuple(one for one in self.steps if one.outcome == "refused")

    def check(self) -> Played:
        """Raises the ``ScriptFailed`` that ended it, if one did."""
        if self.failure is not None:
            raise self.failure
        return self


def play(machine: AMachine, script: Script, *, now: datetime | None = None) -> Played:
    """Plays the whole script, or up to the first step that fails.

    It begins at ``script.at``, or at ``now``, or at noon UTC of 1 January 2026. Raises
    ``ScriptInvalid`` where it is for another machine, ``InvalidPayload`` where its data does not
    fit, and a ``StepFailed`` where the machine can't start with it.
    """
    player: Player[Any] = Player(machine, script, now=now)
    for step in script.steps:
        try:
            player.take(step)
        except ScriptFailed as error:
            return player.played(error)
    return player.played()


def with_expectations(played: Played, head: Script) -> Script:
    """The script that was played, with the states after each step, and the data at the end.

    Played again, it fails where the machine behaves differently. Its own expectations are kept.
    """
    steps: list[ScriptStep] = []
    before: tuple[str, ...] | None = None
    for one in played.steps:
        if one.outcome == "failed":
            break
        if isinstance(one.step, ExpectStep):
            _expect(steps, one.step)
        else:
            refused = one.outcome == "refused" and isinstance(one.step, SendStep)
            steps.append(msgspec.structs.replace(one.step, refused=True) if refused else one.step)
            if one.state != before:
                steps.append(ExpectStep(one.state))
        before = one.state
    if played.failure is None:
        data = played.data if isinstance(played.data, dict) else None
        _expect(steps, ExpectStep(played.state, data, played.done))
    return msgspec.structs.replace(head, steps=tuple(steps))


def _expect(steps: list[ScriptStep], wanted: ExpectStep) -> None:
    """Appends the expectation, and drops those just before it that it implies."""
    while steps and isinstance(before := steps[-1], ExpectStep):
        if _implies(before, wanted):
            return
        if not _implies(wanted, before):
            break
        steps.pop()
    steps.append(wanted)


def _implies(one: ExpectStep, other: ExpectStep) -> bool:
    pairs = ((one.expect, other.expect), (one.data, other.data), (one.done, other.done))
    return all(wanted is None or wanted == known for known, wanted in pairs)


class Player(Generic[D]):
    """Plays a script step by step: an instance, and the steps played so far.

    Only the head of ``script`` is used; steps are played by :meth:`take`.
    """

    instance: Simulated[D]

    def __init__(self, machine: AMachine, script: Script, *, now: datetime | None = None) -> None:
        definition = machine.definition
        _check_head(definition.name, definition.version, script)
        self.head = msgspec.structs.replace(script, steps=())
        self.instance = Simulated(
            definition, script.data, id=script.instance, now=script.at or now or EPOCH
        )
        self.outcomes: list[StepOutcome] = []

    @property
    def script(self) -> Script:
        """The steps that were played, without one that failed."""
        steps = tuple(one.step for one in self.outcomes if one.outcome != "failed")
        return msgspec.structs.replace(self.head, steps=steps)

    def fork(self) -> Player[D]:
        """A copy that goes on from here."""
        other = copy.copy(self)
        other.instance = self.instance.fork()
        other.outcomes = list(self.outcomes)
        return other

    def plain_data(self) -> Any:
        """The data as plain JSON values."""
        return msgspec.json.decode(self.instance.stored_data)

    def take(self, step: ScriptStep) -> StepOutcome:
        """Plays one step; raises ``ScriptFailed`` where the step does not hold."""
        why = ""
        try:
            if isinstance(step, SendStep):
                why = self._send(step)
            elif isinstance(step, AdvanceStep):
                self.instance.advance(timedelta(seconds=step.advance))
            elif isinstance(step, SucceedStep):
                self.instance.succeed_asked(self._oldest(step.succeed), step.result)
            elif isinstance(step, FailStep):
                self.instance.fail_asked(self._oldest(step.fail), step.error, step.message)
            elif isinstance(step, CancelStep):
                self.instance.cancel(step.cancel, by_parent=step.by_parent)
            else:
                self._expect(step)
        except (Refused, NeverAtRest, OverflowError) as error:
            why = f"{_words(step)} is stopped: {error}"
            raise self._wrong(step, why, "that it goes through") from error
        return self._note(step, "refused" if why else "done", why)

    def played(self, failure: ScriptFailed | None = None) -> Played:
        """The outcome so far."""
        instance = self.instance
        definition = instance.definition
        return Played(
            definition.name,
            definition.version,
            instance.id,
            instance.log,
            tuple(instance.state),
            self.plain_data(),
            instance.done,
            instance.output,
            instance.now,
            tuple(self.outcomes),
            failure,
        )

    def _send(self, step: SendStep) -> str:
        """Why the event was refused; empty where it was taken."""
        try:
            self.instance.send(step.send, roles=step.by)
        except Refused as error:
            if not step.refused:
                why = f"{_words(step)} is refused: {error}"
                raise self._wrong(step, why, "that it is taken") from error
            return str(error)
        if step.refused:
            raise self._wrong(step, f"{_words(step)} is taken", "that it is refused")
        return ""

    def _oldest(self, name: str) -> Asked:
        """The first request that runs, or else the first incident."""
        found = [asked for asked in self.instance.running if is_called(asked, name)]
        found.sort(key=lambda asked: asked.status == "incident")
        if not found:
            running = ", ".join(dict.fromkeys(a.name for a in self.instance.running)) or "nothing"
            raise _NotInFlight(f"{name} is not in flight, but {running} is")
        return found[0]

    def _expect(self, step: ExpectStep) -> None:
        instance = self.instance
        wrong: list[tuple[str, str]] = []
        if step.expect is not None and set(step.expect) != set(instance.state):
            wrong.append((f"it is in {_list(instance.state)}", f"in {_list(step.expect)}"))
        if step.data is not None:
            data = self.plain_data()
            known = data if isinstance(data, dict) else {}
            for name, value in step.data.items():
                if name not in known:
                    wrong.append((f"the data has no {name}", f"{name} = {value!r}"))
                elif known[name] != value:
                    wrong.append((f"{name} is {known[name]!r}", f"{name} = {value!r}"))
        if step.done is not None and step.done != instance.done:
            now, then = ("done", "not done") if instance.done else ("not done", "done")
            wrong.append((f"it is {now}", then))
        if wrong:
            is_, expected = zip(*wrong, strict=True)
            raise self._wrong(step, "; ".join(is_), "; ".join(expected))

    def _wrong(self, step: ScriptStep, is_: str, expected: str) -> ScriptFailed:
        self._note(step, "failed", is_)
        number = len(self.outcomes)
        name = self.instance.definition.name
        return ScriptFailed(name, number, is_, expected, self.instance.narrative_end())

    def _note(
        self, step: ScriptStep, outcome: Literal["done", "refused", "failed"], why: str
    ) -> StepOutcome:
        noted = StepOutcome(step, outcome, tuple(self.instance.state), self.instance.now, why)
        self.outcomes.append(noted)
        return noted


class _NotInFlight(Refused):
    """The effect or child that a script ends was not requested, or has ended."""

    code = "not-in-flight"


def _check_head(name: str, version: int, script: Script) -> None:
    problems = []
    if script.machine != name:
        problems.append(Problem("machine", f"is {script.machine!r}, this machine is {name!r}"))
    if script.version not in (None, version):
        problems.append(
            Problem("version", f"is {script.version}, the machine has {version}", "leave it out")
        )
    if script.at is not None and script.at.tzinfo is None:
        problems.append(Problem("at", "has no time zone", "end it in Z for UTC"))
    if problems:
        raise ScriptInvalid(problems)


def _words(step: ScriptStep) -> str:
    """The step in words."""
    if isinstance(step, SendStep):
        return str(step.send.get("type"))
    if isinstance(step, AdvanceStep):
        return f"advancing by {duration_text(step.advance)}"
    if isinstance(step, SucceedStep):
        return f"the end of {step.succeed}"
    if isinstance(step, CancelStep):
        return "the cancellation"
    return f"the failure of {step.fail}" if isinstance(step, FailStep) else "the expectation"


def _list(states: Sequence[str]) -> str:
    return ", ".join(sorted(states)) or "nothing"
