"""One instance, stepped by hand: events, timers and messages to itself, on its own clock.

It runs on the same rules as an engine's (:mod:`statehold.instance`): what an engine refuses is
refused, data and events are read back from JSON, and a step that is refused changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Self, overload

from msgspec import UNSET, UnsetType
from typing_extensions import TypeVar

from statehold.chart.access import in_words, is_outside
from statehold.chart.asking import asked_event
from statehold.chart.event import AnEvent, Cancellation, Event, TimerFired, Undeliverable
from statehold.chart.initial import initial_data
from statehold.chart.machine import AMachine, Definition, I, MachineClass, Plain
from statehold.chart.model import Chart
from statehold.chart.payload import bound_input, child_input, jsonable, parse_event
from statehold.check.simulate.narrative import Narrative
from statehold.check.simulate.requested import Asked, Sent
from statehold.errors import InstanceOver, NotAllowed, Refused, StateholdError
from statehold.instance.advance import Advanced, advance
from statehold.instance.attempts import due_timer
from statehold.instance.authorize import refuse_internal
from statehold.instance.commands import without
from statehold.instance.limits import InstanceLimits
from statehold.instance.messages import discards_refused, event_of, machine_caller
from statehold.instance.refusal import not_allowed
from statehold.instance.state import InstanceState, not_started
from statehold.instance.turn import Turn
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
from statehold.interpreter.enabled import allowed
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Snapshot, Step, Timer
from statehold.interpreter.step import cancel, start, step
from statehold.records import OVER, Caller, Message, Ref, Status

D = TypeVar("D")
E = TypeVar("E", bound=Event, default=Any)
V = TypeVar("V", default=Any)
T = TypeVar("T")

#: when the clock starts by default
EPOCH = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: timers and messages that one call handles
DUE_LIMIT = 10_000

#: the worker of all attempts
WORKER = "simulation"

Roles = str | Collection[str] | None


class NeverAtRest(StateholdError):
    """The instance takes steps without end: by timers, or by messages to itself."""

    code = "never-at-rest"

    def __init__(self, machine: str, limit: int, narrative: Narrative) -> None:
        super().__init__(
            f"{machine} took {limit} steps by itself and there is more to come; advance the clock "
            f"by less, or break the loop of timers or messages\n{narrative.end()}"
        )


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A message to itself that has not been delivered; ``event`` as it was sent."""

    id: str
    due: datetime
    event: AnEvent
    message: Message


