"""Lists and counts from a real standby of PostgreSQL: its lag, and when it is not read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.store import Query, Reads
from statehold.stores.address import StoreOptions
from statehold.stores.postgres.connections import Connections
from statehold.stores.postgres.migrate import make_ready, upgrade
from statehold.stores.postgres.standby import PostgresStandby
from statehold.stores.postgres.statements import Statements
from statehold.stores.postgres.store import PostgresStore
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.servers.programs import PostgresError
from tests.servers.standby import Standby
from tests.stores.build import LEASE, a_row, started

pytestmark = pytest.mark.anyio


class Clock:
    """A monotonic clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Pair:
    """A database with the schema on a server, and the same on its standby."""

    def __init__(self, primary: PostgresServer, standby: Standby, dsn: str) -> None:
        self.primary = primary
        self.standby = standby
        self.dsn = dsn
        self.name = dsn.rpartition("/")[2]
        self.clock = Clock()

    @property
    def there(self) -> str:
        return self.standby.dsn(self.name)

    @asynccontextmanager
    async def opened(
        self, address: str | None = None, queries: Statements | None = None
    ) -> AsyncIterator[PostgresStandby]:
        """With the test's clock, and not looked at since it was opened."""
        link = await opened_link(self.dsn)
        standby = PostgresStandby(
            link,
            address or self.there,
            link.settings_of_copies(),
            2,
            queries or Statements(spread=False),
            self.clock,
        )
        try:
            await standby.open()
            yield standby
            await standby.close()
        finally:
            await link.close()

    async def start(self, *ids: str) -> None:
        """Starts instances on the primary, and returns when that is acknowledged."""
        store = PostgresStore(self.dsn)
        await store.open(f"starts {ids[0]}")
        await store.join(f"starts {ids[0]}", LEASE)
        await started(store, *map(a_row, ids))
        await store.leave()
        await store.close()

    async def pause(self) -> None:
        await asyncio.to_thread(self.standby.pause_replay)

    async def resume(self) -> None:
        await asyncio.to_thread(self.standby.resume_replay)

    async def catch_up(self) -> None:
        await asyncio.to_thread(self.standby.catch_up)

    async def see(self, standby: PostgresStandby) -> None:
        """A look that finds the standby to have everything; the server writes into its log at any
        time, so it may take several."""
        while True:
            await self.catch_up()
            await standby.look()
            if standby.state().lag_seconds == 0.0:
                return

    async def see_and_pause(self, standby: PostgresStandby) -> None:
        """The same, with a standby that replays nothing from then on."""
        while True:
            await self.pause()
            await standby.look()
            if standby.state().lag_seconds == 0.0:
                return
            await self.resume()


async def opened_link(dsn: str) -> Connections:
    link = Connections(dsn, "w1", 2, StoreOptions())
    await link.open(make_ready)
    return link


@pytest.fixture
async def pair(
    replicated: tuple[PostgresServer, Standby], anyio_backend: str
) -> AsyncIterator[Pair]:
    primary, standby = replicated
    dsn = await asyncio.to_thread(primary.create_database)
    await upgrade(dsn, "after")
    await asyncio.to_thread(standby.catch_up)
    yield Pair(primary, standby, dsn)
    await asyncio.to_thread(standby.resume_replay)
    await asyncio.to_thread(primary.drop_database, dsn)


async def ids_of(reads: Reads) -> set[str]:
    return {row.id for row in (await reads.list(Query("order"))).rows}


async def why_not(standby: PostgresStandby, most_seconds: float = 60) -> str:
    """Why it is not read."""
    with pytest.raises(StoreUnavailable) as refused:
        async with standby.reading(most_seconds):
            raise AssertionError("it is read")
    return str(refused.value)


# --- the lag --------------------------------------------------------------------------------------


def test_a_standby_is_refused_where_statements_take_one_partition() -> None:
    with pytest.raises(StoreRefused, match="read_store can't be used with spread"):
        PostgresStore("postgresql://a/b", spread=True, read_store="postgresql://c/b")


