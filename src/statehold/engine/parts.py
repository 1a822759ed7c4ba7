"""The parts of one opening of an engine: how they are wired, and the order in which they start and
stop.

The constructor of each part takes the parts that it uses; none refers to the engine. Requests pass
through the stages of the group commit. Commits, hints and heartbeats wake the background tasks.
"""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack
from typing import Any, Protocol

from statehold.chart.machine import Definition
from statehold.engine.audit import Audit
from statehold.engine.background.capacity import Capacity
from statehold.engine.background.effect_canceller import EffectCanceller
from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.membership import Membership
from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.background.notifier import Notifier
from statehold.engine.background.poll_interval import PollInterval
from statehold.engine.background.rereader import Rereader
from statehold.engine.background.rescuer import Rescuer
from statehold.engine.background.standby_watch import StandbyWatch
from statehold.engine.background.timer_scheduler import TimerScheduler
from statehold.engine.background.wakeups import Wakeups
from statehold.engine.commit.after_commit import AfterCommit
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.group_commit import GroupCommit
from statehold.engine.commit.lookup import Lookup
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.machines.bulk_upgrade import BulkUpgrader
from statehold.engine.machines.compatibility import UpgradePlans
from statehold.engine.machines.deploy import Deployer
from statehold.engine.machines.loader import Loader
from statehold.engine.machines.startup_checks import check_machines
from statehold.engine.observer import call_safely
from statehold.engine.queries.finder import Finder
from statehold.engine.queries.health import HealthQueries
from statehold.engine.queries.incidents import IncidentQueries
from statehold.engine.queries.instances import InstanceQueries
from statehold.engine.queries.journals import JournalQueries
from statehold.engine.queries.machines import MachineQueries
from statehold.engine.queries.reading import Reading
from statehold.engine.queries.watchers import Watchers
from statehold.engine.queries.watching import Watching
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.intake import Intake
from statehold.engine.resources.pool import ResourcePool
from statehold.engine.resources.providers import effects_of
from statehold.engine.retention.policy import by_machine
from statehold.engine.retention.pruner import Pruner
from statehold.engine.settings import Settings
from statehold.engine.throughput.compactor import Compactor
from statehold.engine.throughput.recorder import Recorder
from statehold.engine.throughput.report import ThroughputReader
from statehold.store import Hint


