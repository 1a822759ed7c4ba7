"""Forks workers as often as it is told to: each an engine on one PostgreSQL behind HTTP.

The imports are done once, before the processes are forked off, so that a start takes milliseconds.
Commands come line by line: ``start SLOT NAME`` and ``signal SLOT NUMBER``. Answers are ``serving
SLOT NAME ADDRESS`` and ``ended SLOT NAME STATUS``. At the end of the commands all are killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal

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
from tests.access import OPEN

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
        app = create_app(engine, owns_engine=False, access=OPEN)
        async with listening(app, access_log=False) as address:
            say(f"serving {slot} {name} {address}")
            await stop.wait()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def child(slot: str, name: str) -> None:
    # the commands are for the parent alone; the number 0 stays taken, as uvloop wants it
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.set_wakeup_fd(-1)
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
        pid = os.fork()
        if pid == 0:
            child(slot, name)
        self._running[pid] = (slot, name)

    def obey(self, line: str) -> None:
        match line.split():
            case ["start", slot, name]:
                self.start(slot, name)
            case ["signal", slot, number]:
                self.signal(slot, int(number))

    def signal(self, slot: str, number: int) -> None:
        for pid, (its, _) in self._running.items():
            if its == slot:
                os.kill(pid, number)

    def reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
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
    # a signal only wakes the loop: whatever it interrupts is not to change under its hands
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    said = b""
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 1024)
            forks.reap()
        if 0 in ready:
            said += (chunk := os.read(0, 65_536))
            if not chunk:
                break
            *lines, said = said.split(b"\n")
            for line in lines:
                forks.obey(line.decode())
    forks.kill_all()


if __name__ == "__main__":
    command()
