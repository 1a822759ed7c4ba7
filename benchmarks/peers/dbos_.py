"""DBOS Transact in a process and an environment of its own; see ``dbos/laps.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.callers import LapResult
from benchmarks.parcel import Parcel
from benchmarks.peers import child, interpreter

PROGRAM = Path(__file__).parent / "dbos" / "laps.py"

Way = Literal["transaction", "step"]
WAYS: tuple[Way, ...] = ("transaction", "step")


@dataclass(frozen=True, slots=True)
class Dbos:
    process: child.Child
    document: str

    async def make(self, instances: int) -> None:
        await self.process.ask(do="make", instances=instances, document=self.document)

    async def lap(self, way: Way, callers: int, instances: int, seconds: float) -> LapResult:
        taken = await self.process.ask(
            do="lap", way=way, callers=callers, instances=instances, seconds=seconds
        )
        return LapResult(**taken)

    async def grow(self, id: str, events: int) -> None:
        """A workflow that lives on and has had so many events."""
        await self.process.ask(do="grow", id=id, document=self.document, events=events)

    async def more(self, id: str, first: int, events: int) -> float:
        """Seconds of one more event of it."""
        taken = await self.process.ask(do="more", id=id, first=first, events=events)
        return float(taken["seconds"])


@asynccontextmanager
async def running(dsn: str, log: Path, document: int) -> AsyncIterator[Dbos]:
    """On a database of its own, with documents of so many bytes. Raises ``LeftOut``."""
    interpreter.version("dbos")
    async with child.running([interpreter.PYTHON, PROGRAM, dsn], log) as process:
        yield Dbos(process, Parcel().model_dump_json().ljust(document))
