"""A finding of a static check, and its severity."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from statehold.chart.codes import Code
from statehold.chart.model import ROOT

#: ``error``: the machine can't work as declared. ``warning``: probably a mistake. ``info``: often
#: intended.
Severity: TypeAlias = Literal["error", "warning", "info"]
#: the kind of a place
PlaceKind: TypeAlias = Literal["chart", "state", "transition", "event", "field", "function"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class Finding(Struct, frozen=True):
    """``place`` is the id of a state or a transition, the name of an event, of a field of the
    data or of a function; empty for the chart as a whole.

    ``message`` says what was found and why, ``hint`` how to correct it.
    """

    code: Code
    severity: Severity
    kind: PlaceKind
    place: str
    message: str
    hint: str = ""

    @property
    def where(self) -> str:
        """``state fulfilling.kitchen``"""
        if self.kind == "chart":
            return "the chart"
        return f"{self.kind} {self.place}" if self.place != ROOT else "the root"

    def __str__(self) -> str:
        return f"{self.severity} {self.code}, {self.where}: {self.message}"
