"""Writes values without a declared type as JSON: outputs, views, data of named events.

A value that JSON can't express is refused with its place: not-a-number and infinity, text that
can't be encoded, and keys of a mapping that are equal as text. A model or a dataclass is written as
its class says; tuples and sets become lists, moments and decimals text.
"""

from __future__ import annotations

import dataclasses
import decimal
import math
from collections import deque
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import msgspec
from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic_core import PydanticSerializationError, to_json

from statehold.chart.values import Shape
from statehold.errors import InvalidPayload, described

#: classes whose shapes are kept; the least recently used one is dropped for another
SHAPE_LIMIT = 1_000

_decode = msgspec.json.decode
_ATOMS = frozenset({bool, type(None)})
#: bits of a whole number: more may have over 4,300 digits, which no reader of JSON here takes
_INT_BITS = 14_284
_LISTS = (list, tuple, set, frozenset, deque)
_SECRETS = (SecretStr, SecretBytes, Secret)


def shape_of(cls: type) -> Shape[Any]:
    """The shape of a class that the machine does not declare."""
    return _shape_of(cls)


@lru_cache(SHAPE_LIMIT)
def _shape_of(cls: Hashable) -> Shape[Any]:
    return Shape(cls)


def write_untyped(value: Any, what: str) -> bytes:
    """JSON for another program; a model in it is read back and compared.

    Raises ``InvalidPayload``.
    """
    return _json(value, what, shown=False)


def show_untyped(value: Any, what: str) -> bytes:
    """JSON for display: with computed fields, and with secrets masked.

    Raises ``InvalidPayload``.
    """
    return _json(value, what, shown=True)


def show_typed(shape: Shape[Any], value: Any, what: str) -> bytes:
    """The same for a value of a declared type."""
    try:
        _look(shape.shown(value), (), shown=True)
        return shape.show(value)
    except InvalidPayload:
        raise
    except Exception as error:
        raise _refused(error, what) from error


def _json(value: Any, what: str, *, shown: bool) -> bytes:
    try:
        if not shown and _is_record(value):
            return shape_of(type(value)).settle(value, what)[0]
        _look(value, (), shown=shown)
        return to_json(value) if shown else to_json(_unfolded(value), round_trip=True)
    except InvalidPayload:
        raise
    except Exception as error:
        raise _refused(error, what) from error


def _unfolded(value: Any) -> Any:
    """With the records in it in the one form that each has."""
    if isinstance(value, dict):
        return {key: _unfolded(one) for key, one in value.items()}
    if isinstance(value, _LISTS):
        return [_unfolded(one) for one in value]
    return _decode(shape_of(type(value)).dump(value)) if _is_record(value) else value


class _NoJson(ValueError):
    def __init__(self, place: tuple[Any, ...], why: str) -> None:
        super().__init__(why)
        self.place = place


def _refused(error: Exception, what: str) -> InvalidPayload:
    if isinstance(error, _NoJson):
        return InvalidPayload(what, {".".join(map(str, error.place)): str(error)})
    if isinstance(error, RecursionError):
        return InvalidPayload(what, {"": "it is nested too deeply, or holds itself"})
    return InvalidPayload(what, {"": f"can't be written: {described(error)}"})


def _look(value: Any, place: tuple[Any, ...], *, shown: bool) -> None:
    kind = type(value)
    if kind in _ATOMS:
        return
    if isinstance(value, int):
        if value.bit_length() > _INT_BITS:
            raise _NoJson(place, "a whole number of more than 4,300 digits can't be read back")
    elif isinstance(value, str):
        _text(value, place)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _NoJson(place, f"{value!r} has no form in JSON")
    elif isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise _NoJson(place, f"{value!r} is no number that JSON has")
    elif isinstance(value, dict):
        for key, one in value.items():
            if isinstance(key, str):
                _text(key, place)
            _look(one, (*place, key), shown=shown)
        _keys(value, place)
    elif isinstance(value, _LISTS):
        for number, one in enumerate(value):
            _look(one, (*place, number), shown=shown)
    elif _is_record(value):
        shape = shape_of(kind)
        if shown:
            _look(shape.shown(value), place, shown=True)
            return
        try:
            shape.settle(value)
        except InvalidPayload as error:
            name, why = next(iter(error.fields.items()))
            raise _NoJson((*place, *filter(None, [name])), why) from None
    elif isinstance(value, _SECRETS) and not shown:
        why = "is a secret, which is written as asterisks; give what it holds, or its name"
        raise _NoJson(place, why)
    else:
        try:
            to_json(value)
        except PydanticSerializationError as error:
            raise _NoJson(place, f"can't be written: {error}") from error


def _is_record(value: Any) -> bool:
    return isinstance(value, BaseModel) or (
        dataclasses.is_dataclass(value) and not isinstance(value, type)
    )


def _text(text: str, place: tuple[Any, ...]) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _NoJson(place, f"text that is no Unicode: {error}") from None


def _keys(value: dict[Any, Any], place: tuple[Any, ...]) -> None:
    """In JSON a key is text, so two keys may become equal."""
    if not all(isinstance(key, str) for key in value):
        names = len(_decode(to_json(dict.fromkeys(value))))
        if names != len(value):
            raise _NoJson(place, f"{len(value)} keys are {names} in JSON")
