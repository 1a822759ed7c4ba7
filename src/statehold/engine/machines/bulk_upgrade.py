"""Upgrades instances on request to the version that runs here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from statehold.chart.machine import AMachine, Definition
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.machines.loader import Loader
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.intake import Intake
from statehold.engine.requests.operator import UpgradeInstance
from statehold.engine.requests.texts import check_caller, check_texts
from statehold.errors import (
    Forbidden,
    InstanceUnreadable,
    NewerVersion,
    Refused,
    UnknownInstance,
)
from statehold.instance.audited import audit_entry
from statehold.instance.authorize import authorize
from statehold.records import Caller, Ref
from statehold.store import PAGE_LIMIT, Query, Store
from statehold.wire.operations import UpgradeReport


class BulkUpgrader:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        intake: Intake,
        loader: Loader,
    ) -> None:
        self._store = store
        self._context = context
        self._intake = intake
        self._loader = loader
        self._queue = queue

    async def upgrade(
        self, machine: AMachine | str, id: str | None, reason: str | None, caller: Caller
    ) -> UpgradeReport:
        """One instance, or all of the machine that are of another version, a page at a time.

        One that can't be upgraded is in the report; the others are upgraded. Raises
        ``UnknownInstance`` for an ``id`` that is unknown, and ``Forbidden``; all of them takes a
        right on all of them.
        """
        name = (await self._intake.found(machine, caller, "upgrade")).name
        await self._loader.renew(name)
        definition = self._intake.definition(name)
        if id is None:
            authorize(caller, "upgrade", definition)
        check_caller(caller)
        check_texts("the request", reason=reason)
        self._intake.check_open()
        if id is None:
            # one line for all of them, before the first: their journals have the rest
            now = self._context.now()
            line = audit_entry(now, caller, "upgrade", name, detail=reason or "")
            await self._store.add_audit([line])
        upgraded = already = 0
        failed: dict[str, str] = {}
        pages = _one(self._intake.ref(name, id)) if id is not None else self._others(definition)
        async for refs in pages:
            requests = [UpgradeInstance(ref, reason, caller) for ref in refs]
            for request in requests:
                request.is_audited = id is not None
            ended = await self._queue.ask_all(requests)
            for ref, changed in zip(refs, ended, strict=True):
                if id is not None and isinstance(changed, UnknownInstance | Forbidden):
                    raise changed
                if isinstance(changed, Refused | InstanceUnreadable | NewerVersion):
                    failed[ref.id] = str(changed)
                elif isinstance(changed, BaseException):
                    raise changed
                else:
                    upgraded += changed
                    already += not changed
        return UpgradeReport(
            machine=definition.name,
            version=definition.version,
            upgraded=upgraded,
            already=already,
            failed=failed,
        )

    async def _others(self, definition: Definition[Any]) -> AsyncIterator[Sequence[Ref]]:
        name = definition.name
        versions = {version for version, _, _ in await self._store.count(name)}
        for version in sorted(versions - {definition.version}):
            cursor: str | None = None
            while True:
                query = Query(name, version=version, limit=PAGE_LIMIT, cursor=cursor)
                page = await self._store.list(query)
                yield [row.ref for row in page.rows if row.status in ("running", "paused")]
                cursor = page.cursor
                if cursor is None:
                    break


async def _one(ref: Ref) -> AsyncIterator[Sequence[Ref]]:
    yield [ref]
