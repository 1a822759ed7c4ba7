"""Calls: of functions by name, of methods, of values that are functions, and ``new``.

1. A method is one of :mod:`.methods`, by the type of its receiver, or a function that a mapping of
   the text itself holds. A name that is neither is refused when the text is read.
2. A method that changes its receiver is called on a variable or a part of one, or on a list that
   another call has just made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript import date_methods
from statehold.expression.ecmascript.builtins import FUNCTIONS
from statehold.expression.ecmascript.compiler import CUT, Compiler, Owner, called, known, shown
from statehold.expression.ecmascript.expressions import is_namespace, member
from statehold.expression.ecmascript.function import Bounded, Function, call
from statehold.expression.ecmascript.methods import CHANGING, FRESH, METHODS, NAMES, OF_FUNCTIONS
from statehold.expression.ecmascript.syntax import constant, field, parts, text_of
from statehold.expression.ecmascript.values import joined, to_text, type_name
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import copied

if TYPE_CHECKING:
    from tree_sitter import Node

#: functions that other hosts have, named so that the mistake is seen when a chart is read
_REFUSED_FUNCTIONS = frozenset(
    {
        "Date", "Function", "Object", "Promise", "Proxy", "RegExp", "Symbol", "alert", "eval",
        "fetch", "import", "require", "setInterval", "setTimeout",
    }
)  # fmt: skip
#: what refers to the clock of the step
CLOCK = "Date"
#: the function of the scope that shows a value
CONSOLE = "console.log"


class Calls:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        compiler.expressions |= {"call_expression": self._call, "new_expression": self._new}

    def _call(self, node: Node) -> Code:
        target, given = field(node, "function"), field(node, "arguments")
        if given.type != "arguments":
            raise self.compiler.refused(node, "a tagged template is not allowed")
        if target.type == "member_expression" and not is_namespace(
            field(target, "object"), self.compiler
        ):
            return self._method(node, target, parts(given))
        name = text_of(target)
        if target.type == "identifier":
            if self._is_own(name):
                return self._value(target, parts(given))
            return self._function(node, name, parts(given))
        if target.type == "member_expression":
            return self._function(node, name, parts(given))
        if target.type == "subscript_expression":
            return self._item(target, parts(given))
        return self._value(target, parts(given))

    def _arguments(self, given: list[Node]) -> tuple[Code, ...]:
        for argument in given:
            if argument.type == "spread_element":
                raise self.compiler.refused(
                    argument, f"{called(argument)} is not allowed in a call"
                )
        return tuple(map(self.compiler.expression, given))

    def _function(self, node: Node, name: str, given: list[Node]) -> Code:
        """One that is built in, or one of the scope."""
        if name == CONSOLE:
            return self._log(node, given)
        function = FUNCTIONS.get(name)
        if function is None and ("." in name or name in _REFUSED_FUNCTIONS):
            way_out = {"Math.random": "chance would not be the same again", "Date": "new Date()"}
            raise self.compiler.refused(
                node,
                f"the function {name!r} is not allowed",
                way_out.get(name) or known(FUNCTIONS),
            )
        codes = self._arguments(given)
        if function is None:
            self.compiler.field_name(node, name)
            self.layout.uses.asks.add(name)
            return lambda frame: frame.call(name, [code(frame) for code in codes])
        if name == "Date.now":
            self.layout.uses.asks.add(CLOCK)
        return self._bounded(node, name, function, codes)

    def _log(self, node: Node, given: list[Node]) -> Code:
        """Gives the scope one value, or the texts of several as one text."""
        if not self.layout.may_write:
            raise self.compiler.refused(node, f"{CONSOLE}() is for executable content only")
        codes = self._arguments(given)
        self.layout.uses.asks.add(CONSOLE)

        def run(frame: Frame) -> None:
            values = [code(frame) for code in codes]
            value = values[0] if len(values) == 1 else joined(frame, values, " ")
            frame.call(CONSOLE, [copied(frame, value)])

        return run

    def _bounded(self, node: Node, name: str, function: Bounded, codes: tuple[Code, ...]) -> Code:
        if not function.least <= len(codes) <= function.most:
            raise self.compiler.refused(node, f"{name}() does not take {len(codes)} arguments")
        run = function.run
        return lambda frame: run(frame, *[code(frame) for code in codes])

    def _value(self, target: Node, given: list[Node]) -> Code:
        """A call of whatever an expression gives."""
        function, codes = self.compiler.link(target), self._arguments(given)
        name = shown(target)

        def run(frame: Frame) -> Any:
            value = function(frame)
            if value is CUT:
                return CUT
            if type(value) is not Function and type(value) is not Bounded:
                raise EvaluationFailed(f"{name!r} is no function but {type_name(value)}")
            return call(frame, value, [code(frame) for code in codes])

        return run

    def _item(self, target: Node, given: list[Node]) -> Code:
        """``whole[key](…)``, in which ``this`` is the whole."""
        holder = self.compiler.link(field(target, "object"))
        key = self.compiler.key(target)
        codes = self._arguments(given)
        name = shown(target)
        is_optional = target.child_by_field_name("optional_chain") is not None

        def run(frame: Frame) -> Any:
            whole = holder(frame)
            if whole is CUT or (whole is None and is_optional):
                return CUT
            value = member(frame, whole, key(frame))
            if type(value) is not Function and type(value) is not Bounded:
                raise EvaluationFailed(f"{name!r} is no function but {type_name(value)}")
            return call(frame, value, [code(frame) for code in codes], whole)

        return run

    def _method(self, node: Node, target: Node, given: list[Node]) -> Code:
        name = text_of(field(target, "property"))
        method = self.compiler.method(target)
        if method is not None:
            return self._own_method(target, method, given)
        receiver = self._receiver(node, target, name)
        is_optional = target.child_by_field_name("optional_chain") is not None
        first: tuple[Code, ...] = ()
        if name in OF_FUNCTIONS and given and self._is_no_this(given[0]):
            first, given = (constant(None),), given[1:]
        codes = first + self._arguments(given)

        def run(frame: Frame) -> Any:
            value = receiver(frame)
            if value is CUT or (value is None and is_optional):
                return CUT
            frame.spend(1)
            if type(value) is dict and type(value.get(name)) is Function:
                return call(frame, value[name], [code(frame) for code in codes], value)
            method = _found(value, name, len(codes))
            return method.run(frame, value, *[code(frame) for code in codes])

        return run

    def _own_method(self, target: Node, method: tuple[Owner, str], given: list[Node]) -> Code:
        """One that belongs to the document, called on its object."""
        owner, _ = method
        receiver = self.compiler.expression(field(target, "object"))
        function, codes = self.compiler.method_value(*method), self._arguments(given)
        is_optional = target.child_by_field_name("optional_chain") is not None

        def run(frame: Frame) -> Any:
            this, name = receiver(frame), owner.object_of(frame).name
            if this is None and is_optional:
                return CUT
            if this is None or this is not frame.variable(name):
                raise EvaluationFailed(f"'this' is not {name!r}, whose method is called")
            return call(frame, function(frame), [code(frame) for code in codes], this)

        return run

    def _is_no_this(self, node: Node) -> bool:
        """``this`` outside of functions; the function that is called with it has none."""
        return node.type == "this" and self.layout.local("this") is None

    def _receiver(self, node: Node, target: Node, name: str) -> Code:
        whole = field(target, "object")
        if name not in NAMES and not self._may_hold_functions(whole):
            raise self.compiler.refused(target, f"the method {name!r} is not allowed", known(NAMES))
        if name in OF_FUNCTIONS and is_built_in(whole, self.compiler):
            if text_of(whole) == "Date.now":
                self.layout.uses.asks.add(CLOCK)
            return constant(FUNCTIONS[text_of(whole)])
        if name not in CHANGING:
            return self.compiler.link(whole)
        if not self._may_be_fresh(whole):
            return self.compiler.changed(whole, f"{name}()")
        if not self._is_fresh(whole):
            # a function of the text may give a part of the data, whatever its name is
            self.layout.uses.changes_locals = True
        return self.compiler.link(whole)

    def _may_hold_functions(self, node: Node) -> bool:
        """Only what a local variable holds may: data does not."""
        while node.type in ("member_expression", "subscript_expression"):
            node = field(node, "object")
        return node.type in ("identifier", "this") and self.layout.local(text_of(node)) is not None

    def _may_be_fresh(self, node: Node) -> bool:
        """Whether it makes a list, if what it calls is built in."""
        if node.type == "new_expression":
            return text_of(field(node, "constructor")) == "Array"
        if node.type != "call_expression":
            return False
        target = field(node, "function")
        return target.type == "member_expression" and text_of(field(target, "property")) in FRESH

    def _is_fresh(self, node: Node) -> bool:
        """Whether what it calls is built in for certain."""
        if node.type in ("array", "string", "template_string"):
            return True
        if node.type == "new_expression":
            return not self._is_own("Array")
        if node.type != "call_expression" or not self._may_be_fresh(node):
            return False
        whole = field(field(node, "function"), "object")
        if is_namespace(whole, self.compiler) or self._is_fresh(whole):
            return True
        while whole.type in ("member_expression", "subscript_expression"):
            whole = field(whole, "object")
        # data holds no functions
        return whole.type == "identifier" and not self._is_own(text_of(whole))

    def _is_own(self, name: str) -> bool:
        """Whether the text or its document declares the name."""
        return self.layout.local(name) is not None or name in self.compiler.declared

    def _new(self, node: Node) -> Code:
        target, given = field(node, "constructor"), node.child_by_field_name("arguments")
        codes = self._arguments(parts(given) if given is not None else [])
        name = text_of(target)
        if target.type != "identifier":
            raise self.compiler.refused(node, f"{called(node)} is not allowed", "new Name()")
        if self._is_own(name):
            return self._constructed(self.compiler.expression(target), name, codes)
        if name == "Date":
            if not codes:
                self.layout.uses.asks.add(CLOCK)
            return self._bounded(node, "new Date", date_methods.NEW, codes)
        constructor = _CONSTRUCTORS.get(name)
        if constructor is None:
            raise self.compiler.refused(
                node, f"{called(node)} is not allowed", known([*_CONSTRUCTORS, "Date"])
            )
        return self._bounded(node, f"new {name}", constructor, codes)

    def _constructed(self, function: Code, name: str, codes: tuple[Code, ...]) -> Code:
        """A function that fills in what ``this`` is."""
        inherited = self.compiler.declared.prototype(name, self.layout)

        def run(frame: Frame) -> Any:
            value = function(frame)
            if type(value) is not Function or value.code.this < 0:
                raise EvaluationFailed(f"{name!r} is no function that 'new' can call")
            made: dict[str, Any] = {key: make(frame) for key, make in inherited}
            frame.spend(len(made))
            frame.made[id(made)] = made
            given = call(frame, value, [code(frame) for code in codes], made)
            return given if type(given) in (dict, list) else made

        return run


def is_built_in(node: Node, compiler: Compiler) -> bool:
    """Whether it names a function such as ``Math.max``."""
    return (
        node.type == "member_expression"
        and is_namespace(field(node, "object"), compiler)
        and text_of(node) in FUNCTIONS
    )


def _found(receiver: Any, name: str, count: int) -> Bounded:
    methods = METHODS.get(type(receiver))
    if methods is None and isinstance(receiver, Mapping):
        methods = METHODS[dict]
    method = None if methods is None else methods.get(name)
    if method is None:
        raise EvaluationFailed(f"{type_name(receiver)} has no method {name!r}")
    if not method.least <= count <= method.most:
        raise EvaluationFailed(f"{name}() does not take {count} arguments")
    return method


def _new_list(frame: Frame, *values: Any) -> list[Any]:
    """``new Array(3)`` or ``new Array(1, 2)``."""
    if len(values) == 1 and type(values[0]) is int:
        if values[0] < 0:
            raise EvaluationFailed(f"a list can't have {values[0]} items")
        frame.spend_items(values[0])
        return [None] * values[0]
    return list(values)


def _new_error(frame: Frame, message: Any = "") -> dict[str, Any]:
    return {"name": "Error", "message": to_text(frame, message)}


_CONSTRUCTORS: dict[str, Bounded] = {
    "Array": Bounded(_new_list, 0, 100),
    "Error": Bounded(_new_error, 0, 1),
    "Object": Bounded(lambda frame: {}),
}
