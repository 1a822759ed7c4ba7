"""The command line as a process of its own, and what it says as it runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

#: real seconds after which a test that waits for a process has failed
PATIENCE = 90.0


class Command:
    """``statehold ARGUMENTS``; used in a ``with`` statement, it is gone at its end, and so are the
    processes that it named in its log. ``greeting`` is the next line of its output. ``first`` is
    what the process runs before it is a command."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        store: str | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
        first: str = "pass",
    ) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STATEHOLD_")}
        if store is not None:
            inherited["STATEHOLD_STORE"] = store
        self.process = subprocess.Popen(
            [
                sys.executable, "-c", f"{first}\nfrom statehold.cli import main; main()",
                *arguments,
            ],
            cwd=cwd, env={**inherited, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._is_over = False
        self._said = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid in (self.process.pid, *self.workers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._listener.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def greeting(self) -> str:
        """Empty where the process ended without one."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def address(self) -> str:
        """Where it says that it listens."""
        greeting = self.greeting()
        assert "://" in greeting, self.said()
        return greeting.rpartition(" ")[2]

    def wait_for(self, pattern: str, times: int = 1) -> list[str]:
        """What the pattern's group matched in the log so far, at least so many times."""
        with self._said:
            done = self._said.wait_for(
                lambda: self._is_over or len(self._found(pattern)) >= times, PATIENCE
            )
            found = self._found(pattern)
        assert done, f"{pattern!r} was not said {times} times:\n{self.said()}"
        assert len(found) >= times, f"it ended without {pattern!r}:\n{self.said()}"
        return found

    def workers(self) -> list[int]:
        """The processes that it has started, in that order."""
        return [int(pid) for pid in self._found(r"is process (\d+)")]

    def signal(self, sig: signal.Signals) -> None:
        self.process.send_signal(sig)

    def ended(self) -> int:
        """Waits for the end of it and of all that it has started, and gives its exit code: they
        have its output open, so it ends with the last of them."""
        assert self.process.stdout is not None
        self.process.stdout.read()
        self._listener.join(PATIENCE)
        assert not self._listener.is_alive(), self.said()
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return "".join(self._lines)

    def _found(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.said())

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        with self._said:
            self._is_over = True
            self._said.notify_all()
