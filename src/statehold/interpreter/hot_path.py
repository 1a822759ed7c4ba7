"""Steps that are taken often, written out as Python functions.

The function for an event in a configuration does what :func:`.step.step` does with the decision
tree: it asks the guards, copies the data, runs the actions and builds the step. It gives None,
before anything has happened, for a branch that had not grown when it was written, a guard that
raises and an effect in flight; the step is then taken the general way, which asks the guards again.
So a tree is written out only while each of its leaves is a whole step: a shortcut or a refusal.

The source text contains nothing of the machine: its functions, names and states are passed to it as
values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from statehold.chart.copying import written_copy
from statehold.chart.deferred import settled
from statehold.chart.event import AnEvent
from statehold.chart.values import Shape
from statehold.errors import ActionFailed
from statehold.interpreter.configuration import Ask, DecisionNode
from statehold.interpreter.snapshot import Snapshot, Step

#: trees with more leaves are not written out
LEAF_LIMIT = 16

HotPath: TypeAlias = Callable[[Snapshot[Any], AnEvent, Collection[str] | None], Step[Any] | None]


def written_out(root: DecisionNode, data: Shape[Any]) -> HotPath | None:
    """The function for the decision tree as far as it has grown; None if it can't be written."""
    writer = _Writer(data)
    writer.line(0, "def take(snapshot, event, roles):")
    writer.line(1, "if snapshot.effects or snapshot.done: return None")
    writer.line(1, "data = snapshot.data")
    writer.node(root, 1)
    return writer.function() if writer.is_whole and writer.leaves <= LEAF_LIMIT else None


class _Writer:
    def __init__(self, data: Shape[Any]) -> None:
        self._copy = written_copy(data.type)
        self._lines: list[str] = []
        self.leaves = 0
        #: every branch that has grown is written out
        self.is_whole = True
        self._scope: dict[str, Any] = {
            "ActionFailed": ActionFailed,
            "Snapshot": Snapshot,
            "Step": Step,
            "copy_data": data.copy,
            "settled": settled,
            **(self._copy.scope if self._copy else {}),
        }

    def function(self) -> HotPath:
        exec("\n".join(self._lines), self._scope)
        taken: HotPath = self._scope["take"]
        return taken

    def line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def value(self, value: Any) -> str:
        """A name for the value."""
        name = f"v{len(self._scope)}"
        self._scope[name] = value
        return name

    def node(self, node: DecisionNode | None, depth: int) -> None:
        if node is None:
            self.line(depth, "return None")
        elif node.ask in (Ask.DATA_EVENT_CONTEXT, Ask.HISTORY):
            self.is_whole = False
        elif node.ask == Ask.LEAF:
            self.leaf(node, depth)
        elif node.ask == Ask.ROLE:
            wanted = self.value(node.call)
            self.line(depth, f"if roles is None or not {wanted}.isdisjoint(roles):")
            self.branches(node, "else:", depth)
        else:
            self.guard(node, depth)

    def guard(self, node: DecisionNode, depth: int) -> None:
        arguments = "data" if node.ask == Ask.DATA else "data, event"
        self.line(depth, f"try: answer = {self.value(node.call)}({arguments})")
        self.line(depth, "except Exception: return None")
        self.line(depth, "if answer is True:")
        self.branches(node, "elif answer is False:", depth)
        self.line(depth, "else: return None")

    def branches(self, node: DecisionNode, otherwise: str, depth: int) -> None:
        self.node(node.yes, depth + 1)
        self.line(depth, otherwise)
        self.node(node.no, depth + 1)

    def copy(self, depth: int) -> None:
        if self._copy is None:
            self.line(depth, "data = copy_data(data)")
            return
        self.line(depth, "if type(data) is kind:")
        for line in self._copy.lines:
            self.line(depth + 1, line)
        self.line(depth + 1, "data = twin")
        self.line(depth, "else: data = copy_data(data)")

    def leaf(self, leaf: DecisionNode, depth: int) -> None:
        self.leaves += 1
        if leaf.refuses:
            self.line(depth, f"return Step(snapshot, (), {self.value(leaf.trace)}, False)")
            return
        if leaf.shortcut is None:
            self.is_whole = False
            return
        target, calls, trace = leaf.shortcut
        if calls:
            self.copy(depth)
            self.line(depth, "try:")
            for takes, call, action in calls:
                arguments = "data" if takes == 1 else "data, event"
                self.line(depth + 1, f"action = {self.value(action)}")
                self.line(depth + 1, f"changed = {self.value(call)}({arguments})")
                self.line(depth + 1, "if changed is not None:")
                self.line(depth + 2, "if type(changed) is not type(data): settled(changed)")
                self.line(depth + 2, "data = changed")
            self.line(depth, "except Exception as error:")
            self.line(depth + 1, "raise ActionFailed(action, error) from error")
        self.line(depth, f"return Step(Snapshot({self.value(target)}, data, snapshot.seq + 1,")
        self.line(depth + 1, "snapshot.instance, snapshot.history, snapshot.timers, (),")
        self.line(depth + 1, f"snapshot.deadlines, False, None), (), {self.value(trace)}, True)")
