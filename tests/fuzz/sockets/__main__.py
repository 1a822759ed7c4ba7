"""Attacks a server at its socket: ``python -m tests.fuzz.sockets --seconds 600``.

The exit status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.fuzz.sockets.run import attack
from tests.fuzz.sockets.server import served

#: megabytes that the server may ever have
MEMORY_LIMIT = 500


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.sockets", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="a number; a new one unless given")
    parser.add_argument("--bound", type=float, default=1.0, help="seconds a look may take")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().getrandbits(32)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), "--put") as server:
        report = asyncio.run(attack(server, seed=seed, seconds=given.seconds, bound=given.bound))
    if report.peak_megabytes > MEMORY_LIMIT:
        report.findings.append(f"{report.peak_megabytes} MB, more than {MEMORY_LIMIT}")
    answers = ", ".join(f"{count} of {status}" for status, count in sorted(report.statuses.items()))
    lines = [
        *report.findings,
        *(f"answered with 500: {data[:300]!r}" for data in report.failed[:3]),
    ]
    lines.append(
        f"sockets: {report.attacks} attacks over {report.connections} connections from --seed "
        f"{seed} in {report.seconds:.0f} s; answers: {answers}; {report.looks} looks, the slowest "
        f"{report.slowest:.2f} s; {report.peak_megabytes} MB at most; "
        f"{len(report.findings)} findings"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return min(len(report.findings), 1)


if __name__ == "__main__":
    sys.exit(main())
