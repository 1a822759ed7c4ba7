"""Copies of values, compiled once for a type, since every step that changes data makes one.

1.  A copy shares no part that can change. Parts that can't change are shared.
2.  A type describes its own values alone. A field may have a value of a subclass, which may have
    mutable fields of its own, so the class is checked when the copy is made.
3.  Containers and models are copied one level at a time; only values without a known shape are
    deep-copied. An object that is in two places becomes two objects, as it does in the store.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import pathlib
import types
import typing
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from pydantic import BaseModel

Copier = Callable[[Any], Any]

#: values of these types can't change, so they are shared between copies
_ATOMS: frozenset[Any] = frozenset(
    {
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        type(None),
        decimal.Decimal,
        uuid.UUID,
        dt.datetime,
        dt.date,
        dt.time,
        dt.timedelta,
        dt.timezone,
        pathlib.Path,
        pathlib.PurePath,
        pathlib.PosixPath,
        pathlib.WindowsPath,
    }
)

#: classes whose copier is kept; more are built again, which only costs time
CLASS_LIMIT = 10_000


def copier_of(hint: Any) -> Copier:
    """A function that copies values of the type; it returns a value that can't change itself."""
    return _Copiers().of(hint) or _share


def _share(value: Any) -> Any:
    return value


class _Copiers:
    """Builds copiers for one shape; ``copy`` copies any value by its class."""

    def __init__(self) -> None:
        self._by_class: dict[type, Copier] = {}
        #: classes and aliases that are being built; met again below, they are copied by class
        self._building: set[int] = set()

    def of(self, hint: Any) -> Copier | None:
        """A function that copies values of the type, or None where all of them may be shared."""
        hint = _plain(hint)
        closed = _unless_subclassed(hint, set())
        if closed is not None:
            return self._share_unless_subclassed(closed) if closed else None
        if hasattr(hint, "__value__"):
            return self._alias(hint)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(args)
        if (origin or hint) in (list, set, dict):
            return self._container(origin or hint, args)
        if isinstance(hint, type) and _has_shape(hint) and id(hint) not in self._building:
            return self._by_class.get(hint) or self._learn(hint)
        return self.copy

    def copy(self, value: Any) -> Any:
        """Copies by the value's own class."""
        kind = type(value)
        return (self._by_class.get(kind) or self._learn(kind))(value)

    def _learn(self, kind: type) -> Copier:
        if kind in _ATOMS or issubclass(kind, enum.Enum):
            copier: Copier = _share
        elif kind is list:
            copier = self._list
        elif kind is dict:
            copier = self._dict
        elif kind in (tuple, set, frozenset):
            copier = self._rebuilt(kind)
        elif _has_shape(kind):
            self._building.add(id(kind))
            copier = self._model(kind) if issubclass(kind, BaseModel) else self._dataclass(kind)
            self._building.discard(id(kind))
        else:
            copier = copy.deepcopy
        if len(self._by_class) >= CLASS_LIMIT:
            self._by_class.clear()
        self._by_class[kind] = copier
        return copier

    def _list(self, value: Any) -> Any:
        copy = self.copy
        return [copy(item) for item in value]

    def _dict(self, value: Any) -> Any:
        copy = self.copy
        return {key: copy(item) for key, item in value.items()}

    def _rebuilt(self, kind: Any) -> Copier:
        return lambda value: kind(map(self.copy, value))

    def _share_unless_subclassed(self, closed: Iterable[type]) -> Copier:
        """Shares values while their classes have no subclasses: one check for each class."""
        classes, copy = tuple(closed), self.copy

        def share(value: Any) -> Any:
            for kind in classes:
                if kind.__subclasses__():
                    return copy(value)
            return value

        return share

    def _alias(self, hint: Any) -> Copier | None:
        if id(hint) in self._building:
            return self.copy
        self._building.add(id(hint))
        copier = self.of(hint.__value__)
        self._building.discard(id(hint))
        return copier

    def _union(self, args: tuple[Any, ...]) -> Copier:
        others = [arg for arg in args if _plain(arg) not in _ATOMS]
        if len(others) != 1:
            return self.copy
        inner, atoms = self.of(others[0]) or _share, _ATOMS
        return lambda value: value if type(value) in atoms else inner(value)

    def _container(self, container: Any, args: tuple[Any, ...]) -> Copier:
        each: Copier = self._rebuilt(set)
        if container is not set:
            each = self._list if container is list else self._dict
        if not args:
            return each
        # keys of a dictionary are hashable, and hashable values are not meant to change
        closed = _unless_subclassed(args[-1], set())
        if closed is not None:
            return self._whole(container.copy, each, tuple(closed))
        item = self.of(args[-1]) or _share
        if container is list:
            return lambda value: [item(v) for v in value]
        if container is dict:
            return lambda value: {k: item(v) for k, v in value.items()}
        return each

    def _whole(self, whole: Copier, each: Copier, classes: tuple[type, ...]) -> Copier:
        """Copies the container alone as long as its items' classes have no subclasses."""
        if not classes:
            return whole

        def copy_container(value: Any) -> Any:
            for kind in classes:
                if kind.__subclasses__():
                    return each(value)
            return whole(value)

        return copy_container

    def _model(self, model: type[BaseModel]) -> Copier:
        if _unless_subclassed(model, set()) is not None:
            return _share
        return self.written(model).function(self.copy)

    def _dataclass(self, kind: type) -> Copier:
        if _unless_subclassed(kind, set()) is not None:
            return _share
        deep = self._fields(_field_hints(kind))
        cached = _cached_properties(kind)
        if self.is_flat(kind):
            return self.written(kind).function(self.copy)
        if _slots(kind):
            return self._slotted(kind, dict(deep), cached)
        new, other = cast(Any, object.__new__), self.copy

        def copy_dataclass(value: Any) -> Any:
            if type(value) is not kind:
                return other(value)
            twin = new(kind)
            fields = twin.__dict__
            fields.update(value.__dict__)
            for name, copier in deep:
                if name in fields:
                    fields[name] = copier(fields[name])
            for name in cached:
                fields.pop(name, None)
            return twin

        return copy_dataclass

    def _slotted(self, kind: type, copiers: dict[str, Copier], cached: tuple[str, ...]) -> Copier:
        """A dataclass that has slots; one below a class without them has both."""
        slots, has_dict = _slots(kind), kind.__dictoffset__ != 0
        new, other, put = cast(Any, object.__new__), self.copy, object.__setattr__

        def copy_slotted(value: Any) -> Any:
            if type(value) is not kind:
                return other(value)
            twin = new(kind)
            parts = {name: getattr(value, name) for name in slots if hasattr(value, name)}
            if has_dict:
                parts.update(value.__dict__)
                for name in cached:
                    parts.pop(name, None)
            for name, part in parts.items():
                put(twin, name, copiers[name](part) if name in copiers else part)
            return twin

        return copy_slotted

    def is_flat(self, kind: type) -> bool:
        """A dataclass with a ``__dict__`` whose fields can all be shared."""
        return (
            cast(Any, kind).__setattr__ is object.__setattr__
            and not _slots(kind)
            and not _cached_properties(kind)
            and not self._fields(_field_hints(kind))
        )

    def written(self, kind: type) -> WrittenCopy:
        """For a model or a flat dataclass."""
        scope: dict[str, Any] = {"new": object.__new__, "kind": kind}
        hints = _field_hints(kind)
        if not issubclass(kind, BaseModel):
            return WrittenCopy(
                ("twin = new(kind)", *(f"twin.{n} = data.{n}" for n in hints)), scope
            )
        lines = ["twin = new(kind)", "fields = data.__dict__.copy()"]
        for number, (name, copier) in enumerate(self._fields(hints)):
            # a model may have fields whose names are no identifiers
            scope |= {f"name{number}": name, f"copy{number}": copier}
            lines.append(
                f"if name{number} in fields: "
                f"fields[name{number}] = copy{number}(fields[name{number}])"
            )
        for number, name in enumerate(_cached_properties(kind)):
            scope[f"cached{number}"] = name
            lines.append(f"fields.pop(cached{number}, None)")
        # BaseModel itself has no private attributes, not even none of them
        private = getattr(kind, "__private_attributes__", None)
        has_more = bool(private) or kind.model_config.get("extra") == "allow"
        scope |= {**_MODEL_SLOTS, "copy": self.copy}
        lines += [
            "put_fields(twin, fields)",
            "put_set(twin, {*data.__pydantic_fields_set__})",
            f"put_extra(twin, {'copy(data.__pydantic_extra__)' if has_more else None})",
            f"put_private(twin, {'copy(data.__pydantic_private__)' if has_more else None})",
        ]
        return WrittenCopy(tuple(lines), scope)

    def _fields(self, hints: dict[str, Any]) -> tuple[tuple[str, Copier], ...]:
        """The fields that have to be copied."""
        found = ((name, self.of(hint)) for name, hint in hints.items())
        return tuple((name, copier) for name, copier in found if copier is not None)


