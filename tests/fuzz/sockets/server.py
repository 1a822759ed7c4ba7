"""The server that is attacked: a ``serve`` process, and what the system says of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from statehold.cli.processes.descriptors import most_connections

#: how long its start and its end are waited for
PATIENCE = 60.0
#: what the process runs first: at SIGUSR1 it says how many tasks it has
FIRST = """
import asyncio, signal, sys
def say(*_):
    print("tasks", len(asyncio.all_tasks()), file=sys.stderr, flush=True)
signal.signal(signal.SIGUSR1, say)
from statehold.cli import main
main()
"""


class Served:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def end(self) -> None:
        """Waits for the end of its log."""
        self._listener.join(PATIENCE)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()

    def errors(self) -> list[str]:
        """Lines of its log that say that something failed here."""
        return [one for one in self._lines if "Traceback" in one or " ERROR" in one]

    def said(self) -> str:
        return "".join(self._lines[-50:])

    def tasks(self) -> int:
        """How many tasks its loop has; it is asked by a signal."""
        before = len(self._lines)
        self.process.send_signal(signal.SIGUSR1)
        with self._said:
            found: list[str] = []

            def said() -> bool:
                found[:] = [one for one in self._lines[before:] if one.startswith("tasks ")]
                return bool(found)

            assert self._said.wait_for(said, PATIENCE), self.said()
        return int(found[-1].split()[1])

    def files(self) -> int:
        """File descriptors that it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def megabytes(self, what: str = "VmHWM") -> int:
        """``VmHWM``: the most memory that it ever had; ``VmRSS``: what it has."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
        return int(line.split()[1]) // 1024


@contextlib.contextmanager
def served(folder: Path, *options: str, store: str = "memory:") -> Iterator[Served]:
    """``statehold serve`` of the tests' order, until the end of the block."""
    # as many files as this user may have open: the attacks' ends are files of this process
    most_connections()
    arguments: Sequence[str] = (
        "serve", "tests.acceptance.orders:OrderFlow", "--store", store, "--port", "0", *options,
    )  # fmt: skip
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", FIRST, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        if "http://" not in greeting:
            process.kill()
            raise RuntimeError(f"it did not start: {process.communicate()}")
        server = Served(process, int(greeting.rpartition(":")[2]))
        try:
            yield server
        finally:
            process.kill()
            server.end()
    finally:
        process.kill()
        process.wait(PATIENCE)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
