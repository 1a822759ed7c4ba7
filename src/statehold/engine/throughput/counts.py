"""The counts of one period: numbers that can be added up, and times as histograms.

A time goes into a bucket whose bounds are ``2 ** (1/8)`` apart, nine per cent; it
is shown as the middle, which is at most 4.5 % off, also after histograms are added up. Times below
a millisecond are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil, floor, log2
from typing import TypeVar

import msgspec
from msgspec import Struct

#: buckets in a doubling of the time
BUCKETS = 8
#: the bucket of what is shorter than a millisecond
NO_TIME = -1

K = TypeVar("K", str, int)

Histogram = dict[int, int]


class Counted(Struct, omit_defaults=True):
    """Of one version of a machine, in one period. ``dwell`` has a histogram for each state, of how
    long it was active when it was left, where that was known."""

    steps: int = 0
    started: int = 0
    ended: int = 0
    cancelled: int = 0
    transitions: dict[str, int] = {}
    entered: dict[str, int] = {}
    left: dict[str, int] = {}
    dwell: dict[str, Histogram] = {}

    def add(self, other: Counted) -> None:
        self.steps += other.steps
        self.started += other.started
        self.ended += other.ended
        self.cancelled += other.cancelled
        add_up(self.transitions, other.transitions)
        add_up(self.entered, other.entered)
        add_up(self.left, other.left)
        for state, histogram in other.dwell.items():
            add_up(self.dwell.setdefault(state, {}), histogram)


#: as it is stored
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Counted).decode


def total(bodies: Iterable[bytes]) -> Counted:
    """The sum of what was stored."""
    sum_ = Counted()
    for body in bodies:
        try:
            sum_.add(decode(body))
        except msgspec.MsgspecError:
            # damaged: what it counted is lost, and nothing of the others
            continue
    return sum_


def add_up(into: dict[K, int], more: Mapping[K, int]) -> None:
    for key, count in more.items():
        into[key] = into.get(key, 0) + count


def bucket_of(time: timedelta) -> int:
    milliseconds = time.total_seconds() * 1000
    # a clock that was set back gives less than nothing
    return NO_TIME if milliseconds < 1 else floor(log2(milliseconds) * BUCKETS)


def seconds_of(bucket: int) -> float:
    """The middle of a bucket."""
    return 0.0 if bucket == NO_TIME else float(2 ** ((bucket + 0.5) / BUCKETS) / 1000)


def quantile(histogram: Histogram, share: float) -> float:
    """The least time in seconds that ``share`` of the counted times don't exceed. Raises
    ``ValueError`` where nothing was counted."""
    rank = ceil(sum(histogram.values()) * share)
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return seconds_of(bucket)
    raise ValueError("a histogram of nothing has no quantiles")
