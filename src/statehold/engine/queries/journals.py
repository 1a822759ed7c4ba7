"""Reads what happened to an instance: its journal, and the past that is folded from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from statehold.engine.commit.keys import shown_key
from statehold.engine.queries.finder import Finder
from statehold.errors import (
    BeyondEnd,
    InstanceUnreadable,
    InvalidPayload,
    TooLarge,
    UnknownInstance,
)
from statehold.instance.data_diff import apply_change
from statehold.instance.journal import CHECKPOINT
from statehold.records import Caller, Entry, JournalBody, Ref, Row, Status
from statehold.store import PAGE_LIMIT, Store
from statehold.wire.journal import Journal, JournalEntry

#: bytes of a page's lines, and of the data that are shown with them; a page ends about there,
#: however many lines were asked for
PAGE_BYTES = 500_000
#: lines that are read before it is known how long they are
FIRST_LINES = 20
#: lines of one step in a page of the journal, which is not cut inside a step
STEP_LINES = 100_000

_encode = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(JournalBody).decode


class Past(Struct, frozen=True):
    """An instance as it was after the step ``seq``; ``data`` is plain JSON values."""

    machine: str
    id: str
    seq: int
    at: datetime
    version: int
    status: Status
    state: tuple[str, ...]
    data: Any


class JournalQueries:
    def __init__(self, store: Store, finder: Finder) -> None:
        self._store = store
        self._finder = finder

    async def journal(
        self, ref: Ref, after: int, limit: int, caller: Caller, *, data: bool
    ) -> Journal:
        """``limit`` counts lines, at most ``PAGE_LIMIT``; a page has no part of a step, so one
        whose first step has more lines is longer, and one of many bytes has fewer. Raises
        ``TooLarge`` above ``STEP_LINES``, and ``BeyondEnd`` where the instance has no step
        ``after``."""
        row = await self._finder.row(ref, caller, "inspect")
        await self.check_reached(row, after)
        after = max(-1, after)
        entries = await self._whole_steps(ref, after, max(1, min(limit, PAGE_LIMIT)))
        # what came since the caller's right was asked for may not be the caller's any more
        entries = [entry for entry in entries if entry.seq <= row.seq]
        values: Mapping[int, Any] = {}
        if data and entries:
            values = await self._data_at(ref, entries)
            entries = [entry for entry in entries if entry.seq <= max(values)]
        lines = [shown(entry, values) for entry in entries]
        last = entries[-1].seq if entries else None
        return Journal(entries=lines, after=last if last != row.seq else None)

    async def at(self, ref: Ref, seq: int, caller: Caller) -> Past:
        """Raises ``InvalidPayload`` for a seq that the instance has not reached."""
        row = await self._finder.row(ref, caller, "inspect")
        if not 1 <= seq <= row.seq:
            raise InvalidPayload("the seq", {"seq": f"has to be 1 to {row.seq}, not {seq}"})
        entries = await self.before(ref, seq, CHECKPOINT + 1)
        body = body_of(entries[0])
        return Past(
            ref.machine,
            ref.id,
            seq,
            entries[0].at,
            body.version,
            body.status,
            body.state,
            _folded(entries),
        )

    async def check_reached(self, row: Row, seq: int) -> None:
        """Raises ``BeyondEnd``."""
        if seq <= row.seq:
            return
        # a commit whose entry was read already may be about to replace what is cached
        ref = row.ref
        there = (await self._store.load([ref])).get(ref)
        if there is None or there.seq < seq:
            raise BeyondEnd(ref.machine, ref.id, seq, row.seq)

    async def before(self, ref: Ref, seq: int, limit: int) -> Sequence[Entry]:
        entries = await self._store.journal_before(ref, seq, limit)
        if not entries:
            # it was purged since it was looked at
            raise UnknownInstance(ref.machine, ref.id)
        return entries

    async def _whole_steps(self, ref: Ref, after: int, limit: int) -> Sequence[Entry]:
        """At most ``limit`` entries of the steps above ``after``, each step whole: the next page
        begins after a step, and the rest of one would be lost."""
        entries, are_all = await self._lines(ref, (after + 1, -1), limit)
        if are_all:
            return entries
        last = entries[-1].seq
        beyond = await self._store.journal(ref, place(entries[-1]), 1)
        if not beyond or beyond[0].seq != last:
            return entries
        if entries[0].seq != last:
            return [entry for entry in entries if entry.seq != last]
        while True:
            more = await self._store.journal(ref, place(entries[-1]), PAGE_LIMIT)
            entries += [entry for entry in more if entry.seq == last]
            if len(entries) > STEP_LINES:
                what = f"step {last} of {ref.machine}/{ref.id}, which can only be watched,"
                raise TooLarge(what, len(entries), STEP_LINES, "lines")
            if len(more) < PAGE_LIMIT or more[-1].seq != last:
                return entries

    async def _lines(
        self, ref: Ref, after: tuple[int, int], limit: int
    ) -> tuple[list[Entry], bool]:
        """At most ``limit`` entries, fewer where they have many bytes; and whether none follow."""
        entries: list[Entry] = []
        size = 0
        while len(entries) < limit and size < PAGE_BYTES:
            wanted = FIRST_LINES
            if entries:
                wanted = _fitting(len(entries), size, PAGE_BYTES - size)
            wanted = min(limit - len(entries), wanted)
            more = await self._store.journal(ref, after, wanted)
            for entry in more:
                size += len(entry.body)
                if entries and size > PAGE_BYTES:
                    return entries, False
                entries.append(entry)
            if len(more) < wanted:
                return entries, True
            after = place(more[-1])
        return entries, False

    async def backwards(self, ref: Ref, seq: int, limit: int) -> AsyncIterator[Entry]:
        """At most ``limit`` steps up to this one, newest first; few of them are held at once."""
        read, wanted = 0, FIRST_LINES
        while read < limit and seq > 0:
            wanted = min(limit - read, wanted)
            entries = await (self._store.journal_before if read else self.before)(ref, seq, wanted)
            for entry in entries:
                yield entry
            if len(entries) < wanted:
                return
            read += wanted
            wanted = _fitting(wanted, sum(len(entry.body) for entry in entries), PAGE_BYTES)
            seq = entries[-1].seq - 1

    async def _data_at(self, ref: Ref, entries: Sequence[Entry]) -> dict[int, Any]:
        """The data after each of these steps, or, where they have many bytes, after the first of
        them."""
        first = entries[0].seq
        before = await self.before(ref, first, CHECKPOINT + 1)
        data = _folded(before)
        values: dict[int, Any] = {first: data}
        size = total = len(_encode(data))
        for entry in entries:
            if entry.part == 0 and entry.seq > first:
                after = _next(data, body_of(entry))
                if after is not data:
                    data, size = after, len(_encode(after))
                total += size
                if total > PAGE_BYTES:
                    break
                values[entry.seq] = data
        return values


def _fitting(read: int, size: int, room: int) -> int:
    """How many lines to read next after so many of this size: as many as fit into the room if they
    are as long, at most twice as many as before, in case they are longer."""
    return max(1, min(2 * read, room * read // max(size, 1)))


def body_of(entry: Entry) -> JournalBody:
    try:
        return _body(entry.body)
    except (msgspec.MsgspecError, RecursionError) as error:
        why = f"the line {entry.seq}.{entry.part} of its journal can't be read: {error}"
        raise InstanceUnreadable(entry.machine, entry.id, 0, why) from error


def place(entry: Entry) -> tuple[int, int]:
    return (entry.seq, entry.part)


def _next(data: Any, body: JournalBody) -> Any:
    if body.data is not UNSET:
        return body.data
    return data if body.change is None else apply_change(data, body.change)


def _folded(entries: Sequence[Entry]) -> Any:
    """The data after the first of these, which are newest first and reach a whole one."""
    changes: list[JournalBody] = []
    for entry in entries:
        body = body_of(entry)
        changes.append(body)
        if body.data is not UNSET:
            break
    else:
        last = entries[0]
        why = f"its journal has no whole data within {len(entries)} steps before seq {last.seq}"
        raise InstanceUnreadable(last.machine, last.id, 0, why)
    data: Any = None
    for body in reversed(changes):
        data = _next(data, body)
    return data


def shown(entry: Entry, values: Mapping[int, Any]) -> JournalEntry:
    body = body_of(entry)
    return JournalEntry(
        seq=entry.seq,
        part=entry.part,
        at=entry.at,
        kind=entry.kind,
        version=body.version,
        state=list(body.state),
        status=body.status,
        event=body.event,
        key=shown_key(entry.key),
        caller=body.caller,
        proved=body.proved,
        cause=body.cause,
        steps=[msgspec.to_builtins(microstep) for microstep in body.steps],
        change=body.change,
        data=values.get(entry.seq) if entry.part == 0 else None,
        effects=[msgspec.to_builtins(effect) for effect in body.effects],
        timers=body.timers,
        sent=list(body.sent),
        emitted=list(body.emitted),
        output=body.output,
        reason=body.reason,
        trace=body.trace,
    )
