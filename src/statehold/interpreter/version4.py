"""Which states XState 4 exits and enters (its ``getConfiguration`` and ``getActions``).

Version 4 has no domains. It computes what is active afterwards: the targets, their ancestors, and
beside them every active state that can stay. Active states that are not among these are exited,
states of these that were not active are entered. An external transition also restarts its source
and the states between it and the target.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from statehold.chart.model import Transition
from statehold.chart.tree import Tree


class Turnover(NamedTuple):
    """States in document order, the root left out; ``defaults`` are those entered by default."""

    exits: tuple[int, ...]
    entered: tuple[int, ...]
    defaults: frozenset[int]


def turnover(
    tree: Tree,
    active: Sequence[int],
    transitions: Sequence[Transition],
    history: Mapping[str, tuple[str, ...]],
) -> Turnover:
    """What the transitions exit and enter together; they are :func:`compatible`."""
    before = {0, *active}
    wanted: list[int] = []
    restarted: set[int] = set()
    for transition in transitions:
        source = tree.index[transition.source]
        for target in map(tree.index.__getitem__, transition.targets):
            wanted += _arrivals(tree, before, target, history)
            if not transition.internal:
                restarted.update(_restarted(tree, source, target))
    if not wanted:
        return Turnover((), (), frozenset())
    after = _filled(tree, wanted, before)
    exits: set[int] = set(restarted)
    for state in sorted(before):
        if state not in after or tree.parent[state] in exits:
            exits.add(state)
    entered: set[int] = set()
    for state in sorted(after):
        if state not in before or state in restarted or tree.parent[state] in entered:
            entered.add(state)
    named = {above for state in wanted for above in tree.ancestors(state)}
    return Turnover(
        tuple(sorted(exits - {0})),
        tuple(sorted(entered - {0})),
        frozenset(entered - named - {0}),
    )


def compatible(
    tree: Tree,
    active: Sequence[int],
    enabled: Sequence[Transition],
    history: Mapping[str, tuple[str, ...]],
) -> tuple[Transition, ...]:
    """Of transitions whose targets can't be active together, the one whose source is deeper wins,
    else the earlier. (Version 4 takes both, and its states contradict each other.)"""
    before = {0, *active}
    kept: list[tuple[Transition, list[int]]] = []
    for transition in enabled:
        lands = [
            state
            for target in transition.targets
            for state in _arrivals(tree, before, tree.index[target], history)
        ]
        source = tree.index[transition.source]
        rivals = [pair for pair in kept if _exclude(tree, lands, pair[1])]
        if all(tree.is_descendant(source, tree.index[rival.source]) for rival, _ in rivals):
            kept = [pair for pair in kept if pair not in rivals]
            kept.append((transition, lands))
    return tuple(transition for transition, _ in kept)


def _exclude(tree: Tree, some: Sequence[int], others: Sequence[int]) -> bool:
    for one in some:
        for other in others:
            in_line = tree.is_descendant(one, other) or tree.is_descendant(other, one)
            if one != other and not in_line:
                parting = tree.lcca((one, other), parallel=True)
                if tree.states[parting].kind == "compound":
                    return True
    return False


def _arrivals(
    tree: Tree, before: set[int], target: int, history: Mapping[str, tuple[str, ...]]
) -> list[int]:
    """The states that a target means: those that are remembered, or those entered by default.

    A history state of an active state means what is active in it now.
    """
    node, parent = tree.states[target], tree.parent[target]
    if node.kind == "history" and parent in before:
        inside = [state for state in sorted(before) if tree.is_descendant(state, parent)]
        if node.deep:
            return [state for state in inside if before.isdisjoint(tree.children[state])]
        return [state for state in inside if tree.parent[state] == parent]
    remembered = history.get(node.id)
    if remembered:
        return [tree.index[name] for name in remembered]
    return _leaves(tree, target)


def _leaves(tree: Tree, state: int) -> list[int]:
    onward = tree.children[state] if tree.states[state].kind == "parallel" else tree.initial[state]
    return [leaf for inner in onward for leaf in _leaves(tree, inner)] or [state]


def _restarted(tree: Tree, source: int, target: int) -> tuple[int, ...]:
    """``getPotentiallyReenteringNodes``."""
    if source < target:
        return (source,)
    if source == target or tree.is_descendant(source, target):
        between = (source, *tree.ancestors(source))
        return between[: between.index(target) + 1]
    return ()


def _filled(tree: Tree, wanted: Sequence[int], before: set[int]) -> set[int]:
    """The whole configuration around these states."""
    after: set[int] = set()
    pending: deque[int] = deque()

    def add(state: int) -> None:
        for one in (state, *tree.ancestors(state)):
            if one not in after:
                after.add(one)
                pending.append(one)

    for state in wanted:
        add(state)
    while pending:
        state = pending.popleft()
        children = tree.children[state]
        if tree.states[state].kind == "parallel":
            for child in children:
                add(child)
        elif children and after.isdisjoint(children):
            stays = [child for child in children if child in before]
            for inner in stays or _leaves(tree, state):
                add(inner)
    return after
