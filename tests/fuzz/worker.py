"""The process that a target runs in: reads documents from stdin, writes the outcome of each.

``python -m tests.fuzz.worker PLACE MEGABYTES SECONDS``. It writes ``ready``; then a document is
four bytes of length and the bytes, and an answer is a line of JSON,
``["ok" | "refused" | "raised" | "memory", what]``. The parent process reports the rest: that it
died, or gave no answer. A document that takes more than ``SECONDS`` of processor time ends the
process by ``SIGPROF``, within a library's code too.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from statehold.errors import StateholdError
from tests.fuzz.target import target_at

MEGABYTE = 1024 * 1024
#: characters of an outcome
SHOWN_LIMIT = 300
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$)|\d+")


def main() -> None:
    place, megabytes, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # what the target prints must not be taken for an answer
    os.dup2(2, 1)
    target = target_at(place)
    documents = sys.stdin.buffer
    before = _peak()
    _bound_memory(megabytes)
    answers.write(b"ready\n")
    while header := documents.read(4):
        document = documents.read(int.from_bytes(header, "big"))
        signal.setitimer(signal.ITIMER_PROF, seconds)
        kind, what = _outcome(target.run, document)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if kind != "memory" and _peak() - before > megabytes * MEGABYTE:
            kind, what = "memory", f"more than {megabytes} MB"
        answers.write(json.dumps([kind, what]).encode() + b"\n")


def _outcome(run: Callable[[bytes], None], document: bytes) -> tuple[str, str]:
    try:
        run(document)
    except StateholdError as error:
        return "refused", _told(error)
    except MemoryError:
        return "memory", "MemoryError"
    except Exception as error:  # noqa: BLE001  that any of them comes is what is looked for
        return "raised", f"{type(error).__name__} at {_where(error)}: {str(error)[:SHOWN_LIMIT]}"
    return "ok", ""


def _told(error: StateholdError) -> str:
    """The same for errors that differ in what they quote only."""
    problems = getattr(error, "problems", ())
    shown = problems[0].message if problems else str(error)
    shown = _QUOTED.sub("_", shown[: 4 * SHOWN_LIMIT])
    return f"{error.code}: {shown[:SHOWN_LIMIT]}"


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _peak() -> int:
    """Bytes of the most memory that was ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _bound_memory(megabytes: int) -> None:
    """Makes asking for more a ``MemoryError``, before the machine has none left."""
    try:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        # not Linux: what was held is looked at after each document
        return
    most = size + 2 * megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
