"""Values and operators: all expressions but calls, assignments and functions.

A member is a key of a mapping, an item, or ``length``; nothing of a Python object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript.builtins import CONSTANTS, FUNCTIONS, NAMESPACES
from statehold.expression.ecmascript.compiler import CUT, Compiler, called, known
from statehold.expression.ecmascript.date import Date
from statehold.expression.ecmascript.kinds import THIS
from statehold.expression.ecmascript.layout import Local
from statehold.expression.ecmascript.locations import local_value
from statehold.expression.ecmascript.private import private
from statehold.expression.ecmascript.syntax import (
    constant,
    escape,
    field,
    inner,
    number_literal,
    parts,
    text_literal,
    text_of,
    whole_text,
)
from statehold.expression.ecmascript.values import (
    BINARY,
    UNARY,
    index_in,
    is_number,
    number_text,
    to_text,
    truthy,
    type_name,
)
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed

if TYPE_CHECKING:
    from tree_sitter import Node


class Expressions:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        compiler.expressions |= {
            "array": self._array,
            "binary_expression": self._binary,
            "false": lambda node: constant(False),
            "identifier": self._identifier,
            "member_expression": self._member,
            "null": lambda node: constant(None),
            "number": lambda node: constant(number_literal(self.layout, node)),
            "object": self._object,
            "parenthesized_expression": lambda node: compiler.expression(inner(node)),
            "string": lambda node: constant(text_literal(self.layout, node)),
            "subscript_expression": self._subscript,
            "template_string": self._template,
            "ternary_expression": self._ternary,
            "this": self._this,
            "true": lambda node: constant(True),
            "unary_expression": self._unary,
            "undefined": lambda node: constant(None),
        }

    def _identifier(self, node: Node) -> Code:
        name = self.compiler.name(node)
        local = self.layout.local(name)
        if local is not None:
            return self._local(node, local)
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        if name in self.compiler.declared:
            self.compiler.declared.use(name, self.layout)
            return self.compiler.declared.code(name)
        if name in FUNCTIONS:
            return constant(FUNCTIONS[name])
        if name == "arguments" and self.layout.is_function:
            raise self.compiler.refused(node, "'arguments' is not allowed", "name a rest: (...all)")
        self.layout.uses.reads.add(name)
        return lambda frame: frame.variable(name)

    def _this(self, node: Node) -> Code:
        local = self.layout.local("this")
        if local is None:
            raise self.compiler.refused(node, "'this' is not allowed outside of a function")
        return self._local(node, local)

    def _local(self, node: Node, local: Local) -> Code:
        if local.role is None:
            if local is self.layout.this_of_method:
                self.layout.uses.reads.add(THIS)
            return local_value(self.layout.slot(local), local.name)
        if local.role == "gone":
            raise self.compiler.refused(
                node,
                f"{local.name!r} is gone when the method is called",
                "a method may use the document's functions and data, and its object",
            )
        self.layout.uses.reads.add(THIS)
        object_of = self.compiler.object_of()
        if local.role == "itself":
            return lambda frame: frame.variable(object_of(frame).name)
        place = private(object_of, local.name)
        return lambda frame: place.get(frame, place.refer(frame))

    def _array(self, node: Node) -> Code:
        items = parts(node)
        if _has_hole(node):
            raise self.compiler.refused(node, "a list with holes is not allowed")
        if not any(item.type == "spread_element" for item in items):
            codes = tuple(map(self.compiler.expression, items))
            return lambda frame: [code(frame) for code in codes]
        spread = [
            (item.type == "spread_element", self.compiler.expression(_spread(item)))
            for item in items
        ]

        def run(frame: Frame) -> list[Any]:
            found: list[Any] = []
            for is_spread, code in spread:
                value = code(frame)
                if not is_spread:
                    found.append(value)
                elif type(value) in (list, str):
                    frame.spend_items(len(found) + len(value))
                    found.extend(value)
                else:
                    raise EvaluationFailed(f"'...' spreads lists and texts, not {type_name(value)}")
            return found

        return run

    def _object(self, node: Node) -> Code:
        pairs = tuple(map(self._pair, parts(node)))

        def run(frame: Frame) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for key, value in pairs:
                if key is not None:
                    found[key(frame)] = value(frame)
                    continue
                spread = value(frame)
                if isinstance(spread, Mapping):
                    frame.spend_items(len(found) + 2 * len(spread))
                    found.update(spread)
                elif spread is not None:
                    raise EvaluationFailed(f"'...' spreads mappings here, not {type_name(spread)}")
            return found

        return run

    def _pair(self, node: Node) -> tuple[Callable[[Frame], str] | None, Code]:
        """The key and the value; of ``...other`` there is no key."""
        if node.type == "spread_element":
            return None, self.compiler.expression(_spread(node))
        if node.type == "shorthand_property_identifier":
            return constant(self.compiler.name(node)), self._identifier(node)
        if node.type == "method_definition" and node.children[0].type == "property_identifier":
            key = field(node, "name")
            name = self.compiler.field_name(key, text_of(key))
            return constant(name), self.compiler.expression(node)
        if node.type != "pair":
            raise self.compiler.refused(node, f"{called(node)} within a mapping is not allowed")
        key, value = field(node, "key"), self.compiler.expression(field(node, "value"))
        if key.type == "property_identifier":
            return constant(self.compiler.field_name(key, text_of(key))), value
        if key.type == "string":
            return constant(text_literal(self.layout, key)), value
        if key.type == "number":
            return constant(number_text(number_literal(self.layout, key))), value
        if key.type != "computed_property_name":
            raise self.compiler.refused(key, f"{called(key)} as a key is not allowed")
        code = self.compiler.expression(inner(key))
        return lambda frame: to_text(frame, code(frame)), value

    def _template(self, node: Node) -> Code:
        """Text with substitutions; what is between them is put together first."""
        codes: list[Code] = []
        pending = ""
        for part in node.children:
            if part.type == "string_fragment":
                pending += text_of(part).replace("\r\n", "\n")
            elif part.type == "escape_sequence":
                pending += escape(self.layout, part)
            elif part.type == "template_substitution":
                codes.append(constant(whole_text(self.layout, pending)))
                codes.append(self.compiler.expression(inner(part)))
                pending = ""
        codes.append(constant(whole_text(self.layout, pending)))

        def run(frame: Frame) -> str:
            texts = [to_text(frame, code(frame)) for code in codes]
            frame.spend_text(sum(map(len, texts)))
            return "".join(texts)

        return run

    def _unary(self, node: Node) -> Code:
        sign, operand = text_of(field(node, "operator")), field(node, "argument")
        if sign == "delete":
            return self._delete(node, operand)
        code = self.compiler.expression(operand)
        if sign == "typeof" and operand.type == "identifier":
            name = text_of(operand)
            if name in self.layout.uses.reads and self.layout.local(name) is None:
                # of a variable that is not there, typeof is no error
                return lambda frame: type_name(code(frame)) if frame.has(name) else "undefined"
        do = UNARY[sign]
        return lambda frame: do(frame, code(frame))

    def _delete(self, node: Node, operand: Node) -> Code:
        if operand.type == "member_expression":
            name = field(operand, "property")
            key = constant(self.compiler.field_name(name, text_of(name)))
            if self.compiler.method(operand) is not None:
                raise self.compiler.refused(node, "a method can't be deleted")
        elif operand.type == "subscript_expression":
            key = self.compiler.key(operand)
        else:
            raise self.compiler.refused(
                node, "only a field of a variable can be deleted: delete name.field"
            )
        whole = self.compiler.changed(field(operand, "object"), "'delete'")

        def run(frame: Frame) -> bool:
            mapping = whole(frame)
            if type(mapping) is not dict:
                raise EvaluationFailed(f"{type_name(mapping)} has no fields that could be deleted")
            mapping.pop(to_text(frame, key(frame)), None)
            return True

        return run

    def _binary(self, node: Node) -> Code:
        sign = text_of(field(node, "operator"))
        if sign == "instanceof":
            return self._instance(node)
        if _needs_parentheses(sign, field(node, "left"), field(node, "right")):
            raise self.compiler.refused(node, f"{called(node)} needs parentheses")
        left = self.compiler.expression(field(node, "left"))
        right = self.compiler.expression(field(node, "right"))
        if sign == "&&":
            return lambda frame: right(frame) if truthy(value := left(frame)) else value
        if sign == "||":
            return lambda frame: value if truthy(value := left(frame)) else right(frame)
        if sign == "??":
            return lambda frame: right(frame) if (value := left(frame)) is None else value
        do = BINARY.get(sign)
        if do is None:
            raise self.compiler.refused(node, f"the operator {sign!r} is not allowed")
        return lambda frame: do(frame, left(frame), right(frame))

    def _instance(self, node: Node) -> Code:
        kind = _KINDS.get(text_of(field(node, "right")))
        if kind is None:
            raise self.compiler.refused(node, "'instanceof' asks for Array and Date only")
        left = self.compiler.expression(field(node, "left"))
        return lambda frame: type(left(frame)) is kind

    def _ternary(self, node: Node) -> Code:
        test, yes, no = (
            self.compiler.expression(field(node, name))
            for name in ("condition", "consequence", "alternative")
        )
        return lambda frame: yes(frame) if truthy(test(frame)) else no(frame)

    def _member(self, node: Node) -> Code:
        whole, name = field(node, "object"), field(node, "property")
        if name.type != "property_identifier":
            raise self.compiler.refused(node, f"{called(name)} as a field is not allowed")
        key = self.compiler.field_name(name, text_of(name))
        if is_namespace(whole, self.compiler):
            full = f"{text_of(whole)}.{key}"
            if full in FUNCTIONS:
                raise self.compiler.refused(node, f"{full!r} is a function to be called")
            if full not in CONSTANTS:
                raise self.compiler.refused(node, f"{full!r} is not allowed", known(CONSTANTS))
            return constant(CONSTANTS[full])
        method = self.compiler.method(node)
        if method is not None:
            return self.compiler.method_value(*method)
        return self._access(node, self.compiler.link(whole), constant(key))

    def _subscript(self, node: Node) -> Code:
        whole = self.compiler.link(field(node, "object"))
        return self._access(node, whole, self.compiler.key(node))

    def _access(self, node: Node, whole: Code, key: Code) -> Code:
        if node.child_by_field_name("optional_chain") is None:

            def run(frame: Frame) -> Any:
                value = whole(frame)
                return CUT if value is CUT else member(frame, value, key(frame))

            return run

        def run_optional(frame: Frame) -> Any:
            value = whole(frame)
            return CUT if value is CUT or value is None else member(frame, value, key(frame))

        return run_optional


#: what ``instanceof`` may ask for
_KINDS: dict[str, type] = {"Array": list, "Date": Date}


def is_namespace(node: Node, compiler: Compiler) -> bool:
    """Whether a name before a dot stands for no variable: ``Math``."""
    name = text_of(node) if node.type == "identifier" else ""
    return name in NAMESPACES and compiler.layout.local(name) is None


def member(frame: Frame, whole: Any, key: Any) -> Any:
    """``whole[key]``; nothing where there is no such field or item."""
    if type(whole) is dict or isinstance(whole, Mapping):
        return whole.get(key if type(key) is str else to_text(frame, key))
    if whole is None:
        raise EvaluationFailed(f"undefined has no field {to_text(frame, key)[:40]!r}")
    if type(whole) is list or type(whole) is str:
        if type(key) is int:
            return whole[key] if 0 <= key < len(whole) else None
        text = to_text(frame, key)
        if text == "length":
            return len(whole)
        at = index_in(text)
        return whole[at] if 0 <= at < len(whole) else None
    if type(whole) is bool or is_number(whole) or type(whole) is Date:
        return None
    raise EvaluationFailed(f"a {type(whole).__name__} has no fields")


def _needs_parentheses(sign: str, left: Node, right: Node) -> bool:
    """Whether ECMAScript, unlike the grammar, refuses this: ``-2 ** 2``, ``a ?? b || c``."""
    if sign == "**":
        return left.type == "unary_expression"
    signs = {
        text_of(field(side, "operator"))
        for side in (left, right)
        if side.type == "binary_expression"
    }
    if sign == "??":
        return not signs.isdisjoint(("||", "&&"))
    return sign in ("||", "&&") and "??" in signs


def _spread(node: Node) -> Node:
    return inner(node) if node.type == "spread_element" else node


def _has_hole(node: Node) -> bool:
    """Whether a list leaves an item out: ``[1, , 2]``."""
    before = "["
    for child in node.children:
        if child.type == "," and before in ("[", ","):
            return True
        if child.type != "comment":
            before = child.type
    return False
