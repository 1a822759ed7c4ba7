"""XState on Node: a child process that runs laps, by ``actor.send`` and by pure ``transition``.

It is installed into a folder that git ignores, at the version that ``xstate/package.json`` names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from benchmarks.peers import Case, Lap, Run

FOLDER = Path(__file__).parent / "xstate"
INSTALL_SECONDS = 180

Way = Literal["send", "transition"]


class NodeFailed(Exception):
    """Node or npm is there, but did not do its work."""


def why_not() -> str | None:
    """What is missing on this machine, or None."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


class Laps:
    """One Node process; instances live in it from lap to lap."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def runner(self, case: Case, way: Way) -> Run:
        return lambda events: self._ask({"case": case, "way": way, "events": events})

    def _ask(self, request: dict[str, object]) -> Lap:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise NodeFailed(f"node ended with status {self._process.wait()} during {request}")
        answer = json.loads(line)
        return Lap(answer["seconds"], answer["count"])


@contextmanager
def running() -> Iterator[Laps]:
    """Raises ``NodeFailed`` where XState can't be installed."""
    _install()
    process = subprocess.Popen(
        ["node", "laps.mjs"],
        cwd=FOLDER,
        env={**os.environ, "NODE_ENV": "production"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Laps(process)
    finally:
        # its input's end ends it; it is killed only if it does not listen
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def versions() -> str:
    node = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return f"xstate {_wanted()} on node {node}"


def _wanted() -> str:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    return str(package["dependencies"]["xstate"])


def _version(package: Path) -> str:
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def _install() -> None:
    installed = FOLDER / "node_modules" / "xstate" / "package.json"
    if installed.exists() and _version(installed) == _wanted():
        return
    done = subprocess.run(
        ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        raise NodeFailed(f"npm install in {FOLDER} failed:\n{done.stdout}{done.stderr}")
