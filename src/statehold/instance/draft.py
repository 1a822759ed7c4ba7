"""One instance while a turn is changing it.

A draft starts from what is held, gathers what the requests of the turn do, and comes to one
:class:`~statehold.records.Write`. Each of its methods does all of its work or raises before it has
changed anything.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Raw, Struct

from statehold.chart.machine import Definition
from statehold.chart.payload import indexed, settle_data, write_output
from statehold.errors import ActionFailed, InstanceUnreadable, Refused, TooLarge
from statehold.instance.attempts import (
    Attempt,
    AttemptEvent,
    Followed,
    abandon,
    earliest_due,
    follow,
    holders,
    incident_count,
)
from statehold.instance.commands import Record, sampled, traced, without
from statehold.instance.data_diff import change_between
from statehold.instance.limits import InstanceLimits
from statehold.instance.loaded import Held, is_count
from statehold.instance.reply import Answer
from statehold.instance.stored import Document, compact, encode_document, encode_plain
from statehold.interpreter.snapshot import Snapshot, Step
from statehold.interpreter.trace import Microstep
from statehold.records import (
    Caller,
    EffectRecord,
    Entry,
    JournalBody,
    Message,
    Parent,
    Ref,
    Row,
    Status,
    Write,
)

#: every so many steps the journal keeps the data whole, which bounds the work of reading it back
CHECKPOINT = 64

ANYONE = Caller()

_encode = msgspec.json.Encoder().encode
_NO_ATTEMPTS: dict[str, Attempt] = {}
_NOTHING_DELAYED: dict[str, datetime] = {}
_NOTHING_ENTERED: dict[str, datetime | None] = {}


class Origin(Struct, frozen=True, gc=False):
    """What made a step happen, for the journal."""

    kind: str
    event: Any = None
    caller: Caller = ANYONE
    cause: str | None = None
    reason: str | None = None
    key: str | None = None
    #: the fingerprint of a request that has a key
    given: str | None = None
    #: outcomes of effects that the step is about
    effects: tuple[EffectRecord, ...] = ()


class Mishap(NamedTuple):
    """An attempt that failed: of an effect, a timer's step, an upgrade or a message."""

    name: str
    later: Attempt
    #: where its error was raised
    traceback: str = ""


class Assigner(Protocol):
    """Decides who performs attempts of effects."""

    def holder(self, definition: Definition[Any], effect: str, worker: str) -> str:
        """Who performs the next attempt of the effect: ``worker``, or a marker."""
        ...


