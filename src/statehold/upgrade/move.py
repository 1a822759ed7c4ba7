"""What becomes of everything that is tied to a state when its configuration is upgraded.

Three rules, the same for timers, invokes and deadlines:

1. What an old state declared and its counterpart in the new chart declares too is kept as it is:
   still running, or over.
2. What only the old state declared is dropped.
3. What only the new state declares is started, as if the state were entered now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from statehold.chart.model import Delay, Invoke, Transition
from statehold.chart.tree import Tree
from statehold.upgrade.mapping import StateMap, closure


class Move(Struct, frozen=True):
    """The fate of one old configuration.

    ``timers`` maps ids of old timers to the new id and state, ``invokes`` ids of old invokes to
    the new invoke and its state, ``deadlines`` old states to new ones; what is not there is
    dropped. The ``new_`` ones are to be started. ``ends`` is the top-level final state that the
    instance comes to, if it does: then it is done, and nothing that lives with a state is kept.
    """

    leaves: tuple[str, ...]
    timers: Mapping[str, tuple[str, str]]
    invokes: Mapping[str, tuple[Invoke, str]]
    deadlines: Mapping[str, str]
    new_timers: tuple[tuple[str, str, Delay], ...]
    new_invokes: tuple[tuple[str, Invoke], ...]
    new_deadlines: tuple[tuple[str, Delay], ...]
    ends: str | None


def move(states: StateMap, effects: Mapping[str, str | None], leaves: Sequence[str]) -> Move:
    """``effects`` are the renamed ones, None for those to drop. Raises :class:`.NoImage`."""
    old, new = states.old, states.new
    new_leaves = states.configuration(leaves)
    for leaf in new_leaves:
        if ends(new, leaf):
            return Move(new_leaves, {}, {}, {}, (), (), (), leaf)
    # the root is active as long as the instance is, and may have timers and invokes too
    active = (0, *closure(new, new_leaves))
    origins: dict[int, list[int]] = {state: [] for state in active}
    for was in (0, *closure(old, leaves)):
        for image in states.images(old.states[was].id):
            if new.index[image] in origins:
                origins[new.index[image]].append(was)

    timers: dict[str, tuple[str, str]] = {}
    invokes: dict[str, tuple[Invoke, str]] = {}
    deadlines: dict[str, str] = {}
    new_timers: list[tuple[str, str, Delay]] = []
    new_invokes: list[tuple[str, Invoke]] = []
    new_deadlines: list[tuple[str, Delay]] = []
    for state in active:
        node = new.states[state]
        known: set[str] = set()
        declared = False
        for was in origins[state]:
            for before, after in timer_pairs(_timers(old, was), _timers(new, state)):
                timers.setdefault(before, (after, node.id))
                known.add(after)
            for mine, its in invoke_pairs(old.states[was].invokes, node.invokes, effects):
                invokes.setdefault(mine.id, (its, node.id))
                known.add(its.id)
            if node.deadline is not None and old.states[was].deadline is not None:
                deadlines[old.states[was].id] = node.id
                declared = True
        for transition in _timers(new, state):
            delay = transition.trigger.delay
            if transition.id not in known and delay is not None:
                new_timers.append((transition.id, node.id, delay))
        new_invokes += [(node.id, invoke) for invoke in node.invokes if invoke.id not in known]
        if node.deadline is not None and not declared:
            new_deadlines.append((node.id, node.deadline))
    return Move(
        new_leaves,
        timers,
        invokes,
        deadlines,
        tuple(new_timers),
        tuple(new_invokes),
        tuple(new_deadlines),
        None,
    )


def ends(tree: Tree, leaf: str) -> bool:
    """Whether an instance with this leaf is done."""
    state = tree.index[leaf]
    return tree.parent[state] == 0 and tree.states[state].kind == "final"


def timer_pairs(old: Sequence[Transition], new: Sequence[Transition]) -> Iterator[tuple[str, str]]:
    """Ids of old and new timers of one state that are the same: of one name, or the last left."""
    left_old, left_new = list(old), list(new)
    for before in old:
        for after in left_new:
            if _name(before.id) == _name(after.id):
                left_old.remove(before)
                left_new.remove(after)
                yield before.id, after.id
                break
    if len(left_old) == len(left_new) == 1:
        yield left_old[0].id, left_new[0].id


def invoke_pairs(
    old: Sequence[Invoke], new: Sequence[Invoke], effects: Mapping[str, str | None]
) -> Iterator[tuple[Invoke, Invoke]]:
    """Invokes of one state that ask for the same; the first with the first, and so on."""
    left: list[Invoke] = list(new)
    for before in old:
        wanted = effects.get(before.name, before.name)
        for after in left:
            if (after.kind, after.name) == (before.kind, wanted):
                left.remove(after)
                yield before, after
                break


def _timers(tree: Tree, state: int) -> list[Transition]:
    return [t for t in tree.transitions[state] if t.trigger.kind == "after"]


def _name(transition: str) -> str:
    """The attribute that a rule was assigned to: ``lapse`` of ``kitchen.lapse[cooking]``."""
    return transition.partition("[")[0].rpartition(".")[2]
