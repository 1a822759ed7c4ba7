"""The table of transitions: ``on``, ``after``, ``always`` and the outcomes.

The types make a checker report guards and actions that do not fit the event; the type of the data
is checked when the machine is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias, TypeVar, overload

from statehold.chart.context import Context
from statehold.chart.effect import Effect
from statehold.chart.event import Done, Event, Failure, Result, TimerFired, Undeliverable
from statehold.chart.machine import AMachine
from statehold.define.source_line import caller
from statehold.define.state import (
    Active,
    Arrow,
    DelayLike,
    Node,
    Sources,
    declared,
    is_node,
)

E = TypeVar("E")
O = TypeVar("O", bound=Event | Undeliverable)  # noqa: E741 - an occurrence
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
Path: TypeAlias = Arrow | Sources | Node

RuleKind = Literal["event", "after", "always", "done", "result", "failure"]

_numbers = count()


@dataclass(slots=True, eq=False)
class Rule:
    """One line of the table, as :func:`on`, :func:`after` and the others give it.

    ``subject`` is the event's class, the delay, the effect or the machine, by kind. ``number``
    rises in the order of the text, which decides between transitions of one state. ``where`` is the
    line of the source that declares it.
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


def on(
    event: type[O],
    path: Path,
    /,
    *,
    when: When[O] = None,
    do: Do[O] = None,
    by: By = (),
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that an event of this class takes.

    ::

        accept = on(Accept, offering >> cooking, when=is_open, do=note_prep_time, by="restaurant")
        reject = on(Reject, (offering | cooking) >> cancelled)
        note = on(Note, cooking, do=add_note)

    ``event`` is a subclass of :class:`statehold.Event`; ``AnyEvent`` takes every event that no
    other rule of the state takes, ``Undeliverable`` a message of its own that the receiver did not
    accept. ``path`` is an arrow, or states alone: then the actions run and no state is left.

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

    A compound state ends with a ``Final`` child, a parallel one once all of its regions have ended
    (SCXML 3.7). The event is a :class:`statehold.Done` with the ``output`` of that ``Final``. The
    other options are those of :func:`on`, without ``by``.
    """
    return _rule("done", None, path, when, do, (), reenter, doc)


@overload
def on_result(
    what: Effect[Any, R],
    path: Path,
    /,
    *,
    when: When[Result[R]] = None,
    do: Do[Result[R]] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
@overload
def on_result(
    what: AMachine,
    path: Path,
    /,
    *,
    when: When[Result[Any]] = None,
    do: Do[Result[Any]] = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule: ...
def on_result(
    what: Effect[Any, Any] | AMachine,
    path: Path,
    /,
    *,
    when: Any = None,
    do: Any = None,
    reenter: bool = False,
    doc: str = "",
) -> Rule:
    """A transition that is taken when an effect, or the child instance of a machine, has succeeded.

    ::

        paid = on_result(charge, paying >> shipping, do=note_receipt)

    ``what`` is the effect or the machine. It is invoked by the source, by a state around it or
    below it, or an action asks for it. The event is a :class:`statehold.Result`: its ``value`` has
    the type that the effect, or the output functions of the child's final states, are annotated
    with; where they are not, guards and actions that take ``Result[X]`` say which. The other
    options are those of :func:`on`, without ``by``.
    """
    return _rule("result", what, path, when, do, (), reenter, doc)


def on_failure(
    what: Effect[Any, Any] | AMachine,
    path: Path,
    /,
    *,
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
    the event is a :class:`statehold.Failure`. The other options are those of :func:`on`, without
    ``by``.
    """
    return _rule("failure", what, path, when, do, (), reenter, doc)


def several(value: Any) -> tuple[Any, ...]:
    """One, a tuple of them, or None, as a tuple."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _rule(
    kind: RuleKind,
    subject: Any,
    path: Any,
    when: Any,
    do: Any,
    by: By,
    reenter: bool,
    doc: str,
) -> Rule:
    if is_node(path):
        arrow = Arrow((path,), None)
    elif isinstance(path, Sources):
        arrow = Arrow(path.nodes, None)
    elif isinstance(path, Arrow):
        arrow = path
    else:
        raise TypeError(f"expected an arrow (a >> b) or a state, not {path!r}")
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
        number=next(_numbers),
    )
    for node in arrow.sources:
        if is_node(node):
            declared(node).rules[rule.number] = rule.where
    return rule
