"""The size of JSON before it is parsed: how many values it has, and how deep they are nested.

A parsed value takes up to a hundred times its bytes, so both are bounded before.
"""

from __future__ import annotations

import re

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_STRUCTURE = bytes(set(range(256)) - set(b"[]{},"))


def is_small(json: bytes, values: int, depth: int) -> bool:
    """Whether it surely has no more values and levels, found fast, of any text."""
    opened = json.count(b"{") + json.count(b"[")
    return opened <= depth and opened + json.count(b",") < values


def structure_of(json: bytes) -> bytes:
    """The brackets and commas, all brackets square. It has to be JSON: where quotes do not pair,
    this takes time that grows with the square of its size."""
    return _STRING.sub(b"", json).translate(_BRACKETS, _NO_STRUCTURE)


def values_in(structure: bytes) -> int:
    """How many values it has; an empty list or object counts as two."""
    # each value but the first of its list or object comes after a comma
    return structure.count(b"[") + structure.count(b",") + 1


def is_deeper(structure: bytes, depth: int) -> bool:
    """Whether it is nested deeper, found without recursion, which deep nesting could exhaust: each
    round removes the innermost brackets, so ``depth`` rounds must remove all."""
    brackets = structure.replace(b",", b"")
    for _ in range(depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