async def test_a_standby_that_has_replayed_everything_is_behind_since_the_last_look_at_most(
    pair: Pair,
) -> None:
    async with pair.opened() as standby:
        await pair.start("o-1")
        pair.clock.now = 2_000.0
        await pair.see(standby)
        pair.clock.now = 2_000.25
        assert standby.state().lag_seconds == 0.25
        async with standby.reading(1) as (reads, lag):
            assert lag == 0.25
            assert await ids_of(reads) == {"o-1"}


async def test_the_lag_of_an_idle_primary_does_not_grow(pair: Pair) -> None:
    await pair.start("o-1")
    await pair.catch_up()
    async with pair.opened() as standby:
        for _ in range(3):
            # hours since the last transaction was replayed
            pair.clock.now += 10_000.0
            await pair.see(standby)
            async with standby.reading(0.1) as (_, lag):
                assert lag == 0.0


async def test_what_is_not_replayed_makes_the_lag_grow_from_when_it_was_acknowledged(
    pair: Pair,
) -> None:
    async with pair.opened() as standby:
        pair.clock.now = 2_000.0
        await pair.see_and_pause(standby)
        await pair.start("o-1")
        pair.clock.now = 2_003.0
        await standby.look()
        assert standby.state().lag_seconds == 3.0
        async with standby.reading(3.5) as (reads, lag):
            assert lag == 3.0
            assert await ids_of(reads) == set()
        assert "behind by 3.000 s, and less than 2.9 is wanted" in await why_not(standby, 2.9)
        await pair.resume()
        await pair.see(standby)
        async with standby.reading(2.9) as (reads, _):
            assert await ids_of(reads) == {"o-1"}


async def test_no_reading_lacks_what_was_acknowledged_longer_ago_than_its_bound(pair: Pair) -> None:
    async with pair.opened() as standby:
        await pair.pause()
        await standby.look()
        for number in range(6):
            await pair.start(f"o-{number}")
            acknowledged_at = pair.clock.now
            pair.clock.now += 0.5
            await standby.look()
            if number == 3:
                await pair.resume()
            most = pair.clock.now - acknowledged_at
            try:
                async with standby.reading(most) as (reads, lag):
                    assert lag <= most
                    assert await ids_of(reads) >= {f"o-{n}" for n in range(number + 1)}
            except StoreUnavailable:
                assert number < 3, "it has replayed all by then"


async def test_without_a_fresh_position_of_the_primary_the_lag_grows(pair: Pair) -> None:
    async with pair.opened() as standby:
        await pair.see(standby)
        await asyncio.to_thread(pair.primary.stop)
        try:
            pair.clock.now += 5.0
            await standby.look()
            assert standby.state().lag_seconds == 5.0
            async with standby.reading(6) as (_, lag):
                assert lag == 5.0
            assert "too long ago" in await why_not(standby, 4)
        finally:
            await asyncio.to_thread(pair.primary.start)
            await pair.catch_up()


async def test_a_lag_that_is_not_known_is_too_old(pair: Pair) -> None:
    await pair.pause()
    await pair.start("o-1")
    # nothing that it has replayed was seen on the primary
    async with pair.opened() as standby:
        assert standby.state().lag_seconds is None
        assert "replayed nothing since the first look" in str(standby.state().why)
        assert "replayed nothing since the first look" in await why_not(standby)
        await pair.resume()
        await pair.see(standby)


# --- a standby that can't be read -----------------------------------------------------------------


async def test_a_standby_that_is_down_is_not_read_until_a_look_finds_it_again(pair: Pair) -> None:
    await pair.start("o-1")
    async with pair.opened() as standby:
        await pair.see(standby)
        await asyncio.to_thread(pair.standby.stop)
        try:
            await why_not(standby)
            assert "does not answer" in str(standby.state().why)
            await standby.look()
            assert standby.state().lag_seconds is None
        finally:
            await asyncio.to_thread(pair.standby.start)
            await pair.catch_up()
        assert standby.state().why is not None, "nobody has looked since"
        await pair.see(standby)
        async with standby.reading(60) as (reads, _):
            assert await ids_of(reads) == {"o-1"}


