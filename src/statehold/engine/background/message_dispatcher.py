"""Delivers messages from the mailbox to their instances."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from statehold.engine.background.poll_interval import PollInterval
from statehold.engine.background.task import BackgroundTask
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.messages import Bounce, Deliver
from statehold.errors import (
    InstanceUnreadable,
    StateholdError,
    Unavailable,
    UnknownInstance,
    UpgradeFailed,
)
from statehold.records import Message
from statehold.store import Store

log = logger(__name__)


class MessageDispatcher:
    """Messages go out in the order of their numbers, a page at a time; where more wait than a page,
    machines take turns.

    A page is done before the next is read, so that no message is delivered twice at a time.

    A message to a machine that this engine does not run waits for a process that does. Where one
    process owns the store there is none: a sender that runs here gets its message back. One whose
    sender does not run here either is left for an engine that runs them.
    """

    def __init__(
        self, store: Store, context: EngineContext, queue: RequestQueue, interval: PollInterval
    ) -> None:
        self._store = store
        self._interval = interval
        self._context = context
        self._queue = queue
        #: messages that wait, by their numbers, and until when they are not delivered again
        self._put_off: dict[int, datetime] = {}
        self._task = BackgroundTask(
            context,
            "message dispatcher",
            self._walk,
            log,
            "the mailbox could not be read",
            retry_seconds=context.limits.poll_seconds,
        )

    def open(self) -> None:
        self._task.start(self._context.now())

    async def close(self) -> None:
        await self._task.stop()

    def expect(self) -> None:
        """A message was sent, or a delayed one is due."""
        self._task.wake()

    def again(self) -> None:
        """Messages that had to wait may be deliverable now."""
        self._put_off.clear()
        self._task.wake()

    async def _walk(self) -> datetime:
        if await self._deliver_all():
            self._interval.found()
            return self._context.now()
        return self._context.now() + self._interval.pause()

    async def _deliver_all(self) -> bool:
        """Delivers what is due; True if anything was taken out."""
        size = self._context.limits.page
        # of any machine, where no other process could return those that can't be delivered
        everybody = None if self._store.exclusive else self._context.machines
        taken, last, is_full = await self._page(everybody, 0, size)
        if not is_full:
            return taken > 0
        # more than a page: machines take turns, and so one with many keeps no other waiting
        cursors: dict[str | None, int] = dict.fromkeys(self._context.machines, 0)
        if everybody is None:
            cursors[None] = 0
        while cursors:
            for machine, after in list(cursors.items()):
                asked = None if machine is None else (machine,)
                more, last, is_full = await self._page(asked, after, size)
                taken += more
                if is_full:
                    cursors[machine] = last
                else:
                    del cursors[machine]
        return taken > 0

    async def _page(
        self, machines: Sequence[str] | None, after: int, size: int
    ) -> tuple[int, int, bool]:
        """How many were taken out of the next page, its last number, and whether it was full."""
        now = self._context.now()
        until = now + timedelta(seconds=self._context.limits.claim_seconds)
        page = await self._store.mail(machines, now, after, size, until)
        self._put_off = {n: end for n, end in self._put_off.items() if end > now}
        requests = [
            Deliver(message)
            for message in page
            if message.number not in self._put_off and concerns(message, self._context.machines)
        ]
        taken = 0
        ended = await self._queue.ask_all(requests)
        for request, outcome in zip(requests, ended, strict=True):
            if await self._settle(request.message, outcome):
                taken += 1
            elif (
                isinstance(outcome, InstanceUnreadable)
                and len(self._put_off) < self._context.limits.waiting
            ):
                self._put_off[request.message.number] = until
        return taken, page[-1].number if page else after, len(page) == size

    async def _settle(self, message: Message, outcome: object) -> bool:
        """Handles the outcome of a delivery; False if the message is still there."""
        if not isinstance(outcome, BaseException):
            return True
        if not isinstance(outcome, StateholdError):
            raise outcome
        extra = about(self._context, message.to, message_number=message.number)
        if isinstance(outcome, _WAITS):
            log.warning("message %d waits: %s", message.number, outcome, extra=extra)
            return False
        bounce = Bounce(message, outcome)
        try:
            await self._queue.ask(bounce)
        except UnknownInstance:
            number = message.number
            log.warning(
                "message %d is discarded, as its sender and its receiver are gone: %s",
                number,
                outcome,
                extra=extra,
            )
            await self._store.discard([message.number])
        except StateholdError as error:
            # it can't be returned now; the messages behind it must not wait for that
            log.warning("message %d waits: %s", message.number, error, extra=extra)
            return False
        return True


def concerns(message: Message, machines: Collection[str]) -> bool:
    """Whether its receiver, or the sender to whom it would return, is one of these machines."""
    ends = (message.to, message.sender)
    return any(end is not None and end.machine in machines for end in ends)


#: not the message's fault, and it was promised to be applied: it stays in the mailbox until the
#: store is back, the upgrade is mended, or a release runs that can read the instance
_WAITS = (Unavailable, UpgradeFailed, InstanceUnreadable)
