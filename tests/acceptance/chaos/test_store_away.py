"""The database is away, slow, full or behind a lock: whoever asks gets an answer or a 503 with
Retry-After in bounded time, never a wrong one, and everything goes on when it is back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import StoreUnavailable
from statehold.server import create_app
from statehold.stores.address import StoreOptions
from statehold.stores.postgres import connections
from statehold.stores.postgres.migrate import make_ready
from statehold.stores.postgres.store import PostgresStore
from tests.acceptance.chaos import round
from tests.acceptance.chaos.flow import MACHINES
from tests.acceptance.serving import listening
from tests.access import OPEN
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import Proxy
from tests.simulation.auditor import Ledger, audit
from tests.simulation.images import read_postgres

pytestmark = pytest.mark.anyio

#: the link's own bounds, cut down so that a test need not wait for them
CONNECT, STATEMENT, SERVER_STATEMENT, LOCK, POOL = 0.8, 1.2, 0.8, 0.5, 0.5
#: all that a request may wait for, one after the other, and what a busy machine adds
BOUND = 10 * (CONNECT + STATEMENT + POOL)
LIMITS = Limits(heartbeat_seconds=0.3, lease_seconds=30.0, poll_seconds=0.1, idle_seconds=0.2)
PUT = {"type": "Put", "n": 1}


@pytest.fixture(autouse=True)
def short_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", CONNECT)
    monkeypatch.setattr(connections, "STATEMENT_SECONDS", STATEMENT)
    monkeypatch.setattr(connections, "SERVER_STATEMENT_SECONDS", SERVER_STATEMENT)
    monkeypatch.setattr(connections, "LOCK_SECONDS", LOCK)
    monkeypatch.setattr(connections, "POOL_SECONDS", POOL)


@pytest.fixture
async def proxy(postgres: PostgresServer, anyio_backend: str) -> AsyncIterator[Proxy]:
    async with Proxy(postgres.port).listening() as proxy:
        yield proxy


class Caller:
    """Asks over HTTP; ``ledger`` is what it was told."""

    def __init__(self, http: httpx.AsyncClient, engine: Engine) -> None:
        self.ledger = Ledger()
        self.engine = engine
        self._http = http

    async def start(self, *ids: str) -> None:
        for id in ids:
            answer = await self._http.post("/api/machines/ledger/instances", json={"id": id})
            assert answer.status_code == 201, answer.text

    async def put(self, id: str, key: str) -> int:
        """The status; 503 within the bound, if it can't be done."""
        begun = time.monotonic()
        answer = await self._http.post(
            f"/api/machines/ledger/instances/{id}/events",
            json=PUT, headers={"Idempotency-Key": key},
        )  # fmt: skip
        assert time.monotonic() - begun < BOUND
        if answer.status_code == 200:
            self.ledger.unknown.discard(key)
            self.ledger.acknowledged.add(key)
        else:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1
            self.ledger.unknown.add(key)
        return answer.status_code

    async def insist(self, id: str, key: str) -> int:
        """Asks with the key until it is done; how often that was in vain."""
        async with asyncio.timeout(BOUND):
            tries = 0
            while await self.put(id, key) != 200:
                tries += 1
                await asyncio.sleep(0.05)
            return tries

    async def is_ready(self) -> bool:
        answer = await self._http.get("/ready")
        assert answer.status_code in (200, 503)
        return answer.status_code == 200


@asynccontextmanager
async def serving(
    dsn: str, pool_size: int = 4, direct_store: str | None = None
) -> AsyncIterator[Caller]:
    async with AsyncExitStack() as stack:
        store = PostgresStore(dsn, pool_size=pool_size, direct_store=direct_store)
        engine = await stack.enter_async_context(Engine(store, MACHINES, limits=LIMITS))
        app = create_app(engine, owns_engine=False, access=OPEN)
        address = await stack.enter_async_context(listening(app, access_log=False))
        http = httpx.AsyncClient(base_url=address, timeout=BOUND + 5)
        yield Caller(await stack.enter_async_context(http), engine)


async def sound(dsn: str, caller: Caller) -> bool:
    return audit(await read_postgres(dsn), caller.ledger) == []


async def test_connections_that_are_cut_cost_a_503_at_most(proxy: Proxy, migrated_dsn: str) -> None:
    async with serving(proxy.dsn(urlsplit(migrated_dsn).path[1:])) as caller:
        await caller.start("l-1")
        for number in range(10):
            asking = asyncio.create_task(caller.put("l-1", f"k-{number}"))
            # now in the middle of it, now before it
            for _ in range(number % 5):
                await asyncio.sleep(0)
            proxy.cut()
            await asking
            await caller.insist("l-1", f"k-{number}")
        assert caller.ledger.unknown == set()
        assert await sound(migrated_dsn, caller)


@pytest.mark.usefixtures("pooler")
async def test_a_pooler_that_ends_costs_a_503_at_most(
    postgres: PostgresServer, migrated_dsn: str
) -> None:
    with PgBouncer(postgres) as own:
        async with serving(own.before(migrated_dsn), direct_store=migrated_dsn) as caller:
            await caller.start("l-1")
            for number in range(4):
                asking = asyncio.create_task(caller.put("l-1", f"k-{number}"))
                for _ in range(number):
                    await asyncio.sleep(0)
                ended = signal.SIGKILL if number % 2 else signal.SIGTERM
                await asyncio.to_thread(own.stop, ended)
                await asking
                assert await caller.put("l-1", f"away-{number}") == 503
                assert not await caller.is_ready()
                await asyncio.to_thread(own.start)
                await caller.insist("l-1", f"k-{number}")
                await caller.insist("l-1", f"away-{number}")
            assert await caller.is_ready()
            assert caller.ledger.unknown == set()
            assert await sound(migrated_dsn, caller)


