"""What is particular about PostgreSQL behind a pooler that lends connections by transactions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager

import asyncpg
import pytest

from statehold.engine import Engine
from statehold.errors import StoreRefused, StoreUnavailable
from statehold.store import Hint
from statehold.stores.address import StoreOptions
from statehold.stores.postgres.connections import PLANNING, Connections
from statehold.stores.postgres.migrate import check, make_ready, upgrade
from statehold.stores.postgres.store import PostgresStore
from tests.acceptance.chaos.flow import MACHINES
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.stores.build import LEASE, a_row, change, new, read, written

# without a program, its fixture skips all of these
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("pooler")]

Poolers = Callable[..., PgBouncer]


@pytest.fixture
def pooler_with(postgres: PostgresServer) -> Iterator[Poolers]:
    """Poolers of a test's own, with settings."""
    with ExitStack() as stack:

        def made(**settings: str | int) -> PgBouncer:
            return stack.enter_context(PgBouncer(postgres, settings=settings))

        yield made


@asynccontextmanager
async def linked(pooler: PgBouncer, dsn: str, pool_size: int = 1) -> AsyncIterator[Connections]:
    link = Connections(pooler.before(dsn), "w1", pool_size, StoreOptions(direct_store=dsn))
    await link.open(make_ready)
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def joined(pooler: PgBouncer, dsn: str, worker: str = "w1") -> AsyncIterator[PostgresStore]:
    store = PostgresStore(pooler.before(dsn), direct_store=dsn)
    await store.open(worker)
    try:
        await store.join(worker, LEASE)
        yield store
    finally:
        await store.close()


async def reads(link: Connections, *statements: str) -> list[object]:
    async with link.reading() as db:
        return [await db.fetchval(statement) for statement in statements]


async def writes(link: Connections, *statements: str) -> list[object]:
    async with link.writing() as db:
        return [await db.fetchval(statement) for statement in statements]


async def reads_carelessly(link: Connections, statement: str) -> None:
    async with link.reading() as db:
        with contextlib.suppress(asyncpg.PostgresError):
            await db.fetch(statement)


