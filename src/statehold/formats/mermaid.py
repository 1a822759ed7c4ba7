"""A chart as a Mermaid state diagram.

Mermaid has no history states, no transitions without a target and no several targets. A history
state is drawn as a state called H or H*, a targetless transition as a line in its state, several
targets as several arrows. A transition between two children of one state is written inside that
state; any other one at the end, since naming a state inside another one moves it there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from statehold.chart.labels import state_label
from statehold.chart.model import Chart, Initial, StateNode, Transition, Trigger
from statehold.chart.tree import Tree
from statehold.formats.label import Detail, Labels


def to_mermaid(chart: Chart, *, active: Collection[str] = (), detail: Detail = "full") -> str:
    """The text of a ``stateDiagram-v2``, ending in a newline.

    ``active`` are ids of states to highlight. ``detail``: ``full`` labels transitions ``event by
    roles [guards] / actions`` and notes what states do, ``events`` and ``names`` label them with
    no more than their events or their own names. Raises ``ValueError`` for an unknown detail.
    """
    if detail not in ("full", "events", "names"):
        raise ValueError(f"unknown detail {detail!r}; available: full, events, names")
    return _Diagram(chart, detail).text(active)


#: words that the grammar takes for its own where an id could stand, ids that it gives itself, and
#: members of every JavaScript object, which the layout trips over
_RESERVED = frozenset(
    {"accdescr", "acctitle", "as", "choice", "class", "classdef", "click", "default", "direction"}
    | {"divider", "end", "fork", "hide", "href", "join", "left", "note", "of", "right", "root"}
    | {"scale", "start", "state", "statediagram", "style"}
    | {"constructor", "hasownproperty", "isprototypeof", "propertyisenumerable", "tolocalestring"}
    | {"tostring", "valueof"}
)
_ESCAPED = {c: f"#{ord(c)};" for c in '#;:"<>{}[]%*`\\|&~'} | {"\n": " ", "\r": " ", "\t": " "}
_INDENT = "    "
#: what the arrow from a history state to its default has for a trigger
_DEFAULT = Trigger("always")
_ACTIVE_STYLE = "classDef active fill:#fde68a,stroke:#b45309,stroke-width:2px,color:#1c1917"


class _Diagram:
    def __init__(self, chart: Chart, detail: Detail) -> None:
        self.chart = chart
        self.detail = detail
        self.tree = Tree(chart)
        self.ids = _safe_ids(chart)
        self.lines: list[str] = ["stateDiagram-v2"]
        self.labels = Labels(chart, detail)
        self.inside: dict[int, list[tuple[str, str, Transition]]] = {}
        self.across: list[tuple[str, str, Transition]] = []
        self._sort_arrows()

    def text(self, active: Collection[str]) -> str:
        self.content(0, 1)
        for arrow in self.across:
            self.arrow(arrow, 1)
        if self.detail == "full":
            for state in self.chart.states[1:]:
                self.note(state)
        # a class on a composite state hides its children, so only leaves are highlighted
        marked = [self.ids[s] for s in active if s in self.ids and self._is_leaf(s)]
        if marked:
            self.line(1, _ACTIVE_STYLE)
            self.line(1, f"class {','.join(marked)} active")
        return "\n".join(self.lines) + "\n"

    def _is_leaf(self, state: str) -> bool:
        return self.tree.states[self.tree.index[state]].kind in ("atomic", "final")

    def line(self, depth: int, text: str) -> None:
        self.lines.append(f"{_INDENT * depth}{text}")

    # --- states ---

    def content(self, state: int, depth: int) -> None:
        """What stands inside a state with children, or in the whole diagram."""
        tree = self.tree
        node = tree.states[state]
        if node.kind != "parallel" and node.initial is not None:
            self.initial(state, node.initial, depth)
        for number, child in enumerate(tree.children[state]):
            if node.kind == "parallel" and state and number:
                self.line(depth, "--")
            self.state(child, depth)
        for history in tree.histories[state]:
            name = "H*" if tree.states[history].deep else "H"
            self.line(depth, f'state "{_escape(name)}" as {self.ids[tree.states[history].id]}')
        for arrow in self.inside.get(state, ()):
            self.arrow(arrow, depth)

    def state(self, number: int, depth: int) -> None:
        node = self.tree.states[number]
        id = self.ids[node.id]
        heading = f'state "{_escape(self.label(number))}" as {id}'
        if self.tree.children[number]:
            self.line(depth, f"{heading} {{")
            self.content(number, depth + 1)
            self.line(depth, "}")
            return
        self.line(depth, heading)
        for text in self.within(number):
            self.line(depth, f"{id} : {text}")
        if node.kind == "final":
            self.line(depth, f"{id} --> [*]")

    def label(self, number: int) -> str:
        return state_label(self.chart, self.tree.states[number])

    def initial(self, state: int, initial: Initial, depth: int) -> None:
        tree = self.tree
        does = self.labels.does(initial.actions)
        for target in initial.targets:
            child = tree.index[target]
            while tree.parent[child] != state:
                child = tree.parent[child]
            words = [f"to {target}"] if tree.states[child].id != target else []
            label = " ".join([*words, *([does] if does else [])])
            arrow = f"[*] --> {self.ids[tree.states[child].id]}"
            self.line(depth, f"{arrow} : {_escape(label)}" if label else arrow)

    # --- transitions ---

    def _sort_arrows(self) -> None:
        """Arrows between two children of one state are written there."""
        tree = self.tree
        for transition in self.chart.transitions:
            for target in transition.targets:
                arrow = (transition.source, target, transition)
                source = tree.index[transition.source]
                above = tree.parent[source]
                # between regions it would land in the last of them
                shared = above == tree.parent[tree.index[target]] and source
                if shared and tree.states[above].kind == "compound":
                    self.inside.setdefault(above, []).append(arrow)
                else:
                    self.across.append(arrow)
        for state in self.chart.states:
            if state.kind == "history" and state.initial is not None:
                for target in state.initial.targets:
                    default = Transition(
                        state.id, state.id, _DEFAULT, actions=state.initial.actions
                    )
                    self.across.append((state.id, target, default))

    def arrow(self, arrow: tuple[str, str, Transition], depth: int) -> None:
        source, target, transition = arrow
        # the root has no node of its own: its transitions start in each of its children
        sources = [source] if source else self._tops()
        label = self.words(transition)
        for one in sources:
            text = f"{self.ids[one]} --> {self.ids[target]}"
            self.line(depth, f"{text} : {_escape(label)}" if label else text)

    def _tops(self) -> list[str]:
        nodes = [self.tree.states[child] for child in self.tree.children[0]]
        return [node.id for node in nodes if node.kind != "final"]

    def within(self, state: int) -> Iterator[str]:
        """Targetless transitions, as lines of a state without children."""
        for transition in self.tree.transitions[state]:
            if not transition.targets and (label := self.words(transition)):
                yield _escape(label)

    def words(self, transition: Transition) -> str:
        """What stands at an arrow."""
        if transition.trigger is _DEFAULT:
            return self.labels.does(transition.actions)
        return self.labels.transition(transition)

    # --- notes ---

    def note(self, state: StateNode) -> None:
        lines = [_escape(line) for line in self.labels.state(state)]
        if not self._is_leaf(state.id):
            lines += self.within(self.tree.index[state.id])
        if not lines:
            return
        self.line(1, f"note right of {self.ids[state.id]}")
        for line in lines:
            self.line(2, line)
        self.line(1, "end note")


def _safe_ids(chart: Chart) -> dict[str, str]:
    """Ids of letters, digits and underscores, each once, none of them a word of the grammar."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for state in chart.states[1:]:
        id = re.sub(r"[^A-Za-z0-9_]", "_", state.id)
        if not id[:1].isalpha() or id.lower() in _RESERVED:
            id = f"s_{id}"
        plain, number = id, 1
        while id.lower() in taken:
            number += 1
            id = f"{plain}_{number}"
        taken.add(id.lower())
        found[state.id] = id
    return found


def _escape(text: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in text)
