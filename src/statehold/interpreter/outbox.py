"""Collects the commands of one step, and its queue of internal events."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from msgspec import Raw

from statehold.chart.event import AnEvent
from statehold.chart.moment import later
from statehold.errors import TooLarge
from statehold.interpreter.command import (
    ID_LIMIT,
    SEND_ID_LIMIT,
    CancelSend,
    Command,
    Emit,
    Send,
    StartChild,
    StartEffect,
    child_instance,
)
from statehold.interpreter.snapshot import InFlight, Snapshot
from statehold.plain.text import name_fault

#: events that the functions of one step raise, send and emit, and sends that they cancel
REQUEST_LIMIT = 10_000


class Outbox:
    """The commands of one step, its internal queue, and the effects that are in flight.

    ``starting`` is the id of the invoke whose arguments are being evaluated.
    """

    __slots__ = (
        "_first", "_keys", "_requests", "_sends", "commands", "effects", "instance", "now",
        "queue", "seq", "starting",
    )  # fmt: skip

    def __init__(self, before: Snapshot[object], now: datetime) -> None:
        self.instance = before.instance
        self.seq = before.seq + 1
        self.now = now
        self._first = self.effects = before.effects
        self.commands: list[Command] = []
        self.queue: deque[AnEvent] = deque()
        self.starting: str | None = None
        self._keys = 0
        self._requests = 0
        self._sends = 0

    @property
    def is_full(self) -> bool:
        """A function has asked for more than ``REQUEST_LIMIT`` allows."""
        return self._requests > REQUEST_LIMIT

    def raise_(self, event: AnEvent) -> None:
        self._count()
        self.queue.append(event)

    def emit(self, event: AnEvent) -> None:
        self._count()
        self.commands.append(Emit(event))

    def cancel(self, send_id: str) -> None:
        self._count()
        fault = name_fault(send_id, SEND_ID_LIMIT)
        if fault is not None:
            raise ValueError(f"the id of what is cancelled: {fault}")
        self.commands.append(CancelSend(send_id))

    def send(
        self,
        machine: str | None,
        instance: str | None,
        event: AnEvent,
        delay: timedelta | None,
        id: str | None,
        *,
        parent: bool = False,
    ) -> str:
        """Gives the id by which the send is cancelled."""
        self._count()
        return self.forward(machine, instance, event, delay, id, parent=parent)

    def forward(
        self,
        machine: str | None,
        instance: str | None,
        event: AnEvent,
        delay: timedelta | None = None,
        id: str | None = None,
        *,
        parent: bool = False,
    ) -> str:
        """The same for a send that no function asked for: it does not count towards the limit."""
        for what, name, most in (
            ("machine", machine, ID_LIMIT),
            ("instance", instance, ID_LIMIT),
            ("id", id, SEND_ID_LIMIT),
        ):
            # a store could not keep the message, nor anything else of the same transaction
            fault = None if name is None else name_fault(name, most)
            if fault is not None:
                raise ValueError(f"the {what} of what is sent: {fault}")
        if delay is not None:
            later(self.now, delay)
        self._sends += 1
        send_id = id or f"{self.seq}.send.{self._sends}"
        self.commands.append(Send(machine, instance, event, delay, send_id, parent))
        return send_id

    def start_effect(
        self, invoke: str, effect: str, state: str | None, event: Raw | None = None
    ) -> None:
        key = self._next_key()
        self.commands.append(StartEffect(key, invoke, effect, state, event))
        self._add(InFlight(key, invoke, effect, "effect", state, self.now, None, event))

    def start_child(self, invoke: str, machine: str, state: str, input: object) -> None:
        key = self._next_key()
        self.commands.append(StartChild(key, invoke, machine, state, input))
        self._add(InFlight(key, invoke, machine, "machine", state, self.now))

    def child(self, invoke: str) -> tuple[str, str] | None:
        """Machine and id of the instance that the invoke runs now."""
        for running in self.effects:
            if running.invoke == invoke and running.kind == "machine":
                return running.name, child_instance(self.instance, running.key)
        return None

    def invoked(self, invoke: str) -> str | None:
        """The key of what the invoke runs or is about to start, else of what it ran when the step
        began: a transition's own actions run after its source is left (SCXML 3.13)."""
        if invoke == self.starting:
            return f"{self.seq}.{self._keys + 1}"
        effects = (*self.effects, *self._first)
        return next((one.key for one in effects if one.invoke == invoke), None)

    def _add(self, effect: InFlight) -> None:
        self.effects = (*self.effects, effect)

    def _next_key(self) -> str:
        self._keys += 1
        return f"{self.seq}.{self._keys}"

    def _count(self) -> None:
        """Counts one more request; raises ``TooLarge``, as an error of the function that asks."""
        self._requests += 1
        if self.is_full:
            raise TooLarge("what the step asks for", self._requests, REQUEST_LIMIT, "events")
