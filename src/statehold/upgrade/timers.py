"""Pairs the timers of an old configuration with those of the new one, without guessing.

1. What the upgrade says: ``timers`` maps an old rule to a new one, or to None, which drops it.
2. The same name, on a state that the old one's state maps to.
3. The same name, on a state around or below that: the rule moved. The nearest one wins.

The name of a rule is the last part of its path, without ``[source]``. An old timer that is left is
dropped, and a new one that is left is started; so is one that the upgrade maps to a rule whose
state is not active, or that continues another rule. :mod:`.plan` reports what is lost so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from statehold.chart.model import Transition
from statehold.chart.tree import Tree
from statehold.upgrade.mapping import StateMap

#: old rules, by their ids or by their paths without ``[source]``, to new ones; None: dropped
TimerMapping = Mapping[str, str | None]


class Paired(Struct, frozen=True):
    """``kept`` maps ids of old timers to new ones. ``started`` are the new timers without an old
    one. ``lost`` maps the ids of old timers that are dropped, although the upgrade does not say so,
    to the new ones that they may have been renamed to."""

    kept: Mapping[str, Transition]
    started: tuple[Transition, ...]
    lost: Mapping[str, tuple[str, ...]]


def pair_timers(
    states: StateMap, mapping: TimerMapping, before: Sequence[int], after: Sequence[int]
) -> Paired:
    """``before`` and ``after`` are the active states, the root among them, in document order."""
    return _Pairing(states, mapping, before, after).paired()


def timers_of(tree: Tree, state: int) -> list[Transition]:
    return [t for t in tree.transitions[state] if t.trigger.kind == "after"]


def rule_of(transition: str) -> str:
    """The rule's path: ``kitchen.lapse`` of ``kitchen.lapse[cooking]``."""
    return transition.partition("[")[0]


def name_of(transition: str) -> str:
    """The attribute that a rule was assigned to: ``lapse`` of ``kitchen.lapse[cooking]``."""
    return rule_of(transition).rpartition(".")[2]


def mapped_to(mapping: TimerMapping, transition: str) -> str | bool | None:
    """The mapping of an old timer; None: it is dropped, False: there is no mapping."""
    for key in (transition, rule_of(transition)):
        if key in mapping:
            return mapping[key]
    return False


class _Pairing:
    def __init__(
        self, states: StateMap, mapping: TimerMapping, before: Sequence[int], after: Sequence[int]
    ) -> None:
        self.mapping = mapping
        self.old, self.new = states.old, states.new
        self.mine = [t for state in before for t in timers_of(self.old, state)]
        self.its = [t for state in after for t in timers_of(self.new, state)]
        self.kept: dict[str, Transition] = {}
        self.claimed: set[str] = set()
        self.dropped: set[str] = set()
        #: those that the upgrade maps to a timer that can't continue them
        self.astray: set[str] = set()
        active = set(after)
        #: the images of each old active state and of its descendants, with their depth below it
        self.images: dict[int, list[tuple[int, int]]] = {}
        if self.mine and self.its:
            names = {state: self.old.states[state].id for state in before}
            at = {s: [self.new.index[i] for i in states.images(id)] for s, id in names.items()}
            for state in {self.old.index[t.source] for t in self.mine}:
                self.images[state] = [
                    (self.old.depth[below] - self.old.depth[state], image)
                    for below in before
                    if below == state or self.old.is_descendant(below, state)
                    for image in at[below]
                    if image in active
                ]

    def paired(self) -> Paired:
        self.as_mapped()
        self.on_the_same_state()
        self.moved()
        lost = dict.fromkeys(sorted(self.astray), ()) | {
            t.id: self.candidates(t) for t in self.left()
        }
        started = tuple(t for t in self.its if t.id not in self.claimed)
        return Paired(self.kept, started, lost)

    def as_mapped(self) -> None:
        for mine in self.mine:
            wanted = mapped_to(self.mapping, mine.id)
            if wanted is False:
                continue
            if wanted is None:
                self.dropped.add(mine.id)
                continue
            named = [t for t in self.its if wanted in (t.id, rule_of(t.id))]
            near = sorted(
                (distance, self.its.index(t)) for t in named
                if (distance := self.distance(mine, t)) is not None
            )  # fmt: skip
            its = self.its[near[0][1]] if near else named[0] if named else None
            if its is None or self.is_taken(its, mine):
                self.astray.add(mine.id)
            else:
                self.keep(mine, its)

    def is_taken(self, its: Transition, mine: Transition) -> bool:
        """Whether it continues another rule already; one rule may have timers in several states."""
        taken = (rule_of(id) for id, other in self.kept.items() if other.id == its.id)
        return any(rule != rule_of(mine.id) for rule in taken)

    def on_the_same_state(self) -> None:
        """One to one within a state; two states that become one may have the same timer."""
        said = set(self.claimed)
        for exact in (True, False):
            for mine in self.left():
                beside = {t.id for t in self.mine if t.source == mine.source}
                taken = said | {t.id for id, t in self.kept.items() if id in beside}
                for its in self.its:
                    alike = its.id == mine.id if exact else name_of(its.id) == name_of(mine.id)
                    if alike and its.id not in taken and self.distance(mine, its) == 0:
                        self.keep(mine, its)
                        break

    def moved(self) -> None:
        ways = sorted(
            (distance, number, other)
            for number, mine in enumerate(self.mine)
            for other, its in enumerate(self.its)
            if name_of(mine.id) == name_of(its.id)
            and (distance := self.distance(mine, its)) is not None
        )
        for _, number, other in ways:
            mine, its = self.mine[number], self.its[other]
            if its.id not in self.claimed and mine in self.left():
                self.keep(mine, its)

    def left(self) -> list[Transition]:
        settled = self.kept.keys() | self.dropped | self.astray
        return [t for t in self.mine if t.id not in settled]

    def keep(self, mine: Transition, its: Transition) -> None:
        self.kept[mine.id] = its
        self.claimed.add(its.id)

    def distance(self, mine: Transition, its: Transition) -> int | None:
        """How many levels the rule moved; None: its state is not related to the old one's."""
        new, state = self.new, self.new.index[its.source]
        return min(
            (
                below + abs(new.depth[image] - new.depth[state])
                for below, image in self.images.get(self.old.index[mine.source], ())
                if image == state
                or new.is_descendant(image, state)
                or new.is_descendant(state, image)
            ),
            default=None,
        )

    def candidates(self, mine: Transition) -> tuple[str, ...]:
        """New rules that may be the old one under another name: neither name is in both charts."""
        if name_of(mine.id) in _names(self.new):
            return ()
        known = _names(self.old)
        return tuple(
            t.id
            for t in self.its
            if t.id not in self.claimed
            and name_of(t.id) not in known
            and self.distance(mine, t) is not None
        )


def _names(tree: Tree) -> set[str]:
    return {name_of(t.id) for t in tree.chart.transitions if t.trigger.kind == "after"}


def rules_of(tree: Tree) -> Iterator[str]:
    """Paths and ids of all timers."""
    for transition in tree.chart.transitions:
        if transition.trigger.kind == "after":
            yield transition.id
            yield rule_of(transition.id)
