"""Migrates a database in many small transactions, with a line of output for each, for a test that
kills this process."""

from __future__ import annotations

import asyncio
import sys

from statehold.stores.postgres import steps
from statehold.stores.postgres.migrate import upgrade


def say(report: object) -> None:
    sys.stdout.write(f"{report}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    steps._FEWEST = steps._FIRST = steps._MOST = 37
    asyncio.run(upgrade(sys.argv[1], report=say))
