"""What effects ask: a real server that notes what it is asked, and is sometimes in a mood."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Asked:
    """One call. ``ended`` None: it was told no, or nobody was there any more to be told."""

    key: str
    begun: datetime
    ended: datetime | None = None


class Endpoint:
    """``is_kind`` ends its moods, which hang on chance. Until ``open`` is set, callers wait."""

    def __init__(self, chance: random.Random) -> None:
        self.calls: list[Asked] = []
        self.is_kind = False
        self.address = ""
        self.open = asyncio.Event()
        self.open.set()
        #: set by the next call
        self.asked = asyncio.Event()
        self._chance = chance

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Endpoint]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                status, body = await self._answer(fields["idempotency-key"])
                writer.write(
                    f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # the caller has no more to ask, or was killed in the middle of its sentence
            return
        finally:
            writer.close()

    async def _answer(self, key: str) -> tuple[str, str]:
        asked = Asked(key, datetime.now(UTC))
        self.calls.append(asked)
        self.asked.set()
        await self.open.wait()
        mood = 1.0 if self.is_kind else self._chance.random()
        if mood < 0.03:
            # the other side's work takes a while: time to be killed in
            await asyncio.sleep(0.3)
        if mood < 0.08:
            return "503 Busy", ""
        if mood < 0.11:
            return "410 Gone", ""
        asked.ended = datetime.now(UTC)
        return "200 OK", key
