"""Server-sent events, read from bytes as they come (the HTML standard, 9.2.6)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple

from statehold.errors import TooLarge

#: bytes of one event; a journal entry carries an instance's data at most once
EVENT_LIMIT = 16 * 1024 * 1024


class ServerEvent(NamedTuple):
    event: str
    data: str
    #: the last id in the stream so far
    id: str | None


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerEvent, None]:
    """Each complete event; comments (heartbeats) are skipped. Raises ``TooLarge``."""
    event, id = "", None
    data: list[bytes] = []
    size = 0
    async for line in _lines(chunks):
        size += len(line)
        if size > EVENT_LIMIT:
            raise TooLarge("one event of the stream", size, EVENT_LIMIT)
        if not line:
            if data:
                yield ServerEvent(event or "message", b"\n".join(data).decode(), id)
            event, data, size = "", [], 0
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            event = value.decode()
        elif field == b"id":
            id = value.decode()


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines end in a line feed alone or after a carriage return; JSON text has neither."""
    pending = b""
    async for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        if len(pending) > EVENT_LIMIT:
            raise TooLarge("one line of the stream", len(pending), EVENT_LIMIT)
        for line in lines:
            yield line.removesuffix(b"\r")
