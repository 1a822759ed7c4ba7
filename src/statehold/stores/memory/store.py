"""A store that lives as long as its object: for tests, simulations and a first try.

It keeps the contract as the others do, with plain dicts, so that what runs on it runs on them.
It survives ``close``: opened again, it still has its rows, as a file would.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple

from msgspec.structs import replace

from statehold.errors import LeaseLost, StoreRefused, StoreUnavailable
from statehold.records import OVER, Entry, Message, Ref, Row, Status, Write
from statehold.store import (
    PAGE_LIMIT,
    Aside,
    Group,
    Heartbeat,
    Hint,
    Page,
    Query,
    Rollup,
    StoredChart,
    StoredDocument,
    WriteResult,
)
from statehold.stores.paging import (
    IncidentPosition,
    Position,
    check_once_each,
    cursor_of,
    finished_position_of,
    fits,
    id_position_of,
    incident_position_of,
    microseconds,
    page_size,
    position_of,
    rests,
)

#: below every time that a row can have
_FIRST = -(2**63)


class _Claim(NamedTuple):
    worker: str
    until: datetime


class Memory:
    """What memory stores keep; it outlives them, as a file or a server does.

    ``now`` is the clock that leases are measured by.
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.rows: dict[Ref, Row] = {}
        #: the order of insertion, which breaks ties between equal times
        self.order: dict[Ref, int] = {}
        self.last_order = 0
        #: (wake_at, order, ref), sorted
        self.wakes: list[tuple[datetime, int, Ref]] = []
        self.journal: dict[Ref, list[Entry]] = {}
        self.keys: dict[tuple[Ref, str], Entry] = {}
        #: by number, which rises
        self.mail: dict[int, Message] = {}
        self.mail_keys: dict[tuple[Ref, str], int] = {}
        self.last_number = 0
        self.charts: dict[str, dict[int, StoredChart]] = {}
        #: by machine, in the order of their versions
        self.documents: dict[str, dict[int, StoredDocument]] = {}
        self.rollups: dict[tuple[str, int, int, datetime, str], Rollup] = {}
        #: worker to the end of its lease
        self.leases: dict[str, datetime] = {}
        #: who has claimed a row or a message, and until when
        self.row_claims: dict[Ref, _Claim] = {}
        self.mail_claims: dict[int, _Claim] = {}
        #: rows that are set aside, each as of a ``rev``
        self.aside: dict[Ref, tuple[int, Aside]] = {}
        self.listeners: dict[MemoryStore, Callable[[Hint], None]] = {}


