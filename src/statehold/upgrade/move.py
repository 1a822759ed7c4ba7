"""How the upgrade of a configuration moves what belongs to its states.

Three rules hold for timers, invokes and deadlines:

1. What both the old state and its image declare is kept as it is, running or ended.
2. What only the old state declares is dropped.
3. What only the new state declares is started, as if the state were entered now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from statehold.chart.model import Delay, Invoke
from statehold.chart.tree import Tree
from statehold.upgrade.mapping import StateMap, closure
from statehold.upgrade.timers import TimerMapping, pair_timers


class Move(Struct, frozen=True):
    """The move of one old configuration.

    ``timers`` maps ids of old timers to the new id and state, ``invokes`` ids of old invokes to
    the new invoke and its state, ``deadlines`` old states to new ones; all others are dropped. The
    ``new_`` ones are started. ``ends`` is the top-level final state that the instance reaches, if
    it does: then it is done, and nothing is kept. ``lost`` are the old timers that are dropped
    although the upgrade does not say so, each with the new ones that it may have been renamed to.
    """

    leaves: tuple[str, ...]
    timers: Mapping[str, tuple[str, str]]
    invokes: Mapping[str, tuple[Invoke, str]]
    deadlines: Mapping[str, str]
    new_timers: tuple[tuple[str, str, Delay], ...]
    new_invokes: tuple[tuple[str, Invoke], ...]
    new_deadlines: tuple[tuple[str, Delay], ...]
    ends: str | None
    lost: Mapping[str, tuple[str, ...]]


def move(
    states: StateMap,
    effects: Mapping[str, str | None],
    mapping: TimerMapping,
    leaves: Sequence[str],
) -> Move:
    """``effects`` are the renamed ones, ``mapping`` has the mapped timers; None drops one.
    Raises :class:`.NoImage`."""
    old, new = states.old, states.new
    new_leaves = states.configuration(leaves)
    for leaf in new_leaves:
        if ends(new, leaf):
            return Move(new_leaves, {}, {}, {}, (), (), (), leaf, {})
    # the root is always active, and may have timers and invokes too
    active = (0, *closure(new, new_leaves))
    origins: dict[int, list[int]] = {state: [] for state in active}
    before = (0, *closure(old, leaves))
    for was in before:
        for image in states.images(old.states[was].id):
            if new.index[image] in origins:
                origins[new.index[image]].append(was)

    paired = pair_timers(states, mapping, before, active)
    invokes: dict[str, tuple[Invoke, str]] = {}
    deadlines: dict[str, str] = {}
    new_invokes: list[tuple[str, Invoke]] = []
    new_deadlines: list[tuple[str, Delay]] = []
    for state in active:
        node = new.states[state]
        known: set[str] = set()
        declared = False
        for was in origins[state]:
            for mine, its in invoke_pairs(old.states[was].invokes, node.invokes, effects):
                invokes.setdefault(mine.id, (its, node.id))
                known.add(its.id)
            if node.deadline is not None and old.states[was].deadline is not None:
                deadlines[old.states[was].id] = node.id
                declared = True
        new_invokes += [(node.id, invoke) for invoke in node.invokes if invoke.id not in known]
        if node.deadline is not None and not declared:
            new_deadlines.append((node.id, node.deadline))
    return Move(
        new_leaves,
        {id: (its.id, its.source) for id, its in paired.kept.items()},
        invokes,
        deadlines,
        tuple(
            (its.id, its.source, its.trigger.delay)
            for its in paired.started
            if its.trigger.delay is not None
        ),
        tuple(new_invokes),
        tuple(new_deadlines),
        None,
        paired.lost,
    )


def ends(tree: Tree, leaf: str) -> bool:
    """Whether an instance with this leaf is done."""
    state = tree.index[leaf]
    return tree.parent[state] == 0 and tree.states[state].kind == "final"


def invoke_pairs(
    old: Sequence[Invoke], new: Sequence[Invoke], effects: Mapping[str, str | None]
) -> Iterator[tuple[Invoke, Invoke]]:
    """Invokes of one state with the same name: those of the same id, the others in their order."""
    theirs, mine = list(new), list(old)
    for same_id in (True, False):
        for before in tuple(mine):
            wanted = before.kind, effects.get(before.name, before.name)
            for after in theirs:
                fits = not same_id or _own_id(before) == _own_id(after)
                if fits and (after.kind, after.name) == wanted:
                    theirs.remove(after)
                    mine.remove(before)
                    yield before, after
                    break


def _own_id(invoke: Invoke) -> str:
    """Without the path of its state, which may have another one now."""
    return invoke.id.rpartition("/")[2]
