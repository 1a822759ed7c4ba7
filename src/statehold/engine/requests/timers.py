"""Timers that fire, and attempts that are due or wait for a worker with a free slot."""

from __future__ import annotations

from msgspec import Raw

from statehold.chart.effect import Retry
from statehold.chart.event import TimerFired
from statehold.engine.raised import refusal_of
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_results import (
    backoff,
    conclude,
    effect_name,
    note_failure,
)
from statehold.engine.requests.request import Request, ready
from statehold.errors import Refused, UpgradeFailed
from statehold.instance.attempts import Attempt, Ending, due_timer, timer_key
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.step import step
from statehold.records import Row

#: timers that one turn fires at one instance; the rest fire in the next turn
FIRED_AT_ONCE = 100

_RETRY = Retry()


class Wake(Request):
    """Does what is due now at one instance."""

    label = "wake"

    def __init__(self, row: Row) -> None:
        super().__init__(row.ref)
        self.row = row

    def apply(self, draft: Draft, context: EngineContext) -> None:
        if not draft.exists:
            return
        if draft.instance.status != "paused":
            self._wake(draft, context)
        if not draft.touched and draft.is_woken_in_vain:
            # its row was damaged: written again, it is due no longer
            draft.touched = True

    def _wake(self, draft: Draft, context: EngineContext) -> None:
        try:
            ready(draft, context)
        except UpgradeFailed:
            return
        if draft.instance.status == "running":
            self._fire(draft, context)
        self._go_on(draft, context)

    def _fire(self, draft: Draft, context: EngineContext) -> None:
        for _ in range(FIRED_AT_ONCE):
            snapshot, now = draft.instance.snapshot, draft.now
            if snapshot is None:
                return
            timer = due_timer(snapshot.timers, draft.instance.attempts, now)
            if timer is None:
                return
            plain = {"type": "TimerFired", "timer": timer.id, "due": timer.due}
            try:
                taken = step(draft.definition, snapshot, TimerFired(timer.id), now)
                draft.advance(taken, Origin("timer", plain))
                # a timer that this step has set again has not failed yet
                if timer_key(timer.id) in draft.instance.attempts:
                    draft.end_attempt(timer_key(timer.id), "done")
            except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
                _timer_failed(draft, timer.id, refusal_of(raised, f"timer {timer.id}"), context)

    def _go_on(self, draft: Draft, context: EngineContext) -> None:
        """Begins attempts that are due, and applies results that are."""
        for key, known in list(draft.instance.attempts.items()):
            if known.kind != "effect" or known.next_at is None or known.next_at > draft.now:
                continue
            if key not in draft.instance.attempts:
                # the step of an earlier one has cancelled it
                continue
            if known.outcome is not None and draft.instance.snapshot is not None:
                again = known.apply_again()
                draft.set_attempt(key, again)
                ending = Ending(key, Raw(known.outcome))
                conclude(draft, ending, Origin("result"), context, number=again.attempt)
            elif draft.instance.snapshot is None:
                _raise_without_code(draft, key, known)
            else:
                holder = _holder(draft, key)
                if holder == draft.turn.worker:
                    _begin(draft, key, known)
                else:
                    draft.set_attempt(key, known.queue(holder))


class Take(Request):
    """Takes attempts that wait for a worker with a free slot, as far as this one has slots. The
    answer is whether any are left."""

    label = "take"

    def apply(self, draft: Draft, context: EngineContext) -> bool:
        if not draft.exists or not _waiting(draft):
            return False
        try:
            ready(draft, context)
        except UpgradeFailed:
            # they are due once it is upgraded, or over
            for key, known in _waiting(draft).items():
                draft.set_attempt(key, known.free(draft.now))
            return False
        for key, known in _waiting(draft).items():
            if draft.instance.snapshot is None:
                _raise_without_code(draft, key, known)
            elif _holder(draft, key) == draft.turn.worker:
                _begin(draft, key, known)
            else:
                return True
        return False


def _waiting(draft: Draft) -> dict[str, Attempt]:
    return {
        key: known for key, known in draft.instance.attempts.items() if known.state == "waiting"
    }


def _holder(draft: Draft, key: str) -> str:
    """This worker, or the marker of the slots that the attempt waits for."""
    return draft.assign(effect_name(draft, key))


def _begin(draft: Draft, key: str, known: Attempt) -> None:
    draft.set_attempt(key, known.begin(draft.turn.worker))
    draft.started += (key,)


def _raise_without_code(draft: Draft, key: str, known: Attempt) -> None:
    """The instance is over and was never upgraded: its effect becomes an incident."""
    why = f"the code of version {draft.instance.version} is not here; run it to go on"
    name = effect_name(draft, key)
    note_failure(draft, key, name, known.raise_incident(draft.now, known.attempt, why, name))


def _timer_failed(draft: Draft, timer: str, refusal: Refused, context: EngineContext) -> None:
    key, now = timer_key(timer), draft.now
    known = draft.instance.attempts.get(key) or Attempt(0, kind="timer", name=timer)
    number, trace = known.attempt + 1, step_trace(refusal)
    error = str(refusal)[: context.limits.error_chars]
    if number >= context.limits.timer_attempts:
        later = known.raise_incident(now, number, error, timer, traceback=trace)
    else:
        later = known.postpone(number, error, backoff(_RETRY, number, now, context))
    note_failure(draft, key, timer, later, trace)
