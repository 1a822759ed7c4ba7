"""Sets instances aside that can't be read or processed; they wait for an operator.

Each is an incident. Queries for due work leave it out, so that it does not block the others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from statehold.engine.commit.cache import Cache
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.errors import StateholdError
from statehold.records import OVER, Ref, Row
from statehold.store import Aside, Store

log = logger(__name__)


class SetAside:
    """The instances that this process set aside. As many are remembered as are cached."""

    def __init__(self, store: Store, context: EngineContext, cache: Cache) -> None:
        self._store = store
        self._context = context
        self._cache = cache
        #: each with its ``rev``
        self._known: OrderedDict[Ref, int] = OrderedDict()

    async def add(self, failed: Sequence[tuple[Row, StateholdError]]) -> None:
        """Sets these aside in the store, each with the error that keeps it from being worked on."""
        now, chars = self._context.now(), self._context.limits.error_chars
        aside: list[tuple[Row, Aside]] = []
        for row, error in failed:
            rests, is_known = row.wake_at is None and not row.held_by, self.has(row)
            # what is over and has nothing left to do only waits to be purged
            if rests and (is_known or row.status in OVER):
                continue
            if not is_known:
                extra = about(self._context, row.ref, seq=row.seq)
                log.error("an instance is set aside: %s", error, extra=extra)
            aside.append((row, Aside(now, str(error)[:chars])))
        if not aside:
            return
        try:
            await self._store.set_aside(aside)
        except StateholdError as error:
            log.warning("they could not be set aside: %s", error, extra=about(self._context))
            return
        for row, _ in aside:
            self._cache.drop([row.ref])
            self.remember(row)

    def has(self, row: Row) -> bool:
        """Whether it was set aside from here, and has not been written since."""
        return self._known.get(row.ref) == row.rev

    def remember(self, row: Row) -> None:
        """It is set aside in the store, and this process can't read it."""
        self._known[row.ref] = row.rev
        self._known.move_to_end(row.ref)
        if len(self._known) > self._context.limits.cached:
            self._known.popitem(last=False)

    def forget(self, machine: str) -> None:
        """Another definition of the machine runs, which may read what could not be read before."""
        for ref in [ref for ref in self._known if ref.machine == machine]:
            del self._known[ref]
