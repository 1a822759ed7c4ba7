"""One instance in a search: what the interpreter makes of a stimulus, and what is left of time.

Each step is the interpreter's own, with the machine's own functions, at one and the same moment:
how much time has passed is what the :class:`.Zone` knows. Data goes through JSON and back, as
under an engine, which also makes it comparable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from statehold.chart.event import AnEvent, Failure, Result, TimerFired, Undeliverable
from statehold.chart.machine import Definition, Function
from statehold.check.explore.clock_zone import Zone
from statehold.check.explore.stimulus import Failed, Fired, Sent, Stimulus, Succeeded
from statehold.check.simulate.script import FailStep
from statehold.check.storing import stored
from statehold.errors import StateholdError, StepFailed, TooLarge
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
from statehold.interpreter.step import start, step
from statehold.interpreter.trace import Microstep

#: the moment of every step; functions that are told the time are told this
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: messages to itself that are under way at once
MAIL_LIMIT = 16
#: bytes of one instance's data as JSON
DATA_LIMIT = 20_000

#: what a failure looks like, and what a script that leaves it out means
FAILURE = FailStep("")

_INSTANCE = "i-1"
_MICROSECOND = timedelta(microseconds=1)


class Mail(Struct, frozen=True):
    """A message to itself that is under way; ``timer`` is its name in the zone."""

    timer: str
    id: str
    event: Any
    told: str


class Spot(Struct, frozen=True):
    """One instance at rest, and all that decides how it can go on.

    ``waiting`` are keys of effects that failed where no transition takes it: a person has to look.
    """

    snapshot: Snapshot[Any]
    raw: bytes
    zone: Zone = Zone()
    mail: tuple[Mail, ...] = ()
    waiting: frozenset[str] = frozenset()

    @property
    def key(self) -> Hashable:
        """Equal for two that can go on in the same ways: no times, no ids, no numbers of steps."""
        snapshot = self.snapshot
        return (
            snapshot.configuration.active,
            self.raw,
            tuple(sorted(snapshot.history.items())),
            self.zone,
            tuple((one.timer, one.told) for one in self.mail),
            tuple((one.invoke, one.key in self.waiting) for one in snapshot.effects),
            snapshot.done,
        )


class Taken(Struct, frozen=True):
    """``spot`` is the one before, where nothing happened.

    ``set_`` are the delays, in microseconds, of what was set in the step, in order, by its name in
    the zone; ``dropped`` what stopped running, the one that fired included.
    """

    spot: Spot
    trace: tuple[Microstep, ...] = ()
    set_: tuple[tuple[str, int], ...] = ()
    dropped: frozenset[str] = frozenset()


class Runner:
    """Steps instances of one machine. ``left_out`` gathers what it could not follow."""

    def __init__(self, definition: Definition[Any], *, data_limit: int = DATA_LIMIT) -> None:
        self.moments: set[str] = set()
        self.definition = _watched(definition, self.moments)
        self.program = compile_program(self.definition)
        self.data_limit = data_limit
        self.left_out: dict[str, None] = {}

    def begin(self, data: Any) -> Taken:
        """Raises ``InvalidPayload`` where the data does not fit, ``StepFailed`` for the rest."""
        _, given = self.definition.data.write(self.definition.data.check(data, "the data"))
        taken = start(self.definition, given, MOMENT, instance=_INSTANCE)
        return self._taken(Spot(taken.snapshot, b""), taken, first=True)

    def may_happen(self, spot: Spot) -> list[Fired]:
        """The timers and messages that can be the next to fall due, those of a moment all."""
        zone = spot.zone
        at_once = [one for one in spot.mail if zone.is_due(one.timer)]
        if at_once:
            # an engine delivers a message without a delay right after the step
            return [Fired(at_once[0].timer)]
        return [Fired(name) for name in zone.running if zone.may_be_next(name)]

    def is_urgent(self, spot: Spot) -> bool:
        """Whether a message to itself comes before anything else can."""
        return any(spot.zone.is_due(one.timer) for one in spot.mail)

    def running(self, spot: Spot) -> list[InFlight]:
        """The effects and children that may end: of each name the one that was asked for first."""
        first: dict[str, InFlight] = {}
        for one in spot.snapshot.effects:
            if one.name in first:
                self.left_out[f"{one.name}: several at once, of which a later one ends first"] = (
                    None
                )
            first.setdefault(one.name, one)
        return list(first.values())

    def could_take(self, spot: Spot, sent: Sent) -> bool:
        """False where no active state has a transition for an event of this name."""
        node = spot.snapshot.configuration.row(sent.event.__event__)
        return not self.program.is_plain or node.ask != Ask.LEAF or node.plan is not None

    def take(self, spot: Spot, stimulus: Stimulus) -> Taken:
        """What the stimulus makes of the instance.

        Raises a ``StepFailed`` where the step is dropped, ``TooLarge`` and ``InvalidPayload``
        where an engine could not store what comes out.
        """
        match stimulus:
            case Sent(event, _, by):
                return self._step(spot, event, by)
            case Fired(timer):
                return self._fire(spot, timer)
            case Succeeded(name, _, value):
                one = next(one for one in spot.snapshot.effects if one.name == name)
                return self._step(spot, Result(one.invoke, one.key, value))
            case Failed(name):
                return self._fail(spot, name)

    def _fail(self, spot: Spot, name: str) -> Taken:
        one = next(one for one in spot.snapshot.effects if one.name == name)
        known = self.definition.effects.get(name) if one.kind == "effect" else None
        attempts = 1 if known is None else known.retry.attempts
        event = Failure(one.invoke, one.key, FAILURE.error, FAILURE.message, attempts)
        taken = step(self.definition, spot.snapshot, event, MOMENT)
        if taken.accepted or one.kind == "machine":
            return self._taken(spot, taken)
        waiting = spot.waiting | {one.key}
        return Taken(
            msgspec.structs.replace(spot, waiting=waiting), dropped=frozenset({one.invoke})
        )

    def _fire(self, spot: Spot, timer: str) -> Taken:
        zone = spot.zone.fired(timer)
        letter = next((one for one in spot.mail if one.timer == timer), None)
        if letter is None:
            before = msgspec.structs.replace(spot, zone=zone.with_(timer, 0))
            return self._step(before, TimerFired(timer))
        mail = tuple(one for one in spot.mail if one is not letter)
        before = msgspec.structs.replace(spot, zone=zone, mail=mail)
        taken = step(self.definition, before.snapshot, letter.event, MOMENT)
        if not taken.accepted and self.definition.chart.policy.messages == "durable":
            name = self.definition.name
            back = Undeliverable(name, _INSTANCE, letter.event.__event__, "it is not allowed now")
            taken = step(self.definition, before.snapshot, back, MOMENT)
        found = self._taken(before, taken)
        return msgspec.structs.replace(found, dropped=found.dropped | {timer})

    def _step(self, spot: Spot, event: AnEvent, by: tuple[str, ...] | None = None) -> Taken:
        return self._taken(spot, step(self.definition, spot.snapshot, event, MOMENT, roles=by))

    def _taken(self, spot: Spot, taken: Step[Any], *, first: bool = False) -> Taken:
        after = taken.snapshot
        if after is spot.snapshot and not first:
            return Taken(spot)
        changed = first or after.data is not spot.snapshot.data
        what = "the data of one instance in the search"
        raw = b"" if changed else spot.raw
        raw, after = stored(self.definition, taken, raw, what, self.data_limit)
        timing = _Timing(self, spot)
        for command in taken.commands:
            timing.follow(command)
        timing.end(after)
        left = frozenset(one.key for one in after.effects)
        gone = {one.invoke for one in spot.snapshot.effects if one.key not in left}
        return Taken(
            Spot(after, raw, timing.zone.later(), tuple(timing.mail), spot.waiting & left),
            taken.trace,
            tuple(timing.set_.items()),
            frozenset(timing.dropped | gone),
        )


class _Timing:
    """What a step's commands do to the zone and to the mail."""

    def __init__(self, runner: Runner, spot: Spot) -> None:
        self.runner = runner
        self.zone = spot.zone
        self.mail = list(spot.mail)
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
        own = self.runner.definition.name
        away = (machine or own, instance or _INSTANCE) != (own, _INSTANCE)
        if command.parent or away:
            to = "its parent" if command.parent else machine or own
            told = f"{command.event.__event__} sent to {to}: what becomes of it"
            self.runner.left_out[told] = None
            return
        if len(self.mail) >= MAIL_LIMIT:
            self.runner.left_out[f"messages to itself beyond {MAIL_LIMIT} at once"] = None
            return
        names = {one.timer for one in self.mail}
        timer = next(f"message {n}" for n in range(len(names) + 1) if f"message {n}" not in names)
        told = f"{type(command.event).__name__} {command.event!r}"
        self.mail.append(Mail(timer, command.id, command.event, told))
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
        """Takes out the timer that fired, and everything once the instance is over."""
        if after.done:
            self.mail.clear()
        left = {timer.id for timer in after.timers} | {one.timer for one in self.mail}
        for name in self.zone.running:
            if name not in left:
                self.drop(name)


def is_fault(error: StateholdError) -> bool:
    """Whether the machine's own code or chart is to blame, and not a limit of the search."""
    return isinstance(error, StepFailed) or not isinstance(error, TooLarge)


def _watched(definition: Definition[Any], moments: set[str]) -> Definition[Any]:
    """The same machine with a program of its own; notes which delays give a moment of time."""
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
