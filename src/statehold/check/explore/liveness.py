"""Liveness: the search for a fair path on which something never happens.

A path is fair (``docs/decisions/0019-properties.md``) if time passes, so that no timer runs for
ever, and if every effect and child succeeds or fails, unless it is an incident. Events from outside
may come at any time, any number of times, or never again. So a counterexample ends either

- at rest, where nothing more happens by itself, or
- in a loop that can repeat for ever: whatever runs somewhere on it has ended, or has started
  again, somewhere on it.

Such a path is called a lasso: a stem and a loop. Loops lie in strongly connected components
(R. Tarjan, 1972). A component with a fair loop has one through all of it, so whole components are
tested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from msgspec import Struct

from statehold.check.explore.space import SearchEdge, Space


class Lasso(Struct, frozen=True):
    """Edges, each with the number of the place that it leaves: from ``start``, then round ``loop``,
    which is empty at rest."""

    start: int
    stem: tuple[tuple[int, SearchEdge], ...]
    loop: tuple[tuple[int, SearchEdge], ...] = ()


def find_lasso(space: Space, starts: list[int], is_reached: Callable[[int], bool]) -> Lasso | None:
    """A shortest fair path from one of ``starts`` on which nothing ``is_reached``; None: no such
    path.

    A place with steps that were not followed, because of a limit, counts as no end.
    """
    avoiding = _Avoiding(space, starts, is_reached)
    ends = avoiding.ends()
    if not ends:
        return None
    # the first in the order of the search is a nearest one
    end = min(ends, key=avoiding.order.__getitem__)
    start, stem = avoiding.path_to(end)
    return Lasso(start, stem, ends[end])


class _Avoiding:
    """The part of a space that is visited from ``starts`` before anything is reached."""

    def __init__(self, space: Space, starts: list[int], is_reached: Callable[[int], bool]) -> None:
        self.space = space
        self.came: dict[int, tuple[int, SearchEdge] | None] = {}
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

    def path_to(self, number: int) -> tuple[int, tuple[tuple[int, SearchEdge], ...]]:
        steps: list[tuple[int, SearchEdge]] = []
        came = self.came[number]
        while came is not None:
            steps.append(came)
            number = came[0]
            came = self.came[number]
        return number, tuple(reversed(steps))

    def ends(self) -> dict[int, tuple[tuple[int, SearchEdge], ...]]:
        """Where a fair path can stay for ever: the place, and the loop that starts there."""
        found: dict[int, tuple[tuple[int, SearchEdge], ...]] = {}
        for number in self.came:
            if number in self.space.unfinished:
                continue
            if not any(edge.own for edge in self.space.nodes[number].edges):
                found[number] = ()
        for component in self.components():
            loop = self.fair_loop(component)
            if loop:
                found.setdefault(loop[0][0], loop)
        return found

    def inside(self, number: int) -> Iterator[SearchEdge]:
        return (edge for edge in self.space.nodes[number].edges if edge.to in self.came)

    def components(self) -> Iterator[list[int]]:
        """Tarjan's algorithm, without recursion: a path may be longer than Python's stack."""
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

    def fair_loop(self, component: list[int]) -> tuple[tuple[int, SearchEdge], ...]:
        """A loop through the component on which nothing runs for ever; empty: there is none."""
        members = set(component)
        edges = [(n, e) for n in component for e in self.inside(n) if e.to in members]
        if not edges:
            return ()
        obliged = {n: self.space.obligations(n) for n in component}
        always = frozenset.intersection(*obliged.values())
        #: edges that the loop has to pass to be fair
        passed: list[tuple[int, SearchEdge]] = []
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
        self, members: set[int], passed: list[tuple[int, SearchEdge]]
    ) -> tuple[tuple[int, SearchEdge], ...]:
        """A closed path over all these edges."""
        start = min((number for number, _ in passed), key=self.order.__getitem__)
        steps: list[tuple[int, SearchEdge]] = []
        at = start
        for number, edge in passed:
            if (number, edge) not in steps:
                steps += [*self.within(members, at, number), (number, edge)]
                at = edge.to
        return (*steps, *self.within(members, at, start))

    def within(self, members: set[int], start: int, goal: int) -> list[tuple[int, SearchEdge]]:
        """A shortest path inside a component."""
        came: dict[int, tuple[int, SearchEdge] | None] = {start: None}
        pending = deque([start])
        while goal not in came:
            number = pending.popleft()
            for edge in self.inside(number):
                if edge.to in members and edge.to not in came:
                    came[edge.to] = (number, edge)
                    pending.append(edge.to)
        steps: list[tuple[int, SearchEdge]] = []
        step = came[goal]
        while step is not None:
            steps.append(step)
            step = came[step[0]]
        return steps[::-1]
