"""Delivers messages from the mailbox to their instances."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from statehold.engine.background.poll_interval import PollInterval
from statehold.engine.background.task import BackgroundTask
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.messages import WAITS, Bounce, Deliver, refusal_for_sender
from statehold.errors import InstanceUnreadable, StateholdError, UnknownInstance
from statehold.records import Message, MessageId, Ref
from statehold.store import FIRST_ID, Store

log = logger(__name__)


#: whose write a message was part of, and to whom it goes: these have an order
_Pair = tuple[int, Ref]

#: pages that bring something, for each machine, before partitions are chosen anew
_PAGES = 8


class _Page(NamedTuple):
    #: messages that were taken out
    taken: int
    #: there were messages that were not passed over
    is_fresh: bool
    is_full: bool
    #: where the next page begins
    after: MessageId


class MessageDispatcher:
    """Messages go out in the order of their ids, a page at a time; where more wait than a page,
    machines take turns.

    A page is done before the next is read, so that no message is delivered twice at a time. The
    next begins where the first did, without those that have to wait: a message that was committed
    meanwhile may have a lower id than one that was delivered, and what the same instance sends
    after it is behind it in the order, not before.

    In a round the store chooses which partitions this worker delivers; rounds follow each other
    until one brings nothing that the ones before did not.

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
        #: messages that wait, and until when they are not delivered again
        self._put_off: dict[MessageId, datetime] = {}
        #: messages that are passed over until the next pause, and whose they are
        self._passed: dict[MessageId, _Pair | None] = {}
        #: messages that are remembered at most
        self._most = context.limits.waiting
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
        self._passed.clear()
        self._task.wake()

    async def _walk(self) -> datetime:
        taken, is_fresh = await self._round()
        if taken:
            self._interval.found()
        if is_fresh:
            return self._context.now()
        self._passed.clear()
        return self._context.now() + self._interval.pause()

    async def _round(self) -> tuple[int, bool]:
        """Delivers what is due in the partitions that the store gives. How many messages were
        taken out, and whether there were any that were not passed over."""
        # of any machine, where no other process could return those that can't be delivered
        everybody = None if self._store.exclusive else self._context.machines
        page = await self._page(everybody, None)
        taken, is_fresh = page.taken, page.is_fresh
        if not page.is_full:
            return taken, is_fresh
        # more than a page: machines take turns, and so one with many keeps no other waiting
        cursors: dict[str | None, MessageId] = dict.fromkeys(self._context.machines, FIRST_ID)
        if everybody is None:
            cursors[None] = FIRST_ID
        for _ in range(_PAGES):
            for machine, after in list(cursors.items()):
                page = await self._page(None if machine is None else (machine,), after)
                taken += page.taken
                is_fresh = is_fresh or page.is_fresh
                if page.is_full:
                    cursors[machine] = page.after
                else:
                    del cursors[machine]
        return taken, is_fresh

    async def _page(self, machines: Sequence[str] | None, after: MessageId | None) -> _Page:
        """Delivers the next page that is not passed over as a whole."""
        size = self._context.limits.page
        start = after
        while True:
            now = self._context.now()
            until = now + timedelta(seconds=self._context.limits.claim_seconds)
            found = await self._store.mail(machines, now, after, size, until)
            self._put_off = {id: end for id, end in self._put_off.items() if end > now}
            new = self._not_passed(found)
            is_full, passed = len(found) == size, len(self._passed)
            if new or not is_full:
                break
            after = id_of(found[-1])
        if new and after is not None and after != start:
            # what was committed meanwhile with a lower id goes before what the same instance sent
            # after it, which may be on this page
            new = await self._come_before(machines, start or FIRST_ID, after) or new
        taken = await self._deliver(new, until)
        is_fresh = taken > 0 or len(self._passed) > passed
        # where no more can be remembered, the next page begins behind this one
        behind = bool(found) and len(self._passed) >= self._most
        return _Page(taken, is_fresh, is_full, id_of(found[-1]) if behind else start or FIRST_ID)

    async def _come_before(
        self, machines: Sequence[str] | None, start: MessageId, end: MessageId
    ) -> list[Message]:
        """Messages from ``start`` to ``end`` that are not passed over, a page of them at most."""
        size = self._context.limits.page
        while start < end:
            now = self._context.now()
            until = now + timedelta(seconds=self._context.limits.claim_seconds)
            found = await self._store.mail(machines, now, start, size, until)
            if new := self._not_passed(message for message in found if id_of(message) <= end):
                return new
            if len(found) < size:
                break
            start = id_of(found[-1])
        return []

    def _not_passed(self, messages: Iterable[Message]) -> list[Message]:
        return [message for message in messages if id_of(message) not in self._passed]

    async def _deliver(self, page: Sequence[Message], until: datetime) -> int:
        """How many of these messages were taken out; the others are passed over from now on."""
        waiting = set(self._passed.values())
        requests: list[Deliver] = []
        last: dict[_Pair, Deliver] = {}
        for message in page:
            pair = _pair(message)
            is_ours = concerns(message, self._context.machines)
            if not is_ours or id_of(message) in self._put_off or pair in waiting:
                # it waits, and so do those behind it
                self._pass(message, is_first=True)
                waiting.add(pair)
            else:
                last[pair] = deliver = Deliver(message, last.get(pair))
                requests.append(deliver)
        taken = 0
        ended = await self._queue.ask_all(requests)
        for request, outcome in zip(requests, ended, strict=True):
            message = request.message
            if await self._settle(message, outcome):
                taken += 1
                continue
            # a refused one that can't be returned yet keeps no other waiting
            self._pass(message, is_first=isinstance(outcome, WAITS))
            if isinstance(outcome, InstanceUnreadable) and len(self._put_off) < self._most:
                self._put_off[id_of(message)] = until
        return taken

    def _pass(self, message: Message, *, is_first: bool) -> None:
        """Passes over a message until the next pause, and with ``is_first`` those behind it."""
        if len(self._passed) < self._most:
            self._passed[id_of(message)] = _pair(message) if is_first else None

    async def _settle(self, message: Message, outcome: object) -> bool:
        """Handles the outcome of a delivery; False if the message is still there."""
        if not isinstance(outcome, BaseException):
            return True
        if not isinstance(outcome, StateholdError):
            raise outcome
        extra = about(self._context, message.to, message_id=str(message.id))
        if isinstance(outcome, WAITS):
            log.warning("message %s waits: %s", message.id, outcome, extra=extra)
            return False
        refusal = refusal_for_sender(outcome, message, self._context)
        if refusal is not outcome:
            log.warning("message %s was refused: %s", message.id, outcome, extra=extra)
        bounce = Bounce(message, refusal)
        try:
            await self._queue.ask(bounce)
        except UnknownInstance:
            log.warning(
                "message %s is discarded, as its sender and its receiver are gone: %s",
                message.id,
                outcome,
                extra=extra,
            )
            await self._store.discard([id_of(message)])
        except StateholdError as error:
            # it can't be returned now; the messages behind it must not wait for that
            log.warning("message %s waits: %s", message.id, error, extra=extra)
            return False
        return True


def id_of(message: Message) -> MessageId:
    """The id of a message that is in a store."""
    assert message.id is not None
    return message.id


def _pair(message: Message) -> _Pair:
    return id_of(message).writer, message.to


def concerns(message: Message, machines: Collection[str]) -> bool:
    """Whether its receiver, or the sender to whom it would return, is one of these machines."""
    ends = (message.to, message.sender)
    return any(end is not None and end.machine in machines for end in ends)
