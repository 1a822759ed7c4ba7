"""Whether a value is the same after it was written and read back, found out for a type once.

A type is read from the schema that pydantic made of it. A part of it is *proven* where what can be
written at all is read back equal (text, integers, truth values, and what is built of them): nothing
is compared there but the classes of containers and models. Everything else is *checked*: the value
that was read back is compared with the one that was written. What the type alone shows to be lost
is a *problem*, and refuses the class.

The comparison is stricter than ``==``: not-a-number is itself and is not None, a model of a
subclass is not one of its base, a list is no tuple, and a field counts whether or not ``==`` looks
at it. Values of a type's subclass are the same as the plain value where they are equal text,
numbers or moments.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import operator
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic_core import TzInfo

#: where two values differ, from the inside out, and how
Difference: TypeAlias = tuple[tuple[Any, ...], str]
#: None: they are the same
Comparer: TypeAlias = Callable[[Any, Any], Difference | None]

#: characters of a value that are shown
SHOWN = 60

_ABSENT: Any = object()


class Facts:
    """What the schema of a type says of its way through JSON.

    ``is_proven``: what can be written is read back equal; ``compare`` looks at its class at most,
    and is None where it has nothing to look at. ``problems`` are fields that can't come back, by
    their places, each with why and a hint. ``by_alias``: aliases lead in and out alike, so that
    they are the names of the written form; otherwise those of the fields are. ``is_flat``: a proven
    model whose fields have no parts and no bounds, so that whatever can be written of one that has
    all its fields can be read, too, numbers of many digits apart. ``computed``: there
    are computed fields, which are shown and not stored. ``any_json``: a setting may write what is
    no JSON.
    """

    def __init__(self, schema: Any) -> None:
        self.problems: dict[str, tuple[str, str]] = {}
        self.by_alias = True
        self.computed = False
        self.any_json = False
        #: no setting changes how moments are written
        self._is_usual = True
        self._definitions: dict[str, Any] = {}
        #: comparers of shared parts by their names; absent while one is being built
        self._shared: dict[str, Comparer | None] = {}
        self._pending: set[str] = set()
        #: comparers of records that look at the class alone
        self._bare: set[Comparer] = set()
        self._look(schema, (), set())
        self.compare = self._of(schema, False)
        self.is_proven = self.compare is None or self.compare in self._bare
        self.is_flat = self.is_proven and _is_flat(schema)

    # --- what it has ---

    def _look(self, schema: Any, place: tuple[str, ...], seen: set[str]) -> None:
        """Notes problems, aliases and computed fields, of every part once."""
        if isinstance(schema, list | tuple):
            for one in schema:
                self._look(one, place, seen)
            return
        if not isinstance(schema, dict):
            return
        for one in schema.get("definitions", ()) if schema.get("type") == "definitions" else ():
            self._definitions[one["ref"]] = one
        if schema.get("type") == "definition-ref":
            ref = schema["schema_ref"]
            if ref not in seen:
                seen.add(ref)
                self._look(self._definitions.get(ref), place, seen)
            return
        config = schema.get("config", {})
        self.any_json |= config.get("ser_json_inf_nan") == "constants"
        self._is_usual &= not any(name.startswith(("ser_json", "val_")) for name in config)
        self.computed |= bool(schema.get("computed_fields"))
        written = schema.get("serialization", {}).get("function")
        if written is not None:
            if not getattr(written, "__module__", "").startswith("pydantic."):
                # what a function of the user's writes is compared when it was read back
                return
            if "secret" in getattr(written, "__name__", ""):
                self._complain(
                    place,
                    "is a secret, which is written as asterisks",
                    "keep it elsewhere and its name here, or give it a serializer that writes it: "
                    'PlainSerializer(lambda s: s.get_secret_value(), when_used="json")',
                )
                return
        if schema.get("type") in _RECORDS and "fields" in schema:
            self._look_at_fields(schema["fields"], place, seen)
        for key in _PARTS & schema.keys():
            part = schema[key]
            self._look(
                list(part.values()) if key == "choices" and isinstance(part, dict) else part,
                place,
                seen,
            )

    def _look_at_fields(self, fields: Any, place: tuple[str, ...], seen: set[str]) -> None:
        taken: set[str] = set()
        for name, field in _fields_of(fields):
            at = (*place, name)
            if field.get("serialization_exclude"):
                self._complain(
                    at,
                    "is left out of what is stored by exclude=True",
                    "take that away; what replies show is chosen by the machine's view",
                )
            if field.get("init_only") and not _has_default(field["schema"]):
                self._complain(
                    at,
                    "is an InitVar: it is not stored, and nothing can be read back without it",
                    "make it a field, or give it a default",
                )
            written = field.get("serialization_alias", name)
            if written in taken or written not in _read_from(name, field):
                self.by_alias = False
            taken.add(written)
            self._look(field["schema"], at, seen)

    def _complain(self, place: tuple[str, ...], why: str, hint: str) -> None:
        self.problems.setdefault(".".join(place), (why, hint))

    # --- how it is compared ---

    def _of(self, schema: Mapping[str, Any], strips: bool) -> Comparer | None:
        """``strips``: a setting of the model around it changes text that is read."""
        kind = schema["type"]
        if kind == "function-after" and _gives_values(schema):
            return _value_of_member
        if "serialization" in schema:
            return difference
        if kind in ("int", "bool", "none", "uuid"):
            return None
        if kind == "str":
            changed = strips or any(schema.get(name) for name in _TEXT_CHANGES)
            return difference if changed else None
        if kind in _LEAVES:
            if kind in ("datetime", "time"):
                return _moment_leaf if self._is_usual else difference
            return _LEAVES[kind]
        if kind in ("definitions", "default"):
            return self._of(schema["schema"], strips)
        if kind == "definition-ref":
            return self._reference(schema["schema_ref"], strips)
        if kind == "nullable":
            return _nullable(self._of(schema["schema"], strips))
        if kind == "list":
            return _container(list, self._item(schema.get("items_schema"), strips))
        if kind in ("set", "frozenset"):
            proven = self._item(schema.get("items_schema"), strips) is None
            return _container(set if kind == "set" else frozenset, None) if proven else difference
        if kind == "dict":
            return _mapping(self._item(schema.get("values_schema"), strips))
        if kind == "model":
            return self._model(schema)
        if kind == "dataclass":
            return self._dataclass(schema)
        return difference

    def _item(self, schema: Mapping[str, Any] | None, strips: bool) -> Comparer | None:
        return difference if schema is None else self._of(schema, strips)

    def _reference(self, ref: str, strips: bool) -> Comparer | None:
        if ref in self._pending:
            # it is part of itself
            return lambda x, y: self._below(ref, x, y)
        if ref not in self._shared:
            self._pending.add(ref)
            self._shared[ref] = self._of(self._definitions[ref], strips)
            self._pending.discard(ref)
        return self._shared[ref]

    def _below(self, ref: str, x: Any, y: Any) -> Difference | None:
        compare = self._shared[ref]
        return None if compare is None else compare(x, y)

    def _model(self, schema: Mapping[str, Any]) -> Comparer:
        cls, inner = schema["cls"], schema["schema"]
        while inner["type"] == "definitions":
            inner = inner["schema"]
        config = schema.get("config", {})
        whole = (
            inner["type"] != "model-fields"
            or schema.get("custom_init")
            or schema.get("post_init")
            or getattr(cls, "__private_attributes__", None)
            or cls.model_config.get("extra") == "allow"
        )
        if whole:
            return difference
        return self._record(cls, inner["fields"], config)

    def _dataclass(self, schema: Mapping[str, Any]) -> Comparer:
        cls, inner = schema["cls"], schema["schema"]
        if (
            inner["type"] != "dataclass-args"
            or schema.get("post_init")
            or any(f.get("init") is False or f.get("init_only") for f in inner["fields"])
        ):
            return difference
        return self._record(cls, inner["fields"], schema.get("config", {}))

    def _record(self, cls: type, fields: Any, config: Mapping[str, Any]) -> Comparer:
        checked = self._fields(fields, _strips(config))
        compare = _record(cls, checked)
        if not checked:
            self._bare.add(compare)
        return compare

    def _fields(self, fields: Any, strips: bool) -> tuple[tuple[str, Comparer], ...]:
        found = []
        for name, field in _fields_of(fields):
            special = any(key.startswith("serialization_exclude") for key in field)
            compare = difference if special else self._of(field["schema"], strips)
            if compare is not None:
                found.append((name, compare))
        return tuple(found)


#: schemas whose ``fields`` have names
_RECORDS = frozenset({"model-fields", "dataclass-args", "typed-dict", "named-tuple"})
#: where a schema has schemas
_PARTS = frozenset(
    {
        "schema", "items_schema", "keys_schema", "values_schema", "choices",
        "steps", "lax_schema", "strict_schema", "json_schema", "python_schema", "extras_schema",
        "arguments_schema",
    }
)  # fmt: skip
_TEXT_CHANGES = ("strip_whitespace", "to_lower", "to_upper")


#: kinds of values without parts, of which all that can be written can be read
_FLAT = frozenset({"int", "bool", "none", "str", "uuid"})
#: what a schema of such a kind has where every value is welcome
_UNBOUNDED = frozenset({"type", "metadata"})


def _is_flat(schema: Mapping[str, Any]) -> bool:
    if schema["type"] != "model" or schema["schema"]["type"] != "model-fields":
        return False
    for _, field in _fields_of(schema["schema"]["fields"]):
        part = field["schema"]
        while part["type"] in ("default", "nullable"):
            part = part["schema"]
        if part["type"] not in _FLAT or not part.keys() <= _UNBOUNDED:
            return False
    return not any(name.startswith("str_") for name in schema.get("config", {}))


def _fields_of(fields: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and schemas, whether they stand in a mapping or in a list."""
    if isinstance(fields, Mapping):
        yield from fields.items()
    else:
        for field in fields:
            yield field["name"], field


