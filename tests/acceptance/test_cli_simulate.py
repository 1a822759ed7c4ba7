"""Machines tried from the command line: a script's file, lines typed by hand, tests written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ORDER = "examples.order.flow:OrderFlow"
DATA = '{"items": ["pizza"], "restaurant": "napoli", "customer": "ann"}'
SCRIPT = f"""
machine: order
data: {DATA}
steps:
  - send: {{type: RestaurantAccepted, prep_minutes: 12}}
    by: [restaurant]
  - advance: 12m
  - expect: [ready]
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def program(*arguments: str, cwd: Path, input: str = "") -> Ran:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    ran = subprocess.run(
        [sys.executable, *arguments],
        input=input, capture_output=True, text=True, timeout=60, cwd=cwd, env=environment,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def statehold(*arguments: str, cwd: Path, input: str = "") -> Ran:
    return program("-c", "from statehold.cli import main; main()", *arguments, cwd=cwd, input=input)


def test_a_script_is_run_and_described_in_words(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCRIPT)
    ran = statehold("simulate", ORDER, "s.yaml", cwd=tmp_path)
    assert ran.code == 0
    assert "creating -> accepted   [sent by restaurant: yes, accept]" in ran.out
    assert ran.out.endswith("order/i-1 is in ready\n")


def test_a_script_that_fails_ends_with_1_and_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCRIPT.replace("[ready]", "[complete]"))
    ran = statehold("simulate", ORDER, "s.yaml", cwd=tmp_path)
    assert ran.code == 1
    assert "failed at step 3: it is in ready\n  expected: in complete" in ran.out
    as_json = statehold("simulate", ORDER, "s.yaml", "--json", cwd=tmp_path)
    assert as_json.code == 1
    assert json.loads(as_json.out)["failure"] == {
        "step": 3,
        "is": "it is in ready",
        "expected": "in complete",
    }


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [("a: *b", 1, "anchor"), ("machine: shop", 1, "'shop'"), (None, 2, "No such file")],
)
def test_an_invalid_script_is_reported_without_a_traceback(
    tmp_path: Path, text: str | None, code: int, why: str
) -> None:
    if text is not None:
        (tmp_path / "s.yaml").write_text(text)
    ran = statehold("simulate", ORDER, "s.yaml", cwd=tmp_path)
    assert ran.code == code
    assert why in ran.err
    assert "Traceback" not in ran.err


LINES = """\
send RestaurantAccepted prep_minutes=12 --by restaurant
send Delivered
bogus
send "
advance forever
next
next
fail offer_to_courier away
undo
save s.yaml
test test_order.py
save nowhere/s.yaml
quit
send CourierAccepted courier=zoe
"""


def test_lines_typed_by_hand_move_the_machine_and_what_was_played_is_kept(tmp_path: Path) -> None:
    ran = statehold("simulate", ORDER, "--data", DATA, cwd=tmp_path, input=LINES)
    assert (ran.code, ran.err) == (0, "")
    for answer in (
        "send RestaurantAccepted prep_minutes=",
        "timer cooked, in 12m",
        "Delivered is refused",
        "no command 'bogus'",
        "No closing quotation",
        "a duration is seconds",
        "nothing is due",
        "offer_to_courier waits for a person",
        "wrote s.yaml",
        "nowhere/s.yaml: No such file",
    ):
        assert answer in ran.out, answer
    assert "CourierAccepted courier=zoe" not in ran.out

    again = statehold("simulate", ORDER, "s.yaml", cwd=tmp_path)
    assert (again.code, again.out.splitlines()[-1]) == (0, "order/i-1 is in ready")
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_order.py", cwd=tmp_path)
    assert "1 passed" in tested.out


def test_the_end_of_the_input_ends_the_run(tmp_path: Path) -> None:
    ran = statehold("simulate", ORDER, "--data", DATA, "--save", "s.json", cwd=tmp_path)
    assert ran.code == 0
    assert json.loads((tmp_path / "s.json").read_text())["machine"] == "order"


def test_tests_that_take_every_transition_are_written_and_pass(tmp_path: Path) -> None:
    ran = statehold("tests", ORDER, "-o", "test_order.py", cwd=tmp_path)
    assert ran.code == 0
    assert "7 of 7 transitions covered" in ran.err
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_order.py", cwd=tmp_path)
    assert "7 passed" in tested.out


def test_transitions_that_no_test_takes_are_reported_skipped_and_end_with_1(tmp_path: Path) -> None:
    given = '{"payloads": {"CourierAccepted": []}}'
    ran = statehold("tests", ORDER, "-o", "test_order.py", "--given", given, cwd=tmp_path)
    assert ran.code == 1
    assert "not covered: take: " in ran.err
    assert "not covered: deliver: on_the_way was never active" in ran.err
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_order.py", cwd=tmp_path)
    assert "5 passed, 2 skipped" in tested.out


def test_written_tests_fail_where_a_function_is_changed(tmp_path: Path) -> None:
    flow = (ROOT / "examples" / "order" / "flow.py").read_text()
    (tmp_path / "flow.py").write_text(flow)
    assert statehold("tests", "flow.py:OrderFlow", "-o", "test_it.py", cwd=tmp_path).code == 0
    planted = flow.replace("order.courier = event.courier", "order.courier = 'nobody'")
    (tmp_path / "flow.py").write_text(planted)
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", cwd=tmp_path)
    assert "courier is 'nobody'" in tested.out
    assert "2 failed, 5 passed" in tested.out


def test_the_ways_that_a_search_found_can_be_played(tmp_path: Path) -> None:
    ran = statehold("explore", ORDER, "--data", DATA, "--save", "ways", cwd=tmp_path)
    assert ran.code == 0, ran.err
    ways = sorted((tmp_path / "ways").iterdir())
    assert ways
    for way in ways:
        played = statehold("simulate", ORDER, str(way), cwd=tmp_path)
        assert played.code == 0, (way.name, played)


def test_tests_are_written_of_a_machine_that_comes_as_data(tmp_path: Path) -> None:
    refund = str(ROOT / "examples" / "refund" / "refund.yaml")
    ran = statehold("tests", refund, "-o", "test_refund.py", cwd=tmp_path)
    assert "8 of 8 transitions covered" in ran.err
    tested = program("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_refund.py", cwd=tmp_path)
    assert "8 passed" in tested.out, tested.out
