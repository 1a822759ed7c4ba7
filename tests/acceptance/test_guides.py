"""The guides are run: what they show is what happens."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from statehold.cli.application import COMMANDS, load_command
from statehold.engine import Engine
from statehold.server import Bounds, create_app
from statehold.server.problems import row_of_kind
from statehold.stores import MemoryStore
from tests.unit.server.test_problems import every_error

pytestmark = pytest.mark.anyio

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def code_of(guide: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL))


@pytest.fixture
def shop() -> Iterator[ModuleType]:
    """The module that the guide on embedding is."""
    module = ModuleType("shop")
    sys.modules["shop"] = module
    exec(compile(ast.parse(code_of("embedding.md")), "embedding.md", "exec"), module.__dict__)
    yield module
    del sys.modules["shop"]


async def test_the_embedding_guide_runs_as_it_stands(shop: Any) -> None:
    assert await shop.what_the_courier_sees() == ["Deliver"]


async def test_the_guides_application_keeps_its_own_errors_and_ours(shop: Any) -> None:
    transport = httpx.ASGITransport(shop.app)
    async with (
        shop.lifespan(shop.app),
        httpx.AsyncClient(transport=transport, base_url="http://x") as http,
    ):
        missing = await http.post("/ship/p-9")
        assert (missing.status_code, list(missing.json())) == (404, ["detail"])
        unknown = await http.get("/flows/api/machines")
        assert unknown.status_code == 401
        assert unknown.headers["content-type"] == "application/problem+json"
        assert (await http.get("/openapi.json")).status_code == 200


def test_the_http_guide_lists_every_route_code_and_bound() -> None:
    text = (GUIDES / "http.md").read_text()
    for path in create_app(lambda: Engine(MemoryStore(), [])).openapi()["paths"]:
        assert path in text, path
    for kind in every_error():
        if row_of_kind(kind).status != 500:
            assert f"`{kind.code}`" in text, kind
    for bound in Bounds.__slots__:
        assert f"`{bound}`" in text, bound


def test_the_command_line_guide_lists_every_command() -> None:
    text = (GUIDES / "cli.md").read_text()
    commands: dict[str, Any] = {
        name: load_command(name) for names in COMMANDS.values() for name in names
    }
    groups = {
        name: group.commands for name, group in commands.items() if hasattr(group, "commands")
    }
    names = [name for name in commands if name not in groups]
    names += [f"{group} {name}" for group, below in groups.items() for name in below]
    assert len(names) == 42
    for name in names:
        assert f"statehold {name}" in text, name


def names_in(guide: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": guide.removesuffix(".md").replace("-", "_")}
    exec(compile(ast.parse(code_of(guide)), guide, "exec", dont_inherit=True), names)
    return names


def test_the_guide_for_those_who_come_from_transitions_runs_as_it_stands() -> None:
    names = names_in("from-transitions.md")
    assert names["the_life_of_an_article"]() == ["draft", "draft", "shelved"]


def test_the_guide_for_those_who_come_from_python_statemachine_runs_as_it_stands() -> None:
    names = names_in("from-python-statemachine.md")
    assert names["three_wrong_codes"]() == ["locked"]


async def test_the_guide_for_those_who_come_from_scxml_runs_as_it_stands() -> None:
    names = names_in("scxml.md")
    assert await names["after_two_tries"]() == (["returned"], {"tries": 2})
    assert '`(["returned"], {"tries": 2})`' in (GUIDES / "scxml.md").read_text()


async def test_the_guide_for_those_who_come_from_xstate_runs_as_it_stands() -> None:
    names = names_in("xstate.md")
    assert names["imported"].omissions == ()
    assert await names["an_order_is_paid"]() == (["paid"], {"ok": True})
    assert names["there_and_back"]()
