"""The same two charts in every library that is measured, each in its own documented, fast way.

``flat``
    A ring of four states, ``a > b > c > d > a``. One event, ``Tick``. Each transition asks one
    guard (is the count below the limit? always yes) and runs one action (count one).

``parallel``
    A root of two parallel regions, ``left`` and ``right``. Each region is a compound state of two
    compound states, ``one`` and ``two``, and each of these holds a pair of atomic states, ``x``
    and ``y``. One event, ``Flip``, takes both regions round the cycle
    ``one.x > two.y > one.y > two.x > one.x``. All states at the two lower levels count one on
    entry and one on exit, so each event runs eight counting actions in two regions.

After n events the count is n or 8 n; a lap that ends with another count is an error, so no peer
can win by doing less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Case = Literal["flat", "parallel"]

#: no run comes near it: the guard is asked each time and always says yes
COUNT_LIMIT = 1 << 50

#: how many counting actions one event of the case runs
COUNTS_PER_EVENT: dict[Case, int] = {"flat": 1, "parallel": 8}

#: one cycle through the four leaves of a region: where from, where to
CYCLE = (("one", "x", "two", "y"), ("two", "y", "one", "y"), ("one", "y", "two", "x"),
         ("two", "x", "one", "x"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lap:
    """One timed loop: how long it took, and the instance's count at its end."""

    seconds: float
    count: int


#: sends that many further events to one and the same instance
Run = Callable[[int], Lap]


class WrongWork(Exception):
    """A peer did another amount of work than the others, so its time means nothing."""
