"""The client's reading of an event stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from statehold.client import events
from statehold.client.events import ServerEvent, read_events
from statehold.errors import TooLarge

pytestmark = pytest.mark.anyio

TEXT = (
    ': beat\n\nid: 1\nevent: step\ndata: {"a": "\u2028ü"}\n\nevent: note\ndata: b\r\n\r\ndata: cut'
)


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_events_come_whole_however_the_bytes_are_cut(size: int) -> None:
    raw = TEXT.encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), size):
            yield raw[start : start + size]

    assert [event async for event in read_events(chunks())] == [
        ServerEvent("step", '{"a": "\u2028ü"}', "1"),
        ServerEvent("note", "b", "1"),
    ]


@pytest.mark.parametrize("line", [b"data: xxxxxx", b"data: xxxxxx\n"])
async def test_an_event_without_end_is_refused(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "EVENT_LIMIT", 100)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield line

    with pytest.raises(TooLarge):
        await anext(read_events(endless()))
