"""The data that an instance begins with. What is left out is not None.

1. Data that is left out is ``msgspec.UNSET``: the type's own defaults (what it makes of ``{}``),
   and None where it has none and takes None.
2. None, and ``null`` as JSON, is None where the type takes it. Where it does not, it stands for
   data that was left out, as clients send it that fill in every member of a request.
3. An empty object is no data where the type is None alone.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, TypeVar

from msgspec import UNSET

from statehold.chart.values import Shape
from statehold.errors import InvalidPayload

T = TypeVar("T")


def initial_data(shape: Shape[T], given: Any, what: str) -> T:
    """``given``: a value of the type, plain Python data, JSON as bytes, or ``UNSET``.

    Raises ``InvalidPayload``.
    """
    is_json = isinstance(given, bytes)
    if is_json and given.strip() == b"null":
        given = None
    if shape.type in (None, NoneType) and given in ({}, b"{}"):
        given = None
    if given is not UNSET and given is not None:
        return shape.parse(given, what) if is_json else shape.check(given, what)
    defaults: tuple[Any, Any] = ({}, None) if given is UNSET else (None, {})
    try:
        return shape.check(defaults[0], what)
    except InvalidPayload as first:
        try:
            return shape.check(defaults[1], what)
        except InvalidPayload as second:
            # of the two, the one that names the fields without which nothing can begin
            fields = (first if given is UNSET else second).fields
    if "" in fields:
        fields = {"": f"it was left out, and its type has no default: {fields['']}"}
    raise InvalidPayload(what, fields)
