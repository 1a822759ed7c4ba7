"""Effects and child instances: what a state invokes and a transition asks for."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Concatenate, Generic, Protocol, TypeVar, overload

from statehold.chart.effect import Effect, ErrorPolicies, Retry, by_kind, policy_faults
from statehold.chart.machine import AMachine, Definition, I, MachineClass, P
from statehold.define.effect_parameters import parameters_of
from statehold.define.function import is_async
from statehold.define.source_line import caller, caller_names
from statehold.errors import DefinitionError, Problem

D = TypeVar("D")
R = TypeVar("R")


class EffectDecorator(Protocol):
    """What ``effect(attempts=5, ...)`` gives: it makes an :class:`.Effect` of a function."""

    @overload
    def __call__(self, run: Callable[Concatenate[D, ...], Awaitable[R]]) -> Effect[D, R]: ...
    @overload
    def __call__(self, run: Callable[Concatenate[D, ...], R]) -> Effect[D, R]: ...


@overload
def effect(run: Callable[Concatenate[D, ...], Awaitable[R]], /) -> Effect[D, R]: ...
@overload
def effect(run: Callable[Concatenate[D, ...], R], /) -> Effect[D, R]: ...
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
    errors: ErrorPolicies | None = None,
) -> EffectDecorator: ...
# long because its docstring has every option
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
    errors: ErrorPolicies | None = None,
) -> Any:
    """Declares a function as an effect: work on the outside world.

    ::

        @effect(attempts=5, timeout=timedelta(seconds=30))
        async def charge(order: Order, call: Call) -> Receipt:
            return await bank.charge(order.total, idempotency_key=call.key)

    The function takes the data first, and then what it needs, by type: a parameter annotated with
    :class:`statehold.Call` gets the call, each other one the resource of its type that the engine
    was given: ``async def charge(order: Order, call: Call, http: httpx.AsyncClient)``. One that
    is annotated with an event gets the event that asked for the effect; None where no event of
    the machine did (``event: Pay | None``). A second parameter without a type is the call;
    parameters with defaults keep them. The function is a coroutine function or a plain one, which
    runs in a thread.

    A state starts it with ``invoke=charge``, a transition with ``do=charge``; ``on_result`` and
    ``on_failure`` take its outcome. It runs after the commit of the step that asked for it, at
    least once, and with the same ``call.key`` at each attempt. What it returns is the result, read
    as its annotation says. An attempt fails with whatever the function raises; ``Permanent`` fails
    the effect at once.

    - ``attempts``: how often it is run at most, 1 or more.
    - ``timeout``: the longest that one attempt may take, counted from when the function runs.
    - ``heartbeat``: the longest silence within an attempt; ``call.heartbeat()`` ends it. None: no
      limit. After a ``timeout`` or a ``heartbeat`` the attempt has failed: a coroutine is
      cancelled, while a thread can't be stopped and goes on unnoticed.
    - ``first``, ``factor``, ``longest``: attempt n + 1 starts ``first * factor ** (n - 1)`` after
      attempt n, at most ``longest``.
    - ``jitter``: the share of that delay, 0 to 1, that chance may take away.
    - ``errors``: policies for types of errors: ``{CardDeclined: Retry(attempts=1), RateLimited:
      Retry(attempts=20, first=minutes(1))}``. The first class of the error's ``__mro__`` that has
      one counts; each counts its own failures, and all other errors together theirs. ``Permanent``
      fails at once, except for a subclass of it that is named here. What is over its time is a
      ``TimeoutError``.

    ``charge.use("deposit", attempts=2)`` is the same function as another effect
    (:meth:`.Effect.use`).

    Raises ``DefinitionError`` for an option out of its range (durations are positive, and 36,500
    days at most) and for a function whose parameters do not fit.
    """
    policy = Retry(attempts, first, factor, longest, jitter)
    policies: ErrorPolicies = {} if errors is None else errors
    where = caller()

    def declare(function: Callable[..., Any]) -> Effect[Any, Any]:
        name = getattr(function, "__name__", "lambda").strip("<>")
        parameters, unfit = parameters_of(function, caller_names(function))
        complaints = [*policy_faults(policy, timeout, heartbeat, policies), *unfit]
        if complaints:
            place = f"effect {name} ({where})"
            raise DefinitionError(name, [Problem(place, *complaint) for complaint in complaints])
        return Effect(
            name=name,
            run=function,
            is_async=is_async(function),
            parameters=parameters,
            retry=policy,
            timeout=timeout,
            heartbeat=heartbeat,
            result_type=_result_type(function),
            doc=inspect.getdoc(function) or "",
            errors=by_kind(policies),
        )

    return declare if run is None else declare(run)


@dataclass(frozen=True, slots=True, eq=False)
class Child(Generic[P]):
    """An instance of another machine that lives as long as a state; what :func:`child` gives. ``P``
    is the type of its output."""

    machine: AMachine
    input: Callable[[Any], Any] | None = None
    id: str | None = None


@overload
def child(
    machine: type[MachineClass[Any, I, Any, P]],
    *,
    input: Callable[[Any], I | Mapping[str, Any]] | None = None,
    id: str | None = None,
) -> Child[P]: ...
@overload
def child(
    machine: Definition[Any], *, input: Callable[[Any], Any] | None = None, id: str | None = None
) -> Child: ...
def child(
    machine: AMachine, *, input: Callable[[Any], Any] | None = None, id: str | None = None
) -> Child:
    """For ``invoke=``: an instance of another machine, which is cancelled when the state is left.

    ::

        paying = State(invoke=child(Payment, input=payment_of))
        paid = on_result(Payment, paying >> shipping, do=note_receipt)

    ``input`` is a function of the data that gives the child's data; if left out, the child starts
    with the defaults of its type. ``on_result(machine, ...)`` takes the child's output, which has
    the type that the output functions of the child's final states are annotated with;
    ``on_failure(machine, ...)`` is taken if the child was cancelled.

    Children of one machine in one state differ by ``id``, a word. A rule for one of them names it,
    and a rule for the machine takes the outcome of each::

        left = child(Kid, id="left", input=left_of)
        right = child(Kid, id="right", input=right_of)
        both = State(invoke=(left, right))
        left_done = on_result(left, both, into="first")
        any_failed = on_failure(Kid, both >> failed)
    """
    return Child(machine, input, id)


def _result_type(function: Callable[..., Any]) -> Any:
    try:
        found = typing.get_type_hints(function).get("return")
        # one that never comes back is there until its state is left: there is nothing to read
        return None if found in (typing.NoReturn, typing.Never) else found
    except (NameError, TypeError, AttributeError):
        # a name that exists only for type checkers; without it results are taken as they come
        return None
