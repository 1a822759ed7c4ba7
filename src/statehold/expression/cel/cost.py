"""An upper bound of the work of an evaluation, computed before it begins.

The library bounds the rounds of loops only, to 10,000 in all: ``map`` and ``filter`` copy their
list in each round, ``replace`` multiplies two lengths, and a comparison reads whole values. So the
bound is computed from the syntax tree and the sizes of the values that the expression reads. One
unit is about 50 ns on the machine that the factors were measured on.
"""

from __future__ import annotations

from collections.abc import Mapping
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
)
from statehold.expression.language import DEPTH_LIMIT, EvaluationFailed

#: characters of a text that an error shows
SHOWN = 60
#: units of one evaluation: about a tenth of a second
WORK_LIMIT = 2_000_000
#: a larger value is not read to its end
WEIGHT_LIMIT = WORK_LIMIT

#: units that make one of :mod:`statehold.expression.frame`
_UNITS = 3

#: passing an item to the library and back; calling a function
_ITEM = 4
_CALL = 4
#: one round of a loop, beside its body
_ROUND = 10
#: characters that weigh as much as one unit
_CHARACTERS = 8
#: a character that becomes an item of a list, or that is matched against a pattern
_PER_CHARACTER = 64


@dataclass(frozen=True, slots=True)
class Size:
    """How much a value weighs, how many items it may have, and how much one of them weighs."""

    weight: int
    items: int
    item: int


_SMALL = Size(1, 1, 1)


def size_of(value: Any, depth: int = 0) -> Size:
    """Raises ``EvaluationFailed`` for a value that is nested too deep, or that the library would
    change."""
    if isinstance(value, str):
        _check_exact(value)
        weight = 1 + len(value) // _CHARACTERS
        return Size(weight, weight, 1)
    if isinstance(value, list | dict):
        if depth > DEPTH_LIMIT:
            raise EvaluationFailed(f"a value is nested more than {DEPTH_LIMIT} levels deep")
        whole = largest = 0
        for item in value.values() if isinstance(value, dict) else value:
            # most items are small, and a call for each would dominate
            weight = (
                size_of(item, depth + 1).weight if isinstance(item, str | list | dict) else _ITEM
            )
            whole += weight
            largest = max(largest, weight)
        if isinstance(value, dict):
            # keys are passed too, and loops iterate over them
            for key in value:
                _check_exact(key)
            whole += sum(_ITEM + len(key) // _CHARACTERS for key in value)
        return Size(whole + _ITEM, len(value), largest)
    return _SMALL


def _check_exact(text: Any) -> None:
    """The library reads text as C does: up to U+0000, and valid Unicode only."""
    if not isinstance(text, str):
        raise EvaluationFailed(f"the key {ascii(text)[:SHOWN]} of an object is no text")
    if "\0" in text:
        shown = ascii(text[:SHOWN])
        raise EvaluationFailed(f"{shown} has the character U+0000, which CEL can't read")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = ascii(text[:SHOWN])
            raise EvaluationFailed(f"{shown} has half of a surrogate pair") from None


def check_work(tree: Node, values: Mapping[str, Any]) -> None:
    """Raises ``EvaluationFailed`` if the evaluation might be too much work, or more than is left
    for its step (:mod:`statehold.expression.allowance`)."""
    sizes = {name: size_of(value) for name, value in values.items()}
    work, _ = _estimate(tree, sizes)
    work += sum(size.weight for size in sizes.values())
    if work > WORK_LIMIT:
        raise EvaluationFailed(
            f"it may take {work:,} units of work on data of this size; the limit is "
            f"{WORK_LIMIT:,}: loop over less, or keep a running total in the data"
        )
    charge(1 + work // _UNITS)


def _estimate(node: Node, sizes: Mapping[str, Size]) -> tuple[int, Size]:
    """The work of a node, and the size of its value."""
    match node:
        case Constant(_, length):
            weight = 1 + length // _CHARACTERS
            return 1, Size(weight, weight, 1)
        case Name(name):
            return 1, sizes.get(name, _SMALL)
        case Select(operand):
            work, size = _estimate(operand, sizes)
            return work + _CALL, Size(size.item, size.item, size.item)
        case Collection(_, items):
            estimated = [_estimate(item, sizes) for item in items]
            weights = [size.weight for _, size in estimated]
            work = sum(work for work, _ in estimated) + _ITEM * len(items)
            return work, Size(sum(weights) + 1, len(items), max(weights, default=1))
        case Loop():
            return _loop(node, sizes)
        case Call():
            return _call(node, sizes)


def _call(node: Call, sizes: Mapping[str, Size]) -> tuple[int, Size]:
    estimated = [_estimate(argument, sizes) for argument in node.arguments]
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
        case "split":
            characters = given[0].weight * _CHARACTERS
            size = Size(characters * _ITEM, characters, given[0].weight)
            return work + characters * _PER_CHARACTER // _CHARACTERS, size
        case "replace" | "join":
            # the text in between may occur once for each character, or for each item
            times = given[0].weight * _CHARACTERS if node.function == "replace" else given[0].items
            most = given[0].weight + times * max(given[-1].weight, 1)
            return work + 3 * most, Size(most, most, 1)
        case "matches":
            return work + given[0].weight * _PER_CHARACTER, _SMALL
        case _:
            return work, made


def _loop(node: Loop, sizes: Mapping[str, Size]) -> tuple[int, Size]:
    work, over = _estimate(node.over, sizes)
    start_work, start = _estimate(node.start, sizes)
    each = Size(over.item, over.item, over.item)
    inner = {**sizes, node.variable: each, node.accumulator: start}
    step_work, step = _estimate(node.step, inner)
    condition_work, _ = _estimate(node.condition, inner)
    rounds = max(over.items, 1)
    work += start_work + rounds * (step_work + condition_work + _ROUND)
    grown = Size(rounds * step.weight, rounds, step.weight)
    if isinstance(node.start, Collection):
        # a list is copied each time something is added to it
        work += rounds * rounds * 3 // 2
    else:
        work += rounds * rounds // 8
        grown = step
    result_work, result = _estimate(node.result, {**sizes, node.accumulator: grown})
    return work + result_work, result
