"""The stores of processes under test; and ones with a mistake, to see that the auditors find it.

``STATEHOLD_TEST_BUG`` names one. Each is what a plausible slip in a store would do: it forgets a
column, a key, a row, a check. With ``STATEHOLD_TEST_SPREAD``, each statement of a PostgreSQL store
takes one partition.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from statehold.records import Write
from statehold.store import Store, WriteResult
from statehold.stores import SqliteStore, open_store
from statehold.stores.address import is_shared
from statehold.stores.postgres.store import PostgresStore

BUG_VARIABLE = "STATEHOLD_TEST_BUG"
SPREAD_VARIABLE = "STATEHOLD_TEST_SPREAD"

#: for which one that was taken for dead is nobody, and has time to write all the same
SLOW_SECONDS = 1.5

#: what becomes of each write on its way in; None: it is dropped, and called written
Slip = Callable[[Write], Write | None]


def forget_keys(write: Write) -> Write:
    """A request that is sent again is applied again."""
    return replace(write, entries=[replace(entry, key=None, reply=None) for entry in write.entries])


def lose_writes(write: Write) -> Write | None:
    """Now and then nothing is written and all is said to be well."""
    return None if write.row.seq % 4 == 3 and write.row.machine == "ledger" else write


def lose_entries(write: Write) -> Write:
    """The row is written without what it says of itself."""
    return replace(write, entries=()) if write.row.seq == 3 else write


def hasten_timers(write: Write) -> Write:
    """A timer that was set fires before its time."""
    return _with_document(write, _hastened)


def repeat_timers(write: Write) -> Write:
    """A timer that fired is still there."""
    fired = [json.loads(e.body)["event"]["timer"] for e in write.entries if e.kind == "timer"]

    def again(document: dict[str, Any]) -> None:
        at = write.row.changed_at
        document["timers"] = [
            *document.get("timers", ()),
            *({"id": timer, "state": "cooking", "due": at.isoformat()} for timer in fired),
        ]

    if not fired or write.row.seq > 12:
        return write
    other = _with_document(write, again)
    return replace(other, row=replace(other.row, wake_at=write.row.changed_at))


def lose_holders(write: Write) -> Write:
    """Whoever looks for a dead worker's work does not find it."""
    return replace(write, row=replace(write.row, held_by=()))


def lose_messages(write: Write) -> Write:
    """What is sent within a step is not put into the mailbox."""
    return replace(write, messages=[m for m in write.messages if m.kind != "event"])


def _hastened(document: dict[str, Any]) -> None:
    for timer in document.get("timers", ()):
        due = datetime.fromisoformat(timer["due"]) - timedelta(milliseconds=35)
        timer["due"] = due.isoformat()


def _with_document(write: Write, change: Callable[[dict[str, Any]], None]) -> Write:
    document = json.loads(write.row.document)
    change(document)
    row = replace(write.row, document=json.dumps(document).encode())
    if row.wake_at is not None and document.get("timers"):
        row = replace(row, wake_at=row.wake_at - timedelta(milliseconds=35))
    return replace(write, row=row)


SLIPS: dict[str, Slip] = {
    slip.__name__: slip
    for slip in (
        forget_keys,
        lose_writes,
        lose_entries,
        hasten_timers,
        repeat_timers,
        lose_holders,
        lose_messages,
    )
}


#: what ``STATEHOLD_TEST_BUG`` may name
BUGS = (*SLIPS, "no_fence")


class SlippingSqlite(SqliteStore):
    slip: Slip

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        return await _slipping(self.slip, super().commit, writes)


class SlippingPostgres(PostgresStore):
    slip: Slip

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        return await _slipping(self.slip, super().commit, writes)


class UnfencedPostgres(PostgresStore):
    """Writes whether or not its worker is alive, and is slow to join again."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        checked = "SELECT f.slot FROM fences AS f WHERE f.worker = $1 AND true FOR KEY SHARE"
        unchecked = "SELECT 0 AS slot WHERE $1::text IS NOT NULL"
        texts = self._q._sql
        for name in ("advance", "fence"):
            assert checked in texts[name]
            texts[name] = texts[name].replace(checked, unchecked)

    async def join(self, worker: str, lease: timedelta) -> None:
        if "#" in worker:
            await asyncio.sleep(SLOW_SECONDS)
        await super().join(worker, lease)


async def _slipping(
    slip: Slip,
    commit: Callable[[Sequence[Write]], Any],
    writes: Sequence[Write],
) -> list[WriteResult]:
    kept: list[Write] = []
    dropped: set[Any] = set()
    for write in writes:
        # a function that is an attribute of a class takes its instance for its argument
        changed = slip(write)
        if changed is None:
            dropped.add(write.row.ref)
        else:
            kept.append(changed)
    outcomes = iter(await commit(kept))
    return [WriteResult.WRITTEN if write.row.ref in dropped else next(outcomes) for write in writes]


def store_of(dsn: str) -> Store:
    """The store at the address, in the form and with the mistake that the environment asks for."""
    bug = os.environ.get(BUG_VARIABLE)
    if not bug:
        is_spread = bool(os.environ.get(SPREAD_VARIABLE)) and is_shared(dsn)
        return PostgresStore(dsn, spread=True) if is_spread else open_store(dsn)
    if bug == "no_fence":
        return UnfencedPostgres(dsn)
    return slipping(dsn, SLIPS[bug])


def slipping(dsn: str, slip: Slip) -> Store:
    made: SlippingSqlite | SlippingPostgres
    if dsn.startswith("sqlite:///"):
        made = SlippingSqlite(dsn.removeprefix("sqlite:///"))
    else:
        made = SlippingPostgres(dsn)
    made.slip = slip
    return made
