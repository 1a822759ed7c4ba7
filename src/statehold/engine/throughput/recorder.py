"""Counts what this process commits, and writes the counts every few seconds, apart from commits.

1. Counting is a few additions in memory after a commit: no step waits for it.
2. What is written is the whole count of a minute so far, in a row that only this process writes: to
   write it again changes nothing, and workers never wait for each other.
3. A minute is written for the last time soon after it is over. Counts that can't be written wait in
   memory, for nearly two hours at most. What a killed process has not written is lost; commits
   whose outcome is unknown are not counted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.throughput.counts import Counted, bucket_of, encode
from statehold.instance.draft import Draft
from statehold.interpreter.trace import Microstep
from statehold.records import OVER
from statehold.store import Rollup, Store

log = logger(__name__)

#: seconds of the shortest period
MINUTE = 60
#: seconds between two writings
WRITE_SECONDS = 5.0
#: how long after its end a minute may still be counted: a commit takes its time
LATE = timedelta(minutes=2)
#: how long what can't be written is kept: less than passes before minutes become hours
KEPT = timedelta(minutes=110)
#: rollups in one transaction
BATCH = 100
#: different traces of steps that wait to be added up
TRACES = 1_000

_Trace = tuple[Microstep, ...]


class Tally:
    """One minute of one version of a machine."""

    def __init__(self) -> None:
        self._counted = Counted()
        #: traces are mostly of the machine's compiled plans, and the same objects again and again
        self._traces: dict[int, tuple[_Trace, int]] = {}
        #: commits that were counted, and how many of them are in what was written last
        self.commits = 0
        self.written = 0

    @property
    def is_dirty(self) -> bool:
        return self.commits != self.written

    def count(self, draft: Draft) -> None:
        self.commits += 1
        counted, status = self._counted, draft.instance.status
        before = None if draft.loaded is None else draft.loaded.row
        if before is None:
            counted.started += 1
            counted.steps += draft.instance.seq
        else:
            counted.steps += draft.instance.seq - before.seq
        if status in OVER and (before is None or before.status != status):
            if status == "done":
                counted.ended += 1
            else:
                counted.cancelled += 1
        traces = self._traces
        for trace in draft.traces:
            known = traces.get(id(trace))
            traces[id(trace)] = trace, 1 if known is None else known[1] + 1
        for state, time in draft.stays:
            histogram = counted.dwell.get(state)
            if histogram is None:
                histogram = counted.dwell[state] = {}
            bucket = bucket_of(time)
            histogram[bucket] = histogram.get(bucket, 0) + 1
        if len(traces) > TRACES:
            self.counted()

    def counted(self) -> Counted:
        """The counts so far, with the traces added up."""
        sum_ = self._counted
        for trace, times in self._traces.values():
            for microstep in trace:
                for names, counts in (
                    (microstep.transitions, sum_.transitions),
                    (microstep.entered, sum_.entered),
                    (microstep.exited, sum_.left),
                ):
                    for name in names:
                        counts[name] = counts.get(name, 0) + times
        self._traces.clear()
        return sum_


class Recorder:
    """``source`` names this process in what it writes; no other process ever has it."""

    def __init__(self, store: Store, context: EngineContext, source: str) -> None:
        self._store = store
        self._context = context
        self._source = source
        self._tallies: dict[tuple[str, int, datetime], Tally] = {}
        #: the minute that is counted now, and those of it by machine and version
        self._minute = self._end = datetime.min.replace(tzinfo=UTC)
        self._current: dict[tuple[str, int], Tally] = {}
        self._task = BackgroundTask(
            context,
            "throughput recorder",
            self._walk,
            log,
            "counts are written later",
            gather_seconds=WRITE_SECONDS,
            retry_seconds=WRITE_SECONDS,
            level=logging.INFO,
        )

    def open(self) -> None:
        self._task.start(None)

    async def close(self) -> None:
        """Stops, and writes what is left."""
        await self._task.stop(cancel=False)
        await self._task.walk_once()

    def count(self, draft: Draft) -> None:
        """Counts a draft that was committed just now."""
        if draft.now >= self._end:
            self._turn_to(draft.now)
        # what a turn that took long brings late is counted in the minute that it is by now
        place = (draft.ref.machine, draft.instance.version)
        tally = self._current.get(place)
        if tally is None:
            tally = self._current[place] = self._tallies[*place, self._minute] = Tally()
        tally.count(draft)
        self._task.wake()

    def unwritten(self, machine: str, since: datetime, version: int | None) -> list[Rollup]:
        """Counts that the store may not have yet; they replace what it has of the same minutes."""
        return [
            self._rollup(*place, tally)
            for place, tally in self._tallies.items()
            if tally.is_dirty
            and place[0] == machine
            and version in (None, place[1])
            and place[2] >= since
        ]

    def _turn_to(self, now: datetime) -> None:
        self._minute = now.replace(second=0, microsecond=0)
        self._end = self._minute + timedelta(seconds=MINUTE)
        self._current = {
            (machine, version): tally
            for (machine, version, minute), tally in self._tallies.items()
            if minute == self._minute
        }

    def _rollup(self, machine: str, version: int, minute: datetime, tally: Tally) -> Rollup:
        body = encode(tally.counted())
        return Rollup(machine, version, MINUTE, minute, self._source, body)

    async def _walk(self) -> None:
        try:
            await self._write()
        finally:
            self._forget()

    async def _write(self) -> None:
        oldest = self._context.now() - KEPT
        dirty = [
            (place, tally)
            for place, tally in self._tallies.items()
            # what is older may be part of a longer period by now, and would be counted twice
            if tally.is_dirty and place[2] > oldest
        ]
        for first in range(0, len(dirty), BATCH):
            some = dirty[first : first + BATCH]
            commits = [tally.commits for _, tally in some]
            await self._store.put_rollups([self._rollup(*place, tally) for place, tally in some])
            for (_, tally), known in zip(some, commits, strict=True):
                tally.written = known

    def _forget(self) -> None:
        """Drops minutes that are over and written, and those that could not be written for long."""
        now = self._context.now()
        lost: list[tuple[str, int, datetime]] = []
        for place, tally in list(self._tallies.items()):
            age = now - place[2]
            is_lost = tally.is_dirty and age > KEPT
            is_over = not tally.is_dirty and age > LATE and place[2] < self._minute
            if is_lost:
                lost.append(place)
            if is_lost or is_over:
                del self._tallies[place]
                if self._current.get(place[:2]) is tally:
                    del self._current[place[:2]]
        if lost:
            whose = ", ".join(sorted({f"{machine} v{version}" for machine, version, _ in lost}))
            extra = about(self._context)
            log.warning("%d minutes of counts are lost, of %s", len(lost), whose, extra=extra)


def replaced(stored: Sequence[Rollup], fresher: Sequence[Rollup]) -> list[Rollup]:
    """``stored``, with each of ``fresher`` in place of its earlier version."""
    keys = {(one.machine, one.version, one.span, one.start, one.source) for one in fresher}
    rest = [
        one
        for one in stored
        if (one.machine, one.version, one.span, one.start, one.source) not in keys
    ]
    return [*rest, *fresher]
