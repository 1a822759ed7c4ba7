"""An upper bound of the work of an evaluation, computed before it begins.

The library bounds the rounds of loops only, to 10,000 in all: ``map`` and ``filter`` copy their
list in each round, ``replace`` multiplies two lengths, and a comparison reads whole values. So the
bound is computed from the syntax tree and the sizes of the values that the expression reads. One
unit is about 50 ns on the machine that the factors were measured on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statehold.expression.allowance import charge
from statehold.expression.cel.tree import (
    Call,
    Collection,
    Constant,
    Loop,
    Name,
    Node,
    Select,
    walk,
)
from statehold.expression.language import DEPTH_LIMIT, EvaluationFailed

#: characters of a text that an error shows
SHOWN = 60
#: units of one evaluation: about a tenth of a second
WORK_LIMIT = 2_000_000

#: units that make one of :mod:`statehold.expression.frame`
_UNITS = 3

#: beginning an evaluation, and a node of its syntax tree, whose work is computed each time
_BEGIN = 300
_NODE = 30
#: passing an item to the library and back; calling a function
_ITEM = 4
_CALL = 4
#: one round of a loop, beside its body
_ROUND = 10
#: bytes of a text that weigh as much as one unit
_BYTES = 8
#: a byte that becomes an item of a list
_PER_BYTE = 8
#: weights of two texts, multiplied, that make a unit where one is sought in the other
_SOUGHT = 32
#: instructions of a pattern's program that a byte of text visits in one unit; what it takes beside
_MATCHED = 8
_PER_BYTE_MATCHED = 12
#: compiling one instruction of a pattern
_COMPILED = 20
#: a function that looks something up by a text, as a time zone is
_LOOKUP = 200


@dataclass(frozen=True, slots=True)
class Size:
    """How much a value weighs, how many items it may have, and how much one of them weighs."""

    weight: int
    items: int
    item: int


_SMALL = Size(1, 1, 1)
#: types of values without parts
_LEAVES = frozenset({bool, int, float, type(None)})


def size_of(value: Any, depth: int = 0) -> Size:
    """Raises ``EvaluationFailed`` for a value that is nested too deep, or that the library would
    change."""
    if isinstance(value, str):
        weight = 1 + _check_exact(value) // _BYTES
        return Size(weight, weight, 1)
    if isinstance(value, list | dict):
        if depth > DEPTH_LIMIT:
            raise EvaluationFailed(f"a value is nested more than {DEPTH_LIMIT} levels deep")
        # most items are small, and a call for each would dominate
        whole, largest = _ITEM * len(value), _ITEM if value else 0
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) not in _LEAVES:
                weight = size_of(item, depth + 1).weight
                whole += max(weight - _ITEM, 0)
                largest = max(largest, weight)
        if isinstance(value, dict):
            # keys are passed too, and loops iterate over them
            whole += sum(_ITEM + _check_exact(key) // _BYTES for key in value)
        return Size(whole + _ITEM, len(value), largest)
    return _SMALL


def _check_exact(text: Any) -> int:
    """The bytes of the text. The library reads it as C does: up to U+0000, valid Unicode only."""
    if not isinstance(text, str):
        raise EvaluationFailed(f"the key {ascii(text)[:SHOWN]} of an object is no text")
    if "\0" in text:
        shown = ascii(text[:SHOWN])
        raise EvaluationFailed(f"{shown} has the character U+0000, which CEL can't read")
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        shown = ascii(text[:SHOWN])
        raise EvaluationFailed(f"{shown} has half of a surrogate pair") from None


class Work:
    """The work of one expression; ``programs`` are the sizes of its patterns' programs
    (:mod:`statehold.expression.pattern`), by their text."""

    __slots__ = ("_least", "_tree", "programs")

    def __init__(self, tree: Node, programs: Mapping[str, int]) -> None:
        self.programs = programs
        self._tree = tree
        self._least = _BEGIN + _NODE * sum(1 for _ in walk(tree))

    def check(self, values: Mapping[str, Any]) -> None:
        """Raises ``EvaluationFailed`` if the evaluation might be too much work, or more than is
        left for its step (:mod:`statehold.expression.allowance`)."""
        sizes: dict[str, Size] = {}
        passed = self._least
        for name, value in values.items():
            sizes[name] = size = size_of(value)
            passed += size.weight
        # what was looked at so far counts, whatever becomes of the evaluation
        charge(1 + passed // _UNITS)
        work, made = _estimate(self._tree, sizes, self.programs)
        work += made.weight
        if passed + work > WORK_LIMIT:
            raise EvaluationFailed(
                f"it may take {passed + work:,} units of work on data of this size; the limit is "
                f"{WORK_LIMIT:,}: loop over less, or keep a running total in the data"
            )
        charge(1 + work // _UNITS)


_Programs = Mapping[str, int]


def _estimate(node: Node, sizes: Mapping[str, Size], programs: _Programs) -> tuple[int, Size]:
    """The work of a node, and the size of its value."""
    match node:
        case Constant(_, length):
            weight = 1 + length // _BYTES
            return 1, Size(weight, weight, 1)
        case Name(name):
            return 1, sizes.get(name, _SMALL)
        case Select(operand):
            work, size = _estimate(operand, sizes, programs)
            return work + _CALL, Size(size.item, size.item, size.item)
        case Collection(_, items):
            estimated = [_estimate(item, sizes, programs) for item in items]
            weights = [max(size.weight, _ITEM) for _, size in estimated]
            work = sum(work for work, _ in estimated) + _ITEM * len(items)
            return work, Size(sum(weights) + 1, len(items), max(weights, default=1))
        case Loop():
            return _loop(node, sizes, programs)
        case Call():
            return _call(node, sizes, programs)


def _call(node: Call, sizes: Mapping[str, Size], programs: _Programs) -> tuple[int, Size]:
    estimated = [_estimate(argument, sizes, programs) for argument in node.arguments]
    given = [size for _, size in estimated]
    weight = sum(size.weight for size in given)
    work = sum(work for work, _ in estimated) + _CALL + weight
    largest = max((size.item for size in given), default=1)
    made = Size(weight, sum(size.items for size in given), largest)
    match node.function:
        case "_[_]" if given:
            return work, Size(given[0].item, given[0].item, given[0].item)
        case "_?_:_" if len(given) == 3:
            larger = max(given[1:], key=lambda size: size.weight)
            return work, Size(larger.weight, max(s.items for s in given[1:]), largest)
        case "contains" | "indexOf" | "lastIndexOf" if len(given) > 1:
            return work + _search(given), _SMALL
        case "split" if len(given) > 1:
            items = given[0].weight * _BYTES
            size = Size(items * _ITEM, items, given[0].weight)
            return work + _search(given) + items * _PER_BYTE, size
        case "replace" if len(given) > 2:
            # the text in between may occur once for each byte
            most = given[0].weight + given[0].weight * _BYTES * given[2].weight
            return work + _search(given) + 3 * most, Size(most, most, 1)
        case "join":
            most = given[0].weight + given[0].items * given[-1].weight
            return work + 3 * most, Size(most, most, 1)
        case "matches":
            return work + _match(node, given[0], programs), _SMALL
        case "strings.quote" | "quote":
            # each character may get a backslash
            return work + 2 * weight, Size(2 * weight, 2 * weight, 1)
        case name if name.startswith("get") or name in ("timestamp", "duration"):
            return work + _LOOKUP, _SMALL
        case name if name in _SMALL_RESULTS:
            return work, _SMALL
        case _:
            return work, made


#: functions of anything that give a number, a truth or a null
_SMALL_RESULTS = frozenset(
    {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_in_", "size", "startsWith", "endsWith"}
    | {"int", "uint", "double", "bool", "!_"}
)


def _search(given: Sequence[Size]) -> int:
    """Looking for the second in the first: each place may agree with it to its last byte but
    one."""
    return given[0].weight * given[1].weight // _SOUGHT


def _match(node: Call, text: Size, programs: _Programs) -> int:
    """The library compiles a pattern each time; then a search may visit every instruction at every
    byte."""
    pattern = node.arguments[-1]
    size = programs.get(pattern.text or "", 0) if isinstance(pattern, Constant) else 0
    return size * _COMPILED + text.weight * _BYTES * (_PER_BYTE_MATCHED + size // _MATCHED)


def _loop(node: Loop, sizes: Mapping[str, Size], programs: _Programs) -> tuple[int, Size]:
    work, over = _estimate(node.over, sizes, programs)
    start_work, start = _estimate(node.start, sizes, programs)
    each = Size(over.item, over.item, over.item)
    inner = {**sizes, node.variable: each, node.accumulator: start}
    step_work, step = _estimate(node.step, inner, programs)
    condition_work, _ = _estimate(node.condition, inner, programs)
    rounds = max(over.items, 1)
    work += start_work + rounds * (step_work + condition_work + _ROUND)
    grown = Size(rounds * step.weight, rounds, step.weight)
    if isinstance(node.start, Collection):
        # a list is copied each time something is added to it
        work += rounds * rounds * 3 // 2
    else:
        work += rounds * rounds // 8
        grown = step
    result_work, result = _estimate(node.result, {**sizes, node.accumulator: grown}, programs)
    return work + result_work, result
