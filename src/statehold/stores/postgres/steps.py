"""The steps of a migration that copies tables, and how far an unfinished one has come.

Such a migration's file has a line before each step, and each is a transaction of its own:

``-- step: NAME``
    Statements that are run once. The first step belongs to the transaction that records the
    migration: from then on, no other release runs on the database.
``-- copy: TABLE``
    A statement that copies the next rows by their key. It takes the position that the last ones
    reached, NULL at first, and how many rows to copy, and returns the new position and how many
    rows it copied; nothing, once all are copied.
``-- renumber: configurations``
    One that reads configurations in the same way, for :func:`_renumber` to copy.

The table ``unfinished_migration`` has a row for each step that is left, which the step's own
transactions change: whatever ends a migration, the next one goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from statehold.errors import StoreRefused
from statehold.stores.columns import (
    DamagedConfiguration,
    StoredConfiguration,
    configuration_columns,
    configuration_number,
    configuration_of,
)
from statehold.stores.postgres.connections import AnyConnection
from statehold.stores.queries import Migration

_LINE = re.compile(r"^-- (step|copy|renumber): (.+)$", re.MULTILINE)

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
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL maintenance_work_mem = '512MB';
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
    kind: Literal["step", "copy", "renumber"]
    name: str
    sql: str


class Progress(Struct, frozen=True):
    """``step`` of a migration, the ``place``-th ``of`` all, has taken ``rows`` so far."""

    migration: str
    step: str
    place: int
    of: int
    rows: int
    is_done: bool


class Waiting(Struct, frozen=True):
    """Another process migrates the database; this one waits until it has ended."""


Report = Callable[[Progress | Waiting], None]


def steps_of(migration: Migration) -> tuple[Step, ...]:
    """None for a migration that is one transaction."""
    parts = _LINE.split(migration.sql)[1:]
    return tuple(
        Step(kind, name, sql)  # type: ignore[arg-type]
        for kind, name, sql in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


async def is_unfinished(db: AnyConnection) -> bool:
    return bool(await db.fetchval("SELECT to_regclass('unfinished_migration') IS NOT NULL"))


async def begin(db: AnyConnection, steps: Sequence[Step]) -> None:
    """Runs the first step and notes the others, in the caller's transaction."""
    await db.execute(steps[0].sql)
    await db.execute(_PROGRESS)
    await db.executemany(
        "INSERT INTO unfinished_migration (place, step, rows, is_done) VALUES ($1, $2, 0, false)",
        [(place, step.name) for place, step in enumerate(steps[1:], 2)],
    )


async def go_on(db: AnyConnection, migration: Migration, report: Report) -> None:
    """Runs what is left of a migration, to its end."""
    steps = steps_of(migration)
    for place, step in enumerate(steps[1:], 2):
        size, is_done = _FIRST, False
        while not is_done:
            began = monotonic()
            async with db.transaction():
                await db.execute(_SETTINGS)
                noted = await db.fetchrow(
                    "SELECT position, rows, is_done FROM unfinished_migration WHERE place = $1 "
                    "FOR UPDATE",
                    place,
                )
                assert noted is not None
                position, rows, is_done = noted
                if is_done:
                    break
                position, taken = await _run(db, step, position, size)
                rows, is_done = rows + taken, position is None or taken < size
                await db.execute(
                    "UPDATE unfinished_migration SET position = coalesce($2, position), rows = $3, "
                    "is_done = $4 WHERE place = $1",
                    place,
                    position,
                    rows,
                    is_done,
                )
                if place == len(steps):
                    # the last commit waits for the disk, and with it for all before
                    await db.execute("SET LOCAL synchronous_commit = on")
                    await db.execute("DROP TABLE unfinished_migration")
            report(Progress(migration.name, step.name, place, len(steps), rows, is_done))
            size = _next_size(size, monotonic() - began)


def _next_size(size: int, seconds: float) -> int:
    if seconds > 2 * _SECONDS:
        return max(_FEWEST, size // 2)
    return min(_MOST, size * 2) if seconds < _SECONDS / 2 else size


async def _run(
    db: AnyConnection, step: Step, position: Sequence[str] | None, size: int
) -> tuple[Sequence[str] | None, int]:
    """The position after it, None at the end, and how many rows it took."""
    if step.kind == "step":
        await db.execute(step.sql)
        return None, 0
    if step.kind == "renumber":
        return await _renumber(db, await db.fetch(step.sql, position, size))
    found = await db.fetchrow(step.sql, position, size)
    return (None, 0) if found is None else (found["position"], found["rows"])


async def _renumber(db: AnyConnection, found: Sequence[Any]) -> tuple[Sequence[str] | None, int]:
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
