"""The parameters of an effect: the data, and then by their types the call, the event, resources."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from statehold.chart.context import Context
from statehold.chart.effect import Call, Parameter
from statehold.chart.event import (
    Done,
    Event,
    ExecutionError,
    Failure,
    NamedEvent,
    Result,
    TimerFired,
    Undeliverable,
)
from statehold.define.function import (
    UNKNOWN,
    annotated_parameters,
    members_of,
    name_of,
    positional,
)

_EVENTS = (Event, NamedEvent, TimerFired, Done, Result, Failure, Undeliverable, ExecutionError)
_ANNOTATE = "annotate it with Call, or with the type of a resource"

Complaint = tuple[str, str]


def parameters_of(
    function: Callable[..., Any], names: Mapping[str, Any]
) -> tuple[tuple[Parameter, ...], list[Complaint]]:
    """What the function of an effect gets for each parameter, and what is wrong with them.

    ``names`` are those that its annotations may use beside those of its module.
    """
    if not positional(function) or _is_starred(function):
        return (), [
            (
                "its parameters don't fit",
                "take (data), (data, call), or (data, call, resource, ...), each by position",
            )
        ]
    (first, type_), *others = annotated_parameters(function, names)
    found = [Parameter(first.name, "data", type_)]
    complaints: list[Complaint] = []
    for parameter, type_ in others:
        gives, complaint = _given(parameter, type_, is_second=len(found) == 1)
        if complaint is None and gives != "resource" and any(gives == one.gives for one in found):
            complaint = (f"two of its parameters take the {gives}", "take it once")
        if complaint is not None:
            complaints.append(complaint)
        found.append(Parameter(parameter.name, gives, type_))
    return tuple(found), complaints


def _given(
    parameter: inspect.Parameter, type_: Any, *, is_second: bool
) -> tuple[Literal["call", "event", "resource"], Complaint | None]:
    what = f"its parameter {parameter.name}"
    if isinstance(type_, str):
        if type_.rpartition(".")[2] == Call.__name__:
            return "call", None
        return "resource", (
            f"{what} has the type {type_}, which is not known when it is declared",
            f"import {type_} outside of 'if TYPE_CHECKING:'",
        )
    if type_ in (UNKNOWN, Any, object) or isinstance(type_, TypeVar):
        complaint = (f"{what} has no type", _ANNOTATE)
        return ("call", None) if is_second else ("resource", complaint)
    if type_ is Context:
        return "resource", (
            f"{what} takes the context of a step, which an effect runs after",
            "take the call: it has the instance, and asked_at",
        )
    members = [one for one in members_of(type_) if one is not type(None)]
    if members == [Call]:
        return "call", None
    if members and all(_is_event(one) for one in members):
        others = [one for one in members if not _is_of_machine(one)]
        if others:
            return "event", (
                f"{what} takes {name_of(others[0])}, which no one sends",
                "take an event of the machine; keep what you need of any other in the data",
            )
        return "event", None
    if not _is_hashable(type_):
        return "resource", (f"{what} has the type {name_of(type_)}, which has no hash", _ANNOTATE)
    return "resource", None


def _is_event(type_: Any) -> bool:
    plain = typing.get_origin(type_) or type_
    return isinstance(plain, type) and issubclass(plain, _EVENTS)


def _is_of_machine(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Event | NamedEvent)


def _is_starred(function: Callable[..., Any]) -> bool:
    """Whether ``*args`` would take even the data."""
    return next(iter(inspect.signature(function).parameters.values())).kind is (
        inspect.Parameter.VAR_POSITIONAL
    )


def _is_hashable(type_: Any) -> bool:
    try:
        hash(type_)
    except TypeError:
        return False
    return True
