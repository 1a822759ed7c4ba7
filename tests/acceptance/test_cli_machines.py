"""The command line on machines: check, draw, convert, and what a document is offered."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command_line import ORDERS, Cli, run

pytestmark = pytest.mark.anyio


# --- machines -----------------------------------------------------------------------------------


def test_a_good_machine_is_summed_up() -> None:
    for target in (f"{ORDERS}:OrderFlow", ORDERS, "tests.acceptance.orders"):
        ran = run("check", target)
        assert ran.code == 0, ran.err
        assert "order" in ran.out
        assert "Accept" in ran.out
    (summary,) = json.loads(run("check", ORDERS, "--json").out)
    assert (summary["ok"], summary["timers"], summary["effects"]) == (True, 1, ["charge"])


BROKEN = """
from pydantic import BaseModel
from statehold import Event, Machine, State, on

class Data(BaseModel):
    count: int = 0

class Go(Event):
    pass

class Broken(Machine[Data], name="broken", version=1):
    here = State()
    there = State()
    go = on(Go, here >> there)
"""


@pytest.fixture
def module(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Writes a module of its own name and gives its path."""
    name = f"made_by_{abs(hash(request.node.name))}"
    path = tmp_path / f"{name}.py"

    def write(code: str) -> str:
        path.write_text(code)
        return str(path)

    before = list(sys.path)
    yield write
    sys.path[:] = before
    sys.modules.pop(name, None)


def test_every_mistake_of_a_machine_is_reported(module: Callable[[str], str]) -> None:
    path = module(BROKEN)
    ran = run("check", path, ORDERS)
    assert ran.code == 1
    assert "broken" in ran.err
    assert "hint" in ran.err
    assert "Traceback" not in ran.err
    # the good one is reported, too
    assert "order" in ran.out
    bad, good = json.loads(run("check", path, ORDERS, "--json").out)
    assert (bad["ok"], good["ok"]) == (False, True)
    assert bad["problems"][0]["message"]


DOUBTFUL = """
from statehold import Event, Machine, State, on

class Go(Event):
    pass

class Doubtful(Machine[None], name="doubtful", version=1):
    here = State(initial=True)
    there = State()
    go = on(Go, here >> there)
    {}
"""


def test_findings_have_a_place_and_a_hint_and_warnings_alone_pass(
    module: Callable[[str], str],
) -> None:
    path = module(DOUBTFUL.format(""))
    ran = run("check", path)
    assert ran.code == 0, ran.err
    assert "doubtful 1: 1 warning" in ran.out
    assert "warning dead-end state there" in ran.out
    assert "hint add a transition out of it" in ran.out
    assert run("check", path, "--strict").code == 1
    (answer,) = json.loads(run("check", path, "--json").out)
    (finding,) = answer["findings"]
    assert (answer["ok"], finding["code"], finding["place"]) == (True, "dead-end", "there")


def test_findings_that_are_errors_fail_the_check(module: Callable[[str], str]) -> None:
    path = module(DOUBTFUL.format("again = on(Go, here >> there, do=lambda data: None)"))
    ran = run("check", path)
    assert ran.code == 1
    assert "error never-chosen transition again" in ran.out
    (answer,) = json.loads(run("check", path, "--json").out)
    assert answer["ok"] is False


def test_a_folder_stands_for_the_machines_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "machines"
    folder.mkdir()
    (folder / "made_by_a_folder.py").write_text(DOUBTFUL.format(""))
    (folder / "made_without_machines.py").write_text("x = 1")
    (folder / "test_made.py").write_text("1 / 0")
    ran = run("check", str(folder))
    assert (ran.code, ran.err) == (0, "")
    assert "warning dead-end state there" in ran.out
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("check", str(empty)).code == 3


def test_a_target_without_a_machine_does_not_keep_others_from_being_checked(
    module: Callable[[str], str],
) -> None:
    ran = run("check", module("x = 1"), ORDERS)
    assert ran.code == 3
    assert "defines no machine" in ran.err
    assert "order" in ran.out


def test_a_check_that_was_cut_short_says_so(module: Callable[[str], str]) -> None:
    ran = run("check", ORDERS, "--limit", "1")
    assert ran.code == 0
    assert "info search-cut the chart" in ran.out


