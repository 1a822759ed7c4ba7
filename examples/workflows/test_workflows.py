"""Each workflow of this folder is in the table, has no finding, and is clean under pyright."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from statehold import AMachine, Machine
from statehold.check.lint.findings import findings

HERE = Path(__file__).parent
NAMES = sorted(
    path.stem for path in HERE.glob("*.py") if not path.stem.startswith(("test_", "__init__"))
)


def machines_of(name: str) -> list[AMachine]:
    module = importlib.import_module(f"examples.workflows.{name}")
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Machine)
        and value.__module__ == module.__name__
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_has_machines_and_nothing_to_find(name: str) -> None:
    machines = machines_of(name)
    assert machines
    assert [findings(machine) for machine in machines] == [()] * len(machines)


def test_the_table_has_every_workflow() -> None:
    page = (HERE / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({name}.py)" not in page] == []


@pytest.mark.timeout(250)
def test_pyright_finds_nothing_in_them() -> None:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    report = subprocess.run(
        [*command, *(str(HERE / f"{name}.py") for name in NAMES)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found = json.loads(report.stdout[report.stdout.index("{") :])
    assert found["summary"]["filesAnalyzed"] == len(NAMES)
    assert found["generalDiagnostics"] == []
