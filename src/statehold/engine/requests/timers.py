"""What is due at an instance: timers that fire and effects that are tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.effect import Retry
from statehold.chart.event import TimerFired
from statehold.engine.background.capacity import WAITING
from statehold.engine.raised import refusal_of
from statehold.engine.requests.context import Runtime
from statehold.engine.requests.effect_results import Ending, conclude, in_flight, postponed, put_off
from statehold.engine.requests.request import Request, ready
from statehold.errors import UpgradeFailed
from statehold.instance.attempts import timer_key
from statehold.instance.draft import Draft, Origin
from statehold.instance.stored import Attempt
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.snapshot import Timer
from statehold.interpreter.step import step
from statehold.records import Row

#: timers that one turn fires at one instance; more go on in the next turn, beside everybody else
FIRED_AT_ONCE = 100

_RETRY = Retry()


class Wake(Request):
    """Looks what is due now; for an instance with nothing due it does nothing."""

    label = "wake"

    def __init__(self, row: Row) -> None:
        super().__init__(row.ref)
        self.row = row

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        if not draft.exists:
            return
        if draft.status != "paused":
            self._wake(draft, runtime)
        if not draft.touched and draft.wakes_in_vain:
            # its row was damaged: written anew, it is not due any more
            draft.touched = True

    def _wake(self, draft: Draft, runtime: Runtime) -> None:
        try:
            ready(draft, runtime)
        except UpgradeFailed:
            return
        if draft.status == "running":
            self._fire(draft, runtime)
        self._try_again(draft, runtime)

    def _fire(self, draft: Draft, runtime: Runtime) -> None:
        fired: set[str] = set()
        for _ in range(FIRED_AT_ONCE):
            timer = _due_timer(draft)
            if timer is None or draft.snapshot is None:
                return
            now = draft.now
            if timer.id in fired:
                # set anew at once by what it led to: without a rest, it would do nothing else
                rest = timedelta(seconds=runtime.limits.timer_rest_seconds)
                draft.rest_until = now + rest
                return
            fired.add(timer.id)
            plain = {"type": "TimerFired", "timer": timer.id, "due": timer.due}
            key = timer_key(timer.id)
            known = draft.attempts.get(key)
            try:
                taken = step(draft.definition, draft.snapshot, TimerFired(timer.id), now)
                draft.advance(taken, Origin("timer", plain), now)
                if known is not None:
                    # left behind, it would make the timer that this step set anew fire early
                    draft.set_attempt(key, None)
            except BaseException as raised:  # noqa: BLE001 - raised again where it is no refusal
                error = refusal_of(raised, f"timer {timer.id}")
                tried = (
                    Attempt(1, kind="timer", name=timer.id)
                    if known is None
                    else replace(known, attempt=known.attempt + 1)
                )
                attempts = runtime.limits.timer_attempts
                later = postponed(tried, str(error), attempts, _RETRY, now, runtime)
                put_off(draft, key, timer.id, later, now, step_trace(error))

    def _try_again(self, draft: Draft, runtime: Runtime) -> None:
        now = draft.now
        for key, known in list(draft.attempts.items()):
            if known.kind != "effect" or known.next_at is None or known.next_at > now:
                continue
            if key not in draft.attempts:
                # cancelled by the step that an earlier one of these led to
                continue
            again = replace(known, attempt=known.attempt + 1, next_at=None)
            if known.outcome is not None and draft.snapshot is not None:
                draft.set_attempt(key, again)
                ending = Ending(key, Raw(known.outcome))
                conclude(draft, ending, Origin("result"), runtime)
            else:
                _begin(draft, key, again, known.next_at, runtime)


class Take(Request):
    """Takes effects that wait for a worker with a place, as far as this one has places. The answer
    is whether any are left."""

    label = "take"

    def apply(self, draft: Draft, runtime: Runtime) -> bool:
        if not draft.exists or not any(one.worker in WAITING for one in draft.attempts.values()):
            return False
        try:
            ready(draft, runtime)
        except UpgradeFailed:
            # they are due once it is upgraded, or over
            for key, known in list(draft.attempts.items()):
                if known.worker in WAITING:
                    later = replace(
                        known, attempt=known.attempt - 1, worker=None, next_at=draft.now
                    )
                    draft.set_attempt(key, later)
            return False
        for key, known in list(draft.attempts.items()):
            if known.worker in WAITING and not _begin(draft, key, known, None, runtime):
                return True
        return False


def _begin(draft: Draft, key: str, one: Attempt, due: datetime | None, runtime: Runtime) -> bool:
    """This attempt is this worker's, or waits for one with a place: False. ``due`` None: it waits
    already."""
    if draft.snapshot is None:
        # it is over, and so was never upgraded; what it asked for is not forgotten
        why = f"the code of version {draft.version} is not here; run it to go on"
        effects = () if draft.document is None else draft.document.effects
        name = next((effect.name for effect in effects if effect.key == key), key)
        given_up = replace(
            one, worker=None, next_at=None, error=why, incident_at=draft.now, name=name
        )
        put_off(draft, key, name, given_up, draft.now)
        return True
    effect = in_flight(draft, key)
    holder = draft.performer_of(key if effect is None else effect.name)
    is_taken = holder == draft.worker
    if is_taken or due is not None:
        draft.set_attempt(key, replace(one, worker=holder))
    if is_taken:
        draft.started.append(key)
    return is_taken


def _due_timer(draft: Draft) -> Timer | None:
    """The earliest timer whose time has come and that is not put off."""
    if draft.snapshot is None:
        return None
    now = draft.now
    due = []
    for timer in draft.snapshot.timers:
        put_off_to = draft.attempts.get(timer_key(timer.id))
        at = timer.due if put_off_to is None else put_off_to.next_at
        if at is not None and at <= now:
            due.append(timer)
    return min(due, key=lambda timer: timer.due, default=None)
