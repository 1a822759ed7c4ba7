"""Events: values with a name, each of which an instance may take a step for.

A user's event is a pydantic model whose class name is its name; the interpreter's own events
(a timer, a completion, the outcome of an effect) are structs. The interpreter reads only
``__event__``, the name that transitions are matched against.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, Unpack

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

R = TypeVar("R")


class Event(BaseModel):
    """The base class of a machine's events; their fields are those of a pydantic model.

    ::

        class Accept(Event):
            prep_minutes: int

    An event is frozen, and a field that its class does not declare is refused. As JSON it is flat,
    with the class's name in ``type``: ``{"type": "Accept", "prep_minutes": 12}``. So a class with a
    field ``type`` raises ``TypeError``.

    With ``class PaymentFailed(Event, internal=True)`` only other instances may send it, and the
    program's own code: callers of a server are refused, and do not see it. Its subclasses are
    internal too, unless they say ``internal=False``. With ``class Accept(Event, label="Accept the
    order")`` people read that in place of the name, which is put into words if there is no label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    __event__: ClassVar[str] = "Event"
    __internal__: ClassVar[bool] = False
    __label__: ClassVar[str] = ""

    def __init_subclass__(
        cls, *, internal: bool | None = None, label: str = "", **kwargs: Unpack[ConfigDict]
    ) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, internal: bool | None = None, label: str = "", **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.__event__ = cls.__name__
        # a subclass is another event, with a name of its own
        cls.__label__ = label
        if internal is not None:
            if not isinstance(internal, bool):
                raise TypeError(
                    f"event {cls.__name__}: internal is {internal!r}; say True or False"
                )
            cls.__internal__ = internal
        if "type" in cls.model_fields:
            raise TypeError(
                f"event {cls.__name__}: a field can't be called 'type', it holds the event's name "
                "in JSON; call it 'kind', say"
            )


class AnyEvent(Event):
    """In ``on(AnyEvent, ...)``: every event of the machine, asked after the rules for one class.

    The machine's events are those of its other rules, and those that its class names beside them:
    ``Machine[Data, First | Second]``. Completions, timers and outcomes of effects are not among
    them.
    """


class NamedEvent(Struct, frozen=True):
    """An event of a machine whose notation has no classes (SCXML, XState): a name and data.

    The other fields are those of SCXML 5.10.1. ``origin`` is the instance that sent it, as
    ``machine/id``, and ``invoke`` the id of the invoke that runs that instance here. ``sendid`` is
    the id that the sender gave it, or empty. ``kind`` is ``internal`` for one that was raised
    within the step, ``platform`` for one that reports an error.
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
    """The timer of an ``after`` transition is due. ``timer`` is its id, the transition's."""

    timer: str

    @property
    def __event__(self) -> str:
        return timer_event(self.timer)


class Done(Struct, frozen=True):
    """A compound or parallel state has reached its end (SCXML 3.7, ``done.state.id``).

    ``output`` is what the ``output`` function of its final child gave; None without one.
    """

    state: str
    output: Any = None

    @property
    def __event__(self) -> str:
        return done_event(self.state)


class Result(Struct, Generic[R], frozen=True):
    """An effect or a child instance has succeeded.

    ``value`` is the effect's result or the child's output. ``key`` is that of the effect
    (``call.key``), ``invoke`` the id of the invoke, or the effect's name if an action asked for it.
    """

    invoke: str
    key: str
    value: R

    @property
    def __event__(self) -> str:
        return result_event(self.invoke)


class Failure(Struct, frozen=True):
    """An effect has failed for good, or a child instance was cancelled.

    An effect fails for good when its attempts are exhausted or when it raises ``Permanent``.
    ``error`` is the name of the exception's class and ``message`` its text. ``attempts`` is how
    often it was run. ``key`` and ``invoke`` are as in :class:`Result`. ``kinds`` has the names of
    the exception's classes with their modules, the most specific first, where they are known.
    """

    invoke: str
    key: str
    error: str
    message: str
    attempts: int = 1
    kinds: tuple[str, ...] = ()

    @property
    def __event__(self) -> str:
        return failure_event(self.invoke)


class Undeliverable(Struct, frozen=True):
    """A message to another instance was not accepted there (SCXML ``error.communication``).

    ``machine``, ``instance`` and ``event`` name the receiver and the event, ``reason`` says why.
    ``send`` is the id that ``context.send`` gave.
    """

    machine: str
    instance: str
    event: str
    reason: str
    send: str = ""

    @property
    def __event__(self) -> str:
        return "error.communication"


class Cancellation(Struct, frozen=True):
    """The instance is cancelled. An ``on_cancel`` transition may take it, once.

    ``reason`` is that of the request; ``by_parent``: the instance that invoked it has
    left the state that it was invoked for, and waits for no outcome.
    """

    reason: str = ""
    by_parent: bool = False

    @property
    def __event__(self) -> str:
        return CANCEL_EVENT


class ExecutionError(Struct, frozen=True):
    """An action or a guard raised, in a chart whose policy makes errors events (SCXML 3.12.2)."""

    where: str
    error: str
    message: str

    @property
    def __event__(self) -> str:
        return "error.execution"


class ErrorEvent(Exception):
    """Raised by a function of a machine whose chart makes errors events: it comes as ``event``, and
    not as :class:`ExecutionError`."""

    def __init__(self, event: NamedEvent) -> None:
        self.event = event
        data = event.data
        why = data.get("reason", data) if isinstance(data, dict) else data
        super().__init__(f"{event.name}: {why}")


#: what comes to every machine that waits for it, whatever its own events are
Occurrence: TypeAlias = TimerFired | Done | Result[Any] | Failure | Undeliverable | ExecutionError
#: what a step takes; a union, since type checkers accept no class variable of a model as the
#: property of a protocol
AnEvent: TypeAlias = Event | NamedEvent | Occurrence | Cancellation

#: the name of a cancellation; no notation lets an event be called so, and no sender can send it
CANCEL_EVENT = "error.cancelled"


def timer_event(timer: str) -> str:
    return f"after.{timer}"


def done_event(state: str) -> str:
    return f"done.state.{state}"


def result_event(invoke: str) -> str:
    return f"done.invoke.{invoke}"


def failure_event(invoke: str) -> str:
    return f"error.invoke.{invoke}"


def is_made_inside(name: str) -> bool:
    """Whether it names a timer, a completion or an outcome, which only the interpreter creates."""
    return name.startswith("after.") or f"{name}.".startswith(
        ("done.state.", "done.invoke.", "error.invoke.")
    )
