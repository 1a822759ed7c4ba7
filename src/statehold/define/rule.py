"""The table of transitions: ``on``, ``after``, ``always`` and the outcomes.

The types make a checker report guards and actions that do not fit the event; the type of the data
is checked when the machine is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from statehold.chart.context import Context
from statehold.chart.effect import Effect
from statehold.chart.error_kinds import ErrorIs
from statehold.chart.event import (
    Cancellation,
    Done,
    Event,
    Failure,
    Result,
    TimerFired,
    Undeliverable,
)
from statehold.chart.machine import AMachine, Definition, MachineClass, P
from statehold.define.body import note_rule
from statehold.define.effects import Child
from statehold.define.source_line import caller
from statehold.define.state import (
    Active,
    Anywhere,
    Arrow,
    DelayLike,
    Node,
    Sources,
    declared,
    is_node,
    not_callable,
)

E = TypeVar("E")
O = TypeVar("O", bound=Event | Undeliverable)  # noqa: E741 - an occurrence
O2 = TypeVar("O2", bound=Event | Undeliverable)
O3 = TypeVar("O3", bound=Event | Undeliverable)
O4 = TypeVar("O4", bound=Event | Undeliverable)
R = TypeVar("R")

Question: TypeAlias = (
    Callable[[Any], bool] | Callable[[Any, E], bool] | Callable[[Any, E, Context], bool] | Active
)
#: what ``when`` takes
When: TypeAlias = Question[E] | tuple[Question[E], ...] | None
Change: TypeAlias = (
    Callable[[Any], Any]
    | Callable[[Any, E], Any]
    | Callable[[Any, E, Context], Any]
    | Effect[Any, Any]
)
#: what ``do`` takes: functions change the data, effects are started and outlive every state
Do: TypeAlias = Change[E] | tuple[Change[E], ...] | None
By: TypeAlias = str | tuple[str, ...]
#: ``a >> b``, or states alone for a transition without a target
Path: TypeAlias = Arrow | Sources | Node | Anywhere
_AnEvent: TypeAlias = type[Event | Undeliverable]

RuleKind = Literal["event", "after", "always", "done", "result", "failure", "cancel"]

_numbers = count()


@dataclass(slots=True, eq=False)
class Rule:
    """One line of the table, as :func:`on`, :func:`after` and the others give it.

    ``subject`` is the event's class (or a tuple or a union of them), the delay, the effect or the
    machine, by kind. ``number`` rises in the order of the text, which decides between transitions
    of one state. ``where`` is the line of the source that declares it. ``into`` is the field of the
    data that a result becomes.
    """

    kind: RuleKind
    subject: Any
    arrow: Arrow
    when: tuple[Any, ...]
    do: tuple[Any, ...]
    by: tuple[str, ...]
    reenter: bool
    doc: str
    where: str
    number: int
    into: str | None = None

    if not TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            raise TypeError(not_callable(self))


@overload
def on(
    event: type[O] | tuple[type[O]],
    path: Path,
    /,
    *,
    when: When[O] = None,
    do: Do[O] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on(
    event: tuple[type[O], type[O2]],
    path: Path,
    /,
    *,
    when: When[O | O2] = None,
    do: Do[O | O2] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on(
    event: tuple[type[O], type[O2], type[O3]],
    path: Path,
    /,
    *,
    when: When[O | O2 | O3] = None,
    do: Do[O | O2 | O3] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on(
    event: tuple[type[O], type[O2], type[O3], type[O4]],
    path: Path,
    /,
    *,
    when: When[O | O2 | O3 | O4] = None,
    do: Do[O | O2 | O3 | O4] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on(
    event: UnionType
    | tuple[_AnEvent, _AnEvent, _AnEvent, _AnEvent, _AnEvent, *tuple[_AnEvent, ...]],
    path: Path,
    /,
    *,
    when: When[Any] = None,
    do: Do[Any] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
def on(
    event: Any,
    path: Path,
    /,
    *,
    when: Any = None,
    do: Any = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that an event of this class takes, or of one of these classes.

    ::

        accept = on(Accept, offering >> cooking, when=is_open, do=note_prep_time, by="restaurant")
        reject = on(Reject, (offering | cooking) >> cancelled)
        note = on(Note, cooking, do=add_note)
        stop = on((Cancel, Refund), cooking >> cancelled, do=note_either)
        fail = on(Fail, anywhere >> failed)

    ``event`` is a subclass of :class:`statehold.Event`, or a tuple of several: ``(Cancel, Refund)``
    is one transition for both, and ``Cancel | Refund`` is the same. Type checkers know the events
    of a tuple of up to four; those of a union are checked where the class is declared. ``AnyEvent``
    takes every event that no other rule of the state takes, ``Undeliverable`` a message of its own
    that the receiver did not accept.

    ``path`` is an arrow, or states alone: then the actions run and no state is left. The source
    ``anywhere`` is the state in whose body the rule stands. A target in a body around it, which has
    no name there yet, is given by a function: ``one >> (lambda: OrderFlow.cancelled)``. It is
    called when the machine is compiled, and mypy knows the states that stand above the rule.

    - ``when``: a guard, or a tuple of guards that must all say yes: functions that give a bool, or
      :func:`active`.
    - ``do``: an action or an effect, or a tuple of them, in order.
    - ``by``: a role, or a tuple of roles of which the sender must have one. What an instance of
      another machine sends passes ``machine("lead")`` alone, and no role.
    - ``reenter``: a transition to its own source, or to a state below it, leaves the source and
      enters it again; without it, the source stays active.
    - ``doc``: a description.

    Guards and actions take ``(data)``, ``(data, event)`` or ``(data, event, context)``. Raises
    ``TypeError`` where ``path`` is neither an arrow nor a state.
    """
    return _rule("event", event, path, when, do, by, reenter, doc)


