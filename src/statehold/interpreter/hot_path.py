"""Steps that are taken often, written out as Python functions.

The function for an event in a configuration does what :func:`.step.step` does with the decision
tree, for the leaves that have a shortcut: it asks the guards, copies the data, runs the actions and
builds the step. It gives None for everything else, before anything has happened; the step is then
taken the general way, which asks the guards again. What the source text contains is of this
module alone; functions, names and states of the machine are passed to it as values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from statehold.chart.copying import written_copy
from statehold.chart.deferred import settled
from statehold.chart.event import AnEvent
from statehold.chart.values import Shape
from statehold.errors import ActionFailed
from statehold.interpreter.configuration import Ask, Node, Shortcut
from statehold.interpreter.snapshot import Snapshot, Step

#: leaves of a decision tree that are written out; the others are left to the general way
LEAF_LIMIT = 8

HotPath: TypeAlias = Callable[[Snapshot[Any], AnEvent, Collection[str] | None], Step[Any] | None]


def written_out(root: Node, data: Shape[Any]) -> HotPath:
    """The function for the decision tree as far as it has grown."""
    writer = _Writer(data)
    writer.line(0, "def take(snapshot, event, roles):")
    writer.line(1, "if snapshot.effects or snapshot.done: return None")
    writer.line(1, "data = snapshot.data")
    writer.node(root, 1)
    return writer.function()


class _Writer:
    def __init__(self, data: Shape[Any]) -> None:
        self._copy = written_copy(data.type)
        self._lines: list[str] = []
        self._leaves = 0
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

    def node(self, node: Node | None, depth: int) -> None:
        if node is None or node.ask in (Ask.DATA_EVENT_CONTEXT, Ask.HISTORY):
            self.line(depth, "return None")
        elif node.ask == Ask.LEAF:
            self.leaf(node.shortcut, depth)
        elif node.ask == Ask.ROLE:
            wanted = self.value(node.call)
            self.line(depth, f"if roles is None or not {wanted}.isdisjoint(roles):")
            self.branches(node, "else:", depth)
        else:
            self.guard(node, depth)

    def guard(self, node: Node, depth: int) -> None:
        arguments = "data" if node.ask == Ask.DATA else "data, event"
        self.line(depth, f"try: answer = {self.value(node.call)}({arguments})")
        self.line(depth, "except Exception: return None")
        self.line(depth, "if answer is True:")
        self.branches(node, "elif answer is False:", depth)
        self.line(depth, "else: return None")

    def branches(self, node: Node, otherwise: str, depth: int) -> None:
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

    def leaf(self, shortcut: Shortcut | None, depth: int) -> None:
        self._leaves += 1
        if shortcut is None or self._leaves > LEAF_LIMIT:
            self.line(depth, "return None")
            return
        target, calls, trace = shortcut
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