@pytest.mark.usefixtures("pooler")
async def test_a_server_that_restarts_behind_a_pooler_costs_a_503_at_most() -> None:
    with PostgresServer() as server, PgBouncer(server) as own:
        dsn = await round.prepared(server)
        async with serving(own.before(dsn), direct_store=dsn) as caller:
            await caller.start("l-1")
            for number in range(2):
                asking = asyncio.create_task(caller.put("l-1", f"k-{number}"))
                await asyncio.to_thread(server.restart, "immediate")
                await asking
                await caller.insist("l-1", f"k-{number}")
            assert caller.ledger.unknown == set()
            assert await sound(dsn, caller)


async def test_a_network_that_has_fallen_silent_is_given_up_in_bounded_time(
    proxy: Proxy, migrated_dsn: str
) -> None:
    async with serving(proxy.dsn(urlsplit(migrated_dsn).path[1:])) as caller:
        await caller.start("l-1", "l-2")
        proxy.passing.clear()
        asked = [caller.put(f"l-{n % 2 + 1}", f"k-{n}") for n in range(6)]
        assert await asyncio.gather(*asked) == [503] * 6
        assert not await caller.is_ready()
        proxy.passing.set()
        for n in range(6):
            await caller.insist(f"l-{n % 2 + 1}", f"k-{n}")
        assert await caller.is_ready()
        assert caller.ledger.unknown == set()
        assert await sound(migrated_dsn, caller)


async def test_a_lock_on_a_row_holds_up_the_others_for_no_longer_than_a_statement_waits_for_one(
    migrated_dsn: str,
) -> None:
    async with serving(migrated_dsn) as caller:
        await caller.start("l-1", "l-2")
        db = await asyncpg.connect(migrated_dsn)
        transaction = db.transaction()
        await transaction.start()
        await db.execute("SELECT 1 FROM instances WHERE id = 'l-1' FOR UPDATE")
        locked, other = await asyncio.gather(caller.put("l-1", "k-1"), caller.insist("l-2", "k-2"))
        assert locked == 503
        assert other <= 1
        # given up by the server's own rule, not by one that is there for something else
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            await caller.engine.send("ledger", "l-1", PUT)
        await transaction.rollback()
        await db.close()
        await caller.insist("l-1", "k-1")
        assert await sound(migrated_dsn, caller)


async def test_reads_that_find_no_free_connection_are_told_so(migrated_dsn: str) -> None:
    async with serving(migrated_dsn, pool_size=1) as caller:
        await caller.start("l-1")
        db = await asyncpg.connect(migrated_dsn)
        async with db.transaction():
            # what every read needs waits behind it, on the one connection that there is
            await db.execute("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
            asked = [caller.put("l-1", f"k-{n}") for n in range(3)]
            assert await asyncio.gather(*asked) == [503] * 3
        await db.close()
        for n in range(3):
            await caller.insist("l-1", f"k-{n}")
        assert await sound(migrated_dsn, caller)


@pytest.fixture
def narrow() -> Iterator[PostgresServer]:
    """A server with few connections."""
    with PostgresServer(settings={"max_connections": 8}) as server:
        yield server


async def test_a_server_with_no_connection_left_is_unavailable_and_not_an_error_of_ours(
    narrow: PostgresServer,
) -> None:
    dsn = await round.prepared(narrow)
    async with serving(dsn) as caller, AsyncExitStack() as stack:
        await caller.start("l-1")
        hogs: list[asyncpg.Connection[asyncpg.Record]] = []
        own = (await stack.enter_async_context(held(dsn)))[0]
        async with asyncio.timeout(BOUND):
            while await takes_one_more(dsn, hogs):
                pass
        try:
            # its own connections go, and others have taken all places
            await own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'statehold %'"
            )
            async with asyncio.timeout(BOUND):
                while await takes_one_more(dsn, hogs):
                    pass
            assert await caller.put("l-1", "k-1") == 503
            assert not await caller.is_ready()
            with pytest.raises(StoreUnavailable, match="too many clients"):
                await PostgresStore(dsn).open("another")
        finally:
            for hog in hogs:
                await hog.close()
        await caller.insist("l-1", "k-1")
        assert await sound(dsn, caller)


async def test_an_address_at_which_no_server_can_be_written_is_unavailable_for_now(
    postgres: PostgresServer, migrated_dsn: str
) -> None:
    """As between the loss of a primary and the promotion of its standby."""
    database = urlsplit(migrated_dsn).path[1:]
    postgres.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    store = PostgresStore(f"{migrated_dsn}?target_session_attrs=read-write")
    with pytest.raises(StoreUnavailable):
        await store.open("w1")


async def test_a_connection_of_which_the_driver_knows_no_more_is_not_lent_again(
    migrated_dsn: str,
) -> None:
    link = connections.Connections(migrated_dsn, "w1", 1, StoreOptions())
    await link.open(make_ready)
    try:
        async with link.reading() as db:
            first = await db.fetchval("SELECT pg_backend_pid()")
        with pytest.raises(StoreUnavailable):
            async with link.reading():
                raise asyncpg.InternalClientError("cannot switch to state 15")
        async with link.reading() as db:
            assert await db.fetchval("SELECT pg_backend_pid()") != first
    finally:
        await link.close()


@asynccontextmanager
async def held(dsn: str) -> AsyncIterator[list[asyncpg.Connection[asyncpg.Record]]]:
    connection = await asyncpg.connect(dsn)
    try:
        yield [connection]
    finally:
        await connection.close()


async def takes_one_more(dsn: str, hogs: list[asyncpg.Connection[asyncpg.Record]]) -> bool:
    try:
        hogs.append(await asyncpg.connect(dsn))
    except asyncpg.TooManyConnectionsError:
        return False
    return True
