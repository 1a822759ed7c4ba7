"""Reads instances, their journals, incidents and children."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from statehold.engine.commit.keys import shown_key
from statehold.engine.commit.lookup import Lookup
from statehold.engine.queries.explain import explain, incidents_of, unreadable_of
from statehold.engine.queries.filters import check_names, check_query
from statehold.engine.queries.reading import Reading
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import EngineContext
from statehold.errors import (
    BeyondEnd,
    InstanceUnreadable,
    InvalidPayload,
    StateholdError,
    TooLarge,
    UnknownInstance,
)
from statehold.instance.data_diff import apply_change
from statehold.instance.journal import CHECKPOINT
from statehold.instance.loaded import Loaded
from statehold.instance.reply import InstanceReply
from statehold.instance.state import InstanceState
from statehold.instance.stored import salvage
from statehold.instance.upgrades import preview
from statehold.interpreter.snapshot import Snapshot
from statehold.records import OVER, Caller, Entry, JournalBody, Ref, Row, Status
from statehold.store import PAGE_LIMIT, Page, Query, Reads, Store
from statehold.upgrade.carry import CarryFailed
from statehold.wire.base import ID_PATTERN
from statehold.wire.instances import (
    Changes,
    ChildView,
    Explanation,
    Incident,
    Incidents,
    Instances,
    Summary,
)
from statehold.wire.journal import Journal, JournalEntry

#: lines of one step in a page of the journal, which is not cut inside a step
STEP_LINES = 100_000

#: the pause between two reports of changes of a machine, and after one that named none
REST, MANY_REST = timedelta(seconds=0.25), timedelta(seconds=1)
#: how often it is reported that anything may have changed, as hints of other workers may be lost
ANYTHING = timedelta(seconds=60)

_BEGINS_AN_ID = re.compile(ID_PATTERN)

_body = msgspec.json.Decoder(JournalBody).decode


class Past(Struct, frozen=True):
    """An instance as it was after the step ``seq``; ``data`` is plain JSON values."""

    machine: str
    id: str
    seq: int
    at: datetime
    version: int
    status: Status
    state: tuple[str, ...]
    data: Any


class InstanceQueries:
    """``renew`` looks for a newer deployed version of a machine; True if there was one."""

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        lookup: Lookup,
        watchers: Watchers,
        renew: Callable[[str], Awaitable[bool]],
        reading: Reading,
    ) -> None:
        self._reading = reading
        self._renew = renew
        self._store = store
        self._context = context
        self._lookup = lookup
        self._watchers = watchers

    # --- one instance ---

    async def read(self, ref: Ref, caller: Caller) -> InstanceReply:
        instance = (await self._held(ref)).instance
        return InstanceReply(instance, caller, ahead=self._ahead(instance))

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

    async def journal(self, ref: Ref, after: int, limit: int, *, data: bool) -> Journal:
        """``limit`` counts lines, at most ``PAGE_LIMIT``; a page has no part of a step, so one
        whose first step has more lines is longer. Raises ``TooLarge`` above ``STEP_LINES``, and
        ``BeyondEnd`` where the instance has no step ``after``."""
        row = await self._row(ref)
        await self._check_reached(row, after)
        after = max(-1, after)
        entries = await self._whole_steps(ref, after, max(1, min(limit, PAGE_LIMIT)))
        values: Mapping[int, Any] = {}
        if data and entries:
            values = await self._data_at(ref, entries)
        shown = [_shown(entry, values) for entry in entries]
        last = entries[-1].seq if entries else None
        return Journal(entries=shown, after=last if last != row.seq else None)

    async def at(self, ref: Ref, seq: int) -> Past:
        """Raises ``InvalidPayload`` for a seq that the instance has not reached."""
        row = await self._row(ref)
        if not 1 <= seq <= row.seq:
            raise InvalidPayload("the seq", {"seq": f"has to be 1 to {row.seq}, not {seq}"})
        entries = await self._journal_before(ref, seq, CHECKPOINT + 1)
        body = _body_of(entries[0])
        return Past(
            ref.machine,
            ref.id,
            seq,
            entries[0].at,
            body.version,
            body.status,
            body.state,
            _folded(entries),
        )

    async def explain(self, ref: Ref, caller: Caller) -> Explanation:
        loaded = await self._held(ref)
        entries = await self._journal_before(ref, loaded.row.seq, PAGE_LIMIT)
        because: JournalEntry | None = None
        entered = {state: at for state, at in loaded.instance.entered.items() if at is not None}
        for entry in entries:
            for microstep in _body_of(entry).steps:
                for state in microstep.entered:
                    entered.setdefault(state, entry.at)
            if because is None and entry.at <= loaded.row.since:
                because = _shown(entry, {})
        now = self._context.now()
        ahead = self._ahead(loaded.instance)
        children = await self._children(loaded, caller)
        return explain(
            loaded.instance.definition, loaded, because, entered, now, caller, ahead, children
        )

    async def watch(self, ref: Ref, after: int) -> AsyncIterator[JournalEntry]:
        """Every entry above ``after``, from the journal and then as it is written, without a gap.

        Notes under ``after`` itself are given again, since their number is not in ``after``. Ends
        after the last entry of an instance that is over, or when the engine stops. Raises
        ``BeyondEnd`` where the instance has no step ``after``, or went back behind what was seen.
        """
        seen = (after, 0)
        poll = timedelta(seconds=self._context.limits.poll_seconds)
        with self._watchers.subscribe(ref) as changed:
            while True:
                changed.clear()
                loaded = await self._held(ref)
                await self._check_reached(loaded.row, seen[0])
                over = loaded.row.status in ("done", "cancelled") and not loaded.instance.attempts
                while fresh := await self._store.journal(ref, seen):
                    for entry in fresh:
                        seen = _place(entry)
                        yield _shown(entry, {})
                if over or self._watchers.closed:
                    return
                until = None
                if not self._store.exclusive:
                    until = self._context.now() + poll
                await self._context.clock.wait(changed, until)

    async def watch_machine(self, machine: str | None) -> AsyncIterator[Changes]:
        """None: every machine. The first item is empty: later changes are reported. A slow reader
        gets more changes in one item."""
        clock, now = self._context.clock, self._context.now
        rest = now()
        with self._watchers.subscribe_all(machine) as changes:
            yield Changes(instances=[])
            while True:
                # hints of other workers may be lost
                until = None if self._store.exclusive else now() + ANYTHING
                await clock.wait(changes.any, until)
                await clock.wait(self._watchers.closing, rest)
                if self._watchers.closed:
                    return
                refs = changes.take() if changes.any.is_set() else None
                rows = {} if refs is None else await self._store.load(refs)
                rest = now() + (MANY_REST if refs is None else REST)
                yield Changes(
                    instances=[summary_of(row) for row in rows.values()], more=refs is None
                )

    # --- many instances ---

    # Pages of one list may come from a standby and from the store in turn, so that one page may be
    # older than the one before it. By its creation or by its id an instance has one place for ever,
    # and is missed by neither. Where it moves towards the end of the list whenever it changes, an
    # older page has it where the newer one was already past it, and it would be on none: so there
    # only the first page comes from a standby, and no page is older than the one before it.

    async def list(self, query: Query, max_lag_seconds: float | None) -> Instances:
        """Raises ``InvalidPayload`` for a filter by a name that the machine does not have."""
        definition = self._context.definition(query.machine)
        check_query(query)
        page, lag = Page((), None), 0.0
        if query.cursor is not None and query.order == "since" and not query.prefix:
            max_lag_seconds = 0.0

        async def question(reads: Reads, lag_seconds: float) -> tuple[Page, float]:
            return await reads.list(query), lag_seconds

        if not query.prefix or _BEGINS_AN_ID.fullmatch(query.prefix) is not None:
            # no id begins with anything else, and not every store could search for it
            page, lag = await self._reading.ask(question, max_lag_seconds)
        if not page.rows:
            await check_names(self._store, definition, query)
        return Instances(
            instances=[summary_of(row) for row in page.rows], cursor=page.cursor, lag_seconds=lag
        )

    async def incidents(
        self, machine: str | None, limit: int, cursor: str | None, max_lag_seconds: float | None
    ) -> Incidents:
        if machine is not None:
            self._context.definition(machine)

        async def question(reads: Reads, lag_seconds: float) -> Incidents:
            return await self._incidents(reads, lag_seconds, machine, limit, cursor)

        return await self._reading.ask(question, max_lag_seconds if cursor is None else 0.0)

    async def _incidents(
        self,
        reads: Reads,
        lag_seconds: float,
        machine: str | None,
        limit: int,
        cursor: str | None,
    ) -> Incidents:
        page = await reads.incidents(machine, max(1, min(limit, PAGE_LIMIT)), cursor)
        found: list[Incident] = []
        rows = [row for row in page.rows if row.machine in self._context.definitions]
        asides = await reads.asides([row.ref for row in rows])
        for row in rows:
            # not its data: one that can't be read must not hide the others' incidents
            known = incidents_of(row, salvage(row.document).attempts)
            aside = asides.get(row.ref)
            if aside is not None or not known:
                known.append(unreadable_of(row, aside))
            found += known
        names = self._context.definitions if machine is None else (machine,)
        count = sum([await reads.count_incidents(name) for name in names])
        return Incidents(incidents=found, cursor=page.cursor, count=count, lag_seconds=lag_seconds)

    # --- parts ---

    async def _held(self, ref: Ref) -> Loaded:
        self._context.definition(ref.machine)
        found = (await self._lookup.committed([ref])).get(ref)
        if found is None:
            raise UnknownInstance(ref.machine, ref.id)
        if found.row.version > found.instance.definition.version and await self._renew(ref.machine):
            return await self._held(ref)
        return found

    async def _check_reached(self, row: Row, seq: int) -> None:
        """Raises ``BeyondEnd``."""
        if seq <= row.seq:
            return
        # a commit whose entry was read already may be about to replace what is cached
        ref = row.ref
        there = (await self._store.load([ref])).get(ref)
        if there is None or there.seq < seq:
            raise BeyondEnd(ref.machine, ref.id, seq, row.seq)

    async def _children(self, loaded: Loaded, caller: Caller) -> dict[Ref, ChildView]:
        """The invoked instances that have started, as they are now."""
        refs = [one.child for one in loaded.instance.attempts.values() if one.child is not None]
        rows = await self._store.load(refs) if refs else {}
        return {ref: await self._child(row, caller) for ref, row in rows.items()}

    async def _child(self, row: Row, caller: Caller) -> ChildView:
        allowed: Sequence[str] = ()
        if row.machine in self._context.definitions:
            # one that can't be read, or has gone, must not hide what its parent waits for
            with contextlib.suppress(StateholdError):
                allowed = (await self.read(row.ref, caller)).allowed
        return ChildView(
            machine=row.machine,
            id=row.id,
            status=row.status,
            state=list(row.state),
            since=row.since,
            owners=list(row.owners),
            allowed=list(allowed),
            next_at=row.wake_at,
            incidents=row.incidents,
        )

    async def _row(self, ref: Ref) -> Row:
        """As ``_held``, also of an instance that can't be read: its journal shows what it was."""
        try:
            return (await self._held(ref)).row
        except InstanceUnreadable:
            rows = await self._store.load([ref])
            if ref not in rows:
                raise UnknownInstance(ref.machine, ref.id) from None
            return rows[ref]

    async def _journal_before(self, ref: Ref, seq: int, limit: int) -> Sequence[Entry]:
        entries = await self._store.journal_before(ref, seq, limit)
        if not entries:
            # it was purged since it was looked at
            raise UnknownInstance(ref.machine, ref.id)
        return entries

    async def _whole_steps(self, ref: Ref, after: int, limit: int) -> Sequence[Entry]:
        """``limit`` entries of the steps above ``after``, each step whole: the next page begins
        after a step, and the rest of one would be lost."""
        entries = await self._store.journal(ref, (after + 1, -1), limit)
        if len(entries) < limit:
            return entries
        last = entries[-1].seq
        beyond = await self._store.journal(ref, _place(entries[-1]), 1)
        if not beyond or beyond[0].seq != last:
            return entries
        if entries[0].seq != last:
            return [entry for entry in entries if entry.seq != last]
        while True:
            more = await self._store.journal(ref, _place(entries[-1]), PAGE_LIMIT)
            entries += [entry for entry in more if entry.seq == last]
            if len(entries) > STEP_LINES:
                what = f"step {last} of {ref.machine}/{ref.id}, which can only be watched,"
                raise TooLarge(what, len(entries), STEP_LINES, "lines")
            if len(more) < PAGE_LIMIT or more[-1].seq != last:
                return entries

    async def _data_at(self, ref: Ref, entries: Sequence[Entry]) -> dict[int, Any]:
        """The data after each of these steps."""
        first = entries[0].seq
        before = await self._journal_before(ref, first, CHECKPOINT + 1)
        data = _folded(before)
        values: dict[int, Any] = {first: data}
        for entry in entries:
            if entry.part == 0 and entry.seq > first:
                data = values[entry.seq] = _next(data, _body_of(entry))
        return values


