"""What can happen to an instance: values with a name, and nothing else.

A user's event is a pydantic model whose class name is its name; the interpreter's own events
(a timer, a completion, the outcome of an effect) are plain structs. The interpreter knows any
of them only by ``__event__``, the name that transitions are matched against.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

R = TypeVar("R")


class Event(BaseModel):
    """The base of a machine's events: ``class Accept(Event): prep_minutes: int``.

    Frozen, and a field that the class does not declare is refused. As JSON it is flat, with the
    class's name in ``type``: ``{"type": "Accept", "prep_minutes": 12}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    __event__: ClassVar[str] = "Event"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.__event__ = cls.__name__
        if "type" in cls.model_fields:
            raise TypeError(
                f"event {cls.__name__}: a field can't be called 'type', it holds the event's name "
                "in JSON; call it 'kind', say"
            )


class AnyEvent(Event):
    """Stands in ``on(AnyEvent, ...)`` for every event of the machine; asked after exact ones.

    Completions, timers and outcomes of effects are not among them.
    """


class NamedEvent(Struct, frozen=True):
    """An event of a machine whose notation has no classes (SCXML, XState): a name and data.

    The rest is SCXML 5.10.1's. ``origin`` is the instance that sent it, as ``machine/id``, and
    ``invoke`` the id of the invoke that runs that instance here. ``sendid`` is what the sender
    called it, empty where it did not. ``kind`` is ``internal`` for one that was raised within the
    step, ``platform`` for one that tells of an error.
    """

    name: str
    data: Any = None
    origin: str = ""
    invoke: str = ""
    sendid: str = ""
    kind: Literal["external", "internal", "platform"] = "external"

    @property
    def __event__(self) -> str:
        return self.name


class TimerFired(Struct, frozen=True):
    """An ``after`` transition's time has come. ``timer`` is the id of the timer."""

    timer: str

    @property
    def __event__(self) -> str:
        return timer_event(self.timer)


class Done(Struct, frozen=True):
    """A compound or parallel state reached its end (SCXML 3.7, ``done.state.id``)."""

    state: str
    output: Any = None

    @property
    def __event__(self) -> str:
        return done_event(self.state)


class Result(Struct, Generic[R], frozen=True):
    """An effect or a child instance ended well. ``key`` tells which one it was."""

    invoke: str
    key: str
    value: R

    @property
    def __event__(self) -> str:
        return result_event(self.invoke)


class Failure(Struct, frozen=True):
    """An effect used up its tries or raised ``Permanent``, or a child instance was cancelled."""

    invoke: str
    key: str
    #: the class's name of the exception, and its message
    error: str
    message: str
    attempts: int = 1

    @property
    def __event__(self) -> str:
        return failure_event(self.invoke)


class Undeliverable(Struct, frozen=True):
    """A message sent to another instance was not accepted there (SCXML ``error.communication``)."""

    machine: str
    instance: str
    event: str
    reason: str
    #: what the sender called it, or was told that it is called
    send: str = ""

    @property
    def __event__(self) -> str:
        return "error.communication"


class ExecutionError(Struct, frozen=True):
    """An action or a guard raised, in a chart whose policy makes errors events (SCXML 3.12.2)."""

    where: str
    error: str
    message: str

    @property
    def __event__(self) -> str:
        return "error.execution"


class ErrorEvent(Exception):
    """Raised by a function of a machine: an error that comes as this event, and not as
    :class:`ExecutionError`, in a chart whose policy makes errors events."""

    def __init__(self, event: NamedEvent) -> None:
        self.event = event
        data = event.data
        why = data.get("reason", data) if isinstance(data, dict) else data
        super().__init__(f"{event.name}: {why}")


#: anything that can be given to a step; a union, since checkers take no class variable of a model
#: for a protocol's property
AnEvent: TypeAlias = (
    Event | NamedEvent | TimerFired | Done | Result[Any] | Failure | Undeliverable | ExecutionError
)


def timer_event(timer: str) -> str:
    return f"after.{timer}"


def done_event(state: str) -> str:
    return f"done.state.{state}"


def result_event(invoke: str) -> str:
    return f"done.invoke.{invoke}"


def failure_event(invoke: str) -> str:
    return f"error.invoke.{invoke}"


def is_made_inside(name: str) -> bool:
    """Whether it names a timer, a completion or an outcome, which only the interpreter makes."""
    return name.startswith("after.") or f"{name}.".startswith(
        ("done.state.", "done.invoke.", "error.invoke.")
    )
