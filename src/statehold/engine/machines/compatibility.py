"""Versions: which charts the store has seen, and how instances of old ones are carried over.

1. A chart is kept the first time that its version runs. A changed chart under a version that ran
   before is refused, since instances of that version rely on it.
2. For every old version that still has instances there is to be an upgrade, checked before the
   engine starts. A stored chart that can't be read (an earlier release stored what it could
   not read) is reported and put aside: it is not compared, and its instances are not upgraded.
3. An instance is upgraded at its next event or timer, or at once by whoever asks; both at the
   same time are safe, since either is a write by compare-and-set.
4. During a deploy, workers of the older version run beside those of the newer: what the newer ones
   have carried over, the older ones leave to them.
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
from statehold.errors import (
    DefinitionError,
    Problem,
)
from statehold.instance.state import InstanceState
from statehold.records import Status
from statehold.store import Store, StoredChart
from statehold.upgrade.carry import CarryFailed
from statehold.upgrade.diff import difference
from statehold.upgrade.plan import UpgradePlan, plan

log = logging.getLogger(__name__)


class Kept(Protocol):
    """What is asked of a store."""

    async def charts(self, machine: str) -> list[StoredChart]: ...

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]: ...


class Judgement(Struct, frozen=True):
    """``plans`` by the version that they lead from; ``is_new``: its chart is still to be kept.

    ``warnings`` are what the plans drop though nobody said so.
    """

    problems: tuple[Problem, ...]
    plans: Mapping[int, UpgradePlan]
    is_new: bool

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(warning for made in self.plans.values() for warning in made.warnings)


class Past(Struct, frozen=True):
    """What the store has of a machine: charts by version, why those can't be read that can't, and
    versions with running instances."""

    charts: Mapping[int, Chart]
    unreadable: Mapping[int, str]
    living: frozenset[int]

    @property
    def is_empty(self) -> bool:
        return not self.charts and not self.unreadable


async def past_of(store: Kept, machine: str) -> Past:
    charts: dict[int, Chart] = {}
    unreadable: dict[int, str] = {}
    for stored in await store.charts(machine):
        try:
            charts[stored.version] = Chart.from_json(stored.chart)
        except msgspec.DecodeError as error:
            unreadable[stored.version] = str(error)
    counts = await store.count(machine)
    living = {
        version for (version, status, _), count in counts.items()
        if count and status in ("running", "paused")
    }  # fmt: skip
    return Past(charts, unreadable, frozenset(living))


def judge(past: Past, definition: Definition[Any], *, shipped: bool = False) -> Judgement:
    """Whether the machine can run on what the store has, and how from each version before it.

    ``shipped``: it was let run before, be it that its chart is not kept yet.
    """
    problems: list[Problem] = []
    plans: dict[int, UpgradePlan] = {}
    same = past.charts.get(definition.version)
    is_new = same is None and definition.version not in past.unreadable
    if same is not None:
        problems += _changes(same, definition)
    elif is_new:
        problems += problems_of_storing(definition.chart)
    upgrades = {upgrade.from_version: upgrade for upgrade in definition.upgrades}
    for version, stored in past.charts.items():
        if version == definition.version:
            continue
        upgrade = upgrades.get(version)
        if upgrade is not None:
            try:
                plans[version] = plan(stored, definition, upgrade, shipped=shipped or not is_new)
            except DefinitionError as error:
                problems += error.problems
        elif version in past.living:
            problems.append(_no_way(definition, version))
    problems += [
        _no_way(definition, version)
        for version in past.unreadable
        if version > definition.version and version in past.living
    ]
    return Judgement(tuple(problems), plans, is_new)


class Fleet:
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
            past = await past_of(store, definition.name)
            judged = judge(past, definition)
            if judged.problems:
                raise DefinitionError(definition.name, judged.problems)
            self.put_aside(definition.name, past)
            self.warn(definition, judged)
            self.install(definition, judged.plans)
            if judged.is_new:
                new.append(definition)
        for definition in new:
            chart = definition.chart.to_json()
            await store.add_chart(StoredChart(definition.name, definition.version, chart, now))

    def put_aside(self, machine: str, past: Past) -> None:
        """Reports stored charts that can't be read, and remembers them."""
        for version, why in past.unreadable.items():
            self._unreadable[machine, version] = why
            log.warning(
                "the stored chart of %s, version %d, can't be read and is put aside: %s; "
                "running instances of this version are not upgraded",
                machine,
                version,
                why,
                extra={"machine": machine, "version": version},
            )

    def warn(self, definition: Definition[Any], judged: Judgement) -> None:
        for warning in judged.warnings:
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
        """From now on instances of these versions are upgraded by these plans."""
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
                "instance, and start another one in its place"
            )
        raise CarryFailed(
            f"no upgrade leads from version {version} to {instance.definition.version}"
        )


def _changes(old: Chart, definition: Definition[Any]) -> list[Problem]:
    lines = difference(old, definition.chart)
    if not lines:
        return []
    told = "".join(f"\n        - {line}" for line in lines)
    return [
        Problem(
            f"version {definition.version}",
            f"its chart is not the one that ran under this number:{told}",
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