def _body_of(entry: Entry) -> JournalBody:
    try:
        return _body(entry.body)
    except (msgspec.MsgspecError, RecursionError) as error:
        why = f"the line {entry.seq}.{entry.part} of its journal can't be read: {error}"
        raise InstanceUnreadable(entry.machine, entry.id, 0, why) from error


def _place(entry: Entry) -> tuple[int, int]:
    return (entry.seq, entry.part)


def _next(data: Any, body: JournalBody) -> Any:
    if body.data is not UNSET:
        return body.data
    return data if body.change is None else apply_change(data, body.change)


def _folded(entries: Sequence[Entry]) -> Any:
    """The data after the first of these, which are newest first and reach a whole one."""
    changes: list[JournalBody] = []
    for entry in entries:
        body = _body_of(entry)
        changes.append(body)
        if body.data is not UNSET:
            break
    else:
        last = entries[0]
        why = f"its journal has no whole data within {len(entries)} steps before seq {last.seq}"
        raise InstanceUnreadable(last.machine, last.id, 0, why)
    data: Any = None
    for body in reversed(changes):
        data = _next(data, body)
    return data


def _shown(entry: Entry, values: Mapping[int, Any]) -> JournalEntry:
    body = _body_of(entry)
    return JournalEntry(
        seq=entry.seq,
        part=entry.part,
        at=entry.at,
        kind=entry.kind,
        version=body.version,
        state=list(body.state),
        status=body.status,
        event=body.event,
        key=shown_key(entry.key),
        caller=body.caller,
        cause=body.cause,
        steps=[msgspec.to_builtins(microstep) for microstep in body.steps],
        change=body.change,
        data=values.get(entry.seq) if entry.part == 0 else None,
        effects=[msgspec.to_builtins(effect) for effect in body.effects],
        timers=body.timers,
        sent=list(body.sent),
        emitted=list(body.emitted),
        output=body.output,
        reason=body.reason,
        trace=body.trace,
    )


def summary_of(row: Row) -> Summary:
    return Summary(
        machine=row.machine,
        id=row.id,
        version=row.version,
        seq=row.seq,
        status=row.status,
        state=list(row.state),
        tags=list(row.tags),
        owners=list(row.owners),
        indexes=dict(row.indexes),
        created_at=row.created_at,
        since=row.since,
        changed_at=row.changed_at,
        next_at=row.wake_at,
        deadline=row.deadline,
        incidents=row.incidents,
    )
