"""Several stores in schemas of one PostgreSQL database: each is a tenant that sees no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from statehold.engine import Engine
from statehold.errors import StoreRefused
from statehold.store import Hint
from statehold.stores import MemoryStore, StoreOptions, open_store
from statehold.stores.postgres.migrate import check, upgrade
from statehold.stores.postgres.store import PostgresStore
from tests.servers.postgres import PostgresServer
from tests.stores.build import LEASE, OURS, START, a_message, a_row, new, written

pytestmark = pytest.mark.anyio

#: legal names, which have to be quoted
NAMES = ["Orders", 'a "quoted" name', "größe 寿司", "it's\\", "select", "a,b", "x" * 63, "ü" * 31]


@pytest.fixture
async def tenants(
    postgres_dsn: str, anyio_backend: str
) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two stores of one database; their workers have the same name."""
    made = PostgresStore(postgres_dsn, schema="north"), PostgresStore(postgres_dsn, schema="South")
    for store in made:
        await store.open("w1")
        await store.join("w1", LEASE)
    yield made
    for store in made:
        await store.close()


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_that_postgres_can_have_is_a_schema(postgres_dsn: str, name: str) -> None:
    store = PostgresStore(postgres_dsn, schema=name)
    await store.open("w1")
    await store.join("w1", LEASE)
    (row,) = await written(store, new(a_row()))
    assert await store.load([row.ref]) == {row.ref: row}
    await store.close()
    assert (await check(postgres_dsn, name)).pending == ()
    db = await asyncpg.connect(postgres_dsn)
    found = await db.fetch("SELECT schemaname FROM pg_tables WHERE tablename = 'instances'")
    await db.close()
    assert [schema for (schema,) in found] == [name]


async def test_nothing_of_one_schema_is_seen_in_another(
    tenants: tuple[PostgresStore, PostgresStore],
) -> None:
    north, south = tenants
    row = a_row(wake_at=START, incidents=1)
    write = new(row, key="k-1", messages=[a_message()])
    await written(north, write)
    assert await south.load([row.ref]) == {}
    assert await south.due(OURS, START, 10) == []
    assert await south.orphans(OURS, None, 10) == []
    assert await south.count("order") == {}
    assert await south.journal(row.ref) == []
    assert (await south.incidents(None, 10, None)).rows == ()
    assert await south.workers() == ("w1",)
    assert (await south.beat(LEASE)).alive == ("w1",)
    # the same instance, key and all, is free there
    await written(south, write)
    await north.leave()
    assert await south.workers() == ("w1",)


async def test_a_hint_is_heard_in_its_own_schema_alone(
    tenants: tuple[PostgresStore, PostgresStore], postgres_dsn: str
) -> None:
    heard: dict[PostgresStore, asyncio.Queue[Hint]] = {store: asyncio.Queue() for store in tenants}
    for store in tenants:
        store.listen(heard[store].put_nowait)
        await store.beat(LEASE)
    north, south = tenants
    others = [PostgresStore(postgres_dsn, schema=name) for name in ("north", "South")]
    for other in others:
        await other.open("w2")
        await other.join("w2", LEASE)
    await others[0].notify(Hint(mail=True))
    async with asyncio.timeout(10):
        assert await heard[north].get() == Hint(mail=True)
    # notifications come in order, so what north was told would be there by now
    await others[1].notify(Hint(documents=True))
    async with asyncio.timeout(10):
        assert await heard[south].get() == Hint(documents=True)
    assert heard[south].empty()
    for other in others:
        await other.close()


async def test_an_upgrade_of_one_schema_leaves_the_others(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    assert await upgrade(postgres_dsn, "after", schema="north")
    postgres.execute("CREATE SCHEMA south", database=postgres_dsn.rpartition("/")[2])
    assert (await check(postgres_dsn, "north")).pending == ()
    assert (await check(postgres_dsn, "south")).applied == ()
    assert (await check(postgres_dsn)).applied == ()
    assert await upgrade(postgres_dsn, "after", schema="north") == []


async def test_one_schema_is_migrated_while_another_is(postgres_dsn: str) -> None:
    """Whoever migrates holds a lock, which is one of its schema."""
    await upgrade(postgres_dsn, "after", schema="north")
    holder = await asyncpg.connect(
        postgres_dsn, server_settings={"search_path": "north", "lock_timeout": "10s"}
    )
    held = await holder.fetch(
        "SELECT pg_advisory_lock(hashtextextended('north', 5499273481234000))"
    )
    assert held
    async with asyncio.timeout(60):
        assert await upgrade(postgres_dsn, "after", schema="south")
    waiting = asyncio.create_task(upgrade(postgres_dsn, "after", schema="north"))
    while not await holder.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ):
        assert not waiting.done()
    await holder.close()
    assert await waiting == []


