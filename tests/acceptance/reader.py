"""Somebody who does what a document says: the tests of what users read.

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
    """Languages and contents of the code in a document, which is named from the checkout's root."""
    return BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))


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
        """Code whose first line is a comment with the name of its file."""
        name = code.partition("\n")[0].removeprefix("# ")
        (self.folder / name).write_text(code, encoding="utf-8")

    def run(self, command: str, expected: list[str]) -> None:
        """Runs the command and compares what it prints; one that serves goes on running."""
        if command.startswith("statehold serve"):
            answer = self.serve(f"{command} --port {self.port}")
        else:
            answer = self.printed(command)
        if not answer.endswith("\n"):
            answer += "\n"
        expected = [line.replace("8420", str(self.port)) for line in expected]
        assert pattern_of(expected).fullmatch(answer), f"$ {command}\n{answer}"

    def printed(self, command: str) -> str:
        """What a command prints that comes to an end by itself."""
        done = subprocess.run(
            shlex.split(command.replace("8420", str(self.port))),
            cwd=self.folder, env=self.environment, timeout=60,
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

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