async def test_what_lasts_is_logged_and_what_flaps_is_logged_once_a_minute(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "statehold.stores.postgres.standby")
    async with pair.opened() as standby:
        pair.clock.now += 61
        await pair.see(standby)
        assert caplog.messages[-1] == "lists and counts are read from the standby"
        caplog.clear()
        pair.clock.now += 61
        await asyncio.to_thread(pair.standby.stop)
        try:
            for _ in range(100):
                await standby.look()
                pair.clock.now += 0.5
        finally:
            await asyncio.to_thread(pair.standby.start)
        (warning,) = caplog.messages
        assert "read from the primary, not from the standby" in warning
        await pair.see(standby)
        assert caplog.messages == [warning]
        pair.clock.now += 20
        await pair.see(standby)
        assert caplog.messages == [warning, "lists and counts are read from the standby"]


async def test_a_store_opens_without_its_standby(pair: Pair) -> None:
    await asyncio.to_thread(pair.standby.stop)
    try:
        store = PostgresStore(pair.dsn, read_store=pair.there)
        await store.open("w1")
        assert store.standby is not None
        assert store.standby.state().why is not None
        assert (await store.list(Query("order"))).rows == ()
        await store.close()
    finally:
        await asyncio.to_thread(pair.standby.start)
        await pair.catch_up()


class SlowCounts(Statements):
    def __getitem__(self, name: str) -> str:
        if name == "counted_configurations":
            return "SELECT number, 1 FROM configurations, pg_sleep(60) WHERE machine = $1"
        return super().__getitem__(name)


async def test_a_query_that_a_recovery_conflict_cancels_leaves_the_standby_readable(
    pair: Pair,
) -> None:
    queries = SlowCounts(spread=False)
    await asyncio.to_thread(conflicts_at_once, pair.standby, yes=True)
    try:
        async with pair.opened(queries=queries) as standby:
            await pair.see(standby)
            async with standby.reading(60) as (reads, _):
                asked = asyncio.create_task(reads.count("order"))
                await asyncio.to_thread(runs, pair.standby, "pg_sleep(60)")
                # the replay of this takes the lock that the query holds
                drop = "ALTER TABLE configurations ADD COLUMN more text"
                await asyncio.to_thread(pair.primary.execute, drop, database=pair.name)
                with pytest.raises(Exception, match="conflict with recovery"):
                    await asked
            assert standby.state().why is None
            await pair.see(standby)
            async with standby.reading(60) as (reads, _):
                assert await reads.count_incidents("order") == 0
    finally:
        await asyncio.to_thread(conflicts_at_once, pair.standby, yes=False)


def conflicts_at_once(standby: Standby, *, yes: bool) -> None:
    """Whether replay cancels what it conflicts with, or waits for it for a while."""
    delay = "0" if yes else "'30s'"
    standby.execute(f"ALTER SYSTEM SET max_standby_streaming_delay = {delay}")
    standby.execute("SELECT pg_reload_conf()")


def runs(standby: Standby, text: str) -> None:
    """Returns once a statement with this text runs there."""
    standby.wait(
        f"SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%{text}%'"
        " AND state = 'active' AND pid <> pg_backend_pid()"
    )


async def test_a_standby_whose_schema_is_not_migrated_yet_is_not_read(
    replicated: tuple[PostgresServer, Standby],
) -> None:
    primary, standby = replicated
    dsn = await asyncio.to_thread(primary.create_database)
    pair = Pair(primary, standby, dsn)
    await pair.pause()
    # this opening makes the schema, which the standby has not replayed
    store = PostgresStore(dsn, read_store=pair.there)
    await store.open("w1")
    assert store.standby is not None
    assert "0001_first.sql" in str(store.standby.state().why)
    await pair.resume()
    while store.standby.state().why is not None:
        await store.standby.look()
    await store.close()
    await asyncio.to_thread(primary.drop_database, dsn)


