"""Whether something is bound to happen: the search for a way on which it never does.

A way counts where it is fair (``docs/decisions/0019-properties.md``): time passes, so no timer
runs for ever, and every effect and child ends, well or ill, unless it waits for a person. Events
from outside may come at any time, any number of times, or never again. So a counterexample ends
either

- at rest: nothing happens any more by itself, or
- in a circle that can be gone round for ever, since whatever runs anywhere on it is over, or
  asked for anew, somewhere on it.

Circles lie in strongly connected components (R. Tarjan, 1972). A component that has a fair
circle has one that goes through all of it, so whole components are asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from msgspec import Struct

from statehold.check.explore.space import Edge, Space


class Escape(Struct, frozen=True):
    """Edges, each with the number of the place it leaves: from ``start`` on, then round, if any."""

    start: int
    steps: tuple[tuple[int, Edge], ...]
    circle: tuple[tuple[int, Edge], ...] = ()


def escape(space: Space, starts: list[int], is_reached: Callable[[int], bool]) -> Escape | None:
    """A shortest fair way from one of ``starts`` on which nothing ``is_reached``; None: none is.

    A place whose steps were not all followed, for a limit, counts as neither.
    """
    avoiding = _Avoiding(space, starts, is_reached)
    ends = avoiding.ends()
    if not ends:
        return None
    # the first in the order of the search is a nearest one
    end = min(ends, key=avoiding.order.__getitem__)
    start, steps = avoiding.way_to(end)
    return Escape(start, steps, ends[end])


class _Avoiding:
    """The part of a space that is met from ``starts`` before anything is reached."""

    def __init__(self, space: Space, starts: list[int], is_reached: Callable[[int], bool]) -> None:
        self.space = space
        self.came: dict[int, tuple[int, Edge] | None] = {}
        pending: deque[int] = deque()
        for start in starts:
            if not is_reached(start):
                self.came[start] = None
                pending.append(start)
        while pending:
            number = pending.popleft()
            for edge in space.nodes[number].edges:
                if edge.to not in self.came and not is_reached(edge.to):
                    self.came[edge.to] = (number, edge)
                    pending.append(edge.to)
        self.order = {number: place for place, number in enumerate(self.came)}

    def way_to(self, number: int) -> tuple[int, tuple[tuple[int, Edge], ...]]:
        steps: list[tuple[int, Edge]] = []
        came = self.came[number]
        while came is not None:
            steps.append(came)
            number = came[0]
            came = self.came[number]
        return number, tuple(reversed(steps))

    def ends(self) -> dict[int, tuple[tuple[int, Edge], ...]]:
        """Where a fair way can stay for ever: the place, and the circle that starts there."""
        found: dict[int, tuple[tuple[int, Edge], ...]] = {}
        for number in self.came:
            if number in self.space.unfinished:
                continue
            if not any(edge.own for edge in self.space.nodes[number].edges):
                found[number] = ()
        for component in self.components():
            circle = self.fair_circle(component)
            if circle:
                found.setdefault(circle[0][0], circle)
        return found

    def inside(self, number: int) -> Iterator[Edge]:
        return (edge for edge in self.space.nodes[number].edges if edge.to in self.came)

    def components(self) -> Iterator[list[int]]:
        """Tarjan's, without recursion: a way may be longer than Python's stack."""
        index: dict[int, int] = {}
        low: dict[int, int] = {}
        on_stack: set[int] = set()
        stack: list[int] = []
        for root in self.came:
            if root in index:
                continue
            work = [(root, self.inside(root))]
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
            while work:
                number, edges = work[-1]
                edge = next(edges, None)
                if edge is not None:
                    if edge.to not in index:
                        index[edge.to] = low[edge.to] = len(index)
                        stack.append(edge.to)
                        on_stack.add(edge.to)
                        work.append((edge.to, self.inside(edge.to)))
                    elif edge.to in on_stack:
                        low[number] = min(low[number], index[edge.to])
                    continue
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[number])
                if low[number] == index[number]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == number:
                            break
                    yield component

    def fair_circle(self, component: list[int]) -> tuple[tuple[int, Edge], ...]:
        """A circle through the component on which nothing runs for ever; empty: there is none."""
        members = set(component)
        edges = [(n, e) for n in component for e in self.inside(n) if e.to in members]
        if not edges:
            return ()
        obliged = {n: self.space.obligations(n) for n in component}
        always = frozenset.intersection(*obliged.values())
        #: what has to be passed for the circle to be fair: an edge, or a place
        passed: list[tuple[int, Edge]] = []
        for name in sorted(always):
            settling = next(((n, e) for n, e in edges if name in e.settled), None)
            if settling is None:
                return ()
            passed.append(settling)
        for name in sorted(frozenset.union(*obliged.values()) - always):
            idle = next((n, e) for n, e in edges if name not in obliged[n])
            passed.append(idle)
        return self.round(members, passed or edges[:1])

    def round(
        self, members: set[int], passed: list[tuple[int, Edge]]
    ) -> tuple[tuple[int, Edge], ...]:
        """A closed way over all these edges."""
        start = min((number for number, _ in passed), key=self.order.__getitem__)
        steps: list[tuple[int, Edge]] = []
        at = start
        for number, edge in passed:
            if (number, edge) not in steps:
                steps += [*self.within(members, at, number), (number, edge)]
                at = edge.to
        return (*steps, *self.within(members, at, start))

    def within(self, members: set[int], start: int, goal: int) -> list[tuple[int, Edge]]:
        """A shortest way inside a component."""
        came: dict[int, tuple[int, Edge] | None] = {start: None}
        pending = deque([start])
        while goal not in came:
            number = pending.popleft()
            for edge in self.inside(number):
                if edge.to in members and edge.to not in came:
                    came[edge.to] = (number, edge)
                    pending.append(edge.to)
        steps: list[tuple[int, Edge]] = []
        step = came[goal]
        while step is not None:
            steps.append(step)
            step = came[step[0]]
        return steps[::-1]
