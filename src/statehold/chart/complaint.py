"""Rewrites pydantic's errors for the sender of a value: the field, the value, and what would fit.

pydantic's own messages address the author of the model and omit the value: "Input should be None",
"Extra inputs are not permitted".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import pydantic

from statehold.chart.secret import is_in
from statehold.errors import MISTAKES_SHOWN

#: characters of a value in a message
VALUE_CHARS = 80


def fields_of(
    error: pydantic.ValidationError, secrets: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Places that do not fit, as ``a.b.0``, with what is wrong there; the whole is ``""``. Of many
    mistakes those that a refusal lists, and one more, so that it says that there are. Values of
    fields in ``secrets`` (:mod:`.secret`) are not shown."""
    found: dict[str, str] = {}
    for one in error.errors(include_url=False):
        place = place_of(one["loc"])
        if len(found) > MISTAKES_SHOWN and place not in found:
            break
        words = words_of(one, shown=not is_in(secrets, one["loc"]))
        # each member of a union refuses the same value with its own message
        found[place] = f"{found[place]}; or {words}" if place in found else words
    return found


def place_of(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc)


def words_of(error: Mapping[str, Any], *, shown: bool = True) -> str:
    """One of pydantic's errors (``ValidationError.errors()``), in a sentence without its place.
    ``shown``: the value that was given is in it."""
    kind, message = str(error["type"]), str(error["msg"])
    own = _OWN.get(kind)
    if own is not None:
        return own
    if kind in ("value_error", "assertion_error"):
        # the words of the machine's own validator
        return message.partition(", ")[2] or message
    if kind == "json_invalid":
        return message.replace("Invalid JSON:", "is not JSON:")
    found = _SHOULD.fullmatch(message)
    if found is None:
        # the value may be in it
        return message if shown else "does not fit"
    verb, rest = found[1], found[2]
    if "_parsing" in kind or kind.endswith("_from_float"):
        # ", unable to parse string as an integer": the value says so
        rest = rest.partition(",")[0]
    if kind in _OBJECTS:
        rest = "an object"
    rest = rest.partition(" after validation")[0]
    return f"must {verb} {rest}" + (f", not {_given(kind, error['input'])}" if shown else "")


_OBJECTS = frozenset({"dict_type", "model_type", "model_attributes_type", "dataclass_type"})

_OWN = {
    "missing": "is missing",
    "missing_argument": "is missing",
    "extra_forbidden": "is not known; leave it out",
    "unexpected_keyword_argument": "is not known; leave it out",
    "none_required": "must be null or left out",
    "timezone_aware": "has no time zone; end it with Z, say",
    "recursion_loop": "contains itself",
}

#: "Input should be …", "List should have …", "Decimal input should be …"
_SHOULD = re.compile(r"\w+(?: input)? should (be|have|match) (.*)", re.DOTALL)


def _given(kind: str, value: Any) -> str:
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return str(len(value)) if isinstance(value, Sized) else "so many"
    if value is None or isinstance(value, bool):
        # as JSON, which is what a sender writes
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        # Python refuses to write out integers of thousands of digits
        is_long = isinstance(value, int) and abs(value) >= 10**VALUE_CHARS
        return "so large a number" if is_long else repr(value)
    if isinstance(value, str):
        return repr(_cut(value))
    if isinstance(value, bytes | bytearray):
        return repr(bytes(value[:VALUE_CHARS]))
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}"
    return f"a value of type {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 1] + "…"
