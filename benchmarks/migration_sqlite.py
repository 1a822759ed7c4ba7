"""How long migration 0006 of SQLite takes.

::

    python -m benchmarks.migration_sqlite                        # a million instances of ten lines
    python -m benchmarks.migration_sqlite --instances 20000      # a short run
"""

from __future__ import annotations

import argparse
import logging
import resource
from pathlib import Path
from time import perf_counter

from benchmarks.place import working_directory
from statehold.stores.sqlite.file import SqliteFile
from tests.stores.old_sqlite import make_old


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=10, help="of each instance's journal")
    parser.add_argument("--directory", type=Path, help="where the file is made")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with working_directory(chosen.directory) as place:
        measure(place / "old.db", chosen.instances, chosen.lines)


def measure(path: Path, instances: int, lines: int) -> None:
    began = perf_counter()
    make_old(path, instances, lines)
    print(f"{instances:,} instances of {lines} lines made in {perf_counter() - began:.0f} s")
    print(f"{_gigabytes(path):.2f} GB before", flush=True)
    began = perf_counter()
    file = SqliteFile(path, "benchmark")
    print(f"migrated in {perf_counter() - began:.1f} s")
    file.close()
    print(f"{_gigabytes(path):.2f} GB after")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{most:.0f} MB of memory at most, those for making it included")


def _gigabytes(path: Path) -> float:
    """With what SQLite keeps beside it."""
    files = (path.with_name(path.name + end) for end in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists()) / 1e9


if __name__ == "__main__":
    main()
