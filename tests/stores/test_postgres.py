"""What only the PostgreSQL store has: a schema that others migrate, plans, connections, fences."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from statehold.errors import (
    LeaseLost,
    SchemaMismatch,
    SchemaOutdated,
    StoreInUse,
    StoreRefused,
    StoreUnavailable,
)
from statehold.records import Ref
from statehold.store import FIRST_ID, Hint, WriteResult
from statehold.stores.postgres import migrate
from statehold.stores.postgres.hints import channel_of
from statehold.stores.postgres.migrate import check, phase_of, upgrade
from statehold.stores.postgres.store import PostgresStore
from statehold.stores.queries import Migration, load_migrations, load_schema
from tests.servers.postgres import PostgresServer
from tests.stores.build import (
    CONFLICT,
    LEASE,
    OURS,
    WRITTEN,
    a_message,
    a_row,
    an_entry,
    at,
    change,
    new,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[PostgresStore]:
    made = await opened(migrated_dsn, "w1")
    yield made
    await made.close()


@pytest.fixture
async def other(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[PostgresStore]:
    """Another worker's opening of the same database."""
    made = await opened(migrated_dsn, "w2")
    yield made
    await made.close()


@pytest.fixture
async def db(
    migrated_dsn: str, anyio_backend: str
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that knows nothing of the store."""
    connection = await asyncpg.connect(migrated_dsn)
    yield connection
    await connection.close()


async def opened(dsn: str, worker: str) -> PostgresStore:
    made = PostgresStore(dsn)
    await made.open(worker)
    await made.join(worker, LEASE)
    return made


# --- the schema -----------------------------------------------------------------------------

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name,
       is_identity, identity_generation
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
_OPTIONS = """
SELECT relname, reloptions, attname, attstorage
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 ORDER BY 1, 3
"""


async def shape(dsn: str) -> list[list[tuple[Any, ...]]]:
    """Everything in a database's schema that ours could differ in."""
    db = await asyncpg.connect(dsn)
    try:
        asked = (_COLUMNS, _INDEXES, _CONSTRAINTS, _OPTIONS)
        return [[tuple(row) for row in await db.fetch(question)] for question in asked]
    finally:
        await db.close()


async def test_the_schema_is_what_all_migrations_make(
    postgres: PostgresServer, migrated_dsn: str
) -> None:
    written_down = postgres.create_database()
    db = await asyncpg.connect(written_down)
    await db.execute(load_schema("postgres"))
    await db.close()
    assert await shape(written_down) == await shape(migrated_dsn)
    postgres.drop_database(written_down)


def test_every_migration_says_whether_it_comes_before_or_after_a_deploy() -> None:
    phases = [phase_of(migration) for migration in load_migrations("postgres")]
    assert phases[0] == "before"
    with pytest.raises(ValueError, match="-- phase: before"):
        phase_of(Migration(1, "0001_mute.sql", "CREATE TABLE t ()"))


async def test_an_empty_database_gets_its_schema_at_the_first_opening(
    postgres_dsn: str,
) -> None:
    stores = [PostgresStore(postgres_dsn) for _ in range(4)]
    await asyncio.gather(*(store.open(f"w{n}") for n, store in enumerate(stores)))
    state = await check(postgres_dsn)
    assert (state.pending, state.can_run) == ((), True)
    assert state.applied == tuple(one.name for one in load_migrations("postgres"))
    for store in stores:
        await store.close()


def with_next(monkeypatch: pytest.MonkeyPatch, *more: Migration) -> None:
    """The migrations of a release after this one."""
    known = load_migrations("postgres")
    monkeypatch.setattr(migrate, "load_migrations", lambda _: (*known, *more))


def next_migration(phase: str, sql: str, after: int = 0) -> Migration:
    number = load_migrations("postgres")[-1].number + after + 1
    return Migration(number, f"{number:04}_next.sql", f"-- next\n-- phase: {phase}\n{sql}")


ADDS = "ALTER TABLE instances ADD COLUMN later text; CREATE INDEX next ON journal (at)"
TAKES_AWAY = "ALTER TABLE instances DROP COLUMN deadline"


async def test_this_release_runs_on_a_schema_that_a_later_one_has_prepared(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        with_next(patch, next_migration("before", ADDS), next_migration("after", TAKES_AWAY, 1))
        assert len(await upgrade(migrated_dsn)) == 1
    state = await check(migrated_dsn)
    assert state.can_run
    assert len(state.unknown) == 1
    store = await opened(migrated_dsn, "w1")
    await started(store, a_row(wake_at=at(1), indexes={"city": "Bonn"}))
    await written(store, change(a_row(wake_at=at(1), indexes={"city": "Bonn"})))
    assert [row.seq for row in await store.due(OURS, at(1), 10)] == [2]
    await store.close()


async def test_this_release_refuses_a_schema_that_a_later_one_has_taken_parts_of_away(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        with_next(patch, next_migration("after", TAKES_AWAY))
        assert len(await upgrade(migrated_dsn, "after")) == 1
    with pytest.raises(SchemaMismatch, match="a newer one"):
        await PostgresStore(migrated_dsn).open("w1")


async def test_a_database_that_is_older_is_refused_with_the_command_that_upgrades_it(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_next(monkeypatch, next_migration("before", ADDS))
    with pytest.raises(SchemaOutdated, match="statehold db upgrade") as refused:
        await PostgresStore(migrated_dsn).open("w1")
    assert len(refused.value.pending) == 1
    await upgrade(migrated_dsn)
    store = PostgresStore(migrated_dsn)
    await store.open("w1")
    await store.close()


async def test_what_comes_after_a_deploy_waits_for_its_own_command(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_next(monkeypatch, next_migration("after", TAKES_AWAY))
    assert await upgrade(migrated_dsn, "before") == []
    state = await check(migrated_dsn)
    assert (len(state.pending), state.can_run) == (1, True)


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await shape(migrated_dsn)
    with_next(monkeypatch, next_migration("before", f"{ADDS}; SELECT 1 / 0"))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await upgrade(migrated_dsn)
    assert await shape(migrated_dsn) == before


# --- workers --------------------------------------------------------------------------------


async def test_claims_are_kept_in_the_order_of_their_keys(
    store: PostgresStore, db: asyncpg.Connection[asyncpg.Record], migrated_dsn: str
) -> None:
    """As they are taken, so that two workers never wait for each other."""
    await db.execute(
        "INSERT INTO deliverers (partition, machine, worker, until) "
        "VALUES (3, 'order', 'w1', 0), (60, 'order', 'w1', 0)"
    )
    store._mailbox._claimed = [("order", 60), ("order", 3)]
    kept: asyncio.Task[Any]
    async with db.transaction():
        await db.execute("SELECT FROM deliverers WHERE partition = 3 FOR UPDATE")
        kept = asyncio.create_task(store.mail(OURS, at(1), FIRST_ID, 10, at(9)))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await db.fetchval(waiting):
            assert not kept.done()
        # it waits for the first, and has not locked the second
        await db.execute("SELECT FROM deliverers WHERE partition = 60 FOR UPDATE NOWAIT")
    assert await kept == []
    assert await db.fetchval("SELECT min(until) FROM deliverers") > 0


async def test_a_removed_worker_writes_nothing_by_either_way(
    store: PostgresStore, other: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    await started(store, a_row())
    await db.execute("UPDATE workers SET lease_until = now() - interval '1 s' WHERE id = 'w1'")
    assert (await other.beat(LEASE)).alive == ("w2",)
    for write in (change(a_row()), new(a_row("o-2"))):
        with pytest.raises(LeaseLost):
            await store.commit([write])
    with pytest.raises(LeaseLost):
        await store.beat(LEASE)
    assert await read(other) == a_row()
    assert await read(other, "o-2") is None
    await store.join("w1 again", LEASE)
    await written(store, change(a_row()))


async def test_a_running_commit_is_waited_for_before_its_worker_is_removed(
    store: PostgresStore, other: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    await db.execute("UPDATE workers SET lease_until = now() - interval '1 s' WHERE id = 'w1'")
    async with db.transaction():
        # as the commit of w1 would
        await db.fetch("SELECT slot FROM fences WHERE worker = 'w1' FOR KEY SHARE")
        assert (await other.beat(LEASE)).alive == ("w1", "w2")
    assert (await other.beat(LEASE)).alive == ("w2",)


async def test_a_name_is_refused_while_it_is_alive(store: PostgresStore, migrated_dsn: str) -> None:
    twin = PostgresStore(migrated_dsn)
    await twin.open("w1")
    with pytest.raises(StoreInUse, match="another worker called w1"):
        await twin.join("w1", LEASE)
    await twin.close()


async def test_many_workers_join_at_once_and_each_has_a_slot_of_its_own(
    migrated_dsn: str, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    names = [f"w{n}" for n in range(12)]
    stores = await asyncio.gather(*(opened(migrated_dsn, name) for name in names))
    slots = [row[0] for row in await db.fetch("SELECT slot FROM workers ORDER BY slot")]
    assert slots == list(range(12))
    freed = await db.fetchval("SELECT slot FROM workers WHERE id = 'w5'")
    await stores[5].leave()
    await stores[5].join("w5 again", LEASE)
    assert await db.fetchval("SELECT slot FROM workers WHERE id = 'w5 again'") == freed
    for store in stores:
        await store.close()


async def test_hints_reach_the_other_workers_and_not_their_sender(
    store: PostgresStore, other: PostgresStore
) -> None:
    here: list[Hint] = []
    there: asyncio.Queue[Hint] = asyncio.Queue()
    store.listen(here.append)
    other.listen(there.put_nowait)
    await asyncio.gather(store.beat(LEASE), other.beat(LEASE))
    hint = Hint((Ref("order", "o-1"),), mail=True)
    await store.notify(hint)
    async with asyncio.timeout(10):
        assert await there.get() == hint
        await store.notify(Hint(tuple(Ref("order", "o" * 200 + str(n)) for n in range(90))))
        assert await there.get() == Hint(None), "too long to be expected in full"
    assert here == []


# --- batches --------------------------------------------------------------------------------


async def test_batches_of_two_workers_over_the_same_instances_do_not_deadlock(
    store: PostgresStore, other: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    ids = [f"o-{n}" for n in range(40)]
    await started(store, *(a_row(id) for id in ids))

    async def work(one: PostgresStore, order: Sequence[str]) -> int:
        """Steps that went through; half of them send a message and so go the careful way."""
        done = 0
        for turn in range(25):
            rows = await one.load([Ref("order", id) for id in order])
            posts = {"messages": [a_message("o-0")]} if turn % 2 else None
            writes = [change(row, parts=posts) for row in rows.values()]
            done += (await one.commit(writes)).count(WriteResult.WRITTEN)
        return done

    done = await asyncio.gather(work(store, ids), work(other, ids[::-1]))
    rows = await store.load([Ref("order", id) for id in ids])
    assert sum(row.seq - 1 for row in rows.values()) == sum(done)
    assert await db.fetchval("SELECT count(*) FROM journal") == sum(done) + len(ids)
    assert await db.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = $1",
                             await db.fetchval("SELECT current_database()")) == 0  # fmt: skip


async def test_of_a_plain_batch_only_those_that_lost_are_not_written(
    store: PostgresStore, other: PostgresStore
) -> None:
    rows = [a_row(f"o-{n}") for n in range(4)]
    await started(store, *rows)
    await other.load([row.ref for row in rows])
    await written(other, change(rows[1], state=("b",)))
    writes = [change(row, state=("c",)) for row in rows]
    assert await store.commit(writes) == [WRITTEN, CONFLICT, WRITTEN, WRITTEN]
    assert await store.count("order") == {
        (1, "running", ("b",)): 1,
        (1, "running", ("c",)): 3,
    }
    assert [len(await store.journal(row.ref)) for row in rows] == [2, 2, 2, 2]


async def test_a_worker_that_is_removed_in_the_middle_of_a_batch_does_not_see_all_writes_fail(
    store: PostgresStore, other: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    rows = [a_row(f"o-{n}") for n in range(2)]
    await started(store, *rows)
    await other.load([row.ref for row in rows])
    await written(other, change(rows[1]))
    writer = store._writer
    checked = writer._commit_checked

    async def removed(pending: Any, partition: Any) -> Any:
        await db.execute("DELETE FROM fences WHERE worker = 'w1'")
        return await checked(pending, partition)

    writer._commit_checked = removed  # type: ignore[method-assign]
    writes = [change(row) for row in rows]
    assert await store.commit(writes) == [WRITTEN, CONFLICT]
    with pytest.raises(LeaseLost):
        await store.commit(writes[1:])


@pytest.mark.parametrize("text", ["a\0b", "\1", "\1a\0", "ä" * 100])
async def test_text_that_postgresql_does_not_take_comes_back_as_it_was(
    store: PostgresStore, text: str
) -> None:
    await started(store, a_row(indexes={"city": text}))
    row = a_row(indexes={"city": text})
    message = a_message("o-1", send_id=text, sender=row.ref)
    await written(store, change(row, key=text, parts={"messages": [message]}))
    assert (await store.replies([(row.ref, text)]))[row.ref, text].key == text
    assert [one.send_id for one in await store.mail(OURS, at(9), None, 10)] == [text]
    row = a_row(indexes={"city": text}, seq=2, rev=2)
    await written(store, change(row, parts={"recalled": [text]}))
    assert await store.mail(OURS, at(9), None, 10) == []
    assert await read(store) == a_row(indexes={"city": text}, seq=3, rev=3)


# --- connections ----------------------------------------------------------------------------

_OF_STORE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"


async def test_lost_connections_are_an_error_to_try_again_and_are_made_anew(
    store: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    await started(store, a_row())
    heard: asyncio.Queue[Hint] = asyncio.Queue()
    store.listen(heard.put_nowait)
    await store.beat(LEASE)
    await db.fetch(_OF_STORE, "statehold w1")
    row = a_row()
    for _ in range(20):
        try:
            (row,) = await written(store, change(row))
            break
        except StoreUnavailable:
            continue
    for _ in range(20):
        try:
            assert await read(store) == row
            await store.beat(LEASE)
            break
        except StoreUnavailable:
            continue
    await store.beat(LEASE)
    hint = '{"worker":"w9","hint":{"mail":true}}'
    await db.fetch("SELECT pg_notify($1, $2)", channel_of("public"), hint)
    async with asyncio.timeout(10):
        assert await heard.get() == Hint(mail=True)


async def test_a_wrong_password_and_a_missing_database_are_refused_for_good(
    migrated_dsn: str,
) -> None:
    with pytest.raises(StoreRefused, match="does not exist"):
        await PostgresStore(f"{migrated_dsn}_not_there").open("w1")


async def test_a_server_that_can_only_be_read_is_not_ready(
    migrated_dsn: str, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    name = await db.fetchval("SELECT current_database()")
    await db.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    store = PostgresStore(migrated_dsn)
    await store.open("w1")
    with pytest.raises(StoreUnavailable, match="can only be read"):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.join("w1", timedelta(seconds=9))
    await store.close()


async def test_a_busy_pool_is_an_error_to_try_again(
    migrated_dsn: str, db: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.stores.postgres.connections.POOL_SECONDS", 0.05)
    store = PostgresStore(migrated_dsn, pool_size=1)
    await store.open("w1")
    async with db.transaction():
        await db.execute("LOCK TABLE charts IN ACCESS EXCLUSIVE MODE")
        first = asyncio.ensure_future(store.charts("order"))
        for _ in range(10_000):
            if await db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                break
        with pytest.raises(StoreUnavailable, match="1 connections for reads were busy"):
            await store.workers()
    assert await first == []
    await store.close()


async def test_a_heartbeat_waits_for_no_read(
    migrated_dsn: str, db: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.stores.postgres.connections.POOL_SECONDS", 0.05)
    store = PostgresStore(migrated_dsn, pool_size=2)
    await store.open("w1")
    async with db.transaction():
        await db.execute("LOCK TABLE charts IN ACCESS EXCLUSIVE MODE")
        reads = [asyncio.ensure_future(store.charts("order")) for _ in range(2)]
        for _ in range(10_000):
            if await db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 2:
                break
        with pytest.raises(StoreUnavailable, match="2 connections for reads were busy"):
            await store.workers()
        await store.join("w1", LEASE)
        store.listen(lambda hint: None)
        assert (await store.beat(LEASE)).alive == ("w1",)
        await store.leave()
        with pytest.raises(LeaseLost):
            await store.beat(LEASE)
    assert await asyncio.gather(*reads) == [[], []]
    await store.close()


async def test_an_entry_is_kept_under_its_place_once(store: PostgresStore) -> None:
    await started(store, a_row())
    again = change(a_row(), parts=None)
    repeated = [an_entry(a_row())]
    assert await store.commit([type(again)(again.row, 1, repeated)]) == [CONFLICT]
    assert await read(store) == a_row()