def _has_default(schema: Mapping[str, Any]) -> bool:
    return bool(schema["type"] == "default")


def _read_from(name: str, field: Mapping[str, Any]) -> Sequence[str]:
    """The names of a member that the field is read from."""
    alias = field.get("validation_alias")
    if alias is None:
        return (name,)
    if isinstance(alias, str):
        return (alias,)
    paths = [alias] if alias and not isinstance(alias[0], list | tuple) else alias
    return [path[0] for path in paths if len(path) == 1 and isinstance(path[0], str)]


def _strips(config: Mapping[str, Any]) -> bool:
    return any(config.get(f"str_{name}") for name in _TEXT_CHANGES)


# --- comparers -----------------------------------------------------------------------------------


def _leaf(x: Any, y: Any) -> Difference | None:
    return None if type(x) is type(y) and x == y else difference(x, y)


def _plain_leaf(x: Any, y: Any) -> Difference | None:
    return None if x == y else difference(x, y)


def _moment_leaf(x: Any, y: Any) -> Difference | None:
    """Those that were read, and those in UTC, have whole minutes for an offset, as JSON has."""
    zone = x.tzinfo
    if (zone is None or zone is dt.UTC or type(zone) is TzInfo) and not x.fold:
        return None
    return difference(x, y)


def _gives_values(schema: Mapping[str, Any]) -> bool:
    """An enum in a model with ``use_enum_values``."""
    reads: Any = schema["function"]["function"]
    return isinstance(reads, operator.attrgetter) and schema["schema"]["type"] == "enum"


