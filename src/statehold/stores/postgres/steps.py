"""The steps of a migration that copies tables, and how far an unfinished one has come.

Such a migration's file has a line before each step, and each is a transaction of its own:

``-- step: NAME``
    Statements that are run once. The first step belongs to the transaction that records the
    migration: from then on, no other release runs on the database.
``-- copy: TABLE`` or ``-- copy: TABLE in N parts``
    A statement that copies the next rows by their key. It takes the position that the last ones
    reached, NULL at first, how many rows to copy, and the part; it returns the new position and
    how many rows it copied, or nothing if there are no more. A part is a step.
``-- renumber: configurations``
    One that reads configurations in the same way, for :func:`_renumber` to copy.
``-- check: NAME``
    One that says what differs between the rows that were copied and those that are there, or NULL.
``-- barrier``
    Steps above it are at their end before those below it begin; the others may run at the same
    time.

The table ``unfinished_migration`` has a row for each step that is left, which the step's own
transactions change: whatever ends a migration, the next one goes on where it was.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple

from statehold.errors import StoreRefused
from statehold.stores.columns import (
    DamagedConfiguration,
    StoredConfiguration,
    configuration_columns,
    configuration_number,
    configuration_of,
)
from statehold.stores.postgres.connections import AnyConnection
from statehold.stores.postgres.pooled import DriverConnection
from statehold.stores.postgres.progress import Progress, Report
from statehold.stores.queries import Migration

_LINE = re.compile(r"^-- (step|copy|renumber|check): (.+?)(?: in (\d+) parts)?$", re.MULTILINE)
_BARRIER = re.compile(r"^-- barrier$", re.MULTILINE)

#: rows of one transaction: as many as take about a second
_FEWEST, _FIRST, _MOST = 100, 2_000, 100_000
_SECONDS = 1.0

#: nothing that a transaction here writes is lost unless all later ones are, so none but the last
#: has to be on the disk before the next begins
_SETTINGS = """
SET LOCAL synchronous_commit = off;
SET LOCAL lock_timeout = 0;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL maintenance_work_mem = '256MB';
"""
#: the next rows are found by the key, whatever the statistics say
_COPYING = """
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
"""

_PROGRESS = """
CREATE TABLE unfinished_migration (
    place    integer PRIMARY KEY,
    step     text    NOT NULL,
    position text[],
    rows     bigint  NOT NULL,
    is_done  boolean NOT NULL
)
"""


class Step(NamedTuple):
    """The ``place``-th of its migration. ``arguments`` of its statement are those after the
    position and the number of rows."""

    place: int
    kind: str
    name: str
    sql: str
    arguments: tuple[int, ...]


def stages_of(migration: Migration) -> list[list[Step]]:
    """Steps that may run at the same time, in the order of the stages; none for a migration that
    is one transaction."""
    stages: list[list[Step]] = []
    place = 0
    for section in _BARRIER.split(migration.sql):
        lines = _LINE.split(section)[1:]
        stage: list[Step] = []
        for kind, name, parts, sql in zip(*(lines[n::4] for n in range(4)), strict=True):
            for part in range(1, int(parts or 1) + 1):
                place += 1
                of_all = f"{name} {part} of {parts}" if parts else name
                stage.append(Step(place, kind, of_all, sql, (part,) if parts else ()))
        stages.append(stage)
    return [stage for stage in stages if stage]


#: beside the other tables, and not one of another program
_UNFINISHED = """
SELECT count(*) = 2
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relname = 'unfinished_migration' AND a.attname IN ('place', 'is_done')
  AND c.relnamespace = (SELECT relnamespace FROM pg_class
                        WHERE oid = to_regclass('schema_migrations'))
"""


async def is_unfinished(db: AnyConnection) -> bool:
    return bool(await db.fetchval(_UNFINISHED))


async def begin(db: DriverConnection, stages: Sequence[Sequence[Step]]) -> None:
    """Runs the first step and notes the others, in the caller's transaction."""
    first, *others = (step for stage in stages for step in stage)
    await db.execute(first.sql)
    await db.execute(_PROGRESS)
    await db.executemany(
        "INSERT INTO unfinished_migration (place, step, rows, is_done) VALUES ($1, $2, 0, false)",
        [(step.place, step.name) for step in others],
    )


async def go_on(
    connections: Sequence[DriverConnection], migration: Migration, report: Report
) -> None:
    """Runs what is left of a migration, to its end; as many steps at once as there are
    connections."""
    stages = stages_of(migration)
    last = stages[-1][-1].place
    for stage in stages:
        left = iter(step for step in stage if step.place > 1)
        workers = [
            asyncio.create_task(_work(db, migration, left, last, report)) for db in connections
        ]
        try:
            await asyncio.gather(*workers)
        except BaseException:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise


