"""``make chaos FOR=1800``: so many seconds of trouble, and how many violations they brought out.

First processes die around every statement that writes, on SQLite and on PostgreSQL in both forms of
its statements, as far as a third of the time allows; then rounds of chaos on PostgreSQL follow one
another, each with a seed of its own, till the time is over. STATEHOLD_SEED chooses the first one's,
and the order of the moments; in rounds with an odd seed, each statement takes one partition.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from statehold.stores.postgres.migrate import upgrade
from tests.acceptance.chaos import round
from tests.acceptance.chaos.bugs import BUGS
from tests.acceptance.chaos.deaths import (
    Player,
    Stage,
    count_moments,
    die_at,
    on_postgres,
    on_sqlite,
)
from tests.acceptance.chaos.seed import choose_seed
from tests.servers.postgres import PostgresServer

#: seconds of faults in one round; the search for an order of operations wants short histories
ROUND_SECONDS = 60.0
#: of the time, for deaths at numbered moments
DEATHS_SHARE = 1 / 3
#: moments that are tried between two looks at the clock, and how many at a time
CHUNK, PLAYERS = 16, 4
_TEMPLATE = "statehold_template"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def deaths(stage: Stage, name: str, seed: int, until: float, *, spread: bool = False) -> int:
    """As many of the moments as there is time for, in an order of chance; gives the violations."""
    tried = died = violations = 0
    with ExitStack() as stack:
        players = [stack.enter_context(Player(spread=spread)) for _ in range(PLAYERS)]
        moments = list(range(1, len(count_moments(stage, players[0])) + 1))
        total = len(moments)
        random.Random(seed).shuffle(moments)
        while moments and time.monotonic() < until:
            some, moments = moments[:CHUNK], moments[CHUNK:]
            found = die_at(stage, players, some, seed)
            tried, died = tried + found.tried, died + found.died
            violations += len(found.violations)
            for violation in found.violations:
                say(f"VIOLATION on {name}, {violation}")
    say(f"{name}: {tried} of {total} moments tried, {died} deaths, {violations} violations")
    return violations


def rounds(seed: int, until: float, bug: str) -> int:
    """One after another, the first with this seed; at least one. Gives the violations."""
    chance = random.Random(seed)
    violations = 0
    while True:
        seconds = max(10.0, min(ROUND_SECONDS, until - time.monotonic()))
        with PostgresServer() as server, tempfile.TemporaryDirectory() as folder:
            dsn = asyncio.run(round.prepared(server))
            going = round.run(
                server, dsn, Path(folder), seed, seconds, bug=bug, spread=seed % 2 == 1
            )
            report = asyncio.run(going)
            for violation in report.violations:
                say(f"VIOLATION in the round of seed {seed}: {violation}")
            if report.violations:
                keep_log(Path(folder) / "workers.log", seed)
        violations += len(report.violations)
        say(str(report))
        if time.monotonic() > until:
            return violations
        seed = chance.getrandbits(32)


def keep_log(log: Path, seed: int) -> None:
    kept = Path(tempfile.gettempdir()) / f"statehold-chaos-{seed}.log"
    kept.write_bytes(log.read_bytes())
    say(f"the workers' log is kept as {kept}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--no-deaths", action="store_true", help="rounds of chaos alone")
    parser.add_argument("--bug", default="", choices=["", *BUGS], help="plant this into the store")
    options = parser.parse_args()
    begun = time.monotonic()
    seed = choose_seed()
    violations = 0
    if not options.no_deaths and not options.bug:
        share = options.seconds * DEATHS_SHARE / 3
        violations += deaths(on_sqlite, "SQLite", seed, begun + share)
        with PostgresServer() as server:
            asyncio.run(upgrade(server.create_database(_TEMPLATE), "after"))
            stage = on_postgres(server, _TEMPLATE)
            violations += deaths(stage, "PostgreSQL", seed, begun + 2 * share)
            name = "PostgreSQL, one partition a statement"
            violations += deaths(stage, name, seed, begun + 3 * share, spread=True)
    violations += rounds(seed, begun + options.seconds, options.bug)
    say(f"{violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
