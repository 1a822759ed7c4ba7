"""Prometheus metrics of one engine.

1. Labels come from charts and from code: machines, effects, kinds of steps, codes of errors. No
   label is ever an instance, a caller, a key or anything else of which there may be any number.
2. What the process did is counted as it happens; what the store has is queried at a scrape,
   at most once in ``COUNTS_SECONDS``.
3. Names end in their unit, in base units; those that only grow end in ``_total``.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from statehold.chart.machine import Definition
from statehold.engine import Engine
from statehold.engine.observer import (
    EngineStats,
    ObservedRequest,
    Observer,
    ReadStats,
    ResourceStats,
    StoreCounts,
)
from statehold.errors import Overloaded, StateholdError
from statehold.instance.attempts import UPGRADE_KEY, Ending
from statehold.instance.draft import Draft
from statehold.observe.durations import Durations
from statehold.observe.processes import Processes
from statehold.records import Status
from statehold.store import WriteResult

#: how long counts of the store are repeated before it is queried again
COUNTS_SECONDS = 15.0
#: how long a scrape waits for the store; it gets everything else then
PATIENCE_SECONDS = 5.0
#: configurations of one machine that have a series of their own, the most frequent ones; parallel
#: states multiply, so the others are one series, whose state is ``(other)``
STATES = 200

OTHER = "(other)"

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Metrics(Observer):
    """Given to an engine as its ``observer`` and to the application that shows them::

        metrics = Metrics()
        app = create_app(Engine(store, machines, observer=metrics), metrics=metrics)

    Where several processes serve one address, each is given its own ``process``, a short name that
    its successor takes over, and the same ``directory``, which only they can write to: the one
    that is scraped answers for all (:mod:`.processes`).
    """

    def __init__(self, *, process: str = "", directory: Path | str | None = None) -> None:
        registry = CollectorRegistry(auto_describe=False)
        self._processes = None if directory is None else Processes(Path(directory), process)
        self._registry = registry
        self._machines: Mapping[str, Definition[Any]] = {}
        self._store_counts: StoreCounts | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._engine: Engine | None = None

        def counter(name: str, doc: str, *labels: str) -> Counter:
            return Counter(name, doc, labels, registry=registry)

        def histogram(name: str, doc: str, *labels: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(name, doc, labels, registry=registry, buckets=buckets)

        self._steps = counter(
            "statehold_steps_total", "Steps that were committed.", "machine", "kind"
        )
        self._refusals = counter(
            "statehold_refusals_total",
            "Requests that were refused or failed.",
            "machine",
            "request",
            "code",
        )
        self._durations = Durations(
            "statehold_request_duration_seconds",
            "From a request's arrival in the queue to its answer.",
            "request",
            _QUICK,
        )
        registry.register(self._durations)
        self._commit_writes = histogram(
            "statehold_commit_writes", "Instances written in one commit.", buckets=_SIZES
        )
        self._commit_seconds = histogram(
            "statehold_commit_duration_seconds", "How long a commit took.", buckets=_QUICK
        )
        lost = "Writes that lost against others and were repeated."
        self._conflicts = counter("statehold_commit_conflicts_total", lost, "machine")
        held = "Requests that held the event loop for longer than the limit step_seconds."
        self._slow = counter("statehold_slow_steps_total", held, "machine", "request")
        self._lag = histogram(
            "statehold_due_lag_seconds",
            "From when a timer or a retry was due to when it was handled.",
            "machine",
            buckets=_SLOW,
        )
        self._effects = counter(
            "statehold_effects_total",
            "Outcomes of effects, by the journal; taken-over: from a worker that died.",
            "machine",
            "effect",
            "outcome",
        )
        self._effect_seconds = histogram(
            "statehold_effect_duration_seconds",
            "How long one attempt of an effect ran here.",
            "machine",
            "effect",
            buckets=_SLOW,
        )
        self._incidents = counter("statehold_incidents_total", "Incidents that came up.", "machine")
        ProcessCollector(registry=registry)

    # --- as an observer ---

    def opened(self, machines: Mapping[str, Definition[Any]]) -> None:
        self._machines = machines
        for name, definition in machines.items():
            # there from the start, so that the first one is an increase
            self._conflicts.labels(name)
            self._incidents.labels(name)
            for kind in ("start", "event"):
                self._steps.labels(name, kind)
            for effect in definition.effects:
                for outcome in ("done", "failed", "incident"):
                    self._effects.labels(name, effect, outcome)

    def committed(
        self, drafts: Sequence[Draft], outcomes: Sequence[WriteResult], seconds: float
    ) -> None:
        self._commit_seconds.observe(seconds)
        self._commit_writes.observe(len(drafts))
        steps: Tally[tuple[str, str]] = Tally()
        for draft, outcome in zip(drafts, outcomes, strict=True):
            machine = draft.ref.machine
            if outcome is not WriteResult.WRITTEN:
                self._conflicts.labels(machine).inc()
                continue
            for entry in draft.entries:
                if not entry.part:
                    steps[machine, entry.kind] += 1
                elif entry.kind == "incident":
                    self._incidents.labels(machine).inc()
            for record in draft.effects:
                # timers, messages and upgrades are records too; their incidents are counted above
                if ":" not in record.key and record.key != UPGRADE_KEY:
                    effect = self._effect(machine, record.name)
                    self._effects.labels(machine, effect, record.what).inc()
        for labels, count in steps.items():
            self._steps.labels(*labels).inc(count)

    def answered(self, requests: Sequence[ObservedRequest], moment: float) -> None:
        by_label: dict[str, list[float]] = {}
        for request in requests:
            by_label.setdefault(request.label, []).append(moment - request.asked_at)
            if not request.future.cancelled() and (error := request.future.exception()) is not None:
                self._refuse(request, error)
        for label, seconds in by_label.items():
            self._durations.observe(label, seconds)

    def overloaded(self, request: ObservedRequest) -> None:
        self._refusals.labels(request.ref.machine, request.label, Overloaded.code).inc()

    def delayed(self, request: ObservedRequest, seconds: float) -> None:
        self._slow.labels(request.ref.machine, request.label).inc()

    def fired(self, lags: Sequence[tuple[str, float]]) -> None:
        for machine, seconds in lags:
            self._lag.labels(machine).observe(seconds)

    def performed(self, machine: str, effect: str, seconds: float, ending: Ending) -> None:
        self._effect_seconds.labels(machine, self._effect(machine, effect)).observe(seconds)

    def _refuse(self, request: ObservedRequest, error: BaseException) -> None:
        code = error.code if isinstance(error, StateholdError) else "internal"
        self._refusals.labels(request.ref.machine, request.label, code).inc()

    def _effect(self, machine: str, name: str) -> str:
        """An older version's effects may have had any name, and so may what a chart sends."""
        definition = self._machines.get(machine)
        if definition is None or not (name in definition.effects or name in definition.children):
            return OTHER
        return name

    # --- what a scrape gets ---

    @asynccontextmanager
    async def serving(self, engine: Engine) -> AsyncIterator[None]:
        """While the block runs, the metrics are of this engine and, where several processes serve
        one address, can be had by the others."""
        self._engine = engine
        try:
            if self._processes is None:
                yield
            else:
                async with self._processes.answering(self._own):
                    yield
        finally:
            self._engine = None

    async def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The metrics and their content type: Prometheus' text, or OpenMetrics where the ``Accept``
        header asks for that. Does not fail without the store: ``statehold_store_up`` is 0 then."""
        families = self._own()
        if self._processes is not None:
            families = await self._processes.with_others(families)
        encode, content_type = choose_encoder(accept)
        return encode(_Families([*families, *await self._stored()])), content_type

    def _own(self) -> list[Metric]:
        """What this process knows by itself."""
        families = [_without_created(family) for family in self._registry.collect()]
        if self._engine is not None:
            families += _gauges(self._engine.stats())
        return families

    async def _stored(self) -> list[Metric]:
        """What the store has, as it was ``COUNTS_SECONDS`` ago at most."""
        engine = self._engine
        if engine is not None:
            async with self._asking:
                if time.monotonic() - self._asked_at >= COUNTS_SECONDS:
                    self._asked_at = time.monotonic()
                    self._store_counts = await _store_counts(engine)
        return [*_information(self._machines), *_counted(self._store_counts)]


class _Families:
    """Families as prometheus-client's encoders want them."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _store_counts(engine: Engine) -> StoreCounts | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await engine.store_counts()
    except (StateholdError, TimeoutError):
        return None


