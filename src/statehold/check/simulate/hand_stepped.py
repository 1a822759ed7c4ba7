"""One instance, stepped by hand: events, timers and messages to itself, on a clock of its own.

It takes what an engine takes and refuses what an engine refuses: events are checked against the
machine, data goes through JSON and back after each step that changed it, and a step that raises
changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Self, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from statehold.chart.event import AnEvent, TimerFired, Undeliverable
from statehold.chart.initial import initial_data
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.payload import DATA_BYTES, EVENT_BYTES, child_data, jsonable, parse_event
from statehold.check.simulate.narrative import Story
from statehold.check.simulate.requested import Asked, Sent
from statehold.check.storing import stored
from statehold.define import Machine
from statehold.errors import NotAllowed, StateholdError
from statehold.interpreter.command import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Emit,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.enabled import allowed, refusal
from statehold.interpreter.snapshot import Snapshot, Step, Timer
from statehold.interpreter.step import start, step

D = TypeVar("D")

#: when the clock starts, unless told otherwise
EPOCH = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: timers and messages that one call delivers
DUE_LIMIT = 10_000

Roles = str | Collection[str] | None


class NeverAtRest(StateholdError):
    """Timers, or messages that the instance sends to itself, go on without an end."""

    code = "never-at-rest"

    def __init__(self, machine: str, limit: int, story: Story) -> None:
        super().__init__(
            f"{machine} took {limit} steps by itself and there is more to come; advance the clock "
            f"by less, or break the circle of timers or messages\n{story.end()}"
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to itself that is under way."""

    id: str
    due: datetime
    event: AnEvent


