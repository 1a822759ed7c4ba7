"""Migrations of SQLite files, 0006 above all: what becomes of what is in them, and what may
interrupt it."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from statehold.doctor.sqlite import examine_sqlite
from statehold.errors import SchemaMismatch, StoreUnavailable
from statehold.records import MessageId, Ref
from statehold.security import AuditPage, AuditQuery
from statehold.store import Query, partition_of
from statehold.stores import SqliteStore
from statehold.stores.columns import StoredConfiguration, configuration_number
from statehold.stores.paging import microseconds, moment
from statehold.stores.queries import load_migrations, load_queries
from statehold.stores.sqlite import migrate as sqlite_migrate
from statehold.stores.sqlite.file import SqliteFile
from statehold.stores.sqlite.inspect import schema_number
from tests.stores.build import a_message, a_row, change, id_of, mailbox, posted, written
from tests.stores.old_sqlite import SECOND, id_of_row, make_old
from tests.stores.sqlite_file import connection, refused

pytestmark = pytest.mark.anyio

INSTANCES = 300
LAST = len(load_migrations("sqlite"))
#: of the migration that has steps
NUMBER = 6


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    make_old(path, INSTANCES, 3)
    return path


def change_old(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def ask(path: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchall()


def interrupt(monkeypatch: pytest.MonkeyPatch, transactions: int) -> None:
    """The next migration ends after so many transactions, as if its process did."""
    advance = sqlite_migrate._advance
    left = transactions

    def counted(*given: Any) -> tuple[int, int, int]:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return advance(*given)

    monkeypatch.setattr(sqlite_migrate, "_advance", counted)


def interrupted(path: Path, transactions: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, transactions)
        with pytest.raises(KeyboardInterrupt):
            SqliteFile(path, "w1")


@pytest.fixture
async def opened(old: Path, anyio_backend: str) -> Any:
    store = SqliteStore(old)
    await store.open("w1")
    yield store
    await store.close()


# --- what becomes of what is in it -----------------------------------------------------------


async def test_instances_keep_their_numbers_and_journals_and_get_their_partitions(
    opened: SqliteStore,
) -> None:
    db = connection(opened)
    found = db.execute("SELECT place, number, machine, id, partition FROM instances").fetchall()
    assert len(found) == INSTANCES
    for place, number, machine, id, partition in found:
        assert number == place
        assert id == id_of_row(place)
        assert partition == partition_of(machine, id)
    entries = await opened.journal(Ref("order", id_of_row(7)))
    assert [(entry.seq, entry.key) for entry in entries] == [(1, None), (2, None), (3, "key-7-3")]


async def test_configurations_get_their_hashes_for_numbers(opened: SqliteStore) -> None:
    db = connection(opened)
    numbers = dict(db.execute("SELECT number, instances FROM configurations"))
    # two of the old file's numbers have had no instance
    assert len(numbers) == 192
    wanted = StoredConfiguration("order", 1, "running", ("step_8",), ("tag_3",), ("clerk",))
    assert configuration_number(wanted) in numbers
    counted = dict(db.execute("SELECT configuration, count(*) FROM instances GROUP BY 1"))
    assert {number: count for number, count in numbers.items() if count} == counted
    rows = (await opened.list(Query("order", state="step_8", version=1, status="running"))).rows
    assert {row.id for row in rows} == {id_of_row(n) for n in (7, 199)}


async def test_messages_are_their_senders_and_come_first_and_in_their_order(
    opened: SqliteStore,
) -> None:
    there = {id_of(message).ordinal: message for message in await mailbox(opened)}
    held = await opened.held_mail(Ref("order", id_of_row(5)), 10)
    assert sorted(there) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    # its sender is the instance 7, the receiver 1
    sender = Ref("order", id_of_row(7))
    assert there[1].sender == sender
    assert there[1].id == MessageId(1, 7, 0, 1, partition_of("order", sender.id))
    # due at a time
    assert there[2].due_at is not None
    assert id_of(there[2]).at == microseconds(there[2].due_at)
    # without a sender: nobody's, in the partition of the receiver
    receiver = id_of_row(10)
    assert there[10].sender is None
    assert id_of(there[10]).writer == 0
    assert id_of(there[10]).partition == partition_of("order", receiver)
    # held: the receiver's
    assert [(id_of(m).writer, id_of(m).ordinal, m.key) for m in held] == [(5, 5, "key-5")]
    assert id_of(held[0]).partition == partition_of("order", id_of_row(5))
    (new,) = await posted(opened, a_message())
    at_once = [m for m in await mailbox(opened) if m.due_at is None]
    assert [id_of(m).ordinal for m in at_once[:-1]] == [1, 3, 7, 9, 11, 13]
    assert at_once[-1] == new


async def test_a_message_of_a_sender_that_is_gone_is_nobody_s(old: Path) -> None:
    gone = id_of_row(7)
    change_old(old, f"DELETE FROM instances WHERE id = '{gone}'")
    SqliteFile(old, "w1").close()
    assert ask(old, "SELECT writer, partition FROM mailbox WHERE ordinal = 1") == [
        (0, partition_of("order", gone))
    ]


async def test_a_migrated_message_is_recalled_by_its_sender(opened: SqliteStore) -> None:
    sender = (await opened.load([ref := Ref("order", id_of_row(14))]))[ref]
    (message,) = [m for m in await mailbox(opened) if m.send_id == "2.send"]
    assert message.sender == ref
    await written(opened, change(sender, parts={"recalled": ["2.send"]}))
    assert await opened.still_there([id_of(message)]) == set()


async def test_what_was_forgotten_is_swept(opened: SqliteStore) -> None:
    before = connection(opened).execute("SELECT count(*) FROM journal").fetchone()[0]
    assert await opened.sweep(100) == INSTANCES // 100
    after = connection(opened).execute("SELECT count(*) FROM journal").fetchone()[0]
    assert before - after == INSTANCES // 100


async def test_what_is_damaged_stays_as_it_is_and_is_named(old: Path) -> None:
    change_old(
        old,
        "UPDATE configurations SET state = '[' WHERE number = 8",
        "UPDATE configurations SET status = 'asleep' WHERE number = 9",
        "UPDATE instances SET configuration = 777 WHERE number = 1",
        "UPDATE instances SET id = CAST(x'ff41' AS TEXT) WHERE number = 2",
    )
    store = SqliteStore(old)
    await store.open("w1")
    damage = {n: (await _row(store, n)).damage for n in (7, 8, 1, 3)}
    assert "state" in (damage[7] or "")
    assert "'asleep'" in (damage[8] or "")
    assert damage[1] == "its configuration 777 is not there"
    assert damage[3] is None
    assert sum((await store.count("order")).values()) == INSTANCES
    await store.close()
    assert ask(old, "SELECT count(*) FROM instances") == [(INSTANCES,)]


async def test_no_row_is_lost_whatever_its_number(old: Path) -> None:
    (messages,) = ask(old, "SELECT count(*) FROM mailbox")
    change_old(
        old,
        f"UPDATE instances SET number = {-(2**63)} WHERE number = 4",
        "UPDATE instances SET number = 0 WHERE number = 5",
        f"UPDATE instances SET number = {2**63 - 1} WHERE number = 6",
        f"UPDATE mailbox SET number = {-(2**63)} WHERE number = (SELECT min(number) FROM mailbox)",
        "UPDATE configurations SET number = -9 WHERE number = 8",
        "UPDATE instances SET configuration = -9 WHERE configuration = 8",
    )
    store = SqliteStore(old)
    await store.open("w1")
    assert sum((await store.count("order")).values()) == INSTANCES
    assert [(await _row(store, n)).damage for n in (3, 4, 5, 7)] == [None] * 4
    await store.close()
    assert ask(old, "SELECT count(*) FROM instances") == [(INSTANCES,)]
    assert ask(old, "SELECT count(*) FROM mailbox") == [messages]


async def test_absurd_counts_of_configurations_that_become_one_end_at_the_largest(
    old: Path,
) -> None:
    change_old(
        old,
        "INSERT INTO configurations SELECT 500, machine, version, status, '[ \"step_8\" ]', tags, "
        f"owners, {2**63 - 1} FROM configurations WHERE number = 8",
    )
    store = SqliteStore(old)
    await store.open("w1")
    await store.close()
    assert ask(old, "SELECT max(instances) FROM configurations") == [(2**63 - 1,)]


async def test_a_configuration_that_is_no_text_stops_nothing(old: Path) -> None:
    change_old(old, "UPDATE configurations SET state = CAST(x'5bff5d' AS TEXT) WHERE number = 8")
    store = SqliteStore(old)
    await store.open("w1")
    await store.close()
    (content,) = ask(old, "SELECT hex(state) FROM configurations WHERE number = 8")
    assert content == ("5BFF5D",)


async def _row(store: SqliteStore, n: int) -> Any:
    ref = Ref("order", id_of_row(n))
    return (await store.load([ref]))[ref]


async def test_configurations_that_differ_in_writing_alone_are_one(old: Path) -> None:
    change_old(old, "INSERT INTO configurations SELECT 500, machine, version, status, "
               "'[ \"step_8\" ]', tags, owners, 1 FROM configurations WHERE number = 8",
               "UPDATE configurations SET instances = instances - 1 WHERE number = 8",
               "UPDATE instances SET configuration = 500 WHERE number = 7")  # fmt: skip
    store = SqliteStore(old)
    await store.open("w1")
    assert (await store.count("order"))[1, "running", ("step_8",)] == 2
    rows = (await store.list(Query("order", state="step_8", version=1, status="running"))).rows
    assert {row.id for row in rows} == {id_of_row(n) for n in (7, 199)}
    await store.close()


@pytest.mark.parametrize("last", range(1, NUMBER))
async def test_a_file_of_every_earlier_schema_is_migrated(tmp_path: Path, last: int) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as db:
        for migration in load_migrations("sqlite")[:last]:
            db.executescript(migration.sql)
        db.executescript(
            "INSERT INTO configurations VALUES (1, 'order', 1, 'running', '[\"open\"]', '[]', "
            "'[]', 1);"
            f"INSERT INTO instances VALUES (4, 'order', 'o-1', 1, 1, 1, NULL, {SECOND}, {SECOND}, "
            f"{SECOND}, NULL, NULL, 0, NULL, CAST('{{}}' AS BLOB));"
            f"PRAGMA application_id = {sqlite_migrate.APPLICATION_ID};"
            f"PRAGMA user_version = {last};"
        )
    store = SqliteStore(path)
    await store.open("w1")
    row = a_row(created_at=moment(SECOND), since=moment(SECOND), changed_at=moment(SECOND))
    assert await store.load([row.ref]) == {row.ref: row}
    await written(store, change(row, state=("shut",), parts={"messages": [a_message()]}))
    await store.close()


async def test_a_file_of_the_schema_before_the_audit_log_keeps_all_that_it_has(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.db"
    known = load_migrations("sqlite")
    with closing(sqlite3.connect(path)) as db:
        sqlite_migrate.add_functions(db)
        db.executescript("".join(one.sql for one in known[:6]))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO documents (machine, version, notation, text, put_at, put_by, reason) "
            "VALUES ('order', 1, 'native', CAST('{}' AS BLOB), 1, 'ada', NULL)"
        )
        db.executescript(
            f"PRAGMA application_id = {sqlite_migrate.APPLICATION_ID}; PRAGMA user_version = 6;"
        )
    store = SqliteStore(path)
    await store.open("w1")
    document = await store.document("order", 1)
    assert document is not None
    assert (document.put_by, document.covers) == ("ada", None)
    assert await store.audit(AuditQuery()) == AuditPage((), None)
    await store.close()


# --- interrupted -----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forks")
def test_a_migration_that_is_killed_anywhere_ends_as_one_that_is_not(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.stores.killed_migrations", str(tmp_path), "29"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    at_statements, between_transactions = map(int, ran.stdout.split())
    assert at_statements > 20
    assert between_transactions > 20


async def test_an_older_release_refuses_the_file_from_the_first_transaction_on(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(old, 0)
    known = load_migrations("sqlite")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_migrate, "load_migrations", lambda dialect: known[: NUMBER - 1])
        assert f"schema {NUMBER}" in await refused(old, SchemaMismatch)
    assert ask(old, "SELECT count(*) FROM instances") == [(0,)]


async def test_an_interrupted_migration_is_gone_on_with_and_the_log_says_so(
    old: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_migrate, "BATCH_ROWS", 100)
    monkeypatch.setattr(sqlite_migrate, "SAY_SECONDS", 0.0)
    interrupted(old, 5)
    caplog.clear()
    caplog.set_level(logging.INFO)
    SqliteFile(old, "w1").close()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == (
        f"the migration of {old} to schema 6 was interrupted at the step 'copy instances' and "
        "goes on"
    )
    assert f"{old}: copy instances, 100 rows in 0 s" in said
    assert said[-1].startswith(f"{old} has schema 6 after ")
    assert ask(old, "SELECT count(*) FROM instances") == [(INSTANCES,)]


async def test_a_half_migrated_file_is_looked_at_as_what_it_is(old: Path) -> None:
    interrupted(old, 3)
    assert schema_number(old) == NUMBER - 1
    found = {one.code: one for one in await examine_sqlite(old, {}, ())}
    assert found["schema"].what == f"{old} has begun to be migrated to schema {NUMBER}"
    assert "goes on with it" in found["schema"].do
    SqliteFile(old, "w1").close()
    assert schema_number(old) == LAST
    assert "schema" not in {one.code for one in await examine_sqlite(old, {}, ())}


@pytest.mark.parametrize(
    ("table", "until"), [("instances", "index instances"), ("mailbox", "index messages")]
)
async def test_no_table_is_removed_before_all_of_it_is_copied(
    old: Path, table: str, until: str
) -> None:
    interrupted(old, _until(until))
    (rows,) = ask(old, f"SELECT count(*) FROM {table}_of_5")[0]
    change_old(old, f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    said = await refused(old)
    assert f"the new table {table} has {rows - 1} rows, the old one {rows}" in said
    assert ask(old, f"SELECT count(*) FROM {table}_of_5") == [(rows,)]


async def test_a_transaction_copies_no_more_than_a_bounded_number_of_bytes(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_migrate, "BATCH_BYTES", 1000)
    copied: list[int] = []
    copy = sqlite_migrate._COPIES["copy instances"]

    def noted(db: sqlite3.Connection, after: int) -> tuple[int, int]:
        last, rows = copy(db, after)
        copied.append(rows)
        return last, rows

    monkeypatch.setitem(sqlite_migrate._COPIES, "copy instances", noted)
    SqliteFile(old, "w1").close()
    assert set(copied) <= {0, 1, 2, 3}
    assert sum(copied) == INSTANCES


async def test_too_little_room_is_noticed_before_anything_is_changed(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_migrate, "SPARE_BYTES", 1 << 62)
        said = await refused(old, StoreUnavailable)
    assert "its migration needs up to" in said
    assert "Nothing was changed" in said
    assert ask(old, "PRAGMA user_version") == [(NUMBER - 1,)]
    SqliteFile(old, "w1").close()
    assert ask(old, "PRAGMA user_version") == [(LAST,)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("old_configurations", "configurations_of_5 USING INTEGER PRIMARY KEY (rowid>?)"),
        ("sizes_of_instances", "instances_of_5 USING INTEGER PRIMARY KEY (rowid>?)"),
        ("copy_instances", "instances_of_5 USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("sizes_of_messages", "mailbox_of_5 USING INTEGER PRIMARY KEY (rowid>?)"),
        ("copy_messages", "mailbox_of_5 USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("copy_messages", "i USING INDEX instances_by_id (machine=? AND id=?)"),
    ],
)
async def test_a_batch_is_found_without_reading_the_ones_before(
    old: Path, name: str, expected: str
) -> None:
    interrupted(old, _until("copy messages"))
    statement = load_queries("sqlite", "migrate.sql")[name]
    with closing(sqlite3.connect(old)) as db:
        sqlite_migrate.add_functions(db)
        if "instances_of_5" in statement:
            # as it is before it is dropped
            db.execute("CREATE TABLE instances_of_5 (number INTEGER PRIMARY KEY, machine, id, "
                       "configuration, seq, rev, indexes, created_at, since, changed_at, wake_at, "
                       "held_by, incidents, deadline, document)")  # fmt: skip
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", (0, 1))]
    assert [step for step in plan if expected in step] != []
    assert [step for step in plan if step.startswith("SCAN ") and "CONSTANT" not in step] == []


def _until(name: str) -> int:
    """Transactions before this step, in a file where each copy takes one and finds no more."""
    done = 0
    for step in sqlite_migrate._steps(load_migrations("sqlite")[NUMBER - 1]):
        if step.name == name:
            return done
        done += 2 if step.copy else len(step.statements)
    raise AssertionError(name)