@dataclasses.dataclass(frozen=True, slots=True)
class WrittenCopy:
    """The source text that copies a value of one class: ``lines`` make ``twin`` of ``data``.

    ``scope`` has what they name. Touching an instance's ``__dict__`` makes CPython build one, for
    the old instance and the new, which takes longer than everything else, so the assignments to a
    dataclass are written out, as :mod:`dataclasses` does for ``__init__``. Names of its fields are
    identifiers by definition.
    """

    lines: tuple[str, ...]
    scope: Mapping[str, Any]

    def function(self, other: Copier) -> Copier:
        """A function that copies values of the class; ``other`` copies those of subclasses."""
        lines = [
            "def copy_written(data):",
            "    if type(data) is not kind:",
            "        return other(data)",
            *(f"    {line}" for line in self.lines),
            "    return twin",
        ]
        scope: dict[str, Any] = {**self.scope, "other": other}
        exec("\n".join(lines), scope)
        copier: Copier = scope["copy_written"]
        return copier


def written_copy(hint: Any) -> WrittenCopy | None:
    """How a value of the type is copied, where that can be written out."""
    kind = _plain(hint)
    if not isinstance(kind, type) or not _has_shape(kind):
        return None
    if _unless_subclassed(kind, set()) is not None:
        return None
    copiers = _Copiers()
    return copiers.written(kind) if issubclass(kind, BaseModel) or copiers.is_flat(kind) else None


