"""Performs effects: after their commit, one task each, with a bound on how many at once."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from msgspec import Raw
from msgspec.structs import replace
from pydantic_core import PydanticSerializationError, to_json

from statehold.chart.effect import Call, Effect
from statehold.chart.machine import Definition
from statehold.engine.document import Try
from statehold.engine.held import Held
from statehold.engine.logs import about
from statehold.engine.observer import tell
from statehold.engine.outcomes import Ending, Outcome, Release, Unapplied
from statehold.engine.runtime import Runtime
from statehold.engine.turn import Turns
from statehold.errors import Permanent, StateholdError, Stopping, TooLarge, Unavailable
from statehold.interpreter.snapshot import InFlight
from statehold.store import Ref

log = logging.getLogger(__name__)

#: seconds between two tries to hand in an outcome while the store is away
HAND_IN_SECONDS = 0.5


class Performer:
    """Effects under way in this process, by instance and key.

    ``broken`` is told of instances whose effects broke off here and count as performed still.
    """

    def __init__(
        self, runtime: Runtime, turns: Turns, broken: Callable[[Iterable[Ref]], None]
    ) -> None:
        self._runtime = runtime
        self._turns = turns
        self._broken = broken
        self._places = asyncio.Semaphore(runtime.limits.effects)
        self._threads = ThreadPoolExecutor(runtime.limits.threads, "statehold-effect")
        self._tasks: dict[tuple[Ref, str], asyncio.Task[None]] = {}
        #: those that were cancelled from here
        self._stopped: set[asyncio.Task[None]] = set()
        #: asked for while this process was stopping already; handed back with the rest
        self._unstarted: dict[tuple[Ref, str], None] = {}
        self._closing = False

    @property
    def running(self) -> int:
        return len(self._tasks)

    def begin(self, definition: Definition[Any], held: Held, key: str) -> None:
        """Performs the effect under this key, which is committed as this worker's."""
        ref = held.row.ref
        snapshot = held.snapshot
        effect = next((e for e in snapshot.effects if e.key == key), None) if snapshot else None
        known = held.tries.get(key)
        if snapshot is None or effect is None or known is None:
            return
        if self._closing:
            self._unstarted[ref, key] = None
            return
        data = definition.data.copy(snapshot.data if effect.data is None else effect.data)
        # the try before it may still be on its way out, its outcome handed in already
        before = self._tasks.get((ref, key))
        task = asyncio.create_task(
            self._perform(definition, held.row.seq, ref, effect, data, known, before),
            name=f"{effect.name} for {ref.machine}/{ref.id}",
        )
        self._tasks[ref, key] = task
        task.add_done_callback(lambda ended: self._forget((ref, key), ended))

    def _forget(self, place: tuple[Ref, str], ended: asyncio.Task[None]) -> None:
        if self._tasks.get(place) is ended:
            del self._tasks[place]
        if ended in self._stopped:
            self._stopped.discard(ended)
        elif ended.cancelled():
            # by what it ran; without a word to the rescuer it would be under way for ever
            self._broken([place[0]])
        elif error := ended.exception():
            extra = about(self._runtime, place[0])
            log.error("an effect broke off: %s", error, exc_info=error, extra=extra)
            self._broken([place[0]])

    def _cancel(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self._stopped.add(task)
            task.cancel()

    def performs(self, ref: Ref, key: str) -> bool:
        return (ref, key) in self._tasks

    def stop(self, ref: Ref, key: str) -> None:
        """The effect's state was left: its task is cancelled, its outcome is of no interest."""
        self._unstarted.pop((ref, key), None)
        task = self._tasks.get((ref, key))
        if task is not None:
            self._cancel(task)

    def drop_all(self) -> None:
        """Others have taken over everything: nothing here is of interest any more."""
        self._unstarted.clear()
        for task in self._tasks.values():
            self._cancel(task)

    def places(self, only: Collection[Ref] | None = None) -> dict[Ref, list[str]]:
        """The keys of what runs here, by instance; of all instances, or of some."""
        found: dict[Ref, list[str]] = {}
        for ref, key in self._tasks:
            if only is None or ref in only:
                found.setdefault(ref, []).append(key)
        return found

    async def close(self) -> None:
        """Waits for what runs, as long as the limits say, then hands the rest back."""
        self._closing = True
        if self._tasks:
            grace = self._runtime.limits.grace_seconds
            await asyncio.wait(list(self._tasks.values()), timeout=grace)
        left = dict(self._tasks)
        for task in left.values():
            self._cancel(task)
        await asyncio.gather(*left.values(), return_exceptions=True)
        keys: dict[Ref, list[str]] = {}
        for ref, key in (*left, *self._unstarted):
            keys.setdefault(ref, []).append(key)
        try:
            acts = [Release(ref, those) for ref, those in keys.items()]
            for act, result in zip(acts, await self._turns.ask_all(acts), strict=True):
                if isinstance(result, BaseException):
                    extra = about(self._runtime, act.ref)
                    log.warning("an effect could not be handed back: %s", result, extra=extra)
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _perform(
        self,
        definition: Definition[Any],
        seq: int,
        ref: Ref,
        effect: InFlight,
        data: Any,
        known: Try,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with self._places:
            ending = await self._observed(definition, ref, effect, data, known)
        if ending.error is not None:
            extra = about(self._runtime, ref, seq=seq, effect=effect.name, attempt=known.attempt)
            why = f"{ending.error}: {ending.message}"
            log.info("%s failed at try %d: %s", effect.name, known.attempt, why, extra=extra)
        await self._hand_in(Outcome(ref, ending), seq)

    async def _observed(
        self, definition: Definition[Any], ref: Ref, effect: InFlight, data: Any, known: Try
    ) -> Ending:
        """One try, and whoever observes it hears of it."""
        observer, tracer = self._runtime.observer, self._runtime.tracer
        attempt = known.attempt
        span = None
        if tracer is not None:
            span = tell(tracer.performing, ref, effect, attempt, known.trace)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            ending = await self._try(definition, ref, effect, data, attempt)
        except BaseException:
            # broken off: its state was left, or this process stops
            if tracer is not None:
                tell(tracer.performed, span, None)
            raise
        if observer is not None:
            seconds = loop.time() - begun
            tell(observer.performed, ref.machine, effect.name, seconds, ending)
        if tracer is None:
            return ending
        return replace(ending, trace=tell(tracer.performed, span, ending) or "")

    async def _try(
        self, definition: Definition[Any], ref: Ref, effect: InFlight, data: Any, attempt: int
    ) -> Ending:
        known = definition.effects.get(effect.name)
        if known is None:
            why = f"machine {ref.machine!r} has no effect {effect.name!r} any more"
            return Ending(effect.key, None, "UnknownEffect", why, permanent=True)
        pulse = _Pulse(asyncio.get_running_loop().time)
        key = f"{ref.machine}/{ref.id}/{effect.key}"
        call = Call(key, ref.machine, ref.id, attempt, effect.asked_at, pulse.beat)
        try:
            result = await self._bounded(known, data, call, pulse)
            raw = to_json(result)
            limit = self._runtime.limits.data_bytes
            if len(raw) > limit:
                raise Permanent(str(TooLarge(f"the result of {effect.name}", len(raw), limit)))
            return Ending(effect.key, Raw(raw))
        except Permanent as error:
            return Ending(effect.key, None, _name(error), str(error), permanent=True)
        except PydanticSerializationError as error:
            return Ending(effect.key, None, _name(error), str(error), permanent=True)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # nobody cancelled it but itself; lost without a word, it would never be tried again
            return Ending(effect.key, None, _name(error), str(error) or "it cancelled itself")
        except TimeoutError as error:
            why = str(error) or f"no answer within {known.timeout.total_seconds():g} s"
            return Ending(effect.key, None, _name(error), why)
        except Exception as error:  # noqa: BLE001 - told, kept with the instance and tried again
            return Ending(effect.key, None, _name(error), str(error))

    async def _bounded(self, effect: Effect[Any, Any], data: Any, call: Call, pulse: _Pulse) -> Any:
        """Runs it within its timeout, and within its heartbeat if it has one."""
        async with asyncio.timeout(effect.timeout.total_seconds()):
            if effect.heartbeat is None:
                return await self._run(effect, data, call)
            work = asyncio.ensure_future(self._run(effect, data, call))
            silence = effect.heartbeat.total_seconds()
            try:
                while True:
                    wait = pulse.last + silence - pulse.time()
                    if wait <= 0:
                        raise TimeoutError(f"no heartbeat for {silence:g} s")
                    done, _ = await asyncio.wait([work], timeout=wait)
                    if done:
                        return work.result()
            finally:
                work.cancel()

    async def _run(self, effect: Effect[Any, Any], data: Any, call: Call) -> Any:
        arguments = (data, call) if effect.takes_call else (data,)
        if effect.is_async:
            return await effect.run(*arguments)
        loop = asyncio.get_running_loop()
        # so that what the effect does belongs to its span in the thread, too
        context = contextvars.copy_context()
        run = partial(context.run, effect.run, *arguments)
        return await loop.run_in_executor(self._threads, run)

    async def _hand_in(self, outcome: Outcome, seq: int) -> None:
        """An outcome is worth waiting for: what the effect did can't be undone."""
        key = outcome.ending.key
        extra = about(self._runtime, outcome.ref, seq=seq, effect_key=key)
        while True:
            try:
                await self._turns.ask(outcome)
                return
            except Stopping:
                return
            except Unavailable as error:
                log.warning("the outcome of %s waits for the store: %s", key, error, extra=extra)
                outcome = Outcome(outcome.ref, outcome.ending)
                await asyncio.sleep(HAND_IN_SECONDS)
            except StateholdError as error:
                log.warning("the outcome of %s was refused: %s", key, error, extra=extra)
                await self._keep(outcome, error)
                return

    async def _keep(self, outcome: Outcome, error: StateholdError) -> None:
        """Without an incident it would be under way for ever, and nobody would hear of it."""
        try:
            await self._turns.ask(Unapplied(outcome.ref, outcome.ending, str(error)))
        except StateholdError as again:
            key = outcome.ending.key
            extra = about(self._runtime, outcome.ref, effect_key=key)
            log.error("the outcome of %s could not be kept: %s", key, again, extra=extra)


class _Pulse:
    """When an effect was last heard of, by the loop's clock; written from its own thread too."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.time = time
        self.last = time()

    def beat(self) -> None:
        self.last = self.time()


def _name(error: BaseException) -> str:
    return type(error).__name__
