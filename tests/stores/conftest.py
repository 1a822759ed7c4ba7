"""The stores under test: one suite is run on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from statehold.store import Store
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.stores.build import LEASE

#: the two forms of the statements, and whether each takes one partition
SERVERS = {"postgres": False, "postgres-spread": True}

#: beside them, PostgreSQL through a pooler
POOLED = "pooled"


#: a database for one test after another: emptied in a tenth of the time that a new one takes
KEPT = "statehold_kept"

EMPTY = """
SET lock_timeout = '10s';
DO $$
DECLARE tables text;
BEGIN
    SELECT string_agg(quote_ident(tablename), ', ') INTO tables FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'schema_migrations';
    EXECUTE 'TRUNCATE ' || tables;
END $$
"""


@pytest.fixture(scope="session")
def kept_dsn(postgres: PostgresServer, postgres_template: str) -> str:
    return postgres.create_database(KEPT, template=postgres_template)


@pytest.fixture
def emptied_dsn(postgres: PostgresServer, kept_dsn: str) -> str:
    postgres.execute(EMPTY, database=KEPT)
    return kept_dsn


def on_postgres(request: pytest.FixtureRequest) -> PostgresStore:
    """One on an empty database: its own connections, or those of a pooler. A test that asks for
    ``migrated_dsn`` gets the same database, made for it."""
    is_own = "migrated_dsn" in request.fixturenames
    dsn = request.getfixturevalue("migrated_dsn" if is_own else "emptied_dsn")
    if request.param != POOLED:
        return PostgresStore(dsn, spread=SERVERS[request.param])
    pooler: PgBouncer = request.getfixturevalue("pooler")
    return PostgresStore(pooler.before(dsn), direct_store=dsn)


@pytest.fixture(params=["memory", "sqlite", *SERVERS, POOLED])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Store]:
    """Every store that there is, open and empty."""
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SqliteStore(tmp_path / "s.db")
    else:
        made = on_postgres(request)
    await made.open("w1")
    await made.join("w1", LEASE)
    yield made
    await made.close()


class Shared:
    """A store that workers share; each has an opening of its own."""

    def __init__(self, make: Callable[[], Store]) -> None:
        self._make = make
        self._open: list[Store] = []

    async def hire(self, worker: str, lease: timedelta = LEASE) -> Store:
        """The opening of a worker that is alive, or was: with no ``lease`` it ran out at once."""
        made = self._make()
        await made.open(worker)
        self._open.append(made)
        await made.join(worker, lease)
        return made

    async def close(self) -> None:
        for made in self._open:
            await made.close()


@pytest.fixture(params=["memory", *SERVERS, POOLED])
async def shared(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Shared]:
    """Every store that workers can share, empty."""
    if request.param == "memory":
        memory = Memory()
        made = Shared(lambda: MemoryStore(memory))
    else:
        made = Shared(lambda: on_postgres(request))
    yield made
    await made.close()


@pytest.fixture
async def sqlite(tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "s.db")
    await made.open("w1")
    yield made
    await made.close()