def after(
    delay: DelayLike,
    path: Path,
    /,
    *,
    when: When[TimerFired] = None,
    do: Do[TimerFired] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken once the source has been active for this long.

    ::

        lapse = after(minutes(10), offering >> cancelled)
        cooked = after(preparation_time, cooking >> ready)

    ``delay`` is a ``timedelta``, or a function of the data that gives a ``timedelta`` or an aware
    ``datetime``; it is called when the source is entered. The timer is cancelled when the source is
    left; it keeps its moment over restarts and never fires early. The event is a
    :class:`statehold.TimerFired`. The other options are those of :func:`on`, without ``by``.
    """
    return _rule("after", delay, path, when, do, (), reenter, doc)


def always(
    path: Path,
    /,
    *,
    when: When[Any] = None,
    do: Do[Any] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken at once, as soon as its guards say yes while the source is active.

    ::

        full = always(open >> full, when=has_no_seats)

    The guards are asked whenever a state was entered or an event was handled (SCXML 3.13). The
    options are those of :func:`on`, without ``by``. A cycle of such transitions ends the step with
    ``EndlessLoop``.
    """
    return _rule("always", None, path, when, do, (), reenter, doc)


def on_done(
    path: Path,
    /,
    *,
    when: When[Done] = None,
    do: Do[Done] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken once the compound or parallel source has reached its end.

    ::

        finish = on_done(fulfilling >> delivered)
        refuse = on_done(form.failed >> rejected)

    A compound state ends with a ``Final`` child, a parallel one once all of its regions have ended
    (SCXML 3.7). From a ``Final`` inside, it is taken where the compound state ended with that one;
    such rules stand before one for all ends. The event is a :class:`statehold.Done` with the
    ``output`` of that ``Final``. The other options are those of :func:`on`, without ``by``.
    """
    return _rule("done", None, path, when, do, (), reenter, doc)


@overload
def on_result(
    what: Effect[Any, R],
    path: Path,
    /,
    *,
    into: str | None = None,
    when: When[Result[R]] = None,
    do: Do[Result[R]] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on_result(
    what: type[MachineClass[Any, Any, Any, P]] | Child[P],
    path: Path,
    /,
    *,
    into: str | None = None,
    when: When[Result[P]] = None,
    do: Do[Result[P]] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on_result(
    what: Definition[Any],
    path: Path,
    /,
    *,
    into: str | None = None,
    when: When[Result[Any]] = None,
    do: Do[Result[Any]] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
def on_result(
    what: Effect[Any, Any] | AMachine | Child,
    path: Path,
    /,
    *,
    into: str | None = None,
    when: Any = None,
    do: Any = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken when an effect, or the child instance of a machine, has succeeded.

    ::

        paid = on_result(charge, paying >> shipping, into="receipt")
        priced = on_result(ask_price, waiting >> offered, do=note_price)

    ``what`` is the effect, the machine, or one :func:`child`. It is invoked by the source, by a
    state around it or below it, or an action asks for it. The event is a
    :class:`statehold.Result`: its ``value`` has the type that the effect, or the output functions
    of the child's final states, are annotated with; where they are not, guards and actions that
    take ``Result[X]`` say which.

    - ``into``: the field of the data that the value becomes, before the actions run. Its type has
      to take what the effect gives, which is checked where the class is declared.

    The other options are those of :func:`on`, without ``by``.
    """
    return _rule("result", what, path, when, do, (), reenter, doc, into)


def on_failure(
    what: Effect[Any, Any] | AMachine | Child,
    path: Path,
    /,
    *,
    error: type[BaseException] | None = None,
    when: When[Failure] = None,
    do: Do[Failure] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken when an effect has failed for good, or a child was cancelled.

    ::

        refused = on_failure(charge, paying >> unpaid, do=note_reason)

    An effect has failed for good once its attempts are exhausted, or when it raises ``Permanent``.
    A failure that no transition takes becomes an incident. ``what`` is as for :func:`on_result`;
    the event is a :class:`statehold.Failure`. ``error=CardDeclined`` is a guard, asked before those
    of ``when``: the effect has raised that class of errors or a subclass. The other options are
    those of :func:`on`, without ``by``. Raises ``TypeError`` where ``error`` is no such class.
    """
    guards = several(when) if error is None else (ErrorIs(error), *several(when))
    return _rule("failure", what, path, guards, do, (), reenter, doc)


def on_cancel(
    path: Path,
    /,
    *,
    when: When[Cancellation] = None,
    do: Do[Cancellation] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken when the instance is cancelled.

    ::

        undo = on_cancel((paying | shipping) >> refunding)

    The instance goes on from there until it ends by itself, and is ``cancelled`` then, whichever
    ``Final`` it ends in; a parent gets a failure, not a result. It takes one cancellation: asked
    again, it goes on. In a state where no such transition is taken, the exit actions of the active
    states run, innermost first, and the instance ends at once. The event is a
    :class:`statehold.Cancellation`. The options are those of :func:`on`, without ``by``: who may
    cancel is a matter of ``act``.
    """
    return _rule("cancel", None, path, when, do, (), reenter, doc)


def several(value: Any) -> tuple[Any, ...]:
    """One, a tuple of them, or None, as a tuple."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def next_number() -> int:
    """Rises from rule to rule."""
    return next(_numbers)


def _rule(
    kind: RuleKind,
    subject: Any,
    path: Any,
    when: Any,
    do: Any,
    by: By,
    reenter: bool,
    doc: str,
    into: str | None = None,
) -> Rule:
    if is_node(path) or isinstance(path, Anywhere):
        arrow = Arrow((path,), None)
    elif isinstance(path, Sources):
        arrow = Arrow(path.nodes, None)
    elif isinstance(path, Arrow):
        arrow = path
    else:
        raise TypeError(f"expected an arrow (a >> b), a state or anywhere, not {path!r}")
    rule = Rule(
        kind=kind,
        subject=subject,
        arrow=arrow,
        when=several(when),
        do=several(do),
        by=several(by),
        reenter=reenter,
        doc=doc,
        where=caller(),
        number=next_number(),
        into=into,
    )
    for node in arrow.sources:
        if isinstance(node, Anywhere):
            note_rule(rule.number, rule.where)
        elif is_node(node):
            declared(node).rules[rule.number] = rule.where
    return rule
