"""The context that a step passes to guards and actions as their third argument."""

from __future__ import annotations

from datetime import datetime, timedelta

from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine
from statehold.interpreter.outbox import Outbox


class StepContext:
    """A :class:`.chart.context.Context`; ``states`` are those active at the moment it is given."""

    __slots__ = ("_outbox", "states")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.states: frozenset[str] = frozenset()

    @property
    def now(self) -> datetime:
        return self._outbox.now

    @property
    def instance(self) -> str:
        return self._outbox.instance

    def raise_(self, event: AnEvent) -> None:
        self._outbox.raise_(event)

    def send(
        self,
        machine: AMachine | str | None,
        instance: str | None,
        event: AnEvent,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str:
        name = machine if machine is None or isinstance(machine, str) else machine.definition.name
        return self._outbox.send(name, instance, event, delay, id)

    def send_parent(
        self, event: AnEvent, *, delay: timedelta | None = None, id: str | None = None
    ) -> str:
        return self._outbox.send(None, None, event, delay, id, parent=True)

    def child(self, invoke: str) -> tuple[str, str] | None:
        return self._outbox.child(invoke)

    def invoked(self, invoke: str) -> str | None:
        return self._outbox.invoked(invoke)

    def cancel(self, send_id: str) -> None:
        self._outbox.cancel(send_id)

    def emit(self, event: AnEvent) -> None:
        self._outbox.emit(event)

    def active(self, state_id: str) -> bool:
        return state_id in self.states
