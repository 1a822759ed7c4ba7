"""Starts ``statehold serve`` as often as requested, each time in a new process.

The imports are done once, before the processes are forked off, so that a start takes
milliseconds. Commands come line by line: ``start``, ``kill`` (SIGKILL) and ``stop`` (SIGTERM);
answers are ``started``, ``ended`` and what the server itself prints.
"""

from __future__ import annotations

import os
import signal
import sys

import httpx  # noqa: F401 - what the effects need, imported before the fork
import uvicorn  # noqa: F401

from statehold.cli import main
from tests.acceptance import kill_flow


def serve(arguments: list[str]) -> None:
    sys.argv = ["statehold", "serve", *arguments]
    os.close(0)
    main()


def command() -> None:
    child = 0
    kill_flow.http()
    for line in sys.stdin:
        order = line.strip()
        if order == "start":
            child = os.fork()
            if child == 0:
                serve(sys.argv[1:])
                return
            answer = "started"
        else:
            os.kill(child, signal.SIGKILL if order == "kill" else signal.SIGTERM)
            _, status = os.waitpid(child, 0)
            child = 0
            answer = f"ended {os.waitstatus_to_exitcode(status)}"
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
    if child:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    command()
