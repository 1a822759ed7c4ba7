"""Reads, writes and copies the values of one type: a machine's data, its events, results.

A value has one written form, JSON, in which it is stored, queued, sent and passed from a child to
its parent. :meth:`Shape.write` gives it, and only for a value that is read back equal from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

import pydantic
import pydantic_core
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from statehold.chart.complaint import fields_of
from statehold.chart.copying import copier_of
from statehold.chart.facts import Facts
from statehold.chart.secret import is_in, secret_names
from statehold.errors import InvalidPayload, described

T = TypeVar("T")

#: the context of validators for a value that was validated before: ``info.context["stored"]``
STORED = {"stored": True}


#: bytes of a written form in which no number has as many digits as readers refuse (4,300)
SHORT = 4_000


class Shape(Generic[T]):
    """One type, as the engine needs it.

    The members of a written record have the names of its aliases, or those of its fields where
    an alias does not lead both in and out. Computed fields are shown and not written.
    """

    def __init__(self, type_: Any) -> None:
        self.type = type_
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)
        self._validator = self._adapter.validator
        self._serializer = self._adapter.serializer
        facts = Facts(self._adapter.core_schema)
        self._compare = facts.compare
        self._any_json = facts.any_json
        self._by_alias = facts.by_alias
        self._load = self._loader(facts)
        self._to_json = self._serializer.to_json
        #: pydantic's by_alias and by_name, None as the model has it: for what comes from outside,
        #: where a member may be named either way if the written form has the fields' names
        self._outside = None if facts.by_alias else True
        #: whether a value that could be written is known to be read back equal
        self.is_proven = facts.is_proven
        self._is_flat = facts.is_flat
        #: whether more is shown than is stored
        self.has_computed = facts.computed
        #: fields that can't be read back, by their places: why, and a hint
        self.problems: Mapping[str, tuple[str, str]] = facts.problems
        self.copy: Callable[[T], T] = copier_of(type_)

    @cached_property
    def _secrets(self) -> frozenset[str]:
        """Computed when a value is refused, which most types never see."""
        return secret_names(self._adapter.core_schema)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what is taken."""
        return self._adapter.json_schema(mode="validation")

    # --- from outside ---

    def parse(self, raw: bytes | str, what: str = "the payload") -> T:
        """Reads JSON; raises ``InvalidPayload`` naming every field that does not fit."""
        by = self._outside
        try:
            return cast(T, self._validator.validate_json(raw, by_alias=by, by_name=by))
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error, self._secrets)) from None
        except Exception as error:
            raise InvalidPayload(what, _broken(error)) from error

    def check(self, value: Any, what: str = "the payload", *, stored: bool = False) -> T:
        """Takes a value or plain Python data; raises ``InvalidPayload``.

        ``stored``: it comes from stored data, whose members may have either name.
        """
        by, context = (True, STORED) if stored else (self._outside, None)
        read = self._validator.validate_python
        try:
            return cast(T, read(value, context=context, by_alias=by, by_name=by))
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error, self._secrets)) from None
        except Exception as error:
            raise InvalidPayload(what, _broken(error)) from error

    # --- the written form ---

    def dump(self, value: T, what: str = "the data") -> bytes:
        """The written form; raises ``InvalidPayload`` where the value is not of its type.

        It compares nothing: use it for a value that was written before.
        """
        try:
            raw = self._to_json(value, by_alias=self._by_alias, round_trip=True, warnings="error")
        except PydanticSerializationError as error:
            alone = self._each(value)
            if not alone:
                # the error shows the value
                alone = {"": "can't be written" if self._secrets else str(error)}
            raise InvalidPayload(what, alone) from (None if self._secrets else error)
        if self._any_json:
            plain = self._serializer.to_python(value, mode="json", by_alias=self._by_alias)
            if found := _no_numbers(plain):
                raise InvalidPayload(what, found)
        return raw

    def load(self, raw: bytes, what: str = "the data") -> T:
        """Reads the written form; raises ``InvalidPayload``. Validators see ``STORED``."""
        try:
            return self._load(raw)
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error, self._secrets)) from None
        except Exception as error:
            raise InvalidPayload(what, _broken(error)) from error

    def adopt(self, raw: bytes, what: str = "the data") -> T:
        """Reads what another version wrote, where members may have other names: those of aliases
        and those of fields; raises ``InvalidPayload``."""
        try:
            read = self._validator.validate_json
            return cast(T, read(raw, context=STORED, by_alias=True, by_name=True))
        except pydantic.ValidationError as error:
            raise InvalidPayload(what, fields_of(error, self._secrets)) from None
        except Exception as error:
            raise InvalidPayload(what, _broken(error)) from error

    def settle(self, value: T, what: str = "the data") -> tuple[bytes, T]:
        """The written form and the value that was read back from it.

        Raises ``InvalidPayload``, by the names of the fields, where the value can't be written or
        what is read back is not equal to it.
        """
        raw = self.dump(value, what)
        return raw, self.back(value, raw, what)

    def back(self, value: T, raw: bytes, what: str = "the data") -> T:
        """The value that is read back from ``raw``, where it was just written; raises as
        :meth:`settle` does."""
        try:
            back = self._load(raw)
        except pydantic.ValidationError as error:
            fields = fields_of(error, self._secrets)
            if fields.keys() == {""}:
                fields = self._each(value, pydantic_core.from_json) or fields
            fields = {place: f"it can't be read back: {why}" for place, why in fields.items()}
            raise InvalidPayload(what, fields) from None
        except Exception as error:
            raise InvalidPayload(what, _broken(error)) from error
        if self._compare is not None:
            try:
                found = self._compare(value, back)
            except Exception as error:
                why = f"can't be compared with what is read back: {described(error)}"
                raise InvalidPayload(what, {"": why}) from error
            if found is not None:
                place = [str(part) for part in reversed(found[0])]
                hidden = is_in(self._secrets, place)
                why = "is not read back equal" if hidden else found[1]
                raise InvalidPayload(what, {".".join(place): why})
        return back

    def write(self, value: T, what: str = "the payload") -> tuple[bytes, T]:
        """As :meth:`settle`; a value of a proven type that was parsed is not read back."""
        if self.is_proven and type(value) is self.type:
            return self.dump(value, what), value
        return self.settle(value, what)

    def write_object(self, value: T, what: str = "the payload") -> tuple[bytes, T]:
        """As :meth:`settle`, for an object that may never have been validated
        (``model_construct``, ``model_copy(update=...)``).

        It is read back, unless it is a flat model with all of its fields: what can be written of
        that can be read, unless a number in it is longer than readers take.
        """
        if self._is_flat and type(value) is self.type:
            model: Any = value
            if len(model.__dict__) == len(model.__pydantic_fields__):
                raw = self.dump(value, what)
                return (raw, value) if len(raw) < SHORT else (raw, self.back(value, raw, what))
        return self.settle(value, what)

    def shown(self, value: T) -> Any:
        """As :meth:`show`, as Python values."""
        return self._serializer.to_python(value, by_alias=self._by_alias, warnings="error")

    def show(self, value: T) -> bytes:
        """JSON for display: the written form and computed fields. Raises what those raise."""
        return self._serializer.to_json(value, by_alias=self._by_alias, warnings="error")

    # --- underneath ---

    def _loader(self, facts: Facts) -> Callable[[bytes], T]:
        read: Any = self._validator.validate_json
        if not facts.by_alias:
            return lambda raw: cast(T, read(raw, context=STORED, by_alias=False, by_name=True))
        # a proven type has no validator that reads the context, and passing it takes time
        return read if facts.is_proven else lambda raw: cast(T, read(raw, context=STORED))

    def _each(self, value: Any, read: Callable[[bytes], Any] = bytes) -> dict[str, str]:
        """Members that can't be written or read, found by writing each alone."""
        members = value if isinstance(value, dict) else getattr(value, "__dict__", {})
        found = {}
        for name in members:
            try:
                read(self._to_json(value, include={name}, warnings="error"))
            except (PydanticSerializationError, ValueError, TypeError) as alone:
                hidden = is_in(self._secrets, [name])
                found[str(name)] = "can't be written" if hidden else str(alone)
        return found


def _no_numbers(plain: Any, place: tuple[str, ...] = ()) -> dict[str, str]:
    """What a setting has written as ``NaN`` or ``Infinity``, which is no JSON."""
    if isinstance(plain, float) and not math.isfinite(plain):
        return {".".join(place): f"{plain!r} has no form in JSON"}
    parts: Any = plain.items() if isinstance(plain, dict) else ()
    found: dict[str, str] = {}
    for name, part in enumerate(plain) if isinstance(plain, list) else parts:
        found |= _no_numbers(part, (*place, str(name)))
    return found


def _broken(error: Exception) -> dict[str, str]:
    """A validator of the user's that raised what pydantic does not expect of it."""
    return {"": f"its validation raised {described(error)}"}