class Stepped(Generic[D]):
    """See :class:`.instance.Simulated`, which adds what becomes of effects.

    ``event_bytes`` and ``data_bytes`` bound one event and the data, as an engine's limits do.
    """

    def __init__(
        self,
        machine: type[Machine[D]] | Definition[D],
        data: D | Mapping[str, Any] | UnsetType | None = UNSET,
        *,
        id: str = "test",
        now: datetime = EPOCH,
        event_bytes: int = EVENT_BYTES,
        data_bytes: int = DATA_BYTES,
    ) -> None:
        self.definition: Definition[D] = machine.definition
        self.id = id
        self._event_bytes = event_bytes
        self._data_bytes = data_bytes
        #: every effect and child that was asked for, in order, finished ones too
        self.asked: list[Asked] = []
        #: every event that was sent to an instance, itself included
        self.sent: list[Sent] = []
        #: every event that was shown to whoever watches
        self.emitted: list[AnEvent] = []
        #: ids of the transitions that were taken, in order
        self.taken: list[str] = []
        self._story = Story(_roles_in(self.definition.chart))
        self._now = now
        self._mail: list[Mail] = []
        #: the data as it is stored
        self._raw = b""
        given = initial_data(self.definition.data, data, "the data")
        _, given = self.definition.data.write(given, "the data")
        taken = start(self.definition, given, now, instance=id)
        # what start gives follows from no snapshot, so there is none to compare it with
        self._snapshot: Snapshot[D] = msgspec.structs.replace(taken.snapshot, data=given)
        self._take(taken, "start", first=True)
        self._deliver()

    # --- what is ---

    @property
    def now(self) -> datetime:
        """The moment that the clock shows."""
        return self._now

    @property
    def snapshot(self) -> Snapshot[D]:
        """Where it rests, as the interpreter has it; not to be changed."""
        return self._snapshot

    @property
    def seq(self) -> int:
        """How many steps were taken, the start among them."""
        return self._snapshot.seq

    @property
    def state(self) -> list[str]:
        """Paths of the active leaves, in document order, as in a reply."""
        return list(self._snapshot.state)

    @property
    def active(self) -> frozenset[str]:
        """Paths of all active states, those around the leaves too."""
        return self._snapshot.configuration.states

    @property
    def data(self) -> D:
        """A copy: changing it changes nothing."""
        return self.definition.data.copy(self._snapshot.data)

    @property
    def view(self) -> Any:
        """What a reply shows of the data."""
        return self.definition.shown(self.data)

    @property
    def tags(self) -> list[str]:
        return list(self._snapshot.configuration.tags)

    @property
    def owners(self) -> list[str]:
        return list(self._snapshot.configuration.owners)

    @property
    def done(self) -> bool:
        return self._snapshot.done

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        return jsonable(self._snapshot.output)

    @property
    def allowed(self) -> list[str]:
        """Names of the events that trusted code could send now."""
        return self.allowed_for(None)

    def allowed_for(self, roles: Roles) -> list[str]:
        """Names of the events that someone with these roles could send now."""
        return list(allowed(self.definition, self._snapshot, _set_of(roles)))

    @property
    def timers(self) -> list[Timer]:
        """Those that run, the one that is due first at the front."""
        return sorted(self._snapshot.timers, key=lambda timer: timer.due)

    @property
    def mail(self) -> list[Mail]:
        """Delayed messages to itself that are under way."""
        return list(self._mail)

    @property
    def deadlines(self) -> dict[str, datetime]:
        """When active states that declare a deadline are to be left, by their paths."""
        return {one.state: one.due for one in self._snapshot.deadlines}

    @property
    def log(self) -> str:
        """Everything that happened, in words."""
        return str(self._story)

    # --- what may happen ---

    def send(self, event: AnEvent | Mapping[str, Any], *, roles: Roles = None) -> Self:
        """Gives it an event, an object or its JSON form; ``roles`` None is trusted code.

        Raises ``NotAllowed`` with the reasons where no transition takes it, ``UnknownEvent`` or
        ``InvalidPayload`` where it is none of the machine's, and a ``StepFailed`` where one of
        the machine's functions raises. Nothing has changed then.
        """
        parsed, told = self._parsed(event, roles)
        if not self.done:
            taken = self._step(parsed, told, roles)
            if taken.accepted:
                self._take(taken, told)
                self._deliver()
                return self
        raise self._refused(parsed, told, roles)

    def advance(self, by: timedelta) -> Self:
        """Moves the clock; what comes due on the way happens at its time, in order.

        Raises ``NeverAtRest`` after ``DUE_LIMIT`` of them.
        """
        if by < timedelta(0):
            raise ValueError(f"the clock can't go back by {-by}")
        target = self._now + by
        for _ in range(DUE_LIMIT):
            due = self.next_due
            if due is None or due > target:
                self._now = target
                return self
            self._happen(due)
        raise NeverAtRest(self.definition.name, DUE_LIMIT, self._story)

    @property
    def next_due(self) -> datetime | None:
        """When the next timer, or delayed message to itself, is due; None if there is none."""
        moments = [timer.due for timer in self._snapshot.timers]
        moments += [mail.due for mail in self._mail]
        return min(moments, default=None)

    def fork(self) -> Self:
        """Another that goes on from here; what happens to one is nothing to the other."""
        other = copy.copy(self)
        other.asked = [copy.copy(asked) for asked in self.asked]
        other.sent, other.emitted = list(self.sent), list(self.emitted)
        other.taken, other._mail = list(self.taken), list(self._mail)
        other._story = self._story.fork()
        return other

    # --- underneath ---

    def _parsed(self, event: AnEvent | Mapping[str, Any], roles: Roles) -> tuple[AnEvent, str]:
        """The event as the machine declares it, and how the story calls it."""
        given = dict(event) if isinstance(event, Mapping) else event
        parsed: AnEvent
        parsed, _ = parse_event(self.definition, given, self._event_bytes)
        return parsed, f"{parsed!r}{by(roles)}"

    def _tried(self, event: AnEvent | Mapping[str, Any], roles: Roles) -> NotAllowed | None:
        """Why the event would be refused, or None where it would be taken; it is not."""
        parsed, told = self._parsed(event, roles)
        if not self.done and self._step(parsed, told, roles).accepted:
            return None
        return self._refused(parsed, told, roles)

    def _refused(self, event: AnEvent, told: str, roles: Roles) -> NotAllowed:
        error = self._refusal(event, roles)
        why = "; ".join(error.reasons) or "no transition takes it"
        self._story.note(self._now, f"{told} refused: {why}")
        return error

    def _happen(self, due: datetime) -> None:
        """The earliest thing that is due then: timers first, as they were set."""
        self._now = max(self._now, due)
        timer = next((timer for timer in self.timers if timer.due == due), None)
        if timer is None:
            self._receive(next(mail for mail in self._mail if mail.due == due))
        else:
            told = f"timer {timer.id}"
            self._take(self._step(TimerFired(timer.id), told, None), told)
        self._deliver()

    def _deliver(self) -> None:
        """Messages to itself that are due, until there are none."""
        for _ in range(DUE_LIMIT):
            mail = next((mail for mail in self._mail if mail.due <= self._now), None)
            if mail is None:
                return
            self._receive(mail)
        raise NeverAtRest(self.definition.name, DUE_LIMIT, self._story)

    def _receive(self, mail: Mail) -> None:
        self._mail.remove(mail)
        told = f"{mail.event!r} from itself"
        if not self.done:
            taken = self._step(mail.event, told, None)
            if taken.accepted:
                self._take(taken, told)
                return
        why = str(self._refusal(mail.event, None))
        self._story.note(self._now, f"{told} refused: {why}")
        event = Undeliverable(self.definition.name, self.id, mail.event.__event__, why, mail.id)
        if not self.done and self.definition.chart.policy.messages == "durable":
            taken = self._step(event, "Undeliverable", None)
            if taken.accepted:
                self._take(taken, "Undeliverable")

    def _step(self, event: AnEvent, told: str, roles: Roles) -> Step[D]:
        try:
            return step(self.definition, self._snapshot, event, self._now, roles=_set_of(roles))
        except StateholdError as error:
            self._story.note(self._now, f"{told} dropped: {error}")
            raise

    def _take(self, taken: Step[D], told: str, *, first: bool = False) -> None:
        """Makes the step's snapshot the present one, unless an engine could not store it."""
        before: Sequence[str] = () if first else self._snapshot.state
        try:
            after = self._stored(taken, first)
            asked = [
                self._asked_by(command, after)
                for command in taken.commands
                if isinstance(command, StartEffect | StartChild)
            ]
        except StateholdError as error:
            self._story.note(self._now, f"{told} dropped: {error}")
            raise
        self._snapshot = after
        self.asked += asked
        self.taken += [id for microstep in taken.trace for id in microstep.transitions]
        notes: list[str] = []
        for command in taken.commands:
            notes.append(self._follow(command))
        self._story.step(
            after.seq, self._now, told, before, after.state, taken.trace, filter(None, notes)
        )

    def _stored(self, taken: Step[D], first: bool) -> Snapshot[D]:
        """With its data as it would be read back; raises where it could not be."""
        changed = first or taken.snapshot.data is not self._snapshot.data
        what = f"the data of {self.definition.name}/{self.id}"
        raw = b"" if changed else self._raw
        self._raw, after = stored(self.definition, taken, raw, what, self._data_bytes)
        return after

    def _asked_by(self, command: StartEffect | StartChild, after: Snapshot[D]) -> Asked:
        if isinstance(command, StartEffect):
            data = self.definition.data.copy(after.data)
            return Asked(command.effect, command.key, "effect", command.state, data, self._now)
        _, data = child_data(self.definition, command.machine, command.input)
        return Asked(command.machine, command.key, "machine", command.state, data, self._now)

    def _follow(self, command: object) -> str:
        """Keeps account of what was asked of the outside; gives a line for the story."""
        if isinstance(command, StartEffect | StartChild):
            name = command.effect if isinstance(command, StartEffect) else command.machine
            return f"asks for {name} ({command.key})"
        if isinstance(command, CancelEffect):
            asked = next(one for one in self.asked if one.key == command.key)
            asked.status = "cancelled"
            return f"cancels {asked.name} ({asked.key})"
        if isinstance(command, SetTimer):
            return f"sets timer {command.timer}, due {command.due:%Y-%m-%d %H:%M:%S}"
        if isinstance(command, CancelTimer):
            return f"cancels timer {command.timer}"
        if isinstance(command, Send):
            return f"sends {self._post(command)}"
        if isinstance(command, CancelSend):
            self._mail = [mail for mail in self._mail if mail.id != command.id]
            return f"takes back message {command.id}"
        if isinstance(command, Emit):
            self.emitted.append(command.event)
            return f"emits {command.event!r}"
        raise TypeError(f"a step asked for {command!r}, which this kit does not know")

    def _post(self, command: Send) -> Sent:
        if command.parent:
            # nobody invoked what is tested alone; the test looks at what it would be told
            to_parent = Sent("its parent", "", command.event, command.delay, command.id)
            self.sent.append(to_parent)
            return to_parent
        machine = command.machine or self.definition.name
        instance = command.instance or self.id
        sent = Sent(machine, instance, command.event, command.delay, command.id)
        self.sent.append(sent)
        if (machine, instance) == (self.definition.name, self.id):
            due = self._now + max(command.delay or timedelta(0), timedelta(0))
            self._mail.append(Mail(command.id, due, command.event))
        return sent

    def _refusal(self, event: AnEvent, roles: Roles) -> NotAllowed:
        given = _set_of(roles)
        reasons: tuple[str, ...] = ("it is done",)
        forbidden = False
        if not self.done:
            reasons, forbidden = refusal(self.definition, self._snapshot, event, given)
        return NotAllowed(
            self.definition.name,
            self.id,
            event.__event__,
            state=self._snapshot.state,
            allowed=allowed(self.definition, self._snapshot, given),
            reasons=reasons,
            forbidden=forbidden,
        )


def _roles_in(chart: Chart) -> frozenset[str]:
    """The names of the guards that ask for a role, as a trace has them."""
    guards = (guard for transition in chart.transitions for guard in transition.guards)
    return frozenset(guard.name for guard in guards if guard.kind == "by")


def _set_of(roles: Roles) -> Collection[str] | None:
    return (roles,) if isinstance(roles, str) else roles


def by(roles: Roles) -> str:
    """Who sends, in words; nothing for trusted code."""
    names = _set_of(roles)
    return "" if names is None else f" by {', '.join(sorted(names)) or 'nobody'}"
