"""Lists incidents: those of the instances that the caller may inspect."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.engine.queries.explain import incidents_of, unreadable_of
from statehold.engine.queries.finder import Finder
from statehold.engine.queries.pages import begin, page
from statehold.engine.queries.reading import Reading
from statehold.engine.queries.rights import inspected, inspects_all
from statehold.engine.requests.context import EngineContext
from statehold.errors import InvalidPayload
from statehold.instance.authorize import owned, refuse
from statehold.instance.stored import salvage
from statehold.records import Caller, Row
from statehold.store import PAGE_LIMIT, Page, Query, Reads, Store
from statehold.wire.instances import Incident, Incidents

#: machine after machine: the name of the one that a page goes on with, and its own cursor
_Place = tuple[str, str | None]
_place: msgspec.json.Decoder[_Place] = msgspec.json.Decoder(_Place)


class IncidentQueries:
    def __init__(
        self, store: Store, context: EngineContext, finder: Finder, reading: Reading
    ) -> None:
        self._store = store
        self._context = context
        self._finder = finder
        self._reading = reading

    async def incidents(
        self,
        machine: str | None,
        limit: int,
        cursor: str | None,
        max_lag_seconds: float | None,
        caller: Caller,
    ) -> Incidents:
        """Oldest change first. Of callers who may not inspect all instances of all the machines,
        machine after machine, and where they may inspect some of one, newest instance first."""
        size = max(1, min(limit, PAGE_LIMIT))
        definitions = self._context.definitions
        asked = list(definitions.values())
        if machine is not None:
            asked = [await self._finder.machine(machine, caller, "inspect")]
        mine = [one for one in asked if owned(caller, "inspect", one) != frozenset()]
        if not mine and caller.roles is not None and machine is not None:
            refuse(caller, "inspect", machine)

        names = {one.name for one in asked}

        async def question(reads: Reads, lag_seconds: float) -> Incidents:
            if all(inspects_all(caller, one) for one in asked):
                found = await reads.incidents(machine, size, cursor)
            else:
                found = await self._by_machine(reads, mine, size, cursor, caller)
            return Incidents(
                incidents=await self._shown(reads, found.rows, names),
                cursor=found.cursor,
                count=await self._count(reads, mine, caller),
                lag_seconds=lag_seconds,
            )

        return await self._reading.ask(question, max_lag_seconds if cursor is None else 0.0)

    async def _by_machine(
        self,
        reads: Reads,
        mine: Iterable[Definition[Any]],
        size: int,
        cursor: str | None,
        caller: Caller,
    ) -> Page:
        ordered = sorted(mine, key=lambda one: one.name)
        first, inner = _place_of(cursor) if cursor is not None else ("", None)
        rows: list[Row] = []
        for definition in ordered:
            if definition.name < first:
                continue
            begins_at = inner if definition.name == first else None
            found = await self._of(reads, definition, size - len(rows), begins_at, caller)
            rows += found.rows
            if found.cursor is not None:
                return Page(tuple(rows), _cursor_of((definition.name, found.cursor)))
            later = [one.name for one in ordered if one.name > definition.name]
            if len(rows) == size and later:
                return Page(tuple(rows), _cursor_of((later[0], None)))
        return Page(tuple(rows), None)

    async def _of(
        self,
        reads: Reads,
        definition: Definition[Any],
        size: int,
        cursor: str | None,
        caller: Caller,
    ) -> Page:
        """Those of one machine."""
        if inspects_all(caller, definition):
            return await reads.incidents(definition.name, size, cursor)
        scope = inspected(caller, definition)
        query = Query(definition.name, incidents=True, limit=size, cursor=cursor)
        scope.check(query)
        return await page(reads, await begin(self._store, query, scope), scope)

    async def _count(self, reads: Reads, mine: Iterable[Definition[Any]], caller: Caller) -> int:
        """How many there are, counted as :attr:`.wire.instances.Incidents.count` says."""
        count = 0
        for definition in mine:
            if inspects_all(caller, definition):
                count += await reads.count_incidents(definition.name)
                continue
            scope = inspected(caller, definition)
            query = Query(definition.name, incidents=True, limit=PAGE_LIMIT)
            count += sum(row.incidents for row in (await page(reads, query, scope)).rows)
        return count

    async def _shown(
        self, reads: Reads, rows: Iterable[Row], names: Collection[str]
    ) -> list[Incident]:
        """Of the machines that the caller's right was asked for."""
        found: list[Incident] = []
        there = [row for row in rows if row.machine in names]
        asides: Mapping[Any, Any] = await reads.asides([row.ref for row in there])
        for row in there:
            # not its data: one that can't be read must not hide the others' incidents
            known = incidents_of(row, salvage(row.document).attempts)
            aside = asides.get(row.ref)
            if aside is not None or not known:
                known.append(unreadable_of(row, aside))
            found += known
        return found


def _cursor_of(place: _Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place_of(cursor: str) -> _Place:
    try:
        return _place.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.MsgspecError):
        why = "it is no cursor of this list; leave it out for the first page"
        raise InvalidPayload("the query", {"cursor": why}) from None
