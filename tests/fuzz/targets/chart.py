"""Stored charts: read, validated, and drawn and entered where they are sound."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from examples.onboarding import v1, v2
from examples.order.flow import OrderFlow
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.tree import Tree
from statehold.chart.validate import validate
from statehold.errors import DefinitionError
from statehold.formats.mermaid import to_mermaid
from statehold.interpreter.selection import initial_entry
from tests.fuzz.target import Target


def read_chart(document: bytes) -> None:
    try:
        chart = Chart.from_json(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # a documented error, which the caller translates
        return
    problems = validate(chart)
    if problems:
        raise DefinitionError(chart.name, problems)
    to_mermaid(chart)
    initial_entry(Tree(chart))


def charts() -> Sequence[bytes]:
    modules = (vars(v1), vars(v2), {"order": OrderFlow})
    definitions = (getattr(v, "definition", None) for module in modules for v in module.values())
    return [d.chart.to_json() for d in definitions if isinstance(d, Definition)]


CHART = Target(
    "chart",
    read_chart,
    charts,
    notation="json",
    words=(
        "atomic", "compound", "parallel", "final", "history", "event", "any", "after", "always",
        "done", "result", "failure", "kind", "parent", "initial", "targets", "trigger", "delay",
        "seconds", "function", "internal", "deep", "invokes", "deadline", "guards",
    ),
)  # fmt: skip
