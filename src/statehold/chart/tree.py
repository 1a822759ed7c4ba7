"""Tables of a chart's state tree, computed once.

States are numbered in document order, so the proper descendants of state ``i`` are exactly the
numbers ``i + 1`` to ``end[i] - 1``, and sorting numbers is sorting by document order.
"""

from __future__ import annotations

from collections.abc import Sequence

from statehold.chart.model import Chart, StateNode, Transition


class Tree:
    """The tables of one chart, which has passed :func:`.validate.validate`.

    ``parent`` is -1 for the root. ``children`` leaves history states out, ``histories`` holds
    only them. ``end[i]`` is the number after the last descendant of ``i``. ``initial[i]`` are the
    targets of a compound's default entry or a history's default, as numbers; empty for others.
    ``transitions[i]`` are those with source ``i``, in document order, and ``order`` has the place
    of each in the chart. ``takers`` has those that name an event, by the event and the source, and
    ``anything`` those that take any event, by the source.
    """

    __slots__ = (
        "anything",
        "chart",
        "children",
        "depth",
        "end",
        "histories",
        "index",
        "initial",
        "order",
        "parent",
        "states",
        "takers",
        "transitions",
    )

    def __init__(self, chart: Chart) -> None:
        states = chart.states
        index = {state.id: number for number, state in enumerate(states)}
        count = len(states)
        parent = [-1] * count
        depth = [0] * count
        end = list(range(1, count + 1))
        children: list[list[int]] = [[] for _ in states]
        histories: list[list[int]] = [[] for _ in states]
        for number in range(1, count):
            above = index[states[number].parent or ""]
            parent[number] = above
            depth[number] = depth[above] + 1
            kin = histories if states[number].kind == "history" else children
            kin[above].append(number)
        for number in range(count - 1, 0, -1):
            end[parent[number]] = max(end[parent[number]], end[number])
        leaving: list[list[Transition]] = [[] for _ in states]
        takers: dict[str, dict[int, list[Transition]]] = {}
        anything: dict[int, list[Transition]] = {}
        for transition in chart.transitions:
            source, trigger = index[transition.source], transition.trigger
            leaving[source].append(transition)
            if trigger.kind == "any":
                anything.setdefault(source, []).append(transition)
            elif trigger.kind != "always":
                for name in dict.fromkeys(trigger.events):
                    takers.setdefault(name, {}).setdefault(source, []).append(transition)

        self.chart: Chart = chart
        self.states: tuple[StateNode, ...] = states
        self.index: dict[str, int] = index
        self.parent: tuple[int, ...] = tuple(parent)
        self.depth: tuple[int, ...] = tuple(depth)
        self.end: tuple[int, ...] = tuple(end)
        self.children: tuple[tuple[int, ...], ...] = tuple(map(tuple, children))
        self.histories: tuple[tuple[int, ...], ...] = tuple(map(tuple, histories))
        self.transitions: tuple[tuple[Transition, ...], ...] = tuple(map(tuple, leaving))
        self.order: dict[str, int] = {t.id: place for place, t in enumerate(chart.transitions)}
        self.takers: dict[str, dict[int, list[Transition]]] = takers
        self.anything: dict[int, list[Transition]] = anything
        self.initial: tuple[tuple[int, ...], ...] = tuple(
            tuple(index[target] for target in state.initial.targets) if state.initial else ()
            for state in states
        )

    def is_descendant(self, state: int, ancestor: int) -> bool:
        """Whether ``state`` lies below ``ancestor``; no state lies below itself."""
        return ancestor < state < self.end[ancestor]

    def ancestors(self, state: int) -> tuple[int, ...]:
        """Proper ancestors, the parent first and the root last."""
        found = []
        while (state := self.parent[state]) >= 0:
            found.append(state)
        return tuple(found)

    def lcca(self, states: Sequence[int], *, parallel: bool = False) -> int:
        """The least common compound ancestor (SCXML, Appendix D, ``findLCCA``).

        Parallel states are skipped, save for the root, unless they count too. The root stands for
        itself.
        """
        first, last = min(states), max(states)
        above = self.parent[first]
        while above > 0:
            if last < self.end[above] and (parallel or self.states[above].kind == "compound"):
                return above
            above = self.parent[above]
        return 0