@pytest.fixture
def pooler_of_primary(replicated: tuple[PostgresServer, Standby]) -> Iterator[PgBouncer]:
    try:
        made = PgBouncer(replicated[0])
    except PostgresError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with made:
        yield made


async def test_the_tables_are_found_in_the_schema_of_the_store_and_beside_a_pooler(
    pair: Pair, pooler_of_primary: PgBouncer
) -> None:
    store = PostgresStore(
        pooler_of_primary.before(pair.dsn),
        direct_store=pair.dsn,
        schema="North",
        read_store=pair.there,
    )
    await store.open("w1")
    await store.join("w1", LEASE)
    await started(store, a_row("o-1"))
    assert store.standby is not None
    await pair.catch_up()
    while store.standby.state().why is not None:
        await store.standby.look()
    async with store.standby.reading(3600) as (reads, _):
        assert await ids_of(reads) == {"o-1"}
    await store.close()


# --- another server -------------------------------------------------------------------------------


async def test_a_server_that_is_no_copy_of_the_primary_is_refused_at_opening(
    pair: Pair, migrated_dsn: str
) -> None:
    store = PostgresStore(pair.dsn, read_store=migrated_dsn)
    with pytest.raises(StoreRefused, match="no standby of the store: it is another server"):
        await store.open("w1")
    assert store.standby is None


async def test_another_database_of_the_standby_is_refused_at_opening(pair: Pair) -> None:
    store = PostgresStore(pair.dsn, read_store=pair.standby.dsn("postgres"))
    with pytest.raises(StoreRefused, match="another database"):
        await store.open("w1")


async def test_an_address_that_cant_be_read_is_refused_without_its_password(pair: Pair) -> None:
    store = PostgresStore(pair.dsn, read_store="postgresql://u:s3cret@host:port/x")
    with pytest.raises(StoreRefused, match="--read-store") as refused:
        await store.open("w1")
    assert "s3cret" not in str(refused.value)


async def test_the_primary_itself_is_no_standby(pair: Pair) -> None:
    async with pair.opened(pair.dsn) as standby:
        assert "no standby" in str(standby.state().why)
        assert "no standby" in await why_not(standby)


async def test_a_standby_that_was_promoted_is_not_read_any_more(migrated_dsn: str) -> None:
    """By those that still write to the old primary: the new one knows nothing of their writes."""
    with PostgresServer() as primary, Standby(primary, synchronous=False) as standby:
        dsn = await asyncio.to_thread(primary.create_database)
        await upgrade(dsn, "after")
        await asyncio.to_thread(standby.catch_up)
        pair = Pair(primary, standby, dsn)
        async with pair.opened() as opened:
            await pair.see(opened)
            async with opened.reading(60):
                pass
            await asyncio.to_thread(standby.promote)
            assert "no standby" in await why_not(opened)
            await opened.look()
            assert "no standby" in str(opened.state().why)
            assert opened.state().lag_seconds is None
        # the address of a store may still name it after the failover: that must not stop a start
        store = PostgresStore(pair.there, read_store=pair.there)
        await store.open("w1")
        assert store.standby is not None
        assert store.standby.state().lag_seconds is None
        await store.close()


async def test_a_standby_of_another_timeline_is_not_read_until_it_follows(pair: Pair) -> None:
    with Standby(pair.primary, synchronous=False) as other:
        await asyncio.to_thread(other.promote)
        # a primary after a failover, while the standby still follows the old one
        link = await opened_link(other.dsn(pair.name))
        standby = PostgresStandby(
            link, pair.there, link.settings_of_copies(), 2, Statements(spread=False), pair.clock
        )
        await standby.open()
        assert "timeline 1, and the primary on 2" in str(standby.state().why)
        assert "timeline 1" in await why_not(standby)
        await standby.close()
        await link.close()
