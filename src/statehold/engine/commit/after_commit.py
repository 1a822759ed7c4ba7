"""What follows a commit: effects begin; timers, messages, watchers and other workers are woken.

Nothing here waits: each part does its work in a task of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.membership import Membership
from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.background.notifier import Notifier
from statehold.engine.background.rescuer import Rescuer
from statehold.engine.background.timer_scheduler import TimerScheduler
from statehold.engine.log_fields import about, logger
from statehold.engine.machines.loader import Loader
from statehold.engine.observer import call_safely
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import EngineContext
from statehold.engine.throughput.recorder import Recorder
from statehold.instance.attempts import WAITING
from statehold.instance.draft import Draft, FailedAttempt
from statehold.instance.loaded import Loaded
from statehold.instance.tracebacks import at
from statehold.records import Ref

log = logger(__name__)


class AfterCommit:
    def __init__(
        self,
        context: EngineContext,
        effect_runner: EffectRunner,
        timer_scheduler: TimerScheduler,
        message_dispatcher: MessageDispatcher,
        rescuer: Rescuer,
        membership: Membership,
        loader: Loader,
        notifier: Notifier,
        watchers: Watchers,
        recorder: Recorder,
    ) -> None:
        self._context = context
        self._effect_runner = effect_runner
        self._timer_scheduler = timer_scheduler
        self._message_dispatcher = message_dispatcher
        self._rescuer = rescuer
        self._membership = membership
        self._loader = loader
        self._notifier = notifier
        self._watchers = watchers
        self._recorder = recorder

    def committed(self, draft: Draft, loaded: Loaded) -> None:
        """``loaded`` is the instance as the draft was written."""
        ref, row = draft.ref, loaded.row
        for key in draft.stopped:
            self._effect_runner.stop(ref, key)
        for key in draft.started:
            self._effect_runner.begin(draft.definition, loaded, key)
        for failed in draft.failed_attempts:
            self._log(draft, failed)
        needs_worker = bool(row.held_by) and any(one in WAITING for one in row.held_by)
        if needs_worker:
            self._effect_runner.look()
        if draft.is_mended:
            self._message_dispatcher.again()
        has_mail = bool(draft.messages or draft.released)
        if has_mail:
            self._message_dispatcher.expect()
            for message in draft.messages:
                if message.due_at is not None:
                    self._timer_scheduler.expect(message.due_at)
        if row.wake_at is not None:
            self._timer_scheduler.expect(row.wake_at)
        self._watchers.publish(ref)
        # a failure to count it must not fail what is committed
        call_safely(self._recorder.count, draft)
        identity = self._context.identity
        # a worker that stops may not know yet of the one that replaces it
        if not identity.is_alone or not identity.takes_requests:
            # while it takes requests, this worker does what is due itself
            is_due = row.wake_at is not None and row.wake_at <= draft.now
            due = needs_worker or (is_due and not identity.takes_requests)
            self._notifier.changed(ref, mail=has_mail, due=due)

    def doubted(self, refs: Iterable[Ref]) -> None:
        """It is not known whether these were committed."""
        self._rescuer.doubt(refs)

    def lease_lost(self) -> None:
        """The store refused a commit: this worker was taken for dead."""
        self._membership.doubt()

    def newer_version_met(self) -> None:
        """An instance is of a version that does not run here yet."""
        self._loader.look()

    def _log(self, draft: Draft, failed: FailedAttempt) -> None:
        """Incidents, and what the machine's own code has put off."""
        attempt = failed.next
        is_incident = attempt.incident_at is not None
        if not is_incident and attempt.kind == "effect" and attempt.outcome is None:
            # the effect runner has logged it
            return
        more: dict[str, Any] = {"seq": draft.instance.seq, "attempt": attempt.attempt}
        if failed.traceback:
            more["exception"] = failed.traceback
        log.warning(
            "%s %s of %s/%s %s: %s%s",
            attempt.kind,
            failed.name,
            draft.ref.machine,
            draft.ref.id,
            "is an incident" if is_incident else f"failed at attempt {attempt.attempt}",
            attempt.error,
            at(failed.traceback),
            extra=about(self._context, draft.ref, **more),
        )
