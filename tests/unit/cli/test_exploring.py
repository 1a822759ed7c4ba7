"""``statehold explore``, as it is typed and as it is read."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from examples.order.flow import OrderFlow
from statehold.cli import main
from tests.unit.check.player import play, read

ORDER = "examples/order/flow.py"

REGIONS = """
from pydantic import BaseModel
from statehold import Compound, Event, Machine, Parallel, State, on

class Nothing(BaseModel):
    pass

"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(["explore", *arguments])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_a_machine_is_described_with_its_size_its_paths_and_omissions() -> None:
    ran = run(ORDER)
    assert ran.code == 0
    assert "6, all that guards could allow" in ran.out
    assert "18 places in 6 configurations" in ran.out
    assert "CourierAccepted.courier: a text; only 'a' was tried" in ran.out
    assert "never taken     none" in ran.out
    assert "RestaurantAccepted {'prep_minutes': 1.0}; timer cooked (after 60 s)" in ran.out


def test_properties_are_asked_and_the_exit_code_is_their_answer() -> None:
    assert run(ORDER, "--never", "complete & cancelled", "--to", "complete").code == 0
    ran = run(ORDER, "--never", "complete")
    assert ran.code == 1
    assert "4. Delivered: on_the_way → complete" in ran.out


def test_as_json_it_is_one_line_for_programs() -> None:
    ran = run(ORDER, "--json", "--leads-to", "accepted -> ready | cancelled", "--always", "~ready")
    answer: dict[str, Any] = json.loads(ran.out)
    assert answer["configurations"] == {
        "found": 6, "looked_at": 4, "complete": True, "at_most": "6",
    }  # fmt: skip
    assert answer["snapshots"]["found"] == 18
    assert not answer["snapshots"]["complete"]
    assert [one["holds"] for one in answer["properties"]] == [False, True]
    script = read(answer["states"]["on_the_way"]["script"])
    assert play(OrderFlow.definition, script).state == ["on_the_way"]


def test_scripts_are_saved_and_can_be_played(tmp_path: Path) -> None:
    ran = run(ORDER, "--save", str(tmp_path / "ways"), "--never", "on_the_way")
    assert ran.code == 1
    files = sorted((tmp_path / "ways").iterdir())
    assert len(files) == 7
    for file in files:
        play(OrderFlow.definition, read(json.loads(file.read_bytes())))
        assert str(file) in ran.out


def test_scripts_of_properties_that_read_alike_are_all_saved(tmp_path: Path) -> None:
    long = " & ".join(["creating"] * 40)
    ran = run(ORDER, "--never", f"{long} & creating", "--never", long, "--save", str(tmp_path))
    assert ran.code == 1
    docs = {json.loads(path.read_text())["doc"] for path in tmp_path.iterdir()}
    assert len([doc for doc in docs if doc.startswith("never")]) == 2


def test_a_folder_that_can_not_be_written_is_reported_in_a_line(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    ran = run(ORDER, "--save", str(taken))
    assert ran.code == 2
    assert ran.err == f"error usage {taken}: File exists\n"


def test_the_start_and_events_may_be_given() -> None:
    start = '{"items": ["soup"], "restaurant": "r", "customer": "c"}'
    event = '{"type": "RestaurantAccepted", "prep_minutes": 7}'
    ran = run(ORDER, "--data", start, "--event", event)
    assert ran.code == 0
    assert "{'prep_minutes': 7}" in ran.out
    assert "the data at the start" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        (["--never", "compleet"], 3, "no state compleet"),
        (["--never", "a b"], 2, "not made of states"),
        (["--leads-to", "ready"], 2, "P -> Q"),
        (["--data", "{"], 2, "--data is not JSON"),
        (["--data", "[1]"], 2, "takes a JSON object"),
        (["--data", '{"items": []}'], 2, "items"),
        (["--event", '{"type": "Nudge"}'], 2, "knows no event 'Nudge'"),
    ],
)
def test_invalid_arguments_are_refused_in_a_line(
    arguments: list[str], code: int, answer: str
) -> None:
    ran = run(ORDER, *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert answer in ran.err.replace("\n", " ")
    assert "Traceback" not in ran.err


def test_twelve_regions_of_four_states_end_at_the_limit_which_is_reported(tmp_path: Path) -> None:
    lines = [f"class Go{region}(Event): pass" for region in range(12)]
    lines += ['class Wide(Machine[Nothing], name="wide", version=1):']
    lines += ["    class all(Parallel, initial=True):"]
    for region in range(12):
        lines += [f"        class r{region}(Compound):"]
        for state in range(4):
            initial = "initial=True" if state == 0 else ""
            lines += [f"            s{state} = State({initial})"]
        for state in range(4):
            lines += [f"            g{state} = on(Go{region}, s{state} >> s{(state + 1) % 4})"]
    file = tmp_path / "wide.py"
    file.write_text(REGIONS + "\n".join(lines), encoding="utf-8")
    ran = run(str(file), "--limit", "500", "--never", "all.r0.s3 & all.r11.s3")
    assert ran.code == 1
    assert "20,000, there may be more, 16,777,216 at most" in ran.out
    assert "limit of 500 places" in ran.out
    assert "is not known to hold" in ran.out
