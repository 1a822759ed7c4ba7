"""Whether two requests are the same: a digest of what was given, in canonical form.

It covers what the sender gave. It leaves out defaults, which a type may compute anew each time, and
the order of an object's members and of a set, which may differ between processes. A pydantic model
counts with the fields that were set on it, so that it is the same request as its JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, cast

import msgspec
from msgspec import UNSET
from pydantic import AliasChoices, BaseModel, RootModel, TypeAdapter

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode
#: a number that may be spelt in another way
_FRACTION = re.compile(rb"\.|\d[eE]")
#: levels of nested values that are compared; deeper ones count as written
DEPTH = 64
#: types whose schema is kept
TYPES = 1_000


def fingerprint(given: Any, value: Any, written: bytes, *, left_out: bool = False) -> str:
    """``given`` is plain Python data, JSON as bytes, ``UNSET``, or an object; ``value`` what was
    read of it, which shows what is a set; ``written`` is its written form, for an object.
    ``left_out``: there are members in what was given that its sender filled in.
    """
    if _is_nothing(given, value):
        return _digest(b"null" if value is None else b"{}")
    raw = written
    if isinstance(given, bytes):
        raw = given
    elif isinstance(given, dict | list | str | int | float | None):
        # where there is more in it than JSON has (objects, bytes, NaN), it counts as it is written
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            raw = json.dumps(given, allow_nan=False).encode()
    elif isinstance(given, BaseModel):
        value = given
    try:
        plain = _decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        # pydantic reads more than JSON: NaN, and numbers that come to infinity
        raw, plain = written, _decode(written)
    kind = cast(Any, type(value))
    # most requests are JSON without anything of which the order or the spelling does not count
    if (
        left_out
        or raw is written
        or _FRACTION.search(raw)
        or (b"[" in raw and _may_hold_sets(kind))
    ):
        plain = _canonical(plain, value, 0)
    return _digest(_encode(plain))


def _is_nothing(given: Any, value: Any) -> bool:
    """Left out, or what stands for that (:mod:`.initial`): the same is made of all of them."""
    if isinstance(given, bytes):
        given = {b"null": None, b"{}": {}}.get(given.strip(), given)
    return given is UNSET or given is None or (value is None and given == {})


def _digest(canonical: bytes) -> str:
    return blake2b(canonical, digest_size=16).hexdigest()


def _canonical(plain: Any, value: Any, depth: int) -> Any:
    """``plain`` without defaults and in one order, by what it is in ``value``."""
    if isinstance(plain, float) and plain.is_integer():
        # 2.0 as 2, which is how it may come
        return int(plain)
    if depth > DEPTH:
        return plain
    if isinstance(value, RootModel):
        value = value.root
    if isinstance(plain, list):
        if isinstance(value, set | frozenset):
            items = {_encode(_canonical(item, None, depth + 1)) for item in plain}
            return [msgspec.Raw(item) for item in sorted(items)]
        within = list(value) if isinstance(value, list | tuple | deque) else []
        within += [None] * (len(plain) - len(within))
        return [_canonical(*pair, depth + 1) for pair in zip(plain, within, strict=False)]
    if isinstance(plain, dict):
        return {
            name: _canonical(item, inner, depth + 1) for name, item, inner in _members(plain, value)
        }
    return plain


def _members(plain: dict[str, Any], value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each member with its value; without those that were not set."""
    if isinstance(value, BaseModel):
        fields, computed = _fields_of(type(value))
        known = value.model_fields_set
        extra = value.model_extra or {}
        for key, item in plain.items():
            name = fields.get(key)
            if name is None:
                if key not in computed:
                    yield key, item, extra.get(key)
            elif name in known:
                yield key, item, getattr(value, name)
        return
    inner: Mapping[Any, Any] = {}
    if dataclasses.is_dataclass(value):
        inner = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, Mapping):
        inner = {str(name): one for name, one in value.items()}
    for key, item in plain.items():
        yield key, item, inner.get(key)


@lru_cache(TYPES)
def _fields_of(model: type[BaseModel]) -> tuple[dict[str, str], frozenset[str]]:
    """Names of fields by all that members may be called, and names of computed fields."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        called = alias.choices if isinstance(alias, AliasChoices) else (alias,)
        found |= {
            one: name for one in (name, field.serialization_alias, *called) if isinstance(one, str)
        }
    return found, frozenset(model.model_computed_fields)


@lru_cache(TYPES)
def _may_hold_sets(type_: Any) -> bool:
    if type_ in (dict, list, tuple, set, frozenset, deque):
        # what is in them, only the annotation says
        return True
    try:
        return b"uniqueItems" in _encode(TypeAdapter(type_).json_schema())
    except Exception:  # noqa: BLE001 - what has no schema may hold anything
        return True
