"""Migration 0006 of PostgreSQL copies everything, and goes on after whatever ended it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import msgspec
import pytest

from statehold.errors import SchemaOutdated, StoreRefused, StoreUnavailable
from statehold.store import partition_of
from statehold.stores.columns import StoredConfiguration, configuration_number
from statehold.stores.postgres import steps
from statehold.stores.postgres.migrate import check, upgrade
from statehold.stores.postgres.progress import Progress, Waiting
from statehold.stores.postgres.store import PostgresStore
from statehold.stores.queries import load_migrations
from tests.servers.postgres import PostgresServer
from tests.stores.old_database import make_old
from tests.stores.test_postgres import shape

pytestmark = pytest.mark.anyio

NAME = load_migrations("postgres")[5].name
#: it, and what an upgrade applies after it
NAMES = [migration.name for migration in load_migrations("postgres")[5:]]
INSTANCES, LINES = 120, 3

#: rows of each table that was copied, by their columns' names
Rows = dict[str, list[dict[str, Any]]]

TABLES = ("configurations", "counts", "instances", "lookups", "journal", "forgotten", "mailbox")
ALL = (*TABLES, "aside", "fences", "deliverers", "workers", "charts", "documents", "rollups")

#: rows that nothing should ever have written, and which have to survive
DAMAGE = r"""
INSERT INTO configurations (machine, version, status, state, tags, owners) VALUES
    ('order', 1, 'running', '["step_1", ]', '[]', '[]'), ('order', 1, 'lost', '[]', '[]', '[]'),
    ('order', -1, 'running', '{}', '7', ''), ('order', 1, 'running', '[ "step_1" ]', '[]', '[]'),
    ('order', 1, 'running', '["step_1"]', '[]', '[]');
INSERT INTO counts SELECT number, 0, 9223372036854775807 FROM configurations
    WHERE state IN ('[ "step_1" ]', '["step_1"]')
    ON CONFLICT (configuration, slot) DO UPDATE SET instances = excluded.instances;
INSERT INTO counts VALUES (4711, 3, -9223372036854775808), (-5, -1, 3);
UPDATE instances SET configuration = 4711 WHERE number = 7;
UPDATE instances SET configuration = -2147483648, seq = 9223372036854775807,
    incidents = 2147483647, indexes = 'none', held_by = '[', document = '' WHERE number = 8;
UPDATE instances SET number = 9 WHERE number = 10;
UPDATE instances SET number = -11 WHERE number = 11;
UPDATE instances SET number = 9223372036854775807 WHERE number = 12;
UPDATE journal SET instance = 9223372036854775807, seq = 9223372036854775807, part = 2147483647
    WHERE instance = 12 AND seq = 1;
UPDATE journal SET instance = -9223372036854775808 WHERE instance = 13;
INSERT INTO lookups VALUES ('order', 'customer', '', -9223372036854775808, ''),
    ('', '', '\x00', 0, '');
INSERT INTO mailbox (to_machine, to_id, kind, body, due_at, sender_machine, sender_id, held)
    VALUES ('order', 'none', '?', '', -1, 'order', NULL, false),
           ('', '', '', '', 0, NULL, 'x', true),
           ('order', 'o-1', 'event', '{}', 9223372036854775807, 'gone', 'g-1', false);
INSERT INTO aside VALUES ('order', 'none', 0, -9223372036854775808, '');
INSERT INTO forgotten VALUES (14), (-9223372036854775808)
"""


@pytest.fixture(scope="module")
def old(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database as the release before left it, which is only copied."""
    dsn = postgres.create_database("old_template")

    async def fill() -> None:
        await make_old(dsn, INSTANCES, LINES)
        db = await asyncpg.connect(dsn)
        await db.execute(DAMAGE)
        await db.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(fill())).result()
    yield "old_template"
    postgres.drop_database(dsn)


