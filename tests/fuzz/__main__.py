"""Fuzzes what reads documents from outside: ``python -m tests.fuzz xstate --seconds 600``.

The seed is printed, and the same one makes the same documents. Each finding's document is saved.
The exit status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import Bounds, Report, fuzz
from tests.fuzz.target import places


def main() -> int:
    known = places()
    arguments = _arguments(sorted(known))
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    found = 0
    for name in arguments.target:
        report = fuzz(
            known[name],
            seed=seed,
            executions=arguments.executions,
            seconds=arguments.seconds,
            bounds=Bounds(arguments.bound, arguments.megabytes),
        )
        _print(report, arguments.save, arguments.outcomes)
        found += len(report.findings)
    return min(found, 1)


def _arguments(known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="+", choices=known, metavar="TARGET", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--executions", type=int, default=10**12, help="documents, at most")
    parser.add_argument("--seed", type=int, help="a number; a new one unless given")
    parser.add_argument("--bound", type=float, default=2.0, help="seconds one document may take")
    parser.add_argument("--megabytes", type=int, default=512, help="that one document may take")
    parser.add_argument(
        "--save",
        type=Path,
        default=Path(tempfile.gettempdir()) / "statehold-fuzz",
        help="a folder for documents that something was found with",
    )
    parser.add_argument("--outcomes", type=int, default=10, help="how many of them are listed")
    return parser.parse_args()


def _print(report: Report, folder: Path, listed: int) -> None:
    for finding in report.findings:
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(finding.document).hexdigest()[:12]
        path = folder / f"{report.target}-{finding.outcome.kind}-{digest}"
        path.write_bytes(finding.document)
        print(f"{finding.outcome.kind}: {finding.outcome.what}\n  {len(finding.document)} bytes")
        print(f"  in {path}")
    for outcome, count in report.outcomes.most_common(listed):
        print(f"{count:>9}  {outcome.kind}  {outcome.what[:100]}")
    print(
        f"{report.target}: {report.executions} documents from --seed {report.seed} in "
        f"{report.seconds:.1f} s, {report.executions / max(report.seconds, 1e-9):.0f} a second, "
        f"{len(report.outcomes)} distinct outcomes, {len(report.findings)} findings",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
