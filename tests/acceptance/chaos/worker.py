"""Forks workers as often as it is told to: each an engine on one PostgreSQL behind HTTP.

The imports are done once, before the processes are forked off, so that a start takes milliseconds.
Commands come line by line: ``start SLOT NAME`` and ``signal SLOT NUMBER``. Answers are ``serving
SLOT NAME ADDRESS`` and ``ended SLOT NAME STATUS``. At the end of the commands all are killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from types import FrameType

import asyncpg  # noqa: F401 - what a worker needs is imported before the fork
import httptools  # noqa: F401
import uvloop

from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import Unavailable
from statehold.server import create_app
from tests.acceptance.chaos import flow
from tests.acceptance.chaos.bugs import store_of
from tests.acceptance.serving import listening

log = logging.getLogger("worker")

STORE_VARIABLE = "STATEHOLD_STORE"
#: so short that a worker which was stopped for a moment is taken for dead
LIMITS = Limits(
    heartbeat_seconds=0.5,
    lease_seconds=2.0,
    claim_seconds=1.0,
    poll_seconds=0.2,
    idle_seconds=0.4,
    grace_seconds=2.0,
    takeovers=1000,
)
#: the exit status of one that could not open the store and may try again
AWAY = 75


async def work(slot: str, name: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = store_of(os.environ[STORE_VARIABLE])
    async with Engine(store, flow.MACHINES, limits=LIMITS, worker=name) as engine:
        app = create_app(engine, owns_engine=False)
        async with listening(app, access_log=False) as address:
            say(f"serving {slot} {name} {address}")
            await stop.wait()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def child(slot: str, name: str) -> None:
    # the commands are for the parent alone; the number 0 stays taken, as uvloop wants it
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    logging.basicConfig(
        format=f"%(asctime)s {name} %(name)s %(levelname)s %(message)s", level=logging.INFO
    )
    for chatty in ("httpx", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    status = 0
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work(slot, name))
    except Unavailable as error:
        log.warning("can't start: %s", error)
        status = AWAY
    except BaseException:
        log.exception("ended")
        status = 1
    os._exit(status)


class Forks:
    def __init__(self) -> None:
        #: process id to slot and name
        self._running: dict[int, tuple[str, str]] = {}

    def start(self, slot: str, name: str) -> None:
        # held back until the child is known, or its end could not be told
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            child(slot, name)
        self._running[pid] = (slot, name)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def signal(self, slot: str, number: int) -> None:
        for pid, (its, _) in self._running.items():
            if its == slot:
                os.kill(pid, number)

    def reap(self, number: int, frame: FrameType | None) -> None:
        while self._running:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                # this very function, called again by a signal in its midst, has seen to the last
                return
            if pid == 0:
                return
            slot, name = self._running.pop(pid)
            say(f"ended {slot} {name} {os.waitstatus_to_exitcode(status)}")

    def kill_all(self) -> None:
        for pid in list(self._running):
            os.kill(pid, signal.SIGKILL)


def command() -> None:
    flow.http()
    forks = Forks()
    signal.signal(signal.SIGCHLD, forks.reap)
    for line in sys.stdin:
        match line.split():
            case ["start", slot, name]:
                forks.start(slot, name)
            case ["signal", slot, number]:
                forks.signal(slot, int(number))
    forks.kill_all()


if __name__ == "__main__":
    command()
