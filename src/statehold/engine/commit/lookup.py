"""Looks up the instances of a batch: from the cache, or in one query; each becomes a draft.

An instance that can't be read is set aside. Its requests are refused, except those that end or
repair it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from statehold.chart.machine import Definition
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import InstanceUnreadable, Refused, StateholdError
from statehold.instance.draft import Draft
from statehold.instance.loaded import Loaded, load, load_remains
from statehold.instance.stored import COUNT_LIMIT
from statehold.records import Ref, Row
from statehold.store import PAGE_LIMIT, Store

#: conflicts of one request after which its instance's journal is checked against the row
CHECKED_AFTER = 3


class Lookup:
    def __init__(
        self, store: Store, context: EngineContext, cache: Cache, set_aside: SetAside
    ) -> None:
        self._store = store
        self._context = context
        self._cache = cache
        self._set_aside = set_aside

    def definition(self, machine: str) -> Definition[Any]:
        """The version that runs here. Raises ``UnknownMachine``, ``MachineUnserved``."""
        return self._context.definition(machine)

    def known(self, machine: str) -> Definition[Any] | None:
        """The version that runs here, if one does."""
        return self._context.definitions.get(machine)

    async def committed(self, refs: Sequence[Ref]) -> dict[Ref, Loaded]:
        """The instances that exist, as they are in the store. Raises ``InstanceUnreadable``."""
        found: dict[Ref, Loaded] = {}
        if self._store.exclusive:
            for ref in refs:
                loaded = self._cache.get(ref)
                if loaded is not None:
                    found[ref] = _current(self._context.definition(ref.machine), loaded)
        missing = [ref for ref in refs if ref not in found]
        if missing:
            for ref, row in (await self._store.load(missing)).items():
                try:
                    found[ref] = load(self._context.definition(ref.machine), row)
                except InstanceUnreadable as error:
                    await self._set_aside.add([(row, error)])
                    raise
        return found

    async def drafts(self, batch: Iterable[Request]) -> tuple[dict[Ref, Draft], set[Ref]]:
        """A draft for each instance of the batch, and which of them were loaded just now. Requests
        of an instance that has none are refused."""
        context, kept = self._context, self._cache.get
        # apart from the cache, where one that is loaded may push out another of this batch
        known: dict[Ref, Loaded | None] = {}
        rows: dict[Ref, Row] = {}
        doubtful: set[Ref] = set()
        for request in batch:
            ref = request.ref
            loaded = known[ref] = known[ref] if ref in known else kept(ref)
            row = request.row
            # one that has lost since is not used again: its request asks the store
            if row is not None and not request.conflicts and _is_newer(row, loaded):
                rows[ref] = row
            if request.conflicts >= CHECKED_AFTER or request.looks_at_journal:
                doubtful.add(ref)
        missing = [ref for ref, loaded in known.items() if loaded is None and ref not in rows]
        if missing:
            rows.update(await self._store.load(missing))
        turn = context.turn()
        drafts: dict[Ref, Draft] = {}
        unreadable: list[tuple[Row, InstanceUnreadable]] = []
        for ref, loaded in known.items():
            row = rows.get(ref)
            try:
                definition = context.definition(ref.machine)
            except StateholdError as error:
                _reject([one for one in batch if one.ref == ref], error)
                continue
            try:
                if row is not None:
                    loaded = load(definition, row)
                    self._cache.put(ref, loaded)
                elif loaded is not None:
                    loaded = _current(definition, loaded)
                if loaded is not None and doubtful and ref in doubtful:
                    await self._check_journal(loaded)
            except InstanceUnreadable as error:
                failed = row or loaded.row  # type: ignore[union-attr] # one of them could not be read
                unreadable.append((failed, error))
                requests = [one for one in batch if one.ref == ref]
                loaded = load_remains(definition, failed, (failed.seq, 0))
                _refuse_unreadable(requests, Draft(ref, definition, loaded, turn), error)
                if all(one.future.done() for one in requests):
                    continue
                loaded = load_remains(definition, failed, await self._journal_end(ref))
            drafts[ref] = Draft(ref, definition, loaded, turn)
        for row, why in unreadable:
            if row.ref in drafts:
                drafts[row.ref].unreadable = why
        if unreadable:
            await self._set_aside.add(unreadable)
        return drafts, set(missing)

    async def _check_journal(self, loaded: Loaded) -> None:
        """Raises ``InstanceUnreadable`` where the journal has a line beyond the row: the next line
        would have no place, and every write of the instance would fail."""
        row = loaded.row
        beyond = await self._store.journal(row.ref, (row.seq, loaded.instance.part), 1)
        if not beyond:
            return
        now = (await self._store.load([row.ref])).get(row.ref)
        if now is None or now.rev != row.rev:
            # another worker wrote it between the two questions: this batch's write is a conflict
            return
        why = (
            f"its journal has a line {beyond[0].seq}.{beyond[0].part}, and its last is to be "
            f"{row.seq}.{loaded.instance.part}"
        )
        raise InstanceUnreadable(row.machine, row.id, row.version, why)

    async def _journal_end(self, ref: Ref) -> tuple[int, int]:
        """The place of the journal's last line, whatever the row says."""
        steps = await self._store.journal_before(ref, COUNT_LIMIT, 1)
        end = (steps[0].seq, 0) if steps else (0, 0)
        while True:
            lines = await self._store.journal(ref, end, PAGE_LIMIT)
            places = [(line.seq, line.part) for line in lines if line.seq < COUNT_LIMIT]
            if not places:
                return end
            end = places[-1]


def _is_newer(row: Row, loaded: Loaded | None) -> bool:
    return loaded is None or loaded.row.rev < row.rev


def _current(definition: Definition[Any], loaded: Loaded) -> Loaded:
    """The instance, decoded again if another version of its machine was deployed meanwhile."""
    return loaded if loaded.instance.definition is definition else load(definition, loaded.row)


def _refuse_unreadable(
    requests: Iterable[Request], remains: Draft, error: InstanceUnreadable
) -> None:
    """Refuses those that need the whole instance. Who may not do that to it learns only that: what
    can be read of it decides."""
    for request in requests:
        if request.takes_remains:
            continue
        request.about = remains.definition, remains.instance
        try:
            if request.caller.roles is not None:
                request.authorize(remains)
        except Refused as refused:
            request.reject(refused)
        else:
            request.reject(error)


def _reject(requests: Iterable[Request], error: StateholdError) -> None:
    for request in requests:
        request.reject(error)
