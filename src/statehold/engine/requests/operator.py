"""Requests of an operator: on an instance, an incident, a timer or an effect in flight.

Each is written to the journal with its caller and reason, and refused if it has no meaning in the
instance's present state. An instance of an older version is upgraded first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.access import Right
from statehold.chart.event import Cancellation, TimerFired
from statehold.chart.moment import in_utc, later, later_or_last
from statehold.chart.payload import read_result, write_result
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_results import conclude, in_flight
from statehold.engine.requests.messages import again, deliver_held
from statehold.engine.requests.request import Request, ready, snapshot_of
from statehold.errors import (
    ActRefused,
    CancelFailed,
    IncidentKept,
    InstanceOver,
    InvalidPayload,
    StepFailed,
    TooLarge,
    UnknownEffect,
    UnknownIncident,
    UnknownInstance,
    UnknownTimer,
    UpgradeFailed,
)
from statehold.instance.attempts import UPGRADE_KEY, Attempt, Ending, timer_key
from statehold.instance.audited import audit_entry
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.refusal import not_allowed
from statehold.instance.reply import InstanceReply
from statehold.interpreter.snapshot import Timer
from statehold.interpreter.step import step
from statehold.records import OVER, AuditEntry, Caller, EffectRecord, Ref
from statehold.wire.base import MAX_DELAY_SECONDS


class OperatorRequest(Request):
    """A request with a reason."""

    right: ClassVar[Right | None] = "act"
    is_audited = True
    texts: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, ref: Ref, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, caller=caller)
        self.reason = reason

    def audit_entry(self, now: datetime) -> AuditEntry:
        act = self.label.removesuffix("_incident")
        said = ": ".join(filter(None, (self.part, self.reason)))
        return audit_entry(now, self.caller, act, self.ref.machine, self.ref.id, detail=said)

    @property
    def part(self) -> str:
        """The timer, effect or incident that it is about."""
        return ""

    def origin(self, kind: str) -> Origin:
        return Origin(kind, caller=self.caller, reason=self.reason)

    def check_not_over(self, draft: Draft) -> None:
        """Raises unless the instance exists and is not over."""
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        if draft.instance.status in ("done", "cancelled"):
            raise InstanceOver(draft.ref.machine, draft.ref.id, draft.instance.status)


class Pause(OperatorRequest):
    """Events, timers and outcomes wait until the instance is resumed. Pausing twice is allowed."""

    label = "pause"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.check_not_over(draft)
        if draft.instance.status == "running":
            draft.mark("paused", self.origin("pause"))
        return draft.reply(self.caller)


class Resume(OperatorRequest):
    """What waited is applied now, in the order in which it came, before anything later."""

    label = "resume"
    wants_held_mail = True

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.check_not_over(draft)
        if draft.instance.status == "paused":
            draft.mark("running", self.origin("resume"))
            here = draft.release()
            deliver_held(draft, (*self.held_mail, *here), context)
        return draft.reply(self.caller)


class Cancel(OperatorRequest):
    """Has the chart take the cancellation, or ends the instance by the exit actions of its active
    states. One that cleans up already stays as it is, so that asking again does no harm."""

    label = "cancel"
    upgrades_first = True

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.check_not_over(draft)
        try:
            ready(draft, context)
            draft.cancel(Cancellation(self.reason or ""), self.origin("cancel"))
        except (StepFailed, InvalidPayload, TooLarge) as error:
            why = f"its upgrade failed: {error.why}" if isinstance(error, UpgradeFailed) else error
            raise CancelFailed(self.ref.machine, self.ref.id, str(why)) from error
        return draft.reply(self.caller)


class ForcedCancel(OperatorRequest):
    """Ends the instance with all that it has in progress; nothing of the chart runs, and its code
    need not be here."""

    label = "cancel"
    takes_remains = True

    @property
    def part(self) -> str:
        return "by force"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        if draft.unreadable is None or draft.instance.status not in OVER:
            # an unreadable one that is over is cancelled too: else effects that its row has in
            # flight would keep it from being purged
            self.check_not_over(draft)
        draft.is_mended = draft.unreadable is not None
        draft.mark("cancelled", self.origin("cancel"))
        return draft.reply(self.caller)


class UpgradeInstance(OperatorRequest):
    """Upgrades an instance to the version that runs here. Answers whether it had another."""

    label = "upgrade"
    right = "upgrade"

    def apply(self, draft: Draft, context: EngineContext) -> bool:
        before = draft.instance.version if draft.exists else None
        if draft.exists and draft.instance.status in ("done", "cancelled"):
            return False
        if UPGRADE_KEY in draft.instance.attempts:
            draft.end_attempt(UPGRADE_KEY, "cancel")
        ready(draft, context, self.origin("upgrade"))
        return draft.instance.version != before


class IncidentRequest(OperatorRequest):
    """A request on an incident; ``key`` is that of its attempt."""

    texts = ("reason", "incident_key")

    def __init__(self, ref: Ref, key: str, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, reason, caller)
        self.incident_key = key

    @property
    def part(self) -> str:
        return self.incident_key

    @property
    def incident(self) -> str:
        return f"{self.ref.machine}/{self.ref.id}/{self.incident_key}"

    def find(self, draft: Draft) -> Attempt:
        """Raises ``UnknownIncident``."""
        if not draft.exists:
            raise UnknownIncident(self.incident)
        known = draft.instance.attempts.get(self.incident_key)
        if known is None or known.incident_at is None:
            raise UnknownIncident(self.incident)
        return known

    def note(self, draft: Draft, what: str, known: Attempt) -> None:
        record = EffectRecord(self.incident_key, known.name, what, known.attempt, known.error)
        draft.note(Origin(what, effects=(record,), caller=self.caller, reason=self.reason))


class RetryIncident(IncidentRequest):
    """Tries again, from the first attempt on, under the same key."""

    label = "retry_incident"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        known = self.find(draft)
        key = self.incident_key
        if known.kind == "upgrade":
            draft.end_attempt(key, "cancel")
            self.note(draft, "retry", known)
            ready(draft, context)
            return draft.reply(self.caller)
        if known.kind == "message":
            draft.post(again(known, draft.ref))
            draft.end_attempt(key, "cancel")
        else:
            draft.set_attempt(key, known.retry(draft.now))
        self.note(draft, "retry", known)
        return draft.reply(self.caller)


class SkipIncident(IncidentRequest):
    """Goes on without it: there is no event, and what waits for it waits on."""

    label = "skip_incident"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        known = self.find(draft)
        key = self.incident_key
        if known.kind == "upgrade":
            raise IncidentKept(
                self.incident, "upgrade", "skipping", "correct the upgrade and retry it"
            )
        if draft.instance.snapshot is not None:
            draft.change(
                snapshot=replace(
                    draft.instance.snapshot,
                    effects=tuple(e for e in draft.instance.snapshot.effects if e.key != key),
                    timers=tuple(
                        t for t in draft.instance.snapshot.timers if timer_key(t.id) != key
                    ),
                )
            )
        draft.end_attempt(key, "skip")
        self.note(draft, "skip", known)
        return draft.reply(self.caller)


class ResolveIncident(IncidentRequest):
    """Applies the operator's value as the effect's result, at once, so not while paused."""

    label = "resolve_incident"

    def __init__(self, ref: Ref, key: str, result: Any, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, key, reason, caller)
        self.result = result

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        known = self.find(draft)
        effect = in_flight(draft, self.incident_key)
        if known.kind != "effect" or effect is None:
            raise IncidentKept(
                self.incident, known.kind, "a result", "only effects have one: retry or skip it"
            )
        if draft.instance.status == "paused":
            raise IncidentKept(
                self.incident, "effect", "a result while its instance is paused", "resume it first"
            )
        with self.own_words():
            raw = write_result(draft.definition, effect.name, self.result)
            read_result(draft.definition, effect.name, raw)
        self.note(draft, "resolve", known)
        origin = Origin("result", caller=self.caller, reason=self.reason)
        conclude(draft, Ending(self.incident_key, Raw(raw)), origin, context)
        return draft.reply(self.caller)


class TimerRequest(OperatorRequest):
    """A request on the timer of this id."""

    upgrades_first = True
    texts = ("reason", "timer")

    def __init__(self, ref: Ref, timer: str, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, reason, caller)
        self.timer = timer

    @property
    def part(self) -> str:
        return self.timer

    def find(self, draft: Draft, context: EngineContext) -> Timer:
        """Raises ``UnknownTimer``."""
        self.check_not_over(draft)
        ready(draft, context)
        timers = snapshot_of(draft).timers
        for timer in timers:
            if timer.id == self.timer:
                return timer
        known = [timer.id for timer in timers]
        raise UnknownTimer(draft.ref.machine, draft.ref.id, self.timer, known)

    def put(self, draft: Draft, kind: str, due: datetime | None) -> None:
        """Moves the timer to another time; None: cancels it."""
        snapshot = snapshot_of(draft)
        timers = tuple(
            replace(timer, due=due) if due is not None and timer.id == self.timer else timer
            for timer in snapshot.timers
            if due is not None or timer.id != self.timer
        )
        draft.change(snapshot=replace(snapshot, timers=timers))
        # its step may have failed before
        draft.end_attempt(timer_key(self.timer), "cancel")
        draft.note(
            Origin(
                kind,
                caller=self.caller,
                event={"type": "TimerFired", "timer": self.timer},
                reason=self.reason,
            ),
            timers={self.timer: due},
        )


class FireTimer(TimerRequest):
    """Fires the timer now."""

    label = "fire_timer"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        timer = self.find(draft, context)
        ref = draft.ref
        if draft.instance.status == "paused":
            why = "it is paused, and timers wait"
            raise ActRefused(ref.machine, ref.id, "fire", why, "resume it first")
        snapshot, event = snapshot_of(draft), TimerFired(timer.id)
        taken = step(draft.definition, snapshot, event, draft.now)
        if not taken.accepted:
            # a timer that fires is gone, taken or not; later its guard may let it through
            raise not_allowed(draft.instance, event, None, self.caller)
        plain = {"type": "TimerFired", "timer": timer.id, "due": timer.due}
        origin = Origin("timer", plain, caller=self.caller, reason=self.reason)
        draft.advance(taken, origin)
        draft.end_attempt(timer_key(timer.id), "done")
        return draft.reply(self.caller)


class CancelTimerRequest(TimerRequest):
    """The timer does not fire, unless its state is entered again."""

    label = "cancel_timer"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.find(draft, context)
        self.put(draft, "cancel-timer", None)
        return draft.reply(self.caller)


class RescheduleTimer(TimerRequest):
    """The timer fires at ``due``, or ``seconds`` from now; at once if that is past."""

    label = "reschedule_timer"

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

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.find(draft, context)
        with self.own_words():
            due = self._moment(draft.now)
        self.put(draft, "reschedule", due)
        return draft.reply(self.caller)

    def _moment(self, now: datetime) -> datetime:
        last = later_or_last(now, timedelta(seconds=MAX_DELAY_SECONDS))
        try:
            if self.due is None:
                return later(now, timedelta(seconds=self.seconds or 0.0))
            due = in_utc(self.due)
        except ValueError as error:
            raise InvalidPayload("the request", {"due": str(error)}) from None
        if due > last:
            why = f"it is later than {last:%Y-%m-%d}; a timer is due within 100 years"
            raise InvalidPayload("the request", {"due": why})
        return due


class EffectRequest(IncidentRequest):
    """A request on the effect of this key, which runs, waits or is an incident."""

    upgrades_first = True
    #: its name in a refusal
    operation = "act"

    def found(self, draft: Draft, context: EngineContext) -> Attempt:
        self.check_not_over(draft)
        ready(draft, context)
        return self.find(draft)

    def stop(self, draft: Draft, known: Attempt) -> None:
        """Cancels a running attempt, after the commit; another worker does so once it notices."""
        if known.worker is not None:
            draft.stopped += (self.incident_key,)

    def find(self, draft: Draft) -> Attempt:
        effects = snapshot_of(draft).effects
        known = draft.instance.attempts.get(self.incident_key)
        effect = in_flight(draft, self.incident_key)
        if known is None or effect is None:
            keys = [one.key for one in effects]
            raise UnknownEffect(draft.ref.machine, draft.ref.id, self.incident_key, keys)
        if known.child is not None:
            # not by its id: who may act on this one may not know of that one
            self.refuse("it is an instance of its own", "act on that, for example cancel it")
        return known.renamed(effect.name)

    def refuse(self, why: str, instead: str) -> None:
        raise ActRefused(self.ref.machine, self.ref.id, self.operation, why, instead)


class RetryEffect(EffectRequest, RetryIncident):
    """Tries it again at once, from the first attempt on, under the same key."""

    label = "retry_effect"
    operation = "retry"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.found(draft, context)
        return RetryIncident.apply(self, draft, context)

    def find(self, draft: Draft) -> Attempt:
        known = super().find(draft)
        if known.state == "waiting":
            why = f"attempt {known.attempt} waits for a worker with a free slot"
            self.refuse(why, "wait for it, skip it or resolve it")
        if known.state == "running":
            # two attempts of one effect must not run at once
            self.refuse(f"attempt {known.attempt} is running", "wait for it, skip it or resolve it")
        return known


class SkipEffect(EffectRequest, SkipIncident):
    """Goes on without it: there is no event, and what waits for it waits on."""

    label = "skip_effect"
    operation = "skip"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        known = self.found(draft, context)
        reply = SkipIncident.apply(self, draft, context)
        self.stop(draft, known)
        return reply


class ResolveEffect(EffectRequest, ResolveIncident):
    """Applies the operator's value as its result, at once, so not while paused."""

    label = "resolve_effect"
    operation = "resolve"

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        known = self.found(draft, context)
        reply = ResolveIncident.apply(self, draft, context)
        self.stop(draft, known)
        return reply

    def find(self, draft: Draft) -> Attempt:
        known = super().find(draft)
        if draft.instance.status == "paused":
            self.refuse("it is paused, and results wait", "resume it first")
        return known
