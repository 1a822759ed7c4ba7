"""Reads instances: one, a list, or all that explains one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any

from statehold.engine.queries.explain import explain
from statehold.engine.queries.filters import check_names, check_query
from statehold.engine.queries.finder import Finder
from statehold.engine.queries.journals import JournalQueries, body_of, shown
from statehold.engine.queries.pages import begin, page
from statehold.engine.queries.reading import Reading
from statehold.engine.queries.rights import scope_of, summaries
from statehold.engine.requests.context import EngineContext
from statehold.errors import StateholdError
from statehold.expression.allowance import answer_allowance
from statehold.instance.authorize import is_permitted
from statehold.instance.loaded import Loaded
from statehold.instance.reply import InstanceReply
from statehold.instance.state import InstanceState
from statehold.instance.upgrades import preview
from statehold.instance.views import view_of
from statehold.interpreter.snapshot import Snapshot
from statehold.records import OVER, Caller, Ref, Row
from statehold.store import PAGE_LIMIT, Page, Query, Reads, Store
from statehold.upgrade.carry import CarryFailed
from statehold.wire.base import ID_PATTERN
from statehold.wire.instances import ChildView, Explanation, Instances
from statehold.wire.journal import JournalEntry

_BEGINS_AN_ID = re.compile(ID_PATTERN)


class InstanceQueries:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        finder: Finder,
        journals: JournalQueries,
        reading: Reading,
    ) -> None:
        self._store = store
        self._context = context
        self._finder = finder
        self._journals = journals
        self._reading = reading

    async def read(self, ref: Ref, caller: Caller, view: str | None = None) -> InstanceReply:
        instance = (await self._finder.held(ref, caller, "read")).instance
        named = view_of(caller.roles, instance.definition, view)
        return InstanceReply(instance, caller, ahead=self._ahead(instance), named=named)

    def _ahead(self, instance: InstanceState) -> Snapshot[Any] | None:
        """The instance as its next event finds it: upgraded, where it is of an older version."""
        if instance.snapshot is not None or instance.status in OVER:
            return instance.snapshot
        context = self._context
        try:
            plan = context.upgrade_plans.plan_for(instance)
            return preview(instance, plan, context.now()).snapshot
        except CarryFailed:
            return None

    async def explain(self, ref: Ref, caller: Caller) -> Explanation:
        loaded = await self._finder.held(ref, caller, "inspect")
        because: JournalEntry | None = None
        entered = {state: at for state, at in loaded.instance.entered.items() if at is not None}
        async for entry in self._journals.backwards(ref, loaded.row.seq, PAGE_LIMIT):
            for microstep in body_of(entry).steps:
                for state in microstep.entered:
                    entered.setdefault(state, entry.at)
            if because is None and entry.at <= loaded.row.since:
                because = shown(entry, {})
        now = self._context.now()
        ahead = self._ahead(loaded.instance)
        with answer_allowance("what may happen next"):
            children = await self._children(loaded, caller)
            return explain(
                loaded.instance.definition, loaded, because, entered, now, caller, ahead, children
            )

    # Pages of one list may come from a standby and from the store in turn, so that one page may be
    # older than the one before it. By its creation or by its id an instance has one place for ever,
    # and is missed by neither. Where it moves towards the end of the list whenever it changes, an
    # older page has it where the newer one was already past it, and it would be on none: so there
    # only the first page comes from a standby, and no page is older than the one before it.

    async def list(self, query: Query, max_lag_seconds: float | None, caller: Caller) -> Instances:
        """Raises ``Forbidden`` for what would show more than the caller may know, and
        ``InvalidPayload`` for a filter by a name that the machine does not have."""
        definition = await self._finder.machine(query.machine, caller)
        check_query(query)
        scope = scope_of(caller, definition)
        scope.check(query)
        found, lag = Page((), None), 0.0
        if query.cursor is not None and query.order == "since" and not query.prefix:
            max_lag_seconds = 0.0
        if not query.prefix or _BEGINS_AN_ID.fullmatch(query.prefix) is not None:
            # no id begins with anything else, and not every store could search for it
            asked = await begin(self._store, query, scope)

            async def question(reads: Reads, lag_seconds: float) -> tuple[Page, float]:
                return await page(reads, asked, scope), lag_seconds

            found, lag = await self._reading.ask(question, max_lag_seconds)
        if not found.rows:
            await check_names(self._store, definition, query, reads_all=scope.pairs is None)
        return Instances(
            instances=summaries(found.rows, scope), cursor=found.cursor, lag_seconds=lag
        )

    # --- parts ---

    async def _children(self, loaded: Loaded, caller: Caller) -> dict[Ref, ChildView]:
        """The invoked instances that have started and that the caller may read, as they are now."""
        refs = [one.child for one in loaded.instance.attempts.values() if one.child is not None]
        rows = await self._store.load(refs) if refs else {}
        views = {ref: await self._child(row, caller) for ref, row in rows.items()}
        return {ref: view for ref, view in views.items() if view is not None}

    async def _child(self, row: Row, caller: Caller) -> ChildView | None:
        """None: the caller may not read it."""
        allowed: Sequence[str] = ()
        definition = self._context.definitions.get(row.machine)
        inspects = caller.roles is None
        if definition is not None:
            if not is_permitted(caller, "read", definition, row):
                return None
            inspects = is_permitted(caller, "inspect", definition, row)
            # one that can't be read, or has gone, must not hide what its parent waits for
            with contextlib.suppress(StateholdError):
                allowed = (await self.read(row.ref, caller)).allowed
        elif caller.roles is not None:
            return None
        return ChildView(
            machine=row.machine,
            id=row.id,
            status=row.status,
            state=list(row.state),
            since=row.since if inspects else None,
            owners=list(row.owners),
            allowed=list(allowed),
            next_at=row.wake_at if inspects else None,
            incidents=row.incidents if inspects else 0,
        )
