"""Writes refusals to the audit log, and removes what is old from it.

1. A refusal is noted in memory and written about a second later, so that none waits for the store.
   Acts are written by the commit that does them, and need nothing of this.
2. Equal refusals of one caller in a second are one line that counts them. There are
   ``Limits.audit_lines`` lines a second at most, a fifth of that of one caller, and of a flood
   that goes on one a second. What is beyond is counted in a line of its own: a flood fills no
   disk, and does not go unseen.
3. While the store can't be written, lines wait, ``Limits.audit_waiting`` at most; what is beyond is
   counted too. A process that is killed loses the refusals of its last second.
4. A line that has waited for longer than ``LATE`` gets the time at which it is written, and its own
   into its text: an export, which ends a minute ago and goes on there, has passed its own by then.
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import datetime, timedelta

from msgspec.structs import replace

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.instance.audited import DETAIL_LENGTH, audit_entry
from statehold.records import ANYONE, AuditEntry, Caller
from statehold.store import Store

log = logger(__name__)

#: seconds between a refusal and its writing, and between two attempts where the store fails
GATHER_SECONDS = 1.0
RETRY_SECONDS = 5.0
LATE = timedelta(seconds=30)
#: lines in one transaction
BATCH = 200
#: how long there can be ``Limits.audit_lines`` in each second
BURST_SECONDS = 60
#: of the lines of a second, those of one caller
SHARE = 5
#: between two walks of the purge, and entries that one transaction of it removes
PURGE_EVERY = timedelta(hours=1)
PURGE_BATCH = 1_000

#: of the line that counts refusals which have none
BEYOND = "refusals"

#: name and address
_Who = tuple[str, str]


class Audit:
    """``refused`` can be called from the event loop alone."""

    def __init__(self, store: Store, context: EngineContext) -> None:
        self._store = store
        self._context = context
        #: lines that may be written: one more each second
        self._credit = self._most_credit = context.limits.audit_lines * BURST_SECONDS
        self._second = _Second(0, 0)
        self._waiting: list[AuditEntry] = []
        #: numbers of those that have another time than their own
        self._late: set[int] = set()
        #: refusals whose lines found no room among those that wait, and since when
        self._lost = 0
        self._lost_since: datetime | None = None
        self._writer = BackgroundTask(
            context,
            "audit writer",
            self._walk,
            log,
            "refusals are written to the audit log later",
            gather_seconds=GATHER_SECONDS,
            retry_seconds=RETRY_SECONDS,
        )
        self._purger = BackgroundTask(
            context,
            "audit purger",
            self._purge,
            log,
            "the audit log can't be purged",
            retry_seconds=PURGE_EVERY.total_seconds(),
        )

    def open(self) -> None:
        self._writer.start(None)
        self._purger.start(self._context.now() + PURGE_EVERY)

    async def close(self) -> None:
        """Stops, and writes what is left. What can't be written is counted in the log."""
        await self._purger.stop()
        await self._writer.stop(cancel=False)
        self._seal()
        await self._writer.walk_once()
        if self._waiting:
            extra = about(self._context)
            log.error("%d lines of the audit log are lost", len(self._waiting), extra=extra)

    def refused(
        self, caller: Caller, action: str, machine: str = "", id: str = "", detail: str = ""
    ) -> None:
        """Notes a refusal. Never waits, and never fails."""
        now = self._context.now()
        at = int(now.timestamp())
        if at != self._second.at:
            self._seal()
            passed = max(0, at - self._second.at)
            self._credit = min(self._most_credit, self._credit + passed)
            limit = min(self._context.limits.audit_lines, self._credit)
            self._second = _Second(at, limit)
        self._second.add(
            audit_entry(now, caller, action, machine, id, outcome="refused", detail=detail)
        )
        self._writer.wake()

    def _seal(self) -> None:
        """Takes the lines of the second; no more are added to them."""
        lines = self._second.take()
        self._credit = max(0, self._credit - len(lines))
        room = self._context.limits.audit_waiting - len(self._waiting)
        for line in lines[:room]:
            # with a number from here on, so that a line which is written again is there once
            self._waiting.append(replace(line, number=secrets.randbits(63) or 1))
        for line in lines[room:] if room >= 0 else lines:
            self._lost_since = self._lost_since or line.at
            self._lost += line.times

    async def _walk(self) -> datetime | None:
        end = datetime.fromtimestamp(self._second.at + 1, tz=self._context.now().tzinfo)
        is_over = self._context.now() >= end or self._writer.stopping.is_set()
        if is_over:
            self._seal()
        while self._waiting:
            batch = self._waiting[:BATCH] = [self._in_time(one) for one in self._waiting[:BATCH]]
            await self._store.add_audit(batch)
            del self._waiting[: len(batch)]
            self._late.difference_update(one.number for one in batch)
        if self._lost and self._lost_since is not None:
            lost = _beyond(self._lost_since, ANYONE, self._lost, _NO_ROOM)
            await self._store.add_audit([self._in_time(lost)])
            self._lost, self._lost_since = 0, None
        return None if is_over or self._second.is_empty else end

    def _in_time(self, line: AuditEntry) -> AuditEntry:
        now = self._context.now()
        if now - line.at < LATE:
            return line
        detail = line.detail
        if line.number not in self._late:
            if line.number:
                self._late.add(line.number)
            detail = f"at {line.at:%Y-%m-%dT%H:%M:%SZ}: {detail}"[:DETAIL_LENGTH]
        return replace(line, at=now, detail=detail)

    async def _purge(self) -> datetime:
        days = self._context.limits.audit_days
        before = self._context.now() - timedelta(days=days)
        while await self._store.purge_audit(before, PURGE_BATCH):
            if self._purger.stopping.is_set():
                break
        await self._store.purge_tokens(before)
        return self._context.now() + PURGE_EVERY


