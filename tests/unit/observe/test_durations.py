"""The histogram that takes many values at once shows what prometheus-client's own would."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Histogram

from statehold.observe.durations import Durations

BOUNDS = (0.001, 0.5, 1)


def shown(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.parametrize(
    "seconds",
    [[], [0.0], [0.001], [0.0010001, 0.5], [1, 1.5, 1e9], [0.2] * 7 + [0.7], [-0.1]],
    ids=str,
)
def test_buckets_sum_and_count_are_the_same(seconds: list[float]) -> None:
    many, one = CollectorRegistry(), CollectorRegistry()
    durations = Durations("wait_seconds", "how long", "who", BOUNDS)
    many.register(durations)
    theirs = Histogram("wait_seconds", "how long", ["who"], registry=one, buckets=BOUNDS)
    for who, values in (("ada", seconds), ("bob", [0.3])):
        durations.observe(who, values)
        for value in values:
            theirs.labels(who).observe(value)
        theirs.labels(who)
    assert shown(many) == pytest.approx(shown(one))
