"""Functions as values: those of a text, and those that are built in.

A function may be called, kept in a local variable, given to a function and returned by one. It is
never data: no store could keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from statehold.expression.ecmascript.kinds import Origin
from statehold.expression.ecmascript.locations import UNSET
from statehold.expression.frame import CALL_DEPTH_LIMIT, Code, Frame
from statehold.expression.language import EvaluationFailed

_NO_DATA = (
    "a function is no data; declare it in a <script> of the document's root, and call it by its "
    "name"
)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A function that is built in. ``run`` takes the frame, for a method its receiver, and then
    ``least`` to ``most`` arguments; it pays for its work before it does it."""

    run: Callable[..., Any]
    least: int = 0
    most: int = 0

    no_data: ClassVar[str] = _NO_DATA


@dataclass(frozen=True, slots=True)
class Parameter:
    slot: int
    default: Code | None = None


@dataclass(slots=True)
class FunctionCode:
    """What a function of a text does; all slots are those of its own unit.

    ``captured`` are the slots of variables from around it. ``this`` and ``own``, the function
    itself by its name, are below 0 where it has none.
    """

    name: str
    parameters: tuple[Parameter, ...]
    rest: int
    variables: tuple[int, ...]
    captured: tuple[int, ...]
    this: int
    own: int
    body: Code
    size: int
    cost: int
    levels: int
    #: where it stands, and the names of what it has captured
    origin: Origin
    names: tuple[str, ...]
    #: the slots of the parameters, where there is nothing to prepare but them
    simple: tuple[int, ...] | None = field(init=False)

    def __post_init__(self) -> None:
        has_more = self.variables or max(self.rest, self.this, self.own) >= 0
        has_defaults = any(parameter.default is not None for parameter in self.parameters)
        slots = tuple(parameter.slot for parameter in self.parameters)
        self.simple = None if has_more or has_defaults else slots


class Function:
    """A function of a text, with the cells of the variables around it."""

    __slots__ = ("cells", "code")

    no_data: ClassVar[str] = _NO_DATA

    def __init__(self, code: FunctionCode, cells: tuple[Any, ...] = ()) -> None:
        self.code = code
        self.cells = cells

    def __eq__(self, other: object) -> bool:
        """Methods are made anew each time they are asked for; each object has the same cells."""
        if self is other or type(other) is not Function or not self.cells:
            return self is other
        return self.code is other.code and self.cells is other.cells

    def __hash__(self) -> int:
        return hash(id(self.code))


def is_function(value: Any) -> bool:
    return type(value) is Function or type(value) is Bounded


def call(frame: Frame, function: Any, values: Sequence[Any], this: Any = None) -> Any:
    """Calls either kind; arguments that are missing are nothing."""
    if type(function) is Bounded:
        return _call_bounded(frame, function, values)
    if type(function) is not Function:
        raise EvaluationFailed("only a function can be called")
    code = function.code
    frame.spend(code.cost)
    depth = frame.depth
    frame.depth = depth + code.levels
    if frame.depth > CALL_DEPTH_LIMIT:
        raise EvaluationFailed("calls functions within functions too deep")
    outer = frame.local
    local: list[Any] = [None] * code.size
    if code.captured:
        for slot, cell in zip(code.captured, function.cells, strict=True):
            local[slot] = cell
    frame.local = local
    try:
        if code.simple is None:
            _begin(frame, function, local, values, this)
        else:
            count = len(values)
            for at, slot in enumerate(code.simple):
                local[slot] = [values[at] if at < count else None]
        return code.body(frame)
    finally:
        frame.local = outer
        frame.depth = depth


def _begin(
    frame: Frame, function: Function, local: list[Any], values: Sequence[Any], this: Any
) -> None:
    """Gives the variables of a call their cells."""
    code = function.code
    for slot in code.variables:
        local[slot] = [None]
    if code.this >= 0:
        local[code.this] = [this]
    if code.own >= 0:
        local[code.own] = [function]
    for parameter in code.parameters:
        local[parameter.slot] = [UNSET]
    count = len(values)
    for at, parameter in enumerate(code.parameters):
        value = values[at] if at < count else None
        if value is None and parameter.default is not None:
            value = parameter.default(frame)
        local[parameter.slot][0] = value
    if code.rest >= 0:
        frame.spend(count)
        local[code.rest] = [list(values[len(code.parameters) :])]


def _call_bounded(frame: Frame, function: Bounded, values: Sequence[Any]) -> Any:
    if len(values) < function.least:
        raise EvaluationFailed(f"the function takes {function.least} arguments, not {len(values)}")
    frame.spend(1)
    return function.run(frame, *values[: function.most])


def checked(value: Any, name: str) -> Any:
    """What a method calls for each item, if it is a function."""
    if not is_function(value):
        raise EvaluationFailed(f"{name}() takes a function: {name}(item => …)")
    return value