def _without_created(family: Metric) -> Metric:
    """Without the time at which each series began, which doubles the number of series."""
    family.samples = [one for one in family.samples if not one.name.endswith("_created")]
    return family


def _gauges(stats: EngineStats) -> list[Metric]:
    lost = Metric("statehold_hints_lost", "Hints to other workers that did not go out.", "counter")
    lost.add_sample("statehold_hints_lost_total", {}, stats.hints_lost)
    families: list[Metric] = [
        lost,
        _gauge("statehold_requests_waiting", "Requests in the queue.", stats.waiting),
        _gauge("statehold_instances_cached", "Instances kept in memory.", stats.cached),
        _gauge(
            "statehold_instances_cached_bytes",
            "Documents and data of the instances kept in memory, as JSON.",
            stats.cached_bytes,
        ),
        _gauge("statehold_effects_running", "Effects that run here now.", stats.effects),
        _gauge("statehold_workers", "Workers that are alive, by this one.", stats.workers),
    ]
    if stats.read_store is not None:
        families += _read_store(stats.read_store)
    if stats.resources:
        families += _resources(stats.resources)
    if stats.lease_age_seconds is not None:
        doc = "Since this worker renewed its lease."
        families.append(_gauge("statehold_lease_age_seconds", doc, stats.lease_age_seconds))
    return families


