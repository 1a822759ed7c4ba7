"""What an instance starts with: its data, or the input that its data is made of. What is left out
differs from None.

1. Data that is left out is ``msgspec.UNSET``. The instance starts with the type's defaults, which
   the type reads from ``{}``; or with None, if it has no defaults and accepts None.
2. None, or ``null`` as JSON, is None if the type accepts it. If not, it counts as left out: some
   clients send every member of a request.
3. If the type is None alone, an empty object counts as left out.
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
