"""The harness: an instance stepped by hand, with assertions whose failures show its history."""

from __future__ import annotations

import asyncio
import contextvars
import difflib
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NoReturn, Self, TypeVar, overload

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from statehold.chart.access import machine as machine_role
from statehold.chart.effect import Call, Effect
from statehold.chart.error_kinds import kinds_of
from statehold.chart.event import AnEvent, Event
from statehold.chart.machine import AMachine, Definition, I, MachineClass, O, Plain
from statehold.chart.payload import given_result
from statehold.check.simulate.hand_stepped import EPOCH, WORKER, D, E, Roles, V, by
from statehold.check.simulate.requested import Asked, AskedFor, Sent, is_called, name_of_asked
from statehold.check.simulate.simulated import Simulated
from statehold.define.effects import Child
from statehold.define.state import Node, declared
from statehold.engine.limits import Limits
from statehold.engine.resources.once import opened
from statehold.engine.resources.providers import Providers, Resources
from statehold.errors import AttemptOver, KeyReused, NotAllowed, Permanent

T = TypeVar("T")
R = TypeVar("R")

AnError = BaseException | str
NamedEventType = type[Event] | str
AState = Node | str

_ABSENT: Any = object()


class Harness(Simulated[D, E, V]):
    """One instance of a machine, in a test, with nothing else around it.

    ::

        order = Harness(OrderFlow, {"items": ["pizza"]})
        order.send(RestaurantAccepted(prep_minutes=12), roles="restaurant")
        order.advance(minutes(12))
        order.assert_state(OrderFlow.ready)

    Nothing happens by itself: events are sent by :meth:`send`, timers fire as :meth:`advance`
    moves the clock, effects end by :meth:`succeed`, :meth:`fail` or :meth:`run`. A failed assertion
    raises ``AssertionError`` with the actual state, the expected one and the path that led there.
    ``resources`` are for effects that are run, opened for each :meth:`run` and closed after it.

    Raises ``InvalidPayload`` where ``data`` (a value, plain Python values, or left out for
    the defaults) does not fit, and a ``StepFailed`` where the machine's first step fails.
    """

    @overload
    def __init__(
        self, machine: type[MachineClass[E, I, V, Any, D]],
        data: I | Plain | UnsetType | None = UNSET, *,
        id: str = "test", now: datetime = EPOCH, limits: Limits = ...,
        resources: Resources = ...,
    ) -> None: ...  # fmt: skip
    @overload
    def __init__(
        self: Harness[T, Any, Any], machine: Definition[T], data: Any = UNSET, *,
        id: str = "test", now: datetime = EPOCH, limits: Limits = ...,
        resources: Resources = ...,
    ) -> None: ...  # fmt: skip
    def __init__(
        self,
        machine: AMachine,
        data: Any = UNSET,
        *,
        id: str = "test",
        now: datetime = EPOCH,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        resources: Resources = (),
    ) -> None:
        self._resources = Providers(resources)
        #: what effects have sent with a key, by the key of the effect and the event's own
        self.sent_by_effects: dict[tuple[str, str], Any] = {}
        super().__init__(machine, data, id=id, now=now, limits=limits)

    def jump(self) -> Self:
        """Moves the clock to the next timer or delayed message to itself, and handles it."""
        due = self.next_due
        if due is None:
            self._wrong("nothing is due, now or later", "a timer that runs")
        self._handle_due(due)
        return self

    # --- outcomes ---

    @overload
    def succeed(
        self, effect: Effect[Any, R], result: R | Mapping[str, Any], *, key: str | None = None
    ) -> Self: ...
    @overload
    def succeed(self, effect: Effect[Any, R | None], *, key: str | None = None) -> Self: ...
    @overload
    def succeed(self, effect: str, result: Any = None, *, key: str | None = None) -> Self: ...
    def succeed(
        self, effect: Effect[Any, Any] | str, result: Any = None, *, key: str | None = None
    ) -> Self:
        """The effect succeeded; this resolves an incident, too.

        ``key`` chooses where several of the name are in flight. Raises ``InvalidPayload`` where
        the result is not of the effect's annotated type.
        """
        asked = self._one(effect, "effect", key)
        self.succeed_asked(asked, result)
        return self

    def fail(
        self,
        effect: AskedFor,
        error: AnError = "failed in the test",
        *,
        attempts: int | None = None,
        key: str | None = None,
    ) -> Self:
        """The effect failed: ``attempts`` times in a row, by default for good.

        Its last attempt, and a ``Permanent``, is for good: a transition takes the failure, or it
        becomes an incident. How many attempts there are is what the effect's ``errors`` say for
        ``error``, where it is an exception and they name its type.
        """
        asked = self._one(effect, "effect", key)
        kinds = () if isinstance(error, str) else kinds_of(error)
        policy, retry = self.definition.effects[asked.name].policy_for(kinds)
        attempt = self._instance.attempts[asked.key]
        left = max(retry.attempts - attempt.failures(policy) + 1, 1)
        is_permanent = isinstance(error, Permanent) and not policy
        failing = left if attempts is None else attempts
        if not 1 <= failing <= left:
            self._wrong(
                f"{asked} can't fail {failing} times, it has {left} attempts left of "
                f"{retry.attempts}",
                f"attempts= from 1 to {left}",
            )
        if is_permanent or failing == left:
            number = asked.attempt if is_permanent else asked.attempt + left - 1
            self.fail_asked(asked, _class_of(error), str(error), attempt=number, kinds=kinds)
        else:
            why = f"{_class_of(error)}: {error}"
            for number in range(asked.attempt, asked.attempt + failing):
                attempt = attempt.postpone(number, why, self._now, policy).begin(WORKER)
            self._set_attempt(asked, attempt)
            self._narrative.note(self._now, f"{asked.name} ({asked.key}) failed: {why}")
        return self

    @overload
    def succeed_child(
        self, machine: type[MachineClass[Any, Any, Any, O]] | Child[O],
        output: O | Plain | None = None, *, key: str | None = None,
    ) -> Self: ...  # fmt: skip
    @overload
    def succeed_child(
        self, machine: Definition[Any] | str, output: Any = None, *, key: str | None = None
    ) -> Self: ...
    def succeed_child(
        self, machine: AMachine | Child | str, output: Any = None, *, key: str | None = None
    ) -> Self:
        """The child instance is done, with this output."""
        asked = self._one(machine, "machine", key)
        self.succeed_asked(asked, output)
        return self

    def fail_child(
        self,
        machine: AMachine | Child | str,
        error: AnError = "cancelled in the test",
        *,
        key: str | None = None,
    ) -> Self:
        """The child instance was cancelled, or could not be started."""
        asked = self._one(machine, "machine", key)
        name = "Cancelled" if isinstance(error, str) else _class_of(error)
        self.fail_asked(asked, name, str(error))
        return self

    def retry(self, effect: AskedFor, *, key: str | None = None) -> Self:
        """An operator retries an incident, from the first attempt on."""
        asked = self._incident(effect, key)
        again = self._instance.attempts[asked.key].retry(self._now)
        self._set_attempt(asked, again.begin(WORKER))
        self._narrative.note(self._now, f"{asked.name} ({asked.key}) is retried")
        return self

    def skip(self, effect: AskedFor, *, key: str | None = None) -> Self:
        """An operator skips an incident: there is no event."""
        asked = self._incident(effect, key)
        effects = tuple(one for one in self.snapshot.effects if one.key != asked.key)
        self._end_attempt(asked, "skip", replace(self.snapshot, effects=effects))
        asked.status = "skipped"
        self._narrative.note(self._now, f"{asked.name} ({asked.key}) is skipped")
        return self

    def run(self, effect: Effect[Any, T], *, key: str | None = None) -> T:
        """Runs the effect's own function for one attempt, and delivers its outcome.

        The function gets a copy of the data and a ``Call``, as in an engine, within the effect's
        timeout. Returns its result, as read back from JSON. What it raises is raised here too,
        after it was counted as a failed attempt; a ``Permanent``, or the last attempt, is delivered
        first. What it sends is taken at once, each ``key`` once. Raises ``ResourcesInvalid`` where
        it takes what the harness was not given.
        """
        asked = self._one(effect, "effect", key)
        known = self.definition.effects[asked.name]
        self._resources.check([(f"machine {self.definition.name}", known)])
        name = f"{self.definition.name}/{self.id}/{asked.key}"
        sender = _Sending(self, asked)
        call = Call(
            name, self.definition.name, self.id, asked.attempt, asked.asked_at, _sender=sender
        )
        data = self.definition.data.copy(asked.data)
        try:
            result = _complete(known, self._resources, data, call, asked.event)
        except Exception as error:
            if asked.in_flight:
                self.fail(effect, error, attempts=1, key=asked.key)
            raise
        if asked.in_flight:
            # else an event that it has sent has left its state
            self.succeed_asked(asked, result)
        value: T = given_result(self.definition, asked.name, result)
        return value

    # --- assertions ---

    def refuses(self, event: E | Mapping[str, Any], *, roles: Roles = None) -> NotAllowed:
        """Asserts that the event is not allowed now; returns the error, which has the reasons."""
        error = self._would_refuse(event, roles)
        if error is None:
            self._wrong(f"{event!r} is allowed{by(roles)}", "that it is refused")
        return error

    def assert_state(self, *states: AState) -> None:
        """Asserts that these states are active: leaves or their ancestors, objects or paths."""
        wanted = [self._path(state) for state in states]
        missing = [path for path in wanted if path not in self.active]
        if missing:
            self._wrong(f"it is in {', '.join(self.state)}", f"to be in {', '.join(wanted)}")

    def assert_data(self, **fields: Any) -> None:
        """Asserts that these fields of the data, or items of a mapping, have these values."""
        data = self.data
        wrong = []
        for name, expected in fields.items():
            actual = (
                data.get(name, _ABSENT) if isinstance(data, dict) else getattr(data, name, _ABSENT)
            )
            if actual != expected:
                is_ = "absent" if actual is _ABSENT else repr(actual)
                wrong.append((f"{name} is {is_}", f"{name} = {expected!r}"))
        if wrong:
            self._wrong("; ".join(i for i, _ in wrong), "; ".join(e for _, e in wrong))

    def assert_asked(self, what: AskedFor, *, times: int | None = None) -> Asked:
        """Asserts that the effect or child was requested, ``times`` times in all if given.

        Returns the last request.
        """
        name = name_of_asked(what)
        found = [asked for asked in self.asked if is_called(asked, name)]
        if not found or (times is not None and len(found) != times):
            expected = f"{name} to be asked for" + ("" if times is None else f" {times} times")
            self._wrong(f"{name} was asked for {len(found)} times; {self._listed()}", expected)
        return found[-1]

    def assert_not_asked(self, what: AskedFor) -> None:
        """Asserts that the effect or child was never requested."""
        name = name_of_asked(what)
        if any(is_called(asked, name) for asked in self.asked):
            self._wrong(f"{name} was asked for; {self._listed()}", f"{name} not to be asked for")

    def assert_running(self, what: AskedFor) -> Asked:
        """Asserts that the effect or child is in flight; returns its request."""
        name = name_of_asked(what)
        found = [asked for asked in self.running if is_called(asked, name)]
        if not found:
            self._wrong(f"{name} is not in flight; {self._listed()}", f"{name} in flight")
        return found[-1]

    def assert_allowed(
        self, *events: NamedEventType, roles: Roles = None, only: bool = False
    ) -> None:
        """Asserts that these roles may send each of these events now; with ``only``, no others."""
        wanted = [event if isinstance(event, str) else event.__event__ for event in events]
        now = self.allowed_for(roles)
        if not set(wanted) <= set(now) or (only and set(wanted) != set(now)):
            expected = ", ".join(wanted) or "nothing"
            self._wrong(
                f"allowed is {', '.join(now) or 'nothing'}",
                f"{expected}{' and no other' if only else ''} to be allowed",
            )

    def assert_sent(
        self, event: type[AnEvent] | str, *, machine: AMachine | str | None = None,
        instance: str | None = None,
    ) -> Sent:  # fmt: skip
        """Asserts that such an event was sent to an instance; returns the last one."""
        name = event if isinstance(event, str) else str(getattr(event, "__event__", event))
        to = None if machine is None else name_of_asked(machine)
        found = [
            sent
            for sent in self.sent
            if sent.event.__event__ == name
            and to in (None, sent.machine)
            and instance in (None, sent.instance)
        ]
        if not found:
            all_ = "; ".join(map(str, self.sent)) or "nothing"
            self._wrong(f"sent was {all_}", f"{name} to {to or 'any'}/{instance or 'any'}")
        return found[-1]

    def assert_done(self, output: Any = _ABSENT) -> None:
        """Asserts that it is done, with this output if one is given."""
        if not self.done:
            self._wrong(f"it is not done, but in {', '.join(self.state)}", "it to be done")
        if output is not _ABSENT and self.output != output:
            self._wrong(f"the output is {self.output!r}", f"output {output!r}")

    # --- underneath ---

    def _one(self, what: AskedFor, kind: str, key: str | None) -> Asked:
        name = name_of_asked(what)
        found = [
            asked
            for asked in self.running
            if is_called(asked, name) and asked.kind == kind and key in (None, asked.key)
        ]
        if len(found) != 1:
            which = name if key is None else f"{name} ({key})"
            if found:
                keys = ", ".join(asked.key for asked in found)
                self._wrong(f"{len(found)} of {name} are in flight", f"key= with one of {keys}")
            self._wrong(f"{which} is not in flight; {self._listed()}", f"{which} in flight")
        return found[0]

    def _incident(self, what: AskedFor, key: str | None) -> Asked:
        asked = self._one(what, "effect", key)
        if asked.status != "incident":
            self._wrong(
                f"{asked} is no incident", "an effect that failed and waits for an operator"
            )
        return asked

    def _path(self, state: AState) -> str:
        path = state if isinstance(state, str) else declared(state).id or ""
        known = [node.id for node in self.definition.chart.states if node.id]
        if path not in known:
            near = difflib.get_close_matches(path, known, 3, 0.5) or known
            self._wrong(
                f"{self.definition.name} has no state {path or state!r}",
                f"one of its own: {', '.join(near)}",
            )
        return path

    def _listed(self) -> str:
        return f"asked for so far: {'; '.join(map(str, self.asked)) or 'nothing'}"

    def _wrong(self, is_: str, expected: str) -> NoReturn:
        """Fails the test with the actual state, the expected one and the path."""
        raise AssertionError(
            f"{self.definition.name}/{self.id}: {is_}\n  expected: {expected}\n"
            f"  the path here:\n{self._narrative.end()}"
        )


