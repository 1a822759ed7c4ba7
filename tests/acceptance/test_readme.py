"""The README is true: its machine runs as printed and passes the checkers."""

from __future__ import annotations

import ast
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from statehold import AMachine, Engine
from tests.acceptance.reader import Reader, blocks, exchanges, needs_curl
from tests.typing.test_typing import CHECKERS, PATIENCE

pytestmark = pytest.mark.anyio

MODULES = ("orders", "orders_v2")


def code(first_line: str) -> str:
    """The one Python block that begins so."""
    (found,) = [
        text
        for language, text in blocks("README.md")
        if language == "python" and text.startswith(first_line)
    ]
    return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder with the README's modules, to import from."""
    for module in MODULES:
        (tmp_path / f"{module}.py").write_text(code(f"# {module}.py\n"), encoding="utf-8")
        # a module of that name that another test imported is not the README's
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for module in MODULES:
        sys.modules.pop(module, None)


def machine_of(module: str) -> AMachine:
    machine: AMachine = __import__(module).OrderFlow
    return machine


def test_every_python_block_is_one_that_is_tested_here() -> None:
    first_lines = [
        text.partition("\n")[0] for language, text in blocks("README.md") if language == "python"
    ]
    assert first_lines == [
        "# orders.py",
        "# in a coroutine, or in `python -m asyncio`",
        "# orders_v2.py",
    ]


@pytest.mark.timeout(PATIENCE + 10)
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_machine_passes_the_checkers(checker: str, shop: Path) -> None:
    assert CHECKERS[checker](shop / "orders.py") == {}


async def test_the_engine_says_what_the_machine_does_and_upgrades_it(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled: CodeType = compile(code("# in a coroutine"), "README.md", "exec", flags)
    for _ in ("once", "again"):
        await eval(compiled, {})
        assert capsys.readouterr().out == "['Accept'] ['cooking'] 2\n"
    async with Engine("sqlite:///orders.db", machines=[machine_of("orders")]) as engine:
        await engine.start("order", id="o-1", data={"items": ["pizza"]})
        await engine.send("order", "o-1", {"type": "Accept", "prep_minutes": 12})
        await engine.start("order", id="o-2", data={"items": ["soup"]})
    async with Engine("sqlite:///orders.db", machines=[machine_of("orders_v2")]) as engine:
        report = await engine.upgrade("order")
        assert (report.upgraded, report.failed) == (2, {})
        waiting = await engine.read("order", "o-2")
        assert (waiting.version, waiting.state, waiting.view.tip) == (2, ["waiting"], 0)
        assert (await engine.read("order", "o-1")).state == ["cooking"]


@needs_curl
def test_the_commands_run_one_after_the_other_and_then_the_embedded_engine(shop: Path) -> None:
    serve, *others = [
        command
        for language, text in blocks("README.md")
        if language == "console"
        for command, _ in exchanges(text)
        if command.startswith(("statehold", "curl"))
    ]
    printed = []
    with ExitStack() as stack:
        reader = Reader(shop, stack)
        reader.serve(f"{serve} --port {reader.port}")
        for command in others:
            printed.append(reader.printed(command))
        # the server goes on running
        body = textwrap.indent(code("# in a coroutine"), "    ")
        program = f"import asyncio\n\nasync def main():\n{body}\nasyncio.run(main())\n"
        (shop / "embedded.py").write_text(program, encoding="utf-8")
        assert reader.printed("python embedded.py") == "['Accept'] ['cooking'] 2\n"
        reader.stop()
        assert reader.printed("python embedded.py") == "['Accept'] ['cooking'] 2\n"
    created, sent, shown, history = printed
    assert '"state":["offered"]' in created
    assert "running cooking" in sent
    assert "prep_minutes  12" in shown
    assert "offered → cooking" in history
