"""What all tests share: coroutines run on asyncio, and hypothesis tells how to repeat a failure;
a PostgreSQL server for those that ask for one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings

from statehold.stores.postgres.migrate import upgrade
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.servers.programs import PostgresError
from tests.servers.standby import Standby

# a busy machine is no failure, so an example has no deadline; pytest's own timeout bounds the test
settings.register_profile("statehold", deadline=None, print_blob=True)
settings.load_profile("statehold")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of this process; without any PostgreSQL, they fail."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres: PostgresServer) -> Iterator[str]:
    """A database of the test's own, empty."""
    dsn = postgres.create_database()
    yield dsn
    postgres.drop_database(dsn)


@pytest.fixture(scope="session")
def pooler(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """One pooler before that server for all tests; without any PgBouncer they are skipped, or
    fail where CI is set."""
    try:
        made = PgBouncer(postgres)
    except PostgresError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with made:
        yield made


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database that has the schema and nothing else; copied, it is there at once."""
    dsn = postgres.create_database("statehold_template")
    # a thread of its own: it may be wanted by a test whose loop is running
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(upgrade(dsn, "after"))).result()
    return "statehold_template"


@pytest.fixture
def migrated_dsn(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database of the test's own that has the schema already."""
    dsn = postgres.create_database(template=postgres_template)
    yield dsn
    postgres.drop_database(dsn)


@pytest.fixture(scope="session")
def replicated() -> Iterator[tuple[PostgresServer, Standby]]:
    """A server with a standby that its commits do not wait for; both run again after each test."""
    if not Standby.is_possible():
        pytest.skip("there is no pg_basebackup here")
    with PostgresServer() as primary, Standby(primary, synchronous=False) as standby:
        yield primary, standby
