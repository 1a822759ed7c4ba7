"""What a document says beside states and transitions: upgrades, a view, indexes, silences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from statehold.chart.machine import Upgrade
from statehold.chart.model import Silence
from statehold.chart.validate import VERSION_LIMIT
from statehold.define.options import INDEX_LIMIT
from statehold.expression.allowance import answer_allowance
from statehold.expression.cel.language import INT, NULL, STRING, CelExpression, Kind
from statehold.formats.native.functions import READING, UPGRADING, Functions, evaluate
from statehold.formats.native.reading import Reading, near, shown
from statehold.formats.native.states import Outline
from statehold.plain.values import Path

UPGRADE_LIMIT = 1_000
_UPGRADE = frozenset({"from", "states", "data", "effects", "timers"})
_SILENCE = frozenset({"code", "place", "reason"})
_INDEX = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class Options:
    def __init__(self, reading: Reading, functions: Functions, outline: Outline) -> None:
        self.reading = reading
        self.functions = functions
        self.outline = outline

    # --- upgrades ---

    def upgrades(self, value: Any, version: int) -> tuple[Upgrade, ...]:
        found: dict[int, Upgrade] = {}
        for item, rest in self.reading.several(value)[:UPGRADE_LIMIT]:
            path = ("upgrades", *rest)
            said = self.reading.mapping(item, path, _UPGRADE)
            old = self.reading.whole(said.get("from"), (*path, "from"), 1, VERSION_LIMIT)
            if old is None:
                if "from" not in said:
                    self.reading.complain(path, "it does not say from which version", "from: 1")
                continue
            if old >= version:
                self.reading.complain(
                    (*path, "from"), f"it is from version {old}, but this is version {version}",
                    "an upgrade comes from a lower version",
                )  # fmt: skip
            if old in found:
                self.reading.complain((*path, "from"), f"there are two from version {old}")
            found[old] = Upgrade(
                old,
                self._states(said.get("states"), (*path, "states")),
                self._data(said.get("data"), (*path, "data")) if "data" in said else None,
                self._names(said.get("effects"), (*path, "effects")),
                self._names(said.get("timers"), (*path, "timers")),
            )
        return tuple(found.values())

    def _states(self, value: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for old, new in self.reading.mapping(value, path).items():
            ids = self.outline.named(new, (*path, old))
            if ids and len(ids) == 1:
                found[old] = ids[0]
            elif ids is not None:
                self.reading.complain((*path, old), "it goes to one state", "name one")
        return found

    def _names(self, value: Any, path: Path) -> dict[str, Any]:
        return {
            old: self.reading.text(new, (*path, old), "a name")
            for old, new in self.reading.mapping(value, path).items()
        }

    def _data(self, value: Any, path: Path) -> Callable[[dict[str, Any]], Any] | None:
        """An expression that gives all of it, or a mapping of fields to expressions."""
        if isinstance(value, str):
            made = self.functions.expression(value, path, UPGRADING, (Kind("map"),))
            return None if made is None else _Whole(made)
        fields: dict[str, CelExpression] = {}
        known = self.functions.fields.typed
        for key, text in self.reading.mapping(value, path).items():
            field = known.get(key) if "." not in key else None
            if field is None:
                top = [name for name in known if "." not in name]
                self.reading.complain(
                    (*path, key), f"the data has no field {key!r}", near(key, top)
                )
                continue
            made = self.functions.expression(
                "null" if text is None else text, (*path, key), UPGRADING,
                (field.typed.kind, NULL) if field.typed.nullable or not field.always
                else (field.typed.kind,),
            )  # fmt: skip
            if made is not None:
                fields[key] = made
        removable = frozenset(
            key for key in fields if not (known[key].always or known[key].typed.nullable)
        )
        return _ByField(fields, frozenset(name for name in known if "." not in name), removable)

    # --- what readers see ---

    def view(self, value: Any) -> Callable[[Any], Any] | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            made = self.functions.expression(value, ("view",), READING)
            return None if made is None else _Seen(made)
        fields = {
            key: _Seen(made)
            for key, text in value.items()
            if (made := self.functions.expression(text, ("view", key), READING)) is not None
        }

        def see(data: Any) -> dict[str, Any]:
            with answer_allowance("the view"):
                return {key: seen(data) for key, seen in fields.items()}

        return see

    def indexes(self, value: Any) -> dict[str, Callable[[Any], str | int | None]]:
        """Names of fields, or names with expressions."""
        if isinstance(value, list):
            value = {name: f"data.{name}" for name in self.reading.words(value, ("indexes",))}
        said = self.reading.mapping(value, ("indexes",))
        if len(said) > INDEX_LIMIT:
            self.reading.complain(
                ("indexes",), f"there are {len(said)}; the limit is {INDEX_LIMIT}"
            )
        found: dict[str, Callable[[Any], str | int | None]] = {}
        for name, text in said.items():
            path = ("indexes", name)
            if not _INDEX.fullmatch(name):
                self.reading.complain(path, f"an index can't be called {name!r}")
            made = self.functions.expression(text, path, READING, (STRING, INT, NULL))
            if made is not None:
                found[name] = _Seen(made)
        return found

    # --- silences ---

    def silenced(self, value: Any) -> tuple[Silence, ...]:
        found: list[Silence] = []
        for item, rest in self.reading.several(value):
            path = ("silence", *rest)
            said = self.reading.mapping(item, path, _SILENCE)
            code = self.reading.text(said.get("code"), (*path, "code"))
            reason = self.reading.text(said.get("reason"), (*path, "reason"))
            if not code or not reason:
                self.reading.complain(path, f"it is {shown(item)}", "give a code and a reason")
                continue
            place = self.reading.text(said.get("place"), (*path, "place")) or ""
            found.append(Silence(code, reason, place))
        return tuple(found)


class _Seen:
    """What an expression comes to on the data alone."""

    def __init__(self, made: CelExpression) -> None:
        self.made = made

    def __call__(self, data: Any) -> Any:
        return evaluate(self.made, data, None, None)


class _Whole:
    """All of the new data, from one expression over ``old``."""

    def __init__(self, made: CelExpression) -> None:
        self.made = made
        self.source: Any = made.text

    def __call__(self, old: dict[str, Any]) -> Any:
        return evaluate(self.made, None, old, None)


class _ByField:
    """What has a field in the new version stays; some fields are given by expressions."""

    def __init__(
        self, made: Mapping[str, CelExpression], kept: frozenset[str], removable: frozenset[str]
    ) -> None:
        self.made = made
        self.kept = kept
        self.removable = removable
        self.source: Any = {key: one.text for key, one in made.items()}

    def __call__(self, old: dict[str, Any]) -> dict[str, Any]:
        found = {key: value for key, value in old.items() if key in self.kept}
        with answer_allowance("the upgrade"):
            for key, one in self.made.items():
                value = evaluate(one, None, old, None)
                if value is None and key in self.removable:
                    found.pop(key, None)
                else:
                    found[key] = value
        return found
