"""What all tests share: coroutines run on asyncio, and hypothesis tells how to repeat a failure;
a PostgreSQL server for those that ask for one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.postgres import PostgresServer

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
