"""Watches instances: the journal of one, its view, or which instances of machines change.

The caller's right is asked for again whenever something is about to be shown: an instance may
change hands while it is watched, and a machine's access with a new version.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from statehold.chart.machine import Definition
from statehold.engine.queries.finder import Finder
from statehold.engine.queries.instances import InstanceQueries
from statehold.engine.queries.journals import JournalQueries, place, shown
from statehold.engine.queries.rights import reads_all, scope_of
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import EngineContext
from statehold.instance.authorize import authorize, refuse
from statehold.instance.reply import InstanceReply
from statehold.records import OVER, Caller, Ref
from statehold.store import Store
from statehold.wire.instances import Changes
from statehold.wire.journal import JournalEntry

#: the pause between two reports of changes of a machine, and after one that named none
REST, MANY_REST = timedelta(seconds=0.25), timedelta(seconds=1)
#: how often it is reported that anything may have changed, as hints of other workers may be lost
ANYTHING = timedelta(seconds=60)


class Watching:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        watchers: Watchers,
        finder: Finder,
        instances: InstanceQueries,
        journals: JournalQueries,
    ) -> None:
        self._store = store
        self._context = context
        self._watchers = watchers
        self._finder = finder
        self._instances = instances
        self._journals = journals

    async def watch(
        self, find: Callable[[], Awaitable[Ref]], after: int, caller: Caller
    ) -> AsyncIterator[JournalEntry]:
        """Every entry above ``after``, from the journal and then as it is written, without a gap.

        Notes under ``after`` itself are given again, since their number is not in ``after``. Ends
        after the last entry of an instance that is over, or when the engine stops. Raises
        ``BeyondEnd`` where the instance has no step ``after``, or went back behind what was seen,
        and ``Forbidden`` as soon as the caller may not inspect the instance.
        """
        ref = await find()
        seen = (after, 0)
        with self._watchers.subscribe(ref) as changed:
            while True:
                changed.clear()
                loaded = await self._finder.held(ref, caller, "inspect")
                await self._journals.check_reached(loaded.row, seen[0])
                over = loaded.row.status in OVER and not loaded.instance.attempts
                last = (loaded.row.seq, loaded.instance.part)
                is_behind = False
                while not is_behind and (fresh := await self._store.journal(ref, seen)):
                    for entry in fresh:
                        if caller.roles is not None and place(entry) > last:
                            # it may have changed hands with this one: the right is asked for again
                            is_behind = True
                            break
                        seen = place(entry)
                        yield shown(entry, {})
                if (over and not is_behind) or self._watchers.closed:
                    return
                if is_behind and not self._store.exclusive:
                    continue
                await self._context.clock.wait(changed, self._until())

    async def watch_view(
        self, find: Callable[[], Awaitable[Ref]], caller: Caller, view: str | None
    ) -> AsyncIterator[InstanceReply]:
        """The instance as a reader sees it, now and whenever that changes. Ends when the instance
        is over, or when the engine stops. Raises ``Forbidden`` as soon as the caller may not read
        it."""
        ref = await find()
        before: bytes | None = None
        with self._watchers.subscribe(ref) as changed:
            while True:
                changed.clear()
                reply = await self._instances.read(ref, caller, view)
                if (now := reply.json()) != before:
                    before = now
                    yield reply
                if reply.status in OVER or self._watchers.closed:
                    return
                await self._context.clock.wait(changed, self._until())

    def _until(self) -> datetime | None:
        """When an instance is looked at again though nothing has said that it changed."""
        if self._store.exclusive:
            return None
        return self._context.now() + timedelta(seconds=self._context.limits.poll_seconds)

    async def watch_machine(self, machine: str, caller: Caller) -> AsyncIterator[Changes]:
        """The first item is empty: later changes are reported. A slow reader gets more changes in
        one item. Raises ``Forbidden`` at once, and as soon as the caller may not read all instances
        of the machine."""
        authorize(caller, "read", await self._finder.machine(machine, caller))
        return self._changes(machine, caller, lambda name: name == machine)

    def watch_machines(self, caller: Caller) -> AsyncIterator[Changes]:
        """As :meth:`watch_machine`, of every machine of which the caller may read all instances.
        Raises ``Forbidden`` where there is none."""
        follows = self._readable(caller)
        if caller.roles is not None and not any(map(follows, self._context.definitions)):
            refuse(caller, "read", "*")
        return self._changes(None, caller, follows)

    async def _changes(
        self, machine: str | None, caller: Caller, follows: Callable[[str], bool]
    ) -> AsyncIterator[Changes]:
        clock, now = self._context.clock, self._context.now
        rest = now()
        with self._watchers.subscribe_all(machine, follows) as changes:
            yield Changes(instances=[])
            while True:
                # hints of other workers may be lost
                until = None if self._store.exclusive else now() + ANYTHING
                await clock.wait(changes.any, until)
                await clock.wait(self._watchers.closing, rest)
                if self._watchers.closed:
                    return
                if machine is not None:
                    authorize(caller, "read", self._context.definition(machine))
                refs = changes.take() if changes.any.is_set() else None
                rows = {} if refs is None else await self._store.load(refs)
                rest = now() + (MANY_REST if refs is None else REST)
                definitions = self._context.definitions
                yield Changes(
                    instances=[
                        scope_of(caller, definitions[row.machine]).summary(row)
                        for row in rows.values()
                        if row.machine in definitions and follows(row.machine)
                    ],
                    more=refs is None,
                )

    def _readable(self, caller: Caller) -> Callable[[str], bool]:
        """Whether the caller may read all instances of a machine; asked for at every change, so the
        answer is kept as long as the machine's version runs."""
        known: dict[str, tuple[Definition[Any], bool]] = {}

        def is_readable(name: str) -> bool:
            definition = self._context.definitions.get(name)
            if definition is None:
                return caller.roles is None
            kept = known.get(name)
            if kept is None or kept[0] is not definition:
                kept = known[name] = (definition, reads_all(caller, definition))
            return kept[1]

        return is_readable
