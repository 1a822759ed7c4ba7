"""The action that a result becomes a field of the data by: ``on_result(charge, ..., into=...)``."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel
from typing_extensions import is_typeddict

from statehold.chart.machine import Uses
from statehold.define.function import UNKNOWN


@dataclass(frozen=True, slots=True)
class Into:
    """Called as an action on a result. It is called what the native notation calls it."""

    field: str
    #: values of the data are not changed in place
    is_frozen: bool

    @property
    def __name__(self) -> str:
        return f"{self.field} = result"

    @property
    def uses(self) -> Uses:
        return Uses(writes=frozenset({self.field}))

    def __call__(self, data: Any, event: Any) -> Any:
        return with_field(data, self.field, event.value, is_frozen=self.is_frozen)


def with_field(data: Any, field: str, value: Any, *, is_frozen: bool) -> Any:
    """The data with a new value of the field; None where it was changed in place."""
    if isinstance(data, dict):
        data[field] = value
    elif not is_frozen:
        setattr(data, field, value)
    elif isinstance(data, BaseModel):
        return data.model_copy(update={field: value})
    elif dataclasses.is_dataclass(data) and not isinstance(data, type):
        return dataclasses.replace(data, **{field: value})
    else:
        # a named tuple
        return cast("Any", data)._replace(**{field: value})
    return None


def fields_of(data: Any) -> Mapping[str, Any] | None:
    """The fields of a type of data with their types; None where it has no fields of its own, and
    for mappings, which have any."""
    plain = _plain(data)
    if not isinstance(plain, type):
        return None
    if issubclass(plain, BaseModel):
        return {name: field.annotation for name, field in plain.model_fields.items()}
    if dataclasses.is_dataclass(plain):
        hints = _hints(plain)
        # a frozen one is made anew, and takes no others
        return {
            field.name: hints.get(field.name, UNKNOWN)
            for field in dataclasses.fields(plain)
            if field.init or not is_frozen(plain)
        }
    if is_typeddict(plain) or (issubclass(plain, tuple) and hasattr(plain, "_fields")):
        hints = _hints(plain)
        return {name: hints.get(name, UNKNOWN) for name in plain.__annotations__}
    return None


def field_type(data: Any, name: str) -> Any:
    """The type of a field of this type of data, ``UNKNOWN`` where that is not known; None where
    there is no such field."""
    known = fields_of(data)
    if known is not None and name in known:
        return known[name]
    plain = _plain(data)
    is_mapping = isinstance(plain, type) and issubclass(plain, dict) and not is_typeddict(plain)
    if data in (UNKNOWN, Any) or is_mapping:
        of = typing.get_args(data)
        return of[1] if len(of) == 2 else UNKNOWN
    return None


def is_frozen(data: Any) -> bool:
    """Whether a change of its values gives a new one."""
    plain = _plain(data)
    if not isinstance(plain, type):
        return False
    if issubclass(plain, BaseModel):
        return bool(plain.model_config.get("frozen"))
    if dataclasses.is_dataclass(plain):
        return bool(getattr(plain, "__dataclass_params__").frozen)  # noqa: B009 - of no known type
    return issubclass(plain, tuple)


def _plain(data: Any) -> Any:
    return typing.get_origin(data) or data


def _hints(data: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(data)
    except (NameError, TypeError, AttributeError):
        # names that exist for type checkers only: the fields are known, their types are not
        return {}
