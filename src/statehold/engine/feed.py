"""Tells watchers that an instance has changed. The journal is the truth, this is a hint."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from statehold.store import Ref


class Feed:
    """Events that watchers wait on, by instance."""

    def __init__(self) -> None:
        self._watchers: dict[Ref, set[asyncio.Event]] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def watched(self) -> tuple[Ref, ...]:
        return tuple(self._watchers)

    def publish(self, ref: Ref) -> None:
        for changed in self._watchers.get(ref, ()):
            changed.set()

    @contextmanager
    def subscribe(self, ref: Ref) -> Iterator[asyncio.Event]:
        """An event that is set at each change of the instance, and when the engine stops."""
        changed = asyncio.Event()
        watchers = self._watchers.setdefault(ref, set())
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop(ref, None)

    def close(self) -> None:
        """Wakes every watcher, to find that there is nothing more to come."""
        self._closed = True
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()
