"""An instance in a worker's hands: as it was committed, and as a turn is changing it.

A :class:`Held` is what the store has, decoded once. A :class:`Draft` starts from one, gathers what
the requests of a turn do to it, and comes to one :class:`~statehold.store.Write`. Each of its
methods does all of its work or raises before it has changed anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct
from pydantic_core import PydanticSerializationError, to_json

from statehold.chart.machine import Definition
from statehold.engine.answer import Answer
from statehold.engine.change import change_between
from statehold.engine.document import (
    Document,
    Parent,
    Try,
    decode_document,
    encode_document,
    encode_plain,
    restore,
)
from statehold.engine.events import event_json, jsonable
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed, TooLarge
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
from statehold.interpreter.snapshot import Snapshot, Step
from statehold.store import Entry, Message, Ref, Row, Status, Write
from statehold.wire import Caller, EffectRecord, JournalBody

#: every so many steps the journal keeps the data whole, which bounds the work of reading it back
CHECKPOINT = 64

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode
_NO_TRIES: Mapping[str, Try] = {}


class Held(Struct, frozen=True):
    """What the store has of an instance. ``snapshot`` None: its version's code is not here."""

    row: Row
    document: Document | None
    snapshot: Snapshot[Any] | None
    raw: bytes
    output: bytes | None
    tries: Mapping[str, Try]
    parent: Parent | None
    parts: int


def hold(definition: Definition[Any], row: Row) -> Held:
    """Decodes a row; raises ``InvalidPayload`` where its data no longer fits the type."""
    document = decode_document(row.document)
    here = definition.version == row.version
    return Held(
        row,
        None if here else document,
        restore(definition, row, document) if here else None,
        bytes(document.data),
        None if document.output is None else bytes(document.output),
        document.tries,
        document.parent,
        document.parts,
    )


class Origin(Struct, frozen=True):
    """What made a step happen, for the journal."""

    kind: str
    event: Any = None
    caller: Caller = Caller()
    cause: str | None = None
    reason: str | None = None
    key: str | None = None
    #: outcomes of effects that the step is about
    effects: tuple[EffectRecord, ...] = ()