def _read_store(stats: ReadStats) -> list[Metric]:
    answers = Metric("statehold_reads", "Lists and counts that were answered.", "counter")
    answers.add_sample("statehold_reads_total", {"by": "standby"}, stats.by_standby)
    answers.add_sample("statehold_reads_total", {"by": "store"}, stats.by_store)
    doc = "Whether lists and counts are read from the standby."
    families: list[Metric] = [answers, _gauge("statehold_read_store_used", doc, stats.used)]
    if stats.lag_seconds is not None:
        doc = "How far an answer of the standby may be behind; left out while that is not known."
        families.append(_gauge("statehold_read_store_lag_seconds", doc, stats.lag_seconds))
    return families


def _resources(stats: Mapping[str, ResourceStats]) -> list[Metric]:
    doc = "Whether a resource is open; attempts of effects that need it fail while it is not."
    is_open = GaugeMetricFamily("statehold_resource_open", doc, labels=["resource"])
    failures = Metric("statehold_resource_failures", "Times that it failed to open.", "counter")
    for name, one in stats.items():
        is_open.add_metric([name], one.is_open)
        failures.add_sample("statehold_resource_failures_total", {"resource": name}, one.failures)
    return [is_open, failures]


def _information(machines: Mapping[str, Definition[Any]]) -> Iterable[Metric]:
    build = InfoMetricFamily("statehold_build", "What runs here.")
    build.add_metric([], {"version": version("statehold"), "python": python_version()})
    yield build
    running = InfoMetricFamily("statehold_machine", "The machines that run.", labels=["machine"])
    for name, definition in machines.items():
        running.add_metric([name], {"version": str(definition.version)})
    yield running


def _counted(stored: StoreCounts | None) -> Iterable[Metric]:
    yield _gauge(
        "statehold_store_up", "Whether the store answered when asked last.", stored is not None
    )
    if stored is None:
        return
    labels = ["machine", "version", "status", "state"]
    instances = GaugeMetricFamily("statehold_instances", "Instances in the store.", labels=labels)
    for machine, counts in stored.instances.items():
        for (number, status, state), count in _bounded(counts):
            instances.add_metric([machine, str(number), status, state], count)
    yield instances
    doc = "Open incidents, of the first 1000 instances that have any."
    incidents = GaugeMetricFamily("statehold_incidents_open", doc, labels=["machine"])
    for machine, count in stored.incidents.items():
        incidents.add_metric([machine], count)
    yield incidents


def _bounded(
    counts: Mapping[tuple[int, Status, tuple[str, ...]], int],
) -> Iterable[tuple[tuple[int, str, str], int]]:
    """The most frequent configurations by themselves, the others by version and status."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rest: Tally[tuple[int, str]] = Tally()
    for rank, ((number, status, state), count) in enumerate(ordered):
        if rank < STATES:
            yield (number, status, " ".join(state)), count
        else:
            rest[number, status] += count
    for (number, which), count in rest.items():
        yield (number, which, OTHER), count


def _gauge(name: str, doc: str, value: float) -> Metric:
    return GaugeMetricFamily(name, doc, value=float(value))