def _value_of_member(x: Any, y: Any) -> Difference | None:
    """A member stands for its value there: pydantic leaves one that is a default, or assigned."""
    return difference(_as_value(x), y)


def _as_value(x: Any) -> Any:
    return x.value if isinstance(x, enum.Enum) else x


def _member(x: Any, y: Any) -> Difference | None:
    return None if x is y else difference(x, y)


def _decimal_leaf(x: Any, y: Any) -> Difference | None:
    # by digits: comparing one that signals raises
    return difference(x, y)


#: values that have no parts
_LEAVES: dict[str, Comparer] = {
    "float": _plain_leaf,
    "decimal": _decimal_leaf,
    "bytes": _leaf,
    "date": _leaf,
    "time": _moment_leaf,
    "datetime": _moment_leaf,
    "timedelta": _leaf,
    "literal": _leaf,
    "enum": _member,
}


def _nullable(inner: Comparer | None) -> Comparer | None:
    if inner is None:
        return None

    def compare(x: Any, y: Any) -> Difference | None:
        if x is None:
            return None if y is None else _differ(x, y)
        return _differ(x, y) if y is None else inner(x, y)

    return compare


def _container(kind: Any, item: Comparer | None) -> Comparer:
    def compare_class(x: Any, y: Any) -> Difference | None:
        return None if type(x) is kind else _differ(x, y)

    if item is None:
        return compare_class

    def compare_items(x: Any, y: Any) -> Difference | None:
        if type(x) is not kind or len(x) != len(y):
            return _differ(x, y)
        for one, other in zip(x, y, strict=True):
            found = item(one, other)
            if found is not None:
                # by identity: how the class compares its values is its own affair
                number = next(n for n, each in enumerate(x) if each is one)
                return (*found[0], number), found[1]
        return None

    return compare_items


