"""The process is killed at fifty random moments, and nothing is lost, doubled or half done."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.simulation.auditor import Ledger, audit, audit_at_rest
from tests.simulation.images import read_sqlite

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
ORDERS = 500
KILLS = 50
STOCKS = 3
GONE = "the process that starts the servers has ended"
#: real seconds in which all of it has to come to its end
PATIENCE = 150.0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.timeout(240)
async def test_killed_at_fifty_random_moments_nothing_is_lost_doubled_or_half_done(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("STATEHOLD_SEED") or random.SystemRandom().getrandbits(32))
    print(f"STATEHOLD_SEED={seed}")  # noqa: T201 - shown where the test fails
    chance = random.Random(seed)
    path = tmp_path / "orders.db"
    async with (
        asyncio.timeout(PATIENCE),
        endpoint(chance) as (address, calls),
        Served(path, address, tmp_path / "server.log") as server,
        Shop(server, random.Random(chance.random())) as shop,
    ):
        await shop.open_stocks()
        released = asyncio.Semaphore(0)
        clients = [
            asyncio.create_task(shop.one_order(number, released)) for number in range(ORDERS)
        ]
        for _ in range(KILLS):
            for _ in range(ORDERS // KILLS):
                released.release()
            # now and then before it listens, while it is still picking up the pieces
            if chance.random() < 0.8:
                await server.listening()
                await asyncio.sleep(chance.uniform(0.0, 0.4))
            else:
                await asyncio.sleep(chance.uniform(0.0, 0.3))
            await server.kill()
            await server.start()
        await asyncio.gather(*clients)
        await shop.drained(path)
        await shop.close()
        await server.stop()
    ledger = shop.ledger
    image = read_sqlite(path)
    assert audit(image, ledger) == []
    assert audit_at_rest(image) == []
    assert len(ledger.acknowledged) >= 3 * ORDERS
    assert ledger.refused
    check_the_outcome(path, calls)


def check_the_outcome(path: Path, calls: Counter[str]) -> None:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    done = db.execute(
        "SELECT c.machine, c.status, c.state, count(*) FROM instances AS i"
        " JOIN configurations AS c ON c.number = i.configuration GROUP BY 1, 2, 3 ORDER BY 1"
    ).fetchall()
    assert done == [
        ("order", "done", '["delivered"]', ORDERS), ("stock", "running", '["open"]', STOCKS),
    ]  # fmt: skip
    held = db.execute("SELECT count(*) FROM instances WHERE held_by IS NOT NULL").fetchone()
    assert held == (0,)
    sold = db.execute(
        "SELECT count(*), count(DISTINCT json_extract(j.body, '$.event.order')) FROM journal AS j"
        " JOIN instances AS i ON i.place = j.instance WHERE i.machine = 'stock'"
        " AND j.kind = 'event'"
    ).fetchone()
    assert sold == (ORDERS, ORDERS)
    db.close()
    # every effect that is done was performed, under the key that it was asked for with
    performed = Counter(key.split("/")[0] for key in calls)
    assert performed == {"order": 3 * ORDERS}


class Shop:
    """The callers: each knows what was answered, and asks again with its key if nothing was."""

    def __init__(self, server: Served, chance: random.Random) -> None:
        self.server = server
        self.http = httpx.AsyncClient(base_url=server.address, timeout=30)
        #: requests at once; the client goes through all that wait each time that one ends
        self.places = asyncio.Semaphore(16)
        self.chance = chance
        self.ledger = Ledger()

    async def __aenter__(self) -> Shop:
        self._retrying = asyncio.create_task(self._retry_incidents())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._retrying.cancel()
        await self.http.aclose()
        with suppress(asyncio.CancelledError):
            await self._retrying

    async def open_stocks(self) -> None:
        for number in range(STOCKS):
            await self.ask(
                "/api/machines/stock/instances", {"id": f"stock-{number}"}, f"s-{number}"
            )

    async def one_order(self, number: int, released: asyncio.Semaphore) -> None:
        await released.acquire()
        id = f"o-{number}"
        instances = "/api/machines/order/instances"
        assert await self.ask(instances, {"id": id}, f"{id}/start")
        events = f"{instances}/{id}/events"
        for event in ("Accept", "Delivered"):
            if self.chance.random() < 0.5:
                await self.ask_once(events, {"type": "Note", "text": event}, f"{id}/{event}/note")
            # refused until the instance is there; each refused key is remembered
            tries = 0
            while not await self.ask(events, {"type": event}, f"{id}/{event}/{tries}"):
                tries += 1
                await asyncio.sleep(self.chance.uniform(0.05, 0.2))

    async def ask(self, path: str, body: Any, key: str) -> bool:
        """True if it was acknowledged, False if it was refused; asks until it is known."""
        while True:
            answer = await self._post(path, body, key)
            if answer is not None and answer.status_code in (200, 201):
                self.ledger.acknowledged.add(key)
                return True
            if answer is not None and answer.status_code == 409:
                self.ledger.refused.add(key)
                return False
            await asyncio.sleep(0.02)

    async def ask_once(self, path: str, body: Any, key: str) -> None:
        answer = await self._post(path, body, key)
        if answer is None or answer.status_code == 503:
            self.ledger.unknown.add(key)
        elif answer.status_code == 200:
            self.ledger.acknowledged.add(key)
        else:
            self.ledger.refused.add(key)

    async def _retry_incidents(self) -> None:
        """An effect that too many processes died of waits for a person: this one."""
        while True:
            await asyncio.sleep(0.5)
            try:
                found = (await self.http.get("/api/incidents")).json()
                for incident in found.get("incidents", ()):
                    path = f"/api/incidents/{quote(incident['id'], safe='')}/retry"
                    answer = await self.http.post(path, headers={"Statehold-Roles": "operator"})
                    # decided meanwhile, or not to be reached
                    assert answer.status_code in (200, 404, 409, 503), answer.text
            except httpx.TransportError:
                continue

    async def _post(self, path: str, body: Any, key: str) -> httpx.Response | None:
        """None where the connection broke."""
        # while nothing listens there is nothing to be learned from asking
        await self.server.listening()
        try:
            async with self.places:
                answer = await self.http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None
        assert answer.status_code in (200, 201, 409, 503), answer.text
        return answer

    async def drained(self, path: Path) -> None:
        """Returns once nothing is under way any more."""
        # another process can only be asked, again and again
        while busy(path):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def busy(path: Path) -> bool:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (count,) = db.execute(
            "SELECT (SELECT count(*) FROM mailbox)"
            " + (SELECT count(*) FROM instances WHERE held_by IS NOT NULL OR wake_at IS NOT NULL)"
        ).fetchone()
    finally:
        db.close()
    return bool(count)


class Served:
    """``statehold serve`` in a process that can be killed and started again."""

    def __init__(self, path: Path, endpoint: str, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self._path = path
        self._endpoint = endpoint
        self._log = log
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._up = asyncio.Event()

    async def __aenter__(self) -> Served:
        environment = {**os.environ, "STATEHOLD_TEST_ENDPOINT": self._endpoint}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.acceptance.kill_server",
                "tests.acceptance.kill_flow:OrderFlow", "tests.acceptance.kill_flow:StockFlow",
                "--store", f"sqlite:///{self._path}", "--port", str(self._port),
                "--act-role", "operator",
                cwd=ROOT, env=environment, stderr=log,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        await self.start()
        await self.listening()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
        self._reading.cancel()

    async def start(self) -> None:
        await self._tell("start", "started")

    async def kill(self) -> None:
        assert await self._tell("kill", "ended") == "ended -9"
        self._up.clear()

    async def stop(self) -> None:
        assert await self._tell("stop", "ended") == "ended 0", self._log.read_text()

    async def listening(self) -> None:
        await self._up.wait()

    async def _tell(self, order: str, answer: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        while True:
            heard = await self._heard.get()
            if heard.startswith(answer):
                return heard
            assert heard != GONE, self._log.read_text()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            heard = line.decode().strip()
            if heard.startswith("serving"):
                self._up.set()
            else:
                self._heard.put_nowait(heard)
        self._heard.put_nowait(GONE)


@asynccontextmanager
async def endpoint(chance: random.Random) -> AsyncIterator[tuple[str, Counter[str]]]:
    """A server that counts what it is asked by key, and is sometimes not in the mood."""
    calls: Counter[str] = Counter()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            status = "503 Busy" if chance.random() < 0.1 else "200 OK"
            if status == "200 OK":
                calls[fields["idempotency-key"]] += 1
            body = fields["idempotency-key"]
            writer.write(
                f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
                f"{body}".encode()
            )
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # the caller was killed in the middle of its sentence
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", calls
