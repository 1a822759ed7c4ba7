"""What all changes of one turn share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.instance.limits import InstanceLimits


class Assigner(Protocol):
    """Decides who runs attempts of effects."""

    def holder(self, definition: Definition[Any], effect: str, worker: str) -> str:
        """Who runs the next attempt of the effect: ``worker``, or a marker."""
        ...


class OneWorker:
    """Assigns every attempt to the worker that asks."""

    def holder(self, definition: Definition[Any], effect: str, worker: str) -> str:
        return worker


class Turn(Struct, frozen=True):
    """``now`` is when all of it happens. ``worker`` is the name of the process that does it as the
    turn begins: only what stands under that name is begun after the commit, though the process may
    have joined again under another one by then."""

    now: datetime
    worker: str = ""
    limits: InstanceLimits = InstanceLimits()
    assigner: Assigner = OneWorker()
