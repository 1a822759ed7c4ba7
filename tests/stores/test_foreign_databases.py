"""A database that can't be ours as it is, is refused with what to do, and nothing in it changes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from statehold.doctor import examine
from statehold.errors import SchemaMismatch, StoreRefused
from statehold.stores import open_store
from statehold.stores.postgres.migrate import check, upgrade
from statehold.stores.postgres.store import PostgresStore
from statehold.stores.sqlite.inspect import schema_number
from statehold.stores.sqlite.migrate import APPLICATION_ID
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio

#: what else may be in a database, and the words that say so
FOREIGN = {
    "rails": (
        "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)",
        r"table schema_migrations of another program, with the columns version; give Statehold",
    ),
    "golang-migrate": (
        "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
        "with the columns version, dirty",
    ),
    "a table workers": (
        "CREATE TABLE workers (id int)",
        r"the schema public has workers of another program.*--schema statehold",
    ),
    "tables and an index": (
        "CREATE TABLE instances (id int); CREATE TABLE journal (id int)",
        "has instances, journal of another program",
    ),
    "a view": ("CREATE VIEW workers AS SELECT 1 AS id", "has workers of another program"),
}


def objects(postgres: PostgresServer, dsn: str) -> str:
    return postgres.execute(
        "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = "
        "'public'::regnamespace",
        database=dsn.rpartition("/")[2],
    )


@pytest.mark.parametrize("kind", FOREIGN)
async def test_another_programs_tables_are_reported_and_left_alone(
    kind: str, postgres: PostgresServer, postgres_dsn: str
) -> None:
    statement, expected = FOREIGN[kind]
    postgres.execute(statement, database=postgres_dsn.rpartition("/")[2])
    before = objects(postgres, postgres_dsn)
    with pytest.raises(StoreRefused, match=expected):
        await PostgresStore(postgres_dsn).open("w-1")
    with pytest.raises(StoreRefused, match=expected):
        await upgrade(postgres_dsn, "after")
    assert objects(postgres, postgres_dsn) == before


async def test_a_schema_of_its_own_is_what_the_refusal_proposes(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    statement, _ = FOREIGN["a table workers"]
    postgres.execute(statement, database=name)
    with pytest.raises(StoreRefused, match="--schema statehold"):
        await PostgresStore(postgres_dsn).open("w-1")
    store = PostgresStore(postgres_dsn, schema="statehold")
    await store.open("w-1")
    await store.close()
    assert (await check(postgres_dsn, "statehold")).can_run


async def test_a_search_path_in_the_address_names_a_schema_too(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    statement, _ = FOREIGN["a table workers"]
    postgres.execute(f"{statement}; CREATE SCHEMA statehold", database=name)
    sign = "&" if "?" in postgres_dsn else "?"
    dsn = f"{postgres_dsn}{sign}options=-csearch_path%3Dstatehold"
    store = PostgresStore(dsn)
    await store.open("w-1")
    await store.close()
    assert (await check(dsn)).can_run


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_an_encoding_that_lacks_characters_is_refused(
    encoding: str, postgres: PostgresServer
) -> None:
    name = f"encoded_{encoding.lower()}"
    postgres.execute(
        f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' "
        "TEMPLATE template0"
    )
    try:
        expected = f"has the encoding {encoding}.*ENCODING 'UTF8'"
        with pytest.raises(StoreRefused, match=expected):
            await PostgresStore(postgres.dsn(name)).open("w-1")
        (found,) = [one for one in await examine(postgres.dsn(name)) if one.code == "not-usable"]
        assert encoding in found.what
    finally:
        postgres.drop_database(name)


@pytest.mark.parametrize("path", ["", "nowhere", "nowhere,neither"])
async def test_a_search_path_without_a_schema_is_reported(
    path: str, postgres: PostgresServer, postgres_dsn: str
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    quoted = path or "''"
    postgres.execute(f"ALTER DATABASE {name} SET search_path = {quoted}")
    for asked in (PostgresStore(postgres_dsn).open("w-1"), check(postgres_dsn)):
        with pytest.raises(StoreRefused, match="no schema of the search_path"):
            await asked
    assert objects(postgres, postgres_dsn).strip() == ""


async def test_a_role_that_may_create_nothing_is_reported(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    postgres.execute(
        "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN PASSWORD 'x';"
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        database=name,
    )
    postgres.execute(f"ALTER DATABASE {name} SET role = clerk")
    expected = "the role clerk may not create tables in the schema public; GRANT CREATE ON SCHEMA"
    with pytest.raises(StoreRefused, match=expected):
        await PostgresStore(postgres_dsn).open("w-1")
    # a role that may made them: then this one only needs rights on them
    postgres.execute(f"ALTER DATABASE {name} RESET role")
    await upgrade(postgres_dsn, "after")
    postgres.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk", database=name)
    postgres.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk", database=name)
    postgres.execute(f"ALTER DATABASE {name} SET role = clerk")
    store = PostgresStore(postgres_dsn)
    await store.open("w-1")
    await store.close()


# --- SQLite --------------------------------------------------------------------------------------


def _sqlite(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def _text(path: Path) -> None:
    path.write_text("not a database, though long enough to have a header " * 30)


def _other(path: Path) -> None:
    _sqlite(path, "CREATE TABLE workers (id)")


def _marked(path: Path) -> None:
    _sqlite(path, "PRAGMA application_id = 252006674", "CREATE TABLE t (id)")


def _newer(path: Path) -> None:
    _sqlite(
        path, "CREATE TABLE t (id)", f"PRAGMA application_id = {APPLICATION_ID}",
        "PRAGMA user_version = 900",
    )  # fmt: skip


def _folder(path: Path) -> None:
    path.mkdir()


def _cut(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(20))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_text, "is not a SQLite database; choose another path"),
        (_cut, "choose another path|restore it"),
        (_other, "is a database of another program; give Statehold a file of its own"),
        (_marked, "is a database of another program"),
        (_newer, "has schema 900, this release knows up to"),
        (_folder, "is not a file; choose another path"),
    ],
)
async def test_a_file_that_is_not_ours_is_reported_and_left_alone(
    make: object, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "it.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreRefused, match=expected) as caught:
        await open_store(f"sqlite:///{path}").open("w-1")
    assert isinstance(caught.value, SchemaMismatch) == (make is _newer)
    assert (path.read_bytes() if path.is_file() else None) == before
    found = await examine(f"sqlite:///{path}")
    assert any(one.severity == "error" and str(path) in one.what for one in found)
    if make is _folder:
        assert [one.what for one in found] == [f"{path} is not a file"]
        with pytest.raises(StoreRefused, match="is not a file; choose another path"):
            schema_number(path)


async def test_what_is_made_is_for_its_user_alone_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path}/it.db")
        await store.open("w-1")
        made = {one.name: one.stat().st_mode & 0o777 for one in os.scandir(tmp_path)}
        await store.close()
    finally:
        os.umask(before)
    assert made == dict.fromkeys(("it.db", "it.db-wal", "it.db-shm", "it.db.lock"), 0o600)


async def test_a_file_that_others_may_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    store = open_store(f"sqlite:///{path}")
    await store.open("w-1")
    await store.close()
    path.chmod(0o644)
    (found,) = [one for one in await examine(f"sqlite:///{path}") if one.code == "readable"]
    assert str(path) in found.what
    assert found.do == f"chmod go-rwx {path}"
    path.chmod(0o600)
    assert "readable" not in {one.code for one in await examine(f"sqlite:///{path}")}
