"""The mailbox of a memory store: messages in the order of their ids, and who delivers which."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import chain, islice
from typing import NamedTuple

from msgspec.structs import replace

from statehold.records import Message, MessageId, Ref, Row
from statehold.store import partition_of
from statehold.stores.paging import microseconds

#: the receiving machine, and a partition of its instances
Place = tuple[str, int]


class Claim(NamedTuple):
    worker: str
    until: datetime

    @staticmethod
    def is_free(claim: Claim | None, now: datetime) -> bool:
        """Whether another worker may claim it."""
        return claim is None or claim.until <= now


class _Box:
    """What waits for instances of one machine in one partition, in the order of the ids."""

    def __init__(self) -> None:
        #: due whatever a clock says
        self.at_once: list[MessageId] = []
        #: due at a time of their own
        self.late: list[MessageId] = []

    def due(self, now: datetime, after: MessageId | None = None) -> Iterator[MessageId]:
        """The ids of messages that are due, those after ``after``."""
        come = bisect_right(self.late, microseconds(now), key=_at)
        if after is None:
            return merge(self.at_once, islice(self.late, come))
        return merge(
            islice(self.at_once, bisect_right(self.at_once, after), None),
            islice(self.late, bisect_right(self.late, after), come),
        )


class Mailbox:
    """Messages wait in the partition of the instance that wrote them."""

    def __init__(self) -> None:
        self.messages: dict[MessageId, Message] = {}
        #: by receiver and key
        self.keys: dict[tuple[Ref, str], MessageId] = {}
        #: who delivers to instances of a machine in a partition, and until when
        self.deliverers: dict[Place, Claim] = {}
        #: what is not held, by the machine and the partition of receivers
        self._boxes: dict[Place, _Box] = {}
        #: with ``sent_at``, by the number of the instance that wrote them, in the order of writes
        self._written: dict[int, dict[MessageId, int]] = {}

    def put(self, writer: Row, number: int, sent: Iterable[Message]) -> None:
        """Adds the messages of one write of the instance of this number."""
        partition = partition_of(writer.machine, writer.id)
        written = self._written.get(number, {})
        # never before one that waits, if a clock went back
        waiting = (written[id] for id in islice(reversed(written), 1))
        sent_at = max((microseconds(writer.changed_at), *waiting))
        for ordinal, message in enumerate(sent):
            due_at = sent_at if message.due_at is None else microseconds(message.due_at)
            id = MessageId(due_at, number, writer.rev, ordinal, partition)
            self._written.setdefault(number, {})[id] = sent_at
            self._keep(replace(message, id=id), id)
            if message.key is not None:
                self.keys[message.to, message.key] = id

    def _keep(self, message: Message, id: MessageId) -> None:
        self.messages[id] = message
        if not message.held:
            box = self._boxes.setdefault(_place(message), _Box())
            insort(box.at_once if message.due_at is None else box.late, id)

    def take(self, id: MessageId) -> None:
        """Takes a message out; one that is not there is no error."""
        message = self.messages.pop(id, None)
        if message is None:
            return
        if message.key is not None:
            del self.keys[message.to, message.key]
        written = self._written[id.writer]
        del written[id]
        if not written:
            del self._written[id.writer]
        if message.held:
            return
        place = _place(message)
        box = self._boxes[place]
        ids = box.at_once if message.due_at is None else box.late
        del ids[bisect_left(ids, id)]
        if not box.at_once and not box.late:
            del self._boxes[place]

    def written_by(self, number: int) -> list[Message]:
        return [self.messages[id] for id in self._written.get(number, ())]

    def held_for(self, ref: Ref, number: int) -> list[Message]:
        """What an instance keeps for itself while it is paused, in the order of the ids."""
        held = (m for m in self.written_by(number) if m.held and m.to == ref)
        return sorted(held, key=_id)

    def release(self, ref: Ref, number: int) -> None:
        for message in self.held_for(ref, number):
            self._keep(replace(message, held=False), _id(message))

    def next_due(self, machines: Collection[str], after: datetime | None) -> datetime | None:
        """When the next message with a delay is due."""
        last = None if after is None else microseconds(after)
        moments = []
        for (machine, _), box in self._boxes.items():
            first = 0 if last is None else bisect_right(box.late, last, key=_at)
            if machine in machines and first < len(box.late):
                moments.append(self.messages[box.late[first]].due_at)
        return min((moment for moment in moments if moment is not None), default=None)

    # --- what is delivered ---

    def page(
        self,
        places: Iterable[Place],
        now: datetime,
        after: MessageId | None,
        limit: int,
    ) -> list[Message]:
        """The messages that are due in these places, those after ``after``."""
        boxes = [self._boxes[place].due(now, after) for place in places if place in self._boxes]
        return [self.messages[id] for id in islice(merge(*boxes), limit)]

    def places(self, machines: Collection[str] | None) -> list[Place]:
        """Where something waits for these machines, or for any (None)."""
        return [place for place in self._boxes if machines is None or place[0] in machines]

    def claim(
        self,
        machines: Collection[str] | None,
        now: datetime,
        mine: Claim,
        workers: int,
        claimed: dict[Place, int],
    ) -> list[Place]:
        """Claims a worker's share of the places where messages are due; its claims for these
        machines end before. ``claimed``: which of its calls has claimed each place last."""
        for place, claim in list(self.deliverers.items()):
            if claim.worker == mine.worker and (machines is None or place[0] in machines):
                del self.deliverers[place]
        waiting = sorted(
            (claimed.get(place, 0), first, place)
            for place in self.places(machines)
            for first in islice(self._boxes[place].due(now), 1)
        )
        free = [one for *_, one in waiting if Claim.is_free(self.deliverers.get(one), now)]
        share = free[: -(-len(waiting) // max(1, workers))]
        call = max(claimed.values(), default=0) + 1
        for place in share:
            self.deliverers[place] = mine
            claimed[place] = call
        return share

    def renew(self, machines: Collection[str] | None, mine: Claim) -> list[Place]:
        """The places that the worker has claimed for these machines, claimed on."""
        places = [
            place
            for place, claim in self.deliverers.items()
            if claim.worker == mine.worker and (machines is None or place[0] in machines)
        ]
        self.deliverers.update(dict.fromkeys(places, mine))
        return places

    def ends(self) -> set[Ref]:
        """Receivers and senders of all messages."""
        everyone = chain.from_iterable((m.to, m.sender) for m in self.messages.values())
        return {ref for ref in everyone if ref is not None}


def _place(message: Message) -> Place:
    return (message.to.machine, partition_of(message.to.machine, message.to.id))


def _at(id: MessageId) -> int:
    return id.at


def _id(message: Message) -> MessageId:
    assert message.id is not None
    return message.id
