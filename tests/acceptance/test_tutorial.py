"""The tutorial and the guides to testing, exploring and simulating are true.

Their code runs, and prints what they say.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.reader import ROOT, Reader, blocks, exchanges, needs_curl, pattern_of


@needs_curl
@pytest.mark.timeout(300)
def test_the_tutorial_can_be_followed_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        commands = 0
        for language, code in blocks("docs/tutorial.md"):
            if language == "python":
                reader.write(code)
            elif language == "console":
                for command, expected in exchanges(code):
                    reader.run(command, expected)
                    commands += 1
        reader.stop()
    assert commands > 15


@pytest.mark.timeout(300)
def test_the_tutorials_listings_pass_mypy_strict_and_its_tests_pass_at_its_end(
    tmp_path: Path,
) -> None:
    checked = 0
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        listings = [code for language, code in blocks("docs/tutorial.md") if language == "python"]
        for number, code in enumerate(listings):
            reader.write(code)
            following = listings[number + 1].partition("\n")[0] if listings[number + 1 :] else ""
            if following != "# orders.py" and following:
                continue
            # what stands in the folder before version 2 is written, and at the end
            done = subprocess.run(
                [sys.executable, "-m", "mypy", "--strict", "--config-file=", "."],
                cwd=tmp_path, timeout=200, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            checked += 1
        assert reader.printed("pytest -q -p no:cacheprovider").startswith("....  ")
    assert checked == 2


def test_a_command_that_prints_something_else_would_be_found() -> None:
    pattern = pattern_of(["a  b…d", "…", "end"])
    assert pattern.fullmatch("a b c d\nend\n")
    assert pattern.fullmatch("a   bd  \nx\ny\nend\n")
    assert not pattern.fullmatch("a b c\nend\n")
    assert not pattern.fullmatch("a b d\nend\nmore\n")


@pytest.mark.parametrize(
    ("guide", "tests"), [("testing", 13), ("exploring", 4), ("simulating", 2), ("writing", 3)]
)
def test_the_tests_in_a_guide_pass(guide: str, tests: int, tmp_path: Path) -> None:
    code = "\n\n".join(
        code for language, code in blocks(f"docs/guides/{guide}.md") if language == "python"
    )
    file = tmp_path / "test_guide.py"
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=100,
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{tests} passed" in done.stdout
