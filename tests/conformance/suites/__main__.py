"""Runs a folder of SCXML cases: ``python -m tests.conformance.suites FOLDER [NAME …]``.

Prints each case that failed or was not run, with its reason, then the counts. NAME keeps those
cases whose names hold it. The exit code is 1 if any failed.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

from tests.conformance.suites.cases import Ending, Verdict, find, run


def main(arguments: list[str]) -> int:
    if not any(arguments):
        sys.stderr.write("name a folder of SCXML documents: make conformance SUITE=folder\n")
        return 2
    folder = Path(arguments[0])
    try:
        cases = find(folder)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    wanted = [case for case in cases if not arguments[1:] or _is_named(case.name, arguments[1:])]
    endings = [asyncio.run(run(case)) for case in wanted]
    sys.stdout.writelines(f"{line}\n" for line in report(endings))
    return int(any(ending.verdict is Verdict.FAILED for ending in endings))


def report(endings: list[Ending]) -> list[str]:
    """One line for each case that did not pass, then the counts."""
    lines = []
    for ending in endings:
        if ending.verdict is not Verdict.PASSED:
            optional = "" if ending.case.mandatory else " (optional)"
            lines.append(f"{ending.verdict.value} {ending.case.name}{optional}: {ending.why}")
    optional_ones = [ending for ending in endings if not ending.case.mandatory]
    if optional_ones:
        lines.append(f"mandatory: {_counts([e for e in endings if e.case.mandatory])}")
        lines.append(f"optional: {_counts(optional_ones)}")
    return [*lines, _counts(endings)]


def _counts(endings: list[Ending]) -> str:
    counted = Counter(ending.verdict for ending in endings)
    return ", ".join(f"{counted[verdict]} {verdict.value}" for verdict in Verdict)


def _is_named(name: str, wanted: list[str]) -> bool:
    return any(part in name for part in wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
