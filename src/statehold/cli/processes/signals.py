"""Signals, from when a process handles them until it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Collection
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)
#: Windows has none
HANGUP: Collection[signal.Signals] = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()


def take(sig: signal.Signals, do: Callable[[], None]) -> None:
    """Calls ``do`` on the running loop at each signal. For good: once the loop is closed, the
    signal does nothing, where ``loop.add_signal_handler`` would give it back to the system."""
    loop = asyncio.get_running_loop()

    def handler(sig: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(do)

    signal.signal(sig, handler)


def ignore() -> None:
    """Called last. As a process ends, Python restores the default action of each signal that has a
    handler, which would kill the process and make its exit code a failure."""
    for sig in (*STOPS, *HANGUP):
        signal.signal(sig, signal.SIG_IGN)


class Requested:
    """What signals have requested of one process that runs an engine."""

    def __init__(
        self, may_replace: Callable[[], Awaitable[bool]] | None = None, *, supervised: bool = False
    ) -> None:
        """``may_replace`` decides at SIGHUP; without it that signal keeps its default action.
        ``supervised``: only the supervisor ends the wait for open requests, with :meth:`hurry`. A
        repeated signal does not: systemd sends one to the whole group of processes, and the
        supervisor sends it again.
        """
        self._may_replace = may_replace
        self._supervised = supervised
        self._replacing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_told = False
        self.to_stop = asyncio.Event()
        #: open requests are not waited for
        self.at_once = asyncio.Event()
        #: stopped to be started again
        self.to_replace = False

    def take_signals(self) -> None:
        self._loop = asyncio.get_running_loop()
        for sig in STOPS:
            take(sig, self._stop)
        if self._may_replace is not None:
            for sig in HANGUP:
                # from a terminal, the signal says that the terminal is gone
                take(sig, self._stop if os.isatty(0) else self._replace)
            if HANGUP:
                # one may have waited since before this process was replaced
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HANGUP)

    def hurry(self) -> None:
        """From any thread: open requests are not waited for any longer."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.at_once.set)

    def is_replaced(self) -> bool:
        """Asked once, when the engine is closed. SIGTERM ends the process from here on if it is, as
        it does while one starts; SIGHUP waits for the one that takes its place."""
        if not self.to_replace:
            ignore()
            return False
        signal.pthread_sigmask(signal.SIG_BLOCK, HANGUP)
        for sig in STOPS:
            signal.signal(sig, signal.SIG_DFL)
        return True

    def _stop(self) -> None:
        if self._is_told and not self._supervised:
            self.at_once.set()
        self._is_told = True
        # whatever it was stopped for before
        self.to_replace = False
        self.to_stop.set()

    def _replace(self) -> None:
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.create_task(self._replace_if_it_can())

    async def _replace_if_it_can(self) -> None:
        assert self._may_replace is not None
        if await self._may_replace() and not self.to_stop.is_set():
            self.to_replace = True
            self.to_stop.set()
