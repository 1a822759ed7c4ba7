"""A round of chaos: workers, callers and faults for so many seconds, then peace, then an audit."""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from statehold.stores.postgres.migrate import upgrade
from tests.acceptance.chaos import witness
from tests.acceptance.chaos.bugs import BUG_VARIABLE, SPREAD_VARIABLE
from tests.acceptance.chaos.clients import Clients
from tests.acceptance.chaos.endpoint import Endpoint
from tests.acceptance.chaos.faults import Done, Faults, Pace
from tests.acceptance.chaos.flow import ENDPOINT_VARIABLE, RECALLS
from tests.acceptance.chaos.worker import STORE_VARIABLE
from tests.acceptance.chaos.workers import Workers
from tests.servers.postgres import PostgresServer
from tests.simulation.auditor import audit, audit_at_rest
from tests.simulation.images import read_postgres
from tests.simulation.linearizability import TooMuchWork, violations
from tests.simulation.model import LedgerModel

WORKERS = 3
#: seconds in which everything comes to rest once nothing goes wrong any more
REST_SECONDS = 40.0

_LEFT = """
SELECT (SELECT count(*) FROM mailbox)
     + (SELECT count(*) FROM instances WHERE held_by IS NOT NULL OR wake_at IS NOT NULL)
"""


@dataclass
class Report:
    """``violations`` in words, each with where it is."""

    seed: int
    #: whether each statement took one partition
    is_spread: bool = False
    violations: list[str] = field(default_factory=list)
    done: Done = field(default_factory=Done)
    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0
    operations: int = 0
    orders: int = 0
    effects: int = 0
    repeated: int = 0
    instances: int = 0
    rejoined: int = 0
    starts: int = 0
    seconds: float = 0.0
    rest_seconds: float = 0.0
    longest_seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        done = self.done
        return (
            f"seed {self.seed}, {'one partition a statement' if self.is_spread else 'plain'}: "
            f"{self.seconds:.0f} s, {done.kills} kills, {done.crashes} database "
            f"crashes ({done.crashes_in_recovery} in recovery), {done.stops} stops "
            f"({done.burials} past the lease, {self.rejoined} joined again); {self.acknowledged} "
            f"events acknowledged, {self.refused} refused, {self.unknown} unknown; "
            f"{self.orders} orders, {self.instances} instances, {self.effects} calls of effects "
            f"({self.repeated} repeated), {self.operations} operations on ledgers; answers "
            f"{dict(sorted(self.answers.items()))}, the longest {self.longest_seconds:.1f} s; at "
            f"rest after {self.rest_seconds:.1f} s; {len(self.violations)} violations"
        )


async def prepared(server: PostgresServer) -> str:
    """A new database with the schema."""
    dsn = await asyncio.to_thread(server.create_database)
    await upgrade(dsn, "after")
    return dsn


async def run(
    server: PostgresServer,
    dsn: str,
    folder: Path,
    seed: int,
    seconds: float,
    *,
    pace: Pace | None = None,
    orders: int = 10,
    ledgers: int = 3,
    bug: str = "",
    spread: bool = False,
) -> Report:
    """With ``spread``, each statement takes one partition. Raises nothing for what is wrong with
    what it looks at: the report tells."""
    report = Report(seed, spread)
    chance = random.Random(seed)
    begun = time.monotonic()
    await witness.set_up(dsn)
    async with AsyncExitStack() as stack:
        endpoint = Endpoint(random.Random(chance.random()))
        await stack.enter_async_context(endpoint.listening())
        environment = {
            STORE_VARIABLE: dsn,
            ENDPOINT_VARIABLE: endpoint.address,
            BUG_VARIABLE: bug,
            SPREAD_VARIABLE: "1" if spread else "",
        }
        workers = Workers(WORKERS, environment, folder / "workers.log")
        await stack.enter_async_context(workers)
        clients = Clients(workers, random.Random(chance.random()), orders, ledgers)
        faults = Faults(workers, server, dsn, random.Random(chance.random()), pace or Pace())
        asking = asyncio.create_task(clients.run())
        stack.callback(asking.cancel)
        async with faults.raging():
            await asyncio.wait([asking], timeout=seconds)
        endpoint.is_kind = True
        clients.stopping = True
        calm = time.monotonic()
        try:
            async with asyncio.timeout(REST_SECONDS):
                await asking
                await at_rest(dsn)
        except TimeoutError:
            report.violations.append(f"not at rest after {REST_SECONDS:g} s of peace")
        except Exception:  # noqa: BLE001 - told with the rest
            report.violations.append(f"a caller was told nonsense: {traceback.format_exc()}")
        report.rest_seconds = time.monotonic() - calm
        if workers.is_gone:
            report.violations.append("the process that starts workers ended; see their log")
        try:
            async with asyncio.timeout(15):
                ends = await workers.stop()
            if ends:
                report.violations.append(f"workers ended with {ends} when they were asked to")
        except TimeoutError:
            report.violations.append("a worker did not end within 15 s when it was asked to")
        log = workers.log_text()
    report.seconds = time.monotonic() - begun
    await _examine(report, dsn, endpoint, clients)
    report.done, report.starts = faults.done, workers.starts
    report.rejoined = log.count("did not renew its lease in time")
    report.violations += complaints(log)
    return report


async def _examine(report: Report, dsn: str, endpoint: Endpoint, clients: Clients) -> None:
    image = await read_postgres(dsn)
    ledger = clients.ledger
    report.violations += clients.wrong[:10]
    report.violations += audit(image, ledger)
    report.violations += audit_at_rest(image, endpoint.calls, recalls=RECALLS)
    report.violations += await witness.heard(dsn)
    try:
        report.violations += violations(clients.log, LedgerModel())
    except TooMuchWork as error:
        report.violations.append(str(error))
    report.acknowledged = len(ledger.acknowledged)
    report.refused, report.unknown = len(ledger.refused), len(ledger.unknown)
    report.operations, report.orders = len(clients.log), clients.orders_done
    report.effects = len(endpoint.calls)
    report.repeated = len(endpoint.calls) - len({call.key for call in endpoint.calls})
    report.instances = len(image.instances)
    report.longest_seconds, report.answers = clients.longest, clients.answers


async def at_rest(dsn: str) -> None:
    """Returns once nothing is under way any more."""
    db = await asyncpg.connect(dsn)
    try:
        # other processes can only be asked, again and again
        while await db.fetchval(_LEFT):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    finally:
        await db.close()


def complaints(log: str) -> Sequence[str]:
    """What workers say of themselves that they never should: an error that nobody foresaw."""
    found = [
        line
        for line in log.splitlines()
        if " ERROR " in line and "did not renew its lease" not in line
    ]
    return [f"a worker logged: {line}" for line in found[:10]]
