"""Statements: blocks, declarations, ``if``, ``return`` and ``throw``.

1. In a script, ``var`` declares a variable of the machine, wherever it stands; one that is there
   already keeps its value. In a function it is the function's own.
2. ``let`` and ``const`` are local to their block, and gone when the script ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript.compiler import Compiler, Signal, Step, called
from statehold.expression.ecmascript.locations import UNSET
from statehold.expression.ecmascript.syntax import field, inner, parts, text_of
from statehold.expression.ecmascript.values import to_text, truthy
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed

if TYPE_CHECKING:
    from tree_sitter import Node

#: code that makes a function
MakeFunction = Callable[["Node"], Code]

_FUNCTIONS = ("function_expression", "arrow_function")


class Statements:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        compiler.statements |= {
            "empty_statement": lambda node: _nothing,
            "expression_statement": lambda node: self.evaluating(inner(node)),
            "function_declaration": lambda node: _nothing,
            "if_statement": self._if,
            "lexical_declaration": self.declaration,
            "program": self.block,
            "return_statement": self._return,
            "statement_block": self.block,
            "throw_statement": self._throw,
            "variable_declaration": self.declaration,
        }

    def block(self, node: Node) -> Step:
        self.layout.open_scope()
        statements = parts(node)
        fresh, functions = self.hoisted(statements)
        steps = tuple(map(self.compiler.statement, statements))
        self.layout.close_scope()

        def run(frame: Frame) -> Signal:
            for step in steps:
                signal = step(frame)
                if signal is not None:
                    return signal
            return None

        if not fresh:
            return run

        def run_declaring(frame: Frame) -> Signal:
            local = frame.local
            for slot in fresh:
                local[slot] = [UNSET]
            for slot, make in functions:
                local[slot][0] = make(frame)
            for step in steps:
                signal = step(frame)
                if signal is not None:
                    return signal
            return None

        return run_declaring

    def hoisted(
        self, statements: list[Node]
    ) -> tuple[tuple[int, ...], tuple[tuple[int, Code], ...]]:
        """The slots of what some statements declare for their block, and its functions."""
        slots, declared = [], []
        for node in statements:
            if node.type == "lexical_declaration":
                is_constant = text_of(node.children[0]) == "const"
                for name in self._names(node):
                    local = self.compiler.declare(name, is_constant=is_constant)
                    slots.append(self.layout.slot(local))
            elif node.type == "function_declaration" and not self._is_declared(
                text_of(field(node, "name")), node
            ):
                declared.append((self._function_slot(node), node))
        slots += dict.fromkeys(slot for slot, _ in declared)
        functions = tuple((slot, self.compiler.expression(node)) for slot, node in declared)
        return tuple(slots), functions

    def _function_slot(self, node: Node) -> int:
        """A function may be declared twice; the later one counts."""
        name = field(node, "name")
        found = self.layout.local(text_of(name))
        if found is None or not self.layout.is_declared_here(found.name):
            found = self.compiler.declare(name)
        return self.layout.slot(found)

    def _names(self, declaration: Node) -> list[Node]:
        """The names that are declared, but for functions of the document."""
        return [
            field(part, "name") for part in parts(declaration) if not self._is_declared_value(part)
        ]

    def _is_declared(self, name: str, node: Node) -> bool:
        """Whether it is a function of the document, in the script that declares it."""
        return self.compiler.declared.is_declared_by(name, node, self.layout.text)

    def _is_declared_value(self, declarator: Node) -> bool:
        value = declarator.child_by_field_name("value")
        return (
            value is not None
            and value.type in _FUNCTIONS
            and self._is_declared(text_of(field(declarator, "name")), value)
        )

    def declaration(self, node: Node) -> Step:
        kind = text_of(node.children[0])
        steps = tuple(
            self._declarator(kind, part)
            for part in parts(node)
            if not self._is_declared_value(part)
        )
        if len(steps) == 1:
            return steps[0]

        def run(frame: Frame) -> Signal:
            for step in steps:
                step(frame)
            return None

        return run

    def _declarator(self, kind: str, node: Node) -> Callable[[Frame], None]:
        given = node.child_by_field_name("value")
        value = None if given is None else self.compiler.expression(given)
        name = field(node, "name")
        put = self.declared(kind, name)
        if value is not None:
            code = value
            return lambda frame: put(frame, code(frame))
        if kind == "const":
            raise self.compiler.refused(node, "a constant needs a value")
        if kind == "let":
            return lambda frame: put(frame, None)
        if self.layout.is_function:
            return lambda frame: None
        text = text_of(name)
        return lambda frame: None if frame.has(text) else put(frame, None)

    def declared(self, kind: str, node: Node) -> Callable[[Frame, Any], None]:
        """Gives a name that a declaration has hoisted its value."""
        if node.type != "identifier":
            raise self.compiler.refused(node, "a declaration names one variable at a time")
        name = self.compiler.name(node)
        local = self.layout.local(name)
        if kind == "var" and not self.layout.is_function:
            if local is not None:
                raise self.compiler.refused(node, f"{name!r} is declared by 'let' or 'const'")
            self.compiler.written(node, name, called(node))
            place = self.compiler.variable(name, makes=True)
            return lambda frame, value: place.put(frame, None, value)
        assert local is not None, name
        slot = self.layout.slot(local)

        def put(frame: Frame, value: Any) -> None:
            frame.local[slot][0] = value

        return put

    def evaluating(self, node: Node) -> Step:
        """An expression for what it changes; several, where commas divide them."""
        nodes = parts(node) if node.type == "sequence_expression" else [node]
        codes = tuple(map(self.compiler.expression, nodes))

        def run(frame: Frame) -> Signal:
            for code in codes:
                code(frame)
            return None

        return run

    def _if(self, node: Node) -> Step:
        test = self.compiler.expression(field(node, "condition"))
        yes = self.scoped(field(node, "consequence"))
        other = node.child_by_field_name("alternative")
        no = self.scoped(inner(other)) if other is not None else _nothing
        return lambda frame: yes(frame) if truthy(test(frame)) else no(frame)

    def scoped(self, node: Node) -> Step:
        """The one statement that a loop or an ``if`` holds."""
        if node.type in ("lexical_declaration", "function_declaration"):
            raise self.compiler.refused(node, f"{called(node)} stands in a block: {{ … }}")
        return self.compiler.statement(node)

    def _return(self, node: Node) -> Step:
        if not self.layout.is_function:
            raise self.compiler.refused(node, "'return' ends a function, and there is none here")
        given = parts(node)
        code = self.compiler.expression(given[0]) if given else _no_value

        def run(frame: Frame) -> Signal:
            frame.result = code(frame)
            return "return"

        return run

    def _throw(self, node: Node) -> Step:
        code = self.compiler.expression(inner(node))

        def run(frame: Frame) -> Signal:
            value = code(frame)
            message = value.get("message") if isinstance(value, Mapping) else None
            raise EvaluationFailed(to_text(frame, value if message is None else message)[:1000])

        return run


def _nothing(frame: Frame) -> Signal:
    return None


def _no_value(frame: Frame) -> None:
    return None
