"""One attempt of an effect, in this process.

1. The function runs in a task or in a thread of its own, which nothing else runs in: whatever it
   raises, and whatever it does to its task, ends only this attempt.
2. Its time counts from the moment the function runs.
3. When its time is up, or its outcome is not wanted any more, a coroutine is cancelled and waited
   for, ``cancel_seconds`` at most. Then the attempt is over, whatever the function returns.
4. A function may run on when its attempt is over: it ignores the cancellation, or runs in a
   thread, which can't be stopped. ``freed`` is called once it ends.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.asking import asked_event
from statehold.chart.effect import Call, Effect
from statehold.chart.error_kinds import kinds_of
from statehold.chart.machine import Definition
from statehold.chart.payload import write_result
from statehold.engine.background.capacity import EffectRef, Kind, Lane
from statehold.engine.background.sending import Sending
from statehold.engine.background.subtasks import Exited, in_attempt
from statehold.engine.background.threads import Threads
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.log_fields import about, logger
from statehold.engine.observer import call_safely
from statehold.engine.raised import by_signal
from statehold.engine.requests.context import EngineContext
from statehold.engine.resources.pool import ResourcePool
from statehold.errors import InvalidPayload, Permanent, TooLarge, described, name_of, text_of
from statehold.instance.attempts import Attempt, Ending
from statehold.instance.loaded import Loaded
from statehold.instance.tracebacks import members, trace_of
from statehold.interpreter.snapshot import InFlight

log = logger(__name__)

#: the kinds of the error of an attempt that was over its time
TIMED_OUT = kinds_of(TimeoutError())

_TO_BE_RUN = (CoroutineType, GeneratorType, AsyncGeneratorType)


class AttemptRun:
    """``ended`` is called once, with how it ended; None: it was stopped. ``freed`` is called after
    that, once the function has ended."""

    def __init__(
        self,
        context: EngineContext,
        definition: Definition[Any],
        loaded: Loaded,
        effect: InFlight,
        known: Attempt,
        resources: ResourcePool,
        queue: RequestQueue,
        ended: Callable[[AttemptRun, Ending | None], None],
        freed: Callable[[AttemptRun], None],
    ) -> None:
        self.ref = loaded.row.ref
        self.key = effect.key
        self.seq = loaded.row.seq
        self.number = known.attempt
        self.name = effect.name
        self.kind: Kind = (definition.name, effect.name)
        self.lane: Lane = context.capacity.lane(definition, effect.name)
        #: when it began to wait for a slot, by the loop's clock
        self.asked_at = 0.0
        self.is_running = False
        #: the function has ended
        self.is_over = False
        #: the function runs on, without a slot
        self.is_hung = False
        self._context = context
        self._definition = definition
        self._snapshot = loaded.instance.snapshot
        self._effect = effect
        self._known = known
        self._declared: Effect[Any, Any] | None = definition.effects.get(effect.name)
        self._resources = resources
        self._queue = queue
        #: made when the function first asks for the call
        self._sending: Sending | None = None
        self._ended = ended
        self._freed = freed
        self._time = asyncio.get_running_loop().time
        #: when the function began, and its last heartbeat; written in its own thread
        self._began: float | None = None
        self._beat = 0.0
        self._task: asyncio.Task[None] | None = None
        self._coroutine: Any = None
        self._variables: contextvars.Context | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._span: Any = None
        self._asked = 0.0
        self._is_killed = False
        #: how the function ended
        self._ending: Ending | None = None
        #: how the attempt ended before the function did
        self._cut: Ending | None = None
        self._is_stopped = False

    @property
    def effect_ref(self) -> EffectRef:
        return self.ref, self.key

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task of a coroutine, until it ends."""
        return self._task

    @property
    def what(self) -> str:
        return f"{self.name} of {self.ref.machine}/{self.ref.id}"

    def about(self, **more: Any) -> dict[str, Any]:
        """``extra`` of a log line."""
        fields = {"seq": self.seq, "effect": self.name, "attempt": self.number, **more}
        return about(self._context, self.ref, **fields)

    def failure(self, error: str, message: str, *, permanent: bool = False) -> Ending:
        # one that this module finds; TimeoutError is the only class of errors among them
        kinds = TIMED_OUT if error == "TimeoutError" else (error,)
        return Ending(self.key, None, error, message, permanent, kinds=kinds)

    # --- its life, in the loop's thread ---

    def start(self, threads: Threads) -> None:
        """Runs the function; it has a slot."""
        self.is_running = True
        loop = asyncio.get_running_loop()
        tracer, declared = self._context.tracer, self._declared
        if tracer is not None:
            self._variables = contextvars.copy_context()
            self._span = self._variables.run(
                call_safely,
                tracer.performing,
                self.ref,
                self._effect,
                self.number,
                self._known.trace,
            )
        self._asked = self._time()
        if declared is None:
            why = f"machine {self.ref.machine!r} has no effect {self.name!r} any more"
            self._ending = self.failure("UnknownEffect", why, permanent=True)
            loop.call_soon(self._end)
            return
        try:
            arguments = self._arguments(declared)
            if declared.is_async:
                self._coroutine = self._await(declared, arguments)
                name = f"{self.name} for {self.ref.machine}/{self.ref.id}"
                self._task = loop.create_task(self._coroutine, name=name, context=self._variables)
                self._task.add_done_callback(self._task_ended)
            else:
                # so that what the effect does belongs to its span in the thread, too
                variables = self._variables or contextvars.copy_context()
                threads.run(lambda: variables.run(self._call, declared, arguments), self._end)
        except Exception as error:  # noqa: BLE001 - kept with the instance
            self._ending = self._failed(error)
            loop.call_soon(self._end)
            return
        self._watch(declared)

    def stop(self) -> None:
        """Cancels a running attempt, whose outcome is not wanted any more."""
        self._is_stopped = True
        if self._cut is None:
            # else it is cancelled already
            self._leave()

    def give_up(self) -> None:
        """Ends the attempt though its function still runs."""
        if self.is_over or not self.is_running:
            return
        log.warning(
            "%s ignores its cancellation and runs on, %g s after it was cancelled at attempt %d",
            self.what,
            self._context.limits.cancel_seconds,
            self.number,
            extra=self.about(),
        )
        cut = self._cut
        if cut is not None:
            cut = replace(cut, message=f"{cut.message}; it ignores its cancellation and runs on")
        self._conclude(cut)

    def kill(self) -> asyncio.Task[None] | None:
        """Ends a coroutine that ignores its cancellation as if it were collected: where it waits, a
        ``GeneratorExit`` is raised. Returns its task, which ends now unless it ignores that."""
        if self.is_over or self._task is None:
            return None
        self._is_killed = True
        try:
            self._coroutine.close()
        except (RuntimeError, ValueError):
            # it awaits something again, or runs at this moment
            log.warning("%s can't be ended", self.what, extra=self.about())
        self._task.cancel()
        return self._task

    def _leave(self) -> None:
        """Cancels the function, which may have something to clean up."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is None:
            # nothing can end a thread
            self._conclude(self._cut)
            return
        self._task.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._context.limits.cancel_seconds, self.give_up)

    def _watch(self, declared: Effect[Any, Any]) -> None:
        """Checks its time, and again when that may be up."""
        timeout, heartbeat = declared.timeout.total_seconds(), declared.heartbeat
        now = self._time()
        # one that has not begun yet has all of its time
        began = now if self._began is None else self._began
        over = began + timeout
        silence = None if heartbeat is None else heartbeat.total_seconds()
        silent = None
        if silence is not None:
            silent = (now if self._began is None else self._beat) + silence
        if over <= now:
            self._expire(f"no answer within {timeout:g} s")
        elif silent is not None and silent <= now:
            self._expire(f"no heartbeat for {silence:g} s")
        else:
            look = over if silent is None else min(over, silent)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(look, self._watch, declared)

    def _expire(self, why: str) -> None:
        if self._ending is not None:
            # it has ended in time; its callback comes next in the loop
            return
        self._cut = self.failure("TimeoutError", why)
        self._leave()

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._is_killed:
            # a signal's: it has left the loop, too
            log.info("%s was broken off by %s", self.what, name_of(error), extra=self.about())
        self._end()

    def _end(self) -> None:
        """The function has ended."""
        self.is_over = True
        # the attempt may be kept a while longer, its data need not be
        self._coroutine = self._task = self._snapshot = None
        if self.is_running:
            self._conclude(None if self._is_stopped else self._cut or self._ending)
        self._freed(self)

    def _conclude(self, ending: Ending | None) -> None:
        self.is_running = False
        self.is_hung = not self.is_over
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sending is not None:
            self._sending.end()
        observer, tracer, variables = self._context.observer, self._context.tracer, self._variables
        if observer is not None and ending is not None:
            seconds = self._time() - self._asked
            call_safely(observer.performed, self.ref.machine, self.name, seconds, ending)
        if tracer is not None and variables is not None:
            trace = variables.copy().run(call_safely, tracer.performed, self._span, ending) or ""
            ending = None if ending is None else replace(ending, trace=trace)
        self._ended(self, ending)

    # --- the function, in its task or thread ---

    def _arguments(self, declared: Effect[Any, Any]) -> tuple[Any, ...]:
        assert self._snapshot is not None
        pinned = self._effect.data
        data = self._definition.data.copy(self._snapshot.data if pinned is None else pinned)
        return declared.arguments(data, self._call_of, self._resources.get, self._event)

    def _event(self) -> Any:
        """Raises ``Permanent`` where it is not what the effect takes: at no attempt it will be."""
        assert self._declared is not None
        try:
            return asked_event(self._definition, self._declared, self._effect.event)
        except InvalidPayload as error:
            raise Permanent(str(error)) from error

    def _call_of(self) -> Call:
        key = f"{self.ref.machine}/{self.ref.id}/{self.key}"
        asked_at = self._effect.asked_at
        self._sending = Sending(
            self._context,
            self._queue,
            self.ref,
            self._effect,
            self._known,
            self._heard,
        )
        return Call(
            key,
            self.ref.machine,
            self.ref.id,
            self.number,
            asked_at,
            self._heard,
            self._sending,
        )

    async def _await(self, declared: Effect[Any, Any], arguments: tuple[Any, ...]) -> None:
        # of this task's own context, which those that it starts have from it
        in_attempt.set(True)
        self._began = self._beat = self._time()
        try:
            result = await declared.run(*arguments)
        except BaseException as error:
            if by_signal(error):
                raise
            self._ending = self._failed(error)
        else:
            self._ending = self._done(result)

    def _call(self, declared: Effect[Any, Any], arguments: tuple[Any, ...]) -> None:
        self._began = self._beat = self._time()
        try:
            result = declared.run(*arguments)
        except BaseException as error:  # noqa: BLE001 - kept with the instance
            self._ending = self._failed(error)
        else:
            self._ending = self._done(result)

    def _heard(self) -> None:
        self._beat = self._time()

    def _done(self, result: Any) -> Ending:
        """A result that can't be stored is a permanent failure: the work itself is done."""
        try:
            _check_is_value(result)
            raw = write_result(self._definition, self.name, result)
            limit = self._context.limits.data_bytes
            if len(raw) > limit:
                raise TooLarge(f"the result of {self.name}", len(raw), limit)
            return Ending(self.key, Raw(raw))
        except BaseException as error:
            if by_signal(error):
                raise
            return replace(self._failed(error), permanent=True)

    def _failed(self, error: BaseException) -> Ending:
        if isinstance(error, Exited) and error.__cause__ is not None:
            error = error.__cause__
        most = self._context.limits.error_chars
        message = text_of(error, most)
        if isinstance(error, asyncio.CancelledError):
            message = message or "it cancelled itself"
        elif found := members(error):
            members_text = "; ".join(described(one) for one in found)
            message = f"{message}: {members_text}"[:most]
        elif isinstance(error, TimeoutError) and not message and self._declared is not None:
            message = "it raised this itself, within its time"
        kinds = kinds_of(error)
        # a subclass of Permanent may have a policy of its own
        has_policy = self._declared is not None and self._declared.policy_for(kinds)[0] != ""
        return Ending(
            self.key,
            None,
            name_of(error),
            self._resources.redacted(message),
            isinstance(error, Permanent) and not has_policy,
            traceback=trace_of(error),
            kinds=kinds,
        )


def _check_is_value(result: Any) -> None:
    """Raises ``TypeError`` for a result that must be run or awaited to become a value."""
    kind = type(result)
    if not issubclass(kind, _TO_BE_RUN) and not hasattr(kind, "__await__"):
        return
    if isinstance(result, CoroutineType):
        result.close()
        raise TypeError(
            f"it gave a {kind.__name__}, which nobody awaits: declare it with async def"
        )
    raise TypeError(f"it gave a {kind.__name__}; a result is a value: await it, or make it a list")
