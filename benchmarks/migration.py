"""How long migration 0006 of PostgreSQL takes, and when each of its steps ends; two run at once.

::

    python -m benchmarks.migration                        # a million instances of ten lines each
    python -m benchmarks.migration --instances 20000      # a short run
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from time import perf_counter

import asyncpg

from benchmarks.database import server
from benchmarks.table import print_table
from statehold.stores.postgres.migrate import upgrade
from statehold.stores.postgres.progress import Progress, Waiting
from tests.stores.old_database import make_old


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=10, help="of each instance's journal")
    chosen = parser.parse_args()
    with server() as started:
        asyncio.run(measure(started.create_database("old"), chosen.instances, chosen.lines))
        print(f"data and log at the end: {_size(started.folder):,.1f} GB")


async def measure(dsn: str, instances: int, lines: int) -> None:
    began = perf_counter()
    await make_old(dsn, instances, lines)
    print(f"{instances:,} instances of {lines} lines made in {perf_counter() - began:.0f} s")
    print(f"{await _database_size(dsn):,.1f} GB before", flush=True)
    began = perf_counter()
    ended: list[list[str]] = []

    def note(progress: Progress | Waiting) -> None:
        if isinstance(progress, Progress) and progress.is_done:
            ended.append([progress.step, f"{progress.rows:,}", f"{perf_counter() - began:.1f}"])

    await upgrade(dsn, report=note)
    print_table("migration 0006", ["step", "rows", "ended after s"], ended)
    print(f"{await _database_size(dsn):,.1f} GB after")


async def _database_size(dsn: str) -> float:
    db = await asyncpg.connect(dsn)
    try:
        return float(await db.fetchval("SELECT pg_database_size(current_database())")) / 1e9
    finally:
        await db.close()


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


if __name__ == "__main__":
    main()
