"""Options of a document beside states and transitions: upgrades, a view, indexes, silences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from statehold.chart.machine import Upgrade
from statehold.chart.model import Silence
from statehold.define.access import role_fault
from statehold.expression.allowance import answer_allowance
from statehold.expression.cel.language import INT, NULL, STRING, CelExpression, Kind
from statehold.formats.native.functions import READING, UPGRADING, Functions, evaluate
from statehold.formats.native.model import SilenceSpec, UpgradeSpec
from statehold.formats.native.problems import Problems, near
from statehold.formats.native.states import StateTree, words_of
from statehold.plain.values import Path


class Options:
    def __init__(self, problems: Problems, functions: Functions, tree: StateTree) -> None:
        self.problems = problems
        self.functions = functions
        self.tree = tree

    # --- upgrades ---

    def upgrades(self, specs: Sequence[UpgradeSpec], version: int) -> tuple[Upgrade, ...]:
        found: dict[int, Upgrade] = {}
        for spec, path in self.problems.items(specs, ("upgrades",)):
            old = spec.from_
            if old >= version:
                self.problems.add(
                    (*path, "from"), f"it is from version {old}, but this is version {version}",
                    "an upgrade comes from a lower version",
                )  # fmt: skip
            if old in found:
                self.problems.add((*path, "from"), f"there are two from version {old}")
            data = None
            if "data" in spec.model_fields_set:
                data = self._data(spec.data, (*path, "data"))
            states = self._states(spec.states, (*path, "states"))
            found[old] = Upgrade(old, states, data, spec.effects, spec.timers)
        return tuple(found.values())

    def _states(self, moved: Mapping[str, list[str]], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for old, new in moved.items():
            ids = self.tree.named(new, (*path, old))
            if ids and len(ids) == 1:
                found[old] = ids[0]
            elif ids is not None:
                self.problems.add((*path, old), "it goes to one state", "name one")
        return found

    def _data(
        self, given: str | Mapping[str, str], path: Path
    ) -> Callable[[dict[str, Any]], Any] | None:
        """An expression that gives all of it, or a mapping of fields to expressions."""
        if isinstance(given, str):
            made = self.functions.expression(given, path, UPGRADING, (Kind("map"),))
            return None if made is None else _Whole(made)
        fields: dict[str, CelExpression] = {}
        known = self.functions.fields.typed
        for key, text in given.items():
            field = known.get(key) if "." not in key else None
            if field is None:
                top = [name for name in known if "." not in name]
                self.problems.add((*path, key), f"the data has no field {key!r}", near(key, top))
                continue
            made = self.functions.expression(
                text, (*path, key), UPGRADING,
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

    def views(
        self, given: Mapping[str, str | Mapping[str, str]]
    ) -> dict[str, Callable[[Any], Any]]:
        """By role."""
        found: dict[str, Callable[[Any], Any]] = {}
        for role, view in given.items():
            if (fault := role_fault(role)) is not None:
                self.problems.add(("views", role), *fault)
            elif (made := self.view(view, ("views", role))) is not None:
                found[role] = made
        return found

    def view(
        self, given: str | Mapping[str, str] | None, path: Path = ("view",)
    ) -> Callable[[Any], Any] | None:
        if given is None:
            return None
        if isinstance(given, str):
            made = self.functions.expression(given, path, READING)
            return None if made is None else _Seen(made)
        fields = {
            key: _Seen(made)
            for key, text in given.items()
            if (made := self.functions.expression(text, (*path, key), READING)) is not None
        }

        def see(data: Any) -> dict[str, Any]:
            with answer_allowance("the view"):
                return {key: seen(data) for key, seen in fields.items()}

        return see

    def indexes(
        self, given: Mapping[str, str] | list[str | None]
    ) -> dict[str, Callable[[Any], str | int | None]]:
        """Names with expressions, or names of fields."""
        if isinstance(given, list):
            given = {name: f"data.{name}" for name in words_of(given)}
        found: dict[str, Callable[[Any], str | int | None]] = {}
        for name, text in given.items():
            made = self.functions.expression(text, ("indexes", name), READING, (STRING, INT, NULL))
            if made is not None:
                found[name] = _Seen(made)
        return found

    # --- silences ---

    def silenced(self, specs: Sequence[SilenceSpec]) -> tuple[Silence, ...]:
        return tuple(
            Silence(spec.code, spec.reason, spec.place or "")
            for spec, _ in self.problems.items(specs, ("silence",))
        )


class _Seen:
    """The value of an expression over the data alone."""

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
    """Fields that the new version has stay; some get the value of an expression."""

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
