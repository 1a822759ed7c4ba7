"""Objects with methods as data: what they hold, and the variables that their methods share.

A variable keeps its methods, whatever is assigned to it; its value is plain. The variables of its
constructor that the methods use are data too, in a variable beside it whose name no text can hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statehold.expression.compiled import Location
from statehold.expression.ecmascript.function import Function, is_function
from statehold.expression.ecmascript.kinds import Kind, ObjectName
from statehold.expression.ecmascript.locations import UNSET, variable
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import kept


def private(object_of: Code, name: str) -> Location:
    """A variable of its constructor that a method uses."""

    def refer(frame: Frame) -> dict[str, Any]:
        known: ObjectName = object_of(frame)
        found = frame.variables.get(known.private)
        if type(found) is not dict:
            raise EvaluationFailed(f"{known.name!r} has not been made by its constructor")
        return found

    def put(frame: Frame, found: dict[str, Any], value: Any) -> None:
        found[name] = kept(frame, value)

    return Location(refer, lambda frame, found: found.get(name), put)


def object_variable(kind: Kind, *, makes: bool) -> Location:
    """A variable of the machine with methods: a value without them is refused, but for nothing."""
    name = kind.object.name
    plain = variable(name, makes=makes)

    def put(frame: Frame, found: None, value: Any) -> None:
        shared: dict[str, Any] = {}
        if value is not None:
            value, shared = _divided(frame, kind, value)
        plain.put(frame, found, value)
        if shared:
            frame.assign(kind.object.private, shared)

    return Location(plain.refer, plain.get, put)


def _divided(frame: Frame, kind: Kind, value: Any) -> tuple[Any, dict[str, Any]]:
    """A new value without its methods, and the variables that these share."""
    name, shared = kind.object.name, dict[str, Any]()
    rest = dict(value) if isinstance(value, Mapping) else {}
    frame.spend(1 + 2 * len(rest))
    for key, method in kind.made():
        frame.spend(1)
        function = rest.pop(key, None)
        if type(function) is not Function or function.code.origin not in method.origins:
            raise EvaluationFailed(
                f"{name!r} can't be replaced by a value without its method {key!r}"
            )
        for variable_name, cell in zip(function.code.names, function.cells, strict=True):
            role, held = method.around.get(variable_name), cell[0]
            if role == "itself" and held is not value:
                raise EvaluationFailed(f"{variable_name!r} is not {name!r}, as it was at first")
            if role == "stored":
                if is_function(held):
                    raise EvaluationFailed(
                        f"{variable_name!r}, which methods of {name!r} use, holds a function, "
                        "which is no data"
                    )
                shared[variable_name] = None if held is UNSET else kept(frame, held)
    return (rest if isinstance(value, Mapping) else value), shared