class HandStepped(Generic[D, E, V]):
    """See :class:`.simulated.Simulated`, which adds the outcomes of effects. ``D`` is the type of
    the data, ``E`` the machine's events, and ``V`` what its view shows."""

    @overload
    def __init__(
        self, machine: type[MachineClass[E, I, V, Any, D]],
        data: I | Plain | UnsetType | None = UNSET, *,
        id: str = "test", now: datetime = EPOCH, limits: InstanceLimits = ...,
    ) -> None: ...  # fmt: skip
    @overload
    def __init__(
        self: HandStepped[T, Any, Any], machine: Definition[T], data: Any = UNSET, *,
        id: str = "test", now: datetime = EPOCH, limits: InstanceLimits = ...,
    ) -> None: ...  # fmt: skip
    def __init__(
        self,
        machine: AMachine,
        data: Any = UNSET,
        *,
        id: str = "test",
        now: datetime = EPOCH,
        limits: InstanceLimits = InstanceLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.definition: Definition[D] = machine.definition
        self.id = id
        self.limits = limits
        #: every effect and child that was requested, in order, also those that have ended
        self.asked: list[Asked] = []
        #: every event that was sent to an instance, itself included
        self.sent: list[Sent] = []
        #: every event that was emitted for watchers
        self.emitted: list[AnEvent] = []
        #: ids of the transitions that were taken, in order
        self.taken: list[str] = []
        self._narrative = Narrative(_roles_in(self.definition.chart))
        self._now = now
        self._mail: list[PendingMessage] = []
        words, shape = self.definition.input_words, self.definition.input
        raw, given = shape.write(initial_data(shape, data, words), words)
        bound_input(self.definition, raw, limits.data_bytes)
        self._instance = not_started(Ref(self.definition.name, id), self.definition, now)
        self._take(start(self.definition, given, now, instance=id), "start")
        self._deliver()

    # --- the present state ---

    @property
    def now(self) -> datetime:
        """The time by the instance's clock."""
        return self._now

    @property
    def snapshot(self) -> Snapshot[D]:
        """Its state as the interpreter has it; not to be changed."""
        snapshot = self._instance.snapshot
        assert snapshot is not None
        return snapshot

    @property
    def seq(self) -> int:
        """How many steps were taken, the start included."""
        return self._instance.seq

    @property
    def state(self) -> list[str]:
        """Paths of the active leaves, in document order, as in a reply."""
        return list(self._instance.state)

    @property
    def active(self) -> frozenset[str]:
        """Paths of all active states, those around the leaves too."""
        return self.snapshot.configuration.states

    @property
    def data(self) -> D:
        """A copy: changing it changes nothing."""
        return self.definition.data.copy(self.snapshot.data)

    @property
    def stored_data(self) -> bytes:
        """The data as JSON, as it is stored."""
        return self._instance.data

    @property
    def view(self) -> V:
        """What a reply shows of the data."""
        shown: V = self.definition.shown(self.data)
        return shown

    @property
    def tags(self) -> list[str]:
        return list(self._instance.tags)

    @property
    def owners(self) -> list[str]:
        return list(self._instance.owners)

    @property
    def done(self) -> bool:
        return self.snapshot.done

    @property
    def status(self) -> Status:
        """``running``, ``done`` or ``cancelled``, as in a reply."""
        return self._instance.status

    @property
    def may_take_cancellation(self) -> bool:
        """Whether a cancellation may lead anywhere but to the end."""
        takes = compile_program(self.definition).takes_cancellation
        return takes and not self.done and self.snapshot.cancellation is None

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        return jsonable(self.snapshot.output)

    @property
    def allowed(self) -> list[str]:
        """Names of the events that trusted code could send now."""
        return self.allowed_for(None)

    def allowed_for(self, roles: Roles) -> list[str]:
        """Names of the events that someone with these roles could send now."""
        return list(allowed(self.definition, self.snapshot, _set_of(roles)))

    @property
    def timers(self) -> list[Timer]:
        """Those that run, by when they are due."""
        return sorted(self.snapshot.timers, key=lambda timer: timer.due)

    @property
    def mail(self) -> list[PendingMessage]:
        """Messages to itself that have not been delivered."""
        return list(self._mail)

    @property
    def deadlines(self) -> dict[str, datetime]:
        """The deadlines of active states, by their paths."""
        return {one.state: one.due for one in self.snapshot.deadlines}

    @property
    def log(self) -> str:
        """Everything that happened, in words."""
        return str(self._narrative)

    # --- events and time ---

    def send(self, event: E | Mapping[str, Any], *, roles: Roles = None) -> Self:
        """Sends an event, an object or its JSON form; ``roles`` None is trusted code, and
        ``machine("lead")`` an instance of that machine.

        Raises ``NotAllowed`` with the reasons where no transition takes it, ``Forbidden`` where
        these roles can't send it as it is internal, ``UnknownEvent`` or ``InvalidPayload`` where
        the machine has no such event, and a ``StepFailed`` where one of the machine's functions
        raises. Nothing has changed then.
        """
        parsed, what = self._parsed(event, roles)
        self._refuse_internal(parsed, what, roles)
        if not self._accepts(parsed, what, roles):
            raise self._refused(parsed, what, roles)
        self._deliver()
        return self

    def cancel(self, reason: str = "", *, by_parent: bool = False) -> Self:
        """Cancels it, as an operator does, or as for a child whose parent left its state.

        An ``on_cancel`` transition has it go on; else the exit actions of its active states run and
        it is over. Cancelled again meanwhile, it stays as it is. Raises ``InstanceOver``, and a
        ``StepFailed`` where one of the machine's functions raises.
        """
        if self.done:
            raise InstanceOver(self.definition.name, self.id, self.status)
        cancellation = Cancellation(reason, by_parent)
        what = f"{cancellation!r}"
        try:
            taken = cancel(self.definition, self.snapshot, self._now, cancellation)
        except StateholdError as error:
            self._narrative.note(self._now, f"{what} dropped: {error}")
            raise
        if taken.accepted:
            self._take(taken, what)
            self._deliver()
        return self

    def advance(self, by: timedelta) -> Self:
        """Moves the clock; timers and messages due on the way are handled at their own time.

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
            self._handle_due(due)
        raise NeverAtRest(self.definition.name, DUE_LIMIT, self._narrative)

    @property
    def next_due(self) -> datetime | None:
        """When the next timer, or delayed message to itself, is due; None if there is none."""
        moments = [timer.due for timer in self.snapshot.timers]
        moments += [mail.due for mail in self._mail]
        return min(moments, default=None)

    def fork(self) -> Self:
        """A copy that goes on from here, independent of this one."""
        other = copy.copy(self)
        other.asked = [copy.copy(asked) for asked in self.asked]
        other.sent, other.emitted = list(self.sent), list(self.emitted)
        other.taken, other._mail = list(self.taken), list(self._mail)
        other._narrative = self._narrative.fork()
        return other

    # --- underneath ---

    def _parsed(self, event: AnEvent | Mapping[str, Any], roles: Roles) -> tuple[AnEvent, str]:
        """The event as the machine declares it, and its name in the narrative."""
        given = dict(event) if isinstance(event, Mapping) else event
        parsed: AnEvent
        parsed, _ = parse_event(self.definition, given, self.limits.event_bytes)
        return parsed, f"{parsed!r}{by(roles)}"

    def _would_refuse(self, event: AnEvent | Mapping[str, Any], roles: Roles) -> NotAllowed | None:
        """Why the event would be refused; None: it would be taken. It is not sent."""
        parsed, what = self._parsed(event, roles)
        is_internal = parsed.__event__ in self.definition.internal
        may_send = not is_internal or not is_outside(_set_of(roles))
        if may_send and not self.done and self._step(parsed, what, roles).accepted:
            return None
        return self._refused(parsed, what, roles)

    def _refuse_internal(self, event: AnEvent, what: str, roles: Roles) -> None:
        held = _set_of(roles)
        try:
            caller = Caller(roles=None if held is None else frozenset(held))
            refuse_internal(caller, self.definition, event.__event__)
        except Refused as error:
            self._narrative.note(self._now, f"{what} refused: {error}")
            raise

    def _refused(self, event: AnEvent, what: str, roles: Roles) -> NotAllowed:
        error = not_allowed(self._instance, event, _set_of(roles))
        why = "; ".join(error.reasons) or "no transition takes it"
        self._narrative.note(self._now, f"{what} refused: {why}")
        return error

    def _accepts(self, event: AnEvent, what: str, roles: Roles = None) -> bool:
        """Takes the step for the event, if there is one."""
        if self.done:
            return False
        taken = self._step(event, what, roles)
        if taken.accepted:
            self._take(taken, what)
        return taken.accepted

    def _handle_due(self, due: datetime) -> None:
        """Handles the first timer, or else the first message, that is due then."""
        self._now = max(self._now, due)
        timer = due_timer(self.snapshot.timers, self._instance.attempts, due)
        if timer is None:
            self._receive(next(mail for mail in self._mail if mail.due == due))
        else:
            what = f"timer {timer.id}"
            self._take(self._step(TimerFired(timer.id), what), what)
        self._deliver()

    def _deliver(self) -> None:
        """Delivers messages to itself until none is due."""
        for _ in range(DUE_LIMIT):
            mail = next((mail for mail in self._mail if mail.due <= self._now), None)
            if mail is None:
                return
            self._receive(mail)
        raise NeverAtRest(self.definition.name, DUE_LIMIT, self._narrative)

    def _receive(self, mail: PendingMessage) -> None:
        self._mail.remove(mail)
        what = f"{mail.event!r} from itself"
        refusal: Refused
        try:
            event, _ = event_of(self.definition, mail.message, self.limits.event_bytes)
        except Refused as error:
            refusal = error
        else:
            own = machine_caller(self.definition.name).roles
            if self._accepts(event, what, own):
                return
            refusal = not_allowed(self._instance, event, own)
        self._narrative.note(self._now, f"{what} refused: {refusal}")
        if discards_refused(self.definition) and isinstance(refusal, NotAllowed):
            return
        name = mail.event.__event__
        event = Undeliverable(self.definition.name, self.id, name, str(refusal), mail.id)
        self._accepts(event, "Undeliverable")

    def _step(self, event: AnEvent, what: str, roles: Roles = None) -> Step[D]:
        try:
            return step(self.definition, self.snapshot, event, self._now, roles=_set_of(roles))
        except StateholdError as error:
            self._narrative.note(self._now, f"{what} dropped: {error}")
            raise

    def _take(self, taken: Step[D], what: str, failed: Collection[str] = ()) -> None:
        """Applies the step, unless an engine could not store it. ``failed`` are the keys of effects
        whose failure it is about."""
        before = self._instance
        try:
            turn = Turn(self._now, WORKER, self.limits)
            advanced = advance(before, taken, turn, failed=failed)
            asked = [
                self._request(command, advanced.instance)
                for command in taken.commands
                if isinstance(command, StartEffect | StartChild)
            ]
        except StateholdError as error:
            self._narrative.note(self._now, f"{what} dropped: {error}")
            raise
        self._instance = after = advanced.instance
        self.asked += asked
        self.taken += [id for microstep in taken.trace for id in microstep.transitions]
        self._post(advanced, taken)
        notes = [self._record(command) for command in taken.commands]
        self._narrative.step(
            after.seq, self._now, what, before.state, after.state, taken.trace, notes
        )

    def _request(self, command: StartEffect | StartChild, after: InstanceState) -> Asked:
        assert after.snapshot is not None
        if isinstance(command, StartEffect):
            data = self.definition.data.copy(after.snapshot.data)
            asked = Asked(command.effect, command.key, "effect", command.state, data, self._now)
            effect = self.definition.effects.get(command.effect)
            if effect is not None and effect.event is not None:
                asked.event = asked_event(self.definition, effect, command.event)
        else:
            _, data = child_input(self.definition, command.machine, command.input)
            asked = Asked(command.machine, command.key, "machine", command.state, data, self._now)
        asked.invoke = command.invoke
        return asked

    def _post(self, advanced: Advanced, taken: Step[D]) -> None:
        """Keeps the messages to itself, and drops those that were taken back."""
        events = {one.id: one.event for one in taken.commands if isinstance(one, Send)}
        instance, commands = advanced.instance, advanced.commands
        recalled: Sequence[str] = () if commands is None else commands.recalled
        if instance.status in OVER:
            recalled = (*recalled, *instance.delayed)
        if recalled:
            kept = without([mail.message for mail in self._mail], instance.ref, recalled)
            self._mail = [mail for mail in self._mail if mail.message in kept]
        for message in () if commands is None else commands.messages:
            if message.kind == "event" and message.to == instance.ref and message.send_id:
                due = max(message.due_at or self._now, self._now)
                id = message.send_id
                self._mail.append(PendingMessage(id, due, events[id], message))

    def _record(self, command: object) -> str:
        """Records a command of a step; returns its line in the narrative."""
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
            machine, instance = command.machine or self.definition.name, command.instance or self.id
            if command.parent:
                machine, instance = "its parent", ""
            sent = Sent(machine, instance, command.event, command.delay, command.id)
            self.sent.append(sent)
            return f"sends {sent}"
        if isinstance(command, CancelSend):
            return f"takes back message {command.id}"
        if isinstance(command, Emit):
            self.emitted.append(command.event)
            return f"emits {command.event!r}"
        raise TypeError(f"unknown command {command!r}")


def _roles_in(chart: Chart) -> frozenset[str]:
    """The names of the guards that ask for a role, as a trace has them."""
    guards = (guard for transition in chart.transitions for guard in transition.guards)
    return frozenset(guard.name for guard in guards if guard.kind == "by")


def _set_of(roles: Roles) -> Collection[str] | None:
    return (roles,) if isinstance(roles, str) else roles


def by(roles: Roles) -> str:
    """Who sends, in words; nothing for trusted code."""
    names = _set_of(roles)
    return "" if names is None else f" by {', '.join(map(in_words, sorted(names))) or 'nobody'}"
