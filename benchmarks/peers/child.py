"""A peer in a process of its own, asked by lines of JSON over its standard input."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


class ChildFailed(Exception):
    """It ended instead of answering."""


class Child:
    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    async def ask(self, **request: Any) -> Any:
        """Its answer; there is none without its line. Raises ``ChildFailed``."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.answer(str(request))

    async def answer(self, asked: str) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            status = await self._process.wait()
            said = self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
            raise ChildFailed(f"status {status} during {asked}:\n{said}")
        return json.loads(line)


@asynccontextmanager
async def running(command: Sequence[str | Path], log: Path) -> AsyncIterator[Child]:
    """Started, and ready: it has said so by a first line. Killed at the end."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    child = Child(process, log)
    try:
        await child.answer("its start")
        yield child
    finally:
        # not asked to end: a workflow that waits for events would keep it
        if process.returncode is None:
            process.kill()
        await process.wait()
