"""Instances kept decoded between commits: those used last, bounded in number and in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from statehold.instance.loaded import Loaded
from statehold.records import OVER, Ref


class Cache:
    """``most`` instances at most, of ``most_bytes`` together. An instance counts with its document,
    its data as JSON and its indexes; decoded, they take a few times as much.

    ``keeps_finished``: instances that are over are kept too. That is safe only where no other
    worker can purge one and start another under its id, which may reach the same ``rev``.
    """

    def __init__(self, most: int, most_bytes: int, *, keeps_finished: bool) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._keeps_finished = keeps_finished
        #: each with its bytes
        self._loaded: OrderedDict[Ref, tuple[Loaded, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._loaded)

    def get(self, ref: Ref) -> Loaded | None:
        found = self._loaded.get(ref)
        return None if found is None else found[0]

    def put(self, ref: Ref, loaded: Loaded) -> None:
        """In place of what was there. One that is larger than the whole bound is not kept."""
        instances, row = self._loaded, loaded.row
        known = instances.pop(ref, None)
        if known is not None:
            self.bytes -= known[1]
        if row.status in OVER and not self._keeps_finished:
            return
        size = len(row.document) + len(loaded.instance.data)
        if row.indexes:
            size += sum(map(len, row.indexes.values()))
        if size > self._most_bytes:
            return
        instances[ref] = loaded, size
        self.bytes += size
        while len(instances) > self._most or self.bytes > self._most_bytes:
            _, (_, oldest) = instances.popitem(last=False)
            self.bytes -= oldest

    def drop(self, refs: Iterable[Ref]) -> None:
        """What is kept of these is not known to be true any more."""
        for ref in refs:
            found = self._loaded.pop(ref, None)
            if found is not None:
                self.bytes -= found[1]

    def clear(self) -> None:
        self._loaded.clear()
        self.bytes = 0
