"""The context of a guard or an action: what it may read and request beside data and event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, overload

if TYPE_CHECKING:
    from statehold.chart.event import AnEvent
    from statehold.chart.machine import Definition, E, MachineClass


class Context(Protocol):
    """The third argument of a function that takes ``(data, event, context)``.

    ::

        def pack(order: Order, event: Packed, context: Context) -> None:
            order.packed_at = context.now
            context.send(Courier, order.courier, Fetch(order=context.instance))

    What a function asks for here happens once the step is committed, and not at all if the step is
    dropped.
    """

    @property
    def now(self) -> datetime:
        """When the step happens (aware, UTC): the only clock that a function may read."""
        ...

    @property
    def instance(self) -> str:
        """The id of the instance that takes the step."""
        ...

    def raise_(self, event: AnEvent) -> None:
        """Queues an internal event, which is handled within this step (SCXML 4.2, ``raise``)."""

    @overload
    def send(
        self,
        machine: type[MachineClass[E]],
        instance: str | None,
        event: E,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str: ...
    @overload
    def send(
        self,
        machine: Definition[Any] | str | None,
        instance: str | None,
        event: AnEvent,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str: ...
    def send(
        self,
        machine: Any,
        instance: str | None,
        event: Any,
        *,
        delay: timedelta | None = None,
        id: str | None = None,
    ) -> str:
        """Sends an event to an instance, or with None and None to itself (SCXML 6.2, ``send``).

        Returns the id by which :meth:`cancel` takes it back: ``id``, or one that is generated. With
        a ``delay`` it is sent that much later, whichever states are left meanwhile. An event that
        the receiver does not accept comes back as :class:`statehold.Undeliverable`. Raises
        ``ValueError`` for an id that is too long or no text, ``TooLarge`` beyond 10,000 requests of
        one step.
        """
        ...

    def send_parent(
        self, event: AnEvent, *, delay: timedelta | None = None, id: str | None = None
    ) -> str:
        """As :meth:`send`, to the instance whose invoke started this one (SCXML C.1, ``#_parent``).

        To an instance without a parent it comes back as :class:`statehold.Undeliverable`.
        """
        ...

    def child(self, invoke: str) -> tuple[str, str] | None:
        """Machine and id of the instance that the invoke of this id runs; None if none runs."""
        ...

    def invoked(self, invoke: str) -> str | None:
        """The key of what the invoke of this id runs or is about to start, else of what it ran
        when the step began; None if nothing.

        An instance never uses a key twice, so the key distinguishes one entry of a state from the
        next.
        """
        ...

    def emit(self, event: AnEvent) -> None:
        """Publishes an event to the watchers of the instance; no instance receives it."""

    def cancel(self, send_id: str) -> None:
        """Takes back a delayed event that was sent by this instance (SCXML 6.3, ``cancel``)."""

    def active(self, state_id: str) -> bool:
        """Whether the state is active now (SCXML 5.9.1, ``In``)."""
        ...
