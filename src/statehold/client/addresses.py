"""Paths of machines, instances and their parts on a server."""

from __future__ import annotations

from urllib.parse import quote

from statehold.chart.machine import MachineName
from statehold.errors import InvalidPayload


def name_of(machine: MachineName) -> str:
    return machine if isinstance(machine, str) else machine.definition.name


def path_of(machine: MachineName, id: str | None = None) -> str:
    path = f"/api/machines/{_segment(name_of(machine), 'machine')}"
    return path if id is None else f"{path}/instances/{_segment(id, 'id')}"


def timer_path(machine: MachineName, id: str, timer: str, act: str) -> str:
    return f"{path_of(machine, id)}/timers/{_segment(timer, 'timer')}/{act}"


def effect_path(machine: MachineName, id: str, key: str, act: str) -> str:
    return f"{path_of(machine, id)}/effects/{_segment(key, 'key')}/{act}"


def _segment(value: str, what: str) -> str:
    if value in ("", ".", ".."):
        # these would name another address
        raise InvalidPayload("the request", {what: f"{value!r} can't be one"})
    return quote(value, safe="")


def incident_path(incident: str) -> str:
    return f"/api/incidents/{_segment(incident, 'incident')}"