class Draft:
    """One instance during one turn."""

    def __init__(
        self,
        ref: Ref,
        definition: Definition[Any],
        held: Held | None,
        limits: Limits,
        worker: str,
    ) -> None:
        self.ref = ref
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
        #: keys of effects to perform, and to stop, once this is committed
        self.started: list[str] = []
        self.stopped: list[str] = []
        #: None while the instance is of a version whose code is not here; then ``document`` is it
        self.snapshot: Snapshot[Any] | None = None
        self.document: Document | None = None
        self.raw = b""
        self.output: bytes | None = None
        self.tries: Mapping[str, Try] = _NO_TRIES
        self.parent: Parent | None = None
        self.parts = 0
        self.version = definition.version
        self.seq = 0
        self.status: Status = "running"
        self.state: tuple[str, ...] = ()
        self.tags: tuple[str, ...] = ()
        self.owners: tuple[str, ...] = ()
        self.indexes: Mapping[str, str] = {}
        if held is not None:
            self._resume(held)

    def _resume(self, held: Held) -> None:
        self.snapshot = held.snapshot
        self.document = held.document
        self.raw = held.raw
        self.output = held.output
        self.tries = held.tries
        self.parent = held.parent
        self.parts = held.parts
        row = held.row
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
        self, step: Step[Any], tries: Mapping[str, Try], origin: Origin, now: datetime
    ) -> None:
        """An upgrade: the snapshot is of another version, so its data is kept whole."""
        raw, snapshot = self._checked(step.snapshot)
        before = self.raw, self.tries
        self.raw, self.tries = b"", tries
        try:
            self._apply(step, snapshot, raw, origin, now)
        except BaseException:
            self.raw, self.tries = before
            raise
        self.document = None

    def _checked(self, snapshot: Snapshot[Any]) -> tuple[bytes, Snapshot[Any]]:
        """The data as JSON, and the snapshot with the data as it will be read back.

        What is stored is what the next step sees, in this process or in another, and data that
        could not be loaded again is refused while the one who made it is still there.
        """
        data = self.definition.data
        raw = data.dump(snapshot.data)
        if len(raw) > self.limits.data_bytes:
            raise TooLarge(f"the data of {self.name}", len(raw), self.limits.data_bytes)
        return raw, Snapshot(
            snapshot.configuration,
            data.parse(raw, "the data after the step"),
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
        indexes = self.indexes if raw == self.raw else self._indexed(after)
        output = self._output(after)
        sent: tuple[dict[str, Any], ...] = ()
        messages: list[Message] = []
        recalled: list[str] = []
        effects = origin.effects
        timers: dict[str, datetime | None] = {}
        emitted: tuple[Any, ...] = ()
        if step.commands:
            sent, messages, recalled = self._posted(step, now)
            asked, timers, emitted = self._recorded(step)
            effects = (*effects, *asked)
        whole = not self.raw or after.seq % CHECKPOINT == 1
        body = _encode(
            JournalBody(
                self.definition.version,
                after.configuration.leaves,
                "done" if after.done else self.status,
                origin.event,
                origin.caller.name or None,
                origin.cause,
                step.trace,
                Raw(raw) if whole else msgspec.UNSET,
                None
                if whole or raw == self.raw
                else change_between(_decode(self.raw), _decode(raw)),
                effects,
                timers,
                sent,
                emitted,
                None if output is None else Raw(output),
                origin.reason,
            )
        )

        # nothing below raises
        self.touched = True
        if after.configuration.leaves != self.state or not self.state:
            self.since = now
        self.snapshot = after
        self.raw = raw
        self.output = output
        self.indexes = indexes
        self.version = self.definition.version
        self.seq = after.seq
        self.parts = 0
        self.state = after.configuration.leaves
        self.tags = after.configuration.tags
        self.owners = after.configuration.owners
        self.changed_at = now
        self.messages.extend(messages)
        self.recalled.extend(recalled)
        self._follow(step)
        if after.done:
            self.status = "done"
            self._tell_parent({"output": None if output is None else Raw(output)})
        self.entries.append(
            Entry(
                self.ref.machine,
                self.ref.id,
                after.seq,
                0,
                now,
                origin.kind,
                body,
                origin.key,
                None if origin.key is None else self.answer(origin.caller).json(),
            )
        )

    def _recorded(
        self, step: Step[Any]
    ) -> tuple[tuple[EffectRecord, ...], dict[str, datetime | None], tuple[Any, ...]]:
        """What the step asks of the outside, for the journal."""
        effects: list[EffectRecord] = []
        timers: dict[str, datetime | None] = {}
        emitted: list[Any] = []
        names = {} if self.snapshot is None else {e.key: e.name for e in self.snapshot.effects}
        for command in step.commands:
            if isinstance(command, StartEffect):
                names[command.key] = command.effect
                effects.append(EffectRecord(command.key, command.effect, "asked"))
            elif isinstance(command, StartChild):
                names[command.key] = command.machine
                effects.append(EffectRecord(command.key, command.machine, "asked"))
            elif isinstance(command, CancelEffect):
                name = names.get(command.key, command.invoke)
                effects.append(EffectRecord(command.key, name, "cancelled"))
            elif isinstance(command, SetTimer):
                timers[command.timer] = command.due
            elif isinstance(command, CancelTimer):
                timers[command.timer] = None
            elif isinstance(command, Emit):
                emitted.append(event_json(command.event))
        return tuple(effects), timers, tuple(emitted)

    def _posted(
        self, step: Step[Any], now: datetime
    ) -> tuple[tuple[dict[str, Any], ...], list[Message], list[str]]:
        """What the step sends to other instances, for the journal and for the mailbox."""
        sent: list[dict[str, Any]] = []
        messages: list[Message] = []
        recalled: list[str] = []
        for command in step.commands:
            if isinstance(command, Send):
                to = Ref(command.machine or self.ref.machine, command.instance or self.ref.id)
                event = event_json(command.event)
                body = _encode({"event": event, "cause": f"{self.name}#{step.snapshot.seq}"})
                if len(body) > self.limits.event_bytes:
                    raise TooLarge(f"an event sent to {to.machine}/{to.id}", len(body),
                                   self.limits.event_bytes)  # fmt: skip
                due = None if command.delay is None else now + command.delay
                messages.append(Message(to, "event", body, due, self.ref, command.id))
                sent.append({"to": f"{to.machine}/{to.id}", "event": event, "due": due})
            elif isinstance(command, CancelSend):
                recalled.append(command.id)
            elif isinstance(command, StartChild):
                child = Ref(command.machine, self.child_id(command.key))
                parent = Parent(self.ref, command.key, command.invoke)
                body = _encode({"data": jsonable(command.input), "parent": parent})
                messages.append(Message(child, "start", body, None, self.ref, None))
                sent.append({"to": f"{child.machine}/{child.id}", "start": True})
        return tuple(sent), messages, recalled

    def _follow(self, step: Step[Any]) -> None:
        """Keeps the tries in step with the effects that are in flight."""
        if not step.commands and not self.tries:
            return
        tries = dict(self.tries)
        for command in step.commands:
            if isinstance(command, StartEffect):
                tries[command.key] = Try(1, self.worker)
                self.started.append(command.key)
            elif isinstance(command, StartChild):
                child = Ref(command.machine, self.child_id(command.key))
                tries[command.key] = Try(1, child=child)
            elif isinstance(command, CancelEffect):
                self._stop(tries, command.key)
        running = {effect.key for effect in step.snapshot.effects}
        for key in [key for key, one in tries.items() if one.kind == "effect"]:
            if key not in running:
                del tries[key]
        timers = {timer.id for timer in step.snapshot.timers}
        for key in [key for key, one in tries.items() if one.kind == "timer"]:
            if key.removeprefix("timer:") not in timers:
                del tries[key]
        self.tries = tries

    def _stop(self, tries: dict[str, Try], key: str) -> None:
        known = tries.pop(key, None)
        self.stopped.append(key)
        if known is not None and known.child is not None:
            self.messages.append(Message(known.child, "cancel", b"{}", None, self.ref))

    def child_id(self, key: str) -> str:
        return f"{self.ref.id}:{key}"

    def _tell_parent(self, end: dict[str, Any]) -> None:
        if self.parent is not None:
            body = _encode({**end, "key": self.parent.key, "invoke": self.parent.invoke})
            self.messages.append(Message(self.parent.ref, "end", body, None, self.ref))

    # --- what is not a step ---

    def hold(self, message: Message) -> None:
        """Keeps something for later; the row is written so that the two stand together."""
        self.touched = True
        self.messages.append(message)

    def consume(self, number: int) -> None:
        """The message of this number has had its effect."""
        self.touched = True
        self.consumed.append(number)

    def orphan(self) -> None:
        """Its parent does not want to hear of its end."""
        self.parent = None

    def settle_silently(self, snapshot: Snapshot[Any], key: str) -> None:
        """An effect is over and no transition takes its outcome: only the effect goes."""
        self.touched = True
        self.snapshot = snapshot
        tries = dict(self.tries)
        tries.pop(key, None)
        self.tries = tries

    def set_try(self, key: str, one: Try | None) -> None:
        tries = dict(self.tries)
        if one is None:
            tries.pop(key, None)
        else:
            tries[key] = one
        self.touched = True
        self.tries = tries

    def note(
        self,
        kind: str,
        now: datetime,
        *,
        effects: tuple[EffectRecord, ...] = (),
        caller: Caller = Caller(),  # noqa: B008 - frozen
        event: Any = None,
        cause: str | None = None,
        reason: str | None = None,
        key: str | None = None,
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
            reason=reason,
        )
        self.touched = True
        self.parts += 1
        self.changed_at = now
        self.entries.append(
            Entry(
                self.ref.machine, self.ref.id, self.seq, self.parts, now, kind, _encode(body),
                key, None if key is None else self.answer(caller).json(),
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
        )
        self.entries.append(
            Entry(self.ref.machine, self.ref.id, self.seq, 0, now, origin.kind, _encode(body))
        )

    def _abandon(self, origin: Origin, now: datetime) -> None:
        """Nothing of a cancelled instance goes on."""
        self.since = now
        tries = dict(self.tries)
        for key in list(tries):
            self._stop(tries, key)
        self.tries = _NO_TRIES
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

    @property
    def name(self) -> str:
        return f"{self.ref.machine}/{self.ref.id}"

    def answer(self, caller: Caller = Caller(), *, held: bool = False) -> Answer:  # noqa: B008
        return Answer(
            self.definition,
            self.row(0),
            self.snapshot,
            self.raw,
            self.output,
            roles=caller.roles,
            held=held,
        )

    def row(self, rev: int, document: bytes = b"") -> Row:
        snapshot = self.snapshot
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
            wake_at=self._wake_at(),
            held_by=self._held_by(),
            incidents=self._incidents(),
            deadline=(
                min(one.due for one in snapshot.deadlines)
                if snapshot is not None and snapshot.deadlines
                else None
            ),
            document=document,
        )

    def write(self) -> tuple[Write, Held]:
        """What to commit, and what is held once it is."""
        before = None if self.held is None else self.held.row.rev
        row = self.row(1 if before is None else before + 1, self._encoded())
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
            self.tries,
            self.parent,
            self.parts,
        )
        return write, held

    def _encoded(self) -> bytes:
        if self.snapshot is None:
            assert self.document is not None
            document = msgspec.structs.replace(
                self.document, tries=dict(self.tries), parts=self.parts
            )
            self.document = document
            return encode_plain(document)
        return encode_document(
            self.definition,
            self.snapshot,
            self.raw,
            self.output,
            self.tries,
            self.parent,
            self.parts,
        )

    def _wake_at(self) -> datetime | None:
        if self.status == "paused":
            return None
        snapshot = self.snapshot
        timers = () if self.status != "running" else (
            snapshot.timers if snapshot is not None
            else self.document.timers if self.document is not None else ()
        )  # fmt: skip
        if not timers and not self.tries:
            return None
        tries = self.tries
        if "upgrade" in tries and tries["upgrade"].incident_at is not None:
            return None
        earliest: datetime | None = None
        for timer in timers:
            put_off = tries.get(f"timer:{timer.id}")
            due = timer.due if put_off is None else put_off.next_at
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        for one in tries.values():
            if one.kind == "effect" and one.next_at is not None and (
                earliest is None or one.next_at < earliest
            ):
                earliest = one.next_at
        return earliest

    def _held_by(self) -> tuple[str, ...]:
        if not self.tries:
            return ()
        return tuple(sorted({one.worker for one in self.tries.values() if one.worker}))

    def _incidents(self) -> int:
        if not self.tries:
            return 0
        return sum(one.incident_at is not None for one in self.tries.values())

    def _output(self, snapshot: Snapshot[Any]) -> bytes | None:
        if snapshot.output is None or not snapshot.done:
            return self.output
        try:
            return to_json(snapshot.output)
        except PydanticSerializationError as error:
            raise ActionFailed("output", error) from error

    def _indexed(self, snapshot: Snapshot[Any]) -> Mapping[str, str]:
        functions = self.definition.indexes
        if not functions:
            return {}
        found: dict[str, str] = {}
        for name, function in functions.items():
            try:
                value = function(snapshot.data)
            except Exception as error:
                raise ActionFailed(f"index {name}", error) from error
            if value is not None:
                found[name] = str(value)
        return found
