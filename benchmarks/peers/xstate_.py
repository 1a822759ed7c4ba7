"""XState on Node: a child process that runs laps, by ``actor.send`` and by pure ``transition``.

It is installed into a folder that git ignores, at the version that ``xstate/package.json`` names.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from benchmarks.peers import Case, Lap, Run
from benchmarks.peers.npm import NodeFailed, install, wanted

FOLDER = Path(__file__).parent / "xstate"
Way = Literal["send", "transition"]


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
    install(FOLDER, "xstate")
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
    return f"xstate {wanted(FOLDER, 'xstate')} on node {node}"
