"""Laps of several contenders, taken in turns so that a slow moment of the machine hits them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Taken = TypeVar("Taken")

#: an odd number, so that the median is a lap that took place
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """The results of one contender's laps, in order."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        """Highest minus lowest, as a share of the median."""
        return (max(self.values) - min(self.values)) / self.median


def in_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Series]:
    """Calls each contender once a round; the first of a round is another one each time."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for name in _order(list(contenders), rounds):
        values[name].append(contenders[name]())
    return {name: Series(tuple(taken)) for name, taken in values.items()}


async def in_turns_async(
    contenders: Mapping[str, Callable[[], Awaitable[float]]], rounds: int
) -> dict[str, Series]:
    taken = await each_in_turn(contenders, rounds)
    return {name: Series(tuple(values)) for name, values in taken.items()}


async def each_in_turn(
    contenders: Mapping[str, Callable[[], Awaitable[Taken]]], rounds: int
) -> dict[str, list[Taken]]:
    """The same for laps that give more than one number."""
    taken: dict[str, list[Taken]] = {name: [] for name in contenders}
    for name in _order(list(contenders), rounds):
        taken[name].append(await contenders[name]())
    return taken


def _order(names: list[str], rounds: int) -> list[str]:
    return [
        name
        for round_ in range(rounds)
        for name in (*names[round_ % len(names) :], *names[: round_ % len(names)])
    ]
