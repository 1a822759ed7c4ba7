"""What a person does to a timer or an effect that is under way, whatever the chart has in mind.

Each act is in the journal with who and why, and is refused where it makes no sense as the instance
is now. An instance of an older version is upgraded first, as by anything else that happens to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from statehold.chart.event import TimerFired
from statehold.chart.moment import in_utc, later, later_or_last
from statehold.engine.background.capacity import WAITING
from statehold.engine.requests.context import Runtime
from statehold.engine.requests.effect_results import in_flight
from statehold.engine.requests.operator import (
    Manual,
    ResolveIncident,
    RetryIncident,
    Settle,
    SkipIncident,
)
from statehold.engine.requests.request import not_allowed, ready, snapshot_of
from statehold.errors import ActRefused, InvalidPayload, UnknownEffect, UnknownTimer
from statehold.instance.attempts import timer_key
from statehold.instance.draft import Draft, Origin
from statehold.instance.reply import Answer
from statehold.instance.stored import Try
from statehold.interpreter.snapshot import Timer
from statehold.interpreter.step import step
from statehold.records import Caller, Ref
from statehold.wire import MAX_DELAY_SECONDS


class OfTimer(Manual):
    """An act on the timer of this id."""

    texts = ("reason", "timer")

    def __init__(self, ref: Ref, timer: str, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, reason, caller)
        self.timer = timer

    def found(self, draft: Draft, runtime: Runtime) -> Timer:
        self.going(draft)
        ready(draft, runtime)
        timers = snapshot_of(draft).timers
        for timer in timers:
            if timer.id == self.timer:
                return timer
        known = [timer.id for timer in timers]
        raise UnknownTimer(draft.ref.machine, draft.ref.id, self.timer, known)

    def put(self, draft: Draft, kind: str, due: datetime | None) -> None:
        """The timer is due at another time from now on, or gone."""
        snapshot = snapshot_of(draft)
        others = tuple(timer for timer in snapshot.timers if timer.id != self.timer)
        timers = others
        if due is not None:
            timers = tuple(
                replace(timer, due=due) if timer.id == self.timer else timer
                for timer in snapshot.timers
            )
        draft.snapshot = replace(snapshot, timers=timers)
        # its step may have failed before, and been put off
        if timer_key(self.timer) in draft.tries:
            draft.set_try(timer_key(self.timer), None)
        draft.note(
            kind,
            draft.now,
            caller=self.caller,
            event={"type": "TimerFired", "timer": self.timer},
            reason=self.reason,
            timers={self.timer: due},
        )


class FireTimer(OfTimer):
    """Its time has come, because somebody says so."""

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        timer = self.found(draft, runtime)
        ref = draft.ref
        if draft.status == "paused":
            why = "it is paused, and timers wait"
            raise ActRefused(ref.machine, ref.id, "fire", why, "resume it first")
        snapshot, event = snapshot_of(draft), TimerFired(timer.id)
        taken = step(draft.definition, snapshot, event, draft.now)
        if not taken.accepted:
            # it would be gone with nothing done; at its own time a guard may say something else
            raise not_allowed(draft, event, None)
        plain = {"type": "TimerFired", "timer": timer.id, "due": timer.due}
        origin = Origin("timer", plain, caller=self.caller, reason=self.reason)
        draft.advance(taken, origin, draft.now)
        if timer_key(timer.id) in draft.tries:
            draft.set_try(timer_key(timer.id), None)
        return draft.answer(self.caller)


class CancelTimer(OfTimer):
    """It will not fire, unless its state is entered anew."""

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        self.found(draft, runtime)
        self.put(draft, "cancel-timer", None)
        return draft.answer(self.caller)


class RescheduleTimer(OfTimer):
    """It fires at ``due``, or ``seconds`` from now: at once, where that is past."""

    def __init__(
        self,
        ref: Ref,
        timer: str,
        due: datetime | None,
        seconds: float | None,
        reason: str | None,
        caller: Caller,
    ) -> None:
        super().__init__(ref, timer, reason, caller)
        self.due = due
        self.seconds = seconds

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        self.found(draft, runtime)
        self.put(draft, "reschedule", self._moment(draft.now))
        return draft.answer(self.caller)

    def _moment(self, now: datetime) -> datetime:
        last = later_or_last(now, timedelta(seconds=MAX_DELAY_SECONDS))
        try:
            if self.due is None:
                return later(now, timedelta(seconds=self.seconds or 0.0))
            due = in_utc(self.due)
        except ValueError as error:
            raise InvalidPayload("the request", {"due": str(error)}) from None
        if due > last:
            why = f"it is later than {last:%Y-%m-%d}; a timer is put off for 100 years at most"
            raise InvalidPayload("the request", {"due": why})
        return due


class OfEffect(Settle):
    """An act on the effect of this key: one that runs, waits for its next try or for a person."""

    #: as it is called where it is refused
    act = "act"

    def found(self, draft: Draft, runtime: Runtime) -> Try:
        self.going(draft)
        ready(draft, runtime)
        return self.open(draft)

    def stop(self, draft: Draft, known: Try) -> None:
        """What comes of a try under way is of no interest: its worker is told, or finds out."""
        if known.worker is not None:
            draft.stopped.append(self.incident_key)

    def open(self, draft: Draft) -> Try:
        effects = snapshot_of(draft).effects
        known = draft.tries.get(self.incident_key)
        effect = in_flight(draft, self.incident_key)
        if known is None or effect is None:
            keys = [one.key for one in effects]
            raise UnknownEffect(draft.ref.machine, draft.ref.id, self.incident_key, keys)
        if known.child is not None:
            child = f"{known.child.machine}/{known.child.id}"
            self.refuse("it is an instance of its own", f"act on {child}, which cancels it, say")
        return replace(known, name=effect.name)

    def refuse(self, why: str, instead: str) -> None:
        raise ActRefused(self.ref.machine, self.ref.id, self.act, why, instead)


class RetryEffect(OfEffect, RetryIncident):
    """Tries it again at once, from the first try on, under the same key."""

    act = "retry"

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        self.found(draft, runtime)
        return RetryIncident.apply(self, draft, runtime)

    def open(self, draft: Draft) -> Try:
        known = super().open(draft)
        if known.worker in WAITING:
            why = f"attempt {known.attempt} waits for a worker with a place"
            self.refuse(why, "wait for it, skip it or resolve it")
        if known.worker is not None:
            # two tries at once are what nobody has reckoned with
            self.refuse(f"try {known.attempt} is under way", "wait for it, skip it or resolve it")
        return known


class SkipEffect(OfEffect, SkipIncident):
    """Goes on without it: no event comes of it, what waits for it waits on."""

    act = "skip"

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        known = self.found(draft, runtime)
        answer = SkipIncident.apply(self, draft, runtime)
        self.stop(draft, known)
        return answer


class ResolveEffect(OfEffect, ResolveIncident):
    """Takes what a person says for its result: a step at once, so not while paused."""

    act = "resolve"

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        known = self.found(draft, runtime)
        answer = ResolveIncident.apply(self, draft, runtime)
        self.stop(draft, known)
        return answer

    def open(self, draft: Draft) -> Try:
        known = super().open(draft)
        if draft.status == "paused":
            self.refuse("it is paused, and results wait", "resume it first")
        return known
