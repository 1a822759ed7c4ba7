"""A chart for Graphviz, as text in its language DOT.

States with others inside are clusters, a parallel state a dashed one whose regions are clusters
too. DOT draws arrows between nodes only, so an arrow to or from a cluster leads to an invisible
node inside it and is clipped at the border (``compound``, ``lhead``, ``ltail``). A final state has
a double border, a history state is a circle with H or H*, and a dot marks the default entry of a
compound state.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection

from statehold.chart.labels import state_label
from statehold.chart.model import ROOT, Chart, Initial, StateNode, Transition
from statehold.chart.tree import Tree
from statehold.formats.label import Detail, Labels, cut

#: characters of a line at an arrow or in a state
LINE_LIMIT = 36

_HEAD = """\
    compound=true; rankdir=TB; nodesep=0.4; ranksep=0.5; fontname="Helvetica"; fontsize=11;
    node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11];
    edge [fontname="Helvetica", fontsize=9, arrowsize=0.7];"""
_ACTIVE = 'fillcolor="#fde68a", color="#b45309", penwidth=2'
_DOT = 'shape=circle, style=filled, fillcolor=black, width=0.12, label=""'
#: the node that arrows of the root start from
_ANYWHERE = "from:"
_POINT = 'shape=point, style=invis, width=0.01, label=""'


def to_dot(chart: Chart, *, active: Collection[str] = (), detail: Detail = "full") -> str:
    """The text of a ``digraph``, ending in a newline.

    ``active`` are ids of states to highlight, and ``detail`` is as for
    :func:`.mermaid.to_mermaid`. Raises ``ValueError`` for an unknown detail.
    """
    if detail not in ("full", "events", "names"):
        raise ValueError(f"unknown detail {detail!r}; available: full, events, names")
    return _Graph(chart, active, detail).text()


class _Graph:
    def __init__(self, chart: Chart, active: Collection[str], detail: Detail) -> None:
        self.chart = chart
        self.active = frozenset(active)
        self.tree = Tree(chart)
        self.labels = Labels(chart, detail)
        self.lines: list[str] = []

    def text(self) -> str:
        self.lines = [f"digraph {_quoted(self.chart.name)} {{", _HEAD]
        self.content(0, 1)
        if any(transition.source == ROOT and transition.targets for transition in self.transitions):
            # transitions of the root start in no state in particular
            self.line(1, f'{_quoted(_ANYWHERE)} [shape=plaintext, style="", label="anywhere"];')
        for transition in self.transitions:
            for target in transition.targets:
                self.arrow(transition.source, target, self.labels.transition(transition))
        for state in self.chart.states:
            if state.kind == "history" and state.initial is not None:
                for target in state.initial.targets:
                    label = self.labels.does(state.initial.actions)
                    self.arrow(state.id, target, label, "style=dotted")
        return "\n".join([*self.lines, "}"]) + "\n"

    @property
    def transitions(self) -> tuple[Transition, ...]:
        return self.chart.transitions

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    # --- states ---

    def content(self, state: int, depth: int) -> None:
        tree = self.tree
        node = tree.states[state]
        for child in (*tree.children[state], *tree.histories[state]):
            if tree.children[child]:
                self.cluster(child, depth)
            else:
                self.leaf(tree.states[child], depth)
        if node.initial is not None and node.kind == "compound":
            self.begin(node, node.initial, depth)

    def begin(self, node: StateNode, initial: Initial, depth: int) -> None:
        start = f"start:{node.id}"
        self.line(depth, f"{_quoted(start)} [{_DOT}];")
        for target in initial.targets:
            attributes = self.clipped("lhead", target, node.id)
            if does := self.labels.does(initial.actions):
                attributes.append(f"label={_label([does])}")
            self.line(depth, _arrow(start, self.ends(target), attributes))

    def cluster(self, state: int, depth: int) -> None:
        node = self.tree.states[state]
        self.line(depth, f"subgraph {_quoted(_cluster(node.id))} {{")
        style = '"rounded,dashed"' if node.kind == "parallel" else "rounded"
        border = 'color="#b45309", penwidth=2' if node.id in self.active else 'color="#78716c"'
        label = _label([self.name(node), *self.inside(node)])
        self.line(depth + 1, f"graph [label={label}, style={style}, {border}];")
        self.line(depth + 1, f"{_quoted(self.ends(node.id))} [{_POINT}];")
        self.content(state, depth + 1)
        self.line(depth, "}")

    def leaf(self, node: StateNode, depth: int) -> None:
        if node.kind == "history":
            name = "H*" if node.deep else "H"
            attributes = [f'shape=circle, style=filled, width=0.3, label="{name}"']
        else:
            attributes = [f"label={_label([self.name(node), *self.inside(node)])}"]
            if node.kind == "final":
                attributes.append("peripheries=2")
        if node.id in self.active:
            attributes.append(_ACTIVE)
        self.line(depth, f"{_quoted(self.ends(node.id))} [{', '.join(attributes)}];")

    def name(self, node: StateNode) -> str:
        return cut(state_label(self.chart, node))

    def inside(self, node: StateNode) -> list[str]:
        """What a state does, and its transitions without a target."""
        number = self.tree.index[node.id]
        lines = self.labels.state(node) if self.labels.detail == "full" else []
        return lines + [
            self.labels.transition(transition)
            for transition in self.tree.transitions[number]
            if not transition.targets
        ]

    # --- arrows ---

    def arrow(self, source: str, target: str, label: str, style: str = "") -> None:
        start = self.ends(source) if source != ROOT else _ANYWHERE
        attributes = self.clipped("ltail", source, target) + self.clipped("lhead", target, source)
        if label:
            attributes.append(f"label={_label([label])}")
        if style:
            attributes.append(style)
        self.line(1, _arrow(start, self.ends(target), attributes))

    def clipped(self, end: str, state: str, other: str) -> list[str]:
        """Attributes that clip an arrow at a cluster's border, unless its other end is inside."""
        tree = self.tree
        number, away = tree.index[state], tree.index[other]
        if state == ROOT or not tree.children[number] or tree.is_descendant(away, number):
            return []
        return [f"{end}={_quoted(_cluster(state))}"]

    def ends(self, state: str) -> str:
        """The node that an arrow to a state leads to."""
        kind = "in" if self.tree.children[self.tree.index[state]] else "state"
        return f"{kind}:{state}"


def _arrow(start: str, end: str, attributes: list[str]) -> str:
    return f"{_quoted(start)} -> {_quoted(end)} [{', '.join(attributes)}];"


def _cluster(state: str) -> str:
    # Graphviz recognises a cluster by this prefix
    return f"cluster:{state}"


def _label(lines: list[str]) -> str:
    """Wrapped lines; a word that is longer than a line is broken."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, LINE_LIMIT) or [""]]
    # an ampersand begins an entity in a label
    return _quoted("\n".join(wrapped).replace("&", "&amp;"))


def _quoted(text: str) -> str:
    # doubled: in a label a single backslash begins an escape; ids are doubled alike everywhere
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\ufffd")
    return '"' + escaped.replace("\r", " ").replace("\n", "\\n") + '"'
