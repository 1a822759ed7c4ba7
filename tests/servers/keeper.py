"""Takes a server of the tests away when the process that started it is gone, however it went.

Started as ``python keeper.py FOLDER``. Line by line, its standard input gives the process id of
the server that runs in the folder, or 0 for none; it ends when all who hold its other end have
ended, and a process that is killed ends as well. Then the server is stopped, and the folder
removed. Needs nothing but the standard library, as it runs outside of the project's path.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time

PATIENCE_SECONDS = 10
POLL_SECONDS = 0.02


def keep(folder: str) -> None:
    server = 0
    for line in sys.stdin:
        server = int(line)
    # the process that started the server writes 0 only after it has waited for it, and until then
    # the id can't have become another process's
    if server:
        end(server)
    remove(folder)


def end(server: int) -> None:
    """An immediate shutdown, which also ends the backends and frees the shared memory."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        os.kill(server, signal.SIGQUIT)
        while time.monotonic() < deadline:
            os.kill(server, 0)
            time.sleep(POLL_SECONDS)
        os.kill(server, signal.SIGKILL)
    except ProcessLookupError:
        return


def remove(folder: str) -> None:
    """After a crash, backends may still be about to go, and write into the folder meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            shutil.rmtree(folder)
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    shutil.rmtree(folder)


if __name__ == "__main__":
    keep(sys.argv[1])
