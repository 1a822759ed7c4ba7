"""Wakes watchers when an instance changes. They read the journal; this only wakes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from statehold.records import Ref

#: changed instances that are named to a watcher of a machine or of every machine; of more it gets
#: only that there are many
NAMED = 100


def _any_machine(machine: str) -> bool:
    return True


class ChangeSet:
    """Which instances have changed since they were taken last."""

    def __init__(self, follows: Callable[[str], bool]) -> None:
        #: of which machines
        self.follows = follows
        self.any = asyncio.Event()
        self._refs: dict[Ref, None] = {}
        self._many = False

    def note(self, ref: Ref | None) -> None:
        """None: any of them may have changed."""
        self.any.set()
        if ref is None or (len(self._refs) == NAMED and ref not in self._refs):
            self._many = True
            self._refs.clear()
        elif not self._many:
            self._refs[ref] = None

    def take(self) -> list[Ref] | None:
        """Drains the set; None if it overflowed."""
        refs = None if self._many else list(self._refs)
        self._refs, self._many = {}, False
        self.any.clear()
        return refs


class Watchers:
    """Events that watchers wait on, by instance and by machine."""

    def __init__(self) -> None:
        self._watchers: dict[Ref, set[asyncio.Event]] = {}
        #: those of every machine under None
        self._of_machines: dict[str | None, set[ChangeSet]] = {}
        #: set when the engine stops
        self.closing = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self.closing.is_set()

    def publish(self, ref: Ref) -> None:
        """The instance has changed."""
        if not self._watchers and not self._of_machines:
            return
        for changed in self._watchers.get(ref, ()):
            changed.set()
        for machine in (ref.machine, None):
            for changes in self._of_machines.get(machine, ()):
                if changes.follows(ref.machine):
                    changes.note(ref)

    def publish_many(self) -> None:
        """Any instance may have changed."""
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()
        for watching in self._of_machines.values():
            for changes in watching:
                changes.note(None)

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

    @contextmanager
    def subscribe_all(
        self, machine: str | None, follows: Callable[[str], bool] = _any_machine
    ) -> Iterator[ChangeSet]:
        """What changes of a machine, or of any that the watcher ``follows``; its event is also set
        when the engine stops."""
        changes = ChangeSet(follows)
        watching = self._of_machines.setdefault(machine, set())
        watching.add(changes)
        try:
            yield changes
        finally:
            watching.discard(changes)
            if not watching:
                self._of_machines.pop(machine, None)

    def close(self) -> None:
        """Wakes every watcher for the last time."""
        self.closing.set()
        self.publish_many()
