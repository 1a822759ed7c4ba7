"""How values of one type are read, written and copied: a machine's data, its events, results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import pydantic
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from statehold.chart.copying import copier_of
from statehold.errors import InvalidPayload

T = TypeVar("T")


class Shape(Generic[T]):
    """One type, as the engine needs it."""

    def __init__(self, type_: Any) -> None:
        self.type = type_
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)
        self._validator = self._adapter.validator
        self._serializer = self._adapter.serializer
        self.copy: Callable[[T], T] = copier_of(type_)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the stored form."""
        return self._adapter.json_schema(mode="validation")

    def parse(self, raw: bytes | str, what: str = "the payload") -> T:
        """Reads JSON; raises ``InvalidPayload`` naming every field that does not fit."""
        try:
            return cast(T, self._validator.validate_json(raw))
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error)) from None

    def check(self, value: Any, what: str = "the payload") -> T:
        """Takes a value or plain Python data; raises ``InvalidPayload``."""
        try:
            return cast(T, self._validator.validate_python(value))
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error)) from None

    def dump(self, value: T) -> bytes:
        """JSON bytes; raises ``InvalidPayload`` where the value is not of its declared type."""
        try:
            return self._serializer.to_json(value, warnings="error")
        except PydanticSerializationError as error:
            raise InvalidPayload("the data", {"": str(error)}) from None


def fields_of(error: pydantic.ValidationError) -> dict[str, str]:
    """Each place that pydantic complains of, as ``a.b.0``, with its message."""
    return {".".join(str(part) for part in e["loc"]): e["msg"] for e in error.errors()}
