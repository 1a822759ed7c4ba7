"""The plan of an upgrade, checked once, before any instance is upgraded.

It needs only the stored chart of the old version. It is checked for every configuration that an old
instance can be in: what would fail later as an incident is a problem now.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from statehold.chart.machine import Definition, Upgrade
from statehold.chart.model import ROOT, Chart
from statehold.chart.tree import Tree
from statehold.chart.values import Shape
from statehold.errors import DefinitionError, Problem
from statehold.interpreter.explore import SEARCH_LIMIT, Reachable, reachable
from statehold.interpreter.occurrence import detached_effects
from statehold.upgrade.mapping import NoImage, StateMap
from statehold.upgrade.move import Move, ends, move
from statehold.upgrade.timers import TimerMapping, mapped_to, rule_of, rules_of

#: configurations whose move is cached
MOVE_LIMIT = 10_000


class UpgradePlan:
    """How instances of one version are carried over to another, made by :func:`plan`.

    ``configurations`` maps the active leaves of every old configuration that was found to the
    new leaves. ``complete`` is False where the search hit its limit: then each state was checked,
    but not each configuration, and one that has no image fails when it is carried over.
    ``warnings`` are the running timers that are dropped although the upgrade does not say so.
    ``reads`` is the annotated type of the data function's argument; None: plain JSON values.
    """

    def __init__(
        self,
        old: Chart,
        new: Definition[Any],
        upgrade: Upgrade,
        states: StateMap,
        effects: Mapping[str, str | None],
        configurations: Mapping[tuple[str, ...], tuple[str, ...]],
        complete: bool,
        timers: TimerMapping | None = None,
        warnings: tuple[Problem, ...] = (),
    ) -> None:
        self.old = old
        self.new = new
        self.upgrade = upgrade
        self.states = states
        self.effects = effects
        self.configurations = configurations
        self.complete = complete
        self.timers = timers or {}
        self.warnings = warnings
        self.reads = _parameter_shape(upgrade)
        self._moves: dict[tuple[str, ...], Move] = {}

    def move(self, leaves: tuple[str, ...]) -> Move:
        """The move of an instance with these old leaves; raises :class:`.NoImage`."""
        found = self._moves.get(leaves)
        if found is None:
            strange = [leaf for leaf in leaves if leaf not in self.states.old.index]
            if strange:
                raise NoImage(f"version {self.old.version} has no state {strange[0]}")
            if len(self._moves) >= MOVE_LIMIT:
                self._moves.clear()
            found = self._moves[leaves] = move(self.states, self.effects, self.timers, leaves)
        return found


def plan(
    old: Chart,
    new: Definition[Any],
    upgrade: Upgrade,
    *,
    limit: int = SEARCH_LIMIT,
    shipped: bool = False,
) -> UpgradePlan:
    """Checks the upgrade for every configuration of the old chart that can be reached.

    ``limit`` bounds the search. Raises ``DefinitionError`` with every problem: states that map
    nowhere, configurations whose image is illegal, names that one of the charts does not have,
    effects in flight that the new machine has no function for, data that can't fit, timers that
    may have been renamed. The last is a warning only where the new version is ``shipped`` already.
    """
    return _Planner(old, new, upgrade, limit, shipped).plan()


class _Planner:
    def __init__(
        self, old: Chart, new: Definition[Any], upgrade: Upgrade, limit: int, shipped: bool
    ) -> None:
        self.old = old
        self.new = new
        self.upgrade = upgrade
        self.limit = limit
        self.shipped = shipped
        self.old_tree = Tree(old)
        self.new_tree = Tree(new.chart)
        self.place = f"upgrade from version {upgrade.from_version}"
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def complain(self, where: str, message: str, hint: str) -> None:
        self.problems.append(Problem(f"{self.place}{where}", message, hint))

    def plan(self) -> UpgradePlan:
        self.check_versions()
        states = StateMap(self.old_tree, self.new_tree, self.mapped_states())
        effects = self.mapped_effects()
        self.check_detached(effects)
        self.check_data()
        found = reachable(self.old, limit=self.limit)
        lost = self.check_states(states, found)
        configurations = self.check_configurations(states, found, lost)
        timers = self.mapped_timers()
        whole = found.complete
        made = UpgradePlan(
            self.old, self.new, self.upgrade, states, effects, configurations, whole, timers
        )
        self.check_timers(made)
        if self.problems:
            raise DefinitionError(self.new.name, self.problems)
        made.warnings = tuple(self.warnings)
        return made

    def check_versions(self) -> None:
        old, new = self.old, self.new.chart
        if old.name != new.name:
            self.complain(
                "", f"the old chart is of machine {old.name!r}", "take a chart of the same machine"
            )
        if old.version != self.upgrade.from_version:
            self.complain(
                "", f"the old chart has version {old.version}", "take the chart of that version"
            )
        if old.version >= new.version:
            self.complain(
                "",
                f"version {old.version} is not below version {new.version}",
                "give the changed machine a higher version",
            )

    # --- states ---

    def mapped_states(self) -> dict[str, tuple[str, ...]]:
        """The ``states`` of the upgrade as paths, without those that have a problem."""
        found = {}
        for name, target in self.upgrade.states.items():
            where = f", states[{name!r}]"
            if name == ROOT or name not in self.old_tree.index:
                self.complain(
                    where,
                    f"version {self.old.version} has no state {name!r}",
                    f"it has {_listed(self.old_tree.index)}",
                )
                continue
            several = target if isinstance(target, tuple) else (target,)
            paths = [path for one in several if (path := self.new_path(name, one)) is not None]
            if paths and len(paths) == len(several):
                found[name] = tuple(paths)
        return found

    def new_path(self, name: str, target: Any) -> str | None:
        """The path of a mapped state's target; None, and a problem, if there is none."""
        where, path, tree = f", states[{name!r}]", _path_of(target), self.new_tree
        if path is None or path == ROOT or path not in tree.index:
            self.complain(
                where,
                f"version {self.new.version} has no state {target!r}",
                f"it has {_listed(tree.index)}",
            )
            return None
        histories = [
            one.states[one.index[id]].kind == "history"
            for one, id in ((self.old_tree, name), (tree, path))
        ]
        if histories[0] != histories[1]:
            self.complain(
                where,
                f"a history state can only be mapped to one, and nothing else to it: {path}",
                "map a state to one that can be active",
            )
            return None
        return path

    def check_states(self, states: StateMap, found: Reachable) -> set[str]:
        """The leaves that an instance may be in and that map nowhere."""
        tree, new = self.old_tree, self.new_tree
        lost = {name for name in self.upgrade.states if name not in states.states}
        needed = {leaf for leaves in found.configurations for leaf in leaves}
        for number, state in enumerate(tree.states):
            if number == 0 or tree.children[number] or state.kind == "history":
                continue
            if state.id in lost or ends(tree, state.id):
                continue
            if found.complete and state.id not in needed:
                continue
            images = states.images(state.id)
            if images and all(new.states[new.index[i]].kind != "history" for i in images):
                continue
            lost.add(state.id)
            gone = f", which is a history state in version {self.new.version}"
            if not images:
                gone = f", which version {self.new.version} does not have"
            self.complain(
                f", state {state.id}",
                f"instances can be in {state.id}{gone}",
                f"map it: states={{{state.id!r}: ...}}",
            )
        return lost

    def check_configurations(
        self, states: StateMap, found: Reachable, lost: set[str]
    ) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The image of each; one problem for all those without an image for the same reason."""
        images: dict[tuple[str, ...], tuple[str, ...]] = {}
        illegal: dict[str, list[tuple[str, ...]]] = {}
        for leaves in sorted(found.configurations):
            if any(leaf in lost or ends(self.old_tree, leaf) for leaf in leaves):
                continue
            try:
                images[leaves] = states.configuration(leaves)
            except NoImage as error:
                illegal.setdefault(str(error), []).append(leaves)
        for reason, those in illegal.items():
            more = f" and {len(those) - 1} more like it" if len(those) > 1 else ""
            self.complain(
                "",
                f"an instance in ({', '.join(those[0])}){more} would have no legal state: {reason}",
                "map one of these states elsewhere",
            )
        return images

    # --- effects ---

    def mapped_effects(self) -> dict[str, str | None]:
        invoked = (invoke.name for state in self.old.states for invoke in state.invokes)
        known = {*detached_effects(self.old), *invoked}
        found: dict[str, str | None] = {}
        for name, target in self.upgrade.effects.items():
            where = f", effects[{name!r}]"
            if name not in known:
                self.complain(
                    where,
                    f"version {self.old.version} asks for no effect {name!r}",
                    f"it asks for {_listed(known)}",
                )
                continue
            new_name = _effect_name(target)
            if target is not None and not self.has(new_name):
                self.complain(
                    where,
                    f"version {self.new.version} has no effect {target!r}",
                    f"it has {_listed((*self.new.effects, *self.new.children))}; None drops it",
                )
                continue
            found[name] = new_name
        return found

    def has(self, name: str | None) -> bool:
        return name in self.new.effects or name in self.new.children

    def check_detached(self, effects: Mapping[str, str | None]) -> None:
        """A detached effect may be in flight in any configuration."""
        for name in detached_effects(self.old):
            if name in self.upgrade.effects and name not in effects:
                continue
            target = effects.get(name, name)
            if target is not None and target not in self.new.effects:
                self.complain(
                    f", effect {name}",
                    f"{name} may be in flight in any state, and version {self.new.version} has no "
                    f"effect {target!r}",
                    f"map it: effects={{{name!r}: ...}}; None drops it",
                )

    # --- timers ---

    def mapped_timers(self) -> dict[str, str | None]:
        known, there = set(rules_of(self.old_tree)), set(rules_of(self.new_tree))
        found: dict[str, str | None] = {}
        for name, target in self.upgrade.timers.items():
            where = f", timers[{name!r}]"
            if name not in known:
                self.complain(
                    where,
                    f"version {self.old.version} has no timer {name!r}",
                    f"it has {_listed(map(rule_of, known))}",
                )
            elif target is not None and target not in there:
                self.complain(
                    where,
                    f"version {self.new.version} has no timer {target!r}",
                    f"it has {_listed(map(rule_of, there))}; None drops it",
                )
            else:
                found[name] = target
        return found

    def check_timers(self, made: UpgradePlan) -> None:
        """Timers that would be dropped although the upgrade does not say so, each once."""
        looked_at = {leaf for leaves in self.unsettled(made) for leaf in leaves}
        lost: dict[str, dict[str, None]] = {}
        places: dict[str, tuple[str, ...]] = {}
        for leaves in made.configurations:
            if looked_at.isdisjoint(leaves):
                continue
            for timer, candidates in made.move(leaves).lost.items():
                lost.setdefault(timer, {}).update(dict.fromkeys(map(rule_of, candidates)))
                places.setdefault(timer, leaves)
        for timer, others in lost.items():
            rule = rule_of(timer)
            message = f"instances in ({', '.join(places[timer])}) have the timer {timer}, "
            if others:
                problems = self.warnings if self.shipped else self.problems
                message += f"which may have become {_listed(others)} or be gone"
                hint = f"map it: timers={{{rule!r}: {next(iter(others))!r}}}; None drops it"
                if self.shipped:
                    message += "; it is dropped, and the new one starts"
            elif isinstance(said := mapped_to(made.timers, timer), str):
                problems = self.warnings
                message += (
                    f"which becomes {said}: its state is not active there, or it continues another "
                    "timer, so this one is dropped"
                )
                hint = f"if that is intended, set timers={{{rule!r}: None}}"
            else:
                problems = self.warnings
                message += f"which has no counterpart in version {self.new.version}: it is dropped"
                hint = f"if that is intended, set timers={{{rule!r}: None}}"
            problems.append(Problem(f"{self.place}, timer {timer}", message, hint))

    def unsettled(self, made: UpgradePlan) -> Iterator[list[str]]:
        """The leaves of each old timer's state, except timers that stay the same in every
        configuration, for which none has to be checked."""
        old, new = self.old_tree, self.new_tree
        same = {t.id: t for t in self.new.chart.transitions if t.trigger.kind == "after"}
        for timer in self.old.transitions:
            if timer.trigger.kind != "after":
                continue
            state = old.index[timer.source]
            below = [s for s in range(state, old.end[state]) if not old.children[s]]
            leaves = [old.states[s].id for s in below if old.states[s].kind != "history"]
            its = same.get(timer.id)
            if its is not None and mapped_to(made.timers, timer.id) is False:
                top = new.index[its.source]
                images = [made.states.images(leaf) for leaf in leaves]
                if its.source in made.states.images(timer.source) and all(
                    those and all(top <= new.index[one] < new.end[top] for one in those)
                    for those in images
                ):
                    continue
            yield leaves

    # --- data ---

    def check_data(self) -> None:
        """Without a data function, a new field can't be required."""
        old, new = self.old.data_schema, self.new.chart.data_schema
        if self.upgrade.data is not None or "properties" not in old or "properties" not in new:
            return
        for name in new.get("required", ()):
            if name not in old["properties"] and not old.get("additionalProperties"):
                self.complain(
                    ", data",
                    f"field {name!r} is required, and the data of version {self.old.version} does "
                    "not have it",
                    "give it a default, or give the upgrade a data function",
                )


def _path_of(target: Any) -> str | None:
    """The path itself, or that of a state of the class notation."""
    if isinstance(target, str):
        return target
    path = getattr(getattr(target, "_declared", target), "id", None)
    return path if isinstance(path, str) else None


def _effect_name(target: Any) -> str | None:
    if target is None or isinstance(target, str):
        return target
    definition = getattr(target, "definition", target)
    name = getattr(definition, "name", None)
    return name if isinstance(name, str) else None


#: names in one hint
_LISTED = 20


def _listed(names: Iterable[str]) -> str:
    known = [name for name in dict.fromkeys(names) if name]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"{', '.join(sorted(known)[:_LISTED]) or 'none'}{more}"


def _parameter_shape(upgrade: Upgrade) -> Shape[Any] | None:
    """The model or dataclass that annotates the data function's first parameter."""
    if upgrade.data is None:
        return None
    function: Any = upgrade.data
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        # an annotation that can't be resolved is ignored
        return None
    hints.pop("return", None)
    first = next(iter(hints.values()), None)
    if not isinstance(first, type):
        return None
    is_record = issubclass(first, BaseModel) or dataclasses.is_dataclass(first)
    return Shape(first) if is_record else None
