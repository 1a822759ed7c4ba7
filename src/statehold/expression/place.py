"""What can be assigned to, compiled: a variable, or a part of what one holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import copied, kept


@dataclass(frozen=True, slots=True)
class Place:
    """``refer`` finds the place, once; ``get`` and ``put`` are told what it found.

    ``put`` copies the value.
    """

    refer: Code
    get: Callable[[Frame, Any], Any]
    put: Callable[[Frame, Any, Any], None]


def variable(name: str, *, makes: bool) -> Place:
    """A variable of the machine; ``makes`` says whether assigning makes one that is not there."""

    def put(frame: Frame, found: None, value: Any) -> None:
        if not makes:
            frame.variable(name)
        frame.assign(name, kept(frame, value))

    return Place(_nothing, lambda frame, found: frame.variable(name), put)


def local(slot: int, name: str) -> Place:
    """A variable of a loop or a block. It may hold what a variable of the machine may not."""
    read = local_value(slot, name)

    def put(frame: Frame, found: None, value: Any) -> None:
        frame.local[slot] = copied(frame, value)

    return Place(_nothing, lambda frame, found: read(frame), put)


def part(
    whole: Code,
    key: Code,
    get: Callable[[Frame, Any, Any], Any],
    put: Callable[[Frame, Any, Any, Any], None],
) -> Place:
    """A field of a mapping or an item of a list."""
    return Place(
        lambda frame: (whole(frame), key(frame)),
        lambda frame, found: get(frame, found[0], found[1]),
        lambda frame, found, value: put(frame, found[0], found[1], kept(frame, value)),
    )


def local_value(slot: int, name: str) -> Code:
    """Reads a local variable."""

    def run(frame: Frame) -> Any:
        try:
            return frame.local[slot]
        except KeyError:
            raise EvaluationFailed(f"{name!r} has no value yet") from None

    return run


def _nothing(frame: Frame) -> None:
    return None