class _Sending:
    """``call.send`` of an effect that a test runs."""

    def __init__(self, harness: Harness[Any], asked: Asked) -> None:
        self._harness = harness
        self._asked = asked

    async def send(self, event: Any, key: str | None) -> None:
        self.send_blocking(event, key)

    def send_blocking(self, event: Any, key: str | None) -> None:
        harness, asked = self._harness, self._asked
        name = harness.definition.name
        if not asked.in_flight:
            raise AttemptOver(asked.name, asked.attempt, name, harness.id)
        known = harness.sent_by_effects
        place = (asked.key, key or "")
        if key is not None and place in known:
            if known[place] != event:
                raise KeyReused(key, f"event {known[place]!r}", f"the event {event!r}")
            return
        harness.send(event, roles=(machine_role(name),))
        if key is not None:
            known[place] = event


def _class_of(error: AnError) -> str:
    return "Error" if isinstance(error, str) else type(error).__name__


def _complete(
    effect: Effect[Any, Any], resources: Providers, data: Any, call: Call, event: Any
) -> Any:
    """The function's result, also where the test itself runs in an event loop."""
    if not effect.is_async and not effect.resources:
        return effect.run(*effect.arguments(data, lambda: call, resources.find, lambda: event))

    async def bounded() -> Any:
        async with opened(resources, effect.resources) as resource:
            arguments = effect.arguments(data, lambda: call, resource, lambda: event)
            if not effect.is_async:
                return await asyncio.to_thread(effect.run, *arguments)
            async with asyncio.timeout(effect.timeout.total_seconds()):
                return await effect.run(*arguments)

    return _run_to_end(bounded())


def _run_to_end(work: Coroutine[Any, Any, T]) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # a loop can't be entered twice in one thread
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, "statehold-harness") as thread:
        return thread.submit(context.run, asyncio.run, work).result()
