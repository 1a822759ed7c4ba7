"""A document as plain values, those that JSON has, and the bounds of both readers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statehold.errors import Problem

#: levels of mappings and lists
DEPTH_LIMIT = 100
#: scalars, mappings and lists
NODE_LIMIT = 200_000

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """``lines`` holds the line of each value, counted from 1; empty for JSON."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)


class TextRefused(Exception):
    """The text is no document, or one beyond the limits; ``problem`` says where and why."""

    def __init__(self, place: str, message: str, hint: str = "") -> None:
        self.problem = Problem(place or "the document", message, hint)
        super().__init__(str(self.problem))


def too_much(nodes: int, depth: int, line: int | None = None) -> TextRefused:
    place = "" if line is None else f"line {line}"
    if depth > DEPTH_LIMIT:
        return TextRefused(place, f"it is nested more than {DEPTH_LIMIT} levels deep")
    return TextRefused(place, f"it has more than {NODE_LIMIT} values")


def number_of(text: str) -> float:
    """Raises ``ValueError`` for one that is beyond all finite ones."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is larger than any that can be stored")
    return value