async def test_workers_that_are_the_first_create_a_schema_once(postgres_dsn: str) -> None:
    stores = [PostgresStore(postgres_dsn, schema="new") for _ in range(4)]
    await asyncio.gather(*(store.open(f"w{n}") for n, store in enumerate(stores)))
    await asyncio.gather(*(store.join(f"w{n}", LEASE) for n, store in enumerate(stores)))
    assert len(await stores[0].workers()) == 4
    for store in stores:
        await store.close()


async def test_two_engines_of_two_schemas_share_nothing(postgres_dsn: str) -> None:
    from tests.acceptance.chaos.flow import MACHINES

    async with (
        Engine(postgres_dsn, MACHINES, schema="north", worker="w1") as north,
        Engine(postgres_dsn, MACHINES, schema="south", worker="w1") as south,
    ):
        await north.check_ready()
        await south.check_ready()


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "no schema can be called ''"),
        ("a\0b", "no schema can be called"),
        ("\ud800", "no valid Unicode"),
        ("x" * 64, "has 64 bytes, and a name in PostgreSQL has 63 at most"),
        ("ü" * 32, "has 64 bytes"),
        ("pg_mine", "one of PostgreSQL's own"),
        ("$user", "one of PostgreSQL's own"),
        ("information_schema", "one of PostgreSQL's own"),
    ],
)
def test_a_name_that_no_schema_has_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(StoreRefused, match=complaint):
        open_store("postgresql://u@h/d", StoreOptions(schema=name))


@pytest.mark.parametrize("address", ["memory:", "sqlite:///orders.db"])
def test_only_a_postgres_store_has_a_schema_or_a_direct_address(address: str) -> None:
    with pytest.raises(StoreRefused, match="only a PostgreSQL store has a schema"):
        open_store(address, StoreOptions(schema="orders"))
    with pytest.raises(StoreRefused, match=r"has a direct_store \(--direct-store\)"):
        open_store(address, StoreOptions(direct_store="postgresql://u@h/d"))
    with pytest.raises(StoreRefused, match="the PostgreSQL server's own address"):
        open_store("postgresql://u@h/d", StoreOptions(direct_store=address))


def test_a_store_that_is_given_itself_takes_no_options_of_an_address() -> None:
    with pytest.raises(ValueError, match="schema goes with the address of a store"):
        Engine(MemoryStore(), [], schema="orders")


async def test_a_schema_that_may_not_be_created_is_refused_with_the_way_out(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    postgres.execute(f'CREATE ROLE "r{name}" LOGIN', database=name)
    dsn = postgres_dsn.replace("postgres@", f"r{name}@")
    ways = f'CREATE SCHEMA "Or""ders" AUTHORIZATION "r{name}", or GRANT CREATE ON DATABASE'
    try:
        for asked in (
            PostgresStore(dsn, schema='Or"ders').open("w1"),
            upgrade(dsn, "after", schema='Or"ders'),
        ):
            with pytest.raises(StoreRefused, match=ways):
                await asked
        # one that is there, and that the role may not use
        postgres.execute('CREATE SCHEMA "Or""ders"', database=name)
        with pytest.raises(StoreRefused, match="GRANT USAGE on it"):
            await PostgresStore(dsn, schema='Or"ders').open("w1")
        postgres.execute(f'ALTER SCHEMA "Or""ders" OWNER TO "r{name}"', database=name)
        store = PostgresStore(dsn, schema='Or"ders')
        await store.open("w1")
        await store.close()
    finally:
        postgres.execute(f'DROP OWNED BY "r{name}" CASCADE; DROP ROLE "r{name}"', database=name)


async def test_a_check_of_a_schema_that_is_not_there_changes_nothing(postgres_dsn: str) -> None:
    with pytest.raises(StoreRefused, match='no schema of the search_path, "orders", is there'):
        await check(postgres_dsn, "orders")
    db = await asyncpg.connect(postgres_dsn)
    assert not await db.fetch("SELECT 1 FROM pg_namespace WHERE nspname = 'orders'")
    await db.close()