def _mapping(item: Comparer | None) -> Comparer:
    """The keys are compared in any case: text that can't be encoded is replaced in a key."""

    def compare(x: Any, y: Any) -> Difference | None:
        if type(x) is not dict:
            return _differ(x, y)
        if x.keys() != y.keys():
            return _keys(x, y)
        if item is not None:
            for key, one in x.items():
                found = item(one, y[key])
                if found is not None:
                    return (*found[0], key), found[1]
        return None

    return compare


def _record(cls: Any, fields: tuple[tuple[str, Comparer], ...]) -> Comparer:
    """A model or a dataclass; one of a subclass has more than its base could say."""

    def compare_class(x: Any, y: Any) -> Difference | None:
        same = type(x) is cls or _origin(type(x)) is _origin(cls)
        return None if same else _differ(x, y)

    def compare_model(x: Any, y: Any) -> Difference | None:
        if type(x) is not cls and _origin(type(x)) is not _origin(cls):
            return _differ(x, y)
        mine, other = x.__dict__, y.__dict__
        for name, field in fields:
            found = field(mine[name], other[name])
            if found is not None:
                return (*found[0], name), found[1]
        return None

    def compare_slots(x: Any, y: Any) -> Difference | None:
        if type(x) is not cls:
            return _differ(x, y)
        for name, field in fields:
            found = field(getattr(x, name), getattr(y, name))
            if found is not None:
                return (*found[0], name), found[1]
        return None

    is_dataclass: bool = dataclasses.is_dataclass(cls)
    if not is_dataclass:
        return compare_model if fields else compare_class
    if getattr(cls, "__dictoffset__", 0) == 0:
        return compare_slots
    count = len(dataclasses.fields(cls))

    def compare_dataclass(x: Any, y: Any) -> Difference | None:
        # an attribute that is no field is not written
        return compare_slots(x, y) or (_extras(x) if len(x.__dict__) > count else None)

    return compare_dataclass


