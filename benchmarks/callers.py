"""Callers that each send their next event when they have their reply, and the result of a lap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.rounds import ROUNDS, Series, each_in_turn
from benchmarks.table import number, percent, print_table


@dataclass(frozen=True, slots=True)
class LapResult:
    """Events a second, and the median and the 99th percentile of their seconds."""

    rate: float
    p50: float
    p99: float


#: runs one lap
TakeLap = Callable[[], Awaitable[LapResult]]

#: sends an event to the instance of that number; the second number counts the caller's events
SendOne = Callable[[int, int], Awaitable[object]]


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def drive(senders: Sequence[SendOne], instances: int, seconds: float) -> LapResult:
    """One caller a sender; the instances are dealt out among them, so no two meet at one."""
    waits: list[float] = []
    end = perf_counter() + seconds

    async def call(send: SendOne, own: Sequence[int]) -> None:
        turn = 0
        while (began := perf_counter()) < end:
            await send(own[turn % len(own)], turn)
            waits.append(perf_counter() - began)
            turn += 1

    began = perf_counter()
    await asyncio.gather(
        *(
            call(send, range(first, instances, len(senders)))
            for first, send in enumerate(senders)
        )
    )  # fmt: skip
    rate = len(waits) / (perf_counter() - began)
    waits.sort()
    return LapResult(rate, quantile(waits, 0.50), quantile(waits, 0.99))


async def laps_in_turns(contenders: Mapping[str, TakeLap]) -> dict[str, list[LapResult]]:
    """Five laps of each, after one each that does not count."""
    for warm_up in contenders.values():
        await warm_up()
    return await each_in_turn(contenders, ROUNDS)


def median_rate(laps: Sequence[LapResult]) -> float:
    return median(lap.rate for lap in laps)


def print_laps(title: str, taken: Mapping[str, Sequence[LapResult]]) -> None:
    """The fastest first; the spread is that of the rates."""
    rows = []
    for name, laps in sorted(taken.items(), key=lambda item: -median_rate(item[1])):
        rates = Series(tuple(lap.rate for lap in laps))
        rows.append(
            [
                name,
                number(rates.median),
                number(median(lap.p50 for lap in laps) * 1e3),
                number(median(lap.p99 for lap in laps) * 1e3),
                percent(rates.spread),
            ]
        )
    print_table(
        f"{title}, median of {ROUNDS} laps", ["who", "events/s", "p50 ms", "p99 ms", "spread"], rows
    )
