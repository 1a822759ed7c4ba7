"""One instance while a turn changes it.

A draft starts from the last commit, collects the changes of the turn's requests, and ends in one
:class:`~statehold.records.Write`. The instance in it is a frozen value, which each change replaces.
Each method succeeds wholly, or raises before it has changed anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from statehold.chart.event import Cancellation
from statehold.chart.machine import Definition
from statehold.errors import ActionFailed, InstanceUnreadable, TooLarge
from statehold.instance.advance import Advanced, advance
from statehold.instance.attempts import Attempt, AttemptEvent, Followed, abandon
from statehold.instance.commands import traced, without
from statehold.instance.journal import Origin, mark_entry, note_entry, step_entry
from statehold.instance.loaded import Loaded
from statehold.instance.outcomes import LastFailure, untaken
from statehold.instance.reply import InstanceReply
from statehold.instance.state import InstanceState, not_started
from statehold.instance.stored import is_count, row_of
from statehold.instance.turn import Turn
from statehold.instance.views import view_of
from statehold.interpreter.snapshot import InFlight, Snapshot, Step
from statehold.interpreter.step import cancel
from statehold.interpreter.trace import Microstep
from statehold.records import (
    ANYONE,
    AuditEntry,
    Caller,
    EffectRecord,
    Entry,
    Message,
    MessageId,
    Parent,
    Ref,
    Status,
    Write,
)

_encode = msgspec.json.Encoder().encode


class FailedAttempt(NamedTuple):
    """An attempt that failed: of an effect, a timer's step, an upgrade or a message."""

    name: str
    next: Attempt
    #: where its error was raised
    traceback: str = ""


class Prepared(Struct, frozen=True, gc=False):
    """A step that is ready to be applied: nothing of it can fail any more."""

    advanced: Advanced
    microsteps: tuple[Microstep, ...]
    effects: tuple[EffectRecord, ...]
    entry: Entry
    #: the reply to the request, where it had to be made before the step was acknowledged
    reply: InstanceReply | None