async def _work(
    db: DriverConnection, migration: Migration, left: Iterator[Step], last: int, report: Report
) -> None:
    for step in left:
        size, is_done = _FIRST, False
        while not is_done:
            began = monotonic()
            async with db.transaction():
                await db.execute(_SETTINGS)
                advanced = await _advance(db, step, size)
                if advanced is None:
                    break
                rows, is_done = advanced
                if step.place == last:
                    # this commit waits for the disk, and with it for all before
                    await db.execute("SET LOCAL synchronous_commit = on")
                    await db.execute("DROP TABLE unfinished_migration")
            report(Progress(migration.name, step.name, step.place, last, rows, is_done))
            size = _next_size(size, monotonic() - began)


async def _advance(db: DriverConnection, step: Step, size: int) -> tuple[int, bool] | None:
    """One batch of a step: how many rows it has taken in all, and whether that was its end. None:
    it was at its end before."""
    noted = await db.fetchrow(
        "SELECT position, rows, is_done FROM unfinished_migration WHERE place = $1 FOR UPDATE",
        step.place,
    )
    assert noted is not None
    position, rows, is_done = noted
    if is_done:
        return None
    position, taken = await _run(db, step, position, size)
    rows, is_done = rows + taken, taken < size
    await db.execute(
        "UPDATE unfinished_migration SET position = $2, rows = $3, is_done = $4 WHERE place = $1",
        step.place,
        position,
        rows,
        is_done,
    )
    return rows, is_done


def _next_size(size: int, seconds: float) -> int:
    if seconds > 2 * _SECONDS:
        return max(_FEWEST, size // 2)
    return min(_MOST, size * 2) if seconds < _SECONDS / 2 else size


async def _run(
    db: DriverConnection, step: Step, position: Sequence[str] | None, size: int
) -> tuple[Sequence[str] | None, int]:
    """The position after it, and how many rows it took: fewer than ``size`` at the end."""
    if step.kind == "step":
        await db.execute(step.sql)
        return None, 0
    if step.kind == "check":
        if differs := await db.fetchval(step.sql):
            raise StoreRefused(
                f"not all was copied: {differs}; a program may have changed the old tables, which "
                "are still there under names that begin with old_. Restore the backup and begin "
                "anew, or compare them with the new ones, and to go on, UPDATE "
                f"unfinished_migration SET is_done = true WHERE step = '{step.name}'"
            )
        return None, 0
    await db.execute(_COPYING)
    if step.kind == "renumber":
        return await _renumber(db, await db.fetch(step.sql, position, size))
    found = await db.fetchrow(step.sql, position, size, *step.arguments)
    return (None, 0) if found is None else (found["position"], found["rows"])


async def _renumber(db: DriverConnection, found: Sequence[Any]) -> tuple[Sequence[str] | None, int]:
    """Copies configurations under their new numbers; those of equal content become one."""
    if not found:
        return None, 0
    numbered = {old: _numbered(columns) for old, *columns in found}
    new = dict(numbered.values())
    await db.executemany(
        "INSERT INTO configurations (number, machine, version, status, state, tags, owners) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        [(number, *columns) for number, columns in new.items()],
    )
    stored = {
        number: tuple(columns)
        for number, *columns in await db.fetch(
            "SELECT number, machine, version, status, state, tags, owners FROM configurations "
            "WHERE number = ANY ($1::bigint[])",
            list(new),
        )
    }
    for old, (number, columns) in numbered.items():
        if stored[number] != columns:
            raise StoreRefused(
                f"the configurations {columns} (number {old}) and {stored[number]} have the same "
                f"hash, {number}; nothing is lost, and this release can't store both"
            )
    await db.executemany(
        "INSERT INTO old_numbers (old, number) VALUES ($1, $2)",
        [(old, number) for old, (number, _) in numbered.items()],
    )
    return [str(max(numbered))], len(numbered)


def _numbered(columns: Sequence[Any]) -> tuple[int, tuple[Any, ...]]:
    """A configuration's number and columns. One that can't be read stays as it is."""
    of = configuration_of(*columns)
    if isinstance(of, DamagedConfiguration):
        # its texts as they are are another content than any lists of names
        return configuration_number(StoredConfiguration(*columns)), tuple(columns)
    return configuration_number(of), configuration_columns(of)
