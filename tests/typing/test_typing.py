"""mypy --strict and pyright accept the notation and refuse its mistakes, at these very lines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MARKER = re.compile(r"#\s*E:\s*([a-z,]+)\s*$")
#: seconds; a checker that starts without a cache on a slow machine needs a good part of them
PATIENCE = 240


def expected(file: Path, checker: str) -> set[int]:
    lines = enumerate(file.read_text().splitlines(), 1)
    return {n for n, line in lines if (found := MARKER.search(line)) and checker in found[1]}


def mypy(file: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--output=json"]
    report = subprocess.run(
        [*command, str(file)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert report.returncode in (0, 1), report.stdout + report.stderr
    found = [json.loads(line) for line in report.stdout.splitlines() if line.startswith("{")]
    errors = [error for error in found if error["severity"] == "error"]
    assert all(Path(error["file"]).name == file.name for error in errors), errors
    return {error["line"]: error["message"] for error in errors}


def pyright(file: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    report = subprocess.run(
        [*command, str(file)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert report.returncode in (0, 1), report.stdout + report.stderr
    found = json.loads(report.stdout[report.stdout.index("{") :])["generalDiagnostics"]
    errors = [error for error in found if error["severity"] == "error"]
    return {error["range"]["start"]["line"] + 1: error["message"] for error in errors}


CHECKERS = {"mypy": mypy, "pyright": pyright}


@pytest.mark.timeout(PATIENCE + 10)
@pytest.mark.parametrize("file", ["ok.py", "wrong.py", "typed_ok.py", "typed_wrong.py"])
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_checker_complains_at_the_marked_lines_and_nowhere_else(
    checker: str, file: str
) -> None:
    path = HERE / file
    found = CHECKERS[checker](path)
    assert found.keys() == expected(path, checker), found


def test_the_markers_are_there() -> None:
    for file in ("wrong.py", "typed_wrong.py"):
        marked = {checker: len(expected(HERE / file, checker)) for checker in CHECKERS}
        assert min(marked.values()) > 20
