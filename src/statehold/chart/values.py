"""How values of one type are read, written and copied.

A machine's data and its events are checked by pydantic on the way in. A copy is made for each
step that changes data, so copying is compiled for the type once: fields that can't change are
shared, containers are copied one level at a time, only what has no known shape is deep-copied.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import pydantic
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticSerializationError

from statehold.errors import InvalidPayload

T = TypeVar("T")
Copier = Callable[[Any], Any]

#: values of these types can't change, so they are shared between copies
_ATOMS: frozenset[Any] = frozenset({
    bool, int, float, complex, str, bytes, type(None), decimal.Decimal, uuid.UUID, dt.datetime,
    dt.date, dt.time, dt.timedelta, pathlib.Path, pathlib.PurePath,
})  # fmt: skip


class Shape(Generic[T]):
    """One type, as the engine needs it."""

    def __init__(self, type_: Any) -> None:
        self.type = type_
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)
        self._validator = self._adapter.validator
        self._serializer = self._adapter.serializer
        self.copy: Callable[[T], T] = _copier(type_) or _share

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


def _share(value: Any) -> Any:
    return value


def _copier(hint: Any) -> Copier | None:
    """A function that copies values of the type, or None where they may be shared."""
    return _Copiers().of(hint)


class _Copiers:
    """Builds copiers; remembers models on the way, so that a recursive one ends."""

    def __init__(self) -> None:
        self._models: set[Any] = set()

    def of(self, hint: Any) -> Copier | None:
        if hasattr(hint, "__value__"):
            return self.of(hint.__value__)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated or origin in (typing.Final, typing.ClassVar):
            return self.of(args[0])
        if origin is typing.Literal or _is_atom(hint):
            return None
        if origin in (typing.Union, types.UnionType):
            return self._union(args)
        container = origin or hint
        if container in (list, set, dict, tuple, frozenset):
            return self._container(container, args)
        if isinstance(hint, type):
            if hint in self._models:
                return copy.deepcopy
            if issubclass(hint, BaseModel):
                self._models.add(hint)
                return self._model(hint)
            if dataclasses.is_dataclass(hint):
                self._models.add(hint)
                return self._dataclass(hint)
        return copy.deepcopy

    def _union(self, args: tuple[Any, ...]) -> Copier | None:
        needed = [copier for arg in args if (copier := self.of(arg)) is not None]
        if not needed:
            return None
        others = [arg for arg in args if self.of(arg) is None]
        if len(needed) == 1 and all(_is_atom(arg) for arg in others):
            inner, atoms = needed[0], _ATOMS
            return lambda value: value if type(value) in atoms else inner(value)
        return copy.deepcopy

    def _container(self, container: Any, args: tuple[Any, ...]) -> Copier | None:
        if container in (tuple, frozenset):
            members = [arg for arg in args if arg is not Ellipsis]
            immutable = bool(members) and all(self.of(arg) is None for arg in members)
            return None if immutable else copy.deepcopy
        if container is dict:
            if len(args) == 2 and self.of(args[1]) is None:
                return dict.copy
            if len(args) == 2 and (inner := self.of(args[1])):
                return lambda value: {k: inner(v) for k, v in value.items()}
            return copy.deepcopy
        if len(args) == 1:
            item = self.of(args[0])
            if item is None:
                return cast(Copier, container.copy)
            if container is list:
                return lambda value: [item(v) for v in value]
        return copy.deepcopy

    def _model(self, model: type[BaseModel]) -> Copier | None:
        if model.model_config.get("extra") == "allow" or model.__private_attributes__:
            return copy.deepcopy
        if _has_subclasses_of_its_own(model):
            return copy.deepcopy
        deep = {
            name: copier
            for name, info in model.model_fields.items()
            if (copier := self.of(info.annotation)) is not None
        }
        if model.model_config.get("frozen") and not deep:
            return None
        new, put = model.__new__, object.__setattr__

        def copy_model(value: Any) -> Any:
            kind = type(value)
            twin = new(kind)
            fields = value.__dict__.copy()
            for name, copier in deep.items():
                fields[name] = copier(fields[name])
            put(twin, "__dict__", fields)
            put(twin, "__pydantic_fields_set__", value.__pydantic_fields_set__.copy())
            put(twin, "__pydantic_extra__", None)
            put(twin, "__pydantic_private__", None)
            return twin

        return copy_model

    def _dataclass(self, kind: type) -> Copier | None:
        hints = typing.get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        deep = {n: copier for n in names if (copier := self.of(hints[n])) is not None}
        if kind.__dataclass_params__.frozen and not deep:  # type: ignore[attr-defined]
            return None
        if hasattr(kind, "__slots__") or kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            return copy.deepcopy if deep else copy.copy
        new = kind.__new__

        def copy_dataclass(value: Any) -> Any:
            twin = new(kind)
            fields = twin.__dict__
            fields.update(value.__dict__)
            for name, copier in deep.items():
                fields[name] = copier(fields[name])
            return twin

        return copy_dataclass


def _is_atom(hint: Any) -> bool:
    return hint in _ATOMS if not isinstance(hint, type) else (
        hint in _ATOMS or issubclass(hint, enum.Enum)
    )  # fmt: skip


def _has_subclasses_of_its_own(model: type[BaseModel]) -> bool:
    return bool(model.__subclasses__()) and not model.model_config.get("frozen")
