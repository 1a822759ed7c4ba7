"""Clients and the command line behind an authenticator that takes bearer tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request

from statehold.chart.access import Access, ServerAccess, anyone
from statehold.client import AsyncClient, Client, RefusedByServer
from statehold.engine import Engine
from statehold.records import Caller
from statehold.server import Unauthorized, create_app
from tests.acceptance.command_line import run
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio


class Issuer:
    """Gives tokens, of which the newest alone is accepted."""

    def __init__(self) -> None:
        self.given = 0
        self.accepted = "t-1"

    def token(self) -> str:
        self.given += 1
        return f"t-{self.given}"

    async def later(self) -> str:
        return self.token()

    def authenticate(self, request: Request) -> Caller:
        if request.headers.get("authorization") != f"Bearer {self.accepted}":
            raise Unauthorized("the token is not accepted", 'Bearer error="invalid_token"')
        return Caller("ada", frozenset({"restaurant"}))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def guarded(engine: Engine, issuer: Issuer) -> AsyncIterator[str]:
    app = create_app(engine, owns_engine=False, authenticate=issuer.authenticate, access=OPEN)
    async with listening(app) as address:
        yield address


async def test_a_token_is_sent_with_each_request(guarded: str) -> None:
    async with AsyncClient(guarded, token="t-1") as client:
        assert (await client.me()).name == "ada"
        await client.start(OrderFlow, "o-1")
        async for entry in client.watch(OrderFlow, "o-1"):
            assert entry.caller == "ada"
            break


async def test_a_token_that_is_refused_is_an_error_without_the_token(guarded: str) -> None:
    async with AsyncClient(guarded, token="s3cret") as client:
        with pytest.raises(RefusedByServer, match="not accepted") as caught:
            await client.me()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["token", "later"])
async def test_a_function_is_asked_again_once_its_token_is_refused(
    guarded: str, issuer: Issuer, name: str
) -> None:
    async with AsyncClient(guarded, token=getattr(issuer, name)) as client:
        await client.start(OrderFlow, "o-1")
        await client.me()
        assert issuer.given == 1
        issuer.accepted = "t-2"
        await client.start(OrderFlow, "o-2")
        async for _ in client.watch(OrderFlow, "o-2"):
            break
        assert issuer.given == 2
        # one new token for each request, and no more
        issuer.accepted = "none"
        with pytest.raises(RefusedByServer):
            await client.me()
        assert issuer.given == 3


async def test_the_blocking_client_does_the_same(guarded: str, issuer: Issuer) -> None:
    def names() -> list[str]:
        with Client(guarded, token=issuer.token) as client:
            first = client.me().name
            issuer.accepted = "t-2"
            return [first, client.me().name]

    assert await asyncio.to_thread(names) == ["ada", "ada"]


@pytest.mark.parametrize("wrong", ["", "a b", "a\nb", "ünder", "=", "Bearer t-1"])
async def test_what_is_no_token_is_not_sent(guarded: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="is not one"):
        AsyncClient(guarded, token=wrong)
    async with AsyncClient(guarded, token=lambda: wrong) as client:
        with pytest.raises(ValueError, match="is not one"):
            await client.me()


async def test_the_command_line_sends_the_token_of_a_file_or_of_its_environment(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATEHOLD_TOKEN", raising=False)
    file = tmp_path / "token"
    file.write_text("t-1\n")
    start = ("start", "order", "o-1", "--key", "k", "--url", guarded)
    refused = await asyncio.to_thread(run, *start)
    assert (refused.code, "unauthorized" in refused.err) == (1, True)
    started = await asyncio.to_thread(run, *start, "--token-file", str(file))
    assert started.code == 0, started.err
    monkeypatch.setenv("STATEHOLD_TOKEN", "t-1")
    assert (await asyncio.to_thread(run, *start)).code == 0
    file.write_text("a b")
    for wrong in (file, tmp_path, tmp_path / "nowhere"):
        ran = await asyncio.to_thread(run, *start, "--token-file", str(wrong))
        assert (ran.code, str(wrong) in ran.err, "a b" in ran.err) == (2, True, False)


async def test_a_token_that_ended_is_asked_for_once_by_many_requests(
    guarded: str, issuer: Issuer
) -> None:
    asking, answer = asyncio.Event(), asyncio.Event()

    async def slowly() -> str:
        asking.set()
        await answer.wait()
        return issuer.token()

    async with AsyncClient(guarded, token=slowly) as client:
        first = [asyncio.create_task(client.me()) for _ in range(8)]
        await asyncio.wait_for(asking.wait(), 10)
        answer.set()
        assert {one.name for one in await asyncio.gather(*first)} == {"ada"}
        assert issuer.given == 1
        issuer.accepted = "t-2"
        again = await asyncio.gather(*(client.me() for _ in range(8)))
        assert ({one.name for one in again}, issuer.given) == ({"ada"}, 2)
        # also where the new one is refused too
        issuer.accepted = "none"
        refused = await asyncio.gather(*(client.me() for _ in range(8)), return_exceptions=True)
        assert {type(one) for one in refused} == {RefusedByServer}
        assert issuer.given == 3


async def test_who_may_read_and_not_inspect_is_shown_what_it_may_read(engine: Engine) -> None:
    access = ServerAccess(unstated=Access(start=anyone, read=anyone))
    app = create_app(
        engine, owns_engine=False, authenticate=lambda _: Caller("ada", frozenset()), access=access
    )
    async with listening(app) as address:
        await engine.start(OrderFlow, "o-1")
        show = ("show", "order", "o-1", "--url", address)
        shown = await asyncio.to_thread(run, *show)
        assert (shown.code, "offering" in shown.out, "timer" in shown.out) == (0, True, False)
        plain = json.loads((await asyncio.to_thread(run, *show, "--json")).out)
        assert (plain["id"], plain["state"]) == ("o-1", ["offering"])
        missing = await asyncio.to_thread(run, "show", "order", "o-9", "--url", address)
        assert missing.code == 3


async def test_who_may_not_read_is_not_told_of_a_version(engine: Engine) -> None:
    access = ServerAccess(unstated=Access(start=anyone))
    app = create_app(
        engine, owns_engine=False, authenticate=lambda _: Caller("ada", frozenset()), access=access
    )
    async with listening(app) as address:
        started = await asyncio.to_thread(run, "start", "order", "o-1", "--url", address)
    assert (started.code, "v0" in started.out) == (0, False)


async def test_the_doctor_sends_the_token_too(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATEHOLD_TOKEN", raising=False)
    file = tmp_path / "token"
    file.write_text("t-1\n")
    look = ("doctor", "--server", guarded)
    assert "server-guarded" in (await asyncio.to_thread(run, *look)).out
    seen = await asyncio.to_thread(run, *look, "--token-file", str(file))
    assert "server-guarded" not in seen.out, seen.out
    monkeypatch.setenv("STATEHOLD_TOKEN", "a b")
    wrong = await asyncio.to_thread(run, *look)
    assert (wrong.code, "STATEHOLD_TOKEN" in wrong.err, "a b" in wrong.err) == (2, True, False)