def _extras(x: Any) -> Difference | None:
    names = {field.name for field in dataclasses.fields(x)}
    surplus = [name for name in x.__dict__ if name not in names and not _is_cached(x, name)]
    return ((surplus[0],), "is no field of the class, so it is not stored") if surplus else None


def _is_cached(x: Any, name: str) -> bool:
    """A property that remembers its value: that is worked out anew."""
    return hasattr(getattr(type(x), name, None), "__get__")


# --- any two values ------------------------------------------------------------------------------


def difference(x: Any, y: Any) -> Difference | None:
    """How ``y``, which was read back, differs from ``x``, which was written; None: it does not."""
    kind = type(x)
    if kind is not type(y) and not _stands_for(x, y):
        return _differ(x, y)
    return _COMPARERS.get(kind, _other)(x, y)


def _stands_for(x: Any, y: Any) -> bool:
    """Values of a subclass that are the plain value to everybody who compares them."""
    kind = type(y)
    if kind is dt.date:
        return isinstance(x, kind) and not isinstance(x, dt.datetime)
    if kind in _ATOMS:
        return isinstance(x, kind) or (kind is float and isinstance(x, int))
    return isinstance(y, BaseModel) and _origin(type(x)) is _origin(kind)


def _origin(cls: type) -> Any:
    """The generic model that a model is a case of, or itself: ``Box(n=1)`` is a ``Box[int]``."""
    generic = getattr(cls, "__pydantic_generic_metadata__", None) or {}
    return generic.get("origin") or cls


def _equal(x: Any, y: Any) -> Difference | None:
    return None if x == y else _differ(x, y)


def _number(x: Any, y: Any) -> Difference | None:
    return None if x == y or (x != x and y != y) else _differ(x, y)


def _decimal(x: Any, y: Any) -> Difference | None:
    return None if x.as_tuple() == y.as_tuple() else _differ(x, y)


def _moment(x: Any, y: Any) -> Difference | None:
    """A zone's offset is stored, its name is not; without a zone ``fold`` says which of two."""
    if x.tzinfo is None and y.tzinfo is None:
        return None if x == y and x.fold == y.fold else _differ(x, y)
    same = (
        x.tzinfo is not None
        and y.tzinfo is not None
        and x.utcoffset() == y.utcoffset()
        and x.replace(tzinfo=None, fold=0) == y.replace(tzinfo=None, fold=0)
    )
    return None if same else _differ(x, y)


def _sequence(x: Any, y: Any) -> Difference | None:
    if len(x) != len(y):
        return (), f"it would be read back with {len(y)} items, not {len(x)}"
    for number, (one, other) in enumerate(zip(x, y, strict=True)):
        found = difference(one, other)
        if found is not None:
            return (*found[0], number), found[1]
    return None


def _deque(x: Any, y: Any) -> Difference | None:
    if x.maxlen != y.maxlen:
        return (), f"it would be read back with maxlen {y.maxlen}, not {x.maxlen}"
    return _sequence(x, y)


def _set(x: Any, y: Any) -> Difference | None:
    counterparts = {item: item for item in y}
    if len(x) != len(y):
        return _differ(x, y)
    for item in x:
        other = counterparts.get(item, _ABSENT)
        if other is _ABSENT or difference(item, other) is not None:
            return _differ(x, y)
    return None


def _dict(x: Any, y: Any) -> Difference | None:
    if x.keys() != y.keys():
        return _keys(x, y)
    for key, one in x.items():
        found = difference(one, y[key])
        if found is not None:
            return (*found[0], key), found[1]
    return None


def _keys(x: Any, y: Any) -> Difference:
    for key in x:
        if key not in y:
            return (key,), "it would not be read back under this key"
    return (next(key for key in y if key not in x),), "it would be read back where there is nothing"


