"""Workers are killed and stopped, their database crashes, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.acceptance.chaos import round, witness
from tests.acceptance.chaos.endpoint import Endpoint
from tests.acceptance.chaos.faults import Pace, alive, stopped_past_its_lease
from tests.acceptance.chaos.flow import ENDPOINT_VARIABLE
from tests.acceptance.chaos.seed import choose_seed
from tests.acceptance.chaos.worker import STORE_VARIABLE
from tests.acceptance.chaos.workers import Slot, Workers
from tests.servers.postgres import PostgresServer
from tests.simulation.auditor import Ledger, audit
from tests.simulation.images import read_postgres

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork, SIGKILL and SIGSTOP"),
]

#: real seconds in which what has to happen by itself happens
PATIENCE = 60.0
PACE = Pace(kills=(0.2, 2.5), crashes=(4.0, 7.0), stops=(1.0, 3.0))


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of the test's own: it crashes."""
    with PostgresServer() as server:
        yield server


@pytest.mark.timeout(180)
@pytest.mark.parametrize("is_spread", [False, True], ids=["plain", "spread"])
async def test_for_some_seconds_of_kills_stops_and_crashes_nothing_is_lost_or_doubled(
    server: PostgresServer, tmp_path: Path, is_spread: bool
) -> None:
    seed = choose_seed()
    dsn = await round.prepared(server)
    report = await round.run(server, dsn, tmp_path, seed, 14.0, pace=PACE, spread=is_spread)
    sys.stdout.write(f"{report}\n")
    assert report.violations == []
    assert report.done.kills >= 2
    assert report.done.crashes >= 1
    assert report.acknowledged >= 20


# --- one that was taken for dead ------------------------------------------------------------------


async def rudely_awakened(dsn: str, folder: Path, bug: str = "") -> tuple[list[str], str]:
    """A worker is stopped in the middle of its work until it is buried, and goes on: what the
    witness and the auditor found, and the workers' log."""
    await witness.set_up(dsn)
    ledger = Ledger()
    async with AsyncExitStack() as stack:
        endpoint = Endpoint(random.Random(1))
        endpoint.is_kind = True
        await stack.enter_async_context(endpoint.listening())
        environment = {
            STORE_VARIABLE: dsn, ENDPOINT_VARIABLE: endpoint.address, "STATEHOLD_TEST_BUG": bug,
        }  # fmt: skip
        workers = await stack.enter_async_context(Workers(2, environment, folder / "workers.log"))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        await asyncio.gather(*(slot.up.wait() for slot in workers.slots))
        sleeper, other = workers.slots

        async def ask(slot: Slot, path: str, body: object, key: str) -> None:
            answer = await http.post(
                f"{slot.address}/api/machines/{path}", json=body, headers={"Idempotency-Key": key}
            )
            assert answer.status_code in (200, 201, 503), answer.text
            (ledger.unknown if answer.status_code == 503 else ledger.acknowledged).add(key)

        for number in range(3):
            await ask(other, "hub/instances", {"id": f"hub-{number}"}, f"hub-{number}")
        for number in range(8):
            await ask(sleeper, "ledger/instances", {"id": f"l-{number}"}, f"l-{number}/start")
        # its effect is under way when everything stands still
        endpoint.open.clear()
        await ask(sleeper, "order/instances", {"id": "o-1"}, "o-1/start")
        await endpoint.asked.wait()
        workers.signal(sleeper, signal.SIGSTOP)
        put = {"type": "Put", "n": 1}
        waiting = [
            asyncio.create_task(
                ask(sleeper, f"ledger/instances/l-{number}/events", put, f"l-{number}/put")
            )
            for number in range(8)
        ]
        assert await stopped_past_its_lease(workers, sleeper, dsn)
        await ask(other, "ledger/instances/l-0/events", put, "l-0/meanwhile")
        endpoint.open.set()
        workers.signal(sleeper, signal.SIGCONT)
        await asyncio.gather(*waiting)
        if not bug:
            # it is among the living again, under another name, before it is asked to go
            async with asyncio.timeout(PATIENCE):
                while f"{sleeper.name}#2" not in await alive(dsn, ""):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                await ask(sleeper, "ledger/instances/l-1/events", put, "l-1/afterwards")
                # its effect, which somebody else has taken over, comes to its end
                order = f"{other.address}/api/machines/order/instances/o-1"
                while (await http.get(order)).json()["state"] != ["offered"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        await workers.stop()
    findings = [*await witness.heard(dsn), *audit(await read_postgres(dsn), ledger)]
    return findings, workers.log_text()


async def test_a_worker_that_slept_past_its_lease_writes_nothing_under_its_old_name(
    migrated_dsn: str, tmp_path: Path
) -> None:
    findings, log = await rudely_awakened(migrated_dsn, tmp_path)
    assert findings == []
    assert "worker w0-1 did not renew its lease in time" in log


async def test_the_witness_hears_of_a_worker_that_writes_without_a_lease(
    migrated_dsn: str, tmp_path: Path
) -> None:
    findings, _ = await rudely_awakened(migrated_dsn, tmp_path, bug="no_fence")
    assert any("without a lease" in finding for finding in findings), findings
