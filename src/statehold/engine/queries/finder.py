"""Finds what a caller asks to read, and asks for its right first.

A caller with the right on some instances only, or on none, gets the same answer for an instance
that does not exist and for one that is not theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from statehold.chart.access import Right
from statehold.chart.machine import Definition
from statehold.engine.commit.lookup import Lookup
from statehold.engine.requests.context import EngineContext
from statehold.errors import (
    InstanceUnreadable,
    MachineUnserved,
    UnknownInstance,
    UnknownMachine,
)
from statehold.instance.authorize import authorize, is_permitted, owned, refuse
from statehold.instance.disclosure import check_seen, unknown_machine
from statehold.instance.loaded import Loaded
from statehold.records import Caller, Ref, Row
from statehold.store import Store


class Finder:
    """``renew`` looks for a newer deployed version of a machine; True if there was one."""

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        lookup: Lookup,
        renew: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._context = context
        self._lookup = lookup
        self._renew = renew

    async def machine(self, name: str, caller: Caller, right: Right = "read") -> Definition[Any]:
        """The machine; one that is unknown here is looked up in the store first. Raises
        ``UnknownMachine`` or ``Forbidden`` where the caller does not see it."""
        definitions = self._context.definitions
        try:
            definition = self._context.definition(name)
        except (UnknownMachine, MachineUnserved) as error:
            if not await self._renew(name) or name not in definitions:
                raise unknown_machine(error, caller, right, definitions) from None
            definition = definitions[name]
        check_seen(caller, right, definition, definitions)
        return definition

    async def held(self, ref: Ref, caller: Caller, right: Right) -> Loaded:
        """An instance on which the caller has the right. Raises ``Forbidden``, ``UnknownInstance``
        for those who have it on all instances, and ``InstanceUnreadable``."""
        await self._check(ref, caller, right)
        try:
            loaded = await self._held(ref)
        except UnknownInstance as error:
            raise self._unknown(error, caller, right) from None
        except InstanceUnreadable as error:
            raise await self._unreadable(error, ref, caller, right) from None
        authorize(caller, right, loaded.instance.definition, loaded.row)
        return loaded

    async def row(self, ref: Ref, caller: Caller, right: Right) -> Row:
        """As :meth:`held`, also of one that can't be read: its journal shows what it was."""
        await self._check(ref, caller, right)
        try:
            row = (await self._held(ref)).row
        except UnknownInstance as error:
            raise self._unknown(error, caller, right) from None
        except InstanceUnreadable:
            found = (await self._store.load([ref])).get(ref)
            if found is None:
                unknown = UnknownInstance(ref.machine, ref.id)
                raise self._unknown(unknown, caller, right) from None
            row = found
        authorize(caller, right, self._context.definition(ref.machine), row)
        return row

    async def _check(self, ref: Ref, caller: Caller, right: Right) -> None:
        """Raises where the caller has the right on no instance: nothing is looked up for it."""
        definition = await self.machine(ref.machine, caller, right)
        if not is_permitted(caller, right, definition) and not owned(caller, right, definition):
            refuse(caller, right, ref.machine)

    async def _held(self, ref: Ref) -> Loaded:
        found = (await self._lookup.committed([ref])).get(ref)
        if found is None:
            raise UnknownInstance(ref.machine, ref.id)
        if found.row.version > found.instance.definition.version and await self._renew(ref.machine):
            return await self._held(ref)
        return found

    def _unknown(self, error: UnknownInstance, caller: Caller, right: Right) -> UnknownInstance:
        """The error itself; raises ``Forbidden`` in place of it."""
        authorize(caller, right, self._context.definition(error.machine))
        return error

    async def _unreadable(
        self, error: InstanceUnreadable, ref: Ref, caller: Caller, right: Right
    ) -> InstanceUnreadable:
        """The error as the caller may see it: the reason may have values of the data."""
        definition = self._context.definition(ref.machine)
        row = (await self._store.load([ref])).get(ref)
        if row is None:
            authorize(caller, right, definition)
            return error
        authorize(caller, right, definition, row)
        if is_permitted(caller, "inspect", definition, row):
            return error
        shorter = InstanceUnreadable(
            ref.machine, ref.id, row.version, "the reason is shown to those who may inspect it"
        )
        shorter.withheld = error
        return shorter
