"""Outcomes of effects: results, failures, and attempts that were interrupted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.effect import Effect, Retry
from statehold.chart.event import Failure, Result
from statehold.chart.machine import Definition
from statehold.chart.moment import later_or_last
from statehold.chart.payload import read_result
from statehold.engine.raised import refusal_of
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request, ready
from statehold.instance.attempts import Attempt, Ending
from statehold.instance.draft import Draft, FailedAttempt
from statehold.instance.journal import Origin
from statehold.instance.outcomes import LastFailure
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.snapshot import InFlight, Snapshot
from statehold.interpreter.step import step
from statehold.records import ANYONE, Caller, EffectRecord, Message, Ref

_encode = msgspec.json.Encoder().encode
_DEFAULT_RETRY = Retry()


class EndAttempt(Request):
    """An attempt ended in this worker."""

    label = "outcome"

    def __init__(self, ref: Ref, ending: Ending, caller: Caller = ANYONE) -> None:
        super().__init__(ref, caller=caller)
        self.ending = ending

    def trace(self) -> str:
        return self.ending.trace

    def apply(self, draft: Draft, context: EngineContext) -> None:
        if not draft.exists:
            return
        if draft.instance.status == "paused":
            draft.hold(Message(draft.ref, "outcome", _encode(self.ending), held=True))
            known = draft.instance.attempts.get(self.ending.key)
            if known is not None and known.worker is not None:
                draft.set_attempt(self.ending.key, known.hold_outcome())
            return
        conclude(draft, self.ending, Origin("result", caller=self.caller), context)


class Unapplied(Request):
    """Applying an outcome broke its batch: an incident keeps it with the instance."""

    label = "unapplied"

    def __init__(self, ref: Ref, ending: Ending, why: str) -> None:
        super().__init__(ref)
        self.ending = ending
        self.why = why

    def trace(self) -> str:
        return self.ending.trace

    def apply(self, draft: Draft, context: EngineContext) -> None:
        key, result = self.ending.key, self.ending.result
        known = draft.instance.attempts.get(key)
        if known is None or known.worker != context.worker:
            return
        name = effect_name(draft, key)
        error = self.why[: context.limits.error_chars]
        incident = known.raise_incident(draft.now, known.attempt, error, name, outcome=result)
        note_failure(draft, key, name, incident)


def conclude(
    draft: Draft, ending: Ending, origin: Origin, context: EngineContext, *, number: int = 1
) -> None:
    """Applies an ending, for the ``number``-th time. Changes nothing if the effect is no longer in
    flight."""
    ready(draft, context)
    known = draft.instance.attempts.get(ending.key)
    effect = in_flight(draft, ending.key)
    if known is None or effect is None or draft.instance.snapshot is None:
        return
    if ending.error is not None:
        _failed(draft, draft.instance.snapshot, effect, known, ending, origin, context)
    else:
        result = ending.result or Raw(b"null")
        _succeeded(draft, draft.instance.snapshot, effect, known, result, number, origin, context)


def in_flight(draft: Draft, key: str) -> InFlight | None:
    if draft.instance.snapshot is None:
        return None
    return next((effect for effect in draft.instance.snapshot.effects if effect.key == key), None)


def effect_name(draft: Draft, key: str) -> str:
    """The name of the effect in flight; its key where there is none."""
    source = draft.instance.snapshot or draft.instance.unloaded
    effects = () if source is None else source.effects
    return next((effect.name for effect in effects if effect.key == key), key)


def _succeeded(
    draft: Draft,
    snapshot: Snapshot[Any],
    effect: InFlight,
    known: Attempt,
    result: Raw,
    number: int,
    origin: Origin,
    context: EngineContext,
) -> None:
    key, now = effect.key, draft.now
    record = EffectRecord(key, effect.name, "done", known.attempt)
    try:
        value = read_result(draft.definition, effect.name, bytes(result))
        taken = step(draft.definition, snapshot, Result(effect.invoke, key, value), now)
        if taken.accepted:
            plain = {"type": "Result", "effect": effect.name, "key": key, "value": result}
            draft.advance(taken, replace(origin, event=plain, effects=(record,)))
        else:
            draft.leave_untaken(effect, None, taken.snapshot)
            draft.note(replace(origin, kind="done", effects=(record,)))
    except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
        refusal = refusal_of(raised, f"result of {effect.name}")
        error, trace = str(refusal)[: context.limits.error_chars], step_trace(refusal)
        if number >= context.limits.timer_attempts:
            later = known.raise_incident(
                now, number, error, effect.name, outcome=result, traceback=trace
            )
        else:
            due = backoff(_DEFAULT_RETRY, number, now, context)
            later = known.keep_result(result, number, error, due)
        note_failure(draft, key, effect.name, later, trace)


def _failed(
    draft: Draft,
    snapshot: Snapshot[Any],
    effect: InFlight,
    known: Attempt,
    ending: Ending,
    origin: Origin,
    context: EngineContext,
) -> None:
    key, now, number = effect.key, draft.now, known.attempt
    if known.state == "result_kept":
        # another attempt has succeeded
        return
    policy, retry = _policy_for(draft.definition, effect.name, ending.kinds)
    failures = known.failures(policy)
    error = f"{ending.error}: {ending.message}"[: context.limits.error_chars]
    if not ending.permanent and failures < retry.attempts and effect.kind == "effect":
        if known.state == "incident":
            return
        due = backoff(retry, failures, now, context)
        later = known.postpone(number, error, due, policy)
        note_failure(draft, key, effect.name, later, ending.traceback)
        return
    event = Failure(effect.invoke, key, ending.error or "", ending.message, number, ending.kinds)
    record = EffectRecord(key, effect.name, "failed", number, error)
    trace = ending.traceback
    try:
        taken = step(draft.definition, snapshot, event, now)
        if taken.accepted:
            plain = {"type": "Failure", "effect": effect.name, "key": key, "error": error}
            origin = replace(origin, kind="failure", event=plain, effects=(record,))
            draft.advance(taken, origin)
            return
    except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
        stopped = refusal_of(raised, f"failure of {effect.name}")
        error += f"; its failure could not be handled: {stopped}"
        trace = f"{trace}\n{step_trace(stopped)}".strip()
    draft.leave_untaken(effect, LastFailure(number, error, trace), snapshot)
    _report_failure(draft, key, effect.name, draft.instance.attempts[key], trace)


def backoff(retry: Retry, number: int, now: datetime, context: EngineContext) -> datetime:
    """When the attempt after the ``number``-th is due."""
    seconds = retry.delay_seconds(number, context.chance.random())
    return later_or_last(now, timedelta(seconds=seconds))


def note_failure(draft: Draft, key: str, name: str, later: Attempt, trace: str = "") -> None:
    """Keeps a failed attempt, notes it in the journal and has it logged with its traceback."""
    draft.set_attempt(key, later)
    _report_failure(draft, key, name, later, trace)


def _report_failure(draft: Draft, key: str, name: str, later: Attempt, trace: str) -> None:
    draft.failed_attempts += (FailedAttempt(name, later, trace),)
    what = "tried" if later.incident_at is None else "incident"
    record = EffectRecord(key, name, what, later.attempt, later.error, later.next_at)
    draft.note(Origin(what, effects=(record,)))


def _policy_for(definition: Definition[Any], name: str, kinds: Sequence[str]) -> tuple[str, Retry]:
    effect: Effect[Any, Any] | None = definition.effects.get(name)
    return ("", _DEFAULT_RETRY) if effect is None else effect.policy_for(kinds)


class Release(Request):
    """Attempts were interrupted because this worker stops; another one may run them at once."""

    label = "release"

    def __init__(self, ref: Ref, keys: Collection[str]) -> None:
        super().__init__(ref)
        self.keys = keys

    def apply(self, draft: Draft, context: EngineContext) -> None:
        for key in self.keys:
            known = draft.instance.attempts.get(key)
            if known is not None and known.worker == context.worker:
                draft.set_attempt(key, known.free(draft.now))


class Offer(Request):
    """An attempt has waited in this worker for a slot, and waits for any worker from now on."""

    label = "offer"

    def __init__(self, ref: Ref, key: str, marker: str) -> None:
        super().__init__(ref)
        self.key_offered = key
        self.marker = marker

    def apply(self, draft: Draft, context: EngineContext) -> None:
        known = draft.instance.attempts.get(self.key_offered)
        if known is not None and known.worker == context.worker:
            draft.set_attempt(self.key_offered, known.queue(self.marker))


class Rescue(Request):
    """Frees the attempts of ``dead`` workers.

    ``performs`` is given where the outcome of a commit is unknown. It says which attempts of this
    worker did begin; those that did not are freed as well.
    """

    label = "rescue"

    def __init__(
        self,
        ref: Ref,
        dead: Collection[str],
        performs: Callable[[Ref, str], bool] | None = None,
    ) -> None:
        super().__init__(ref)
        self.dead = dead
        self.performs = performs

    def apply(self, draft: Draft, context: EngineContext) -> None:
        if not draft.exists:
            return
        for key, known in list(draft.instance.attempts.items()):
            if known.worker is not None and not self._goes_on(key, known.worker, context):
                self._take_over(draft, key, known, context)
        if draft.loaded is not None and not set(self.dead).isdisjoint(draft.loaded.row.held_by):
            # a row that names a dead worker without an attempt of it is damaged: written again,
            # it is an orphan no longer
            draft.touched = True

    def _goes_on(self, key: str, worker: str, context: EngineContext) -> bool:
        if worker == context.worker and self.performs is not None:
            return self.performs(self.ref, key)
        return worker not in self.dead

    def _take_over(self, draft: Draft, key: str, known: Attempt, context: EngineContext) -> None:
        name, deaths = effect_name(draft, key), known.takeovers + 1
        if deaths > context.limits.takeovers:
            error = f"{deaths} workers died while they performed it"
            note_failure(
                draft, key, name, known.raise_incident(draft.now, known.attempt, error, name)
            )
            return
        draft.set_attempt(key, known.take_over(draft.now))
        draft.effects += (EffectRecord(key, name, "taken-over"),)
