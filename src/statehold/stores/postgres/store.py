"""A store in a PostgreSQL database, shared by any number of workers.

Everything that is asked is a named query of ``sql/postgres/queries.sql``; how connections live and
die is ``postgres_link``, how a batch is written ``postgres_writer``, and how the schema comes about
``postgres_schema``. Why it is built so: ``docs/decisions/0009-postgresql.md``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from msgspec.structs import replace

from statehold.errors import LeaseLost, StoreInUse, StoreRefused, StoreUnavailable
from statehold.records import Entry, Message, Ref, Row, Status, Write
from statehold.store import (
    LOOKED_AT,
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
from statehold.stores.columns import holders_of, plain, rollup_columns, rollup_of, text
from statehold.stores.paging import (
    Position,
    beyond,
    check_once_each,
    cursor_of,
    fits,
    id_position_of,
    incident_position_of,
    microseconds,
    moment,
    page_size,
    position_of,
)
from statehold.stores.postgres.columns import (
    Columns,
    chart_of,
    digest,
    document_of,
    entry_of,
    message_of,
    row_of,
    turned,
)
from statehold.stores.postgres.configurations import Configurations
from statehold.stores.postgres.connections import POOL_SIZE, Link
from statehold.stores.postgres.migrate import make_ready
from statehold.stores.postgres.writer import Writer
from statehold.stores.queries import load_queries

log = logging.getLogger(__name__)

#: above every time and below every time that a row can have
_LAST, _FIRST = 2**63 - 1, -(2**63)
#: how far instances of an index's value are counted, to see which of several is the rarest
_RARE_ENOUGH = 1000
#: the channel that hints go over, and the bytes that PostgreSQL lets one have
_CHANNEL, _PAYLOAD_BYTES = "statehold", 7_900
#: two workers that join at once may choose one slot
_JOIN_TRIES = 100


class _Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hint with who gave it, who needs to hear nothing of it."""

    worker: str
    hint: Hint


_as_told = msgspec.json.Decoder(_Told).decode


