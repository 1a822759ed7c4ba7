"""The table of transitions: ``on``, ``after``, ``always`` and the outcomes.

Types are written so that a checker sees whether guards and actions fit the event; the type of
the data is checked when the machine is compiled.
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
#: what ``do`` takes: functions change the data, effects are asked for and outlive every state
Do: TypeAlias = Change[E] | tuple[Change[E], ...] | None
By: TypeAlias = str | tuple[str, ...]
#: ``a >> b``, or states alone for a transition without a target
Path: TypeAlias = Arrow | Sources | Node

RuleKind = Literal["event", "after", "always", "done", "result", "failure"]

_numbers = count()


@dataclass(slots=True, eq=False)
class Rule:
    """One line of the table, made by :func:`on` and its kin.

    ``subject`` is the event's class, the delay, the effect or the machine, by kind. ``number``
    rises in the order of the text, which is what decides between transitions of one state.
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
    """When the event comes. ``on(AnyEvent, ...)`` takes what no exact rule takes.

    ``when``: all must say yes. ``do``: run in order. ``by``: roles, of which the sender must have
    one. ``reenter``: a transition to its own source, or below it, leaves the source and enters it
    anew. A path without an arrow, ``on(Note, cooking, do=...)``, leaves no state.
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
    """When the source has been active for so long; cancelled when it is left.

    ``delay`` is a duration, or a function of the data that gives a duration or an aware moment;
    it is asked once, when the source is entered.
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
    """At once, as soon as the guards say yes while the source is active."""
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
    """When the compound or parallel source has reached its end."""
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
    """When the effect, or the child instance of that machine, has ended well.

    It is the one invoked by the source, by a state around it or below it, or the one that some
    action asked for. ``event.value`` is of the effect's annotated type, or of the type that the
    child's output functions are annotated with; where they are not, guards and actions that take
    ``Result[X]`` say which.
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
    """When the effect used up its tries or raised ``Permanent``, or the child was cancelled."""
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