@pytest.mark.parametrize(
    ("code", "target", "exit_code", "answer"),
    [
        ("x = 1", "{}", 3, "defines no machine"),
        ("x = 1", "{}:Flow", 3, "has no machine 'Flow'"),
        ("1 / 0", "{}", 1, ":1: division by zero"),
        ("x = (", "{}", 1, "SyntaxError"),
        ("import nowhere_to_be_found", "{}", 1, "nowhere_to_be_found"),
        ("", "/nowhere/x.py", 3, "no file"),
        ("", "nowhere_to_be_found.at_all:Flow", 3, "no module"),
    ],
)
def test_a_target_that_gives_no_machine_says_why(
    module: Callable[[str], str], code: str, target: str, exit_code: int, answer: str
) -> None:
    ran = run("check", target.format(module(code)))
    assert ran.code == exit_code, ran.err
    assert answer in ran.err
    assert "Traceback" not in ran.err


def test_a_chart_is_drawn_to_stdout_or_a_file(tmp_path: Path) -> None:
    drawn = run("draw", f"{ORDERS}:OrderFlow", "--format", "mermaid")
    assert drawn.out.startswith("stateDiagram-v2")
    file = tmp_path / "order.mmd"
    assert run("draw", ORDERS, "-o", str(file)).out == ""
    assert file.read_text() == drawn.out


async def test_the_state_that_an_instance_is_in_is_lit(cli: Cli) -> None:
    assert (await cli("start", "order", "o-1", 'items=["pizza"]')).code == 0
    target = f"{ORDERS}:OrderFlow"
    drawn = await cli("draw", target, "--instance", "o-1")
    assert drawn.code == 0, drawn.err
    (marked,) = re.findall(r"class (\S+) active", drawn.out)
    assert marked in (await cli("show", "order", "o-1", "--json")).out
    assert "penwidth=2" in (await cli("draw", target, "--instance", "o-1", "--format", "dot")).out
    assert (await cli("draw", target, "--instance", "o-2")).code == 3
    other = await cli("draw", "examples.order_v3.flow", "--instance", "o-1")
    assert other.code == 2
    assert "version 1 of order, and what is to be drawn is version 3" in other.err


# --- documents ------------------------------------------------------------------------------------

DOOR: dict[str, Any] = {
    "id": "door",
    "initial": "closed",
    "states": {
        "closed": {"on": {"OPEN": {"target": "open", "guard": "is allowed", "actions": "note"}}},
        "open": {"on": {"CLOSE": "closed"}, "entry": {"type": "xstate.sendTo"}},
    },
}


@pytest.fixture
def door(tmp_path: Path) -> str:
    file = tmp_path / "door.json"
    file.write_text(json.dumps(DOOR))
    return str(file)


@pytest.fixture
def lent(tmp_path: Path) -> str:
    file = tmp_path / "lent_to_the_door.py"
    file.write_text("def note(data):\n    pass\n\nfunctions = {'is allowed': lambda data: True}\n")
    return str(file)


def test_a_document_is_checked_with_the_functions_offered_to_it(door: str, lent: str) -> None:
    alone = run("check", door)
    assert alone.code == 1
    assert "action 'note' is not offered" in alone.err
    assert "guard 'is allowed' is not offered" in alone.err
    ran = run("check", door, "--offer", lent)
    assert (ran.code, "door" in ran.out) == (0, True), ran.err
    assert "left out" in ran.err
    assert "/states/open/entry: xstate.sendTo" in ran.err


def test_a_document_is_drawn_and_converted_without_its_functions(door: str, tmp_path: Path) -> None:
    assert run("draw", door, "--format", "dot").out.startswith('digraph "door" {')
    written = tmp_path / "again.json"
    assert run("convert", door, "--to", "xstate", "-o", str(written)).code == 0
    once = run("convert", str(written), "--to", "xstate").out
    assert once == written.read_text()
    scxml = run("convert", door, "--to", "scxml")
    assert '<state id="closed">' in scxml.out
    assert "a document can't carry Python" in scxml.err


@pytest.mark.parametrize(
    ("name", "content", "exit_code", "answer"),
    [
        ("gone.json", None, 3, "no file"),
        ("bad.json", "{", 1, "it is not JSON"),
        ("large.json", " " * 1_000_001, 1, "limit is 1000000 bytes"),
        ("bad.scxml", "<scxml", 1, "problem"),
    ],
)
def test_a_document_that_gives_no_machine_says_why(
    tmp_path: Path, name: str, content: str | None, exit_code: int, answer: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    ran = run("check", str(file))
    assert ran.code == exit_code, ran.err
    assert answer in ran.err
    assert "Traceback" not in ran.err


def test_two_modules_that_offer_one_name_are_refused(door: str, lent: str, tmp_path: Path) -> None:
    other = tmp_path / "also_lent.py"
    other.write_text("def note(data):\n    pass\n")
    ran = run("check", door, "--offer", lent, "--offer", str(other))
    assert ran.code == 2
    assert "two things are called 'note'" in ran.err
