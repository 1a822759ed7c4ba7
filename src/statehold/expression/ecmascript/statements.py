"""ECMAScript scripts and locations, compiled to closures.

1. ``var`` declares a variable of the machine, wherever it stands; one that is there already keeps
   its value. ``let`` and ``const`` are local to their block, and gone when the script ends.
2. Assigning to a variable that nobody declared fails, as in strict mode.
3. What is assigned is copied (:mod:`.values`), so changing one variable changes no other.
4. A loop pays, at each turn, for every part of its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from statehold.expression.ecmascript.expression import Expressions, member, shown
from statehold.expression.ecmascript.syntax import field, inner, parts, text_of
from statehold.expression.ecmascript.values import (
    BINARY,
    index_in,
    number,
    to_number,
    to_text,
    truthy,
    type_name,
)
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.place import Place, local, part, variable
from statehold.expression.source import Book

if TYPE_CHECKING:
    from tree_sitter import Node

#: what a statement says of how to go on; None is the next one
Signal: TypeAlias = Literal["break", "continue"] | None
Step: TypeAlias = Callable[[Frame], Signal]
Put: TypeAlias = Callable[[Frame, Any], None]

#: ``&&=`` and its like assign only if the value that is there is such a one
_CONDITIONAL: dict[str, Callable[[Any], bool]] = {
    "&&=": truthy,
    "||=": lambda value: not truthy(value),
    "??=": lambda value: value is None,
}


class Statements:
    """Compiles the statements of one script, or the place that a location names."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.expressions = Expressions(book)
        self.expressions.allow("assignment_expression", self._assignment)
        self.expressions.allow("augmented_assignment_expression", self._augmented)
        self.expressions.allow("update_expression", self._update)
        self._constants: set[int] = set()
        self._loops = 0
        self._table: dict[str, Callable[[Node], Step]] = {
            "break_statement": self._leave,
            "continue_statement": self._leave,
            "do_statement": self._do,
            "empty_statement": lambda node: lambda frame: None,
            "expression_statement": self._expression,
            "for_in_statement": self._for_each,
            "for_statement": self._for,
            "if_statement": self._if,
            "lexical_declaration": self._declaration,
            "statement_block": self.block,
            "variable_declaration": self._declaration,
            "while_statement": self._while,
        }

    def block(self, node: Node) -> Step:
        self.book.scopes.append({})
        steps = tuple(map(self.compile, parts(node)))
        self.book.scopes.pop()

        def run(frame: Frame) -> Signal:
            for step in steps:
                signal = step(frame)
                if signal is not None:
                    return signal
            return None

        return run

    def compile(self, node: Node) -> Step:
        self.book.enter()
        compile_ = self._table.get(node.type)
        if compile_ is None:
            raise self.expressions.refused(
                node,
                f"the {node.type.replace('_', ' ')} ({shown(node)}) is not allowed",
                "declarations, assignments, if, for, while, break, continue and calls are",
            )
        step = compile_(node)
        self.book.leave()
        return step

    def location(self, node: Node) -> Place:
        """A place for nothing but itself, so that finding it changes nothing."""
        self.book.is_script = False
        return self.place(node)

    def place(self, node: Node) -> Place:
        """Something that can be assigned to."""
        if node.type == "identifier":
            return self._variable(node)
        if node.type == "member_expression":
            name = field(node, "property")
            key = self.expressions.field_name(name, text_of(name))
            return self._part(node, lambda frame: key)
        if node.type == "subscript_expression":
            return self._part(node, self.expressions.compile(field(node, "index")))
        raise self.expressions.refused(
            node,
            f"{shown(node)!r} can't be assigned to",
            "a name can, or a part of it: name.field, name['key'], name[0]",
        )

    def _variable(self, node: Node) -> Place:
        name = self.expressions.name(node)
        slot = self.book.local(name)
        if slot is None:
            self.book.writes.add(name)
            return variable(name, makes=False)
        if slot in self._constants:
            raise self.expressions.refused(node, f"the constant {name!r} can't be assigned to")
        return local(slot, name)

    def _part(self, node: Node, key: Code) -> Place:
        if node.child_by_field_name("optional_chain") is not None:
            raise self.expressions.refused(node, "a part behind '?.' can't be assigned to")
        whole = self.expressions.changed(field(node, "object"), "an assignment")
        return part(whole, key, member, _put_member)

    def _assignment(self, node: Node) -> Code:
        place = self.place(self._target(node, "left"))
        value = self.expressions.compile(field(node, "right"))

        def run(frame: Frame) -> Any:
            found = place.refer(frame)
            result = value(frame)
            place.put(frame, found, result)
            return result

        return run

    def _augmented(self, node: Node) -> Code:
        sign = text_of(field(node, "operator"))
        target = self._target(node, "left")
        place = self.place(target)
        self._is_read(target)
        value = self.expressions.compile(field(node, "right"))
        assigns = _CONDITIONAL.get(sign)
        do = BINARY.get(sign[:-1])

        def run(frame: Frame) -> Any:
            found = place.refer(frame)
            result = place.get(frame, found)
            if do is not None:
                result = do(frame, result, value(frame))
            elif assigns is not None and assigns(result):
                result = value(frame)
            else:
                return result
            place.put(frame, found, result)
            return result

        return run

    def _update(self, node: Node) -> Code:
        target = self._target(node, "argument")
        place = self.place(target)
        self._is_read(target)
        step = 1 if text_of(field(node, "operator")) == "++" else -1
        is_prefix = field(node, "operator").start_byte < target.start_byte

        def run(frame: Frame) -> Any:
            found = place.refer(frame)
            before = to_number(frame, place.get(frame, found))
            after = number(before + step)
            place.put(frame, found, after)
            return after if is_prefix else before

        return run

    def _target(self, node: Node, name: str) -> Node:
        target = field(node, name)
        if not self.book.is_script:
            raise self.expressions.refused(node, "an assignment is not allowed here")
        while target.type == "parenthesized_expression":
            target = inner(target)
        return target

    def _is_read(self, target: Node) -> None:
        """A variable that is changed by its own value; of a part, the variable is read already."""
        if target.type == "identifier" and self.book.local(text_of(target)) is None:
            self.book.reads.add(text_of(target))

    def _declaration(self, node: Node) -> Step:
        kind = text_of(node.children[0])
        steps = tuple(self._declarator(kind, part) for part in parts(node))

        def run(frame: Frame) -> Signal:
            for step in steps:
                step(frame)
            return None

        return run

    def _declarator(self, kind: str, node: Node) -> Callable[[Frame], None]:
        given = node.child_by_field_name("value")
        value = None if given is None else self.expressions.compile(given)
        put = self._declared(kind, field(node, "name"))
        if value is not None:
            code = value
            return lambda frame: put(frame, code(frame))
        if kind == "const":
            raise self.expressions.refused(node, "a constant needs a value")
        if kind == "let":
            return lambda frame: put(frame, None)
        name = text_of(field(node, "name"))
        return lambda frame: None if frame.has(name) else put(frame, None)

    def _declared(self, kind: str, node: Node) -> Put:
        """Gives a name that is declared here its values."""
        if node.type != "identifier":
            raise self.expressions.refused(node, "a declaration names one variable at a time")
        name = self.expressions.name(node)
        if kind == "var":
            if self.book.local(name) is not None:
                raise self.expressions.refused(node, f"{name!r} is declared by 'let' or 'const'")
            self.book.writes.add(name)
            place = variable(name, makes=True)
        else:
            slot = self.book.declare(name)
            if kind == "const":
                self._constants.add(slot)
            place = local(slot, name)
        return lambda frame, value: place.put(frame, None, value)

    def _expression(self, node: Node) -> Step:
        code = self.expressions.compile(inner(node))

        def run(frame: Frame) -> Signal:
            code(frame)
            return None

        return run

    def _if(self, node: Node) -> Step:
        test = self._condition(node)
        yes = self._scoped(field(node, "consequence"))
        other = node.child_by_field_name("alternative")
        no: Step = self._scoped(inner(other)) if other is not None else lambda frame: None
        return lambda frame: yes(frame) if truthy(test(frame)) else no(frame)

    def _condition(self, node: Node) -> Code:
        return self.expressions.compile(field(node, "condition"))

    def _scoped(self, node: Node) -> Step:
        """The one statement that a loop or an ``if`` holds."""
        self.book.scopes.append({})
        step = self.compile(node)
        self.book.scopes.pop()
        return step

    def _while(self, node: Node) -> Step:
        before = self.book.parts
        test, body = self._condition(node), self._body(node)
        cost = 1 + self.book.parts - before

        def run(frame: Frame) -> Signal:
            frame.spend(cost)
            while truthy(test(frame)):
                if body(frame) == "break":
                    break
                frame.spend(cost)
            return None

        return run

    def _do(self, node: Node) -> Step:
        before = self.book.parts
        body, test = self._body(node), self._condition(node)
        cost = 1 + self.book.parts - before

        def run(frame: Frame) -> Signal:
            frame.spend(cost)
            while body(frame) != "break" and truthy(test(frame)):
                frame.spend(cost)
            return None

        return run

    def _for(self, node: Node) -> Step:
        self.book.scopes.append({})
        first = node.child_by_field_name("initializer")
        start: Step = lambda frame: None  # noqa: E731
        if first is not None and first.type in ("lexical_declaration", "variable_declaration"):
            start = self.compile(first)
        elif first is not None and first.type != "empty_statement":
            start = self._turn(first)
        before = self.book.parts
        test, step = (node.child_by_field_name(name) for name in ("condition", "increment"))
        is_endless = test is None or test.type in (";", "empty_statement")
        goes_on = None if is_endless or test is None else self.expressions.compile(test)
        advance = None if step is None else self.expressions.compile(step)
        body = self._body(node)
        cost = 1 + self.book.parts - before
        self.book.scopes.pop()

        def run(frame: Frame) -> Signal:
            start(frame)
            frame.spend(cost)
            while goes_on is None or truthy(goes_on(frame)):
                if body(frame) == "break":
                    break
                if advance is not None:
                    advance(frame)
                frame.spend(cost)
            return None

        return run

    def _turn(self, node: Node) -> Step:
        code = self.expressions.compile(
            inner(node) if node.type == "expression_statement" else node
        )

        def run(frame: Frame) -> Signal:
            code(frame)
            return None

        return run

    def _for_each(self, node: Node) -> Step:
        source = self.expressions.compile(field(node, "right"))
        items = _values_of if text_of(field(node, "operator")) == "of" else _keys_of
        self.book.scopes.append({})
        before = self.book.parts
        kind = node.child_by_field_name("kind")
        left = field(node, "left")
        bind = self._assigned(left) if kind is None else self._declared(text_of(kind), left)
        body = self._body(node)
        cost = 1 + self.book.parts - before
        self.book.scopes.pop()

        def run(frame: Frame) -> Signal:
            for value in items(frame, source(frame)):
                frame.spend(cost)
                bind(frame, value)
                if body(frame) == "break":
                    break
            return None

        return run

    def _assigned(self, node: Node) -> Put:
        place = self.place(node)
        return lambda frame, value: place.put(frame, place.refer(frame), value)

    def _body(self, node: Node) -> Step:
        self._loops += 1
        body = self._scoped(field(node, "body"))
        self._loops -= 1
        return body

    def _leave(self, node: Node) -> Step:
        signal: Signal = "break" if node.type == "break_statement" else "continue"
        if not self._loops or node.child_by_field_name("label") is not None:
            raise self.expressions.refused(node, f"{signal!r} leaves the loop around it, no other")
        return lambda frame: signal


def _put_member(frame: Frame, whole: Any, key: Any, value: Any) -> None:
    if type(whole) is dict:
        frame.spend(1)
        whole[to_text(frame, key)] = value
    elif type(whole) is list:
        _put_item(frame, whole, key, value)
    else:
        raise EvaluationFailed(
            f"a field {to_text(frame, key)[:40]!r} can't be put into {type_name(whole)}"
        )


def _put_item(frame: Frame, values: list[Any], at: Any, value: Any) -> None:
    """Into a place that is there, or the one behind the last."""
    position = at if type(at) is int else index_in(to_text(frame, at))
    if position == len(values):
        frame.spend(2)
        values.append(value)
    elif 0 <= position < len(values):
        values[position] = value
    else:
        raise EvaluationFailed(
            f"a list of {len(values)} items has no place {to_text(frame, at)[:40]!r}"
        )


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
