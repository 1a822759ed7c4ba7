"""Expands the short forms of all notations, by the same rules.

1. A history state without a default leads to what its parent enters by default.
2. A transition to its own source or to states inside stays within the source unless it says
   ``reenter`` (docs/decisions/0002-self-transitions.md).
3. A transition for the outcome of an effect or a machine takes that of every invoke of it in the
   source, around it or below it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from statehold.chart.event import failure_event, result_event
from statehold.chart.model import Initial, Kind, Policy, StateNode, Trigger


class Structure:
    """The states of a chart that is being compiled, which need not be valid yet."""

    def __init__(self, states: Sequence[StateNode]) -> None:
        self._nodes = {node.id: node for node in states}
        self._above: dict[str, tuple[str, ...]] = {}
        self._regions: dict[str, list[str]] = {}
        for node in states:
            if node.parent is None:
                self._above[node.id] = ()
                continue
            self._above[node.id] = (node.parent, *self._above.get(node.parent, ()))
            if node.kind != "history":
                self._regions.setdefault(node.parent, []).append(node.id)
        self.states = tuple(self._with_default(node) for node in states)

    def kind(self, state: str) -> Kind:
        return self._nodes[state].kind

    def within(self, state: str, ancestor: str) -> bool:
        """Whether ``state`` is ``ancestor`` or lies below it."""
        return state == ancestor or ancestor in self._above[state]

    def inward(
        self, source: str, targets: tuple[str, ...], policy: Policy
    ) -> tuple[tuple[str, ...], bool]:
        """The chart's targets for a transition that does not reenter its source, and ``internal``.

        Under XState's nesting the interpreter decides about regions without a target.
        """
        if not targets or not all(self.within(target, source) for target in targets):
            return targets, False
        inner = tuple(target for target in targets if target != source)
        node = self._nodes[source]
        if node.kind == "compound":
            return inner or (node.initial.targets if node.initial else ()), True
        if node.kind != "parallel":
            return (), False
        if inner and policy.nesting != "scxml":
            return inner, True
        return self._every_region(source, inner), True

    def outcomes_of(
        self,
        name: str,
        source: str,
        kind: str | None = None,
        among: Collection[str] | None = None,
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids of the invokes of that name whose outcome a transition of the source can take, and
        the states that invoke it elsewhere. ``among`` are the only ids that count; None: all."""
        around: list[str] = []
        elsewhere: list[str] = []
        for node in self.states:
            for invoke in node.invokes:
                if invoke.name != name or kind not in (None, invoke.kind):
                    continue
                if among is not None and invoke.id not in among:
                    continue
                if self.within(node.id, source) or self.within(source, node.id):
                    around.append(invoke.id)
                else:
                    elsewhere.append(node.id)
        return tuple(around), tuple(elsewhere)

    def _with_default(self, node: StateNode) -> StateNode:
        parent = None if node.parent is None else self._nodes.get(node.parent)
        if node.kind != "history" or node.initial is not None or parent is None:
            return node
        if parent.kind == "parallel":
            return replace(node, initial=Initial(tuple(self._regions.get(parent.id, ()))))
        return node if parent.kind == "history" else replace(node, initial=parent.initial)

    def _every_region(self, parallel: str, inner: tuple[str, ...]) -> tuple[str, ...]:
        """The targets, and each region that has none among them: all regions are exited."""
        if any(
            self._nodes[target].kind == "history" and self._nodes[target].parent == parallel
            for target in inner
        ):
            return inner
        found: list[str] = []
        for region in self._regions.get(parallel, ()):
            found += [target for target in inner if self.within(target, region)] or [region]
        return tuple(found)


def outcome_trigger(invokes: Iterable[str], *, failed: bool) -> Trigger:
    """What takes the result, or the failure, of any of these invokes."""
    if failed:
        return Trigger("failure", tuple(map(failure_event, invokes)))
    return Trigger("result", tuple(map(result_event, invokes)))
