"""``--resources``: servers and workers open what effects take, each process for itself."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from statehold.cli.outcome import UsageError
from statehold.cli.resources import load_resources
from statehold.client import Client
from statehold.engine import Engine
from statehold.errors import NotFound
from statehold.server import create_app
from tests.acceptance.orders import OrderFlow
from tests.acceptance.processes import Command

SHOP = """
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NewType

from pydantic import BaseModel

from statehold import Call, Final, Machine, State, effect, on_result

LOG = Path(__file__).with_name("log.txt")
Token = NewType("Token", str)


def note(text: str) -> None:
    with LOG.open("a") as file:
        file.write(f"{os.getpid()} {text}\\n")


class Till:
    def __init__(self, token: Token) -> None:
        self.token = token


@asynccontextmanager
async def till(token: Token) -> AsyncIterator[Till]:
    if Path(__file__).with_name("down").exists():
        raise ConnectionError(f"{token} was refused")
    note("open")
    yield Till(token)
    note("close")


resources = [till]
secrets = {Token: "s3cret-token"}
number = 3


class Order(BaseModel):
    receipt: str = ""


@effect(attempts=3)
async def charge(order: Order, call: Call, till: Till) -> str:
    note(f"charge {call.instance}")
    return "r-1"


class Shop(Machine[Order], name="shop", version=1):
    paying = State(initial=True, invoke=charge)
    over = Final()
    paid = on_result(charge, paying >> over)
"""
pytestmark = pytest.mark.anyio
GIVEN = ("--resources", "shop.py:resources", "--resources", "shop.py:secrets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def serving(folder: Path, *options: str) -> Command:
    return Command(
        "serve", "shop.py", "--port", "0", "--metrics-role", "operator", *options, cwd=folder,
        store="memory:",
    )  # fmt: skip


def noted(folder: Path) -> list[str]:
    return (folder / "log.txt").read_text().splitlines()


def test_a_server_opens_them_before_effects_and_closes_them_after(folder: Path) -> None:
    with serving(folder, *GIVEN) as command:
        address = command.address()
        with Client(address, caller="olga") as client:
            for number in range(2):
                client.start("shop", f"s-{number}", {})
                assert any("over" in one.state for one in client.watch("shop", f"s-{number}"))
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()
        pid = command.process.pid
        assert noted(folder) == [
            f"{pid} open", f"{pid} charge s-0", f"{pid} charge s-1", f"{pid} close"
        ]  # fmt: skip
        assert "s3cret" not in command.said()


def test_a_server_takes_requests_though_one_does_not_open(folder: Path) -> None:
    (folder / "down").touch()
    operator = {"Statehold-Caller": "olga", "Statehold-Roles": "operator"}
    with serving(folder, *GIVEN) as command:
        address = command.address()
        ready = httpx.get(f"{address}/ready", headers=operator)
        assert ready.status_code == 200
        assert ready.json()["detail"] == (
            "resource till (Till) is not open, attempts that need it fail: ConnectionError: … was "
            "refused"
        )
        metrics = httpx.get(f"{address}/metrics", headers=operator).text
        assert 'statehold_resource_open{resource="till"} 0.0' in metrics
        assert 'statehold_resource_failures_total{resource="till"}' in metrics
        with Client(address, caller="olga") as client:
            client.start("shop", "s-1", {})
        command.wait_for("charge failed at attempt 1: ResourceUnavailable")
        assert "s3cret" not in command.said()


@pytest.mark.parametrize("options", [(), ("--resources", "shop.py:resources")])
def test_a_server_without_what_an_effect_takes_does_not_start(
    folder: Path, options: tuple[str, ...]
) -> None:
    with serving(folder, *options) as command:
        assert command.ended() != 0
        assert "the resources have" in command.said()
        assert "parameter t" in command.said()
        assert "Traceback" not in command.said()


def test_a_server_is_not_replaced_by_one_that_lacks_a_resource(folder: Path) -> None:
    with Command(
        "serve", "shop.py", "--port", "0", *GIVEN, cwd=folder, store="sqlite:///shop.db"
    ) as command:
        address = command.address()
        (folder / "shop.py").write_text(SHOP.replace("resources = [till]", "resources = []"))
        command.signal(signal.SIGHUP)
        command.wait_for("this process was not replaced")
        assert "parameter till takes Till, which no resource gives" in command.said()
        assert httpx.get(f"{address}/ready").status_code == 200


async def test_an_application_opens_them_with_its_engine(folder: Path) -> None:
    @asynccontextmanager
    async def settings() -> AsyncIterator[Path]:
        opened.append("open")
        yield folder
        opened.append("close")

    opened: list[str] = []
    app = create_app(lambda: Engine("memory:", [OrderFlow], resources=[settings]))
    async with app.router.lifespan_context(app):
        assert opened == ["open"]
    assert opened == ["open", "close"]


def test_each_process_of_a_server_opens_its_own(folder: Path, postgres_dsn: str) -> None:
    with Command("db", "upgrade", "--phase", "all", cwd=folder, store=postgres_dsn) as made:
        assert made.ended() == 0, made.said()
    with Command(
        "serve", "shop.py", "--port", "0", "--workers", "2", *GIVEN, cwd=folder, store=postgres_dsn
    ) as command:
        command.address()
        pids = {str(pid) for pid in command.workers()}
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()
    assert sorted(noted(folder)) == sorted(
        f"{pid} {what}" for pid in pids for what in ("open", "close")
    )


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("shop.py", UsageError, "name a list in a module, as module:name"),
        ("shop.py:", UsageError, "name a list"),
        ("shop.py:nothing", NotFound, "shop.py has no nothing"),
        ("shop.py:number", UsageError, "number is of type int; make it a list"),
        ("shop.py:SHOWN", UsageError, "make it a list"),
        ("no_such_module:x", NotFound, "no module is called"),
    ],
)
def test_names_that_are_no_list_of_resources(
    name: str, error: type[Exception], message: str, folder: Path, monkeypatch: Any
) -> None:
    (folder / "shop.py").write_text("number = 3\nSHOWN = 's3cret-token'")
    monkeypatch.chdir(folder)
    with pytest.raises(error, match=message) as refused:
        load_resources([name.replace("shop.py", str(folder / "shop.py"))])
    assert "s3cret" not in str(refused.value)
