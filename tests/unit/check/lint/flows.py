"""Data, events and functions that the tests of the static checks share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from statehold import (
    Definition,
    Event,
    Final,
    Machine,
    State,
    on,
)
from statehold.chart.machine import Function, Uses
from statehold.chart.model import EventShape
from statehold.chart.values import Shape
from statehold.check.lint.findings import Finding, findings
from tests.conformance import chart_builder as draw


class Data(BaseModel):
    total: int
    note: str | None = None


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Go(Event): ...


class Stop(Event): ...


def codes(machine: Any, **options: Any) -> list[str]:
    return [finding.code for finding in findings(machine, **options)]


def only(machine: Any, **options: Any) -> Finding:
    (finding,) = findings(machine, **options)
    return finding


def is_big(data: Data) -> bool:
    return data.total > 10


def add(data: Data) -> None:
    data.total += 1


def reads_note(data: Data) -> bool:
    return data.note == "yes"


def noting(do: Any) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        keep = on(Go, here, do=do)
        end = on(Stop, here >> over, when=reads_note)

    return Flow


def makes_another(data: Data) -> Data:
    return Data(total=data.total, note="yes")


def helped(data: Data) -> None:
    setattr(data, "note", "yes")  # noqa: B010 - a way that can't be followed


def expression(text: str, **uses: Any) -> Function:
    return Function(lambda data: None, 1, Uses(**uses))


def as_data(**changes: Any) -> Definition[Any]:
    """A machine as a reader of documents makes it: expressions, declared events."""
    drawn = draw.machine(
        draw.state("here"),
        draw.final("over"),
        transitions=[draw.on("go", "here", do=["set"]), draw.on("stop", "here > over")],
    )
    declared = {"events": (EventShape("go"), EventShape("stop")), **changes}
    chart = msgspec.structs.replace(drawn.chart, **declared)
    functions = {"note:set": expression("", raises=frozenset({"lost"}))}
    return Definition(chart, Shape(dict[str, Any]), functions=functions)
