"""Reads machines: their charts and schemas, counts of instances, deployed documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from statehold.chart.labels import labelled, machine_label
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.engine.observer import StoreCounts
from statehold.engine.queries.form_schemas import (
    events_of,
    for_people,
    owners_of,
    results_of,
    tags_of,
)
from statehold.engine.queries.reading import Reading
from statehold.engine.queries.rights import inspects_all, reads_all, rights_on, visible_chart
from statehold.engine.requests.context import EngineContext
from statehold.engine.throughput.report import ThroughputReader
from statehold.errors import InvalidPayload
from statehold.instance.authorize import may_some, named_indexes
from statehold.instance.disclosure import seen
from statehold.instance.senders import may_some_event
from statehold.records import OVER, Caller
from statehold.store import PAGE_LIMIT, Group, Reads, Store, StoredDocument
from statehold.wire.machines import MachineDetail, Machines, MachineSummary, StatusCounts


class MachineQueries:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        throughput: ThroughputReader,
        reading: Reading,
    ) -> None:
        self._store = store
        self._context = context
        self._throughput = throughput
        self._reading = reading
        #: the schemas of results, by machine: they are asked for often and slow to make
        self._results: dict[str, tuple[Definition[Any], dict[str, Any]]] = {}

    async def machines(self, max_lag_seconds: float | None, caller: Caller) -> Machines:
        """Those that the caller sees, with counts where it may read all instances."""

        async def question(reads: Reads, lag_seconds: float) -> Machines:
            visible = seen(caller, self._context.definitions)
            found = [await self._summary(reads, one, caller) for one in visible]
            return Machines(machines=found, lag_seconds=lag_seconds)

        return await self._reading.ask(question, max_lag_seconds)

    async def _summary(
        self, reads: Reads, definition: Definition[Any], caller: Caller
    ) -> MachineSummary:
        name = definition.name
        counts: dict[str, Any] = {"counted": reads_all(caller, definition)}
        if counts["counted"]:
            counts["counts"] = _by_status(await reads.groups(name))
            counts["steps_per_minute"] = await self._throughput.steps_per_minute(reads, name)
        if inspects_all(caller, definition):
            counts["incidents"] = await reads.count_incidents(name)
        return MachineSummary(
            name=name,
            label=machine_label(definition.chart),
            version=definition.version,
            doc=definition.chart.doc,
            states=len(definition.chart.states) - 1,
            events=_sent_by(caller, definition, definition.events),
            may=rights_on(caller, definition),
            versions=await _versions(reads, name),
            **counts,
        )

    async def store_counts(self) -> StoreCounts:
        """From the store itself, never a standby: it also shows that the store answers."""
        names = tuple(self._context.definitions)
        counts = {name: await self._store.count(name) for name in names}
        incidents = dict.fromkeys(names, 0)
        for row in (await self._store.incidents(None, PAGE_LIMIT, None)).rows:
            if row.machine in incidents:
                incidents[row.machine] += row.incidents
        return StoreCounts(counts, incidents)

    async def machine(
        self,
        definition: Definition[Any],
        version: int | None,
        max_lag_seconds: float | None,
        caller: Caller,
    ) -> MachineDetail:
        """The chart, with counts where the caller may read all instances.

        Who may inspect none sees the outline of the chart, the schemas of those events alone that
        it can send, that of the data only where it may start one, and none of results; by whom and
        why it was deployed is for those who may inspect all.
        """
        name = definition.name
        # a version, once it is known, is not to be refused by a standby that has not seen it
        chart = await self.chart(definition, version)
        sent = _sent_by(caller, definition, events_of(chart))
        visible = visible_chart(caller, definition, chart)
        if not may_some(caller, "inspect", definition):
            events = tuple(one for one in chart.events if one.name in sent)
            starts = may_some(caller, "start", definition)
            # where a start takes an input, it is that which is to be known
            visible = msgspec.structs.replace(
                visible,
                events=events,
                data_schema=chart.data_schema if starts and chart.input is None else {},
                input_schema=chart.input_schema if starts else {},
            )
        more: dict[str, Any] = {}
        indexes = set(definition.indexes)
        if may_some(caller, "inspect", definition):
            more["results"] = self._results_of(definition, chart)
        if inspects_all(caller, definition):
            more |= await self._put(name, chart.version)
        else:
            indexes &= named_indexes(caller, "read", definition)

        async def question(reads: Reads, lag_seconds: float) -> MachineDetail:
            counts: dict[str, Any] = {"counted": reads_all(caller, definition)}
            if counts["counted"]:
                counts |= await self._counts(reads, name)
            if inspects_all(caller, definition):
                counts["incidents"] = await reads.count_incidents(name)
            return MachineDetail(
                name=name,
                label=machine_label(chart),
                version=chart.version,
                doc=chart.doc,
                chart=msgspec.to_builtins(labelled(visible)),
                may=rights_on(caller, definition),
                versions=await _versions(reads, name),
                tags=tags_of(chart),
                owners=owners_of(chart),
                indexes=[one for one in definition.indexes if one in indexes],
                events={name: one for name, one in events_of(chart).items() if name in sent},
                data_schema=for_people(visible.data_schema) or None,
                input_schema=for_people(visible.start_schema) or None,
                lag_seconds=lag_seconds,
                **counts,
                **more,
            )

        return await self._reading.ask(question, max_lag_seconds)

    async def _counts(self, reads: Reads, name: str) -> dict[str, Any]:
        groups = await reads.groups(name)
        living = {group: count for group, count in groups.items() if group.status not in OVER}
        counts: Counter[str] = Counter()
        for group, count in groups.items():
            for leaf in (group.status,) if group.status == "cancelled" else group.state:
                counts[leaf] += count
        return {
            "counts": counts,
            "by_status": _by_status(groups),
            "by_version": _summed((group.version, n) for group, n in living.items()),
            "by_tag": _summed((tag, n) for group, n in living.items() for tag in group.tags),
            "by_owner": _summed((one, n) for group, n in living.items() for one in group.owners),
            "steps_per_minute": await self._throughput.steps_per_minute(reads, name),
        }

    def _results_of(self, definition: Definition[Any], chart: Chart) -> dict[str, Any]:
        if chart.version != definition.version:
            return results_of(definition, chart)
        known = self._results.get(definition.name)
        if known is None or known[0] is not definition:
            known = self._results[definition.name] = (definition, results_of(definition, chart))
        return known[1]

    async def _put(self, name: str, version: int) -> dict[str, Any]:
        document = await self._store.document(name, version)
        if document is None:
            return {}
        return {
            "notation": document.notation,
            "put_at": document.put_at,
            "put_by": document.put_by or None,
            "reason": document.reason,
        }

    async def document(self, name: str, version: int | None) -> StoredDocument:
        there = (await self._store.documents()).get(name)
        if there is None:
            self._context.definition(name)
            why = f"machine {name!r} is given by code and was never deployed"
            raise InvalidPayload("the machine", {"machine": why})
        document = await self._store.document(name, there.version if version is None else version)
        if document is None:
            why = f"version {version} of {name!r} was not deployed; the newest is {there.version}"
            raise InvalidPayload("the version", {"version": why})
        return document

    async def chart(self, definition: Definition[Any], version: int | None) -> Chart:
        """The chart that runs, or that of a version that the store has."""
        if version is None or version == definition.version:
            return definition.chart
        stored = {one.version: one for one in await self._store.charts(definition.name)}
        if version not in stored:
            known = ", ".join(str(number) for number in sorted(stored))
            why = f"machine {definition.name!r} has versions {known}, not {version}"
            raise InvalidPayload("the version", {"version": why})
        try:
            return Chart.from_json(stored[version].chart)
        except msgspec.DecodeError as error:
            why = f"the stored chart of version {version} can't be read: {error}"
            raise InvalidPayload("the version", {"version": why}) from error


def _sent_by(caller: Caller, definition: Definition[Any], names: Iterable[str]) -> list[str]:
    """The events that the caller can send to some instance, or whose journal it may inspect; none
    that only machines send."""
    if caller.roles is not None:
        names = [name for name in names if name not in definition.internal]
    if may_some(caller, "inspect", definition):
        return list(names)
    return [name for name in names if may_some_event(caller, name, definition)]


async def _versions(reads: Reads, name: str) -> list[int]:
    return [stored.version for stored in await reads.charts(name)]


def _by_status(groups: Mapping[Group, int]) -> StatusCounts:
    return StatusCounts(**_summed((group.status, n) for group, n in groups.items()))


def _summed(counted: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: Counter[Any] = Counter()
    for of, count in counted:
        sums[of] += count
    return dict(sums)
