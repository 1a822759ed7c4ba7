"""Equal processes that share one listening socket, each with its own engine; each that dies is
replaced.

1. The socket is bound here, once, and every child accepts from it. What a child has not accepted
   when it dies is accepted by another. With a socket for each (``SO_REUSEPORT``), the connections
   that wait in a dead one's queue would be reset.
2. Children are new programs, not forks and not ``multiprocessing``'s: they share nothing but that
   socket, so each start loads the machines' modules as they are on the disk now.
3. The first child starts alone. If it can't start, because of a mistake in a module or a store that
   refuses, the error is reported once and no other child is started.
4. A child that dies later is started again, after a pause that grows with each start in a row that
   did not last. Only when no child is left, and none became ready in ``START_TRIES`` starts in a
   row, the supervisor ends too: a child that was ready has served, and the next one may live.
5. SIGHUP replaces the children one by one, the new one first. If one does not start, this ends, and
   the running ones stay.
6. A child detects the end of this process (``child.py``): no orphan stays.

uvicorn has a supervisor too: it restarts a child that can't start at once and for ever, and its
children outlive it when it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from statehold.cli.processes.balance import new_slots
from statehold.cli.processes.job import Job
from statehold.errors import StateholdError

log = logging.getLogger(__name__)

#: a child that takes longer to be ready is ended and counts as failed
START_SECONDS = 120.0
#: starts of one child in a row that may end before it is ready, while no other runs
START_TRIES = 5
#: seconds before the first repeated start; doubled with each that fails, up to the last
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
#: a child that lived as long as this has started well: its end counts from one again
SETTLED_SECONDS = 60.0


class WorkersFailed(StateholdError):
    """No child runs, and none can be started."""

    code = "workers-failed"


class _NotStarted(Exception):
    """A child ended, or was ended, before it was ready."""

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)


@dataclass(eq=False, slots=True)
class _Child:
    process: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    started_at: float
    ended: asyncio.Task[int]
    #: which of the slots of :mod:`.balance` is its own
    slot: int
    ready: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def hurry(self) -> None:
        if self.ready and not self.writer.is_closing():
            self.writer.write(b"\n")

    def signal(self, sig: signal.Signals) -> None:
        # it may have ended unnoticed
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sig)


@dataclass(eq=False, slots=True)
class _Place:
    """One of the N places for a child; ``lock`` is held while it is filled."""

    number: int
    child: _Child | None = None
    #: starts in a row that ended before the child was ready, and that did not last
    failures: int = 0
    short_lives: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Supervisor:
    def __init__(
        self, job: Job, workers: int, listener: socket.socket | None, up: Callable[[str], None]
    ) -> None:
        """``up`` is called once all were ready, with what they run."""
        self._job = job
        self._listener = listener
        self._up = up
        # a place has two while one replaces the other, and some end late
        self._free_slots = set(range(2 * workers + 2))
        self._slots = None if listener is None else new_slots(len(self._free_slots))
        self._places = [_Place(number) for number in range(1, workers + 1)]
        self._children: set[_Child] = set()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._failed: int | None = None

    async def run(self) -> int:
        """Returns after :meth:`stop`, with the exit code: 0 if all ended well.

        Raises ``WorkersFailed`` where none is left and none can be started.
        """
        work = [asyncio.create_task(self._start_all(), name="statehold start")]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*work, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not self._stop.is_set():
                if self._failed_at_start(work[0]):
                    # the child has reported the error
                    return self._failed or 1
                work += [
                    asyncio.create_task(self._keep(place), name=f"statehold place {place.number}")
                    for place in self._places
                ]
                work.append(asyncio.create_task(self._reload_when_told(), name="statehold reload"))
                await asyncio.wait([*work[1:], stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*work, stopped):
                task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
            clean = await self._end_all()
            if self._slots is not None:
                os.close(self._slots)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        return 0 if clean else 1

    def stop(self) -> None:
        if self._stop.is_set():
            # a second request ends the wait for open requests
            for child in self._children:
                child.hurry()
        self._stop.set()

    def reload(self) -> None:
        self._reload.set()

    def pids(self) -> list[int]:
        """The processes that are there now."""
        return sorted(child.pid for child in self._children)

    def _failed_at_start(self, start: asyncio.Task[None]) -> bool:
        error = start.exception()
        if isinstance(error, _NotStarted):
            log.error("worker 1 has not started, so no other is: %s", error)
            self._failed = error.code
            return True
        if error is not None:
            raise error
        return False

    # --- starting ---------------------------------------------------------------------------

    async def _start_all(self) -> None:
        first, *others = self._places
        first.child, what = await self._start(first)
        await asyncio.gather(*(self._try_to_fill(place) for place in others))
        self._up(what)

    async def _start(self, place: _Place) -> tuple[_Child, str]:
        """A child that is ready, and what it runs. Raises ``_NotStarted``."""
        ours, theirs = socket.socketpair()
        with theirs:
            passed = [theirs.fileno()]
            listener = -1
            if self._listener is not None:
                listener = self._listener.fileno()
                passed.append(listener)
            slots = -1
            if self._slots is not None:
                slots = self._slots
                passed.append(slots)
            # not given to another start that is made at the same time
            slot = min(self._free_slots)
            self._free_slots.discard(slot)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "statehold.cli.processes.child",
                str(theirs.fileno()),
                str(listener),
                str(slots),
                str(slot),
                pass_fds=passed,
                stdin=asyncio.subprocess.DEVNULL,
                # ctrl-c goes to this process alone, which stops the others
                start_new_session=True,
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        ended = asyncio.create_task(process.wait())
        child = _Child(process, writer, time.monotonic(), ended, slot)
        self._children.add(child)
        child.ended.add_done_callback(lambda _: self._gone(child))
        log.info("worker %d is process %d", place.number, child.pid)
        try:
            job = replace(self._job, process=str(place.number))
            writer.write(msgspec.json.encode(job) + b"\n")
            async with asyncio.timeout(START_SECONDS):
                line = await reader.readline()
        except TimeoutError:
            child.signal(signal.SIGKILL)
            await child.ended
            raise _NotStarted(1, f"it was not ready after {START_SECONDS:g} s") from None
        except ConnectionError:
            line = b""
        if not line:
            code = await child.ended
            raise _NotStarted(_exit_code(code), f"it {_told(code)} before it was ready")
        child.ready = True
        return child, line.decode().strip()

    def _gone(self, child: _Child) -> None:
        self._children.discard(child)
        self._free_slots.add(child.slot)
        child.writer.close()

    async def _try_to_fill(self, place: _Place) -> None:
        async with place.lock:
            if place.child is not None:
                return
            try:
                place.child, _ = await self._start(place)
                place.failures = 0
            except _NotStarted as error:
                place.failures += 1
                self._failed = error.code
                log.error("worker %d has not started: %s", place.number, error)

    # --- keeping ----------------------------------------------------------------------------

    async def _keep(self, place: _Place) -> None:
        """Raises ``WorkersFailed``."""
        while True:
            child = place.child
            if child is None:
                pause = self._pause(place)
                log.info("worker %d is started again in %g s", place.number, pause)
                await asyncio.sleep(pause)
                await self._try_to_fill(place)
                continue
            code = await asyncio.shield(child.ended)
            if place.child is not child:
                # it was replaced
                continue
            place.child = None
            lived = time.monotonic() - child.started_at
            place.short_lives = 0 if lived >= SETTLED_SECONDS else place.short_lives + 1
            log.error("worker %d (process %d) %s", place.number, child.pid, _told(code))

    def _pause(self, place: _Place) -> float:
        if all(p.child is None and p.failures >= START_TRIES for p in self._places):
            raise WorkersFailed(
                f"each of {len(self._places)} workers has failed {START_TRIES} times in a row "
                "before it was ready, and none runs; what they said is above"
            )
        row = place.failures + place.short_lives
        doubled = PAUSE_SECONDS * 2 ** min(row - 1, 16) if row else 0.0
        return min(doubled, LONGEST_PAUSE_SECONDS)

    async def _reload_when_told(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            log.info("replacing the workers, one by one")
            for place in self._places:
                if not await self._replace(place):
                    break
            else:
                log.info("all workers were replaced")

    async def _replace(self, place: _Place) -> bool:
        async with place.lock:
            old = place.child
            try:
                place.child, _ = await self._start(place)
            except _NotStarted as error:
                log.error(
                    "worker %d was not replaced, and neither are those after it: %s",
                    place.number,
                    error,
                )
                return False
            place.failures = place.short_lives = 0
        if old is not None:
            await self._end(old)
        return True

    # --- stopping ---------------------------------------------------------------------------

    async def _end_all(self) -> bool:
        """Whether each ended by itself and well."""
        return all(await asyncio.gather(*(self._end(child) for child in set(self._children))))

    async def _end(self, child: _Child) -> bool:
        child.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._job.stop_seconds):
                code = await asyncio.shield(child.ended)
        except TimeoutError:
            log.error("process %d has not stopped in time and is killed", child.pid)
            child.signal(signal.SIGKILL)
            code = await child.ended
        # before it is ready it may not have come as far as to take the signal as a request
        return code == 0 or (code == -signal.SIGTERM and not child.ready)


def _exit_code(code: int) -> int:
    """A child that a signal ended has a negative one, which no process can exit with."""
    return code if code > 0 else 1


def _told(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