class Parts:
    """``definitions`` are the machines that run; the loader changes them."""

    # long because the wiring of all parts stands in one place
    def __init__(self, given: Settings, definitions: dict[str, Definition[Any]]) -> None:
        self.store = store = given.store
        definitions.clear()
        definitions.update(given.coded)
        self.context = context = EngineContext(
            definitions,
            given.clock,
            given.limits,
            given.identity,
            given.chance,
            UpgradePlans(),
            Capacity(given.limits),
            given.observer,
            given.tracer,
        )
        limits, alone = given.limits, store.exclusive
        self.watchers = Watchers()
        self.queue = queue = RequestQueue(context, overlapping=not alone and limits.turns > 1)
        self.cache = Cache(limits.cached, limits.cached_bytes, keeps_finished=alone)
        self.set_aside = SetAside(store, context, self.cache)
        self.lookup = Lookup(store, context, self.cache, self.set_aside)

        self.message_dispatcher = MessageDispatcher(
            store, context, queue, PollInterval(context, exclusive=alone)
        )
        self.timer_scheduler = TimerScheduler(
            store,
            context,
            queue,
            self.set_aside,
            PollInterval(context, exclusive=alone),
            self.message_dispatcher.expect,
        )
        self.rescuer = Rescuer(store, context, queue, self.set_aside, self.watchers)
        self.rereader = Rereader(store, context, queue, self.set_aside)
        self._given = given
        self.resources = ResourcePool(context, given.resources)
        self.effect_runner = EffectRunner(
            store, context, queue, self.set_aside, self.resources, self.rescuer.doubt
        )
        self.effect_canceller = EffectCanceller(store, context, self.effect_runner)
        wakeups = Wakeups(
            context,
            self.cache,
            self.set_aside,
            self.effect_runner,
            self.timer_scheduler,
            self.message_dispatcher,
            self.rescuer,
            self.rereader,
            self.effect_canceller,
            self.watchers,
        )
        self.loader = loader = Loader(
            store, context, definitions, given.deployments, wakeups.machine_loaded
        )

        def heartbeat(workers_changed: bool) -> None:
            loader.look()
            wakeups.heartbeat(workers_changed)

        def hint(hint: Hint) -> None:
            if hint.documents:
                loader.look()
            wakeups.hint(hint)

        self.membership = Membership(store, context, wakeups.lease_lost, heartbeat)
        self.notifier = Notifier(store, context, hint)
        self.recorder = Recorder(store, context, uuid.uuid4().hex)
        self.audit = Audit(store, context)
        self.compactor = Compactor(store, context)
        self.pruner = Pruner(
            store,
            context,
            # anew each time: machines are deployed while the engine runs
            lambda: by_machine(given.retention, definitions, open_ended=True),
            self.cache.drop,
        )
        after = AfterCommit(
            context,
            self.effect_runner,
            self.timer_scheduler,
            self.message_dispatcher,
            self.rescuer,
            self.membership,
            loader,
            self.notifier,
            self.watchers,
            self.recorder,
        )
        self.group_commit = GroupCommit(store, context, queue, self.cache, self.lookup, after)

        self.intake = Intake(store, context, queue, loader)
        self.bulk_upgrader = BulkUpgrader(store, context, queue, self.intake, loader)
        self.deployer = Deployer(store, context, loader, self.notifier)
        self.standby_watch = StandbyWatch(store, context)
        self.reading = reading = Reading(store, limits.read_lag_seconds)
        self.throughput = ThroughputReader(context, self.recorder, exclusive=alone)
        self.machines = MachineQueries(store, context, self.throughput, reading)
        self.finder = finder = Finder(store, context, self.lookup, loader.renew)
        self.journals = JournalQueries(store, finder)
        self.instances = InstanceQueries(store, context, finder, self.journals, reading)
        self.watching = Watching(
            store, context, self.watchers, finder, self.instances, self.journals
        )
        self.incidents = IncidentQueries(store, context, finder, reading)
        self.health = HealthQueries(
            store,
            context,
            queue,
            self.cache,
            self.effect_runner,
            self.membership,
            self.notifier,
            reading,
            self.resources,
        )

    async def open(self) -> None:
        """Checks the machines against the store, takes over what was left, starts the tasks."""
        context, store, loader = self.context, self.store, self.loader
        if context.observer is not None:
            call_safely(context.observer.opened, context.definitions)
        coded = {name: context.definitions[name] for name in loader.coded}
        check_machines(context, coded.values())
        self.pruner.check()
        given, deployments = self._given, self._given.deployments
        lent = {} if deployments is None else deployments.offered.effects
        given.resources.check(effects_of(given.coded.values(), lent.values()))
        await store.open(context.worker)
        try:
            await loader.check()
            await context.upgrade_plans.open(store, coded, context.now())
            await loader.open()
            await self.membership.open()
            # before an effect runs
            await self.resources.open()
            self.group_commit.open()
            await self.rescuer.rescue()
        except BaseException:
            await _close(loader, self.group_commit, self.resources, self.membership, store)
            raise
        self.effect_runner.open()
        self.rescuer.open()
        self.rereader.open()
        self.effect_canceller.open()
        self.notifier.open()
        self.pruner.open()
        self.recorder.open()
        self.audit.open()
        self.compactor.open()
        self.timer_scheduler.open()
        self.message_dispatcher.open()
        self.standby_watch.open()
        loader.run()
        context.identity.takes_requests = True

    async def close(self) -> None:
        """Takes no more requests, ends what runs or hands it back, and closes the store."""
        self.context.identity.takes_requests = False
        self.watchers.close()
        await _close(
            self.loader,
            self.standby_watch,
            self.pruner,
            self.compactor,
            self.rescuer,
            self.rereader,
            self.timer_scheduler,
            self.message_dispatcher,
            self.effect_canceller,
            self.effect_runner,
            self.group_commit,
            self.resources,
            self.recorder,
            self.audit,
            self.notifier,
            self.membership,
            self.store,
        )


class _Part(Protocol):
    async def close(self) -> None: ...


async def _close(*parts: _Part) -> None:
    """One after another, each whatever became of those before it: a store that stays open keeps
    everybody else out."""
    async with AsyncExitStack() as closing:
        for part in reversed(parts):
            closing.push_async_callback(part.close)
