"""What a guard or an action may be told, and may ask for, beside data and event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from statehold.chart.event import AnEvent
    from statehold.chart.machine import AMachine


class Context(Protocol):
    """The third argument of a function that asks for it: ``(data, event, context)``.

    Nothing that is asked for here happens before the step is committed, and nothing of it
    happens if the step is dropped.
    """

    @property
    def now(self) -> datetime:
        """When the step happens, aware, in UTC: the only clock a function of a chart may read."""
        ...

    @property
    def instance(self) -> str:
        """The id of the instance that takes the step."""
        ...

    def raise_(self, event: AnEvent) -> None:
        """Queues an internal event, taken within this very step (SCXML 4.2, ``raise``)."""

    def send(
        self,
        machine: AMachine | str | None,
        instance: str | None,
        event: AnEvent,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str:
        """Sends to another instance, or with None and None to itself (SCXML 6.2, ``send``).

        Gives the id by which :meth:`cancel` takes it back; it is made up unless given. A delayed
        one survives the exit of every state. One that is not accepted over there comes back as
        :class:`.event.Undeliverable`.
        """
        ...

    def send_parent(
        self, event: AnEvent, *, delay: timedelta | None = None, id: str | None = None
    ) -> str:
        """As :meth:`send`, to the instance whose invoke started this one (SCXML C.1, ``#_parent``).

        One that nobody invoked has no parent, and gets it back as :class:`.event.Undeliverable`.
        """
        ...

    def child(self, invoke: str) -> tuple[str, str] | None:
        """Machine and id of the instance that the invoke of this id runs; None if none runs."""
        ...

    def invoked(self, invoke: str) -> str | None:
        """The key of what the invoke of this id runs, or is about to start; None if nothing.

        An instance never uses a key again, so it tells one entry of a state from the next.
        """
        ...

    def emit(self, event: AnEvent) -> None:
        """Shows an event to whoever watches the instance; no instance receives it."""

    def cancel(self, send_id: str) -> None:
        """Takes back a delayed event that was sent by this instance (SCXML 6.3, ``cancel``)."""

    def active(self, state_id: str) -> bool:
        """Whether the state is active now (SCXML 5.9.1, ``In``)."""
        ...