async def by_hand(pooler: PgBouncer, dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(pooler.before(dsn), statement_cache_size=0)


# --- recognised -------------------------------------------------------------------------------


@pytest.mark.parametrize("ignored", [False, True], ids=["refuses", "leaves out"])
async def test_a_pooler_without_a_direct_address_is_refused(
    ignored: bool, pooler_with: Poolers, postgres_dsn: str
) -> None:
    """It may refuse our settings, or be configured to leave them out."""
    names = (*PLANNING, "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    more = ("default_transaction_isolation", "synchronous_commit", "search_path")
    pooler = pooler_with(
        **({"ignore_startup_parameters": ",".join((*names, *more))} if ignored else {})
    )
    way_out = r"one of a pooler.*direct_store \(--direct-store\)"
    dsn = pooler.before(postgres_dsn)
    for asked in (
        PostgresStore(dsn).open("w1"),
        PostgresStore(dsn, schema="north").open("w1"),
        PostgresStore(dsn, direct_store=dsn).open("w1"),
        check(dsn),
        upgrade(dsn, "after"),
    ):
        with pytest.raises(StoreRefused, match=way_out):
            await asked
    db = await asyncpg.connect(postgres_dsn)
    assert not await db.fetch("SELECT 1 FROM pg_tables WHERE tablename = 'schema_migrations'")
    await db.close()


async def test_addresses_of_two_databases_are_refused(
    pooler: PgBouncer, migrated_dsn: str, postgres: PostgresServer
) -> None:
    other = postgres.create_database()
    store = PostgresStore(pooler.before(migrated_dsn), direct_store=other)
    with pytest.raises(StoreRefused, match="they have to name one database of one server"):
        await store.open("w1")
    postgres.drop_database(other)


async def test_options_in_a_poolers_address_are_refused_in_favour_of_a_schema(
    pooler: PgBouncer, migrated_dsn: str
) -> None:
    address = f"{pooler.before(migrated_dsn)}?options=-csearch_path%3Dnorth"
    with pytest.raises(StoreRefused, match=r"by its name \(--schema\), not by options"):
        await PostgresStore(address, direct_store=migrated_dsn).open("w1")


async def test_a_search_path_of_the_direct_address_holds_for_the_pooler_too(
    pooler: PgBouncer, postgres_dsn: str
) -> None:
    await upgrade(postgres_dsn, "after", schema="north")
    store = PostgresStore(
        pooler.before(postgres_dsn),
        direct_store=f"{postgres_dsn}?options=-csearch_path%3Dnorth",
    )
    await store.open("w1")
    await store.join("w1", LEASE)
    (row,) = await written(store, new(a_row()))
    await store.close()
    named = PostgresStore(postgres_dsn, schema="north")
    await named.open("w2")
    assert await read(named) == row
    await named.close()


# --- nothing belongs to a session -------------------------------------------------------------


async def test_each_use_has_the_settings_and_leaves_none(
    pooler_with: Poolers, migrated_dsn: str
) -> None:
    # one session for all, so that the next client sees what the one before has left
    pooler = pooler_with(default_pool_size=1)
    names = [*PLANNING, "search_path", "statement_timeout", "lock_timeout", "synchronous_commit"]
    shown = f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}"
    stranger = await by_hand(pooler, migrated_dsn)
    usual = await stranger.fetchrow(shown)
    async with linked(pooler, migrated_dsn) as link:
        ours = [*PLANNING.values(), '"public"', "12s", "3s", "on"]
        async with link.reading() as db:
            assert list(await db.fetchrow(shown) or ()) == ours
        assert await stranger.fetchrow(shown) == usual
        async with link.writing() as db, db.transaction():
            assert list(await db.fetchrow(shown) or ()) == ours
        assert await stranger.fetchrow(shown) == usual
        with pytest.raises(asyncpg.DivisionByZeroError):
            await reads(link, "SELECT 1 FROM instances FOR UPDATE", "SELECT 1 / 0")
        assert await stranger.fetchrow(shown) == usual
        assert not await stranger.fetch("SELECT name FROM pg_prepared_statements")
        assert not await stranger.fetch("SELECT * FROM pg_listening_channels()")
    await stranger.close()


async def test_an_engine_needs_one_session_of_the_pooler_at_a_time(
    pooler_with: Poolers, postgres_dsn: str
) -> None:
    """With one it would wait for itself, if it needed a second one while it holds the first."""
    pooler = pooler_with(default_pool_size=1)
    store = PostgresStore(pooler.before(postgres_dsn), direct_store=postgres_dsn)
    async with asyncio.timeout(60), Engine(store, MACHINES) as engine:
        await asyncio.gather(*(engine.start("ledger", f"l-{n}") for n in range(20)))
        sent = [engine.send("ledger", f"l-{n % 20}", {"type": "Put", "n": 1}) for n in range(100)]
        await asyncio.gather(*sent)
        assert sum((await engine.machine_detail("ledger")).counts.values()) == 20


async def test_a_failed_statement_is_never_taken_for_a_commit(
    pooler: PgBouncer, migrated_dsn: str
) -> None:
    async with linked(pooler, migrated_dsn) as link:
        with pytest.raises(StoreUnavailable, match="ended with ROLLBACK instead of COMMIT"):
            await reads_carelessly(link, "SELECT 1 / 0")
        assert await reads(link, "SELECT 1") == [1]


async def test_a_result_that_is_an_error_leaves_the_connection_usable(
    pooler: PgBouncer, migrated_dsn: str
) -> None:
    async with linked(pooler, migrated_dsn) as link:
        await writes(link, "CREATE TABLE once (n integer PRIMARY KEY)")
        twice = "INSERT INTO once VALUES (1), (2)", "INSERT INTO once VALUES (1)"
        for _ in range(2):
            with pytest.raises(asyncpg.UniqueViolationError):
                await writes(link, *twice)
        assert await writes(link, "SELECT count(*) FROM once") == [0]


async def test_a_read_that_is_cancelled_ends_its_transaction(
    pooler: PgBouncer, migrated_dsn: str
) -> None:
    async with linked(pooler, migrated_dsn) as link:
        began = asyncio.Event()

        async def hold() -> None:
            async with link.reading() as db:
                await db.execute("SELECT pg_advisory_xact_lock(1)")
                began.set()
                await asyncio.Event().wait()

        holding = asyncio.create_task(hold())
        await began.wait()
        holding.cancel()
        await asyncio.wait([holding])
        assert holding.cancelled()
        # waits until the lock, and so the transaction, is gone, and fails by lock_timeout
        await reads(link, "SELECT pg_advisory_xact_lock(1)")


async def test_hints_and_heartbeats_go_past_the_pooler(
    pooler: PgBouncer, migrated_dsn: str
) -> None:
    heard: asyncio.Queue[Hint] = asyncio.Queue()
    async with joined(pooler, migrated_dsn) as one, joined(pooler, migrated_dsn, "w2") as two:
        one.listen(heard.put_nowait)
        await one.beat(LEASE)
        await two.notify(Hint(mail=True))
        async with asyncio.timeout(10):
            assert await heard.get() == Hint(mail=True)


async def test_four_engines_that_open_an_empty_database_at_once_create_it_once(
    pooler_with: Poolers, postgres_dsn: str
) -> None:
    pooler = pooler_with(default_pool_size=2)
    engines = [
        Engine(
            pooler.before(postgres_dsn),
            MACHINES,
            schema="new",
            direct_store=postgres_dsn,
            worker=f"w{n}",
        )
        for n in range(4)
    ]
    async with asyncio.timeout(60):
        await asyncio.gather(*(engine.open() for engine in engines))
        await engines[0].start("ledger", "l-1")
        for engine in engines:
            assert (await engine.read("ledger", "l-1")).seq == 1
        await asyncio.gather(*(engine.close() for engine in engines))
    db = await asyncpg.connect(postgres_dsn)
    assert not await db.fetch(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await db.close()


# --- unavailable ------------------------------------------------------------------------------


async def test_a_pooler_that_is_full_is_unavailable(
    pooler_with: Poolers, migrated_dsn: str
) -> None:
    pooler = pooler_with(max_client_conn=1)
    only = await by_hand(pooler, migrated_dsn)
    with pytest.raises(StoreUnavailable, match="no more connections allowed"):
        await PostgresStore(pooler.before(migrated_dsn), direct_store=migrated_dsn).open("w1")
    await only.close()


async def test_a_session_that_is_waited_for_too_long_is_unavailable(
    pooler_with: Poolers, migrated_dsn: str
) -> None:
    pooler = pooler_with(default_pool_size=1, query_wait_timeout=1)
    async with joined(pooler, migrated_dsn) as store:
        (row,) = await written(store, new(a_row()))
        hog = await by_hand(pooler, migrated_dsn)
        async with hog.transaction():
            await hog.execute("SELECT 1")
            with pytest.raises(StoreUnavailable, match="query_wait_timeout"):
                await store.commit([change(row)])
            with pytest.raises(StoreUnavailable, match="query_wait_timeout"):
                await store.load([row.ref])
        await hog.close()
        (row,) = await written(store, change(row))
        assert await read(store) == row


async def test_a_session_that_the_server_ends_is_unavailable_once(
    pooler_with: Poolers, migrated_dsn: str
) -> None:
    pooler = pooler_with(default_pool_size=1)
    async with linked(pooler, migrated_dsn) as link:
        (before,) = await writes(link, "SELECT pg_backend_pid()")
        with pytest.raises(StoreUnavailable):
            await writes(link, "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")
        assert await writes(link, "SELECT pg_backend_pid()") != [before]
