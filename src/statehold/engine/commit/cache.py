"""Instances kept decoded between turns: those used last, bounded in number and in bytes."""

from __future__ import annotations

from collections import OrderedDict

from statehold.instance.loaded import Loaded
from statehold.records import Ref


class Cache:
    """``most`` instances at most, of ``most_bytes`` together. An instance counts with its document,
    its data as JSON and its indexes; decoded, they take a few times as much."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        #: each with its bytes
        self._held: OrderedDict[Ref, tuple[Loaded, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, ref: Ref) -> Loaded | None:
        found = self._held.get(ref)
        return None if found is None else found[0]

    def put(self, ref: Ref, loaded: Loaded) -> None:
        """In place of what was there. One that is larger than the whole bound is not kept."""
        self.drop(ref)
        size = _bytes_of(loaded)
        if size > self._most_bytes:
            return
        self._held[ref] = loaded, size
        self.bytes += size
        while len(self._held) > self._most or self.bytes > self._most_bytes:
            _, (_, oldest) = self._held.popitem(last=False)
            self.bytes -= oldest

    def drop(self, ref: Ref) -> None:
        found = self._held.pop(ref, None)
        if found is not None:
            self.bytes -= found[1]

    def clear(self) -> None:
        self._held.clear()
        self.bytes = 0


def _bytes_of(loaded: Loaded) -> int:
    indexes = loaded.row.indexes
    more = sum(map(len, indexes.values())) if indexes else 0
    return len(loaded.row.document) + len(loaded.instance.data) + more
