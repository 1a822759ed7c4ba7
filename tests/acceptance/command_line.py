"""The command line, run in this process."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from statehold.cli import main

ORDERS = str(Path(__file__).with_name("orders.py"))


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return Ran(code, out.getvalue(), err.getvalue())


Cli = Callable[..., Coroutine[Any, Any, Ran]]


class Serving:
    """``statehold serve`` as a process; used in a ``with`` statement, it is gone at its end."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from statehold.cli import main; main()", "serve", *arguments],
            cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Serving:
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline().strip()
        self.address = self.greeting.rpartition(" ")[2]
        return self

    def stop(self, signal_: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(signal_)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
