"""Shows what a migration does while it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

import msgspec

from statehold.cli.terminal import Terminal
from statehold.stores.postgres.progress import Progress, Report, Waiting

#: how often a step that goes on is shown
SECONDS = 5.0


def progress_lines(clock: Callable[[], float] = monotonic) -> Report:
    """Prints a line for each step that has ended, and now and then for one that goes on."""
    console = Terminal()
    last = clock()

    def show(report: Progress | Waiting) -> None:
        nonlocal last
        if isinstance(report, Waiting):
            console.say("another process migrates this database; waiting until it has ended")
            return
        if not report.is_done and clock() - last < SECONDS:
            return
        last = clock()
        rows = f": {report.rows:,} rows" if report.rows else ""
        ended = f" (step {report.place} of {report.of} is done)" if report.is_done else ""
        console.say((report.migration, "dim"), f" {report.step}{rows}{ended}")

    return show


def progress_documents(report: Progress | Waiting) -> None:
    """Writes each to stderr, a JSON object on a line: stdout is for the result."""
    what = "waiting" if isinstance(report, Waiting) else "progress"
    sys.stderr.write(msgspec.json.encode({what: report}).decode() + "\n")
    sys.stderr.flush()
