"""JSON documents changed as trees of values: what comes out is JSON again, mostly."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

from tests.fuzz.rubbish import NUMBERS, TEXTS, VALUES

#: a document that is larger is changed as bytes: one value of it would seldom matter
TREE_LIMIT = 60_000
#: values of a document that are looked at when one is to be chosen
PLACES_LIMIT = 3_000


def mutate_json(
    document: bytes, other: bytes, words: Sequence[str], random: random.Random
) -> bytes:
    """The document with one value moved, exchanged, doubled or nested; unchanged if not JSON."""
    try:
        tree = json.loads(document) if len(document) <= TREE_LIMIT else None
    except (ValueError, RecursionError):
        return document
    spots = _spots(tree)
    if not spots:
        return document
    holder, key = random.choice(spots)
    chosen = random.randrange(11)
    if chosen == 0:
        del holder[key]
    elif chosen == 1:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    elif chosen == 2:
        holder[key] = random.choice((*words, *TEXTS))
    elif chosen == 3:
        _exchange(holder, key, random.choice(spots))
    elif chosen == 4:
        holder[key] = _part_of(other, random)
    elif chosen == 5:
        holder[key] = random.choice(([holder[key]], {"a": holder[key]}, [holder[key]] * 3))
    elif chosen == 6 and isinstance(holder, dict):
        holder[random.choice((*words, *TEXTS))] = holder.pop(key)
    elif chosen == 7 and isinstance(holder[key], dict):
        value = copy.deepcopy(random.choice((holder[key], *VALUES, *words)))
        holder[key][random.choice((*words, *TEXTS))] = value
    elif chosen == 8 and isinstance(holder[key], list):
        holder[key] = holder[key] * random.choice((2, 100, 3000))
    elif chosen == 9 and isinstance(holder[key], dict):
        _multiply(holder[key], random)
    else:
        return _as_text(tree, holder, key, random)
    return _dump(tree, random)


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """Every value of the tree, as the dictionary or list that holds it and its place there."""
    found: list[tuple[Any, Any]] = []
    pending = [[tree]]
    waiting: list[Any] = list(pending)
    while waiting and len(found) < PLACES_LIMIT:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            if holder is not pending[0]:
                found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _exchange(holder: Any, key: Any, spot: tuple[Any, Any]) -> None:
    there, place = spot
    # copies: a value put below itself would never end
    mine, theirs = copy.deepcopy(holder[key]), copy.deepcopy(there[place])
    holder[key], there[place] = theirs, mine


def _part_of(other: bytes, random: random.Random) -> Any:
    try:
        spots = _spots(json.loads(other)) if len(other) <= TREE_LIMIT else []
    except (ValueError, RecursionError):
        spots = []
    if not spots:
        return copy.deepcopy(random.choice(VALUES))
    holder, key = random.choice(spots)
    return holder[key]


def _multiply(value: dict[str, Any], random: random.Random) -> None:
    """Many members like those that are there."""
    if value:
        name = random.choice(list(value))
        for number in range(random.choice((2, 50, 3000))):
            value[f"{name}{number}"] = value[name]


def _as_text(tree: Any, holder: Any, key: Any, random: random.Random) -> bytes:
    """What no tree of Python's can hold: a key twice, a number out of bounds, endless depth."""
    mark = "\u2042"
    value = json.dumps(holder[key])
    holder[key] = mark
    chosen = random.randrange(3)
    if chosen == 0:
        value = random.choice(NUMBERS)
    elif chosen == 1:
        deep = random.choice((50, 500, 5_000, 100_000))
        opening, closing = random.choice((("[", "]"), ('{"a":', "}"), ('{"states":{"a":', "}}")))
        value = opening * deep + value + closing * deep
    elif isinstance(key, str):
        value = f"{value}, {json.dumps(key)}: {value}"
    return json.dumps(tree).replace(json.dumps(mark), value).encode()


def _dump(tree: Any, random: random.Random) -> bytes:
    text = json.dumps(tree, ensure_ascii=random.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")
