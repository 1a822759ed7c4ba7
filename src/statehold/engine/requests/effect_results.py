"""What becomes of effects: their results, their failures, and tries that were broken off."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
from statehold.engine.requests.context import Runtime
from statehold.engine.requests.request import Request, ready
from statehold.instance.draft import ANYONE, Draft, Mishap, Origin
from statehold.instance.stored import Attempt, MaybeRaw
from statehold.instance.tracebacks import TRACE_CHARS, step_trace
from statehold.interpreter.snapshot import InFlight, Snapshot
from statehold.interpreter.step import step
from statehold.records import Caller, EffectRecord, Message, Ref

_encode = msgspec.json.Encoder().encode
_NO_EFFECT_RETRY = Retry()


class Ending(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an attempt ended. ``result`` is JSON; ``error`` names an exception's class, and
    ``traceback`` says where it was raised; ``trace`` is where the attempt stands in its trace."""

    key: str
    result: MaybeRaw = None
    error: str | None = None
    message: str = ""
    permanent: bool = False
    trace: str = ""
    traceback: str = ""


class Outcome(Request):
    """A try of an effect ended, here."""

    label = "outcome"

    def __init__(self, ref: Ref, ending: Ending, caller: Caller = ANYONE) -> None:
        super().__init__(ref, caller=caller)
        self.ending = ending

    def trace(self) -> str:
        return self.ending.trace

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        if not draft.exists:
            return
        if draft.status == "paused":
            body = _encode(self.ending)
            draft.hold(Message(draft.ref, "outcome", body, held=True))
            if self.ending.key in draft.attempts:
                known = draft.attempts[self.ending.key]
                draft.set_attempt(self.ending.key, replace(known, worker=None))
            return
        conclude(draft, self.ending, Origin("result", caller=self.caller), runtime)


class Unapplied(Request):
    """Applying an outcome broke its turn: it is kept with the instance and waits for a person."""

    label = "unapplied"

    def __init__(self, ref: Ref, ending: Ending, why: str) -> None:
        super().__init__(ref)
        self.ending = ending
        self.why = why

    def trace(self) -> str:
        return self.ending.trace

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        key = self.ending.key
        known = draft.attempts.get(key)
        if known is None or known.worker != runtime.worker:
            return
        name = _name_of(draft.snapshot, key)
        kept = replace(
            known,
            worker=None,
            next_at=None,
            error=self.why[: runtime.limits.error_chars],
            incident_at=draft.now,
            outcome=self.ending.result,
            name=name,
        )
        put_off(draft, key, name, kept, draft.now)


def conclude(draft: Draft, ending: Ending, origin: Origin, runtime: Runtime) -> None:
    """Applies an ending; one of an effect that is no longer in flight is of no consequence."""
    ready(draft, runtime)
    known = draft.attempts.get(ending.key)
    effect = in_flight(draft, ending.key)
    if known is None or effect is None or draft.snapshot is None:
        return
    if ending.error is not None:
        _failed(draft, effect, known, ending, origin, runtime)
    else:
        _succeeded(draft, effect, known, ending, origin, runtime)


def in_flight(draft: Draft, key: str) -> InFlight | None:
    if draft.snapshot is None:
        return None
    return next((effect for effect in draft.snapshot.effects if effect.key == key), None)


def _succeeded(
    draft: Draft,
    effect: InFlight,
    known: Attempt,
    ending: Ending,
    origin: Origin,
    runtime: Runtime,
) -> None:
    now = draft.now
    snapshot = draft.snapshot
    assert snapshot is not None
    raw = ending.result or Raw(b"null")
    record = EffectRecord(effect.key, effect.name, "done", known.attempt)
    try:
        value = read_result(draft.definition, effect.name, bytes(raw))
        event = Result(effect.invoke, effect.key, value)
        taken = step(draft.definition, snapshot, event, now)
        if taken.accepted:
            plain = {"type": "Result", "effect": effect.name, "key": effect.key, "value": raw}
            draft.advance(taken, replace(origin, event=plain, effects=(record,)), now)
        else:
            draft.settle_silently(taken.snapshot, effect.key)
            draft.note("done", now, effects=(record,), caller=origin.caller, reason=origin.reason)
    except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
        error = refusal_of(raised, f"result of {effect.name}")
        # the effect is done, only its result can't be taken: keep it and try that again
        attempts = runtime.limits.timer_attempts
        if known.outcome is None:
            known = replace(known, attempt=1)
        later = postponed(known, str(error), attempts, _NO_EFFECT_RETRY, now, runtime)
        later = replace(later, outcome=raw)
        put_off(draft, effect.key, effect.name, later, now, step_trace(error))


