"""The database fails over to a standby: workers find it by their address and go on."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.chaos import round
from tests.acceptance.chaos.clients import Clients
from tests.acceptance.chaos.endpoint import Endpoint
from tests.acceptance.chaos.flow import ENDPOINT_VARIABLE, RECALLS
from tests.acceptance.chaos.seed import choose_seed
from tests.acceptance.chaos.worker import STORE_VARIABLE
from tests.acceptance.chaos.workers import Workers
from tests.servers.postgres import PostgresServer
from tests.servers.standby import Standby
from tests.simulation.auditor import audit, audit_at_rest
from tests.simulation.images import read_postgres
from tests.simulation.linearizability import violations
from tests.simulation.model import LedgerModel

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
    pytest.mark.skipif(not Standby.is_possible(), reason="there is no pg_basebackup here"),
]

#: events that are acknowledged before the failover, and after it
ENOUGH = 25


@pytest.fixture
def pair() -> Iterator[tuple[PostgresServer, Standby]]:
    with PostgresServer() as primary, Standby(primary) as standby:
        yield primary, standby


@pytest.mark.timeout(180)
async def test_workers_go_on_at_the_standby_that_took_over_and_nothing_acknowledged_is_lost(
    pair: tuple[PostgresServer, Standby], tmp_path: Path
) -> None:
    primary, standby = pair
    chance = random.Random(choose_seed())
    database = urlsplit(await round.prepared(primary)).path
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    dsn = f"postgresql://postgres@{hosts}{database}?target_session_attrs=read-write"
    async with (
        Endpoint(chance).listening() as endpoint,
        Workers(
            2,
            {STORE_VARIABLE: dsn, ENDPOINT_VARIABLE: endpoint.address},
            tmp_path / "workers.log",
        ) as workers,
    ):
        clients = Clients(workers, chance, orders=3, ledgers=2)
        asking = asyncio.create_task(clients.run())
        await told(clients, ENOUGH, asking)
        await asyncio.to_thread(primary.stop, "immediate")
        await asyncio.to_thread(standby.promote)
        await told(clients, len(clients.ledger.acknowledged) + ENOUGH, asking)
        endpoint.is_kind = clients.stopping = True
        await asking
        there = standby.dsn(database.removeprefix("/"))
        await round.at_rest(there)
        await workers.stop()
    image = await read_postgres(there)
    assert clients.wrong == []
    assert audit(image, clients.ledger) == []
    assert audit_at_rest(image, endpoint.calls, recalls=RECALLS) == []
    assert violations(clients.log, LedgerModel()) == []
    assert round.complaints(workers.log_text()) == []


async def told(clients: Clients, count: int, asking: asyncio.Task[None]) -> None:
    """Once the callers have been told of so many events."""
    # what they note is a set, which calls nobody
    while len(clients.ledger.acknowledged) < count and not asking.done():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert not asking.done(), asking.result()
