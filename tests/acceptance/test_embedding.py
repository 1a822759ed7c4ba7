"""The engine inside somebody else's application, and in somebody else's server."""

from __future__ import annotations

import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from statehold.engine import Engine
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.acceptance.http_orders import RESTAURANT
from tests.acceptance.orders import OrderFlow
from tests.acceptance.processes import Command

pytestmark = pytest.mark.anyio

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "embedding.md"

WHOLE = """
from statehold.engine import Engine
from statehold.server import create_app
from tests.acceptance.orders import OrderFlow

app = create_app(Engine("memory:", [OrderFlow]))
"""

MOUNTED = """
from contextlib import asynccontextmanager

from fastapi import FastAPI

from statehold.engine import Engine
from statehold.server import create_app
from tests.acceptance.orders import OrderFlow

engine = Engine("memory:", [OrderFlow])

@asynccontextmanager
async def lifespan(app):
    async with engine:
        yield

app = FastAPI(lifespan=lifespan)
app.mount("/flows", create_app(engine, owns_engine=False))
"""

#: uvicorn as its own command line runs an application
UVICORN = (
    "import sys; sys.path.insert(0, ''); import uvicorn; uvicorn.run('shop:app', port=0); exit()"
)


@pytest.mark.parametrize(
    ("module", "at", "machine", "data"),
    [
        (None, "/flows", "parcel", {"address": "Karl Johans gate 1"}),
        (WHOLE, "", "order", None),
        (MOUNTED, "/flows", "order", None),
    ],
)
@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_an_application_with_open_streams(
    tmp_path: Path, module: str | None, at: str, machine: str, data: object, signal_: signal.Signals
) -> None:
    shown = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    (tmp_path / "shop.py").write_text(module or shown)
    root = str(Path(__file__).parents[2])
    token = {"Authorization": "Bearer lorry"}
    with (
        Command(cwd=tmp_path, first=UVICORN, environment={"PYTHONPATH": root}) as command,
        httpx.Client(headers=token, timeout=60) as http,
    ):
        (address, *_) = command.wait_for(r"running on (http://[\d.:]+)")
        machines = f"{address}{at}/api/machines"
        started = http.post(f"{machines}/{machine}/instances", json={"id": "x-1", "data": data})
        assert started.status_code == 201, started.text
        with (
            http.stream("GET", f"{machines}/{machine}/instances/x-1/stream") as one,
            http.stream("GET", f"{machines}/{machine}/stream") as all_,
        ):
            chunks = [one.iter_bytes(), all_.iter_bytes()]
            for some in chunks:
                next(some)
            command.signal(signal_)
            # each is ended, not cut off
            for some in chunks:
                for _ in some:
                    pass
        command.ended()
        assert "Traceback" not in command.said()
        assert "Application shutdown complete" in command.said()


@asynccontextmanager
async def mounted(at: str = "/flows") -> AsyncIterator[httpx.AsyncClient]:
    """Below another application, which does not run its lifespan."""
    engine = Engine(MemoryStore(), [OrderFlow])
    app = FastAPI()
    app.mount(at, create_app(engine, owns_engine=False))
    app.add_middleware(GZipMiddleware, minimum_size=1)
    async with engine:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://x", headers=RESTAURANT
        ) as http:
            yield http


async def test_a_mounted_application_works_as_long_as_its_engine_is_open() -> None:
    async with mounted() as http:
        started = await http.post("/flows/api/machines/order/instances", json={"id": "o-1"})
        assert started.status_code == 201
        location = started.headers["Location"]
        assert location == "/flows/api/machines/order/instances/o-1"
        sent = await http.post(f"{location}/events", json={"type": "Accept", "prep_minutes": 1})
        assert (sent.status_code, sent.json()["seq"]) == (200, 2)
        assert (await http.get(location)).json()["seq"] == 2
        assert (await http.post("/flows/api/events", json=[])).status_code == 200
        assert (await http.get("/flows/ready")).json()["status"] == "ok"
        assert (await http.get("/flows/api/openapi.json")).json()["servers"] == [{"url": "/flows"}]
        assert (await http.get("/flows/")).status_code == 200
        assert (await http.get("/flows/api/machines/none")).status_code == 404
    # the engine was closed by whoever opened it
    assert (await http_after(http)).status_code == 503


async def http_after(http: httpx.AsyncClient) -> httpx.Response:
    async with httpx.AsyncClient(transport=http._transport, base_url="http://x") as again:
        return await again.post("/flows/api/machines/order/instances", json={"id": "o-2"})