class PostgresStore:
    """``dsn`` is an address as libpq takes it, ``postgresql://user:password@host:port/database``;
    several hosts may stand in it, with ``target_session_attrs=read-write``, for failover.
    ``pool_size`` connections serve reads, beside one for commits and one for
    heartbeats and hints.

    Made for one event loop and one worker; several of them share the database.
    """

    exclusive = False

    def __init__(self, dsn: str, *, pool_size: int = POOL_SIZE) -> None:
        self._dsn = dsn
        self._pool_size = pool_size
        self._q = load_queries("postgres")
        self._open: Link | None = None
        self._worker = ""
        self._heard: Callable[[Hint], None] | None = None

    async def open(self, worker: str) -> None:
        if self._open is not None:
            raise StoreInUse("the database", f"this very store, worker {self._worker}")
        link = Link(self._dsn, worker, self._pool_size)
        await link.open()
        try:
            async with link.reading() as db:
                await make_ready(db)
        except BaseException:
            await link.close()
            raise
        self._configurations = Configurations(link, self._q)
        self._writer = Writer(link, self._q, self._configurations)
        link.was_open = True
        self._open, self._worker = link, worker

    async def close(self) -> None:
        link, self._open = self._open, None
        if link is not None:
            await link.close()

    async def ping(self) -> None:
        async with self._link().writing() as db:
            (is_standby, is_read_only) = (await db.fetch(self._q["ping"]))[0]
        if is_standby or is_read_only == "on":
            raise StoreUnavailable("the server can only be read now; it may be a standby")

    # --- workers ----------------------------------------------------------------------------

    async def join(self, worker: str, lease: timedelta) -> None:
        for _ in range(_JOIN_TRIES):
            try:
                async with self._link().beating() as db:
                    await db.execute(self._q["join"], worker, lease)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == "workers_pkey":
                    raise StoreInUse("the database", f"another worker called {worker}") from error
                await asyncio.sleep(0)
                continue
            self._worker = self._writer.worker = worker
            return
        raise StoreUnavailable(f"{_JOIN_TRIES} times another worker that joined was faster")

    async def beat(self, lease: timedelta) -> Heartbeat:
        link = self._link()
        async with link.beating() as db:
            found = await db.fetch(self._q["beat"], self._worker, lease)
        if not found or not found[0]["renewed"]:
            raise LeaseLost(self._worker)
        if self._heard is not None:
            await self._listen(link)
        ends = [row["lease_until"] for row in found if row["id"] != self._worker]
        alive = tuple(sorted(row["id"] for row in found))
        return Heartbeat(found[0]["now"].astimezone(UTC), alive, min(ends, default=None))

    async def leave(self) -> None:
        async with self._link().beating() as db:
            await db.execute(self._q["leave"], self._worker)

    async def workers(self) -> tuple[str, ...]:
        return tuple(id_ for (id_,) in await self._fetch("workers"))

    async def notify(self, hint: Hint) -> None:
        payload = msgspec.json.encode(_Told(self._worker, hint))
        if len(payload) > _PAYLOAD_BYTES:
            payload = msgspec.json.encode(_Told(self._worker, replace(hint, changed=None)))
        await self._fetch("notify", _CHANNEL, payload.decode())

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        """From the next heartbeat on, which also mends a connection that was lost."""
        self._heard = on_hint

    async def _listen(self, link: Link) -> None:
        try:
            await link.listen(_CHANNEL, self._hear)
        except (StoreUnavailable, StoreRefused) as error:
            # hints are for speed alone; the heartbeat that brought us here has succeeded
            log.warning("hints are not heard: %s", error)

    def _hear(self, payload: str) -> None:
        try:
            told = _as_told(payload)
        except msgspec.MsgspecError:
            log.warning("a hint that is none was heard: %.100s", payload)
            return
        if told.worker != self._worker and self._heard is not None:
            self._heard(told.hint)

    # --- writing ----------------------------------------------------------------------------

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        self._link()
        if not writes:
            return []
        check_once_each(writes)
        return await self._writer.commit(writes)

    async def add_chart(self, chart: StoredChart) -> None:
        await self._fetch(
            "insert_chart",
            chart.machine,
            chart.version,
            chart.chart,
            microseconds(chart.stored_at),
        )

    async def add_document(self, document: StoredDocument, most: int) -> bool:
        async with self._link().reading() as db, db.transaction():
            # one after another, so that each sees what the one before it has put
            await db.execute(self._q["lock_documents"])
            added = await db.fetch(
                self._q["add_document"],
                document.machine,
                document.version,
                document.notation,
                document.text,
                microseconds(document.put_at),
                text(document.put_by),
                None if document.reason is None else text(document.reason),
                most,
            )
        return bool(added)

    async def discard(self, numbers: Sequence[int]) -> None:
        await self._fetch("take_messages", list(numbers))

    # --- instances and their journals -------------------------------------------------------

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        wanted = turned(((ref.machine, ref.id) for ref in dict.fromkeys(refs)), 2)
        rows = await self._rows(await self._fetch("load_rows", *wanted))
        return {row.ref: row for row in rows}

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        found: dict[tuple[Ref, str], Entry] = {}
        for machine, id_, *columns in await self._fetch("entries_of_keys", *_keys(keys)):
            entry = entry_of(Ref(machine, id_), columns)
            found[Ref(machine, id_), entry.key or ""] = entry
        return found

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        wanted = (ref.machine, ref.id, *after, page_size(limit))
        return [entry_of(ref, columns) for columns in await self._fetch("journal", *wanted)]

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        wanted = (ref.machine, ref.id, seq, page_size(limit))
        return [entry_of(ref, columns) for columns in await self._fetch("journal_before", *wanted)]

    # --- what there is to do ----------------------------------------------------------------

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        wanted = (_once(machines), microseconds(now), page_size(limit))
        if until is None:
            return await self._rows(await self._fetch("due", *wanted))
        found = await self._fetch("claim_due", *wanted, microseconds(until))
        # what an UPDATE gives back has no order: by wake_at and number
        return await self._rows(sorted(found, key=lambda columns: (columns[9], columns[14])))

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        since = _FIRST if after is None else microseconds(after)
        ((at,),) = await self._fetch("next_wake", _once(machines), since)
        return None if at is None else moment(at)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        wanted, size = _once(machines), page_size(limit)
        holders = await self._fetch("holders")
        # asked after: who joins before its first write is among them by then
        living = set(await self.workers() if alive is None else alive)
        found: list[Columns] = []
        for (held_by,) in holders:
            if len(found) >= size:
                break
            if not living.issuperset(holders_of(held_by)):
                found += await self._fetch("rows_held_by", wanted, held_by, size - len(found))
        return await self._rows(found)

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        marked = sorted(
            (row.machine, row.id, row.rev, microseconds(aside.since), text(aside.why))
            for row, aside in rows
        )
        await self._fetch("set_aside", *turned(marked, 5))

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        wanted = turned(((ref.machine, ref.id) for ref in refs), 2)
        return {
            Ref(machine, id_): Aside(moment(since), plain(why) or "")
            for machine, id_, since, why in await self._fetch("asides", *wanted)
        }

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        place = ("", "") if after is None else (after.machine, after.id)
        wanted = (_once(machines), *place, page_size(limit))
        return await self._rows(await self._fetch("set_aside_rows", *wanted))

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: int,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        if machines is None:
            machines = [machine for (machine,) in await self._fetch("addressees")]
        wanted = (_once(machines), microseconds(now), after, page_size(limit))
        found = await self._fetch("mail", *wanted)
        if found and until is not None:
            # mostly there is nothing, and then nothing is locked
            async with self._link().reading() as db, db.transaction():
                await db.execute(self._q["lock_claims"])
                claim = (*wanted, self._worker, microseconds(until))
                found = await db.fetch(self._q["claim_mail"], *claim)
        return sorted(map(message_of, found), key=lambda message: message.number)

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        found = map(message_of, await self._fetch("mail_of_keys", *_keys(keys)))
        return {(message.to, message.key or ""): message for message in found}

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        wanted = (ref.machine, ref.id, page_size(limit))
        return [message_of(columns) for columns in await self._fetch("held_mail", *wanted)]

    async def still_there(self, numbers: Sequence[int]) -> set[int]:
        return {number for (number,) in await self._fetch("still_there", list(numbers))}

    # --- questions --------------------------------------------------------------------------

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        counted = await self._fetch("configurations_of_machine", machine)
        of_number = await self._configurations.of_numbers(number for number, _ in counted)
        counts: dict[tuple[int, Status, tuple[str, ...]], int] = {}
        for number, instances in counted:
            of = of_number[number]
            group = (of.version, of.status, of.state)
            counts[group] = counts.get(group, 0) + instances
        return counts

    async def groups(self, machine: str) -> dict[Group, int]:
        counted = await self._fetch("configurations_of_machine", machine)
        of_number = await self._configurations.of_numbers(number for number, _ in counted)
        # those that stand in for what can't be read are alike
        groups: Counter[Group] = Counter()
        for number, instances in counted:
            groups[Group(*of_number[number][1:])] += instances
        return groups

    async def count_incidents(self, machine: str) -> int:
        ((count,),) = await self._fetch("count_incidents", machine, PAGE_LIMIT)
        return int(count)

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        last = (_FIRST, "", "") if cursor is None else incident_position_of(cursor)
        size = page_size(limit)
        found = await self._fetch("incidents", *last, machine, size + 1)
        rows = tuple(await self._rows(found[:size]))
        if len(found) <= size:
            return Page(rows, None)
        end = found[size - 1]
        return Page(rows, cursor_of((end[14], end[0], end[1])))

    async def charts(self, machine: str) -> list[StoredChart]:
        return [chart_of(columns) for columns in await self._fetch("charts", machine)]

    async def documents(self) -> dict[str, int]:
        return dict(await self._fetch("documents"))

    async def document(self, machine: str, version: int) -> StoredDocument | None:
        found = await self._fetch("document", machine, version)
        return document_of(found[0]) if found else None

    async def _keys_of(self, query: Query, last: Position, size: int) -> list[Position]:
        """The places of the rows that fit after ``last``, newest first."""
        chosen = await self._chosen(query)
        since = _LAST if query.in_state_since is None else microseconds(query.in_state_since)
        where = [(name, digest(value)) for name, value in query.where.items()]
        if not query.incidents and not where:
            found = await self._fetch("keys_by_configuration", chosen, *last, since, size)
            return [(created_at, id_) for created_at, id_ in found]
        wanted = (query.machine, *last, since, size, chosen, *turned(where, 2))
        if query.incidents:
            found = await self._fetch("keys_with_incidents", *wanted)
        else:
            found = await self._fetch(
                "keys_by_lookup", *wanted, *await self._rarest(query.machine, where)
            )
        return [(created_at, id_) for created_at, id_ in found]

    async def _chosen(self, query: Query) -> list[int]:
        """The numbers of the configurations that fit."""
        there = await self._fetch("configurations_of_machine", query.machine)
        of_number = await self._configurations.of_numbers(number for number, _ in there)
        return [number for number, _ in there if fits(query, *of_number[number][1:])]

    async def _list_by_id(self, query: Query, size: int) -> Page:
        assert query.prefix is not None
        after = "" if query.cursor is None else id_position_of(query.cursor)
        rest = (await self._chosen(query), *_rest_of(query))
        since = _LAST if query.in_state_since is None else microseconds(query.in_state_since)
        ids: list[str] = []
        looked_at, chunk = 0, size + 1
        while True:
            wanted = (query.machine, query.prefix, beyond(query.prefix), after, chunk, since)
            found = await self._fetch("look_by_id", *wanted, *rest)
            for id_, is_wanted in found:
                if len(ids) == size or looked_at == LOOKED_AT:
                    return await self._page_of(query.machine, ids, cursor_of(after))
                if is_wanted:
                    ids.append(id_)
                looked_at, after = looked_at + 1, id_
            if len(found) < chunk:
                return await self._page_of(query.machine, ids, None)
            chunk = PAGE_LIMIT

    async def _list_by_since(self, query: Query, size: int) -> Page:
        last = (_FIRST, "") if query.cursor is None else position_of(query.cursor)
        since = _LAST if query.in_state_since is None else microseconds(query.in_state_since)
        wanted = (await self._chosen(query), *last, since, size + 1, *_rest_of(query))
        found = await self._fetch("look_by_since", *wanted)
        ids = [id_ for _, id_ in found[:size]]
        cursor = cursor_of(tuple(found[size - 1])) if len(found) > size else None
        return await self._page_of(query.machine, ids, cursor)

    async def _page_of(self, machine: str, ids: Sequence[str], cursor: str | None) -> Page:
        refs = [Ref(machine, id_) for id_ in ids]
        rows = await self.load(refs)
        # one that was purged between the two questions is left out
        return Page(tuple(rows[ref] for ref in refs if ref in rows), cursor)

    async def _rarest(self, machine: str, where: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
        """Of the wanted indexes the one to walk along; none is counted further than needed."""
        if len(where) == 1:
            return where[0]
        counted = [
            ((await self._fetch("count_of_lookup", machine, *pair, _RARE_ENOUGH))[0][0], pair)
            for pair in where
        ]
        return min(counted)[1]

    # --- what is counted --------------------------------------------------------------------

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        await self._fetch("put_rollups", *turned(map(rollup_columns, rollups), 6))

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        found = await self._fetch("rollups", machine, microseconds(since), version, limit)
        return [rollup_of(*columns) for columns in found]

    async def old_rollups(self, span: int, before: datetime, limit: int) -> list[Rollup]:
        wanted = (span, microseconds(before), page_size(limit))
        return [rollup_of(*columns) for columns in await self._fetch("old_rollups", *wanted)]

    async def exchange_rollups(self, gone: Sequence[Rollup], by: Rollup | None) -> bool:
        columns = turned(map(rollup_columns, gone), 6)
        async with self._link().reading() as db, db.transaction():
            locked = await db.fetch(self._q["lock_rollups"], *columns)
            if len(locked) != len(gone):
                return False
            await db.execute(self._q["take_rollups"], *columns[:5])
            if by is not None:
                put = turned([rollup_columns(by)], 6)
                await db.execute(self._q["put_rollups"], *put)
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
        last = (_FIRST, "") if cursor is None else position_of(cursor)
        size = page_size(limit)
        wanted = (machine, microseconds(before), *last, size)
        if now is None or until is None:
            found = await self._fetch("finished", *wanted)
        else:
            claim = (microseconds(now), microseconds(until))
            found = await self._fetch("claim_finished", *wanted, *claim)
        # what an UPDATE gives back has no order: by since and id
        found.sort(key=lambda columns: (columns[7], columns[1].encode()))
        rows = tuple(await self._rows(found))
        if len(rows) < size:
            return Page(rows, None)
        return Page(rows, cursor_of((found[-1][7], rows[-1].id)))

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        wanted = turned(((ref.machine, ref.id) for ref in refs), 2)
        return {Ref(machine, id_) for machine, id_ in await self._fetch("mailed", *wanted)}

    async def forget(self, rows: Sequence[Row]) -> list[bool]:
        self._link()
        return await self._writer.forget(rows)

    async def sweep(self, limit: int) -> int:
        size = page_size(limit)
        async with self._link().reading() as db, db.transaction():
            locked = [number for (number,) in await db.fetch(self._q["lock_forgotten"], size)]
            if not locked:
                return 0
            swept = await db.fetchval(self._q["sweep"], locked, size)
            await db.execute(self._q["swept"], locked)
        return int(swept)

    # --- how it is asked --------------------------------------------------------------------

    def _link(self) -> Link:
        if self._open is None:
            raise StoreUnavailable("it is closed; open the store first")
        return self._open

    async def _fetch(self, name: str, *arguments: Any) -> list[Any]:
        async with self._link().reading() as db:
            found: list[Any] = await db.fetch(self._q[name], *arguments)
            return found

    async def _rows(self, found: Sequence[Columns]) -> list[Row]:
        of_number = await self._configurations.of_numbers(columns[2] for columns in found)
        rows = [row_of(columns, of_number) for columns in found]
        for row, columns in zip(rows, found, strict=True):
            self._writer.learn(row, columns[2])
        return rows

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        size = page_size(query.limit)
        if query.prefix:
            return await self._list_by_id(query, size)
        if query.order == "since":
            return await self._list_by_since(query, size)
        last = (_LAST, "") if query.cursor is None else position_of(query.cursor)
        places = await self._keys_of(query, last, size + 1)
        refs = [Ref(query.machine, id_) for _, id_ in places[:size]]
        rows = await self.load(refs)
        # one that was purged between the two questions is left out
        page = tuple(rows[ref] for ref in refs if ref in rows)
        return Page(page, cursor_of(places[size - 1]) if len(places) > size else None)


def _once(machines: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(machines))


def _rest_of(query: Query) -> tuple[Any, ...]:
    """What no index has together with an order."""
    where = [(name, digest(value)) for name, value in query.where.items()]
    return (query.incidents, *turned(where, 2))


def _keys(keys: Sequence[tuple[Ref, str]]) -> list[list[Any]]:
    return turned(((ref.machine, ref.id, text(key)) for ref, key in keys), 3)
