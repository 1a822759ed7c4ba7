"""What an operator does by hand to instances and their incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pydantic_core

from statehold.chart.machine import MachineName, V
from statehold.chart.payload import jsonable
from statehold.client.addresses import (
    effect_path,
    incident_path,
    name_of,
    path_of,
    timer_path,
)
from statehold.client.requests import Requests
from statehold.client.shown import read_as
from statehold.wire.instances import Incidents, Reply
from statehold.wire.operations import UpgradeReport


class Operator(Requests):
    """The part of a client that acts by hand."""

    # --- an operator's actions -----------------------------------------------------------------

    async def pause(
        self, machine: MachineName[V], id: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Pauses an instance: its events, timers and effects' results are held."""
        return await self._act(machine, f"{path_of(machine, id)}/pause", _because(reason))

    async def resume(
        self, machine: MachineName[V], id: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Resumes a paused instance."""
        return await self._act(machine, f"{path_of(machine, id)}/resume", _because(reason))

    async def cancel(
        self, machine: MachineName[V], id: str, *, force: bool = False, reason: str | None = None
    ) -> Reply[V]:
        """Cancels an instance, which cleans up; ``force`` ends it at once."""
        body = _because(reason, force=force)
        return await self._act(machine, f"{path_of(machine, id)}/cancel", body)

    async def repair(
        self, machine: MachineName[V], id: str, data: Any, *,
        state: Sequence[str] = (), reason: str | None = None,
    ) -> Reply[V]:  # fmt: skip
        """Gives an unreadable instance new data, and new states if ``state`` names the active
        leaves; it goes on from there."""
        repair = {"data": jsonable(data), "state": list(state), "reason": reason}
        content = pydantic_core.to_json(repair)
        return await self._act(machine, f"{path_of(machine, id)}/repair", content)

    async def fire_timer(
        self, machine: MachineName[V], id: str, timer: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Fires a timer now, whenever it is due."""
        return await self._act(machine, timer_path(machine, id, timer, "fire"), _because(reason))

    async def cancel_timer(
        self, machine: MachineName[V], id: str, timer: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Cancels a timer: it does not fire, unless its state is entered again."""
        return await self._act(machine, timer_path(machine, id, timer, "cancel"), _because(reason))

    async def reschedule_timer(
        self, machine: MachineName[V], id: str, timer: str, *,
        due: datetime | None = None, seconds: float | None = None, reason: str | None = None,
    ) -> Reply[V]:  # fmt: skip
        """Lets a timer fire at ``due``, or ``seconds`` from now; give one of the two."""
        when = {"due": due} if due is not None else {"seconds": seconds}
        content = pydantic_core.to_json({**when, "reason": reason})
        return await self._act(machine, timer_path(machine, id, timer, "reschedule"), content)

    async def retry_effect(
        self, machine: MachineName[V], id: str, key: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Retries at once an effect that backs off or has an incident."""
        return await self._act(machine, effect_path(machine, id, key, "retry"), _because(reason))

    async def skip_effect(
        self, machine: MachineName[V], id: str, key: str, *, reason: str | None = None
    ) -> Reply[V]:
        """Skips an effect, also a running one: it ends without an event."""
        return await self._act(machine, effect_path(machine, id, key, "skip"), _because(reason))

    async def resolve_effect(
        self, machine: MachineName[V], id: str, key: str, result: Any = None, *,
        reason: str | None = None,
    ) -> Reply[V]:  # fmt: skip
        """Ends an effect, also a running one, with this result."""
        content = pydantic_core.to_json({"result": jsonable(result), "reason": reason})
        return await self._act(machine, effect_path(machine, id, key, "resolve"), content)

    async def upgrade(
        self, machine: MachineName, id: str | None = None, *, reason: str | None = None
    ) -> UpgradeReport:
        """Upgrades one instance, or all, to the version that the server runs. Those that are at it
        already stay as they are."""
        return await self._ask(
            UpgradeReport,
            "POST",
            f"{path_of(machine, id)}/upgrade",
            content=_because(reason),
            repeatable=True,
        )

    # --- incidents -----------------------------------------------------------------------------

    async def incidents(
        self, machine: MachineName | None = None, *,
        limit: int = 50, cursor: str | None = None, max_lag_seconds: float | None = None,
    ) -> Incidents:  # fmt: skip
        """One page of incidents, oldest first."""
        params = {
            "machine": None if machine is None else name_of(machine),
            "limit": limit,
            "cursor": cursor,
        }
        return await self._read(Incidents, "/api/incidents", params, max_lag_seconds)

    async def retry(self, incident: str, *, reason: str | None = None) -> Reply:
        """Retries what failed."""
        return await self._reply("POST", f"{incident_path(incident)}/retry", _because(reason))

    async def skip(self, incident: str, *, reason: str | None = None) -> Reply:
        """Goes on without what failed."""
        return await self._reply("POST", f"{incident_path(incident)}/skip", _because(reason))

    async def resolve(
        self, incident: str, result: Any = None, *, reason: str | None = None
    ) -> Reply:
        """Sets the result of what failed."""
        content = pydantic_core.to_json({"result": jsonable(result), "reason": reason})
        return await self._reply("POST", f"{incident_path(incident)}/resolve", content)

    async def _act(self, machine: MachineName[V], path: str, content: bytes) -> Reply[V]:
        return read_as(machine, await self._reply("POST", path, content))


def _because(reason: str | None, **more: bool) -> bytes:
    return msgspec.json.encode({"reason": reason, **more})
