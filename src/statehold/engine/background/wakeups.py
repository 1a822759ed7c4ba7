"""Wakes the background tasks: at hints from other workers, at heartbeats, when a machine is loaded,
and when the lease is lost. Commits of this worker wake them in :mod:`..commit.after_commit`."""

from __future__ import annotations

from typing import Any

from statehold.chart.machine import Definition
from statehold.engine.background.effect_canceller import EffectCanceller
from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.background.rereader import Rereader
from statehold.engine.background.rescuer import Rescuer
from statehold.engine.background.timer_scheduler import TimerScheduler
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.observer import call_safely
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import EngineContext
from statehold.store import Hint


class Wakeups:
    def __init__(
        self,
        context: EngineContext,
        cache: Cache,
        set_aside: SetAside,
        effect_runner: EffectRunner,
        timer_scheduler: TimerScheduler,
        message_dispatcher: MessageDispatcher,
        rescuer: Rescuer,
        rereader: Rereader,
        effect_canceller: EffectCanceller,
        watchers: Watchers,
    ) -> None:
        self._context = context
        self._cache = cache
        self._set_aside = set_aside
        self._effect_runner = effect_runner
        self._timer_scheduler = timer_scheduler
        self._message_dispatcher = message_dispatcher
        self._rescuer = rescuer
        self._rereader = rereader
        self._effect_canceller = effect_canceller
        self._watchers = watchers

    def hint(self, hint: Hint) -> None:
        """Another worker has committed something."""
        if hint.mail:
            self._message_dispatcher.expect()
        if hint.due:
            self._timer_scheduler.look()
            self._effect_runner.look()
        self._effect_canceller.look(hint.changed)
        if hint.changed is None:
            self._watchers.publish_many()
        for ref in hint.changed or ():
            self._watchers.publish(ref)

    def heartbeat(self, workers_changed: bool) -> None:
        """``workers_changed``: dead workers may have left something, now or a while ago."""
        self._effect_canceller.look()
        self._effect_runner.look()
        if workers_changed:
            self._rescuer.look()
            self._timer_scheduler.look()
            self._message_dispatcher.expect()

    def machine_loaded(self, definition: Definition[Any]) -> None:
        """A deployed machine starts to run here: there may be work for it."""
        if self._context.observer is not None:
            call_safely(self._context.observer.opened, self._context.definitions)
        if not self._context.identity.takes_requests:
            # not all of them run yet, or any more
            return
        self._set_aside.forget(definition.name)
        self._rereader.look()
        self._timer_scheduler.look()
        self._message_dispatcher.expect()
        self._rescuer.look()
        self._effect_runner.look()

    def lease_lost(self) -> None:
        """This worker was taken for dead: others have what it had."""
        self._cache.clear()
        self._effect_runner.drop_all()