@pytest.fixture
def old_dsn(postgres: PostgresServer, old: str) -> Iterator[str]:
    dsn = postgres.create_database(template=old)
    yield dsn
    postgres.drop_database(dsn)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of so few rows that each table takes several."""
    for limit in ("_FEWEST", "_FIRST", "_MOST"):
        monkeypatch.setattr(steps, limit, 37)


@pytest.fixture(scope="module")
def whole(postgres: PostgresServer, old: str) -> Rows:
    """What an uninterrupted migration makes of it."""
    dsn = postgres.create_database(template=old)

    async def migrated() -> Rows:
        await upgrade(dsn)
        return await rows_of(dsn)

    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(lambda: asyncio.run(migrated())).result()
    postgres.drop_database(dsn)
    return found


async def rows_of(dsn: str, tables: tuple[str, ...] = ALL) -> Rows:
    """All rows, in an order that depends on nothing else."""
    db = await asyncpg.connect(dsn)
    try:
        return {
            table: sorted((dict(row) for row in await db.fetch(f"SELECT * FROM {table}")), key=repr)
            for table in tables
        }
    finally:
        await db.close()


# --- what it makes of the rows --------------------------------------------------------------


class Model:
    """The same, written a second time in Python."""

    def __init__(self, old: Rows) -> None:
        self.old = old
        self.numbers: dict[Any, int] = {
            row["number"]: _number(row) for row in old["configurations"]
        }
        self.writers = {(row["machine"], row["id"]): row["number"] for row in old["instances"]}
        self.partitions: dict[int, int] = {}
        for row in old["instances"]:
            found = partition_of(row["machine"], row["id"])
            self.partitions[row["number"]] = min(found, self.partitions.get(row["number"], found))

    def configurations(self) -> list[dict[str, Any]]:
        made = {}
        for row in self.old["configurations"]:
            number = self.numbers[row["number"]]
            lists = {name: _canonical(row, name) for name in ("state", "tags", "owners")}
            made[number] = row | {"number": number} | lists
        return list(made.values())

    def counts(self) -> list[dict[str, Any]]:
        sums: Counter[tuple[int, int]] = Counter()
        for row in self.old["counts"]:
            number = self.numbers.get(row["configuration"]) or int(row["configuration"])
            sums[number, row["slot"]] += row["instances"]
        return [
            {
                "configuration": number,
                "slot": slot,
                "partition": 0,
                "instances": max(min(instances, 2**63 - 1), -(2**63)),
            }
            for (number, slot), instances in sums.items()
        ]

    def instances(self) -> list[dict[str, Any]]:
        return [
            row
            | {
                "partition": partition_of(row["machine"], row["id"]),
                "configuration": self.numbers.get(row["configuration"], row["configuration"]),
            }
            for row in self.old["instances"]
        ]

    def lookups(self, table: str = "lookups") -> list[dict[str, Any]]:
        return [
            row | {"partition": partition_of(row["machine"], row["id"])} for row in self.old[table]
        ]

    def aside(self) -> list[dict[str, Any]]:
        return self.lookups("aside")

    def journal(self) -> list[dict[str, Any]]:
        return [
            row | {"partition": self.partitions.get(row["instance"], row["instance"] % 64)}
            for row in self.old["journal"]
        ]

    def forgotten(self) -> list[dict[str, Any]]:
        return [
            row | {"partition": self.partitions.get(row["number"], row["number"] % 64)}
            for row in self.old["forgotten"]
        ]

    def mailbox(self) -> list[dict[str, Any]]:
        made = []
        for row in self.old["mailbox"]:
            columns = dict(row)
            number = columns.pop("number")
            del columns["claimed_by"], columns["claimed_until"]
            to = (row["to_machine"], row["to_id"])
            sender = (row["sender_machine"], row["sender_id"])
            writer = to if row["held"] or None in sender else sender
            identity = {
                "writer": self.writers.get(writer, 0),
                "rev": 0,
                "ordinal": number,
                "partition": partition_of(*writer),
                "to_partition": partition_of(*to),
                "sent_at": number,
            }
            made.append(columns | identity)
        return made


def _number(row: Mapping[str, Any]) -> int:
    found = [_names(row, name) for name in ("state", "tags", "owners")]
    if None in found or row["status"] not in ("running", "paused", "done", "failed", "cancelled"):
        found = [row[name] for name in ("state", "tags", "owners")]
    start = (row["machine"], row["version"], row["status"])
    return configuration_number(StoredConfiguration(*start, *found))  # type: ignore[arg-type]


def _names(row: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    try:
        return msgspec.json.decode(row[name], type=tuple[str, ...])
    except msgspec.MsgspecError:
        return None


def _canonical(row: Mapping[str, Any], name: str) -> str:
    names = _names(row, name)
    return row[name] if names is None else msgspec.json.encode(names).decode()


@pytest.mark.usefixtures("small")
async def test_each_row_is_copied_with_its_partition_also_a_damaged_one(
    old_dsn: str, migrated_dsn: str
) -> None:
    before = await rows_of(old_dsn, (*TABLES, "aside", "charts"))
    assert await upgrade(old_dsn) == NAMES
    after = await rows_of(old_dsn)
    model = Model(before)
    for table in (*TABLES, "aside"):
        made = sorted((sorted(row.items()) for row in getattr(model, table)()), key=repr)
        found = sorted((sorted(row.items()) for row in after[table]), key=repr)
        assert found == made, table
    assert after["charts"] == before["charts"]
    assert after["fences"] == after["workers"] == after["deliverers"] == []
    assert await shape(old_dsn) == await shape(migrated_dsn)


async def test_configurations_of_equal_content_become_one(whole: Rows) -> None:
    (one,) = (
        row
        for row in whole["configurations"]
        if (row["state"], row["tags"]) == ('["step_1"]', "[]")
    )
    (count,) = (row for row in whole["counts"] if row["configuration"] == one["number"])
    assert count["instances"] == 2**63 - 1


# --- whatever ends it -----------------------------------------------------------------------


class Ended(Exception):
    """The process that migrates has ended."""


def ending_at(report: int) -> Any:
    """Ends it after so many reports."""
    left = iter(range(report))

    def note(_: Progress | Waiting) -> None:
        if next(left, None) is None:
            raise Ended

    return note


async def test_it_goes_on_after_an_end_at_each_border(
    old_dsn: str, whole: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("_FEWEST", "_FIRST", "_MOST"):
        monkeypatch.setattr(steps, limit, 11)
    ends = 0
    while True:
        try:
            await upgrade(old_dsn, report=ending_at(0))
        except Ended:
            ends += 1
            continue
        break
    assert ends > 60
    assert await rows_of(old_dsn) == whole


@pytest.mark.parametrize("seed", range(2))
async def test_it_goes_on_after_its_process_was_killed(
    old_dsn: str, whole: Rows, seed: int
) -> None:
    dice = random.Random(seed)
    kills = 0
    while (await check(old_dsn)).pending:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stores.slow_upgrade", old_dsn, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(dice.randrange(1, 30)):
            await process.stdout.readline()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills > 1
    assert await rows_of(old_dsn) == whole


async def is_interrupted(dsn: str, reports: int, end: Callable[[], Awaitable[object]]) -> bool:
    """Whether a migration fails where ``end`` is called after so many reports."""
    left = iter(range(reports))
    tasks: list[asyncio.Future[object]] = []

    def note(_: Progress | Waiting) -> None:
        if next(left, None) is None and not tasks:
            tasks.append(asyncio.ensure_future(end()))

    try:
        await upgrade(dsn, report=note)
    except StoreUnavailable:
        return True
    finally:
        await asyncio.gather(*tasks)
    return False


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(3))
async def test_it_goes_on_after_its_connections_were_ended(
    old_dsn: str, whole: Rows, seed: int
) -> None:
    dice = random.Random(seed)
    # one of the two, or both
    which = ("ORDER BY backend_start LIMIT 1", "ORDER BY backend_start DESC LIMIT 1", "")
    other = await asyncpg.connect(old_dsn)

    async def end() -> None:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            f"current_database() AND pid <> pg_backend_pid() {dice.choice(which)}"
        )

    ends = 0
    while (await check(old_dsn)).pending:
        ends += await is_interrupted(old_dsn, dice.randrange(20), end)
    await other.close()
    assert ends > 2
    assert await rows_of(old_dsn) == whole


@pytest.mark.usefixtures("small")
async def test_it_goes_on_after_the_server_crashed(whole: Rows) -> None:
    dice = random.Random(1)
    with PostgresServer() as server:
        # the driver leaves an exception behind where it asks for TLS just as the server goes
        dsn = server.create_database() + "?sslmode=disable"
        await make_old(dsn, INSTANCES, LINES)
        db = await asyncpg.connect(dsn)
        await db.execute(DAMAGE)
        await db.close()

        async def crash() -> None:
            await asyncio.to_thread(server.restart, "immediate")

        crashes = 0
        while (await check(dsn)).pending:
            crashes += await is_interrupted(dsn, dice.randrange(30), crash)
        assert crashes > 2
        assert await rows_of(dsn) == whole


# --- who may run meanwhile ------------------------------------------------------------------


async def test_it_refuses_while_a_worker_has_a_lease(old_dsn: str) -> None:
    db = await asyncpg.connect(old_dsn)
    await db.execute("INSERT INTO workers VALUES ('w2', 1, now(), '2999-01-02 03:04:05+00')")
    await db.execute("INSERT INTO workers VALUES ('w3', 2, now(), 'infinity')")
    before = await shape(old_dsn)
    with pytest.raises(StoreRefused) as refused:
        await upgrade(old_dsn)
    assert "w2 (until 2999-01-02 03:04:05 UTC), w3 (until infinity)" in str(refused.value)
    assert "DELETE FROM workers" in str(refused.value)
    assert await shape(old_dsn) == before
    assert (await check(old_dsn)).unfinished is None
    await db.execute("DELETE FROM workers WHERE id IN ('w2', 'w3')")
    await db.close()
    assert await upgrade(old_dsn) == NAMES


@pytest.mark.usefixtures("small")
async def test_no_server_starts_on_an_unfinished_one(old_dsn: str) -> None:
    with pytest.raises(Ended):
        await upgrade(old_dsn, report=ending_at(5))
    state = await check(old_dsn)
    assert (state.unfinished, state.pending, state.can_run) == (NAME, tuple(NAMES), False)
    assert state.oldest_code == 6
    store = PostgresStore(old_dsn)
    with pytest.raises(SchemaOutdated, match=f"{NAME} of the database is unfinished") as refused:
        await store.open("w1")
    assert "`statehold db upgrade`" in str(refused.value)
    assert refused.value.unfinished == NAME


@pytest.mark.parametrize("reports", [0, None])
async def test_a_worker_of_the_release_before_can_neither_join_nor_write(
    old_dsn: str, reports: int | None
) -> None:
    """It was cut off while its lease ran out, and comes back during the migration or after it."""
    if reports is None:
        await upgrade(old_dsn)
    else:
        with pytest.raises(Ended):
            await upgrade(old_dsn, report=ending_at(reports))
    db = await asyncpg.connect(old_dsn)
    with pytest.raises(asyncpg.UndefinedColumnError, match="joined_at"):
        await db.execute(
            "INSERT INTO workers (id, slot, joined_at, lease_until) VALUES ('w9', 9, now(), now())"
        )
    # its commits began with this
    assert await db.fetch("SELECT slot FROM workers WHERE id = 'w1' FOR KEY SHARE") == []
    await db.close()


@pytest.mark.usefixtures("small")
async def test_of_two_callers_one_waits(old_dsn: str, whole: Rows) -> None:
    first: list[object] = []
    second: list[object] = []
    applied = await asyncio.gather(
        upgrade(old_dsn, report=first.append), upgrade(old_dsn, report=second.append)
    )
    assert sorted(applied) == [[], NAMES]
    waited = second if applied[1] == [] else first
    assert waited == [Waiting()]
    assert await rows_of(old_dsn) == whole


@pytest.mark.usefixtures("small")
async def test_settings_of_the_database_do_not_disturb_it(old_dsn: str, whole: Rows) -> None:
    db = await asyncpg.connect(old_dsn)
    database = await db.fetchval("SELECT current_database()")
    for setting in (
        "statement_timeout = 1", "lock_timeout = 1", "idle_in_transaction_session_timeout = 1",
        "default_transaction_isolation = serializable", "enable_indexscan = off",
    ):  # fmt: skip
        await db.execute(f'ALTER DATABASE "{database}" SET {setting}')
    await db.close()
    assert await upgrade(old_dsn) == NAMES
    db = await asyncpg.connect(old_dsn)
    await db.execute(f'ALTER DATABASE "{database}" RESET ALL')
    await db.close()
    assert await rows_of(old_dsn) == whole


async def test_a_table_of_another_program_is_no_unfinished_migration(migrated_dsn: str) -> None:
    db = await asyncpg.connect(migrated_dsn)
    await db.execute("CREATE TABLE unfinished_migration (place text)")
    await db.close()
    state = await check(migrated_dsn)
    assert (state.unfinished, state.can_run) == (None, True)


async def test_a_name_that_is_taken_is_refused(old_dsn: str) -> None:
    db = await asyncpg.connect(old_dsn)
    await db.execute("CREATE TABLE old_journal (n integer)")
    with pytest.raises(StoreRefused, match="old_journal"):
        await upgrade(old_dsn)
    assert (await check(old_dsn)).unfinished is None
    await db.execute("DROP TABLE old_journal")
    await db.close()
    assert await upgrade(old_dsn) == NAMES


async def test_no_old_row_is_removed_that_was_not_copied(old_dsn: str) -> None:
    with pytest.raises(Ended):
        await upgrade(old_dsn, report=ending_at(20))
    db = await asyncpg.connect(old_dsn)
    await db.execute("INSERT INTO old_lookups VALUES ('', '', '', 0, '')")
    for _ in range(2):
        with pytest.raises(StoreRefused, match="not all was copied: 122 of 123 rows of lookups;"):
            await upgrade(old_dsn)
    assert await db.fetchval("SELECT count(*) FROM old_lookups") == 123
    await db.execute("UPDATE unfinished_migration SET is_done = true WHERE step = 'rows'")
    await db.close()
    assert await upgrade(old_dsn) == NAMES
