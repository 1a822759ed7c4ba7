"""Runs seeds one after the other: ``python -m tests.simulation --seconds 1800``.

``STATEHOLD_SEED`` names the first one; with ``--runs 1`` it is the only one. The last line says how
many of them found a violation, which is the exit status too.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from tests.simulation.run import Report, plan_of, simulate


def main() -> int:
    arguments = _arguments()
    first = int(os.environ.get("STATEHOLD_SEED") or random.SystemRandom().getrandbits(32))
    until = time.monotonic() + arguments.seconds
    runs = violations = 0
    virtual = 0.0
    while runs < arguments.runs and time.monotonic() < until:
        report = simulate(first + runs, plan_of(first + runs))
        runs += 1
        virtual += report.seconds
        violations += bool(report.findings)
        _tell(report, arguments.trace)
    print(f"{runs} runs from STATEHOLD_SEED={first}, {virtual / 3600:.1f} h of virtual time")
    print(f"{violations} violations")
    return min(violations, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="real ones, for all runs")
    parser.add_argument("--runs", type=int, default=10**9, help="at most")
    parser.add_argument("--trace", type=Path, help="a folder for what happened in each bad run")
    return parser.parse_args()


def _tell(report: Report, folder: Path | None) -> None:
    print(
        f"STATEHOLD_SEED={report.seed} {report.digest[:12]} {report.steps} steps, "
        f"{report.counts['acknowledged']} acknowledged, {len(report.findings)} findings",
        flush=True,
    )
    for finding in report.findings:
        print(f"  {finding}")
    if folder is not None and report.findings:
        path = folder / f"{report.seed}.txt"
        path.write_text("\n".join(report.trace), encoding="utf-8")
        print(f"  what happened is in {path}")


if __name__ == "__main__":
    sys.exit(main())
