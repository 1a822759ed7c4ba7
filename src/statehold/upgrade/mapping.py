"""Maps the states of an old chart to those of the new one.

A state without a mapping of its own follows its nearest mapped ancestor, if the new chart has that
path; otherwise it keeps its own path, if the new chart has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statehold.chart.tree import Tree
from statehold.interpreter.selection import default_entry
from statehold.interpreter.snapshot import CANCELLED


class NoImage(Exception):
    """The configuration has no legal image in the new chart."""


class StateMap:
    """``states`` are the mapped ones, each to one path, or to several if it is split."""

    def __init__(self, old: Tree, new: Tree, states: Mapping[str, tuple[str, ...]]) -> None:
        self.old = old
        self.new = new
        self.states = states
        self._images: dict[str, tuple[str, ...]] = {}

    def images(self, state: str) -> tuple[str, ...]:
        """Paths in the new chart; empty: the state maps nowhere."""
        found = self._images.get(state)
        if found is None:
            found = self._images[state] = self._find(state)
        return found

    def _find(self, state: str) -> tuple[str, ...]:
        index = self.new.index
        if state in self.states:
            return self.states[state]
        for ancestor in self.old.ancestors(self.old.index[state]):
            above = self.old.states[ancestor].id
            if above in self.states:
                moved = [f"{target}{state.removeprefix(above)}" for target in self.states[above]]
                if state.startswith(f"{above}.") and len(moved) == 1 and moved[0] in index:
                    return (moved[0],)
                break
        return (state,) if state in index else ()

    def configuration(self, leaves: Sequence[str]) -> tuple[str, ...]:
        """The leaves that an instance with these old leaves will have, in document order.

        A leaf that is mapped to a state with children means its default entry, as do regions
        that no leaf is mapped into. Raises :class:`NoImage`.
        """
        tree = self.new
        chosen: dict[int, str] = {}
        for leaf in leaves:
            images = self.images(leaf)
            if not images:
                raise NoImage(f"{leaf} maps nowhere")
            for image in images:
                number = tree.index[image]
                if tree.states[number].kind == "history":
                    raise NoImage(f"{leaf} maps to {image}, a history state, which is never active")
                chosen.setdefault(number, leaf)
        self._check_for_rivals(chosen)
        return self._filled(chosen)

    def _check_for_rivals(self, chosen: Mapping[int, str]) -> None:
        tree = self.new
        active: dict[int, int] = {}
        for number in chosen:
            for state in (number, *tree.ancestors(number)):
                active.setdefault(state, number)
        for state in sorted(active):
            if tree.states[state].kind != "compound":
                continue
            rivals = [child for child in tree.children[state] if child in active]
            if len(rivals) > 1:
                one, other = (
                    f"{tree.states[number].id} (from {chosen[number]})"
                    for number in (active[rivals[0]], active[rivals[1]])
                )
                raise NoImage(f"{one} and {other} can't be active together")

    def _filled(self, chosen: Iterable[int]) -> tuple[str, ...]:
        tree = self.new
        lowest = [s for s in chosen if not any(tree.is_descendant(other, s) for other in chosen)]
        if tree.states[0].kind == "parallel":
            for region in tree.children[0]:
                if not any(s == region or tree.is_descendant(s, region) for s in lowest):
                    lowest.append(region)
        entered = default_entry(tree, sorted(lowest)).states
        return tuple(tree.states[s].id for s in entered if s and not tree.children[s])

    def history(self, remembered: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The recorded history in the new chart; what has no image is dropped."""
        found = {}
        for name, states in remembered.items():
            if name == CANCELLED:
                found[name] = states
                continue
            images = self.images(name)
            if len(images) != 1 or self.new.states[self.new.index[images[0]]].kind != "history":
                continue
            kept = self._remembered(self.new.index[images[0]], states)
            if kept is not None:
                found[images[0]] = kept
        return found

    def _remembered(self, history: int, states: Sequence[str]) -> tuple[str, ...] | None:
        tree = self.new
        above = tree.parent[history]
        chosen: dict[int, str] = {}
        for state in states:
            images = self.images(state) if state in self.old.index else ()
            if not images:
                return None
            for image in images:
                number = tree.index[image]
                if not tree.is_descendant(number, above) or tree.states[number].kind == "history":
                    return None
                while not tree.states[history].deep and tree.parent[number] != above:
                    number = tree.parent[number]
                chosen.setdefault(number, state)
        try:
            self._check_for_rivals(chosen)
        except NoImage:
            return None
        return tuple(tree.states[number].id for number in sorted(chosen))


def closure(tree: Tree, leaves: Iterable[str]) -> tuple[int, ...]:
    """The leaves and everything above them but the root, in document order."""
    found: set[int] = set()
    for leaf in leaves:
        state = tree.index[leaf]
        found.add(state)
        found.update(tree.ancestors(state))
    found.discard(0)
    return tuple(sorted(found))
