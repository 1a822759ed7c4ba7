"""Functions of a text: declarations, expressions and arrow functions (ECMA-262, 15.2, 15.3).

Their calls pay for every part of the function, and are bounded in depth (:mod:`..frame`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statehold.expression.ecmascript.compiler import Compiler, Step, called
from statehold.expression.ecmascript.function import Function, FunctionCode, Parameter
from statehold.expression.ecmascript.syntax import field, inner, parts, text_of
from statehold.expression.frame import Code, Frame

if TYPE_CHECKING:
    from tree_sitter import Node

#: levels of Python's stack that a call takes beside the parts of the function
_CALL_LEVELS = 3
_PARAMETER_LIMIT = 50
#: what has variables of its own
WITHIN = (
    "arrow_function", "class_body", "function_declaration", "function_expression",
    "method_definition",
)  # fmt: skip


class Functions:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        compiler.expressions |= {
            "arrow_function": self._function,
            "function_declaration": self._function,
            "function_expression": self._function,
            "method_definition": self._function,
        }

    def _function(self, node: Node) -> Code:
        """Code that makes the function, with the variables around it as they are then."""
        code, outer = self.compiled(node)

        def make(frame: Frame) -> Function:
            frame.spend(1)
            local = frame.local
            return Function(code, tuple([local[slot] for slot in outer]))

        return make

    def compiled(self, node: Node) -> tuple[FunctionCode, tuple[int, ...]]:
        """The function, and the slots around it of the variables that it captures."""
        if node.children[0].type == "async":
            raise self.compiler.refused(node, f"{called(node)} is not allowed: it is asynchronous")
        before = self.layout.parts
        self.layout.open_unit()
        this = own = rest = -1
        name_node = node.child_by_field_name("name")
        name = "" if name_node is None else self.compiler.name(name_node)
        if node.type == "function_expression" and name_node is not None:
            own = self.layout.slot(self.compiler.declare(name_node, is_constant=True))
            # a parameter or a variable may have the same name
            self.layout.open_scope()
        if node.type != "arrow_function":
            this = self._slot("this")
            if self.layout.object is not None and self.layout.is_outermost_function:
                self.layout.this_of_method = self.layout.local("this")
        parameters, rest = self._parameters(node)
        body_node = field(node, "body")
        variables = self._variables(body_node)
        if self.layout.object is not None:
            self.layout.slot(self.layout.object)
        body = self._body(body_node)
        unit = self.layout.close_unit()
        inside = tuple(slot for slot, _ in unit.captured)
        names = {slot: local.name for local, slot in unit.slots.items()}
        levels = unit.deepest - unit.depth + _CALL_LEVELS
        code = FunctionCode(
            name,
            parameters,
            rest,
            variables,
            inside,
            this,
            own,
            body,
            unit.size,
            1 + self.layout.parts - before,
            levels,
            (self.layout.text, node.start_byte),
            tuple(names[slot] for slot in inside),
        )
        return code, tuple(slot for _, slot in unit.captured)

    def _slot(self, name: str) -> int:
        return self.layout.slot(self.layout.declare(name))

    def _parameters(self, node: Node) -> tuple[tuple[Parameter, ...], int]:
        single = node.child_by_field_name("parameter")
        nodes = [single] if single is not None else parts(field(node, "parameters"))
        if len(nodes) > _PARAMETER_LIMIT:
            raise self.compiler.refused(node, f"a function has at most {_PARAMETER_LIMIT} names")
        names = [parameter_name(one) for one in nodes]
        # all of them are there before the first default is looked at
        slots = [self.layout.slot(self.compiler.declare(name)) for name in names]
        found, rest = [], -1
        for slot, one in zip(slots, nodes, strict=True):
            if one.type == "rest_pattern":
                rest = slot
            elif one.type == "assignment_pattern":
                found.append(Parameter(slot, self.compiler.expression(field(one, "right"))))
            else:
                found.append(Parameter(slot))
        return tuple(found), rest

    def _variables(self, body: Node) -> tuple[int, ...]:
        """The slots of what ``var`` declares anywhere in the function."""
        slots = []
        for node in var_names(body):
            name = self.compiler.name(node)
            if not self.layout.is_declared_here(name):
                slots.append(self._slot(name))
        return tuple(slots)

    def _body(self, node: Node) -> Code:
        if node.type == "object":
            raise self.compiler.refused(
                node, f"{called(node)} is a block here", "a mapping stands in parentheses: ({ … })"
            )
        if node.type != "statement_block":
            return self.compiler.expression(node)
        step: Step = self.compiler.statement(node)

        def run(frame: Frame) -> object:
            if step(frame) is None:
                return None
            result, frame.result = frame.result, None
            return result

        return run


def parameter_name(parameter: Node) -> Node:
    if parameter.type == "assignment_pattern":
        return field(parameter, "left")
    return inner(parameter) if parameter.type == "rest_pattern" else parameter


def var_names(body: Node) -> list[Node]:
    """The names behind each ``var`` of a function, without those of functions in it."""
    found: list[Node] = []
    pending = [body]
    while pending:
        node = pending.pop()
        if node.type == "variable_declaration":
            names = [field(part, "name") for part in parts(node)]
            found += [name for name in names if name.type == "identifier"]
        elif node.type == "for_in_statement":
            kind, left = node.child_by_field_name("kind"), field(node, "left")
            if kind is not None and text_of(kind) == "var" and left.type == "identifier":
                found.append(left)
        pending += [child for child in node.named_children if child.type not in WITHIN]
    return found
