"""Writes a machine, or its chart, as a document or a diagram in any notation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from statehold.chart.machine import AMachine
from statehold.chart.model import Chart
from statehold.formats.dot import to_dot
from statehold.formats.mermaid import to_mermaid
from statehold.formats.notation import Omission
from statehold.formats.read import UnknownNotation, imported
from statehold.formats.xstate import unsaid, write_xstate


@dataclass(frozen=True, slots=True)
class Written:
    """A document, and what of the machine others that read it do not do."""

    text: str
    omissions: tuple[Omission, ...] = ()


def write_document(machine: AMachine | Chart, notation: str) -> Written:
    """Raises ``UnknownNotation``, ``ExtraMissing``, and ``DefinitionError`` if the notation can't
    hold the machine."""
    if notation not in _WRITERS:
        raise UnknownNotation(notation, NOTATIONS)
    return _WRITERS[notation](machine)


def _native(machine: AMachine | Chart) -> Written:
    module = imported("the notation native", "statehold.formats.native", "native")
    return Written(module.write_native(machine))


def _scxml(machine: AMachine | Chart) -> Written:
    module = imported("the notation scxml", "statehold.formats.scxml", "scxml")
    exported = module.write_scxml(machine)
    return Written(exported.text, tuple(exported.omissions))


def _xstate(machine: AMachine | Chart) -> Written:
    chart = _chart_of(machine)
    text = json.dumps(write_xstate(chart), indent=2, ensure_ascii=False) + "\n"
    return Written(text, unsaid(chart))


def _drawn(draw: Callable[[Chart], str]) -> Callable[[AMachine | Chart], Written]:
    return lambda machine: Written(draw(_chart_of(machine)))


def _chart_of(machine: AMachine | Chart) -> Chart:
    return machine if isinstance(machine, Chart) else machine.definition.chart


_WRITERS: dict[str, Callable[[Any], Written]] = {
    "native": _native,
    "xstate": _xstate,
    "scxml": _scxml,
    "mermaid": _drawn(to_mermaid),
    "dot": _drawn(to_dot),
}
NOTATIONS = tuple(_WRITERS)
