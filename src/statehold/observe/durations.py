"""A histogram that takes many values at once.

prometheus-client's own takes one at a time, under two locks, which for each step would cost more
than all else that is counted. This one belongs to one thread and is a collector like any other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Durations(Collector):
    """Seconds by one label; ``bounds`` are the buckets' upper ones, without infinity."""

    def __init__(self, name: str, doc: str, label: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._doc = doc
        self._label = label
        self._bounds = tuple(bounds)
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, seconds: Sequence[float]) -> None:
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts[label] = [0] * (len(self._bounds) + 1)
            self._sums[label] = 0.0
        bounds = self._bounds
        for one in seconds:
            # a value that is a bound belongs to that bucket: its bound is inclusive
            counts[bisect_left(bounds, one)] += 1
        self._sums[label] += sum(seconds)

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._doc, labels=[self._label])
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for label, counts in self._counts.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for name, count in zip(names, counts, strict=True):
                total += count
                buckets.append((name, total))
            family.add_metric([label], buckets, self._sums[label])
        yield family
