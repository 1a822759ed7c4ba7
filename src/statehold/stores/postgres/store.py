"""A store in a PostgreSQL database, shared by any number of workers.

Every statement is a named query of ``queries.sql``. Connections are in :mod:`.connections`, commits
in :mod:`.writer`, lists in :mod:`.lists`, migrations in :mod:`.migrate`. The reasons are in
``docs/decisions/0009-postgresql.md``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from statehold.errors import LeaseLost, StoreInUse, StoreUnavailable
from statehold.records import Entry, Message, Ref, Row, Status, Write
from statehold.store import (
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
from statehold.stores.address import StoreOptions
from statehold.stores.columns import (
    holders_of,
    rollup_columns,
    rollup_of,
    text,
)
from statehold.stores.paging import (
    EARLIEST,
    check_once_each,
    cursor_of,
    microseconds,
    moment,
    page_size,
    position_of,
)
from statehold.stores.postgres.columns import (
    Columns,
    document_of,
    entry_of,
    message_of,
    turned,
)
from statehold.stores.postgres.configurations import ConfigurationNumbers
from statehold.stores.postgres.connections import POOL_SIZE, Connections
from statehold.stores.postgres.hints import Listener, channel_of, payload_of
from statehold.stores.postgres.migrate import make_ready
from statehold.stores.postgres.reads import PostgresReads
from statehold.stores.postgres.standby import PostgresStandby
from statehold.stores.postgres.writer import Writer
from statehold.stores.queries import load_queries

#: two workers that join at once may choose the same slot
_JOIN_ATTEMPTS = 100


class PostgresStore:
    """``dsn`` is an address as libpq takes it, ``postgresql://user:password@host:port/database``;
    it may name several hosts, with ``target_session_attrs=read-write``, for failover.
    ``pool_size`` connections serve reads, beside one for commits and one for
    heartbeats and hints. ``schema``, ``direct_store`` and ``read_store`` are those of
    :class:`statehold.stores.StoreOptions`. Raises ``StoreRefused`` for a schema's name that
    PostgreSQL can't have.

    Made for one event loop and one worker; several of them share the database.
    """

    exclusive = False

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = POOL_SIZE,
        schema: str | None = None,
        direct_store: str | None = None,
        read_store: str | None = None,
    ) -> None:
        self._options = StoreOptions(
            schema=schema, direct_store=direct_store, read_store=read_store
        )
        self._options.check(dsn)
        self._dsn = dsn
        #: while it is open
        self.standby: PostgresStandby | None = None
        self._pool_size = pool_size
        self._q = load_queries("postgres")
        self._open: Connections | None = None
        self._worker = ""
        self._listener: Listener | None = None

    async def open(self, worker: str) -> None:
        if self._open is not None:
            raise StoreInUse("the database", f"this very store, worker {self._worker}")
        link = Connections(self._dsn, worker, self._pool_size, self._options)
        standby: PostgresStandby | None = None
        await link.open(lambda db: make_ready(db, self._options.schema))
        if self._options.read_store is not None:
            standby = PostgresStandby(
                link,
                self._options.read_store,
                link.settings_of_copies(),
                self._pool_size,
                self._q,
            )
            try:
                await standby.open()
            except BaseException:
                await link.close()
                raise
        self._configurations = ConfigurationNumbers(link, self._q)
        self._writer = Writer(link, self._q, self._configurations)
        self._reads = PostgresReads(self._fetch, self._configurations, self._writer.learn)
        link.was_open = True
        self._open, self._worker, self.standby = link, worker, standby

    async def close(self) -> None:
        link, self._open = self._open, None
        standby, self.standby = self.standby, None
        if standby is not None:
            await standby.close()
        if link is not None:
            await link.close()

    async def ping(self) -> None:
        async with self._link().writing() as db:
            (is_standby, is_read_only) = (await db.fetch(self._q["ping"]))[0]
        if is_standby or is_read_only == "on":
            raise StoreUnavailable("the server can only be read now; it may be a standby")

    # --- workers ----------------------------------------------------------------------------

    async def join(self, worker: str, lease: timedelta) -> None:
        for _ in range(_JOIN_ATTEMPTS):
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
        raise StoreUnavailable(f"{_JOIN_ATTEMPTS} attempts to join lost to other workers")

    async def beat(self, lease: timedelta) -> Heartbeat:
        link = self._link()
        async with link.beating() as db:
            found = await db.fetch(self._q["beat"], self._worker, lease)
        if not found or not found[0]["renewed"]:
            raise LeaseLost(self._worker)
        if self._listener is not None:
            await self._listener.attach(link, self._worker)
        ends = [row["lease_until"] for row in found if row["id"] != self._worker]
        alive = tuple(sorted(row["id"] for row in found))
        return Heartbeat(found[0]["now"].astimezone(UTC), alive, min(ends, default=None))

    async def leave(self) -> None:
        async with self._link().beating() as db:
            await db.execute(self._q["leave"], self._worker)

    async def workers(self) -> tuple[str, ...]:
        return tuple(id_ for (id_,) in await self._fetch("workers"))

    async def notify(self, hint: Hint) -> None:
        channel = channel_of(self._link().schema)
        await self._fetch("notify", channel, payload_of(self._worker, hint))

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        """From the next heartbeat on, which also replaces a connection that was lost."""
        self._listener = Listener(on_hint)

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
            # one at a time, so that each sees the documents before it
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
        return await self._reading().load(refs)

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
        # UPDATE returns rows in no order: sort by wake_at and number
        return await self._rows(sorted(found, key=lambda columns: (columns[9], columns[14])))

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        since = EARLIEST if after is None else microseconds(after)
        ((at,),) = await self._fetch("next_wake", _once(machines), since)
        return None if at is None else moment(at)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        wanted, size = _once(machines), page_size(limit)
        holders = await self._fetch("holders")
        # read afterwards: a worker that joined before its first write is among them
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
        return await self._reading().asides(refs)

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
            # usually there is nothing, and then nothing is locked
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
        return await self._reading().count(machine)

    async def groups(self, machine: str) -> dict[Group, int]:
        return await self._reading().groups(machine)

    async def count_incidents(self, machine: str) -> int:
        return await self._reading().count_incidents(machine)

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        return await self._reading().incidents(machine, limit, cursor)

    async def charts(self, machine: str) -> list[StoredChart]:
        return await self._reading().charts(machine)

    async def documents(self) -> dict[str, int]:
        return dict(await self._fetch("documents"))

    async def document(self, machine: str, version: int) -> StoredDocument | None:
        found = await self._fetch("document", machine, version)
        return document_of(found[0]) if found else None

    # --- what is counted --------------------------------------------------------------------

    async def put_rollups(self, rollups: Sequence[Rollup]) -> None:
        await self._fetch("put_rollups", *turned(map(rollup_columns, rollups), 6))

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        return await self._reading().rollups(machine, since, version, limit)

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
        last = (EARLIEST, "") if cursor is None else position_of(cursor)
        size = page_size(limit)
        wanted = (machine, microseconds(before), *last, size)
        if now is None or until is None:
            found = await self._fetch("finished", *wanted)
        else:
            claim = (microseconds(now), microseconds(until))
            found = await self._fetch("claim_finished", *wanted, *claim)
        # UPDATE returns rows in no order: sort by since and id
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

    # --- queries ----------------------------------------------------------------------------

    def _link(self) -> Connections:
        if self._open is None:
            raise StoreUnavailable("the store is closed; open it first")
        return self._open

    async def _fetch(self, name: str, *arguments: Any) -> list[Any]:
        async with self._link().reading() as db:
            found: list[Any] = await db.fetch(self._q[name], *arguments)
            return found

    def _reading(self) -> PostgresReads:
        self._link()
        return self._reads

    async def _rows(self, found: Sequence[Columns]) -> list[Row]:
        return await self._reading().rows(found)

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        return await self._reading().list(query)


def _once(machines: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(machines))


def _keys(keys: Sequence[tuple[Ref, str]]) -> list[list[Any]]:
    return turned(((ref.machine, ref.id, text(key)) for ref, key in keys), 3)
