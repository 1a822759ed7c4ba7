"""The part of the data that the functions inside a use of a state see: ``data=``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

from statehold.chart.deferred import deferral, settled
from statehold.chart.effect import Effect
from statehold.define.function import UNKNOWN, accepts, name_of, parameter_types, positional
from statehold.define.function import returned_type as returned
from statehold.define.into import field_type, fields_of, is_frozen, with_field

#: a field of the data, or functions that read the part and put it back
Part: TypeAlias = str | tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]
#: what is wrong, and the way out
Fault: TypeAlias = tuple[str, str]


class Narrowing:
    """What one use sees. ``outer`` is that of a use around it, whose part it is a part of."""

    def __init__(self, part: Part, outer: Narrowing | None) -> None:
        self.part = part
        self.outer = outer
        #: the use's path, set when the machine is compiled
        self.path = ""
        #: the type of the part, found when the machine is compiled
        self.type: Any = UNKNOWN
        #: effects, with their names without the path
        self.effects: list[tuple[Effect[Any, Any], str]] = []
        self._made: dict[tuple[int, bool], tuple[Any, Any]] = {}

    @property
    def field(self) -> str | None:
        """The field of the machine's data that the part is in; None where functions find it."""
        outermost = self
        while outermost.outer is not None:
            outermost = outermost.outer
        return outermost.part if isinstance(outermost.part, str) else None

    def function(self, function: Any, *, changes: bool) -> Any:
        """The function, seeing the part; the same one each time, so that it has one name."""
        key = (id(function), changes)
        if key not in self._made:
            # the original is kept as well: while it lives, nothing else has its id
            self._made[key] = (Narrowed(function, self, changes=changes), function)
        return self._made[key][0]

    def effect(self, effect: Effect[Any, Any]) -> Effect[Any, Any]:
        """The effect, seeing the part; an effect of its own, since its name is."""
        key = (id(effect), False)
        if key not in self._made:
            run = Narrowed(effect.run, self, changes=False)
            made = dataclasses.replace(effect, run=run)
            self._made[key] = (made, effect)
            self.effects.append((made, effect.name))
        found: Effect[Any, Any] = self._made[key][0]
        return found

    def named(self, path: str) -> None:
        """Gives it the use's path, and its effects the names that begin with it."""
        self.path = path
        for effect, name in self.effects:
            # frozen for those who use it; until its machine is compiled it has no name yet
            object.__setattr__(effect, "name", f"{path}.{name}")

    # --- at run time ---

    def read(self, data: Any) -> Any:
        whole = data if self.outer is None else self.outer.read(data)
        return _field(whole, self.part) if isinstance(self.part, str) else self.part[0](whole)

    def put(self, data: Any, part: Any) -> Any:
        """What an action is to give for it: None where the data was changed in place."""
        whole = data if self.outer is None else self.outer.read(data)
        if isinstance(self.part, str) and part is _field(whole, self.part):
            # it was changed in place
            new = None
        elif isinstance(self.part, str):
            new = with_field(whole, self.part, part, is_frozen=is_frozen(type(whole)))
        else:
            new = settled(self.part[1](whole, part))
        if self.outer is None:
            return new
        return self.outer.put(data, whole if new is None else new)

    # --- when the machine is compiled ---

    def resolve(self, data: Any) -> list[Fault]:
        """Finds the part's type in the machine's; gives what is wrong."""
        whole = data if self.outer is None else self.outer.type
        if isinstance(self.part, str):
            self.type, faults = _field_type(whole, self.part)
        else:
            self.type, faults = _read_type(whole, *self.part)
        return faults


class Narrowed:
    """A function, or that of an effect, which is called with the part in place of the data."""

    __slots__ = ("__wrapped__", "changes", "narrowing")

    def __init__(self, function: Callable[..., Any], narrowing: Narrowing, *, changes: bool):
        self.__wrapped__ = function
        self.narrowing = narrowing
        self.changes = changes

    def __call__(self, data: Any, *rest: Any, **named: Any) -> Any:
        part = self.narrowing.read(data)
        found = self.__wrapped__(part, *rest, **named)
        if not self.changes:
            return found
        return self.narrowing.put(data, part if settled(found) is None else found)


def part_fault(part: Any) -> Fault | None:
    """Why it is no ``data=`` of a use."""
    hint = 'name a field of the data, or give two functions: data="billing", data=(read, put)'
    if isinstance(part, str):
        return None if part.isidentifier() else (f"its data is {part[:80]!r}, no field", hint)
    if not isinstance(part, tuple) or len(part) != 2 or not all(map(callable, part)):
        return (f"its data is {ascii(part)[:80]}", hint)
    for function, takes, form in ((part[0], 1, "(data)"), (part[1], 2, "(data, part)")):
        why = deferral(function)
        if why is None and positional(function) != takes:
            why = f"does not take {form}"
        if why is not None:
            return (
                f"{_name(function)} of its data {why}",
                "write def read(data), def put(data, part)",
            )
    return None


def _field(data: Any, name: str) -> Any:
    return data[name] if isinstance(data, Mapping) else getattr(data, name)


def _field_type(data: Any, name: str) -> tuple[Any, list[Fault]]:
    if get_origin(data) in (Union, UnionType):
        # a part that may be missing has the fields of what it is otherwise
        members = [member for member in get_args(data) if member is not type(None)]
        data = members[0] if len(members) == 1 else UNKNOWN
    found = field_type(data, name)
    if found is not None:
        return found, []
    known = fields_of(data)
    hint = f"its fields are {', '.join(known)}" if known else ""
    return UNKNOWN, [(f"{name_of(data)} has no field {name!r}", hint)]


def _read_type(
    data: Any, read: Callable[..., Any], put: Callable[..., Any]
) -> tuple[Any, list[Fault]]:
    faults: list[Fault] = []
    part = returned(read)
    for function in (read, put):
        taken = parameter_types(function)
        if data is not UNKNOWN and taken and not accepts(taken[0], data):
            what = f"{_name(function)} takes {name_of(taken[0])}, but the data is {name_of(data)}"
            faults.append((what, "annotate its first parameter with the type of the data"))
    given = parameter_types(put)[1:2]
    if given and part is not UNKNOWN and not accepts(given[0], part):
        what = f"{_name(put)} takes {name_of(given[0])}, but {_name(read)} gives {name_of(part)}"
        faults.append((what, "read and put the same type"))
    return part, faults


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", "a function"))
