"""The workers as the test sees them: slots, each with one process after another in it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass
class Slot:
    """``address`` is there while its worker serves; ``is_busy``: some fault is about it."""

    number: int
    name: str = ""
    address: str | None = None
    generation: int = 0
    is_busy: bool = False
    up: asyncio.Event = field(default_factory=asyncio.Event)
    down: asyncio.Event = field(default_factory=asyncio.Event)


class Workers:
    """``async with Workers(3, environment, log) as workers``. A worker that ends without being told
    to is started again, as by a supervisor; what ended it is counted."""

    def __init__(self, count: int, environment: Mapping[str, str], log: Path) -> None:
        self.slots = [Slot(number) for number in range(count)]
        self.log = log
        self.starts = 0
        #: the process that forks workers has ended
        self.is_gone = False
        #: exit statuses of workers that nobody had killed
        self.ends: Counter[int] = Counter()
        self._environment = environment
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Workers:
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.acceptance.chaos.worker",
                cwd=ROOT, env={**os.environ, **self._environment}, stderr=log,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        for slot in self.slots:
            self.start(slot)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        if self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
        await self._reading

    @property
    def serving(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.address is not None]

    def start(self, slot: Slot) -> None:
        slot.generation += 1
        slot.name = f"w{slot.number}-{slot.generation}"
        slot.down.clear()
        self.starts += 1
        self._tell(f"start {slot.number} {slot.name}")

    async def kill(self, slot: Slot) -> None:
        slot.address = None
        self.signal(slot, signal.SIGKILL)
        await slot.down.wait()

    def signal(self, slot: Slot, number: signal.Signals) -> None:
        self._tell(f"signal {slot.number} {int(number)}")

    async def stop(self) -> dict[str, int]:
        """Ends all gracefully; gives the exit statuses of those that were not 0, by name."""
        self._stopping = True
        self.ends.clear()
        for slot in self.slots:
            slot.address = None
            self.signal(slot, signal.SIGTERM)
        await asyncio.gather(*(slot.down.wait() for slot in self.slots))
        return {str(status): count for status, count in self.ends.items() if status}

    def log_text(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        if self._process.returncode is None:
            self._process.stdin.write(f"{line}\n".encode())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            match line.decode().split():
                case ["serving", number, name, address]:
                    slot = self.slots[int(number)]
                    if slot.name == name:
                        slot.address = address
                        slot.up.set()
                case ["ended", number, name, status]:
                    self._ended(self.slots[int(number)], name, int(status))
        # nobody is to wait for workers that no one can start or end any more
        self.is_gone = True
        for slot in self.slots:
            slot.address = None
            slot.down.set()

    def _ended(self, slot: Slot, name: str, status: int) -> None:
        if slot.name != name:
            return
        slot.address = None
        slot.up.clear()
        slot.down.set()
        if status != -signal.SIGKILL:
            self.ends[status] += 1
        if not self._stopping and status != -signal.SIGKILL:
            # the database is away, say: a moment later
            self._later(0.2, lambda: self.start(slot))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            act()

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
