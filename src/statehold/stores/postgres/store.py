"""A store in a PostgreSQL database, shared by any number of workers.

Every statement is a named query of ``queries.sql``. Connections are in :mod:`.connections`, commits
in :mod:`.writer`, workers in :mod:`.leases`, messages in :mod:`.mailbox`, what there is to do in
:mod:`.work`, lists in :mod:`.lists`, migrations in :mod:`.migrate`. The reasons are in
``docs/decisions/0009-postgresql.md`` and ``0040-one-partition-a-statement.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from statehold.errors import StoreInUse, StoreRefused, StoreUnavailable
from statehold.records import AuditEntry, Entry, Message, MessageId, Ref, Row, Status, Write
from statehold.store import (
    Aside,
    Group,
    Heartbeat,
    Hint,
    NewestDocument,
    Page,
    Query,
    Rollup,
    StoredChart,
    StoredDocument,
    WriteResult,
)
from statehold.stores.address import StoreOptions
from statehold.stores.columns import (
    rollup_columns,
    rollup_of,
)
from statehold.stores.document_columns import newest_documents
from statehold.stores.paging import (
    check_once_each,
    microseconds,
    page_size,
)
from statehold.stores.postgres.columns import (
    Columns,
    document_columns,
    document_of,
    entry_of,
    turned,
)
from statehold.stores.postgres.configurations import ConfigurationNumbers
from statehold.stores.postgres.connections import (
    PLANNING,
    PLANNING_BY_VALUES,
    POOL_SIZE,
    Connections,
)
from statehold.stores.postgres.hints import Listener, channel_of, payload_of
from statehold.stores.postgres.leases import Leases
from statehold.stores.postgres.mailbox import Mailbox
from statehold.stores.postgres.migrate import make_ready
from statehold.stores.postgres.reader import Reader, key_columns, partition_of_ref
from statehold.stores.postgres.reads import PostgresReads
from statehold.stores.postgres.security import PostgresSecurity, add_audit
from statehold.stores.postgres.standby import PostgresStandby
from statehold.stores.postgres.statements import Statements
from statehold.stores.postgres.work import Work
from statehold.stores.postgres.writer import Writer


class PostgresStore(PostgresSecurity):
    """``dsn`` is an address as libpq takes it, ``postgresql://user:password@host:port/database``;
    it may name several hosts, with ``target_session_attrs=read-write``, for failover.
    ``pool_size`` connections serve reads, beside one for commits and one for
    heartbeats and hints. With ``spread``, each statement takes one partition and names it, as a
    distributed database wants; all workers that share one have the same setting. ``schema``,
    ``direct_store`` and ``read_store`` are those of :class:`statehold.stores.StoreOptions`. Raises
    ``StoreRefused`` for a schema's name that PostgreSQL can't have, and for ``spread`` with
    ``read_store``.

    Made for one event loop and one worker; several of them share the database.
    """

    exclusive = False

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = POOL_SIZE,
        spread: bool = False,
        schema: str | None = None,
        direct_store: str | None = None,
        read_store: str | None = None,
    ) -> None:
        self._options = StoreOptions(
            schema=schema, direct_store=direct_store, read_store=read_store
        )
        self._options.check(dsn)
        if spread and read_store is not None:
            raise StoreRefused(
                "read_store can't be used with spread: how far a standby of one node has come says "
                "nothing about the others; leave one of them out"
            )
        self._dsn = dsn
        #: while it is open
        self.standby: PostgresStandby | None = None
        self._pool_size = pool_size
        self._q = Statements(spread=spread)
        self._reader = Reader(self._link, self._q)
        self._leases = Leases(self._link, self._q)
        self._open: Connections | None = None
        self._worker = ""
        self._listener: Listener | None = None

    async def open(self, worker: str) -> None:
        if self._open is not None:
            raise StoreInUse("the database", f"this very store, worker {self._worker}")
        planning = PLANNING_BY_VALUES if self._q.spread else PLANNING
        link = Connections(self._dsn, worker, self._pool_size, self._options, planning)
        standby: PostgresStandby | None = None
        await link.open(lambda db: make_ready(db, self._options.schema))
        if self._options.read_store is not None:
            standby = PostgresStandby(
                link,
                self._options.read_store,
                link.settings_of_copies(),
                self._pool_size,
                Statements(spread=False),
            )
            try:
                await standby.open()
            except BaseException:
                await link.close()
                raise
        self._configurations = ConfigurationNumbers(link, self._q)
        self._mailbox = Mailbox(self._reader)
        self._work = Work(self._reader, self._rows, self.workers)
        self._writer = Writer(link, self._q, self._configurations)
        self._reads = PostgresReads(self._reader, self._configurations, self._writer.learn)
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
        await self._leases.join(worker, lease)
        self._worker = self._writer.worker = self._mailbox.worker = self._q.worker = worker

    async def beat(self, lease: timedelta) -> Heartbeat:
        heartbeat = await self._leases.beat(self._worker, lease)
        if self._listener is not None:
            await self._listener.attach(self._link(), self._worker)
        return heartbeat

    async def leave(self) -> None:
        await self._mailbox.give_up()
        await self._leases.leave(self._worker)

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

    async def add_document(
        self, document: StoredDocument, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        async with self._link().reading() as db, db.transaction():
            # one at a time, so that each sees the documents before it
            await db.execute(self._q["lock_documents"])
            *columns, covers = document_columns(document)
            added = await db.fetch(self._q["add_document"], *columns, most, covers)
            if added:
                await add_audit(db, self._q, audit)
        return bool(added)

    async def replace_document(
        self, document: StoredDocument, before: StoredDocument, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        there = (microseconds(before.put_at), before.text)
        async with self._link().reading() as db, db.transaction():
            await db.execute(self._q["lock_documents"])
            query = self._q["replace_document"]
            replaced = await db.fetch(query, *document_columns(document), *there)
            if replaced:
                await add_audit(db, self._q, audit)
        return bool(replaced)

    async def discard(self, ids: Sequence[MessageId]) -> None:
        self._link()
        await self._mailbox.discard(ids)

    # --- instances and their journals -------------------------------------------------------

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        return await self._reading().load(refs)

    async def replies(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Entry]:
        columns_found = await self._reader.of_items(
            "entries_of_keys",
            keys,
            lambda one: partition_of_ref(one[0]),
            key_columns,
            4,
        )
        found: dict[tuple[Ref, str], Entry] = {}
        for machine, id_, *columns in columns_found:
            entry = entry_of(Ref(machine, id_), columns)
            found[Ref(machine, id_), entry.key or ""] = entry
        return found

    async def journal(
        self, ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100
    ) -> list[Entry]:
        found = await self._reader.of_ref(
            "journal", ref, *after, page_size(limit), partition_of_ref(ref)
        )
        return [entry_of(ref, columns) for columns in found]

    async def journal_before(self, ref: Ref, seq: int, limit: int = 100) -> list[Entry]:
        found = await self._reader.of_ref(
            "journal_before", ref, seq, page_size(limit), partition_of_ref(ref)
        )
        return [entry_of(ref, columns) for columns in found]

    # --- what there is to do ----------------------------------------------------------------

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
    ) -> list[Row]:
        self._link()
        return await self._work.due(machines, now, limit, until)

    async def next_wake(
        self, machines: Sequence[str], after: datetime | None = None
    ) -> datetime | None:
        self._link()
        return await self._work.next_wake(machines, after)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        self._link()
        return await self._work.orphans(machines, alive, limit)

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        self._link()
        await self._work.set_aside(rows)

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        self._link()
        return await self._work.asides(refs)

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        self._link()
        return await self._work.set_aside_rows(machines, after, limit)

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: MessageId | None,
        limit: int,
        until: datetime | None = None,
    ) -> list[Message]:
        self._link()
        return await self._mailbox.mail(machines, now, after, limit, until)

    async def mail_of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        self._link()
        return await self._mailbox.of_keys(keys)

    async def held_mail(self, ref: Ref, limit: int) -> list[Message]:
        self._link()
        return await self._mailbox.held(ref, limit)

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        self._link()
        return await self._mailbox.still_there(ids)

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

    async def documents(self) -> dict[str, NewestDocument]:
        return newest_documents(await self._fetch("documents"))

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
        self._link()
        return await self._work.finished(machine, before, limit, cursor, now, until)

    async def mailed(self, refs: Sequence[Ref]) -> set[Ref]:
        wanted = turned(((ref.machine, ref.id) for ref in refs), 2)
        # a message waits where it was written, which may be any partition
        found = await self._reader.everywhere("mailed", *wanted)
        return {Ref(machine, id_) for machine, id_ in found}

    async def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        self._link()
        if self._q.spread:
            # a statement sees the messages of one partition; there may be some in others
            mailed = await self.mailed([row.ref for row in rows])
            left = [row for row in rows if row.ref not in mailed]
            forgotten = await self._writer.forget(left, audit)
            gone = {row.ref for row, is_gone in zip(left, forgotten, strict=True) if is_gone}
            return [row.ref in gone for row in rows]
        return await self._writer.forget(rows, audit)

    async def sweep(self, limit: int) -> int:
        self._link()
        return await self._work.sweep(limit)

    # --- queries ----------------------------------------------------------------------------

    def _link(self) -> Connections:
        if self._open is None:
            raise StoreUnavailable("the store is closed; open it first")
        return self._open

    async def _fetch(self, name: str, *arguments: Any) -> list[Any]:
        return await self._reader.fetch(name, *arguments)

    def _reading(self) -> PostgresReads:
        self._link()
        return self._reads

    async def _rows(self, found: Sequence[Columns]) -> list[Row]:
        return await self._reading().rows(found)

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        return await self._reading().list(query)
