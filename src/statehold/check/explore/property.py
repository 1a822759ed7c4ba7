"""Properties of a machine, and whether they hold.

- ``never(p)``: ``p`` holds in no reachable place; ``always(p)``: it holds in each.
- ``reachable(p)``: ``p`` holds in some reachable place.
- ``leads_to(p, q)``: every fair path from a place with ``p`` reaches a place with ``q``, which may
  be the same place. :mod:`.liveness` defines fair paths.

The answer is yes, no or not known (:class:`Verdict`). A no comes with a counterexample, as a script
that can be played.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from statehold.chart.tree import Tree
from statehold.check.explore.liveness import Lasso, find_lasso
from statehold.check.explore.predicate import Place, Predicate, predicate, unknown_paths
from statehold.check.explore.space import Space
from statehold.check.explore.witness import Witness, witness_of
from statehold.errors import ActionFailed
from statehold.interpreter.explore import SEARCH_LIMIT
from statehold.interpreter.explore import reachable as reachable_configurations

Condition = Predicate | Callable[[Place], bool]


class Property(Struct, frozen=True):
    """Made by :func:`never`, :func:`always`, :func:`reachable` and :func:`leads_to`."""

    kind: Literal["never", "always", "reachable", "leads_to"]
    p: Predicate
    q: Predicate | None = None

    def __str__(self) -> str:
        if self.q is not None:
            return f"{self.p.words} leads to {self.q.words}"
        return f"{self.kind} {self.p.words}"


def never(p: Condition) -> Property:
    """It holds in no reachable place."""
    return Property("never", predicate(p))


def always(p: Condition) -> Property:
    """It holds in every reachable place."""
    return Property("always", predicate(p))


def reachable(p: Condition) -> Property:
    """It holds in some reachable place."""
    return Property("reachable", predicate(p))


def leads_to(p: Condition, q: Condition) -> Property:
    """Where ``p`` holds, ``q`` holds then or later, whatever else happens."""
    return Property("leads_to", predicate(p), predicate(q))


class Verdict(Struct, frozen=True):
    """``holds`` None: not known, since a limit was hit before anything was found.

    ``why`` is what the answer rests on. ``witness`` is a counterexample; where ``reachable`` holds,
    a shortest path there. ``loop`` are the steps of a counterexample that repeat for ever, a line
    each; the script takes them once.
    """

    property: str
    holds: bool | None
    why: str
    witness: Witness | None = None
    loop: tuple[str, ...] = ()

    def __str__(self) -> str:
        word = {True: "holds", False: "does not hold", None: "is not known to hold"}[self.holds]
        lines = [f"{self.property}: {word}; {self.why}"]
        if self.witness is not None:
            lines += [f"  {line}" for line in self.witness.lines]
        return "\n".join(lines)


def check(space: Space, asked: Property) -> Verdict:
    """Whether the property holds in the space.

    Raises ``ValueError`` for a state that the machine does not have, and ``ActionFailed`` where a
    function of the property raises.
    """
    parts = [asked.p] if asked.q is None else [asked.p, asked.q]
    unknown = unknown_paths(space.definition.chart, *parts)
    if unknown:
        known = ", ".join(s.id for s in space.definition.chart.states if s.id)
        raise ValueError(
            f"{space.definition.name} has no state {', '.join(unknown)}; it has {known}"
        )
    return _Check(space, asked).verdict()


class _Check:
    def __init__(self, space: Space, asked: Property) -> None:
        self.space = space
        self.asked = asked

    def verdict(self) -> Verdict:
        if self.asked.kind == "leads_to":
            return self.leading()
        wanted = self.asked.kind != "always"
        found = self.first(lambda number: self.ask(self.asked.p, number) is wanted)
        looked_for = self.asked.kind == "reachable"
        if found is not None:
            why = f"shown by a path of {_steps(self.space.nodes[found].depth)}"
            return self.say(looked_for, why, self.witness_to(found))
        if self.asked.p.by_states and not self.anywhere(wanted):
            return self.say(not looked_for, "whatever the data and the guards")
        if not self.space.exhausted:
            return self.say(None, self.cut())
        return self.say(not looked_for, self.within())

    def leading(self) -> Verdict:
        p, q = self.asked.p, self.asked.q
        assert q is not None
        starts = [n for n in range(len(self.space.nodes)) if self.ask(p, n)]
        found = find_lasso(self.space, starts, lambda number: self.ask(q, number))
        if found is not None:
            return self.escaped(found)
        if not self.space.exhausted:
            return self.say(None, self.cut())
        nowhere = "" if starts else f"; {p.words} never is"
        return self.say(True, self.within() + nowhere)

    def escaped(self, found: Lasso) -> Verdict:
        space = self.space
        stimuli = space.path_to(found.start)
        once = len(stimuli) + len(found.stem)
        stimuli += [edge.stimulus for _, edge in (*found.stem, *found.loop)]
        witness = witness_of(space.definition, space.data, stimuli, doc=f"against: {self.asked}")
        if not found.loop:
            return self.say(False, "nothing more happens by itself after this path", witness)
        loop = witness.lines[once + 1 :]
        why = f"the last {_steps(len(loop))} of this path can repeat for ever"
        return Verdict(str(self.asked), False, why, witness, loop)

    def first(self, has: Callable[[int], bool]) -> int | None:
        return next((n for n in range(len(self.space.nodes)) if has(n)), None)

    def ask(self, p: Predicate, number: int) -> bool:
        try:
            return p(self.space.place(number))
        except Exception as error:
            raise ActionFailed(f"property {p.words}", error) from error

    def anywhere(self, wanted: bool) -> bool:
        """Whether ``p`` could be ``wanted`` in some configuration, with each guard either way."""
        chart = self.space.definition.chart
        found = reachable_configurations(chart, limit=SEARCH_LIMIT)
        if not found.complete:
            return True
        tree = Tree(chart)
        for leaves in found.configurations:
            states = {
                tree.states[s].id for leaf in leaves for s in tree.ancestors(tree.index[leaf])
            }
            place = Place(leaves, frozenset({*leaves, *states} - {""}), None)
            if self.asked.p(place) is wanted:
                return True
        return False

    def witness_to(self, number: int) -> Witness:
        space = self.space
        return witness_of(space.definition, space.data, space.path_to(number), doc=f"{self.asked}")

    def say(self, holds: bool | None, why: str, found: Witness | None = None) -> Verdict:
        return Verdict(str(self.asked), holds, why, found)

    def within(self) -> str:
        places = f"{len(self.space.nodes)} places found"
        if self.space.complete:
            return f"{places}, and there are no others"
        return f"{places}, all that follow from what was tried"

    def cut(self) -> str:
        return f"the search ended at its {', '.join(self.space.cut)}"


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
