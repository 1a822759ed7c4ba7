"""The health of this worker: whether it can serve requests, its numbers, what needs an operator."""

from __future__ import annotations

from collections.abc import Sequence

from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.membership import Membership
from statehold.engine.background.notifier import Notifier
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.observer import EngineStats
from statehold.engine.queries.reading import Reading
from statehold.engine.requests.context import EngineContext
from statehold.engine.resources.pool import ResourcePool
from statehold.errors import Stopping
from statehold.store import Store


class HealthQueries:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        cache: Cache,
        effect_runner: EffectRunner,
        membership: Membership,
        notifier: Notifier,
        reading: Reading,
        resources: ResourcePool,
    ) -> None:
        self._store = store
        self._context = context
        self._queue = queue
        self._cache = cache
        self._effect_runner = effect_runner
        self._membership = membership
        self._notifier = notifier
        self._reading = reading
        self._resources = resources

    async def check_ready(self) -> None:
        """Raises ``Unavailable`` if a request could not be served now."""
        if not self._context.identity.takes_requests:
            raise Stopping
        self._membership.check()
        await self._store.ping()

    def stats(self) -> EngineStats:
        return EngineStats(
            waiting=self._queue.waiting,
            cached=len(self._cache),
            effects=self._effect_runner.running,
            workers=len(self._context.identity.alive),
            lease_age_seconds=self._membership.lease_age_seconds,
            hints_lost=self._notifier.lost,
            cached_bytes=self._cache.bytes,
            read_store=self._reading.stats(),
            resources=self._resources.stats(),
        )

    def troubles(self) -> Sequence[str]:
        """One sentence for each thing that an operator should look at."""
        limits, found = self._context.limits, []
        for name, (version, why) in sorted(self._context.unserved.items()):
            found.append(f"put and not run here: {name} {version}, {why}")
        age = self._membership.lease_age_seconds
        if age is not None and age > limits.heartbeat_seconds * 1.5:
            found.append(
                f"no heartbeat for {age:.0f} s; other workers take over at {limits.lease_seconds:g}"
            )
        reads = self._reading.stats()
        if reads is not None and not reads.used:
            # requests are served all the same, so the worker is ready
            found.append(f"lists and counts are not read from the standby: {reads.why}")
        found += self._resources.troubles()
        for lane in self._context.capacity.lanes:
            if lane.hung:
                found.append(
                    f"calls of a {lane.sort} that go on though their time is up: {lane.hung}; at "
                    f"{limits.hung} further attempts fail"
                )
            if lane.queue:
                found.append(
                    f"attempts that wait for a slot, of a {lane.sort}: {len(lane.queue)}; there "
                    f"are {lane.slots} slots"
                )
        return found
