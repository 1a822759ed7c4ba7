"""Options in a machine's body beside states and transitions: views, indexes, upgrades."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter, itemgetter
from typing import Any, get_origin

from pydantic import BaseModel

from statehold.chart.deferred import deferral
from statehold.chart.effect import Effect
from statehold.chart.machine import Definition, Upgrade
from statehold.define.access import role_fault
from statehold.define.binding import Binder
from statehold.define.declarations import Declarations
from statehold.define.function import UNKNOWN, accepts, parameter_types, positional
from statehold.define.rule import Rule
from statehold.define.state import is_node

#: an index is named in addresses: ``?where=customer=ann``
INDEX_LIMIT = 16
#: views by role of one machine
VIEW_LIMIT = 16
#: characters of an index's name
INDEX_NAME_LIMIT = 64
#: characters of a value that an error shows
SHOWN = 100


def read_view(value: Any, body: Declarations, binder: Binder) -> Callable[[Any], Any] | None:
    """``view``: a function in the body, plain or static."""
    if value is None or is_node(value):
        return None
    function = value.__func__ if isinstance(value, staticmethod) else value
    return function if _takes_data(function, body.place_of("view"), binder) else None


def read_views(value: Any, body: Declarations, binder: Binder) -> dict[str, Callable[[Any], Any]]:
    """``views``: names of roles with functions of the data."""
    if value is None or is_node(value):
        return {}
    place = body.place_of("views")
    if not isinstance(value, Mapping):
        binder.complain(place, "is no mapping", "write views = {role: function}")
        return {}
    if len(value) > VIEW_LIMIT:
        binder.complain(
            place, f"there are {len(value)}, the limit is {VIEW_LIMIT}", "let roles share a view"
        )
    found: dict[str, Callable[[Any], Any]] = {}
    for role, given in value.items():
        if (fault := role_fault(role)) is not None:
            binder.complain(f"{place}[{ascii(role)[:SHOWN]}]", *fault)
            continue
        function = given.__func__ if isinstance(given, staticmethod) else given
        if _takes_data(function, f"{place}[{role!r}]", binder):
            found[role] = function
    return found


def read_indexes(
    value: Any, body: Declarations, binder: Binder
) -> dict[str, Callable[[Any], str | int | None]]:
    """``indexes``: names of fields, or names with functions of the data."""
    place = body.place_of("indexes")
    if isinstance(value, Mapping):
        found = {n: f for n, f in value.items() if _takes_data(f, f"{place}[{n!r}]", binder)}
    elif isinstance(value, tuple | list) and all(isinstance(name, str) for name in value):
        found = {name: _field(name, place, binder) for name in value}
    else:
        binder.complain(
            place, "is not a list of indexes", "write a tuple of fields, or a dict of functions"
        )
        return {}
    for name in found:
        if (
            not isinstance(name, str)
            or not 1 <= len(name) <= INDEX_NAME_LIMIT
            or not name.isprintable()
            or "=" in name
        ):
            binder.complain(
                place,
                f"an index can't be called {ascii(name)[:80]}",
                f"give it a word of at most {INDEX_NAME_LIMIT} printable characters without =",
            )
    if len(found) > INDEX_LIMIT:
        binder.complain(
            place, f"there are {len(found)}, the limit is {INDEX_LIMIT}", "index what is asked for"
        )
    return found


def read_upgrades(
    value: Any, body: Declarations, version: int, binder: Binder
) -> tuple[Upgrade, ...]:
    """``upgrades``, with states, effects and rules replaced by their paths and names."""
    place = body.place_of("upgrades")
    if not isinstance(value, tuple | list) or not all(isinstance(u, Upgrade) for u in value):
        binder.complain(place, "is not a list of upgrades", "write upgrades = [Upgrade(1, ...)]")
        return ()
    found: dict[int, Upgrade] = {}
    for upgrade in value:
        if type(upgrade.from_version) is not int or not all(
            map(_is_mapping, (upgrade.states, upgrade.effects, upgrade.timers))
        ):
            binder.complain(
                place,
                f"one is {ascii(upgrade)[:SHOWN]}",
                "from_version is a whole number; states, effects and timers map names to names or "
                "objects of the notation",
            )
            continue
        if upgrade.from_version in found:
            binder.complain(
                place, f"there are two from version {upgrade.from_version}", "keep one of them"
            )
        if not 1 <= upgrade.from_version < version:
            binder.complain(
                place,
                f"one is from version {upgrade.from_version}, but this is version {version}",
                "an upgrade comes from a lower version, 1 or more",
            )
        where = f"{place} from {upgrade.from_version}"
        if upgrade.data is not None:
            _takes_one(upgrade.data, where, binder)
        found[upgrade.from_version] = dataclasses.replace(
            upgrade,
            states={old: _path(new, where, body, binder) for old, new in upgrade.states.items()},
            effects={
                old: new.name if isinstance(new, Effect) else new
                for old, new in upgrade.effects.items()
            },
            timers={old: _rule(new, where, body, binder) for old, new in upgrade.timers.items()},
        )
    return tuple(found.values())


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(old, str) and all(map(_is_target, new if isinstance(new, tuple) else (new,)))
        for old, new in value.items()
    )


def _is_target(new: Any) -> bool:
    """A name, a state, a rule, an effect or a machine; a tuple of them splits a state."""
    known = new is None or isinstance(new, str | Effect | Rule) or is_node(new)
    return known or isinstance(getattr(new, "definition", None), Definition)


def _path(state: Any, place: str, body: Declarations, binder: Binder) -> Any:
    if is_node(state):
        path = body.id_of(state)
        if path is None:
            binder.complain(
                place, f"{state!r} is not a state of this machine", "map to its own states"
            )
        return path
    if isinstance(state, str) and state not in {named.id for named in body.states}:
        binder.complain(place, f"there is no state {state!r}", "name the state object itself")
    return state


def _rule(rule: Any, place: str, body: Declarations, binder: Binder) -> Any:
    if not isinstance(rule, Rule):
        return rule
    path = next((named.id for named in body.rules if named.rule is rule), None)
    if path is None:
        binder.complain(place, "it maps a timer to a rule of no name", "map to its own rules")
    return path


def _field(name: str, place: str, binder: Binder) -> Callable[[Any], str | int | None]:
    data = get_origin(binder.data) or binder.data
    if isinstance(data, type) and issubclass(data, dict):
        return itemgetter(name)
    known: Mapping[str, Any] | None = None
    if isinstance(data, type) and issubclass(data, BaseModel):
        known = data.model_fields
    elif isinstance(data, type) and dataclasses.is_dataclass(data):
        known = {field.name: field for field in dataclasses.fields(data)}
    if known is not None and name not in known and not hasattr(data, name):
        binder.complain(
            place, f"the data has no field {name!r}", f"its fields are {', '.join(known)}"
        )
    return attrgetter(name)


def _takes_data(function: Any, place: str, binder: Binder) -> bool:
    if not _takes_one(function, place, binder):
        return False
    found = parameter_types(function)
    if binder.data is not UNKNOWN and found and not accepts(found[0], binder.data):
        binder.complain(place, "takes another type than the machine's data", "annotate it with it")
    return True


def _takes_one(function: Any, place: str, binder: Binder) -> bool:
    why = deferral(function) if callable(function) else None
    if callable(function) and why is None and positional(function) == 1:
        return True
    binder.complain(
        place, why or "is not a plain function of one argument", "write def name(data): ..."
    )
    return False