#: writing a model's slots past its own ``__setattr__``, which refuses or marks fields as set
_MODEL_SLOTS: dict[str, Callable[[Any, Any], None]] = {
    "put_fields": vars(BaseModel)["__dict__"].__set__,
    "put_set": vars(BaseModel)["__pydantic_fields_set__"].__set__,
    "put_extra": vars(BaseModel)["__pydantic_extra__"].__set__,
    "put_private": vars(BaseModel)["__pydantic_private__"].__set__,
}


def _unless_subclassed(hint: Any, seen: set[Any]) -> set[type] | None:
    """The classes whose values may be shared as long as they have no subclasses.

    Empty: values of the type can't change at all. None: they can, or it is not known. A class that
    is met again below itself counts as shareable: if it is not, another part of it shows that.
    """
    hint = _plain(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return set()
    parts: Iterable[Any]
    own: set[type] = set()
    if origin in (typing.Union, types.UnionType) or origin in (tuple, frozenset):
        parts = [arg for arg in args if arg is not Ellipsis]
    elif not isinstance(hint, type):
        return None
    elif hint in _ATOMS or issubclass(hint, enum.Enum):
        return set()
    elif hint in seen:
        return {hint}
    elif not _is_frozen(hint):
        return None
    else:
        seen.add(hint)
        own = {hint}
        parts = _field_hints(hint).values()
    for part in parts:
        found = _unless_subclassed(part, seen)
        if found is None:
            return None
        own |= found
    return own


def _plain(hint: Any) -> Any:
    """The type without ``Annotated``, ``Final`` and the like, which do not shape values."""
    if hint is None:
        return type(None)
    if typing.get_origin(hint) in (typing.Annotated, typing.Final, typing.ClassVar):
        return _plain(typing.get_args(hint)[0])
    return _plain(hint.__supertype__) if hasattr(hint, "__supertype__") else hint


def _has_shape(kind: type) -> bool:
    """A model or a dataclass that does not copy itself in its own way."""
    if issubclass(kind, BaseModel):
        return cast(Any, kind).__deepcopy__ is BaseModel.__deepcopy__
    if not dataclasses.is_dataclass(kind) or hasattr(kind, "__deepcopy__"):
        return False
    try:
        object.__new__(kind)
    except TypeError:
        # it is a list or an exception as well, for example, with contents beside its fields
        return False
    return True


def _is_frozen(kind: type) -> bool:
    if not _has_shape(kind):
        return False
    if issubclass(kind, BaseModel):
        return bool(
            kind.model_config.get("frozen")
            and kind.model_config.get("extra") != "allow"
            and not getattr(kind, "__private_attributes__", None)
            and not _cached_properties(kind)
        )
    return bool(cast(Any, kind).__dataclass_params__.frozen) and not _cached_properties(kind)


def _field_hints(kind: type) -> dict[str, Any]:
    """The types of the fields of a model or a dataclass."""
    if issubclass(kind, BaseModel):
        return {name: info.annotation for name, info in kind.model_fields.items()}
    hints = _hints(kind)
    names = [field.name for field in dataclasses.fields(cast(Any, kind))]
    return {name: hints.get(name, Any) for name in names}


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError, AttributeError):
        # names that only pydantic resolves; such fields are copied by the classes of their values
        return {}


def _slots(kind: type) -> tuple[str, ...]:
    named = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    flat = [name for slots in named for name in ((slots,) if isinstance(slots, str) else slots)]
    return tuple(name for name in flat if not name.startswith("__"))


def _cached_properties(kind: type) -> tuple[str, ...]:
    """Cached values that would be wrong in a copy that is changed."""
    return tuple(
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, functools.cached_property)
    )
