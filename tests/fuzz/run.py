"""Documents are made, given to a worker, and what must not happen is found.

A finding is a document at which the target raised anything but ``StateholdError``, took too much
time or memory, or ended its process. A document with an outcome that no other had joins the corpus,
so that later ones start from there.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.fuzz.mutate import SIZE_LIMIT, mutate
from tests.fuzz.target import target_at

#: documents that are kept to make others from
CORPUS_LIMIT = 2_000
#: findings of one kind at one place that are kept
ALIKE_LIMIT = 1
#: how many times the processor's time that a document may take is waited for its answer: the
#: machine may be busy with something else
PATIENCE = 20

Kind = Literal["ok", "refused", "raised", "memory", "hang", "crash"]


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Kind
    #: the exception, normalised where it is one of ours; the signal
    what: str = ""

    @property
    def is_finding(self) -> bool:
        return self.kind not in ("ok", "refused")

    def like(self, other: Outcome) -> bool:
        """Probably the same cause: the same exception at the same place."""
        return self.kind == other.kind and self.what.split(":")[0:2] == other.what.split(":")[0:2]


@dataclass(frozen=True, slots=True)
class Finding:
    outcome: Outcome
    document: bytes


@dataclass(slots=True)
class Report:
    """What came of one run. ``outcomes`` counts documents by outcome."""

    target: str
    seed: int
    seconds: float = 0.0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def executions(self) -> int:
        return self.outcomes.total()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one document may cost: seconds of the processor's time, and megabytes above what the
    process began with."""

    seconds: float = 2.0
    megabytes: int = 512


def fuzz(
    place: str,
    *,
    seed: int,
    executions: int = 10**12,
    seconds: float = float("inf"),
    bounds: Bounds | None = None,
    minimise: bool = True,
) -> Report:
    """Runs the target at ``place`` until either is used up; the same seed, the same documents."""
    target = target_at(place)
    report = Report(target.name, seed)
    chance = random.Random(seed)
    corpus = list(target.seeds())
    began = time.monotonic()
    with Worker(place, bounds or Bounds()) as worker:
        for document in _documents(place, corpus, chance):
            if report.executions >= executions or time.monotonic() - began >= seconds:
                break
            outcome = worker.run(document)
            if outcome not in report.outcomes and len(corpus) < CORPUS_LIMIT:
                corpus.append(document)
            report.outcomes[outcome] += 1
            if outcome.is_finding and _is_new(outcome, report.findings):
                if minimise:
                    document = smallest(worker, document, outcome)
                report.findings.append(Finding(outcome, document))
    report.seconds = time.monotonic() - began
    return report


def _documents(place: str, corpus: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """The seeds as they are, then changed ones for ever."""
    target = target_at(place)
    yield from tuple(corpus)
    while True:
        if target.generate is not None and chance.random() < 0.3:
            document = target.generate(chance)
            if chance.random() < 0.5:
                document = mutate(target, [document, *corpus[:20]], chance)
            yield document[:SIZE_LIMIT]
        else:
            yield mutate(target, corpus, chance)


def _is_new(outcome: Outcome, findings: list[Finding]) -> bool:
    return sum(1 for known in findings if known.outcome.like(outcome)) < ALIKE_LIMIT


def smallest(worker: Worker, document: bytes, outcome: Outcome) -> bytes:
    """A shorter document with the same outcome, as far as a bounded number of tries leads."""
    # all but an exception cost a process each
    tries = 300 if outcome.kind == "raised" else 30
    step = max(len(document) // 2, 1)
    while step and tries:
        at = 0
        while at < len(document) and tries:
            shorter = document[:at] + document[at + step :]
            tries -= 1
            if worker.run(shorter).like(outcome):
                document = shorter
            else:
                at += step
        step //= 2
    return document


class Worker:
    """The process that the target runs in, begun anew after each that had to be ended."""

    def __init__(self, place: str, bounds: Bounds) -> None:
        self.place = place
        self.bounds = bounds
        self.process: subprocess.Popen[bytes] | None = None
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()
        self.errors.close()

    def run(self, document: bytes) -> Outcome:
        process = self.process or self.begin()
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(len(document).to_bytes(4, "big") + document)
            stdin.flush()
        except BrokenPipeError:
            return self.died(process)
        line = self.answer(stdout.fileno())
        if line is None:
            self.end()
            return self.hung()
        if not line:
            return self.died(process)
        kind, what = json.loads(line)
        if kind == "memory":
            # the rest of the process's life would count as too much
            self.end()
        return Outcome(kind, what)

    def answer(self, pipe: int) -> bytes | None:
        """A line; empty where the process is over, None where the time is."""
        until = time.monotonic() + PATIENCE * self.bounds.seconds
        line = b""
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return None
            piece = os.read(pipe, 65_536)
            if not piece:
                return b""
            line += piece
        return line

    def begin(self) -> subprocess.Popen[bytes]:
        self.errors.seek(0)
        self.errors.truncate()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.fuzz.worker", self.place),
                *(str(self.bounds.megabytes), str(self.bounds.seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        # its start is none of the first document's time
        self.warm()
        return self.process

    def warm(self) -> None:
        process = self.process
        assert process is not None
        assert process.stdout is not None
        if not select.select([process.stdout.fileno()], [], [], 60)[0]:
            self.end()
            raise RuntimeError(f"the worker for {self.place} did not start within 60 s")
        if os.read(process.stdout.fileno(), 65_536) != b"ready\n":
            said = self.said()
            self.end()
            raise RuntimeError(f"the worker for {self.place} can't start: {said}")

    def died(self, process: subprocess.Popen[bytes]) -> Outcome:
        code = process.wait()
        if code == -signal.SIGPROF:
            self.end()
            return self.hung()
        said = self.said().partition("\n")[0]
        self.end()
        return Outcome("crash", f"exit {code}: {said[:200]}")

    def hung(self) -> Outcome:
        return Outcome("hang", f"more than {self.bounds.seconds:g} s")

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read(20_000).decode(errors="replace").strip()

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        # what it had not read yet
                        continue
            process.wait()