class Draft:
    """The instance as this turn has changed it, and what is to be written."""

    __slots__ = (
        "_reply",
        "asks",
        "audit",
        "consumed",
        "definition",
        "effects",
        "entries",
        "failed_attempts",
        "instance",
        "is_mended",
        "loaded",
        "messages",
        "now",
        "recalled",
        "ref",
        "released",
        "started",
        "stays",
        "stopped",
        "touched",
        "trace",
        "traces",
        "turn",
        "unreadable",
    )  # fmt: skip

    def __init__(
        self, ref: Ref, definition: Definition[Any], loaded: Loaded | None, turn: Turn
    ) -> None:
        self.ref = ref
        #: the version that runs here
        self.definition = definition
        #: as it was committed last; None: it did not exist
        self.loaded = loaded
        self.turn = turn
        self.now = turn.now
        self.instance: InstanceState = (
            not_started(ref, definition, turn.now) if loaded is None else loaded.instance
        )
        #: the trace context of the request that is applied now; it goes with what that causes
        self.trace = ""
        #: there is something to write
        self.touched = False
        self.entries: list[Entry] = []
        self.messages: tuple[Message, ...] = ()
        #: messages to take out of the mailbox
        self.consumed: tuple[MessageId, ...] = ()
        #: ``send_id`` of messages to take back
        self.recalled: tuple[str, ...] = ()
        #: held messages become deliverable
        self.released = False
        #: keys of effects to start, and to stop, once this is committed
        self.started: tuple[str, ...] = ()
        self.stopped: tuple[str, ...] = ()
        #: what the steps did, and how long states that they left had been active
        self.traces: list[tuple[Microstep, ...]] = []
        self.stays: tuple[tuple[str, timedelta], ...] = ()
        #: what happened to effects
        self.effects: tuple[EffectRecord, ...] = ()
        #: to be logged once this is committed
        self.failed_attempts: tuple[FailedAttempt, ...] = ()
        #: why the instance can't be read, if the draft has only what remains of it
        self.unreadable: InstanceUnreadable | None = None
        #: it could not be read before this turn, and can be read now
        self.is_mended = False
        #: raises where the caller that causes an upgrade may not change what it makes
        self.asks: Callable[[Definition[Any], InstanceState], None] | None = None
        #: lines of the audit log
        self.audit: list[AuditEntry] = []
        self._reply: InstanceReply | None = None

    @property
    def exists(self) -> bool:
        return self.loaded is not None or self.touched

    @property
    def is_woken_in_vain(self) -> bool:
        """Whether the row is due, but nothing of the instance is."""
        if self.loaded is None or self.loaded.row.wake_at is None:
            return False
        due = self.instance.due_at
        return self.loaded.row.wake_at <= self.now and (due is None or due > self.now)

    def assign(self, effect: str) -> str:
        """Who runs the next attempt of the effect: this worker, or a marker for any worker."""
        return self.turn.assigner.holder(self.definition, effect, self.turn.worker)

    # --- steps ---

    def begin(self, step: Step[Any], origin: Origin, parent: Parent | None = None) -> None:
        """The first step of a new instance."""
        before = self.instance
        if parent is not None:
            before = replace(before, parent=parent)
        self.apply(self.prepare(step, origin, before))

    def advance(self, step: Step[Any], origin: Origin) -> None:
        """A step was taken."""
        self.apply(self.prepare(step, origin, self.instance))

    def cancel(self, cancellation: Cancellation, origin: Origin) -> None:
        """Cancels an instance of the version that runs here: its chart takes it, or it is over. A
        paused one goes on with it. One that was cancelled before stays as it is."""
        before = self.instance
        assert before.snapshot is not None
        step = cancel(self.definition, before.snapshot, self.now, cancellation)
        if not step.accepted:
            return
        if before.status == "paused":
            before = replace(before, status="running")
        self.apply(self.prepare(step, origin, before))
        self._deliver_held()

    def carry_over(
        self,
        step: Step[Any],
        attempts: Mapping[str, Attempt],
        origin: Origin,
        onward: Step[Any],
        then: Origin,
    ) -> None:
        """An upgrade: a step to a snapshot of this version, and the immediate one after it if it
        was accepted. Both are applied or neither. The journal keeps the data whole."""
        carried = self.prepare(step, origin, replace(self.instance, data=b"", attempts=attempts))
        after = carried.advanced.instance
        # a state that has kept its name goes on; of any other, the time of entry is not known
        known = self.instance.entered
        states = step.snapshot.configuration.states
        entered = {state: known.get(state) for state in states if state}
        advanced = replace(carried.advanced, instance=replace(after, entered=entered))
        prepared = [replace(carried, advanced=advanced)]
        if onward.accepted:
            prepared.append(self.prepare(onward, then, advanced.instance))
        if self.asks is not None:
            self.asks(self.definition, prepared[-1].advanced.instance)
        for one in prepared:
            self.apply(one)

    def prepare(self, step: Step[Any], origin: Origin, before: InstanceState) -> Prepared:
        """The step as it would be committed; raises where it can't be, and changes nothing."""
        effects = origin.effects
        failed = [one.key for one in effects if one.what == "failed"] if effects else ()
        advanced = advance(before, step, self.turn, trace=self.trace, failed=failed)
        if advanced.commands is not None:
            effects = (*effects, *advanced.commands.effects)
        reply, stored = None, None
        # a view by role, too, is made before the step is acknowledged
        named = view_of(origin.caller.roles, before.definition) is not None
        if origin.key is not None or advanced.view is not None or named:
            reply = InstanceReply(advanced.instance, origin.caller, view=advanced.view)
        if reply is not None and (origin.key is not None or named):
            try:
                shown = reply.json()
                stored = None if origin.key is None else shown
            except Exception as error:
                raise ActionFailed("view", error.__cause__ or error) from error
        entry = step_entry(before, advanced, step, effects, origin, self.trace, stored)
        return Prepared(advanced, step.trace, effects, entry, reply)

    def apply(self, prepared: Prepared) -> None:
        advanced = prepared.advanced
        self.touched = True
        self.entries.append(prepared.entry)
        self.traces.append(prepared.microsteps)
        self.instance = instance = advanced.instance
        self._reply = prepared.reply
        self.stays += advanced.stays
        self.effects += prepared.effects
        commands = advanced.commands
        if commands is not None:
            if commands.recalled:
                # one that was sent in this turn is not in the store yet
                self.messages = without(self.messages, self.ref, commands.recalled)
                self.recalled += tuple(commands.recalled)
            self.messages += tuple(commands.messages)
        if advanced.attempts is not None:
            self._follow(advanced.attempts)
        if instance.status == "done":
            output = None if instance.output is None else Raw(instance.output)
            self._end({"output": output})
        elif instance.status == "cancelled":
            self._end_cancelled()

    def _follow(self, after: Followed) -> None:
        self.started += tuple(after.started)
        self.stopped += tuple(after.stopped)
        for child in after.abandoned:
            body = _encode(traced({}, self.trace))
            self.messages += (Message(child, "cancel", body, None, self.ref),)

    def _end(self, outcome: dict[str, Any]) -> None:
        """It is over: messages that end with it are taken back (SCXML 6.2.4), those held for it are
        released, to be refused and sent back, and its parent gets the outcome."""
        instance = self.instance
        delayed, parent = instance.delayed, instance.parent
        cancellation = instance.cancellation
        if cancellation is not None and cancellation.by_parent:
            # it waits for no outcome
            parent = None
        if delayed:
            self.messages = without(self.messages, self.ref, tuple(delayed))
            self.recalled += tuple(id for id in delayed if id not in self.recalled)
        self._deliver_held()
        if delayed:
            self.instance = replace(self.instance, delayed={})
        if parent is not None:
            end = {**outcome, "key": parent.key, "invoke": parent.invoke}
            body = _encode(traced(end, self.trace))
            self.messages += (Message(parent.ref, "end", body, None, self.ref),)

    def _end_cancelled(self) -> None:
        """As :meth:`_end`; what waits for a person waits no longer."""
        for key, known in self.instance.attempts.items():
            if known.kind == "message":
                self.end_attempt(key, "cancel")
        cancellation = self.instance.cancellation
        why = "" if cancellation is None else cancellation.reason
        self._end({"error": "Cancelled", "message": why or "cancelled"})

    def _deliver_held(self) -> None:
        """What is held for it is delivered once this is committed."""
        if self.instance.held:
            here = self.release()
            self.messages += tuple(replace(one, held=False) for one in here)

    # --- what is not a step ---

    def change(self, **fields: Any) -> None:
        """Replaces fields of the instance."""
        self.instance = replace(self.instance, **fields)
        self.touched = True

    def post(self, message: Message) -> None:
        """Sends a message; the row is written so that the two stand together."""
        self.touched = True
        self.messages += (message,)

    def hold(self, message: Message, limit: int | None = None) -> None:
        """Keeps a message until the instance is resumed; raises ``TooLarge`` beyond ``limit``."""
        held = self.instance.held
        if limit is not None and held >= limit:
            what = f"what is held for {self.ref.machine}/{self.ref.id}"
            raise TooLarge(what, held + 1, limit, "messages")
        self.change(held=held + 1)
        self.messages += (message,)

    def release(self) -> list[Message]:
        """Ends the holding of messages. Returns those held in this turn, which no store has yet."""
        here = [message for message in self.messages if message.held and message.to == self.ref]
        self.messages = tuple(message for message in self.messages if message not in here)
        self.released = True
        self.change(held=0)
        return here

    def consume(self, message: Message) -> None:
        """The message is taken out of the mailbox; one of this turn is not there yet."""
        if message.id is not None:
            self.touched = True
            self.consumed += (message.id,)

    def leave_untaken(
        self, effect: InFlight, failed: LastFailure | None, snapshot: Snapshot[Any]
    ) -> None:
        """As :func:`.outcomes.untaken`."""
        self.instance = untaken(self.instance, effect, failed, snapshot, self.now)
        self.touched = True

    def set_attempt(self, key: str, attempt: Attempt) -> None:
        self.change(attempts={**self.instance.attempts, key: attempt})

    def end_attempt(self, key: str, event: AttemptEvent) -> None:
        """Ends the attempt of this key, if there is one, by one of the events that end attempts."""
        self.touched = True
        attempts = dict(self.instance.attempts)
        known = attempts.pop(key, None)
        if known is not None:
            known.end(event)
            self.change(attempts=attempts)

    def note(self, origin: Origin, *, timers: dict[str, datetime | None] | None = None) -> None:
        """Adds an entry to the journal that is no step."""
        # only a held request has a key here; repeated, it gets the reply that it got then
        reply = None if origin.key is None else self.reply(origin.caller, held=True).json()
        self.change(part=self.instance.part + 1, changed_at=self.now)
        self.effects += origin.effects
        self.entries.append(note_entry(self.instance, origin, timers, self.trace, reply))

    def mark(self, status: Status, origin: Origin) -> None:
        """Pause, resume, cancel by force: a step that moves no state."""
        instance = self.instance
        seq = instance.seq + 1
        snapshot = instance.snapshot
        if snapshot is not None:
            snapshot = replace(snapshot, seq=seq)
        self.change(status=status, seq=seq, part=0, changed_at=self.now, snapshot=snapshot)
        if status == "cancelled":
            self._cancel(origin.reason or "cancelled")
        self.entries.append(mark_entry(self.instance, origin, self.trace))

    def _cancel(self, why: str) -> None:
        """Ends all that is in progress; nothing of the chart runs."""
        instance = self.instance
        snapshot, unloaded = instance.snapshot, instance.unloaded
        if snapshot is not None:
            snapshot = replace(snapshot, effects=(), timers=(), deadlines=(), done=True)
        if unloaded is not None:
            unloaded = replace(unloaded, effects=(), timers=(), deadlines=())
        after = abandon(instance.attempts)
        self.change(since=self.now, snapshot=snapshot, unloaded=unloaded, attempts=after.attempts)
        self._follow(after)
        self._end({"error": "Cancelled", "message": why})

    # --- the outcome ---

    def reply(self, caller: Caller = ANYONE, *, held: bool = False) -> InstanceReply:
        """The instance as it is now, for the caller."""
        known = self._reply
        if (
            known is not None
            and known.instance is self.instance
            and (known.caller is caller or known.caller == caller)
            and known.held == held
        ):
            return known
        return InstanceReply(self.instance, caller, held=held)

    def write(self) -> tuple[Write, Loaded]:
        """What to commit, and what was committed last once it is."""
        before = None if self.loaded is None else self.loaded.row.rev
        rev = 1 if before is None else before + 1
        if before is not None and not is_count(before):
            # damaged: on from one that no write had, as ids of messages have it
            rev = int(self.now.timestamp() * 1_000_000)
        row = row_of(self.instance, rev)
        write = Write(
            row,
            before,
            self.entries,
            self.messages,
            self.consumed,
            self.recalled,
            self.released,
            self.audit,
        )
        return write, Loaded(row, self.instance)
