"""The throughput of a machine in a window of time, from its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Chart
from statehold.engine.requests.context import EngineContext
from statehold.engine.throughput.compactor import DAY, HOUR, MINUTE, begin_of
from statehold.engine.throughput.counts import Counted, Histogram, quantile, total
from statehold.engine.throughput.recorder import WRITE_SECONDS, Recorder, replaced
from statehold.records import OVER
from statehold.store import Group, Reads, Rollup
from statehold.wire.machines import Dwell, Flows, StateFlow, Window

#: rollups that one answer may read; where there are more, it begins later
MOST = 10_000
#: minutes over which steps a minute are averaged
RECENT = 5

#: how long each window is, and the periods that it is shown by: what is older than some hours is
#: counted by the hour alone
_WINDOWS: Mapping[Window, tuple[timedelta, int]] = {
    "1h": (timedelta(hours=1), MINUTE),
    "24h": (timedelta(hours=24), HOUR),
    "7d": (timedelta(days=7), HOUR),
    "30d": (timedelta(days=30), DAY),
}


class ThroughputReader:
    """``exclusive``: no other process writes counts into the store."""

    def __init__(self, context: EngineContext, recorder: Recorder, *, exclusive: bool) -> None:
        self._context = context
        self._recorder = recorder
        self._exclusive = exclusive

    async def flows(
        self,
        reads: Reads,
        lag_seconds: float,
        definition: Definition[object],
        chart: Chart,
        window: Window,
        version: int | None,
    ) -> Flows:
        """From ``reads``, which may be behind by ``lag_seconds``. ``version`` None: of every
        version. The states of ``chart`` are all in it."""
        name, now = definition.name, self._context.now()
        length, span = _WINDOWS[window]
        since = begin_of(now - length, span)
        rollups = await self._read(reads, name, since, version)
        if len(rollups) >= MOST:
            # its oldest period may not be whole
            oldest = min(one.start for one in rollups)
            since = begin_of(oldest, span) + timedelta(seconds=span)
            rollups = [one for one in rollups if one.start >= since]
        counted = total(one.body for one in rollups)
        here = _present(chart, await reads.groups(name), version)
        # others write what they count a moment later
        late = lag_seconds + (0.0 if self._exclusive else 2 * WRITE_SECONDS)
        return Flows(
            machine=name,
            version=version,
            window=window,
            since=since,
            until=now,
            until_complete=max(since, now - timedelta(seconds=late)),
            steps=counted.steps,
            started=counted.started,
            ended=counted.ended,
            cancelled=counted.cancelled,
            transitions=_all([one.id for one in chart.transitions], counted.transitions),
            states=_states(chart, counted, here),
            lag_seconds=lag_seconds,
        )

    async def steps_per_minute(self, reads: Reads, name: str) -> float:
        """Over the last whole minutes."""
        until = begin_of(self._context.now(), MINUTE)
        since = until - timedelta(minutes=RECENT)
        rollups = await self._read(reads, name, since, None)
        counted = total(one.body for one in rollups if one.start < until)
        return counted.steps / RECENT

    async def _read(
        self, reads: Reads, name: str, since: datetime, version: int | None
    ) -> Sequence[Rollup]:
        # asked first: what is written in between is in both, and taken once
        fresher = self._recorder.unwritten(name, since, version)
        stored = await reads.rollups(name, since, version, MOST)
        return replaced(stored, fresher)


def _present(chart: Chart, groups: Mapping[Group, int], version: int | None) -> dict[str, int]:
    """How many instances are in each state, of those that are not over."""
    parents = {state.id: state.parent for state in chart.states}
    here: dict[str, int] = {}
    for group, count in groups.items():
        if group.status in OVER or version not in (None, group.version):
            continue
        # two regions of one state are one instance in it
        active: set[str] = set()
        for leaf in group.state:
            state: str | None = leaf
            while state and state not in active:
                active.add(state)
                state = parents.get(state)
        for state in active:
            here[state] = here.get(state, 0) + count
    return here


def _states(chart: Chart, counted: Counted, here: Mapping[str, int]) -> dict[str, StateFlow]:
    known = [state.id for state in chart.states if state.id != ROOT and state.kind != "history"]
    others = [*counted.entered, *counted.left, *here]
    return {
        state: StateFlow(
            entered=counted.entered.get(state, 0),
            left=counted.left.get(state, 0),
            now=here.get(state, 0),
            dwell=_dwell(counted.dwell.get(state)),
        )
        for state in dict.fromkeys([*known, *others])
    }


def _dwell(histogram: Histogram | None) -> Dwell | None:
    if not histogram:
        return None
    return Dwell(
        count=sum(histogram.values()),
        median_seconds=quantile(histogram, 0.5),
        p95_seconds=quantile(histogram, 0.95),
    )


def _all(names: Sequence[str], counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in dict.fromkeys([*names, *counts])}
