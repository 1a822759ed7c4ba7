"""Compiled assignment targets: a variable, or a part of its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from statehold.expression.compiled import Location
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import kept

#: what the cell of a variable holds before its declaration has run
UNSET: Final = object()


def variable(name: str, *, makes: bool) -> Location:
    """A variable of the machine; ``makes``: assigning creates one that is not there."""

    def put(frame: Frame, found: None, value: Any) -> None:
        if not makes:
            frame.variable(name)
        frame.assign(name, kept(frame, value))

    return Location(_nothing, lambda frame, found: frame.variable(name), put)


def local(slot: int, name: str) -> Location:
    """A variable of a function, a block or a loop: it refers to its value and may hold any."""
    read = local_value(slot, name)

    def put(frame: Frame, found: None, value: Any) -> None:
        cell = frame.local[slot]
        if cell[0] is UNSET:
            raise EvaluationFailed(f"{name!r} has no value yet")
        cell[0] = value

    return Location(_nothing, lambda frame, found: read(frame), put)


def part(
    whole: Code,
    key: Code,
    get: Callable[[Frame, Any, Any], Any],
    put: Callable[[Frame, Any, Any, Any], None],
) -> Location:
    """A field of a mapping or an item of a list; ``put`` copies the value into it."""
    return Location(
        lambda frame: (whole(frame), key(frame)),
        lambda frame, found: get(frame, found[0], found[1]),
        lambda frame, found, value: put(frame, found[0], found[1], value),
    )


def local_value(slot: int, name: str) -> Code:
    """Reads a local variable."""

    def run(frame: Frame) -> Any:
        value = frame.local[slot][0]
        if value is UNSET:
            raise EvaluationFailed(f"{name!r} has no value yet")
        return value

    return run


def _nothing(frame: Frame) -> None:
    return None
