"""Checks a document against the model; reports every problem of its shape in the notation's terms.

Reading continues after problems, so that all of them are reported at once: each wrong value is
removed from the document, and the rest is read as the model. Problems that only follow from such a
removal are not reported (:class:`.problems.Problems`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from statehold.formats.native import shapes
from statehold.formats.native.model import MachineSpec
from statehold.formats.native.problems import Problems, TooManyProblems, near, shown
from statehold.plain.values import Path

_NOTHING = object()
#: how often problems are taken out before the rest is given up
_ROUNDS = 8


def checked(problems: Problems) -> MachineSpec:
    """The document as the model. Raises ``TooManyProblems`` where nothing is left to go on with."""
    misspelt: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            return MachineSpec.model_validate(problems.document.value)
        except ValidationError as error:
            _report(error, problems, misspelt)
    raise TooManyProblems


def _report(error: ValidationError, problems: Problems, misspelt: set[Path]) -> None:
    """``misspelt`` are parts that had unknown keys: what they lack is probably among those."""
    found = [
        (_path_of(one["loc"], problems.document.value), one)
        for one in error.errors(include_url=False)
    ]
    for path, one in found:
        if one["type"] == "missing" and path in misspelt:
            continue
        for place, message, hint in _described(one, problems.original(path)):
            problems.add(place, message, hint)
    for path, one in found:
        if one["type"] == shapes.UNKNOWN_KEYS:
            misspelt.add(path)
        elif not path:
            raise TooManyProblems
        else:
            problems.repaired(problems.original(path))
    items = [path for path, one in found if _repair(path, one, problems)]
    # the last first: the others keep their numbers
    for path in sorted(dict.fromkeys(items), key=_numbers_of, reverse=True):
        problems.drop(path)


def _path_of(loc: tuple[int | str, ...], value: Any) -> Path:
    """Where it is in the document: without the words that pydantic has for unions and keys, and
    without the number of a single item that stands for a list."""
    path: list[int | str] = []
    for part in loc:
        if isinstance(value, list):
            found = value[part] if isinstance(part, int) and part < len(value) else _NOTHING
        else:
            found = value.get(part, _NOTHING) if isinstance(value, dict) else _NOTHING
        if found is not _NOTHING:
            value = found
            path.append(part)
    return tuple(path)


def _described(error: ErrorDetails, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Its places, each with a message and a hint."""
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case shapes.PROBLEM:
            yield path, context["message"], context["hint"]
        case shapes.UNKNOWN_KEYS:
            for key in context["unknown"]:
                message = context["message"].format(key=key)
                yield (*path, key), message, near(key, context["known"])
        case "missing":
            key = error["loc"][-1]
            yield path, f"it has no {key}", f"write {key}: and its value"
        case "dict_type" | "model_type":
            yield path, f"it is {shown(value)}, not a mapping", "write keys and values"
        case "string_type":
            yield path, f"it is {shown(value)}, not text", "put it between quotes"
        case "bool_type":
            yield path, f"it is {shown(value)}, not true or false", "write true, or leave it"
        case "string_too_short":
            yield path, "it is empty", ""
        case "string_too_long":
            limit = context["max_length"]
            yield path, f"it has {len(value)} characters; the limit is {limit}", ""
        case "too_long":
            length, limit = context["actual_length"], context["max_length"]
            yield path, f"there are {length}; the limit is {limit}", ""
        case "literal_error":
            words = [str(part) for part in path if isinstance(part, str)] or ["value"]
            choices = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            yield path, f"there is no {words[-1]} {shown(value)}", near(str(value), choices)
        case _:
            yield path, f"it is {shown(value)}: {error['msg']}", ""


def _repair(path: Path, error: ErrorDetails, problems: Problems) -> bool:
    """Takes out what is wrong: unknown keys, else the value; null first, for most may be that.
    True: it is an item of a list, which the caller takes out."""
    value = problems.at(path)
    if error["type"] == shapes.UNKNOWN_KEYS:
        # None: what it stood in was taken out already
        if value is not None:
            for key in error.get("ctx", {})["unknown"]:
                value.pop(key, None)
        return False
    holder, last = problems.at(path[:-1]), path[-1]
    if isinstance(holder, dict):
        if error["loc"][-1] == "[key]" or value is None:
            holder.pop(last, None)
        else:
            holder[last] = None
    # else what it stood in was taken out already
    return isinstance(holder, list)


def _numbers_of(path: Path) -> tuple[int, ...]:
    return tuple(part for part in path if isinstance(part, int))
