"""Judges whether a machine can run on the charts and instances in the store, and how instances of
old versions are upgraded.

1. A chart is stored the first time that its version runs. A chart that differs under a version
   that ran before is refused, since instances of that version rely on it.
2. Every old version that still has instances needs an upgrade, which is checked before the engine
   starts. A stored chart that can't be read (an earlier release stored what it could not read) is
   reported and left out: it is not compared, and its instances are not upgraded.
3. An instance is upgraded at its next event or timer, or at once on request. Both at the same time
   are safe, since either is a write by compare-and-set.
4. During a deploy, workers of both versions run side by side. The older ones leave upgraded
   instances to the newer ones.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.readback import problems_of_storing
from statehold.errors import DefinitionError, Problem
from statehold.instance.state import InstanceState
from statehold.records import OVER, Status
from statehold.store import Store, StoredChart
from statehold.upgrade.carry import CarryFailed
from statehold.upgrade.diff import difference
from statehold.upgrade.plan import UpgradePlan, plan

log = logging.getLogger(__name__)


class ChartStore(Protocol):
    """The part of a store that is read here."""

    async def charts(self, machine: str) -> list[StoredChart]: ...

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]: ...


class Compatibility(Struct, frozen=True):
    """``plans`` by the version that they lead from. ``is_new``: the chart is not stored yet."""

    problems: tuple[Problem, ...]
    plans: Mapping[int, UpgradePlan]
    is_new: bool

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What the plans drop without an option of the upgrade that says so."""
        return tuple(warning for made in self.plans.values() for warning in made.warnings)


class StoredVersions(Struct, frozen=True):
    """What the store has of a machine, by version: charts, and why others can't be read; and the
    versions that have instances which are not over."""

    charts: Mapping[int, Chart]
    unreadable: Mapping[int, str]
    in_use: frozenset[int]

    @property
    def is_empty(self) -> bool:
        return not self.charts and not self.unreadable


async def stored_versions(store: ChartStore, machine: str) -> StoredVersions:
    charts: dict[int, Chart] = {}
    unreadable: dict[int, str] = {}
    for stored in await store.charts(machine):
        try:
            charts[stored.version] = Chart.from_json(stored.chart)
        except msgspec.DecodeError as error:
            unreadable[stored.version] = str(error)
    counts = await store.count(machine)
    in_use = {
        version for (version, status, _), count in counts.items() if count and status not in OVER
    }
    return StoredVersions(charts, unreadable, frozenset(in_use))


def check_compatibility(
    versions: StoredVersions, definition: Definition[Any], *, shipped: bool = False
) -> Compatibility:
    """Whether the machine can run on what the store has, and how from each version before it.

    ``shipped``: it has been deployed before, though its chart may not be stored yet.
    """
    problems: list[Problem] = []
    plans: dict[int, UpgradePlan] = {}
    same = versions.charts.get(definition.version)
    is_new = same is None and definition.version not in versions.unreadable
    if same is not None:
        problems += _changes(same, definition)
    elif is_new:
        problems += problems_of_storing(definition.chart)
    upgrades = {upgrade.from_version: upgrade for upgrade in definition.upgrades}
    for version, stored in versions.charts.items():
        if version == definition.version:
            continue
        upgrade = upgrades.get(version)
        if upgrade is not None:
            try:
                plans[version] = plan(stored, definition, upgrade, shipped=shipped or not is_new)
            except DefinitionError as error:
                problems += error.problems
        elif version in versions.in_use:
            problems.append(_no_way(definition, version))
    problems += [
        _no_way(definition, version)
        for version in versions.unreadable
        if version > definition.version and version in versions.in_use
    ]
    return Compatibility(tuple(problems), plans, is_new)


class UpgradePlans:
    """The plans of every machine, by old version."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, int], UpgradePlan] = {}
        #: stored charts that can't be read, and why
        self._unreadable: dict[tuple[str, int], str] = {}

    async def open(
        self, store: Store, definitions: Mapping[str, Definition[Any]], now: datetime
    ) -> None:
        """Checks every machine against what the store has; raises ``DefinitionError``."""
        new: list[Definition[Any]] = []
        for definition in definitions.values():
            versions = await stored_versions(store, definition.name)
            checked = check_compatibility(versions, definition)
            if checked.problems:
                raise DefinitionError(definition.name, checked.problems)
            self.report_unreadable(definition.name, versions)
            self.warn(definition, checked)
            self.install(definition, checked.plans)
            if checked.is_new:
                new.append(definition)
        for definition in new:
            chart = definition.chart.to_json()
            await store.add_chart(StoredChart(definition.name, definition.version, chart, now))

    def report_unreadable(self, machine: str, versions: StoredVersions) -> None:
        """Logs which stored charts can't be read; instances of theirs are not upgraded."""
        for version, why in versions.unreadable.items():
            self._unreadable[machine, version] = why
            log.warning(
                "the stored chart of %s, version %d, can't be read and is left out: %s; "
                "running instances of this version are not upgraded",
                machine,
                version,
                why,
                extra={"machine": machine, "version": version},
            )

    def warn(self, definition: Definition[Any], checked: Compatibility) -> None:
        for warning in checked.warnings:
            log.warning(
                "machine %s, version %d, %s: %s (%s)",
                definition.name,
                definition.version,
                warning.place,
                warning.message,
                warning.hint,
                extra={"machine": definition.name, "version": definition.version},
            )

    def install(self, definition: Definition[Any], plans: Mapping[int, UpgradePlan]) -> None:
        """Upgrades instances of these versions by these plans from now on."""
        for key in [key for key in self._plans if key[0] == definition.name]:
            del self._plans[key]
        self._plans.update(((definition.name, version), made) for version, made in plans.items())

    def plan_for(self, instance: InstanceState) -> UpgradePlan:
        """The plan by which the instance is upgraded; raises ``CarryFailed``."""
        machine, version = instance.ref.machine, instance.version
        made = self._plans.get((machine, version))
        if made is not None:
            return made
        why = self._unreadable.get((machine, version))
        if why is not None:
            raise CarryFailed(
                f"the stored chart of version {version} can't be read: {why}; cancel the "
                "instance by force, and start another one in its place"
            )
        raise CarryFailed(
            f"no upgrade leads from version {version} to {instance.definition.version}"
        )


def _changes(old: Chart, definition: Definition[Any]) -> list[Problem]:
    lines = difference(old, definition.chart)
    if not lines:
        return []
    listed = "".join(f"\n        - {line}" for line in lines)
    return [
        Problem(
            f"version {definition.version}",
            f"its chart is not the one that ran under this number:{listed}",
            f"give the machine version {definition.version + 1} and an Upgrade from "
            f"{definition.version}, or take the change back",
        )
    ]


def _no_way(definition: Definition[Any], version: int) -> Problem:
    if version > definition.version:
        return Problem(
            f"version {definition.version}",
            f"the store has running instances of the newer version {version}",
            f"run version {version}",
        )
    return Problem(
        f"version {definition.version}",
        f"the store has running instances of version {version}, and no upgrade leads from there",
        f"upgrades = [Upgrade(from_version={version}, ...)]",
    )
