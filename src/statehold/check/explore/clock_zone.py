"""Zones: the orders in which running timers can be due, exactly, without trying single times.

A zone stands for all the ways in which time may have passed. It keeps for each pair of timers how
much later one can be due than the other at most, and for each timer the least and the most time
left. Such a matrix of bounds, closed under the triangle inequality, is canonical:
two zones allow the same exactly when they are equal (R. Alur, D. Dill, "A theory of timed
automata", 1994; D. Dill, "Timing assumptions and verification of finite-state concurrent
systems", 1989). No bound ever exceeds the longest delay, so a machine has finitely many.

Bounds are whole microseconds. A timer fires when it is due, neither before nor after; where two
are due at one moment, either may be the first, and an event that comes at that moment may come
before both.
"""

from __future__ import annotations

from msgspec import Struct

#: timers and delayed messages that run at once; the cost of a step is the square of their number
RUNNING_LIMIT = 64


class Zone(Struct, frozen=True):
    """``running`` are the timers' names, sorted; ``bounds[i][j]`` is how much later than ``j`` the
    timer ``i`` can be due at most, where 0 is now and ``n`` is ``running[n - 1]``."""

    running: tuple[str, ...] = ()
    bounds: tuple[tuple[int, ...], ...] = ((0,),)

    def may_be_next(self, timer: str) -> bool:
        """Whether it can be due first, or together with the first."""
        return self.bounds[0][self._number(timer)] == 0

    def is_due(self, timer: str) -> bool:
        """Whether no time is left until then."""
        return self.bounds[self._number(timer)][0] == 0

    def fired(self, timer: str) -> Zone:
        """The rest once it has fired, which it can if it :meth:`may_be_next`."""
        at = self._number(timer)
        now = self.bounds[0]
        # it is due now, so each bound on it is a bound on now
        tighter = tuple(
            tuple(min(bound, row[at] + now[j]) for j, bound in enumerate(row))
            for row in self.bounds
        )
        return Zone(self.running, tighter).without(timer)

    def without(self, timer: str) -> Zone:
        """The rest, once it was cancelled."""
        at = self._number(timer)
        running = tuple(one for one in self.running if one != timer)
        return Zone(running, _picked(self.bounds, [n for n in range(len(self.bounds)) if n != at]))

    def with_(self, timer: str, delay: int) -> Zone:
        """With one more, set now, which is due after exactly this long."""
        now = self.bounds[0]
        rows = [(*row, row[0] - delay) for row in self.bounds]
        rows.append((*(delay + bound for bound in now), 0))
        names = (*self.running, timer)
        order = sorted(range(len(names)), key=names.__getitem__)
        running = tuple(names[number] for number in order)
        return Zone(running, _picked(tuple(rows), [0, *(number + 1 for number in order)]))

    def later(self) -> Zone:
        """After any time that may pass before the next one is due."""
        if not self.running:
            return self
        bounds = self.bounds
        size = range(len(bounds))
        # none is overdue; beyond that, only the bounds between them matter
        now = tuple(min(0, *(bounds[j][i] for j in size if j)) if i else 0 for i in size)
        return Zone(self.running, (now, *bounds[1:]))

    def _number(self, timer: str) -> int:
        return self.running.index(timer) + 1


def _picked(bounds: tuple[tuple[int, ...], ...], numbers: list[int]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(bounds[i][j] for j in numbers) for i in numbers)
