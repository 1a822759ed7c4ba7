"""Assignments, ``++`` and ``--``, and the places that they change.

1. Assigning to a variable that is not there fails, as in strict mode.
2. What is put into a variable of the machine, or into a part of anything, is copied: changing one
   variable changes no other. A local variable refers to its value, as in the language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from statehold.expression.compiled import Location
from statehold.expression.ecmascript.compiler import LOCATION, Compiler, called, shown
from statehold.expression.ecmascript.expressions import member
from statehold.expression.ecmascript.function import is_function
from statehold.expression.ecmascript.kinds import THIS
from statehold.expression.ecmascript.locations import local, part, variable
from statehold.expression.ecmascript.private import private
from statehold.expression.ecmascript.syntax import constant, field, inner, text_of
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
from statehold.expression.values import kept

if TYPE_CHECKING:
    from tree_sitter import Node

#: ``&&=`` and its like assign only if the value that is there is such a one
_CONDITIONAL: dict[str, Callable[[Any], bool]] = {
    "&&=": truthy,
    "||=": lambda value: not truthy(value),
    "??=": lambda value: value is None,
}


class Assignments:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.layout = compiler.layout
        compiler.expressions |= {
            "assignment_expression": self._assignment,
            "augmented_assignment_expression": self._augmented,
            "update_expression": self._update,
        }

    def location(self, node: Node) -> tuple[Location, str]:
        """The place that is the whole text, and the variable of the machine that it is in."""
        place, uses = self.place(node, LOCATION), self.layout.uses
        if uses.changes_locals:
            raise self.compiler.refused(node, "a location changes nothing when it is found")
        (name,) = uses.writes
        return place, name

    def place(self, node: Node, by: str) -> Location:
        """Something that can be assigned to."""
        if node.type == "identifier":
            return self._variable(node, by)
        if node.type == "member_expression":
            name = field(node, "property")
            if self.compiler.method(node) is not None:
                raise self.compiler.refused(node, f"the method {text_of(node)!r} can't be changed")
            key = self.compiler.field_name(name, text_of(name))
            return self._part(node, lambda frame: key, by)
        if node.type == "subscript_expression":
            return self._part(node, self.compiler.key(node), by)
        raise self.compiler.refused(
            node,
            f"{shown(node)!r} can't be assigned to",
            "a name can, or a part of it: name.field, name['key'], name[0]",
        )

    def _variable(self, node: Node, by: str) -> Location:
        name = self.compiler.name(node)
        found = self.layout.local(name)
        if found is None:
            self.compiler.written(node, name, by)
            if by == LOCATION:
                return variable(name, makes=False)
            return self.compiler.variable(name, makes=False)
        if found.is_constant:
            raise self.compiler.refused(node, f"the constant {name!r} can't be assigned to")
        if found.role is None:
            return local(self.layout.slot(found), name)
        if found.role != "stored":
            raise self.compiler.refused(node, f"a method can't change {name!r}")
        self.layout.uses.writes.add(THIS)
        return private(self.compiler.object_of(), name)

    def _part(self, node: Node, key: Code, by: str) -> Location:
        if node.child_by_field_name("optional_chain") is not None:
            raise self.compiler.refused(node, "a part behind '?.' can't be assigned to")
        return part(self.compiler.changed(field(node, "object"), by), key, member, _put_member)

    def _assignment(self, node: Node) -> Code:
        value_node = field(node, "right")
        if (self.layout.text, value_node.start_byte) in self.compiler.declared.given:
            # the document has the method from the start
            return constant(None)
        place = self.place(_target(node, "left"), called(node))
        value = self.compiler.expression(value_node)

        def run(frame: Frame) -> Any:
            found = place.refer(frame)
            result = value(frame)
            place.put(frame, found, result)
            return result

        return run

    def _augmented(self, node: Node) -> Code:
        sign = text_of(field(node, "operator"))
        target = _target(node, "left")
        place = self.place(target, called(node))
        self._is_read(target)
        value = self.compiler.expression(field(node, "right"))
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
        target = _target(node, "argument")
        place = self.place(target, called(node))
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

    def _is_read(self, target: Node) -> None:
        """A variable that is changed by its own value; of a part, the variable is read already."""
        if target.type == "identifier" and self.layout.local(text_of(target)) is None:
            self.layout.uses.reads.add(text_of(target))


def _target(node: Node, name: str) -> Node:
    target = field(node, name)
    while target.type == "parenthesized_expression":
        target = inner(target)
    return target


def _put_member(frame: Frame, whole: Any, key: Any, value: Any) -> None:
    if not is_function(value) or id(whole) not in frame.made:
        value = kept(frame, value)
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
    elif at == "length":
        _put_length(frame, values, value)
    else:
        raise EvaluationFailed(
            f"a list of {len(values)} items has no place {to_text(frame, at)[:40]!r}"
        )


def _put_length(frame: Frame, values: list[Any], length: Any) -> None:
    """Cuts a list, or fills it up with nothing."""
    if type(length) is not int or length < 0:
        raise EvaluationFailed(f"a list can't have {to_text(frame, length)[:40]} items")
    frame.spend_items(abs(length - len(values)))
    if length < len(values):
        del values[length:]
    else:
        frame.spend_items(length)
        values.extend([None] * (length - len(values)))
