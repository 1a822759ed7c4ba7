"""What a person does to an instance: every act is in the journal, with who and why."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.payload import read_result, write_result
from statehold.engine.requests.context import Runtime
from statehold.engine.requests.effect_results import Ending, conclude, in_flight
from statehold.engine.requests.messages import again, deliver_held
from statehold.engine.requests.request import Act, ready
from statehold.errors import IncidentKept, InstanceOver, UnknownIncident, UnknownInstance
from statehold.instance.attempts import UPGRADE_KEY, timer_key
from statehold.instance.draft import Draft, Origin
from statehold.instance.reply import Answer
from statehold.instance.stored import Try
from statehold.records import OVER, Caller, EffectRecord, Ref


class Manual(Act):
    """An act with a reason."""

    texts: ClassVar[tuple[str, ...]] = ("reason",)

    def __init__(self, ref: Ref, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, caller=caller)
        self.reason = reason

    def origin(self, kind: str) -> Origin:
        return Origin(kind, caller=self.caller, reason=self.reason)

    def going(self, draft: Draft) -> None:
        """Raises unless the instance exists and is not over."""
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        if draft.status in ("done", "cancelled"):
            raise InstanceOver(draft.ref.machine, draft.ref.id, draft.status)


class Pause(Manual):
    """From now on events, timers and outcomes wait. Pausing twice is no mistake."""

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        self.going(draft)
        if draft.status == "running":
            draft.mark("paused", self.origin("pause"), draft.now)
        return draft.answer(self.caller)


class Resume(Manual):
    """What waited happens now, in the order in which it came, before anything that comes later."""

    wants_held_mail = True

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        self.going(draft)
        if draft.status == "paused":
            draft.mark("running", self.origin("resume"), draft.now)
            here = draft.release()
            deliver_held(draft, (*self.held_mail, *here), runtime)
        return draft.answer(self.caller)


class Cancel(Manual):
    """The end, from outside: no action of the chart runs."""

    takes_remains = True

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        if draft.unreadable is None or draft.status not in OVER:
            # else nothing ended what its row says is under way, and it would never be purged
            self.going(draft)
        draft.mended = draft.unreadable is not None
        draft.mark("cancelled", self.origin("cancel"), draft.now)
        return draft.answer(self.caller)


class Upgrade(Manual):
    """Brings an instance to the version that runs here; True if it was of another."""

    def apply(self, draft: Draft, runtime: Runtime) -> bool:
        before = draft.version if draft.exists else None
        if draft.exists and draft.status in ("done", "cancelled"):
            return False
        _forget_upgrade(draft)
        ready(draft, runtime, self.origin("upgrade"))
        return draft.version != before


class Settle(Manual):
    """An act on an incident: ``key`` is that of the try that it is about."""

    texts = ("reason", "incident_key")

    def __init__(self, ref: Ref, key: str, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, reason, caller)
        self.incident_key = key

    @property
    def incident(self) -> str:
        return f"{self.ref.machine}/{self.ref.id}/{self.incident_key}"

    def open(self, draft: Draft) -> Try:
        if not draft.exists:
            raise UnknownIncident(self.incident)
        known = draft.tries.get(self.incident_key)
        if known is None or known.incident_at is None:
            raise UnknownIncident(self.incident)
        return known

    def note(self, draft: Draft, what: str, known: Try, runtime: Runtime) -> None:
        record = EffectRecord(self.incident_key, known.name, what, known.attempt, known.error)
        draft.note(
            what,
            draft.now,
            effects=(record,),
            caller=self.caller,
            reason=self.reason,
        )


class RetryIncident(Settle):
    """Tries again from the first try on, under the same key."""

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        known = self.open(draft)
        key = self.incident_key
        now = draft.now
        if known.kind == "upgrade":
            draft.set_try(key, None)
            self.note(draft, "retry", known, runtime)
            ready(draft, runtime)
            return draft.answer(self.caller)
        if known.kind == "message":
            draft.post(again(known, draft.ref))
            draft.set_try(key, None)
        else:
            draft.set_try(
                key, replace(known, attempt=0, takeovers=0, next_at=now, incident_at=None)
            )
        self.note(draft, "retry", known, runtime)
        return draft.answer(self.caller)


class SkipIncident(Settle):
    """Goes on without it: no event comes of it, what waits for it waits on."""

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        known = self.open(draft)
        key = self.incident_key
        if known.kind == "upgrade":
            raise IncidentKept(
                self.incident, "upgrade", "skipping", "mend the upgrade and retry it"
            )
        if draft.snapshot is not None:
            draft.snapshot = replace(
                draft.snapshot,
                effects=tuple(e for e in draft.snapshot.effects if e.key != key),
                timers=tuple(t for t in draft.snapshot.timers if timer_key(t.id) != key),
            )
        draft.set_try(key, None)
        self.note(draft, "skip", known, runtime)
        return draft.answer(self.caller)


class ResolveIncident(Settle):
    """Takes what a person says for the effect's result: a step at once, so not while paused."""

    def __init__(self, ref: Ref, key: str, result: Any, reason: str | None, caller: Caller) -> None:
        super().__init__(ref, key, reason, caller)
        self.result = result

    def apply(self, draft: Draft, runtime: Runtime) -> Answer:
        known = self.open(draft)
        effect = in_flight(draft, self.incident_key)
        if known.kind != "effect" or effect is None:
            raise IncidentKept(
                self.incident, known.kind, "a result", "only effects have one: retry or skip it"
            )
        if draft.status == "paused":
            raise IncidentKept(
                self.incident, "effect", "a result while its instance is paused", "resume it first"
            )
        raw = write_result(draft.definition, effect.name, self.result)
        read_result(draft.definition, effect.name, raw)
        self.note(draft, "resolve", known, runtime)
        draft.set_try(self.incident_key, replace(known, incident_at=None, outcome=None))
        origin = Origin("result", caller=self.caller, reason=self.reason)
        conclude(draft, Ending(self.incident_key, Raw(raw)), origin, runtime)
        return draft.answer(self.caller)


def _forget_upgrade(draft: Draft) -> None:
    known = draft.tries.get(UPGRADE_KEY) if draft.exists else None
    if known is not None:
        draft.set_try(UPGRADE_KEY, None)
