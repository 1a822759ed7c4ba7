"""ECMAScript expressions, compiled to closures: one for each part of the text.

1. What has no entry in the table of :class:`Expressions` is refused: ``new``, regular expressions,
   classes, and functions but for an arrow function that is given to a list's method in its call.
2. A member is a key of a mapping, an item, or ``length``; nothing of a Python object. Methods are
   those of :mod:`.ecmascript_methods`, and only called.
3. Assignments are compiled where the text is a script; an expression changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript.functions import (
    CONSTANTS,
    FUNCTIONS,
    NAMESPACES,
    Bounded,
)
from statehold.expression.ecmascript.methods import CHANGING, NAMES, VISITING, method_of
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
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from statehold.expression.place import local_value
from statehold.expression.source import Book

if TYPE_CHECKING:
    from tree_sitter import Node

#: what an optional chain (``a?.b.c``) gives to its outer members where ``a`` is nothing
_CUT: Any = object()
_CHAIN = frozenset({"call_expression", "member_expression", "subscript_expression"})
#: names of fields that mean more than a field in ECMAScript
_REFUSED_FIELDS = frozenset({"constructor", "prototype"})
#: functions that other hosts have, named so that the mistake is seen when a chart is read
_REFUSED_FUNCTIONS = frozenset(
    {
        "Date", "Function", "Object", "Promise", "Proxy", "RegExp", "Symbol", "alert", "eval",
        "fetch", "import", "require", "setInterval", "setTimeout",
    }
)  # fmt: skip


class Expressions:
    """Compiles the expressions of one text."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._table: dict[str, Callable[[Node], Code]] = {
            "array": self._array,
            "binary_expression": self._binary,
            "call_expression": self._call,
            "false": lambda node: constant(False),
            "identifier": self._identifier,
            "member_expression": self._member,
            "null": lambda node: constant(None),
            "number": lambda node: constant(number_literal(self.book, node)),
            "object": self._object,
            "parenthesized_expression": lambda node: self.compile(inner(node)),
            "string": lambda node: constant(text_literal(self.book, node)),
            "subscript_expression": self._subscript,
            "template_string": self._template,
            "ternary_expression": self._ternary,
            "true": lambda node: constant(True),
            "unary_expression": self._unary,
            "undefined": lambda node: constant(None),
        }

    def allow(self, kind: str, compile_: Callable[[Node], Code]) -> None:
        """Adds an expression that changes data, for a script."""
        self._table[kind] = compile_

    def compile(self, node: Node) -> Code:
        code = self._link(node)
        if node.type not in _CHAIN:
            return code

        def whole_chain(frame: Frame) -> Any:
            value = code(frame)
            return None if value is _CUT else value

        return whole_chain if _has_optional(node) else code

    def _link(self, node: Node) -> Code:
        """One expression; within an optional chain it may give :data:`_CUT`."""
        self.book.enter()
        compile_ = self._table.get(node.type)
        if compile_ is None:
            raise self.refused(node, f"{_called(node)} is not allowed", _way_out(node))
        code = compile_(node)
        self.book.leave()
        return code

    def refused(self, node: Node, message: str, hint: str = "") -> ExpressionRefused:
        if "\n" in self.book.text.strip():
            message = f"line {node.start_point[0] + 1}: {message}"
        return self.book.refused(message, hint)

    def field_name(self, node: Node, name: str) -> str:
        if name.startswith("__") or name in _REFUSED_FIELDS:
            raise self.refused(node, f"the name {name!r} is not allowed")
        return name

    def name(self, node: Node) -> str:
        """The name of a variable."""
        name = text_of(node)
        if "\\" in name:
            raise self.refused(node, "an escape within a name is not allowed")
        return self.field_name(node, name)

    def _identifier(self, node: Node) -> Code:
        name = self.name(node)
        slot = self.book.local(name)
        if slot is not None:
            return local_value(slot, name)
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        self.book.reads.add(name)
        return lambda frame: frame.variable(name)

    def _array(self, node: Node) -> Code:
        codes = tuple(map(self.compile, parts(node)))
        if _has_hole(node):
            raise self.refused(node, "a list with holes is not allowed")
        return lambda frame: [code(frame) for code in codes]

    def _object(self, node: Node) -> Code:
        pairs = tuple(map(self._pair, parts(node)))
        return lambda frame: {key(frame): value(frame) for key, value in pairs}

    def _pair(self, node: Node) -> tuple[Callable[[Frame], str], Code]:
        if node.type == "shorthand_property_identifier":
            return constant(self.name(node)), self._identifier(node)
        if node.type != "pair":
            raise self.refused(node, f"{_called(node)} within a mapping is not allowed")
        key, value = field(node, "key"), self.compile(field(node, "value"))
        if key.type == "property_identifier":
            return constant(self.field_name(key, text_of(key))), value
        if key.type == "string":
            return constant(text_literal(self.book, key)), value
        if key.type == "number":
            return constant(number_text(number_literal(self.book, key))), value
        if key.type != "computed_property_name":
            raise self.refused(key, f"{_called(key)} as a key is not allowed")
        code = self.compile(inner(key))
        return lambda frame: to_text(frame, code(frame)), value

    def _template(self, node: Node) -> Code:
        """Text with substitutions; what is between them is put together first."""
        codes: list[Code] = []
        pending = ""
        for part in node.children:
            if part.type == "string_fragment":
                pending += text_of(part).replace("\r\n", "\n")
            elif part.type == "escape_sequence":
                pending += escape(self.book, part)
            elif part.type == "template_substitution":
                codes += [constant(whole_text(self.book, pending)), self.compile(inner(part))]
                pending = ""
        codes.append(constant(whole_text(self.book, pending)))

        def run(frame: Frame) -> str:
            texts = [to_text(frame, code(frame)) for code in codes]
            frame.spend_text(sum(map(len, texts)))
            return "".join(texts)

        return run

    def _unary(self, node: Node) -> Code:
        sign, operand = text_of(field(node, "operator")), field(node, "argument")
        if sign == "delete":
            return self._delete(node, operand)
        code = self.compile(operand)
        if sign == "typeof" and operand.type == "identifier":
            name = text_of(operand)
            if self.book.local(name) is None and name not in CONSTANTS:
                # of a variable that is not there, typeof is no error
                return lambda frame: type_name(code(frame)) if frame.has(name) else "undefined"
        do = UNARY[sign]
        return lambda frame: do(frame, code(frame))

    def _delete(self, node: Node, operand: Node) -> Code:
        if not self.book.is_script:
            raise self.refused(node, "'delete' changes data, which only a script may do")
        if operand.type == "member_expression":
            name = field(operand, "property")
            key = constant(self.field_name(name, text_of(name)))
        elif operand.type == "subscript_expression":
            key = self.compile(field(operand, "index"))
        else:
            raise self.refused(node, "only a field of a variable can be deleted: delete name.field")
        whole = self.changed(field(operand, "object"), "'delete'")

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
        left = self.compile(field(node, "left"))
        right = self.compile(field(node, "right"))
        if sign == "&&":
            return lambda frame: right(frame) if truthy(value := left(frame)) else value
        if sign == "||":
            return lambda frame: value if truthy(value := left(frame)) else right(frame)
        if sign == "??":
            return lambda frame: right(frame) if (value := left(frame)) is None else value
        do = BINARY.get(sign)
        if do is None:
            raise self.refused(node, f"the operator {sign!r} is not allowed")
        return lambda frame: do(frame, left(frame), right(frame))

    def _instance(self, node: Node) -> Code:
        right = field(node, "right")
        if right.type != "identifier" or text_of(right) != "Array":
            raise self.refused(node, "'instanceof' asks for Array only")
        left = self.compile(field(node, "left"))
        return lambda frame: type(left(frame)) is list

    def _ternary(self, node: Node) -> Code:
        test, yes, no = (
            self.compile(field(node, name)) for name in ("condition", "consequence", "alternative")
        )
        return lambda frame: yes(frame) if truthy(test(frame)) else no(frame)

    def _member(self, node: Node) -> Code:
        whole, name = field(node, "object"), field(node, "property")
        if name.type != "property_identifier":
            raise self.refused(node, f"{_called(name)} as a field is not allowed")
        key = self.field_name(name, text_of(name))
        if self._is_namespace(whole):
            full = f"{text_of(whole)}.{key}"
            if full not in CONSTANTS:
                raise self.refused(node, f"{full!r} is not allowed", _known(CONSTANTS))
            return constant(CONSTANTS[full])
        return self._access(node, self._link(whole), constant(key))

    def _subscript(self, node: Node) -> Code:
        whole = self._link(field(node, "object"))
        return self._access(node, whole, self.compile(field(node, "index")))

    def _access(self, node: Node, whole: Code, key: Code) -> Code:
        is_optional = node.child_by_field_name("optional_chain") is not None

        def run(frame: Frame) -> Any:
            value = whole(frame)
            if value is _CUT or (value is None and is_optional):
                return _CUT
            return member(frame, value, key(frame))

        return run

    def _is_namespace(self, node: Node) -> bool:
        name = text_of(node) if node.type == "identifier" else ""
        return name in NAMESPACES and self.book.local(name) is None

    def _call(self, node: Node) -> Code:
        called, given = field(node, "function"), field(node, "arguments")
        if given.type != "arguments":
            raise self.refused(node, "a tagged template is not allowed")
        if called.type == "member_expression" and not self._is_namespace(field(called, "object")):
            return self._method(node, called, parts(given))
        if called.type not in ("identifier", "member_expression"):
            raise self.refused(
                node, "only functions and methods can be called, by their names", _way_out(called)
            )
        return self._function(node, text_of(called), parts(given))

    def _function(self, node: Node, name: str, given: list[Node]) -> Code:
        function = FUNCTIONS.get(name)
        if function is None and ("." in name or name in _REFUSED_FUNCTIONS):
            way_out = "chance would not be the same again" if name == "Math.random" else ""
            raise self.refused(
                node, f"the function {name!r} is not allowed", way_out or _known(FUNCTIONS)
            )
        codes = tuple(map(self.compile, given))
        if function is None:
            self.field_name(node, name)
            return lambda frame: frame.call(name, [code(frame) for code in codes])
        if not function.least <= len(codes) <= function.most:
            raise self.refused(node, f"{name}() does not take {len(codes)} arguments")
        run = function.run
        return lambda frame: run(frame, *[code(frame) for code in codes])

    def _method(self, node: Node, called: Node, given: list[Node]) -> Code:
        name = text_of(field(called, "property"))
        if name not in NAMES:
            raise self.refused(called, f"the method {name!r} is not allowed", _known(NAMES))
        whole = field(called, "object")
        if name in CHANGING:
            if not self.book.is_script:
                raise self.refused(node, f"{name}() changes data, which only a script may do")
            receiver = self.changed(whole, f"{name}()")
        else:
            receiver = self._link(whole)
        is_optional = called.child_by_field_name("optional_chain") is not None
        codes = self._arguments(node, name, given)

        def run(frame: Frame) -> Any:
            value = receiver(frame)
            if value is _CUT or (value is None and is_optional):
                return _CUT
            method = _found(value, name, len(codes))
            frame.spend(1)
            return method.run(frame, value, *[code(frame) for code in codes])

        return run

    def _arguments(self, node: Node, name: str, given: list[Node]) -> tuple[Code, ...]:
        """Of a method; where it is given a function, the code gives that function itself."""
        count = VISITING.get(name)
        if count is None:
            return tuple(map(self.compile, given))
        if not given or given[0].type != "arrow_function":
            raise self.refused(node, f"{name}() takes an arrow function: {name}(item => …)")
        return (self._arrow(given[0], count), *map(self.compile, given[1:]))

    def _arrow(self, node: Node, count: int) -> Code:
        single = node.child_by_field_name("parameter")
        names = [single] if single is not None else parts(field(node, "parameters"))
        body = field(node, "body")
        if len(names) > count or any(name.type != "identifier" for name in names):
            raise self.refused(node, f"this function takes up to {count} names")
        if body.type == "statement_block" or text_of(node).startswith("async"):
            raise self.refused(body, "the function is one expression: item => item.price > 1")
        self.book.scopes.append({})
        slots = [self.book.declare(self.name(name)) for name in names]
        before = self.book.parts
        # what it is called with are parts of the machine's data, and no variables to be changed
        was_script, self.book.is_script = self.book.is_script, False
        code = self.compile(body)
        self.book.is_script = was_script
        cost = 1 + self.book.parts - before
        self.book.scopes.pop()

        def visit(frame: Frame, *values: Any) -> Any:
            frame.spend(cost)
            frame.local.update(zip(slots, values, strict=False))
            return code(frame)

        return constant(visit)

    def changed(self, node: Node, by: str) -> Code:
        """A variable or a part of one, for something that changes it."""
        root = node
        while root.type in ("member_expression", "subscript_expression"):
            root = field(root, "object")
        if root.type != "identifier" or _has_optional(node):
            raise self.refused(node, f"{by} changes a variable, or a part of one, and nothing else")
        code, name = self.compile(node), self.name(root)
        if self.book.local(name) is not None:
            return code
        self.book.writes.add(name)

        def run(frame: Frame) -> Any:
            frame.writable(name)
            return code(frame)

        return run


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
    if type(whole) is bool or is_number(whole):
        return None
    raise EvaluationFailed(f"a {type(whole).__name__} has no fields")


