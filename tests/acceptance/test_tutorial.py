"""The tutorial and the guide to testing are true: their code runs and prints what they say.

In a document a Python block whose first line is a comment with a file's name is written to that
file. A ``console`` block is run line by line where it starts with ``$``; what follows is what has
to be printed, ``…`` standing for anything, white space for white space, and a line of ``…`` alone
for any number of lines.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


def blocks(document: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))


def exchanges(console: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that it has to print."""
    command: str | None = None
    printed: list[str] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, printed
            command, printed = line.removeprefix("$ "), []
        else:
            printed.append(line)
    assert command is not None
    yield command, printed


def pattern_of(lines: list[str]) -> re.Pattern[str]:
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
            continue
        words = [r".*?".join(map(re.escape, word.split("…"))) for word in line.split()]
        parts.append(r"\s*" + r"[ \t]+".join(words) + r"[ \t]*\n")
    return re.compile("".join(parts))


class Reader:
    """Somebody with two terminals, who does what the tutorial says."""

    def __init__(self, folder: Path, server: ExitStack) -> None:
        self.folder = folder
        self.stack = server
        self.server: subprocess.Popen[str] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        scripts = Path(sys.executable).parent
        self.environment = {
            "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
            "STATEHOLD_URL": f"http://127.0.0.1:{self.port}",
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def write(self, code: str) -> None:
        name = code.partition("\n")[0].removeprefix("# ")
        (self.folder / name).write_text(code, encoding="utf-8")

    def run(self, command: str, expected: list[str]) -> None:
        command = command.replace("8420", str(self.port))
        expected = [line.replace("8420", str(self.port)) for line in expected]
        if command.startswith("statehold serve"):
            told = self.serve(f"{command} --port {self.port}")
        else:
            done = subprocess.run(
                shlex.split(command), cwd=self.folder, env=self.environment, timeout=60,
                capture_output=True, text=True, encoding="utf-8", check=False,
            )  # fmt: skip
            told = done.stdout + done.stderr
        if not told.endswith("\n"):
            told += "\n"
        assert pattern_of(expected).fullmatch(told), f"$ {command}\n{told}"

    def serve(self, command: str) -> str:
        """Stops the server that runs, starts one, and gives its greeting."""
        self.stop()
        self.server = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
        )  # fmt: skip
        self.stack.enter_context(self.server)
        self.stack.callback(self.server.kill)
        assert self.server.stdout is not None
        return self.server.stdout.readline()

    def stop(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            assert self.server.wait(30) == 0


@needs_curl
@pytest.mark.timeout(300)
def test_the_tutorial_can_be_followed_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        commands = 0
        for language, code in blocks("tutorial.md"):
            if language == "python":
                reader.write(code)
            elif language == "console":
                for command, expected in exchanges(code):
                    reader.run(command, expected)
                    commands += 1
        reader.stop()
    assert commands > 15


def test_a_command_that_prints_something_else_would_be_found() -> None:
    pattern = pattern_of(["a  b…d", "…", "end"])
    assert pattern.fullmatch("a b c d\nend\n")
    assert pattern.fullmatch("a   bd  \nx\ny\nend\n")
    assert not pattern.fullmatch("a b c\nend\n")
    assert not pattern.fullmatch("a b d\nend\nmore\n")


def test_the_tests_in_the_guide_to_testing_pass(tmp_path: Path) -> None:
    code = "\n\n".join(
        code for language, code in blocks("guides/testing.md") if language == "python"
    )
    file = tmp_path / "test_guide.py"
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=100,
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