def _failed(
    draft: Draft,
    effect: InFlight,
    known: Attempt,
    ending: Ending,
    origin: Origin,
    runtime: Runtime,
) -> None:
    now = draft.now
    snapshot = draft.snapshot
    assert snapshot is not None
    retry = retry_of(draft.definition, effect.name)
    error = f"{ending.error}: {ending.message}"[: runtime.limits.error_chars]
    if not ending.permanent and known.attempt < retry.attempts and effect.kind == "effect":
        later = postponed(known, error, retry.attempts, retry, now, runtime)
        put_off(draft, effect.key, effect.name, later, now, ending.traceback)
        return
    event = Failure(effect.invoke, effect.key, ending.error or "", ending.message, known.attempt)
    record = EffectRecord(effect.key, effect.name, "failed", known.attempt, error)
    refused, where = "", ending.traceback
    try:
        taken = step(draft.definition, snapshot, event, now)
        if taken.accepted:
            plain = {"type": "Failure", "effect": effect.name, "key": effect.key, "error": error}
            draft.advance(
                taken, replace(origin, kind="failure", event=plain, effects=(record,)), now
            )
            return
    except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
        stopped = refusal_of(raised, f"failure of {effect.name}")
        refused = f"; its failure could not be handled: {stopped}"
        where = f"{where}\n{step_trace(stopped)}".strip()
    given_up = replace(
        known, worker=None, next_at=None, error=error + refused, incident_at=now, name=effect.name
    )
    put_off(draft, effect.key, effect.name, given_up, now, where)


def postponed(
    known: Attempt, error: str, attempts: int, retry: Retry, now: datetime, runtime: Runtime
) -> Attempt:
    """The try after one that failed: later, or waiting for a person if it was the last."""
    error = error[: runtime.limits.error_chars]
    if known.attempt >= attempts:
        return replace(known, worker=None, next_at=None, error=error, incident_at=now)
    seconds = retry.delay_seconds(known.attempt, runtime.chance.random())
    due = later_or_last(now, timedelta(seconds=seconds))
    return replace(known, worker=None, next_at=due, error=error)


def put_off(
    draft: Draft, key: str, name: str, later: Attempt, now: datetime, where: str = ""
) -> None:
    """Notes a failed attempt, and the incident if there is to be no other; ``where`` is the text of
    what was raised."""
    if later.incident_at is not None:
        later = replace(later, traceback=where[:TRACE_CHARS])
    draft.set_attempt(key, later)
    draft.mishaps += (Mishap(name, later, where),)
    what = "tried" if later.incident_at is None else "incident"
    record = EffectRecord(key, name, what, later.attempt, later.error, later.next_at)
    draft.note(what, now, effects=(record,))


def retry_of(definition: Definition[Any], name: str) -> Retry:
    effect: Effect[Any, Any] | None = definition.effects.get(name)
    return _NO_EFFECT_RETRY if effect is None else effect.retry


class Release(Request):
    """A try was broken off because this process stops; another may take it at once."""

    label = "release"

    def __init__(self, ref: Ref, keys: Collection[str]) -> None:
        super().__init__(ref)
        self.keys = keys

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        for key in self.keys:
            known = draft.attempts.get(key)
            if known is not None and known.worker == runtime.worker:
                # it was no failure, so it does not count as a try
                again = replace(known, attempt=known.attempt - 1, worker=None, next_at=draft.now)
                draft.set_attempt(key, again)


class Offer(Request):
    """An attempt has waited here for a place: from now on it waits for any worker with a place."""

    label = "offer"

    def __init__(self, ref: Ref, key: str, marker: str) -> None:
        super().__init__(ref)
        self.key_offered = key
        self.marker = marker

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        known = draft.attempts.get(self.key_offered)
        if known is not None and known.worker == runtime.worker:
            draft.set_attempt(self.key_offered, replace(known, worker=self.marker))


class Rescue(Request):
    """Takes over what ``dead`` workers were performing.

    ``performs`` tells, where a commit's fate was unknown, which of this worker's own effects did
    begin: those that did not are dead as well.
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

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        if not draft.exists:
            return
        for key, known in list(draft.attempts.items()):
            if known.worker is not None and not self._goes_on(key, known.worker, runtime):
                self._take_over(draft, key, known, runtime)
        if draft.held is not None and not set(self.dead).isdisjoint(draft.held.row.held_by):
            # where nothing of it is theirs, its row is wrong: written anew, it is no orphan
            draft.touched = True

    def _goes_on(self, key: str, worker: str, runtime: Runtime) -> bool:
        if worker == runtime.worker and self.performs is not None:
            return self.performs(self.ref, key)
        return worker not in self.dead

    def _take_over(self, draft: Draft, key: str, known: Attempt, runtime: Runtime) -> None:
        now = draft.now
        if known.takeovers + 1 > runtime.limits.takeovers:
            error = f"{known.takeovers + 1} workers died while they performed it"
            name = _name_of(draft.snapshot, key)
            dead = replace(known, worker=None, error=error, incident_at=now, name=name)
            put_off(draft, key, name, dead, now)
            return
        draft.set_attempt(key, replace(free(known, now), takeovers=known.takeovers + 1))
        draft.told += (EffectRecord(key, _name_of(draft.snapshot, key), "taken-over"),)


def free(known: Attempt, now: datetime) -> Attempt:
    """The same try again, under the same key, for any worker: it was broken off, and no failure."""
    return replace(known, attempt=known.attempt - 1, worker=None, next_at=now)


def _name_of(snapshot: Snapshot[Any] | None, key: str) -> str:
    effects = () if snapshot is None else snapshot.effects
    return next((effect.name for effect in effects if effect.key == key), key)