class MemoryStore:
    """``memory`` given: shared, one store a worker; several may be open at once, as they may be on
    a server. Else a second opening is refused, as it is for a file."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.exclusive = memory is None
        self._memory = memory or Memory()
        self._is_open = False
        self._worker = ""

    async def open(self, worker: str) -> None:
        if self._is_open:
            raise StoreRefused(
                "this memory store is open already; close it first, or give each worker a store "
                "on one shared Memory"
            )
        self._is_open = True
        self._worker = worker
        if self.exclusive:
            # those of an opening before this one, which is gone
            self._memory.row_claims.clear()
            self._memory.mail_claims.clear()

    async def close(self) -> None:
        self._is_open = False
        self._memory.listeners.pop(self, None)

    # --- workers ----------------------------------------------------------------------------

    async def join(self, worker: str, lease: timedelta) -> None:
        self._ready()
        self._worker = worker
        if not self.exclusive:
            self._memory.leases[worker] = self._memory.now() + lease

    async def beat(self, lease: timedelta) -> Heartbeat:
        self._ready()
        if self.exclusive:
            return Heartbeat(None, (self._worker,))
        now, leases = self._memory.now(), self._memory.leases
        self._check_lease()
        if leases[self._worker] > now:
            for worker, end in list(leases.items()):
                if end <= now:
                    del leases[worker]
        leases[self._worker] = now + lease
        others = (end for worker, end in leases.items() if worker != self._worker)
        return Heartbeat(now, tuple(leases), min(others, default=None))

    async def leave(self) -> None:
        self._ready()
        self._memory.leases.pop(self._worker, None)

    async def workers(self) -> tuple[str, ...]:
        self._ready()
        return (self._worker,) if self.exclusive else tuple(self._memory.leases)

    async def notify(self, hint: Hint) -> None:
        for store, heard in self._memory.listeners.items():
            if store is not self:
                heard(hint)

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        self._memory.listeners[self] = on_hint

    def _check_lease(self) -> None:
        if not self.exclusive and self._worker not in self._memory.leases:
            raise LeaseLost(self._worker)

    # --- instances --------------------------------------------------------------------------

    async def ping(self) -> None:
        self._ready()

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        self._ready()
        return {ref: self._memory.rows[ref] for ref in refs if ref in self._memory.rows}

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        self._ready()
        check_once_each(writes)
        self._check_lease()
        return [self._write(write) for write in writes]

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        self._ready()
        return {key: self._memory.keys[key] for key in keys if key in self._memory.keys}

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        self._ready()
        numbers = {
            key: self._memory.mail_keys[key] for key in keys if key in self._memory.mail_keys
        }
        return {key: self._memory.mail[number] for key, number in numbers.items()}

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        self._ready()
        held = (
            message for message in self._memory.mail.values() if message.held and message.to == ref
        )
        return list(islice(held, page_size(limit)))

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        self._ready()
        wanted, claims = set(machines), self._memory.row_claims
        places: Counter[str] = Counter()
        found: list[tuple[int, int, Ref]] = []
        come = takewhile(lambda wake: wake[0] <= now, self._memory.wakes)
        for place, (_, _, ref) in enumerate(come):
            if ref.machine in wanted and (until is None or self._is_free(claims.get(ref), now)):
                places[ref.machine] += 1
                found.append((places[ref.machine], place, ref))
        # the first of each machine, then the second of each, and so on
        page = sorted(found)[: page_size(limit)]
        rows = [self._memory.rows[ref] for _, _, ref in sorted(page, key=lambda one: one[1])]
        if until is not None:
            claims.update((row.ref, _Claim(self._worker, until)) for row in rows)
        return rows

    def _is_free(self, claim: _Claim | None, now: datetime) -> bool:
        return claim is None or claim.until <= now

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        self._ready()
        wanted = set(machines)
        waiting = (m for m in self._memory.mail.values() if not m.held and m.to.machine in wanted)
        moments = [
            message.due_at
            for message in waiting
            if message.due_at is not None and (after is None or message.due_at > after)
        ]
        wakes = (
            wake_at
            for wake_at, _, ref in self._memory.wakes
            if ref.machine in wanted and (after is None or wake_at > after)
        )
        moments += islice(wakes, 1)
        return min(moments, default=None)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        self._ready()
        wanted, living = set(machines), set(await self.workers() if alive is None else alive)
        found = (
            row
            for row in self._memory.rows.values()
            if row.machine in wanted and not living.issuperset(row.held_by)
        )
        return list(islice(found, page_size(limit)))

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        self._ready()
        for known, aside in rows:
            row = self._memory.rows.get(known.ref)
            if row is None or row.rev != known.rev:
                continue
            is_new = self._aside(row.ref) is None
            apart = replace(row, wake_at=None, held_by=(), incidents=row.incidents + is_new)
            self._keep(row.ref, row, apart)
            if is_new:
                self._memory.aside[row.ref] = (row.rev, aside)

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        self._ready()
        found = ((ref, self._aside(ref)) for ref in refs)
        return {ref: aside for ref, aside in found if aside is not None}

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        self._ready()
        refs = sorted(
            ref
            for ref in self._memory.aside
            if ref.machine in machines and (after is None or ref > after) and self._aside(ref)
        )
        return [self._memory.rows[ref] for ref in refs[: page_size(limit)]]

    def _aside(self, ref: Ref) -> Aside | None:
        rev, aside = self._memory.aside.get(ref, (0, None))
        row = self._memory.rows.get(ref)
        return aside if row is not None and row.rev == rev else None

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: int,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        self._ready()
        wanted = None if machines is None else set(machines)
        claims = self._memory.mail_claims
        #: instances that another worker is bringing an earlier message to
        taken: set[Ref] = set()
        found: list[Message] = []
        for number, message in self._memory.mail.items():
            claim = claims.get(number)
            is_mine = claim is not None and claim.worker == self._worker
            if until is not None and not is_mine and not self._is_free(claim, now):
                taken.add(message.to)
            elif (
                number > after
                and not message.held
                and message.to not in taken
                and (wanted is None or message.to.machine in wanted)
                and (message.due_at is None or message.due_at <= now)
            ):
                found.append(message)
                if len(found) == page_size(limit):
                    break
        if until is not None:
            claims.update((one.number, _Claim(self._worker, until)) for one in found)
        return found

    async def still_there(self, numbers: Sequence[int]) -> set[int]:
        self._ready()
        return set(numbers) & self._memory.mail.keys()

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        self._ready()
        counts: dict[tuple[int, Status, tuple[str, ...]], int] = {}
        for row in self._memory.rows.values():
            if row.machine == machine:
                group = (row.version, row.status, row.state)
                counts[group] = counts.get(group, 0) + 1
        return counts

    async def groups(self, machine: str) -> dict[Group, int]:
        self._ready()
        return Counter(
            Group(row.version, row.status, row.state, row.tags, row.owners)
            for row in self._memory.rows.values()
            if row.machine == machine
        )

    async def count_incidents(self, machine: str) -> int:
        self._ready()
        rows = (row.incidents for row in self._memory.rows.values() if row.machine == machine)
        return sum(islice((incidents for incidents in rows if incidents), PAGE_LIMIT))

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        self._ready()
        entries = self._memory.journal.get(ref, [])
        start = bisect_right(entries, after, key=_place)
        return entries[start : start + page_size(limit)]

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        self._ready()
        entries = self._memory.journal.get(ref, [])
        upto = entries[: bisect_left(entries, (seq + 1, 0), key=_place)]
        steps = (entry for entry in reversed(upto) if entry.part == 0)
        return list(islice(steps, page_size(limit)))

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        self._ready()
        found = [
            (_incident_position(row), row)
            for row in self._memory.rows.values()
            if row.incidents > 0 and machine in (None, row.machine)
        ]
        if cursor is not None:
            last = incident_position_of(cursor)
            found = [item for item in found if item[0] > last]
        found.sort(key=lambda item: item[0])
        size = page_size(limit)
        rows = tuple(row for _, row in found[:size])
        return Page(rows, cursor_of(_incident_position(rows[-1])) if len(found) > size else None)

    async def charts(self, machine: str) -> list[StoredChart]:
        self._ready()
        return [chart for _, chart in sorted(self._memory.charts.get(machine, {}).items())]

    async def add_chart(self, chart: StoredChart) -> None:
        self._ready()
        self._memory.charts.setdefault(chart.machine, {}).setdefault(chart.version, chart)

    async def documents(self) -> dict[str, int]:
        self._ready()
        return {machine: max(kept) for machine, kept in self._memory.documents.items()}

    async def document(self, machine: str, version: int) -> StoredDocument | None:
        self._ready()
        return self._memory.documents.get(machine, {}).get(version)

    async def add_document(self, document: StoredDocument, most: int) -> bool:
        self._ready()
        kept = self._memory.documents
        machine = document.machine
        if max(kept.get(machine, (0,))) >= document.version or len({*kept, machine}) > most:
            return False
        kept.setdefault(machine, {})[document.version] = document
        return True

    # --- one write: everything is asked before anything is changed --------------------------

    def _ready(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("the memory store is not open; open it first")

    def _write(self, write: Write) -> WriteResult:
        ref = write.row.ref
        before = self._memory.rows.get(ref)
        if (before.rev if before else None) != write.expected_rev:
            return WriteResult.CONFLICT
        taken = set(write.consumed)
        if len(taken) != len(write.consumed) or not taken <= self._memory.mail.keys():
            return WriteResult.CONFLICT
        if self._uses_a_key_again(write, taken | self._recalled(write)):
            return WriteResult.KEY_USED
        if self._repeats_a_place(write):
            return WriteResult.CONFLICT
        for number in taken:
            self._take(number)
        for number in self._recalled(write):
            self._take(number)
        if write.released:
            self._release(ref)
        for message in write.messages:
            self._put(message)
        for entry in write.entries:
            self._note(entry)
        self._keep(ref, before, write.row)
        return WriteResult.WRITTEN

    def _recalled(self, write: Write) -> set[int]:
        if not write.recalled:
            return set()
        wanted, sender = set(write.recalled), write.row.ref
        return {
            number
            for number, message in self._memory.mail.items()
            if message.send_id in wanted and message.sender == sender
        }

    def _uses_a_key_again(self, write: Write, leaving: set[int]) -> bool:
        brought = [(Ref(e.machine, e.id), e.key) for e in write.entries if e.key is not None]
        brought += [(m.to, m.key) for m in write.messages if m.key is not None]
        return len(set(brought)) != len(brought) or any(
            key in self._memory.keys or self._memory.mail_keys.get(key, 0) not in leaving | {0}
            for key in brought
        )

    def _repeats_a_place(self, write: Write) -> bool:
        brought = [(Ref(e.machine, e.id), _place(e)) for e in write.entries]
        return len(set(brought)) != len(brought) or any(
            self._index_of(ref, place) is not None for ref, place in brought
        )

    def _index_of(self, ref: Ref, place: tuple[int, int]) -> int | None:
        entries = self._memory.journal.get(ref, [])
        index = bisect_left(entries, place, key=_place)
        return index if index < len(entries) and _place(entries[index]) == place else None

    def _take(self, number: int) -> None:
        self._memory.mail_claims.pop(number, None)
        message = self._memory.mail.pop(number, None)
        if message is not None and message.key is not None:
            del self._memory.mail_keys[message.to, message.key]

    def _release(self, ref: Ref) -> None:
        for number, message in self._memory.mail.items():
            if message.held and message.to == ref:
                self._memory.mail[number] = replace(message, held=False)

    def _put(self, message: Message) -> None:
        self._memory.last_number += 1
        self._memory.mail[self._memory.last_number] = replace(
            message, number=self._memory.last_number
        )
        if message.key is not None:
            self._memory.mail_keys[message.to, message.key] = self._memory.last_number

    def _note(self, entry: Entry) -> None:
        ref = Ref(entry.machine, entry.id)
        insort(self._memory.journal.setdefault(ref, []), entry, key=_place)
        if entry.key is not None:
            self._memory.keys[ref, entry.key] = entry

    def _keep(self, ref: Ref, before: Row | None, row: Row) -> None:
        if before is None:
            self._memory.last_order += 1
            self._memory.order[ref] = self._memory.last_order
        order = self._memory.order[ref]
        if before is not None and before.wake_at is not None:
            del self._memory.wakes[bisect_left(self._memory.wakes, (before.wake_at, order, ref))]
        if row.wake_at is not None:
            insort(self._memory.wakes, (row.wake_at, order, ref))
        self._memory.rows[ref] = row
        self._memory.row_claims.pop(ref, None)

    async def discard(self, numbers: Sequence[int]) -> None:
        self._ready()
        for number in numbers:
            self._take(number)

    # --- what is counted --------------------------------------------------------------------

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        self._ready()
        self._memory.rollups.update((_rollup_key(rollup), rollup) for rollup in rollups)

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        self._ready()
        found = [
            rollup
            for rollup in self._memory.rollups.values()
            if rollup.machine == machine
            and rollup.start >= since
            and version in (None, rollup.version)
        ]
        return sorted(found, key=lambda rollup: rollup.start, reverse=True)[:limit]

    async def old_rollups(self, span: int, before: datetime, limit: int) -> list[Rollup]:
        self._ready()
        found = [
            rollup
            for rollup in self._memory.rollups.values()
            if rollup.span == span and rollup.start < before
        ]
        oldest = sorted(found, key=lambda rollup: rollup.start)[: page_size(limit)]
        return sorted(oldest, key=lambda one: (one.machine, one.version, one.start, one.source))

    async def exchange_rollups(self, gone: Sequence[Rollup], by: Rollup | None) -> bool:
        self._ready()
        kept = self._memory.rollups
        if any(kept.get(_rollup_key(rollup)) != rollup for rollup in gone):
            return False
        for rollup in gone:
            del kept[_rollup_key(rollup)]
        if by is not None:
            kept[_rollup_key(by)] = by
        return True

    # --- what is over -----------------------------------------------------------------------

    async def finished(
        self,
        machine: str,
        before: datetime,
        limit: int,
        cursor: str | None = None,
        now: datetime | None = None,
        until: datetime | None = None,
    ) -> Page:
        self._ready()
        order = self._memory.order
        last = (_FIRST, 0) if cursor is None else finished_position_of(cursor)
        found = sorted(
            ((microseconds(row.since), order[row.ref]), row)
            for row in self._memory.rows.values()
            if row.machine == machine and row.status in OVER and row.since <= before
        )
        page = [item for item in found if item[0] > last][: page_size(limit)]
        is_last = not page or page[-1] is found[-1]
        rows = [row for _, row in page]
        if now is not None and until is not None:
            claims = self._memory.row_claims
            rows = [row for row in rows if self._is_free(claims.get(row.ref), now) and rests(row)]
            claims.update((row.ref, _Claim(self._worker, until)) for row in rows)
        return Page(tuple(rows), None if is_last else cursor_of(page[-1][0]))

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        self._ready()
        ends = {end for message in self._memory.mail.values() for end in _ends(message)}
        return ends.intersection(refs)

    async def forget(self, rows: Sequence[Row]) -> list[bool]:
        mailed = await self.mailed([row.ref for row in rows])
        return [row.ref not in mailed and self._forget(row) for row in rows]

    def _forget(self, known: Row) -> bool:
        ref = known.ref
        row = self._memory.rows.get(ref)
        if row is None or row.status not in OVER:
            return False
        # `created_at` tells it from one that was started under its id since
        if (row.rev, row.created_at) != (known.rev, known.created_at):
            return False
        order = self._memory.order.pop(ref)
        if row.wake_at is not None:
            del self._memory.wakes[bisect_left(self._memory.wakes, (row.wake_at, order, ref))]
        for entry in self._memory.journal.pop(ref, ()):
            if entry.key is not None:
                del self._memory.keys[ref, entry.key]
        self._memory.row_claims.pop(ref, None)
        self._memory.aside.pop(ref, None)
        del self._memory.rows[ref]
        return True

    async def sweep(self, limit: int) -> int:
        """Nothing is left: there are no transactions here to be kept short."""
        self._ready()
        return 0

    def _list_by_id(self, query: Query) -> Page:
        last = "" if query.cursor is None else id_position_of(query.cursor)
        found = sorted(
            (row for row in self._memory.rows.values() if _is_wanted(row, query) and row.id > last),
            key=lambda row: row.id,
        )
        size = page_size(query.limit)
        return Page(tuple(found[:size]), cursor_of(found[size - 1].id) if found[size:] else None)

    def _list_by_since(self, query: Query) -> Page:
        order = self._memory.order
        last = (_FIRST, 0) if query.cursor is None else finished_position_of(query.cursor)
        found = sorted(
            ((microseconds(row.since), order[row.ref]), row)
            for row in self._memory.rows.values()
            if _is_wanted(row, query)
        )
        found = [item for item in found if item[0] > last]
        size = page_size(query.limit)
        rows = tuple(row for _, row in found[:size])
        return Page(rows, cursor_of(found[size - 1][0]) if found[size:] else None)

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        self._ready()
        if query.prefix:
            return self._list_by_id(query)
        if query.order == "since":
            return self._list_by_since(query)
        found = [
            (_position(row), row) for row in self._memory.rows.values() if _is_wanted(row, query)
        ]
        if query.cursor is not None:
            last = position_of(query.cursor)
            found = [item for item in found if item[0] < last]
        found.sort(key=lambda item: item[0], reverse=True)
        size = page_size(query.limit)
        rows = tuple(row for _, row in found[:size])
        return Page(rows, cursor_of(_position(rows[-1])) if len(found) > size else None)


def _ends(message: Message) -> tuple[Ref, ...]:
    return (message.to,) if message.sender is None else (message.to, message.sender)


def _rollup_key(rollup: Rollup) -> tuple[str, int, int, datetime, str]:
    return (rollup.machine, rollup.version, rollup.span, rollup.start, rollup.source)


def _place(entry: Entry) -> tuple[int, int]:
    return (entry.seq, entry.part)


def _position(row: Row) -> Position:
    return (microseconds(row.created_at), row.id)


def _incident_position(row: Row) -> IncidentPosition:
    return (microseconds(row.changed_at), row.machine, row.id)


def _is_wanted(row: Row, query: Query) -> bool:
    return (
        row.machine == query.machine
        and fits(query, row.version, row.status, row.state, row.tags, row.owners)
        and (query.in_state_since is None or row.since <= query.in_state_since)
        and (not query.incidents or row.incidents > 0)
        and (not query.prefix or row.id.startswith(query.prefix))
        and all(row.indexes.get(name) == value for name, value in query.where.items())
    )
