"""What each function of a document depends on, by itself and by those that it calls.

1. Sets are the bits of whole numbers: the time that a document takes is bounded, whatever calls
   whatever.
2. A method depends on ``THIS``; a text that calls it on an object depends on that object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from statehold.expression.ecmascript.kinds import THIS
from statehold.expression.ecmascript.layout import Uses

#: variables and functions of the scope that one function may depend on
USES_LIMIT = 500

#: a name, and how it is used: ``reads``, ``writes`` or ``asks``
_Use: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Dependency:
    """One function. ``calls`` are others by position, and methods on the same object; ``on`` are
    methods, each with the object that it is called on."""

    uses: Uses
    calls: set[int] = field(default_factory=set)
    on: set[tuple[int, str]] = field(default_factory=set)


def add_called(functions: Sequence[Dependency]) -> list[bool]:
    """Adds to the uses of each function those of what it calls, and gives for each whether it
    depends on at most ``USES_LIMIT`` names; the others are left with none."""
    numbers: dict[_Use, int] = {}
    own = [_numbered(one.uses, numbers) for one in functions]
    of_this = {name: 1 << numbers.setdefault((name, THIS), len(numbers)) for name in _NAMES[:2]}
    mask = sum(of_this.values())
    within = _reached([one.calls for one in functions])
    this = [_union(own, reached) & mask for reached in within]
    for at, one in enumerate(functions):
        for called, owner in one.on:
            for name, bit in of_this.items():
                if this[called] & bit:
                    own[at] |= 1 << numbers.setdefault((name, owner), len(numbers))
    reached = _reached([one.calls | {called for called, _ in one.on} for one in functions])
    changing = sum(1 << at for at, one in enumerate(functions) if one.uses.changes_locals)
    # those that call each other reach the same
    totals = {members: _union(own, members) & ~mask for members in set(reached)}
    known = list(numbers)
    fits = []
    for at, one in enumerate(functions):
        total = totals[reached[at]] | this[at]
        fits.append(total.bit_count() <= USES_LIMIT)
        one.uses.changes_locals = bool(reached[at] & changing)
        for name in _NAMES:
            getattr(one.uses, name).clear()
        for member in _members(total) if fits[at] else ():
            name, used = known[member]
            getattr(one.uses, name).add(used)
    return fits


_NAMES = ("reads", "writes", "asks")


def _numbered(uses: Uses, numbers: dict[_Use, int]) -> int:
    found = 0
    for name in _NAMES:
        for used in getattr(uses, name):
            found |= 1 << numbers.setdefault((name, used), len(numbers))
    return found


def _reached(called: Sequence[Iterable[int]]) -> list[int]:
    """What each one reaches by calls, itself too (Warshall's algorithm)."""
    found = [sum(1 << at for at in {*others, own}) for own, others in enumerate(called)]
    for middle, _ in enumerate(found):
        bit, further = 1 << middle, found[middle]
        if further != bit:
            found = [reached | further if reached & bit else reached for reached in found]
    return found


def _union(sets: Sequence[int], members: int) -> int:
    found = 0
    for member in _members(members):
        found |= sets[member]
    return found


def _members(bits: int) -> Iterator[int]:
    for at, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        while byte:
            low = byte & -byte
            yield at * 8 + low.bit_length() - 1
            byte ^= low
