"""Loops and ``switch``, and ``break`` and ``continue``, which leave them.

A loop pays, at each turn, for every part of its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript.assignments import Assignments
from statehold.expression.ecmascript.compiler import Compiler, Signal, Step, called
from statehold.expression.ecmascript.locations import UNSET
from statehold.expression.ecmascript.statements import Statements
from statehold.expression.ecmascript.syntax import field, parts, text_of
from statehold.expression.ecmascript.values import strictly_equal, truthy, type_name
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed

if TYPE_CHECKING:
    from tree_sitter import Node


class Loops:
    def __init__(
        self, compiler: Compiler, statements: Statements, assignments: Assignments
    ) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        self.within = statements
        self.assignments = assignments
        compiler.statements |= {
            "break_statement": self._leave,
            "continue_statement": self._leave,
            "do_statement": self._do,
            "for_in_statement": self._for_each,
            "for_statement": self._for,
            "switch_statement": self._switch,
            "while_statement": self._while,
        }

    def _condition(self, node: Node) -> Code:
        return self.compiler.expression(field(node, "condition"))

    def _body(self, node: Node) -> Step:
        self.layout.unit.loops += 1
        body = self.within.scoped(field(node, "body"))
        self.layout.unit.loops -= 1
        return body

    def _while(self, node: Node) -> Step:
        before = self.layout.parts
        test, body = self._condition(node), self._body(node)
        cost = 1 + self.layout.parts - before

        def run(frame: Frame) -> Signal:
            frame.spend(cost)
            while truthy(test(frame)):
                signal = body(frame)
                if signal == "break":
                    break
                if signal == "return":
                    return signal
                frame.spend(cost)
            return None

        return run

    def _do(self, node: Node) -> Step:
        before = self.layout.parts
        body, test = self._body(node), self._condition(node)
        cost = 1 + self.layout.parts - before

        def run(frame: Frame) -> Signal:
            while True:
                frame.spend(cost)
                signal = body(frame)
                if signal == "return":
                    return signal
                if signal == "break" or not truthy(test(frame)):
                    return None

        return run

    def _for(self, node: Node) -> Step:
        self.layout.open_scope()
        before = self.layout.parts
        first = node.child_by_field_name("initializer")
        own: tuple[int, ...] = ()
        start: Step = lambda frame: None  # noqa: E731
        if first is not None and first.type in ("lexical_declaration", "variable_declaration"):
            own, _ = self.within.hoisted([first])
            start = self.compiler.statement(first)
        elif first is not None and first.type != "empty_statement":
            start = self._evaluating(first)
        test, step = (node.child_by_field_name(name) for name in ("condition", "increment"))
        is_endless = test is None or test.type in (";", "empty_statement")
        goes_on = None if is_endless or test is None else self.compiler.expression(_bare(test))
        advance = None if step is None else self._evaluating(step)
        body = self._body(node)
        cost = 1 + self.layout.parts - before
        self.layout.close_scope()

        def run(frame: Frame) -> Signal:
            local = frame.local
            for slot in own:
                local[slot] = [UNSET]
            start(frame)
            frame.spend(cost)
            while goes_on is None or truthy(goes_on(frame)):
                signal = body(frame)
                if signal == "break":
                    break
                if signal == "return":
                    return signal
                # a function that the turn has made keeps the variables of its turn
                for slot in own:
                    local[slot] = [local[slot][0]]
                if advance is not None:
                    advance(frame)
                frame.spend(cost)
            return None

        return run

    def _evaluating(self, node: Node) -> Step:
        return self.within.evaluating(_bare(node))

    def _for_each(self, node: Node) -> Step:
        if any(child.type == "await" for child in node.children):
            raise self.compiler.refused(node, "'for await' is not allowed: it is asynchronous")
        source = self.compiler.expression(field(node, "right"))
        items = _values_of if text_of(field(node, "operator")) == "of" else _keys_of
        self.layout.open_scope()
        before = self.layout.parts
        bind = self._bound(node)
        body = self._body(node)
        cost = 1 + self.layout.parts - before
        self.layout.close_scope()

        def run(frame: Frame) -> Signal:
            for value in items(frame, source(frame)):
                frame.spend(cost)
                bind(frame, value)
                signal = body(frame)
                if signal == "break":
                    break
                if signal == "return":
                    return signal
            return None

        return run

    def _bound(self, node: Node) -> Callable[[Frame, Any], None]:
        """Gives the variable of a loop its value, a new variable at each turn if it is its own."""
        kind, left = node.child_by_field_name("kind"), field(node, "left")
        if kind is None:
            place = self.assignments.place(left, called(left))
            return lambda frame, value: place.put(frame, place.refer(frame), value)
        if text_of(kind) == "var":
            return self.within.declared("var", left)
        local = self.compiler.declare(left, is_constant=text_of(kind) == "const")
        slot = self.layout.slot(local)

        def bind(frame: Frame, value: Any) -> None:
            frame.local[slot] = [value]

        return bind

    def _switch(self, node: Node) -> Step:
        subject = self.compiler.expression(field(node, "value"))
        cases = parts(field(node, "body"))
        if sum(case.type == "switch_default" for case in cases) > 1:
            raise self.compiler.refused(node, "'switch' has one default at most")
        self.layout.open_scope()
        self.layout.unit.switches += 1
        statements = [parts_of(case) for case in cases]
        fresh, functions = self.within.hoisted([one for some in statements for one in some])
        if functions:
            raise self.compiler.refused(node, "a function within 'switch' stands in a block")
        tests = [
            self.compiler.expression(field(case, "value")) if case.type == "switch_case" else None
            for case in cases
        ]
        starts: list[int] = []
        steps: list[Step] = []
        for some in statements:
            starts.append(len(steps))
            steps += [self.compiler.statement(one) for one in some]
        self.layout.unit.switches -= 1
        self.layout.close_scope()
        default = next((starts[at] for at, test in enumerate(tests) if test is None), len(steps))

        def run(frame: Frame) -> Signal:
            for slot in fresh:
                frame.local[slot] = [UNSET]
            value = subject(frame)
            begin = default
            for at, test in enumerate(tests):
                if test is not None and strictly_equal(frame, test(frame), value):
                    begin = starts[at]
                    break
            for step in steps[begin:]:
                signal = step(frame)
                if signal is not None:
                    return None if signal == "break" else signal
            return None

        return run

    def _leave(self, node: Node) -> Step:
        signal: Signal = "break" if node.type == "break_statement" else "continue"
        is_within = self.layout.unit.loops or (signal == "break" and self.layout.unit.switches)
        if not is_within or node.child_by_field_name("label") is not None:
            raise self.compiler.refused(node, f"{signal!r} leaves the loop around it, no other")
        return lambda frame: signal


def parts_of(case: Node) -> list[Node]:
    """The statements of a case, behind its value."""
    return [child for child in case.children_by_field_name("body") if child.is_named]


def _bare(node: Node) -> Node:
    """The expression of what the grammar takes for a statement in the head of a loop."""
    return parts(node)[0] if node.type == "expression_statement" else node


def _values_of(frame: Frame, value: Any) -> Any:
    """What ``for … of`` goes through; a list that grows meanwhile is gone through to its end."""
    if type(value) in (list, str):
        return value
    raise EvaluationFailed(f"'for … of' goes through lists and texts, not {type_name(value)}")


def _keys_of(frame: Frame, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        frame.spend(1 + len(value))
        return [str(key) for key in value]
    if type(value) in (list, str):
        frame.spend(1 + len(value))
        return [str(at) for at in range(len(value))]
    if value is None:
        return []
    raise EvaluationFailed(f"'for … in' goes through fields, which {type_name(value)} has not")
