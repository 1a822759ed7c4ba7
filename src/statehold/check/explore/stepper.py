"""Steps instances in a search: each stimulus is one step of the interpreter.

A step runs the machine's own functions and keeps the rules of :mod:`statehold.instance`: data is
read back from JSON, which also makes it comparable. All steps happen at one moment; how much time
has passed is in the :class:`.Zone`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.event import AnEvent, Failure, Result, TimerFired, Undeliverable
from statehold.chart.machine import Definition, Function
from statehold.check.explore.clock_zone import Zone
from statehold.check.explore.stimulus import (
    Cancelled,
    Failed,
    Fired,
    Received,
    Stimulus,
    Succeeded,
)
from statehold.check.simulate.requested import is_called, may_end
from statehold.check.simulate.script import FailStep
from statehold.errors import StateholdError, StepFailed, TooLarge
from statehold.instance.advance import advance
from statehold.instance.limits import InstanceLimits
from statehold.instance.messages import discards_refused, machine_caller
from statehold.instance.outcomes import LastFailure, untaken
from statehold.instance.state import InstanceState, not_started
from statehold.instance.turn import Turn
from statehold.interpreter.command import (
    CancelSend,
    CancelTimer,
    Command,
    Send,
    SetTimer,
)
from statehold.interpreter.configuration import Ask
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import InFlight, Snapshot, Step
from statehold.interpreter.step import cancel, start, step
from statehold.interpreter.trace import Microstep
from statehold.records import Ref

#: the moment of every step; functions that get the time get this one
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: messages to itself that wait at once
MAIL_LIMIT = 16
#: bytes of one instance's data as JSON
DATA_LIMIT = 20_000

#: the failure of every effect, which is also the default in a script
FAILURE = FailStep("")

_INSTANCE = "i-1"
_WORKER = "search"
_MICROSECOND = timedelta(microseconds=1)


class QueuedMessage(Struct, frozen=True):
    """A message to itself that has not been delivered; ``timer`` is its name in the zone."""

    timer: str
    id: str
    event: Any
    what: str


class Point(Struct, frozen=True):
    """One instance at rest, and all that decides how it can go on."""

    instance: InstanceState
    zone: Zone = Zone()
    mail: tuple[QueuedMessage, ...] = ()

    @property
    def snapshot(self) -> Snapshot[Any]:
        snapshot = self.instance.snapshot
        assert snapshot is not None
        return snapshot

    @property
    def incidents(self) -> frozenset[str]:
        """Keys of effects that failed and wait for an operator."""
        attempts = self.instance.attempts
        return frozenset(key for key, one in attempts.items() if one.state == "incident")

    @property
    def key(self) -> Hashable:
        """Equal for two that can go on in the same ways: no times, no ids, no numbers of steps."""
        snapshot, incidents = self.snapshot, self.incidents
        return (
            snapshot.configuration.active,
            self.instance.data,
            tuple(sorted(snapshot.history.items())),
            self.zone,
            tuple((one.timer, one.what) for one in self.mail),
            tuple((one.invoke, one.key in incidents) for one in snapshot.effects),
            snapshot.done,
        )


class Taken(Struct, frozen=True):
    """The result of a step; ``point`` is the one before where no transition was taken.

    ``set_`` are the delays in microseconds of the timers that the step set, in order, by their
    names in the zone. ``dropped`` is what stopped running, a timer that fired included.
    """

    point: Point
    trace: tuple[Microstep, ...] = ()
    set_: tuple[tuple[str, int], ...] = ()
    dropped: frozenset[str] = frozenset()


class Stepper:
    """Steps instances of one machine. ``left_out`` collects what it could not follow."""

    def __init__(self, definition: Definition[Any], *, data_limit: int = DATA_LIMIT) -> None:
        self.moments: set[str] = set()
        self.definition = _watched(definition, self.moments)
        self.program = compile_program(self.definition)
        self.left_out: dict[str, None] = {}
        self.data_limit = data_limit
        self._turn = Turn(MOMENT, _WORKER, InstanceLimits(data_bytes=data_limit))

    def begin(self, data: Any) -> Taken:
        """``data`` is what a start takes. Raises ``InvalidPayload`` where it does not fit,
        ``StepFailed`` for the rest."""
        definition = self.definition
        shape, words = definition.input, definition.input_words
        _, given = shape.write(shape.check(data, words), words)
        instance = not_started(Ref(definition.name, _INSTANCE), definition, MOMENT)
        return self._taken(Point(instance), start(definition, given, MOMENT, instance=_INSTANCE))

    def may_happen(self, point: Point) -> list[Fired]:
        """The timers and messages that can be due next, all those that are due together."""
        zone = point.zone
        at_once = [one for one in point.mail if zone.is_due(one.timer)]
        if at_once:
            # an engine delivers a message without a delay right after the step
            return [Fired(at_once[0].timer)]
        return [Fired(name) for name in zone.running if zone.may_be_next(name)]

    def is_urgent(self, point: Point) -> bool:
        """Whether a message to itself is due, which comes before anything else."""
        return any(point.zone.is_due(one.timer) for one in point.mail)

    def running(self, point: Point) -> list[tuple[InFlight, str]]:
        """The effects and children that may end, of each invoke the one that was requested first,
        each with the name by which a script ends it."""
        effects = point.snapshot.effects
        found = may_end(effects)
        if len(found) < len(effects):
            first = {one.key for one, _ in found}
            for one in effects:
                if one.key not in first:
                    what = f"{one.name}: several at once, of which a later one ends first"
                    self.left_out[what] = None
        return found

    def could_take(self, point: Point, sent: Received) -> bool:
        """False where no active state has a transition for an event of this name."""
        row = point.snapshot.configuration.row(sent.event.__event__)
        return not self.program.is_plain or row.ask != Ask.LEAF or row.plan is not None

    def may_be_cancelled(self, point: Point) -> bool:
        """Whether a cancellation may lead anywhere but to the end."""
        return self.program.takes_cancellation and point.snapshot.cancellation is None

    def take(self, point: Point, stimulus: Stimulus) -> Taken:
        """Takes the step for the stimulus.

        Raises a ``StepFailed`` where the step is dropped, ``TooLarge`` and ``InvalidPayload``
        where an engine could not store the result.
        """
        match stimulus:
            case Received(event, _, by):
                return self._step(point, event, by)
            case Fired(timer):
                return self._fire(point, timer)
            case Succeeded(name, _, value):
                one = next(one for one in point.snapshot.effects if is_called(one, name))
                return self._step(point, Result(one.invoke, one.key, value))
            case Failed():
                return self._fail(point, stimulus)
            case Cancelled():
                return self._taken(point, cancel(self.definition, point.snapshot, MOMENT))

    def _fail(self, point: Point, stimulus: Failed) -> Taken:
        instance, snapshot = point.instance, point.snapshot
        name, error = stimulus.name, FAILURE.error
        if stimulus.error is not None:
            error = stimulus.error.__name__
        one = next(one for one in snapshot.effects if is_called(one, name))
        known = self.definition.effects.get(one.name) if one.kind == "effect" else None
        attempts = 1 if known is None else known.retry.attempts
        event = Failure(one.invoke, one.key, error, FAILURE.message, attempts, stimulus.kinds)
        taken = step(self.definition, snapshot, event, MOMENT)
        if taken.accepted or one.kind == "machine":
            return self._taken(point, taken, failed=[one.key])
        failed = LastFailure(attempts, error)
        changed = untaken(instance, one, failed, taken.snapshot, MOMENT)
        return Taken(replace(point, instance=changed), dropped=frozenset({one.invoke}))

    def _fire(self, point: Point, timer: str) -> Taken:
        zone = point.zone.fired(timer)
        letter = next((one for one in point.mail if one.timer == timer), None)
        if letter is None:
            return self._step(replace(point, zone=zone.with_(timer, 0)), TimerFired(timer))
        mail = tuple(one for one in point.mail if one is not letter)
        before = replace(point, zone=zone, mail=mail)
        own = machine_caller(self.definition.name).roles
        taken = step(self.definition, before.snapshot, letter.event, MOMENT, roles=own)
        if not taken.accepted and not discards_refused(self.definition):
            name = self.definition.name
            back = Undeliverable(name, _INSTANCE, letter.event.__event__, "it is not allowed now")
            taken = step(self.definition, before.snapshot, back, MOMENT)
        found = self._taken(before, taken)
        return replace(found, dropped=found.dropped | {timer})

    def _step(self, point: Point, event: AnEvent, by: tuple[str, ...] | None = None) -> Taken:
        return self._taken(point, step(self.definition, point.snapshot, event, MOMENT, roles=by))

    def _taken(self, point: Point, taken: Step[Any], failed: Collection[str] = ()) -> Taken:
        before = point.instance.snapshot
        if taken.snapshot is before:
            return Taken(point)
        after = advance(point.instance, taken, self._turn, failed=failed).instance
        assert after.snapshot is not None
        timing = _Timing(self, point)
        for command in taken.commands:
            timing.follow(command)
        timing.end(after.snapshot)
        left = {one.key for one in after.snapshot.effects}
        effects = () if before is None else before.effects
        gone = {one.invoke for one in effects if one.key not in left}
        return Taken(
            Point(after, timing.zone.later(), tuple(timing.mail)),
            taken.trace,
            tuple(timing.set_.items()),
            frozenset(timing.dropped | gone),
        )


class _Timing:
    """The zone and the messages after the commands of a step."""

    def __init__(self, stepper: Stepper, point: Point) -> None:
        self.stepper = stepper
        self.zone = point.zone
        self.mail = list(point.mail)
        self.set_: dict[str, int] = {}
        self.dropped: set[str] = set()

    def follow(self, command: Command) -> None:
        if isinstance(command, SetTimer):
            self.run(command.timer, (command.due - MOMENT) // _MICROSECOND)
        elif isinstance(command, CancelTimer):
            self.drop(command.timer)
        elif isinstance(command, CancelSend):
            for letter in [one for one in self.mail if one.id == command.id]:
                self.mail.remove(letter)
                self.drop(letter.timer)
        elif isinstance(command, Send):
            self.post(command)

    def post(self, command: Send) -> None:
        machine, instance = command.machine, command.instance
        own = self.stepper.definition.name
        away = (machine or own, instance or _INSTANCE) != (own, _INSTANCE)
        if command.parent or away:
            to = "its parent" if command.parent else machine or own
            event = command.event.__event__
            self.stepper.left_out[f"{event} sent to {to}: whether it is taken"] = None
            return
        if len(self.mail) >= MAIL_LIMIT:
            self.stepper.left_out[f"messages to itself beyond {MAIL_LIMIT} at once"] = None
            return
        names = {one.timer for one in self.mail}
        timer = next(f"message {n}" for n in range(len(names) + 1) if f"message {n}" not in names)
        what = f"{type(command.event).__name__} {command.event!r}"
        self.mail.append(QueuedMessage(timer, command.id, command.event, what))
        self.run(timer, (command.delay or timedelta(0)) // _MICROSECOND)

    def run(self, name: str, delay: int) -> None:
        if name in self.zone.running:
            self.drop(name)
        self.zone = self.zone.with_(name, max(delay, 0))
        self.set_[name] = max(delay, 0)

    def drop(self, name: str) -> None:
        if name in self.zone.running:
            self.zone = self.zone.without(name)
            if self.set_.pop(name, None) is None:
                self.dropped.add(name)

    def end(self, after: Snapshot[Any]) -> None:
        """Removes the timer that fired, and everything once the instance is done."""
        if after.done:
            self.mail.clear()
        left = {timer.id for timer in after.timers} | {one.timer for one in self.mail}
        for name in self.zone.running:
            if name not in left:
                self.drop(name)


def is_fault(error: StateholdError) -> bool:
    """Whether the machine's own code or chart caused it, and not a limit of the search."""
    return isinstance(error, StepFailed) or not isinstance(error, TooLarge)


def _watched(definition: Definition[Any], moments: set[str]) -> Definition[Any]:
    """The machine with its own program; ``moments`` gets the functions whose delay is a time."""
    delays = {
        t.trigger.delay.function
        for t in definition.chart.transitions
        if t.trigger.delay is not None and t.trigger.delay.function is not None
    }

    def watch(name: str, function: Function) -> Function:
        def call(*arguments: Any) -> Any:
            given = function.call(*arguments)
            if isinstance(given, datetime):
                moments.add(name)
            return given

        return Function(call, function.takes)

    functions = {
        name: watch(name, function) if name in delays else function
        for name, function in definition.functions.items()
    }
    return dataclasses.replace(definition, functions=functions, program=None)