def _found(receiver: Any, name: str, count: int) -> Bounded:
    method = method_of(receiver, name)
    if method is None:
        raise EvaluationFailed(f"{type_name(receiver)} has no method {name!r}")
    if not method.least <= count <= method.most:
        raise EvaluationFailed(f"{name}() does not take {count} arguments")
    return method


def _has_optional(node: Node) -> bool:
    """Whether a chain of members and calls holds ``?.``."""
    while node.type in _CHAIN:
        if node.child_by_field_name("optional_chain") is not None:
            return True
        node = field(node, "function" if node.type == "call_expression" else "object")
    return False


def _has_hole(node: Node) -> bool:
    """Whether a list leaves an item out: ``[1, , 2]``."""
    before = "["
    for child in node.children:
        if child.type == "," and before in ("[", ","):
            return True
        if child.type != "comment":
            before = child.type
    return False


def _known(names: Any) -> str:
    return "these are: " + ", ".join(sorted(names))


def _called(node: Node) -> str:
    """A node as a message calls it."""
    return f"{node.type.replace('_', ' ')} ({shown(node)})"


def shown(node: Node) -> str:
    """The beginning of its text, on one line."""
    return " ".join(text_of(node)[:80].split())[:40]


def _way_out(node: Node) -> str:
    if node.type == "sequence_expression":
        return "one expression is meant"
    if "assignment" in node.type or node.type == "update_expression":
        return "only a script changes data"
    if "function" in node.type:
        return "a function may be given to a list's method only: items.some(item => item.open)"
    return ""
