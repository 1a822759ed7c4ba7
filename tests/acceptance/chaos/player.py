"""Forks a performance of the play for each line that it reads, and tells how it ended.

A line is JSON, ``[dsn, folder, at, name]``; the answer is the exit status, negative for a signal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from tests.acceptance.chaos import scenario


def perform(dsn: str, folder: str, at: int, name: str) -> None:
    # should the play itself hang; a bound of the system's, which nothing in the process can miss
    signal.alarm(int(scenario.PATIENCE) + 30)
    status = 1
    try:
        log = os.open(Path(folder) / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        scenario.perform(dsn, Path(folder), at, name)
        status = 0
    except BaseException:  # noqa: BLE001 - told, and then the process ends
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    for line in sys.stdin:
        dsn, folder, at, name = json.loads(line)
        pid = os.fork()
        if pid == 0:
            perform(dsn, folder, at, name)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
