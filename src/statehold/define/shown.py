"""What a machine has shown as JSON, read as the type that the machine gives it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
import pydantic
import pydantic_core

from statehold.chart.machine import Definition
from statehold.chart.values import Shape
from statehold.define.function import UNKNOWN, returned_type
from statehold.errors import InvalidPayload

_NOT_READ: Any = object()


def read_view(definition: Definition[Any], view: Any) -> Any:
    """``view``, plain JSON values, as a value of the type of the machine's data, or of what its
    ``view`` is annotated with.

    It stays as it is where a value of that type would show anything else.
    """
    shape = _shape_of(definition)
    read = _NOT_READ if shape is None else _read(shape, view)
    return view if read is _NOT_READ else read


@lru_cache(maxsize=1_000)
def _shape_of(definition: Definition[Any]) -> Shape[Any] | None:
    if definition.view is None:
        return definition.data
    type_ = returned_type(definition.view)
    if type_ in (UNKNOWN, Any):
        return None
    try:
        return Shape(type_)
    except (pydantic.PydanticUserError, pydantic.PydanticUndefinedAnnotation):
        # it can be shown, and no type of pydantic's reads it
        return None


def _read(shape: Shape[Any], view: Any) -> Any:
    try:
        read = shape.load(pydantic_core.to_json(view))
    except InvalidPayload as error:
        if not shape.has_computed:
            return _NOT_READ
        # a computed field is shown, and a type that forbids others does not read it
        less = copy.deepcopy(view)
        _remove(less, error.fields)
        try:
            read = shape.load(pydantic_core.to_json(less))
        except InvalidPayload:
            return _NOT_READ
    try:
        shown = msgspec.json.decode(shape.show(read))
    except Exception:  # noqa: BLE001 - a computed field is anybody's code
        # what it raises must not cost the caller the reply to a request that was carried out
        return _NOT_READ
    return read if shown == view else _NOT_READ


def _remove(plain: Any, places: Iterable[str]) -> None:
    """Takes members out of an object, by their places, as ``items.0.price``."""
    for place in places:
        *above, name = place.split(".")
        holder = plain
        for part in above:
            if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
                holder = holder[int(part)]
            else:
                holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(name, None)