_NO_ROOM = "refusals that were not kept one by one, as the store could not be written"
_OF_ONE = "refusals of this caller in this second beyond those with lines of their own"
_OF_ALL = "refusals in this second beyond those with lines of their own"


class _Second:
    """The lines of one second."""

    def __init__(self, at: int, most: int) -> None:
        self.at = at
        self._most = most
        self._of_one = max(1, most // SHARE)
        self._lines: dict[tuple[_Who, str, str, str, str], AuditEntry] = {}
        self._times: Counter[tuple[_Who, str, str, str, str]] = Counter()
        self._of_caller: Counter[_Who] = Counter()
        #: what has no line: of callers that have had theirs, and of the others
        self._beyond: dict[_Who, tuple[AuditEntry, int]] = {}
        self._rest: tuple[AuditEntry, int] | None = None

    @property
    def is_empty(self) -> bool:
        return not self._lines and self._rest is None

    def add(self, entry: AuditEntry) -> None:
        who = (entry.caller, entry.address)
        key = (who, entry.action, entry.machine, entry.id, entry.detail)
        if key in self._lines:
            self._times[key] += 1
        elif self._of_caller[who] >= self._of_one:
            first, times = self._beyond.get(who, (entry, 0))
            self._beyond[who] = (first, times + 1)
        elif len(self._lines) >= self._most:
            first, times = self._rest or (entry, 0)
            self._rest = (first, times + 1)
            # a Counter keeps what it was asked for
            del self._of_caller[who]
        else:
            self._lines[key] = entry
            self._times[key] = 1
            self._of_caller[who] += 1

    def take(self) -> list[AuditEntry]:
        """Its lines, which are not in it any more; what it has counted stays."""
        taken = [replace(entry, times=self._times[key]) for key, entry in self._lines.items()]
        taken += [
            replace(first, action=BEYOND, machine="", id="", detail=_OF_ONE, times=times)
            for first, times in self._beyond.values()
        ]
        if self._rest is not None:
            first, times = self._rest
            taken.append(_beyond(first.at, ANYONE, times, _OF_ALL))
        self._lines, self._beyond, self._rest = {}, {}, None
        self._times.clear()
        return taken


def _beyond(at: datetime, caller: Caller, times: int, detail: str) -> AuditEntry:
    return audit_entry(at, caller, BEYOND, outcome="refused", detail=detail, times=times)
