"""Has the methods of an engine record in the audit log what they refuse."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from statehold.chart.machine import AMachine
from statehold.errors import Forbidden, NotAllowed
from statehold.records import ANYONE, Caller
from statehold.store import Query

C = TypeVar("C", bound=type)


class _Recording(Protocol):
    def refused(self, caller: Caller, action: str, machine: str, id: str, detail: str) -> None: ...


def records_refusals(of: C) -> C:
    """A class decorator: each public method that takes a ``caller`` records its refusals under its
    own name by ``self.refused``. Here, so that no method can be added that does not."""
    for name, method in list(vars(of).items()):
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        places = list(inspect.signature(method).parameters)
        if "caller" not in places or name == "refused":
            continue
        wrap = _recorded if inspect.iscoroutinefunction(method) else _recorded_stream
        setattr(of, name, wrap(name, method, places))
    return of


def is_refusal(error: BaseException) -> bool:
    """Whether it is for the want of a right: the caller's, or a role, also where its caller does
    not learn that."""
    if isinstance(error, NotAllowed) and isinstance(error.withheld, NotAllowed):
        error = error.withheld
    return isinstance(error, Forbidden) or (isinstance(error, NotAllowed) and error.forbidden)


def _recorded(name: str, method: Callable[..., Any], places: list[str]) -> Callable[..., Any]:
    @wraps(method)
    async def recorded(*given: Any, **named: Any) -> Any:
        try:
            answer = await method(*given, **named)
        except (Forbidden, NotAllowed) as error:
            if is_refusal(error):
                _record(name, error, places, given, named)
            raise
        if isinstance(answer, list):
            # of many requests, each has an answer or an error
            for asked, one in zip(given[1], answer, strict=True):
                if isinstance(one, Exception) and is_refusal(one):
                    caller = named.get("caller", ANYONE)
                    given[0].refused(caller, "send", _name_of(asked.machine), asked.id, str(one))
        return answer

    return recorded


def _recorded_stream(
    name: str, method: Callable[..., Any], places: list[str]
) -> Callable[..., Any]:
    async def follow(
        items: AsyncGenerator[Any, None], given: tuple[Any, ...], named: dict[str, Any]
    ) -> AsyncIterator[Any]:
        try:
            async with aclosing(items):
                async for item in items:
                    yield item
        except Forbidden as error:
            _record(name, error, places, given, named)
            raise

    @wraps(method)
    def recorded(*given: Any, **named: Any) -> AsyncIterator[Any]:
        return follow(method(*given, **named), given, named)

    return recorded


def _record(
    name: str, error: Exception, places: list[str], given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    all_ = {**dict(zip(places, given, strict=False)), **named}
    query = all_.get("query")
    machine = query.machine if isinstance(query, Query) else all_.get("machine")
    instance = all_.get("id") or all_.get("incident") or ""
    caller = cast(Caller, all_.get("caller", ANYONE))
    cast(_Recording, given[0]).refused(caller, name, _name_of(machine), str(instance), str(error))


def _name_of(machine: AMachine | str | None) -> str:
    if machine is None or isinstance(machine, str):
        return machine or ""
    return machine.definition.name
