"""A store that lives as long as its object: for tests, simulations and a first try.

It follows the same contract as the others, with plain dicts. It survives ``close``: opened again,
it still has its rows, as a file would.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

from msgspec.structs import replace

from statehold.errors import LeaseLost, StoreRefused, StoreUnavailable
from statehold.records import AuditEntry, Entry, Message, MessageId, Ref, Row, Status, Write
from statehold.store import (
    PAGE_LIMIT,
    Aside,
    Group,
    Heartbeat,
    Hint,
    NewestDocument,
    Page,
    Query,
    Rollup,
    Standby,
    StoredChart,
    StoredDocument,
    WriteResult,
)
from statehold.stores.memory.mailbox import Claim, Place
from statehold.stores.memory.memory import Memory, entry_position
from statehold.stores.memory.pages import finished_page, incidents_page, list_page
from statehold.stores.memory.security import MemorySecurity
from statehold.stores.paging import (
    audit_of_gone,
    check_once_each,
    page_size,
    rests,
)


class MemoryStore(MemorySecurity):
    """With ``memory`` it is shared, one store for each worker, and several may be open at once, as
    on a database server. Without, a second opening is refused, as for a file."""

    standby: Standby | None = None

    def __init__(self, memory: Memory | None = None) -> None:
        self.exclusive = memory is None
        self._memory = memory or Memory()
        self._is_open = False
        self._worker = ""
        #: which call of ``mail`` has claimed each machine and partition last, counted
        self._claimed: dict[Place, int] = {}

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
        for store, on_hint in self._memory.listeners.items():
            if store is not self:
                on_hint(hint)

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
        return [self._memory.write(write) for write in writes]

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        self._ready()
        return {key: self._memory.keys[key] for key in keys if key in self._memory.keys}

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        self._ready()
        mail = self._memory.mail
        return {key: mail.messages[mail.keys[key]] for key in keys if key in mail.keys}

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        self._ready()
        number = self._memory.numbers.get(ref, 0)
        return self._memory.mail.held_for(ref, number)[: page_size(limit)]

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        self._ready()
        wanted, claims = set(machines), self._memory.row_claims
        places: Counter[str] = Counter()
        found: list[tuple[int, int, Ref]] = []
        come = takewhile(lambda wake: wake[0] <= now, self._memory.wakes)
        for place, (_, _, ref) in enumerate(come):
            if ref.machine in wanted and (until is None or Claim.is_free(claims.get(ref), now)):
                places[ref.machine] += 1
                found.append((places[ref.machine], place, ref))
        # the first of each machine, then the second of each, and so on
        page = sorted(found)[: page_size(limit)]
        rows = [self._memory.rows[ref] for _, _, ref in sorted(page, key=lambda one: one[1])]
        if until is not None:
            claims.update((row.ref, Claim(self._worker, until)) for row in rows)
        return rows

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        self._ready()
        wanted = set(machines)
        mailed = self._memory.mail.next_due(wanted, after)
        moments = [] if mailed is None else [mailed]
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
            is_new = self._memory.aside_of(row.ref) is None
            apart = replace(row, wake_at=None, held_by=(), incidents=row.incidents + is_new)
            self._memory.keep(row.ref, row, apart)
            if is_new:
                self._memory.aside[row.ref] = (row.rev, aside)

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        self._ready()
        found = ((ref, self._memory.aside_of(ref)) for ref in refs)
        return {ref: aside for ref, aside in found if aside is not None}

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        self._ready()
        refs = sorted(
            ref
            for ref in self._memory.aside
            if ref.machine in machines
            and (after is None or ref > after)
            and self._memory.aside_of(ref)
        )
        return [self._memory.rows[ref] for ref in refs[: page_size(limit)]]

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: MessageId | None,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        self._ready()
        wanted = None if machines is None else set(machines)
        mail = self._memory.mail
        if until is None or self.exclusive:
            # of one worker, there are no others to keep away
            places = mail.places(wanted)
        elif after is None:
            workers = len(self._memory.leases)
            mine = Claim(self._worker, until)
            places = mail.claim(wanted, now, mine, workers, self._claimed)
        else:
            places = mail.renew(wanted, Claim(self._worker, until))
        return mail.page(places, now, after, page_size(limit))

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        self._ready()
        return set(ids) & self._memory.mail.messages.keys()

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
        start = bisect_right(entries, after, key=entry_position)
        return entries[start : start + page_size(limit)]

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        self._ready()
        entries = self._memory.journal.get(ref, [])
        upto = entries[: bisect_left(entries, (seq + 1, 0), key=entry_position)]
        steps = (entry for entry in reversed(upto) if entry.part == 0)
        return list(islice(steps, page_size(limit)))

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        self._ready()
        return incidents_page(self._memory, machine, limit, cursor)

    async def charts(self, machine: str) -> list[StoredChart]:
        self._ready()
        return [chart for _, chart in sorted(self._memory.charts.get(machine, {}).items())]

    async def add_chart(self, chart: StoredChart) -> None:
        self._ready()
        self._memory.charts.setdefault(chart.machine, {}).setdefault(chart.version, chart)

    async def documents(self) -> dict[str, NewestDocument]:
        self._ready()
        return {
            machine: NewestDocument(max(kept), kept[max(kept)].put_at)
            for machine, kept in self._memory.documents.items()
        }

    async def document(self, machine: str, version: int) -> StoredDocument | None:
        self._ready()
        return self._memory.documents.get(machine, {}).get(version)

    async def add_document(
        self, document: StoredDocument, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        self._ready()
        kept = self._memory.documents
        machine = document.machine
        if max(kept.get(machine, (0,))) >= document.version or len({*kept, machine}) > most:
            return False
        kept.setdefault(machine, {})[document.version] = document
        self._memory.add_audit(audit)
        return True

    async def replace_document(
        self, document: StoredDocument, before: StoredDocument, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        self._ready()
        kept = self._memory.documents.get(document.machine, {})
        if kept.get(document.version) != before or max(kept) != document.version:
            return False
        kept[document.version] = document
        self._memory.add_audit(audit)
        return True

    async def discard(self, ids: Sequence[MessageId]) -> None:
        self._ready()
        for id in ids:
            self._memory.mail.take(id)

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
        page = finished_page(self._memory, machine, before, limit, cursor)
        if now is None or until is None:
            return page
        claims = self._memory.row_claims
        rows = [row for row in page.rows if Claim.is_free(claims.get(row.ref), now) and rests(row)]
        claims.update((row.ref, Claim(self._worker, until)) for row in rows)
        return Page(tuple(rows), page.cursor)

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        self._ready()
        return self._memory.mail.ends().intersection(refs)

    async def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        mailed = await self.mailed([row.ref for row in rows])
        gone = [row.ref not in mailed and self._memory.forget(row) for row in rows]
        self._memory.add_audit(audit_of_gone(audit, rows, gone))
        return gone

    async def sweep(self, limit: int) -> int:
        """Nothing is left: there are no transactions here to be kept short."""
        self._ready()
        return 0

    def _ready(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("the memory store is not open; open it first")

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        self._ready()
        return list_page(self._memory, query)


def _rollup_key(rollup: Rollup) -> tuple[str, int, int, datetime, str]:
    return (rollup.machine, rollup.version, rollup.span, rollup.start, rollup.source)
