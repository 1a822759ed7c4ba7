"""Threads for effects that are plain functions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue

#: a call, and what the loop is to do once it has ended
_Job = tuple[Callable[[], None], Callable[[], None]]


class Threads:
    """One thread for each call; a thread whose call has ended takes the next one.

    Callers of :meth:`run` bound how many calls there are. At most ``kept`` threads wait for the
    next call. They are daemons: a call that never ends does not keep the process from ending, as in
    ``concurrent.futures``, whose threads are joined at exit.

    Everything but the calls happens in the loop's thread.
    """

    def __init__(self, kept: int, name: str) -> None:
        self._kept = kept
        self._name = name
        self._numbers = count()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._idle = 0
        self._is_closed = False

    def run(self, call: Callable[[], None], ended: Callable[[], None]) -> None:
        """Calls ``call``, which raises nothing, in a thread, and then ``ended`` in the loop's.

        Raises ``RuntimeError`` where the system has no thread left.
        """
        if self._idle:
            self._idle -= 1
            self._jobs.put((call, ended))
            return
        loop = asyncio.get_running_loop()
        name = f"{self._name}_{next(self._numbers)}"
        job = (call, ended)
        threading.Thread(target=self._serve, args=(loop, job), name=name, daemon=True).start()

    def close(self) -> None:
        """Ends the threads that wait, and each other one when its call has ended."""
        self._is_closed = True
        while self._idle:
            self._idle -= 1
            self._jobs.put(None)

    def _serve(self, loop: asyncio.AbstractEventLoop, job: _Job | None) -> None:
        while job is not None:
            call, ended = job
            call()
            try:
                loop.call_soon_threadsafe(self._ended, ended)
            except RuntimeError:
                # the loop was closed: no one waits for the call
                return
            # else this thread would keep what it has called for as long as it waits
            del call, ended
            job = self._jobs.get()

    def _ended(self, ended: Callable[[], None]) -> None:
        if self._is_closed or self._idle >= self._kept:
            self._jobs.put(None)
        else:
            self._idle += 1
        ended()
