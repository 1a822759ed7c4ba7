"""Each planted defect is found, alone and under its code; its mended twin has nothing to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.onboarding import v1, v2
from examples.order import flow as order
from examples.order_v3 import flow as order_v3
from statehold import AMachine
from statehold.chart.codes import CODES
from statehold.check.lint.findings import findings
from statehold.cli.targets import load_machines

HERE = Path(__file__).parent / "defects"
FILES = sorted(path for path in HERE.glob("*.py") if path.stem != "__init__")
#: about charts that a class can't be compiled to, or of a size that is no example
WITHOUT_EXAMPLE = {"undeclared-event", "silence-unknown", "search-cut"}


def code_of(path: Path) -> str:
    return path.stem.replace("_", "-")


def test_every_code_has_its_example() -> None:
    assert {code_of(path) for path in FILES} == CODES - WITHOUT_EXAMPLE


@pytest.mark.parametrize("path", FILES, ids=code_of)
def test_a_planted_defect_is_found_and_nothing_beside_it(path: Path) -> None:
    machines = load_machines([str(path)])
    found = {
        definition.name: findings(definition, beside=machines)
        for definition in machines
        if definition.name in (code_of(path), f"{code_of(path)}-mended")
    }
    assert [finding.code for finding in found[code_of(path)]] == [code_of(path)]
    assert found[f"{code_of(path)}-mended"] == ()


@pytest.mark.parametrize("path", FILES, ids=code_of)
def test_the_page_tells_each_defect_in_the_words_of_its_file(path: Path) -> None:
    words = path.read_text(encoding="utf-8").partition('"""')[2].partition('"""')[0]
    assert f"| [`{path.stem}`]({path.name}) | {words} |" in (HERE / "README.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    "machine", [order.OrderFlow, order_v3.OrderFlow, v1.Onboarding, v2.Onboarding], ids=repr
)
def test_the_other_examples_have_nothing_to_find(machine: AMachine) -> None:
    assert findings(machine) == ()