class Draft:
    """The present state of the instance in this turn, and what is to be written of it."""

    #: where the request that is applied now stands in its trace; goes with what it causes
    trace: str = ""
    #: what became of effects, for who observes it
    told: tuple[EffectRecord, ...] = ()
    #: what is to be in the log once this is committed
    mishaps: tuple[Mishap, ...] = ()
    #: why the instance can't be read, where this is what is left of it
    unreadable: InstanceUnreadable | None = None
    #: it could not be read before this turn, and can be now
    mended: bool = False
    #: not woken before then, whatever is due
    rest_until: datetime | None = None

    def __init__(
        self,
        ref: Ref,
        definition: Definition[Any],
        held: Held | None,
        limits: InstanceLimits,
        worker: str,
        now: datetime,
        capacity: Assigner,
    ) -> None:
        self.ref = ref
        self._capacity = capacity
        #: the moment of the turn: whatever it does happens then
        self.now = now
        self.definition = definition
        self.limits = limits
        self.worker = worker
        self.held = held
        self.entries: list[Entry] = []
        self.messages: list[Message] = []
        self.consumed: list[int] = []
        self.recalled: list[str] = []
        self.released = False
        self.touched = False
        #: the answer to the last step, where it had to be worked out at once
        self._prepared: Answer | None = None
        #: keys of effects to perform, and to stop, once this is committed
        self.started: list[str] = []
        self.stopped: list[str] = []
        #: what the steps of this turn did, and how long states that they left had been active
        self.traces: list[tuple[Microstep, ...]] = []
        self.stays: list[tuple[str, timedelta]] = []
        #: active states and since when; None: that was not noted
        self.entered: Mapping[str, datetime | None] = _NOTHING_ENTERED
        #: None while the instance is of a version whose code is not here; then ``document`` is it
        self.snapshot: Snapshot[Any] | None = None
        self.document: Document | None = None
        self.raw = b""
        self.output: bytes | None = None
        self.attempts: Mapping[str, Attempt] = _NO_ATTEMPTS
        self.parent: Parent | None = None
        self.parts = 0
        #: how many messages are held for it
        self.waiting = 0
        #: what it sent for later, by its ``send_id``, and when that is due
        self.delayed: Mapping[str, datetime] = _NOTHING_DELAYED
        self.version = definition.version
        self.seq = 0
        self.status: Status = "running"
        self.state: tuple[str, ...] = ()
        self.tags: tuple[str, ...] = ()
        self.owners: tuple[str, ...] = ()
        self.indexes: Mapping[str, str] = {}
        if held is not None:
            self._resume(held, held.row)

    def _resume(self, held: Held, row: Row) -> None:
        self.snapshot = held.snapshot
        self.document = held.document
        self.raw = held.raw
        self.output = held.output
        self.attempts = held.attempts
        self.parent = held.parent
        self.parts = held.parts
        self.waiting = held.waiting
        self.delayed = held.delayed
        self.entered = held.entered
        self.version = row.version
        self.seq = row.seq
        self.status = row.status
        self.state = row.state
        self.tags = row.tags
        self.owners = row.owners
        self.indexes = row.indexes
        self.created_at = row.created_at
        self.since = row.since
        self.changed_at = row.changed_at

    @property
    def exists(self) -> bool:
        return self.held is not None or self.touched

    @property
    def wakes_in_vain(self) -> bool:
        """Whether the row is due, and nothing of the instance."""
        if self.held is None or self.held.row.wake_at is None:
            return False
        due = self._due()
        return self.held.row.wake_at <= self.now and (due is None or due > self.now)

    @property
    def name(self) -> str:
        return f"{self.ref.machine}/{self.ref.id}"

    def performer_of(self, effect: str) -> str:
        """Who performs the next attempt of the effect: this worker, or whoever has a place.

        By the name that the worker had as the turn began, whatever it is called by now: only what
        stands under that name is begun after the commit.
        """
        return self._capacity.holder(self.definition, effect, self.worker)

    def twin(self) -> Draft:
        """One like it, to try several steps on that stand or fall together."""
        other = copy.copy(self)
        for name in (
            "entries", "messages", "consumed", "recalled", "started", "stopped", "traces", "stays",
        ):  # fmt: skip
            setattr(other, name, list(getattr(self, name)))
        return other

    def become(self, other: Draft) -> None:
        """Takes over what its twin has come to."""
        self.__dict__.update(other.__dict__)

    # --- steps ---

    def begin(
        self, step: Step[Any], origin: Origin, now: datetime, parent: Parent | None = None
    ) -> None:
        """The first step of a new instance."""
        raw, snapshot = self._checked(step.snapshot)
        self.parent = parent
        self.created_at = self.since = now
        self._apply(step, snapshot, raw, origin, now)

    def advance(self, step: Step[Any], origin: Origin, now: datetime) -> None:
        """A step was taken; it is written to the journal."""
        before = self.snapshot
        snapshot = step.snapshot
        raw = self.raw
        if before is None or snapshot.data is not before.data:
            raw, snapshot = self._checked(snapshot)
        self._apply(step, snapshot, raw, origin, now)

    def replace(
        self, step: Step[Any], attempts: Mapping[str, Attempt], origin: Origin, now: datetime
    ) -> None:
        """An upgrade: the snapshot is of another version, so its data is kept whole."""
        raw, snapshot = self._checked(step.snapshot)
        before = self.raw, self.attempts
        entered = self._carried(step.snapshot)
        self.raw, self.attempts = b"", attempts
        try:
            self._apply(step, snapshot, raw, origin, now)
        except BaseException:
            self.raw, self.attempts = before
            raise
        self.entered = entered
        self.document = None

    def _checked(self, snapshot: Snapshot[Any]) -> tuple[bytes, Snapshot[Any]]:
        """The data as JSON, and the snapshot with the data as it will be read back."""
        what, limit = f"the data of {self.name}", self.limits.data_bytes
        raw, value = settle_data(self.definition, snapshot.data, what, limit)
        return raw, Snapshot(
            snapshot.configuration,
            value,
            snapshot.seq,
            snapshot.instance,
            snapshot.history,
            snapshot.timers,
            snapshot.effects,
            snapshot.deadlines,
            snapshot.done,
            snapshot.output,
        )

    def _apply(
        self,
        step: Step[Any],
        after: Snapshot[Any],
        raw: bytes,
        origin: Origin,
        now: datetime,
    ) -> None:
        output = self._output(after)
        status: Status = "done" if after.done else self.status
        record = self._record(step, now) if step.commands else None
        delayed = self.delayed if record is None else self._delayed(record, now)
        indexes = self.indexes
        if raw != self.raw:
            indexes = indexed(self.definition, after.data) if self.definition.indexes else {}
        body = self._body(step, after, raw, output, status, origin, record)
        answer: Answer | None = None
        reply: bytes | None = None
        definition = self.definition
        if origin.key is not None or definition.view is not None or definition.data.has_computed:
            # a view that raises has to do so before there is anything to take back
            answer = self._answer(after, raw, output, status, origin.caller)
            reply = self._reply(answer)
        entry = Entry(
            self.ref.machine,
            self.ref.id,
            after.seq,
            0,
            now,
            origin.kind,
            _encode(body),
            origin.key,
            None if origin.key is None else reply,
        )

        # nothing below raises
        self.touched = True
        if body.effects:
            self.told += body.effects
        self._prepared = answer
        self.entries.append(entry)
        configuration = after.configuration
        if configuration.leaves != self.state:
            self.since = now
        if step.trace:
            self._move(step.trace, now)
        self.snapshot = after
        self.raw = raw
        self.output = output
        self.indexes = indexes
        self.version = self.definition.version
        self.seq = after.seq
        self.parts = 0
        self.status = status
        self.state = configuration.leaves
        self.tags = configuration.tags
        self.owners = configuration.owners
        self.changed_at = now
        if record is not None:
            if record.recalled:
                # sent by a step of this very turn: the store does not have it yet
                self.messages = without(self.messages, self.ref, record.recalled)
            self.messages.extend(record.messages)
            self.recalled.extend(record.recalled)
        self.delayed = delayed
        if record is not None or self.attempts:
            failed = [one.key for one in origin.effects if one.what == "failed"]
            self._followed(
                follow(
                    self.attempts,
                    step,
                    self.ref,
                    self.worker,
                    self.performer_of,
                    failed=failed,
                    trace=self.trace,
                )
            )
        if after.done:
            self._take_back_delayed()
            self._let_go()
            self._tell_parent({"output": None if output is None else Raw(output)})

    def _move(self, trace: tuple[Microstep, ...], now: datetime) -> None:
        """Which states are active since when, once these microsteps are done."""
        self.traces.append(trace)
        entered: dict[str, datetime | None] | None = None
        for microstep in trace:
            if not microstep.exited and not microstep.entered:
                continue
            if entered is None:
                entered = dict(self.entered)
            for state in microstep.exited:
                since = entered.pop(state, None)
                if since is not None:
                    self.stays.append((state, now - since))
            for state in microstep.entered:
                entered[state] = now
        if entered is not None:
            self.entered = entered

    def _carried(self, snapshot: Snapshot[Any]) -> dict[str, datetime | None]:
        """The same after an upgrade: a state that has kept its name goes on, of another nobody
        knows since when it has been what it is now."""
        known = self.entered
        return {state: known.get(state) for state in snapshot.configuration.states if state}

    def _body(
        self,
        step: Step[Any],
        after: Snapshot[Any],
        raw: bytes,
        output: bytes | None,
        status: Status,
        origin: Origin,
        record: Record | None,
    ) -> JournalBody:
        whole = not self.raw or after.seq % CHECKPOINT == 1
        return JournalBody(
            self.definition.version,
            after.configuration.leaves,
            status,
            origin.event,
            origin.caller.name or None,
            origin.cause,
            step.trace,
            Raw(raw) if whole else msgspec.UNSET,
            None if whole or raw == self.raw else change_between(self.raw, raw),
            origin.effects if record is None else (*origin.effects, *record.effects),
            {} if record is None else record.timers,
            () if record is None else tuple(record.sent),
            () if record is None else tuple(record.emitted),
            None if output is None else Raw(output),
            origin.reason,
            sampled(self.trace) if self.trace else None,
            origin.given,
        )

    def _record(self, step: Step[Any], now: datetime) -> Record:
        before = () if self.snapshot is None else self.snapshot.effects
        try:
            return Record(
                self.ref,
                step.snapshot.seq,
                step.commands,
                before,
                now,
                self.limits.event_bytes,
                self.trace,
                self.parent,
                self.definition,
            )
        except Refused:
            raise
        except Exception as error:
            raise ActionFailed("what the step sends", error) from error

    def _delayed(self, record: Record, now: datetime) -> Mapping[str, datetime]:
        """What it has sent for later once this step is done; raises ``TooLarge`` beyond a limit."""
        ends_with_it = self.definition.chart.policy.messages == "session"
        if not ends_with_it or not (self.delayed or record.delayed):
            return self.delayed
        before = {id: due for id, due in self.delayed.items() if due > now}
        found = {id: due for id, due in before.items() if id not in record.recalled}
        found |= record.delayed
        if len(found) > self.limits.delayed:
            what = f"what {self.name} has sent for later"
            raise TooLarge(what, len(found), self.limits.delayed, "delayed messages")
        return found

    def _take_back_delayed(self) -> None:
        """It is over, and what it sent for later ends with it (SCXML 6.2.4)."""
        if self.delayed:
            self.messages = without(self.messages, self.ref, tuple(self.delayed))
            self.recalled += [id for id in self.delayed if id not in self.recalled]
            self.delayed = _NOTHING_DELAYED

    def _reply(self, answer: Answer) -> bytes:
        try:
            return answer.json()
        except Exception as error:
            raise ActionFailed("view", error.__cause__ or error) from error

    def _followed(self, after: Followed) -> None:
        self.attempts = after.attempts
        self.started.extend(after.started)
        self.stopped.extend(after.stopped)
        for child in after.abandoned:
            body = _encode(traced({}, self.trace))
            self.messages.append(Message(child, "cancel", body, None, self.ref))

    def _tell_parent(self, end: dict[str, Any]) -> None:
        if self.parent is not None:
            told = {**end, "key": self.parent.key, "invoke": self.parent.invoke}
            body = _encode(traced(told, self.trace))
            self.messages.append(Message(self.parent.ref, "end", body, None, self.ref))

    # --- what is not a step ---

    def post(self, message: Message) -> None:
        """Sends something; the row is written so that the two stand together."""
        self.touched = True
        self.messages.append(message)

    def hold(self, message: Message, limit: int | None = None) -> None:
        """Keeps something until the instance is resumed; raises ``TooLarge`` beyond ``limit``."""
        if limit is not None and self.waiting >= limit:
            raise TooLarge(f"what is held for {self.name}", self.waiting + 1, limit, "messages")
        self.waiting += 1
        self.post(message)

    def release(self) -> list[Message]:
        """Nothing is held from now on; gives what this very turn held, which no store has yet."""
        here = [message for message in self.messages if message.held and message.to == self.ref]
        self.messages = [message for message in self.messages if message not in here]
        self.waiting = 0
        self.released = True
        return here

    def _let_go(self) -> None:
        """It is over: what is held for it goes out, to be refused where its senders hear of it."""
        if self.waiting:
            here = self.release()
            self.messages += [msgspec.structs.replace(one, held=False) for one in here]

    def consume(self, number: int) -> None:
        """The message of this number has had its effect."""
        self.touched = True
        self.consumed.append(number)

    def orphan(self) -> None:
        """Its parent does not want to hear of its end."""
        self.parent = None

    def settle_silently(self, snapshot: Snapshot[Any], key: str, event: AttemptEvent) -> None:
        """An effect has ended and no transition takes its outcome: only the effect goes."""
        self.snapshot = snapshot
        self.end_attempt(key, event)

    def set_attempt(self, key: str, attempt: Attempt) -> None:
        self.touched = True
        self.attempts = {**self.attempts, key: attempt}

    def end_attempt(self, key: str, event: AttemptEvent) -> None:
        """Ends the attempt of this key, if there is one, by one of the events that end attempts."""
        self.touched = True
        if key in self.attempts:
            self.attempts[key].end(event)
            self.attempts = {one: it for one, it in self.attempts.items() if one != key}

    def note(
        self,
        kind: str,
        now: datetime,
        *,
        effects: tuple[EffectRecord, ...] = (),
        caller: Caller = ANYONE,
        event: Any = None,
        cause: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        given: str | None = None,
        timers: dict[str, datetime | None] | None = None,
    ) -> None:
        """Adds a line to the journal that is no step."""
        body = JournalBody(
            version=self.version,
            state=self.state,
            status=self.status,
            event=event,
            caller=caller.name or None,
            cause=cause,
            effects=effects,
            timers=timers or {},
            reason=reason,
            trace=sampled(self.trace) if self.trace else None,
            given=given,
        )
        self.touched = True
        if effects:
            self.told += effects
        self.parts += 1
        self.changed_at = now
        self.entries.append(
            Entry(
                self.ref.machine, self.ref.id, self.seq, self.parts, now, kind, _encode(body),
                # only what was held has one here; repeated, it is answered as it was then
                key, None if key is None else self.answer(caller, held=True).json(),
            )
        )  # fmt: skip

    def mark(self, status: Status, origin: Origin, now: datetime) -> None:
        """Pause, resume, cancel: a step that moves no state."""
        self.touched = True
        self.status = status
        self.seq += 1
        self.parts = 0
        self.changed_at = now
        if status == "cancelled":
            self._abandon(origin, now)
        if self.snapshot is not None:
            self.snapshot = msgspec.structs.replace(self.snapshot, seq=self.seq)
        body = JournalBody(
            version=self.version,
            state=self.state,
            status=status,
            caller=origin.caller.name or None,
            reason=origin.reason,
            data=Raw(self.raw) if self.seq % CHECKPOINT == 1 else msgspec.UNSET,
            trace=sampled(self.trace) if self.trace else None,
        )
        self.entries.append(
            Entry(self.ref.machine, self.ref.id, self.seq, 0, now, origin.kind, _encode(body))
        )

    def _abandon(self, origin: Origin, now: datetime) -> None:
        """Nothing of a cancelled instance goes on; what it holds is refused."""
        self.since = now
        self._take_back_delayed()
        self._let_go()
        self._followed(abandon(self.attempts))
        self._tell_parent({"error": "Cancelled", "message": origin.reason or "cancelled"})
        if self.snapshot is not None:
            self.snapshot = msgspec.structs.replace(
                self.snapshot, effects=(), timers=(), deadlines=(), done=True
            )
        if self.document is not None:
            self.document = msgspec.structs.replace(
                self.document, effects=(), timers=(), deadlines=()
            )

    # --- the outcome ---

    def answer(self, caller: Caller = ANYONE, *, held: bool = False) -> Answer:
        """The instance as it is now, for whoever asked."""
        prepared = self._prepared
        if prepared is not None and prepared.is_for(self.snapshot, self.status, caller, held):
            return prepared
        return self._answer(self.snapshot, self.raw, self.output, self.status, caller, held=held)

    def _answer(
        self,
        snapshot: Snapshot[Any] | None,
        raw: bytes,
        output: bytes | None,
        status: Status,
        caller: Caller,
        *,
        held: bool = False,
    ) -> Answer:
        here = snapshot is not None
        return Answer(
            self.definition,
            self.ref,
            self.definition.version if here else self.version,
            snapshot.seq if snapshot is not None else self.seq,
            status,
            snapshot.configuration.leaves if snapshot is not None else self.state,
            snapshot.configuration.tags if snapshot is not None else self.tags,
            snapshot.configuration.owners if snapshot is not None else self.owners,
            snapshot,
            raw,
            output,
            caller.roles,
            held,
        )

    def write(self) -> tuple[Write, Held]:
        """What to commit, and what is held once it is."""
        before = None if self.held is None else self.held.row.rev
        # a damaged one begins anew: what is written has to differ from it, and no more
        rev = 1 if before is None or not is_count(before) else before + 1
        row = self._row(rev, self._encoded())
        write = Write(
            row,
            before,
            self.entries,
            self.messages,
            self.consumed,
            self.recalled,
            self.released,
        )
        held = Held(
            row,
            self.document,
            self.snapshot,
            self.raw,
            self.output,
            self.attempts,
            self.parent,
            self.parts,
            self.waiting,
            self.delayed,
            self.entered,
            self.definition,
        )
        return write, held

    def _row(self, rev: int, document: bytes) -> Row:
        deadlines = () if self.snapshot is None else self.snapshot.deadlines
        attempts = self.attempts
        wake_at = self._due()
        if self.rest_until is not None and wake_at is not None:
            wake_at = max(wake_at, self.rest_until)
        return Row(
            machine=self.ref.machine,
            id=self.ref.id,
            version=self.version,
            seq=self.seq,
            rev=rev,
            status=self.status,
            state=self.state,
            tags=self.tags,
            owners=self.owners,
            indexes=self.indexes,
            created_at=self.created_at,
            since=self.since,
            changed_at=self.changed_at,
            wake_at=wake_at,
            held_by=holders(attempts) if attempts else (),
            incidents=incident_count(attempts) if attempts else 0,
            deadline=min((one.due for one in deadlines), default=None) if deadlines else None,
            document=document,
        )

    def _due(self) -> datetime | None:
        under_way = self.snapshot or self.document
        timers = () if under_way is None else under_way.timers
        return earliest_due(self.status, timers, self.attempts) if timers or self.attempts else None

    def _encoded(self) -> bytes:
        if self.snapshot is None:
            assert self.document is not None
            document = msgspec.structs.replace(
                self.document,
                attempts=dict(self.attempts),
                parts=self.parts,
                held=self.waiting,
                delayed=dict(self.delayed),
            )
            self.document = document
            return encode_plain(document)
        return encode_document(
            self.definition,
            self.snapshot,
            self.raw,
            self.output,
            self.attempts,
            self.parent,
            self.parts,
            self.waiting,
            self.delayed,
            compact(self.entered, self.since),
        )

    def _output(self, snapshot: Snapshot[Any]) -> bytes | None:
        if snapshot.output is None or not snapshot.done:
            return self.output
        return write_output(snapshot.output)
