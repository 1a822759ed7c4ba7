"""``JSON.parse`` and ``JSON.stringify`` (ECMA-262, 25.5), without functions that rewrite values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from statehold.expression.ecmascript.date import Date, iso_text
from statehold.expression.ecmascript.function import is_function
from statehold.expression.ecmascript.values import (
    is_number,
    number,
    number_text,
    to_integer,
    to_text,
)
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import VALUE_DEPTH_LIMIT


def stringify(frame: Frame, value: Any, replacer: Any = None, space: Any = None) -> Any:
    """The text of a value; ``space`` lays it out, as a number of spaces or as a text."""
    if replacer is not None:
        raise EvaluationFailed("JSON.stringify() takes null as its second argument, nothing else")
    if is_function(value):
        return None
    indent = space[:10] if type(space) is str else ""
    if is_number(space):
        indent = " " * max(0, min(10, to_integer(frame, space)))
    parts: list[str] = []
    _write(frame, value, parts, indent, 0)
    frame.spend_text(sum(map(len, parts)))
    return "".join(parts)


def _write(frame: Frame, value: Any, parts: list[str], indent: str, depth: int) -> None:
    frame.spend(1)
    if depth > VALUE_DEPTH_LIMIT:
        raise EvaluationFailed(f"writes values nested more than {VALUE_DEPTH_LIMIT} levels deep")
    if type(value) is list:
        _write_all(frame, "[]", [("", item) for item in value], parts, indent, depth)
    elif isinstance(value, Mapping):
        # a field that is a function is left out
        pairs = [
            (_key(frame, key, indent), item) for key, item in value.items() if not is_function(item)
        ]
        _write_all(frame, "{}", pairs, parts, indent, depth)
    elif type(value) is str:
        frame.spend_text(len(value))
        parts.append(json.dumps(value, ensure_ascii=False))
    elif type(value) is Date:
        parts.append(f'"{iso_text(value)}"' if value.time == value.time else "null")
    elif is_number(value):
        parts.append(number_text(value) if math.isfinite(value) else "null")
    else:
        parts.append("null" if is_function(value) else json.dumps(value))


def _key(frame: Frame, key: str, indent: str) -> str:
    frame.spend_text(len(key))
    return f"{json.dumps(key, ensure_ascii=False)}:{' ' if indent else ''}"


def _write_all(
    frame: Frame,
    brackets: str,
    items: list[tuple[str, Any]],
    parts: list[str],
    indent: str,
    depth: int,
) -> None:
    """What is between two brackets, each item behind its key."""
    line = f"\n{indent * (depth + 1)}" if indent else ""
    frame.spend(len(items) * (1 + (len(line) >> 4)))
    parts.append(brackets[0])
    for at, (key, item) in enumerate(items):
        parts.append(f",{line}{key}" if at else f"{line}{key}")
        _write(frame, item, parts, indent, depth + 1)
    parts.append(f"\n{indent * depth}{brackets[1]}" if indent and items else brackets[1])


def parse(frame: Frame, value: Any) -> Any:
    """The value of a text; its numbers are those of ECMAScript."""
    text = to_text(frame, value)
    frame.spend(1 + len(text))
    found = json.loads(
        text,
        parse_int=lambda digits: number(float(digits)),
        parse_float=lambda digits: number(float(digits)),
        parse_constant=_no_json,
    )
    # half of a surrogate pair could never be stored
    json.dumps(found, ensure_ascii=False).encode()
    return found


def _no_json(text: str) -> NoReturn:
    raise EvaluationFailed(f"JSON has no {text}")
