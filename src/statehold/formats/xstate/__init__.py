"""XState's JSON, version 5 and version 4's spelling of it, in and out.

``read_xstate`` gives a machine whose guards, actions and delays are Python functions, offered by
name; ``read_xstate_chart`` its chart, without any function, for drawing and checking;
``write_xstate`` a document of version 5. A chart that is written and read is the same chart: what
XState has no words for stands in ``meta``, under ``statehold``. docs/guides/xstate.md lists the
differences.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any

import pydantic

from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.validate import place_of_state, place_of_transition, validate
from statehold.chart.values import Shape
from statehold.formats.notation import NOTHING, Imported, Offered, Omission
from statehold.formats.xstate.binding import Binder, Name, names_in
from statehold.formats.xstate.dialect import VERSIONS, Version
from statehold.formats.xstate.findings import Findings
from statehold.formats.xstate.json_reader import read_json
from statehold.formats.xstate.reader import Reader
from statehold.formats.xstate.unsaid import unsaid
from statehold.formats.xstate.writer import write_xstate

#: hints of a chart's validation that use the class notation's words, in XState's
_HINTS = {
    "nothing leaves a final state; start from its parent, or make it a State": (
        'nothing leaves a final state; move it to the parent, or leave out "type": "final"'
    ),
    "add a guard that becomes false, or lead out of the source": (
        'add a "guard" that becomes false, or a "target" outside'
    ),
    "only compound states have": 'leave "initial" out, or give it "states"',
    "only final states have": 'leave "output" out, or say "type": "final"',
    "make it compound or parallel, or move them out": 'leave "type" out, or move "states" out',
}

__all__ = ["Name", "read_xstate", "read_xstate_chart", "unsaid", "write_xstate"]


def read_xstate(
    raw: bytes | str | Mapping[str, Any],
    offered: Offered = NOTHING,
    *,
    name: str | None = None,
    version: int | None = None,
    xstate_version: Version | None = None,
) -> Imported:
    """A machine; raises ``DefinitionError`` with every problem, missing functions among them.

    ``name`` and ``version`` stand for the document's ``id`` and ``version``. ``xstate_version``
    says for which version of XState it is written; left out, its words decide.

    The machine's data is a dictionary that begins as the document's ``context``, updated with the
    data that an instance is started with. Its events are :class:`.NamedEvent`.
    """
    findings = Findings()
    machines = tuple(offered.machines)
    reader, needed = _read(raw, findings, name, version, machines, xstate_version)
    chart = reader.chart
    binder = Binder(chart, offered, findings)
    binder.check(needed)
    findings.raise_if_any(chart.name)
    invoked = {invoke.name: invoke.kind for state in chart.states for invoke in state.invokes}
    effects = {one.name for one in needed if one.role == "effect"}
    definition: Definition[Any] = Definition(
        chart=chart,
        data=_shape(chart),
        functions=binder.functions(),
        # known by the document's name, which need not be a Python name
        effects={one: replace(offered.effects[one], name=one) for one in sorted(effects)},
        children={one: offered.machines[one] for one, kind in invoked.items() if kind == "machine"},
    )
    return Imported(definition, tuple(findings.omissions))


def read_xstate_chart(
    raw: bytes | str | Mapping[str, Any],
    *,
    name: str | None = None,
    version: int | None = None,
    machines: Collection[str] = (),
    xstate_version: Version | None = None,
) -> tuple[Chart, tuple[Omission, ...], tuple[Name, ...]]:
    """The chart, what was left out, and what would have to be offered to run it.

    ``machines`` are names of invokes that are machines; all others are effects. Raises
    ``DefinitionError``.
    """
    findings = Findings()
    reader, needed = _read(raw, findings, name, version, machines, xstate_version)
    findings.raise_if_any(reader.chart.name)
    return reader.chart, tuple(findings.omissions), needed


def _read(
    raw: bytes | str | Mapping[str, Any],
    findings: Findings,
    name: str | None,
    version: int | None,
    machines: Collection[str],
    xstate: Version | None,
) -> tuple[Reader, tuple[Name, ...]]:
    if xstate not in (None, *VERSIONS):
        raise ValueError(f"xstate_version is {xstate!r}; it is one of {VERSIONS}, or None")
    document = read_json(raw, findings)
    reader = Reader(
        document, findings, name=name, version=version, machines=machines, xstate=xstate
    )
    places = {place_of_state(id): place or "/" for id, place in reader.state_places.items()}
    places |= {place_of_transition(id): at for id, at in reader.transition_places.items()}
    for problem in validate(reader.chart):
        place = places.get(problem.place, problem.place)
        hint = problem.hint.replace("mark one with initial=True:", 'give it "initial", one of')
        findings.complain(place, problem.message, _HINTS.get(hint, hint))
    return reader, names_in(reader.chart, places)


def _shape(chart: Chart) -> Shape[Any]:
    """Dictionaries that have what the context has."""
    initial = chart.data_schema.get("default", {})
    if not isinstance(initial, dict):
        initial = {}

    def begin(value: Any) -> Any:
        if not isinstance(value, dict) or all(key in value for key in initial):
            return value
        return {**copy.deepcopy(initial), **value}

    return Shape(Annotated[dict[str, Any], pydantic.BeforeValidator(begin)])