def _other(x: Any, y: Any) -> Difference | None:
    if isinstance(x, BaseModel):
        return _by_attributes(x, y, _model_parts)
    if isinstance(x, enum.Enum):
        return None if x is y or (not isinstance(y, enum.Enum) and x == y) else _differ(x, y)
    is_record = dataclasses.is_dataclass(x)
    found = _by_attributes(x, y, _dataclass_parts) if is_record else None
    for kind, compare in _BY_BASE:
        if isinstance(x, kind):
            if getattr(x, "default_factory", None) is not getattr(y, "default_factory", None):
                return (), "it would be read back with another default_factory"
            return found or compare(x, y)
    return found if is_record else _by_its_class(x, y)


def _by_its_class(x: Any, y: Any) -> Difference | None:
    by_identity: Any = object.__eq__
    if type(x).__eq__ is by_identity:
        # by identity: what it is made of says more
        mine, other = _attributes(x), _attributes(y)
        return _by_attributes(x, y, _attributes) if mine and other else _differ(x, y)
    try:
        return None if x == y else _differ(x, y)
    except Exception as error:  # noqa: BLE001 - a class of the user's; the value is refused
        return (), f"can't be compared with what is read back: {type(error).__name__}: {error}"


def _by_attributes(x: Any, y: Any, parts: Callable[[Any], dict[str, Any]]) -> Difference | None:
    mine, other = parts(x), parts(y)
    for name, one in mine.items():
        if name not in other:
            return (name,), "it is not stored"
        found = difference(one, other[name])
        if found is not None:
            return (*found[0], name), found[1]
    surplus = [name for name in other if name not in mine]
    return ((surplus[0],), "it would be read back where there is nothing") if surplus else None


def _model_parts(model: BaseModel) -> dict[str, Any]:
    fields = type(model).model_fields
    found = {name: value for name, value in model.__dict__.items() if name in fields}
    if model.model_config.get("use_enum_values"):
        found = {name: _as_value(value) for name, value in found.items()}
    return {**found, **(model.__pydantic_extra__ or {}), **(model.__pydantic_private__ or {})}


def _dataclass_parts(value: Any) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(value)]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    more = getattr(value, "__dict__", {})
    return found | {n: v for n, v in more.items() if n not in found and not _is_cached(value, n)}


def _attributes(value: Any) -> dict[str, Any]:
    """Of an instance of a class in Python; others may hold what no attribute shows."""
    kind = type(value)
    if kind.__flags__ & _HEAP_TYPE == 0:
        return {}
    slots = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    names = [name for one in slots for name in ((one,) if isinstance(one, str) else one)]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return {**found, **getattr(value, "__dict__", {})}


#: of a type's flags: it was made by a class statement
_HEAP_TYPE = 1 << 9
_COMPARERS: dict[type, Comparer] = {
    type(None): _equal,
    bool: _equal,
    int: _equal,
    str: _equal,
    bytes: _equal,
    float: _number,
    decimal.Decimal: _decimal,
    dt.datetime: _moment,
    dt.time: _moment,
    dt.date: _equal,
    dt.timedelta: _equal,
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    deque: _deque,
}
_ATOMS = frozenset({str, int, float, bytes, decimal.Decimal, dt.datetime, dt.time, dt.timedelta})
#: the same for classes derived from these
_BY_BASE: tuple[tuple[type, Comparer], ...] = (
    (dt.datetime, _moment),
    (dt.time, _moment),
    (float, _number),
    (decimal.Decimal, _decimal),
    (deque, _deque),
    (list, _sequence),
    (tuple, _sequence),
    (dict, _dict),
    (set, _set),
    (frozenset, _set),
)


def _differ(x: Any, y: Any) -> Difference:
    if type(x) is type(y) or isinstance(x, float):
        return (), f"it would be read back as {_shown(y)}, not {_shown(x)}"
    return (), f"it would be read back as {_a(y)}, not as {_a(x)}"


def _a(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__qualname__}"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a value of the user's; it is refused all the same
        text = f"a {type(value).__qualname__} whose repr raises {type(error).__name__}"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
