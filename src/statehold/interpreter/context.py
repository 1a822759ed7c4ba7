"""The third argument of guards and actions, as a step gives it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine
from statehold.interpreter.command import SEND_ID_LIMIT, CancelSend, Emit
from statehold.plain.text import name_fault

if TYPE_CHECKING:
    from statehold.interpreter.macrostep import Macrostep


class StepContext:
    """A :class:`.chart.context.Context`; ``states`` are those active at the moment it is given."""

    __slots__ = ("_macrostep", "states")

    def __init__(self, macrostep: Macrostep) -> None:
        self._macrostep = macrostep
        self.states: frozenset[str] = frozenset()

    @property
    def now(self) -> datetime:
        return self._macrostep.now

    @property
    def instance(self) -> str:
        return self._macrostep.before.instance

    def raise_(self, event: AnEvent) -> None:
        self._macrostep.ask()
        self._macrostep.queue.append(event)

    def send(
        self,
        machine: AMachine | str | None,
        instance: str | None,
        event: AnEvent,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str:
        self._macrostep.ask()
        name = machine if machine is None or isinstance(machine, str) else machine.definition.name
        return self._macrostep.send(name, instance, event, delay, id)

    def send_parent(
        self, event: AnEvent, *, delay: timedelta | None = None, id: str | None = None
    ) -> str:
        self._macrostep.ask()
        return self._macrostep.send(None, None, event, delay, id, parent=True)

    def child(self, invoke: str) -> tuple[str, str] | None:
        return self._macrostep.child(invoke)

    def invoked(self, invoke: str) -> str | None:
        return self._macrostep.invoked(invoke)

    def cancel(self, send_id: str) -> None:
        self._macrostep.ask()
        fault = name_fault(send_id, SEND_ID_LIMIT)
        if fault is not None:
            raise ValueError(f"the id of what is cancelled: {fault}")
        self._macrostep.commands.append(CancelSend(send_id))

    def emit(self, event: AnEvent) -> None:
        self._macrostep.ask()
        self._macrostep.commands.append(Emit(event))

    def active(self, state_id: str) -> bool:
        return state_id in self.states
