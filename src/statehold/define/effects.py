"""Effects and child instances: what a state may invoke, and a transition ask for."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar, overload

from statehold.chart.effect import Call, Effect, Retry
from statehold.chart.machine import AMachine
from statehold.define.function import is_async, positional
from statehold.define.source_line import caller
from statehold.errors import DefinitionError, Problem

D = TypeVar("D")
R = TypeVar("R")

#: a time-out, a silence or a pause between two attempts is no longer
_LONGEST = timedelta(days=36_500)


class EffectDecorator(Protocol):
    """Makes an :class:`.Effect` of a function."""

    @overload
    def __call__(self, run: Callable[[D], Awaitable[R]]) -> Effect[D, R]: ...
    @overload
    def __call__(self, run: Callable[[D, Call], Awaitable[R]]) -> Effect[D, R]: ...
    @overload
    def __call__(self, run: Callable[[D], R]) -> Effect[D, R]: ...
    @overload
    def __call__(self, run: Callable[[D, Call], R]) -> Effect[D, R]: ...


@overload
def effect(run: Callable[[D], Awaitable[R]], /) -> Effect[D, R]: ...
@overload
def effect(run: Callable[[D, Call], Awaitable[R]], /) -> Effect[D, R]: ...
@overload
def effect(run: Callable[[D], R], /) -> Effect[D, R]: ...
@overload
def effect(run: Callable[[D, Call], R], /) -> Effect[D, R]: ...
@overload
def effect(
    *,
    attempts: int = 10,
    timeout: timedelta = timedelta(seconds=60),
    heartbeat: timedelta | None = None,
    first: timedelta = timedelta(seconds=1),
    factor: float = 2.0,
    longest: timedelta = timedelta(minutes=5),
    jitter: float = 0.2,
) -> EffectDecorator: ...
def effect(
    run: Callable[..., Any] | None = None,
    /,
    *,
    attempts: int = 10,
    timeout: timedelta = timedelta(seconds=60),
    heartbeat: timedelta | None = None,
    first: timedelta = timedelta(seconds=1),
    factor: float = 2.0,
    longest: timedelta = timedelta(minutes=5),
    jitter: float = 0.2,
) -> Any:
    """Declares work on the outside world: ``@effect`` or ``@effect(attempts=5, ...)``.

    The function takes ``(data)`` or ``(data, call)`` and may be a coroutine function or a plain
    one, which runs in a thread. It runs after the commit that asked for it, at least once, with
    the same ``call.key`` at each of at most ``attempts`` attempts. Whatever it raises is one failed
    attempt. ``timeout`` bounds one attempt, from the moment the function runs, ``heartbeat`` the
    silence within one; then a coroutine is cancelled, while a thread can't be stopped and goes on.
    Attempt n + 1 comes ``first * factor ** (n - 1)`` after attempt n, at most ``longest``; chance
    takes away up to the share ``jitter`` (0 to 1) of it.

    Raises ``DefinitionError`` where an option or the function's signature makes no sense.
    """
    policy = Retry(attempts, first, factor, longest, jitter)
    where = caller()

    def declare(function: Callable[..., Any]) -> Effect[Any, Any]:
        name = getattr(function, "__name__", "lambda").strip("<>")
        arity = positional(function)
        complaints = _complaints(policy, timeout, heartbeat)
        if arity not in (1, 2):
            complaints.append(("its parameters don't fit", "take (data) or (data, call)"))
        if complaints:
            place = f"effect {name} ({where})"
            raise DefinitionError(name, [Problem(place, *complaint) for complaint in complaints])
        return Effect(
            name=name,
            run=function,
            is_async=is_async(function),
            takes_call=arity == 2,
            retry=policy,
            timeout=timeout,
            heartbeat=heartbeat,
            result_type=_result_type(function),
            doc=inspect.getdoc(function) or "",
        )

    return declare if run is None else declare(run)


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """Another machine's instance that lives as long as a state; made by :func:`child`."""

    machine: AMachine
    input: Callable[[Any], Any] | None = None


def child(machine: AMachine, *, input: Callable[[Any], Any] | None = None) -> Child:
    """For ``invoke=``: an instance of another machine, ended when the state is left.

    ``input`` is a function of the data that gives the child's data; left out, the child starts
    with its own defaults. The child's output comes back to ``on_result(machine, ...)``, as the
    output functions of its final states are annotated.
    """
    return Child(machine, input)


def _complaints(
    policy: Retry, timeout: timedelta, heartbeat: timedelta | None
) -> list[tuple[str, str]]:
    zero = timedelta(0)
    checks = [
        (policy.attempts >= 1, f"attempts is {policy.attempts}", "give 1 or more"),
        (timeout > zero, f"timeout is {timeout}", "give a positive timedelta"),
        (heartbeat is None or heartbeat > zero, f"heartbeat is {heartbeat}", "give a positive one"),
        (policy.first >= zero, f"first is {policy.first}", "give 0 or more"),
        (policy.factor >= 1, f"factor is {policy.factor}", "give 1 or more"),
        (policy.longest >= policy.first, f"longest is {policy.longest}", "give no less than first"),
        (math.isfinite(policy.factor), f"factor is {policy.factor}", "give a finite one"),
        *(
            (given <= _LONGEST, f"{name} is {given}", f"give {_LONGEST.days} days at most")
            for name, given in (
                ("timeout", timeout),
                ("heartbeat", heartbeat or zero),
                ("longest", policy.longest),
            )
        ),
        (0 <= policy.jitter <= 1, f"jitter is {policy.jitter}", "give a share from 0 to 1"),
    ]
    return [(message, hint) for good, message, hint in checks if not good]


def _result_type(function: Callable[..., Any]) -> Any:
    try:
        found = typing.get_type_hints(function).get("return")
        # one that never comes back is there until its state is left: there is nothing to read
        return None if found in (typing.NoReturn, typing.Never) else found
    except (NameError, TypeError, AttributeError):
        # a name that exists only for type checkers; without it results are taken as they come
        return None
