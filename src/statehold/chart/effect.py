"""Effects: work on the outside world, with the policy of its attempts.

The engine runs an effect after the commit of the step that asked for it, at least once, with the
same key at each attempt.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from datetime import datetime, timedelta
from types import EllipsisType
from typing import Any, Generic, Literal, Protocol, TypeVar

from statehold.chart.error_kinds import PERMANENT, entry_for, kind_of
from statehold.errors import DefinitionError, Problem

D = TypeVar("D")
R = TypeVar("R")

#: what a policy by type of error is given as
ErrorPolicies = Mapping[type[BaseException], "Retry"]

#: the longest timeout, heartbeat and delay between two attempts
_LONGEST = timedelta(days=36_500)
_AT_MOST = f"give {_LONGEST.days} days at most"
#: entries of one effect's ``errors``
_ENTRIES = 100
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an effect is attempted, and the delays between its attempts.

    After failed attempt n it waits ``first * factor ** (n - 1)``, at most ``longest``. ``jitter``
    is the share of that delay, 0 to 1, that chance may take away.

    In ``errors=`` of an effect it is the policy of one type of error, which counts its own
    failures: ``attempts`` of 1 means that the first such error is the last.
    """

    attempts: int = 10
    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)
    jitter: float = 0.2

    def delay_seconds(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failed attempt number ``attempt``; ``chance`` is from [0, 1)."""
        longest = self.longest.total_seconds()
        try:
            plain = self.first.total_seconds() * self.factor ** min(attempt - 1, 64)
        except OverflowError:
            # too large for a float, so longer than ``longest``
            plain = longest
        return min(plain, longest) * (1 - self.jitter * chance)


class Sender(Protocol):
    """What :meth:`Call.send` stands for."""

    def send(self, event: Any, key: str | None) -> Awaitable[None]: ...
    def send_blocking(self, event: Any, key: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """An argument of an effect: what it may know about this run.

    ``key`` is the same at each attempt: pass it on as the idempotency key. ``machine`` and
    ``instance`` are the ids of the instance, ``attempt`` counts from 1, and ``asked_at`` is when
    the step that asked for the effect happened (aware, UTC).
    """

    key: str
    machine: str
    instance: str
    attempt: int
    asked_at: datetime
    _beat: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    _sender: Sender | None = field(default=None, repr=False, compare=False)

    def heartbeat(self) -> None:
        """Reports that the attempt is alive; due more often than every ``heartbeat`` of the effect.

        May be called from the effect's own thread.
        """
        self._beat()

    def send(self, event: Any, *, key: str | None = None) -> Awaitable[None]:
        """Sends an event to the instance while the effect runs; await it.

        ::

            await call.send(Progress(done=40), key="40")

        It returns once the step is committed. The sender is the machine itself, ``machine:NAME``:
        internal events pass. Events of one attempt are taken one at a time, in the order of the
        calls; where the engine is overloaded it waits. While the instance is paused, the event is
        held, before the effect's outcome. Each event is a heartbeat too.

        With a ``key`` of 1 to 200 characters, which is the effect's own, an event is taken once,
        whichever attempt sends it; the next attempt sends all others again.

        Raises ``AttemptOver`` where the instance does not wait for this attempt any more, as its
        state was left or another attempt has begun; ``NotAllowed``, ``UnknownEvent``,
        ``InvalidPayload``, ``TooLarge``, ``KeyReused``, a ``StepFailed`` or ``Unavailable`` as for
        any sender. Nothing has changed then, save that after ``Unavailable`` it is not known.
        """
        return self._sends().send(event, key)

    def send_blocking(self, event: Any, *, key: str | None = None) -> None:
        """As :meth:`send`, for a plain function in its thread."""
        self._sends().send_blocking(event, key)

    def _sends(self) -> Sender:
        if self._sender is None:
            raise RuntimeError("this call was made by hand, and has no instance to send to")
        return self._sender


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an effect's function gets for one of its parameters.

    ``type`` is as annotated, with what ``Annotated`` adds: the event's, or the one that a resource
    is found by.
    """

    name: str
    gives: Literal["data", "call", "event", "resource"]
    type: Any = Any


#: of a function ``(data, call)``
DATA_AND_CALL = (Parameter("data", "data"), Parameter("call", "call"))


@dataclass(frozen=True, slots=True, eq=False)
class Effect(Generic[D, R]):
    """A function with the policy of its attempts; what :func:`statehold.effect` gives.

    ``run`` takes what ``parameters`` say, in this order; it is a coroutine function or a plain one
    (``is_async``). ``timeout`` bounds one attempt, ``heartbeat`` the silence within one.
    """

    name: str
    run: Callable[..., Any]
    is_async: bool
    parameters: tuple[Parameter, ...] = DATA_AND_CALL
    retry: Retry = Retry()
    timeout: timedelta = timedelta(seconds=60)
    heartbeat: timedelta | None = None
    #: the type of the result, as annotated; ``None`` where there is no annotation
    result_type: Any = None
    doc: str = ""
    #: policies by the kind of the error (:mod:`.error_kinds`); ``retry`` is that of all others
    errors: Mapping[str, Retry] = field(default_factory=dict)

    def use(
        self,
        name: str,
        *,
        attempts: int | None = None,
        timeout: timedelta | None = None,
        heartbeat: timedelta | EllipsisType | None = ...,
        first: timedelta | None = None,
        factor: float | None = None,
        longest: timedelta | None = None,
        jitter: float | None = None,
        errors: ErrorPolicies | None = None,
    ) -> Effect[D, R]:
        """The same function as an effect of its own, with a name and a policy of its own.

        ::

            deposit = charge.use("deposit", attempts=2, errors={CardDeclined: Retry(attempts=1)})
            paying = State(invoke=deposit)
            paid = on_result(deposit, paying >> shipping)

        It is another effect for a machine: its outcomes, its attempts and its entries in the
        journal are under ``name``, which is letters, digits and ``. _ -``, at most 200, a letter
        or ``_`` first. The options are those of :func:`statehold.effect`; one that is left out is
        as this effect has it, and ``errors`` stands in place of all of this effect's.

        Raises ``DefinitionError`` for a name that can't be one and for an option out of its range.
        """
        before = self.retry
        retry = Retry(
            before.attempts if attempts is None else attempts,
            before.first if first is None else first,
            before.factor if factor is None else factor,
            before.longest if longest is None else longest,
            before.jitter if jitter is None else jitter,
        )
        used = with_fields(
            self,
            retry=retry,
            timeout=self.timeout if timeout is None else timeout,
            heartbeat=self.heartbeat if isinstance(heartbeat, EllipsisType) else heartbeat,
        )
        faults = policy_faults(
            retry, used.timeout, used.heartbeat, {} if errors is None else errors
        )
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            hint = "letters, digits and . _ -, at most 200, a letter or _ first"
            faults.insert(0, (f"{name!r} can't be its name", hint))
        if faults:
            frame = sys._getframe(1)
            file = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
            place = f"a use of effect {self.name} ({file}:{frame.f_lineno})"
            raise DefinitionError(str(name), [Problem(place, *fault) for fault in faults])
        policies = self.errors if errors is None else by_kind(errors)
        return with_fields(used, name=name, errors=policies)

    def policy_for(self, kinds: Iterable[str]) -> tuple[str, Retry]:
        """The entry of ``errors`` for an error of these kinds, and its policy; an empty name, and
        ``retry``, where there is none."""
        entry = entry_for(kinds, self.errors) if self.errors else None
        return ("", self.retry) if entry is None else (entry, self.errors[entry])

    @property
    def takes_call(self) -> bool:
        return any(one.gives == "call" for one in self.parameters)

    @property
    def event(self) -> Parameter | None:
        """The parameter for the event that asked for it, if it has one."""
        return next((one for one in self.parameters if one.gives == "event"), None)

    @property
    def resources(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.gives == "resource")

    def arguments(
        self,
        data: Any,
        call: Callable[[], Call],
        resource: Callable[[Any], Any],
        event: Callable[[], Any],
    ) -> tuple[Any, ...]:
        """What ``run`` is called with. ``resource`` gives a resource by its type, ``event`` the
        event that asked for it."""
        found: list[Any] = []
        for one in self.parameters:
            match one.gives:
                case "data":
                    found.append(data)
                case "call":
                    found.append(call())
                case "resource":
                    found.append(resource(one.type))
                case "event":
                    found.append(event())
        return tuple(found)


def by_kind(errors: ErrorPolicies) -> dict[str, Retry]:
    """The policies by the names of their errors."""
    return {kind_of(error): retry for error, retry in errors.items()}


def policy_faults(
    policy: Retry, timeout: timedelta, heartbeat: timedelta | None, errors: Any
) -> list[tuple[str, str]]:
    """What is wrong with the options of an effect: each fault with a hint."""
    zero = timedelta(0)
    if not isinstance(errors, Mapping):
        hint = "write errors={TimeoutError: Retry(attempts=...)}"
        return [(f"errors is {errors!r}, which is no mapping", hint)]
    checks = [
        (timeout > zero, f"timeout is {timeout}", "give a positive timedelta"),
        (heartbeat is None or heartbeat > zero, f"heartbeat is {heartbeat}", "give a positive one"),
        *(
            (given <= _LONGEST, f"{name} is {given}", _AT_MOST)
            for name, given in (("timeout", timeout), ("heartbeat", heartbeat or zero))
        ),
        (
            len(errors) <= _ENTRIES,
            f"errors has {len(errors)} entries",
            f"give {_ENTRIES} at most; a class stands for its subclasses",
        ),
    ]
    found = [*_retry_faults(policy, ""), *((text, hint) for good, text, hint in checks if not good)]
    for error, retry in errors.items():
        found += _entry_faults(error, retry)
    return found


def _entry_faults(error: Any, retry: Any) -> list[tuple[str, str]]:
    if not isinstance(error, type) or not issubclass(error, BaseException):
        return [
            (f"errors has {error!r}, which is no class of errors", "give a class: TimeoutError")
        ]
    if kind_of(error) == PERMANENT:
        hint = "give a subclass of it that may be tried again, or raise another error"
        return [("errors has Permanent, which fails at once", hint)]
    if not isinstance(retry, Retry):
        return [(f"errors has {retry!r} for {error.__name__}", "give Retry(attempts=...)")]
    return _retry_faults(retry, f"for {error.__name__}, ")


def _retry_faults(policy: Retry, what: str) -> list[tuple[str, str]]:
    zero = timedelta(0)
    checks = [
        (policy.attempts >= 1, f"attempts is {policy.attempts}", "give 1 or more"),
        (policy.first >= zero, f"first is {policy.first}", "give 0 or more"),
        (policy.factor >= 1, f"factor is {policy.factor}", "give 1 or more"),
        (policy.longest >= policy.first, f"longest is {policy.longest}", "give no less than first"),
        (math.isfinite(policy.factor), f"factor is {policy.factor}", "give a finite one"),
        (policy.longest <= _LONGEST, f"longest is {policy.longest}", _AT_MOST),
        (0 <= policy.jitter <= 1, f"jitter is {policy.jitter}", "give a share from 0 to 1"),
    ]
    return [(f"{what}{message}", hint) for good, message, hint in checks if not good]
