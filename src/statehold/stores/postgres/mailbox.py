"""Messages that wait, and which worker delivers them.

1. A worker claims partitions, each for the messages to one machine's instances in it: a row of
   ``deliverers``. No message is locked or marked, so workers never wait for one another, and two of
   them never deliver to one instance.
2. It claims no more than its share of those where anything is due: those first that it has claimed
   longest ago, and of these, those whose messages have waited longest. Where another worker is
   faster, it takes the next ones.
3. Where statements take one partition, messages whose receivers are in another one are moved there
   first: taken out here and put in there, in one transaction. Only what is in its receiver's
   partition is delivered, by the worker that has claimed that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from statehold.errors import LeaseLost
from statehold.records import Message, MessageId, Ref
from statehold.store import PARTITIONS
from statehold.stores.paging import EARLIEST, microseconds, page_size
from statehold.stores.postgres.columns import mail_key, message_of, turned
from statehold.stores.postgres.reader import Reader, key_columns, partition_of_ref
from statehold.stores.postgres.statements import Partition

#: how often a worker that has lost partitions to others claims the next ones at once
_CLAIM_ATTEMPTS = 3

#: to which instances messages wait: a machine and a partition of them
Place: TypeAlias = tuple[str, int]


class _Wait(NamedTuple):
    """Messages that are due: where, since when, whether this worker may deliver them, and how many
    workers share the work."""

    place: Place
    since: int
    is_free: bool
    workers: int


class Mailbox:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._spread = reader.statements.spread
        #: what this worker has claimed
        self._claimed: list[Place] = []
        #: when each place was claimed last, in calls; those where nothing is due are left out
        self._turns: dict[Place, int] = {}
        self._turn = 0
        self.worker = ""

    # --- reading ----------------------------------------------------------------------------

    async def mail(
        self,
        machines: Sequence[str] | None,
        now: datetime,
        after: MessageId | None,
        limit: int,
        until: datetime | None,
    ) -> list[Message]:
        """See :meth:`statehold.store.Store.mail`."""
        wanted = await self.addressees() if machines is None else list(dict.fromkeys(machines))
        moment, size = microseconds(now), page_size(limit)
        if until is None:
            everywhere = [(one, place) for one in wanted for place in range(PARTITIONS)]
            asked = [(partition, everywhere) for partition in self._reader.statements.partitions]
            return await self._read(asked, moment, after, size)
        if after is None:
            await self._claim(wanted, moment, microseconds(until))
        else:
            self._claimed = await self._keep(self._claimed, microseconds(until))
        these = set(wanted)
        own = [place for place in self._claimed if place[0] in these]
        if self._spread and own:
            own += await self._move(own, moment, size, microseconds(until))
        if not own:
            return []
        groups = self._reader.statements.grouped(own, lambda place: place[1])
        return await self._read(groups, moment, after, size)

    async def _read(
        self,
        asked: Sequence[tuple[Partition, Sequence[Place]]],
        now: int,
        after: MessageId | None,
        size: int,
    ) -> list[Message]:
        """Messages to places, as they are to be asked for in partitions."""
        last = (EARLIEST, 0, 0, 0) if after is None else (after.at, *mail_key(after))
        pages = await asyncio.gather(
            *(
                self._reader.fetch("mail", *turned(places, 2), *last, size, now, partition=where)
                for where, places in asked
            )
        )
        found = [message_of(columns) for page in pages for columns in page]
        if len(pages) > 1:
            found.sort(key=_id_of)
        return found[:size]

    async def addressees(self) -> list[str]:
        """Machines that any message waits for."""
        found: set[str] = set()
        for partition in self._reader.statements.partitions:
            last = ""
            while True:
                page = await self._reader.fetch("next_addressee", last, partition=partition)
                if not page:
                    break
                ((last,),) = page
                found.add(last)
        return sorted(found)

    async def of_keys(self, keys: Sequence[tuple[Ref, str]]) -> dict[tuple[Ref, str], Message]:
        found = await self._reader.of_items(
            "mail_of_keys",
            keys,
            lambda one: partition_of_ref(one[0]),
            key_columns,
            4,
        )
        messages = map(message_of, found)
        return {(message.to, message.key or ""): message for message in messages}

    async def held(self, ref: Ref, limit: int) -> list[Message]:
        found = await self._reader.of_ref("held_mail", ref, page_size(limit))
        return [message_of(columns) for columns in found]

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        found = await self._of_ids("still_there", ids)
        there = {tuple(columns) for columns in found}
        return {id for id in ids if mail_key(id) in there}

    async def discard(self, ids: Sequence[MessageId]) -> None:
        await self._of_ids("take_messages", ids)

    async def _of_ids(self, name: str, ids: Iterable[MessageId]) -> list[Any]:
        return await self._reader.of_items(name, ids, lambda id: id.partition, _place_of, 4)

    # --- claims -----------------------------------------------------------------------------

    async def _claim(self, machines: Sequence[str], now: int, until: int) -> None:
        """Claims this worker's share, and gives up what it had claimed before of these machines."""
        waits = await self._waits(machines, now)
        asked = set(machines)
        before = {place for place in self._claimed if place[0] in asked}
        others = [place for place in self._claimed if place[0] not in asked]
        self._forget_turns(asked, {wait.place for wait in waits})
        free = [wait.place for wait in sorted(waits, key=self._urgency) if wait.is_free]
        share = -(-len(waits) // max(1, *(wait.workers for wait in waits))) if waits else 0
        claimed: list[Place] = []
        for _ in range(_CLAIM_ATTEMPTS):
            chosen, free = free[:share], free[share:]
            if claimed or not chosen:
                break
            claimed = await self._take(chosen, now, until)
            self._claimed = [*others, *before.union(claimed)]
        self._turn += 1
        self._turns.update(dict.fromkeys(claimed, self._turn))
        given_up = before.difference(claimed)
        if given_up:
            await self._keep(sorted(given_up), 0)
        self._claimed = [*others, *claimed]

    def _urgency(self, wait: _Wait) -> tuple[int, int, Place]:
        """Where this worker has been longest ago, or never; then where messages waited longest."""
        return (self._turns.get(wait.place, 0), wait.since, wait.place)

    def _forget_turns(self, machines: Collection[str], left: Collection[Place]) -> None:
        self._turns = {
            place: turn
            for place, turn in self._turns.items()
            if place in left or place[0] not in machines
        }

    async def _waits(self, machines: Sequence[str], now: int) -> list[_Wait]:
        """Where messages are due."""
        reader = self._reader

        async def ask(partition: Partition) -> list[Any]:
            places = list(range(PARTITIONS)) if partition is None else [partition]
            asked = (machines, now, self.worker, places)
            return await reader.fetch("mail_waits", *asked, partition=partition)

        pages = await asyncio.gather(*map(ask, reader.statements.partitions))
        return [
            _Wait((machine, partition), *rest)
            for page in pages
            for machine, partition, *rest in page
        ]

    async def _take(self, places: Sequence[Place], now: int, until: int) -> list[Place]:
        """Those of the places that no other worker was faster to claim."""
        return await self._of_places("claim_partitions", places, self.worker, until, now)

    async def _keep(self, places: Sequence[Place], until: int) -> list[Place]:
        """Those of the places that are this worker's still, from now on until then."""
        return await self._of_places("keep_partitions", places, self.worker, until)

    async def _of_places(self, name: str, places: Sequence[Place], *more: Any) -> list[Place]:
        # in the order of their keys, so that two workers do not wait for each other
        found = await self._reader.of_items(
            name, sorted(places), lambda place: place[1], lambda place: place, 2, *more
        )
        return [(machine, partition) for machine, partition in found]

    async def give_up(self) -> None:
        """Lets other workers claim what this one has."""
        places, self._claimed = self._claimed, []
        if places:
            await self._keep(places, 0)

    # --- on the way to other partitions -----------------------------------------------------

    async def _move(self, own: Sequence[Place], now: int, size: int, until: int) -> list[Place]:
        """Moves what is due to the partitions of its receivers, and claims these where they are
        free. Returns what was claimed."""
        reached: set[Place] = set()
        for partition, group in self._reader.statements.grouped(own, lambda place: place[1]):
            machines = [machine for machine, _ in group]
            others = [place for place in range(PARTITIONS) if place != partition]
            found = await self._reader.fetch(
                "mail_to_move", machines, now, size, others, partition=partition
            )
            assert partition is not None, "nothing is moved where statements take any partition"
            for target, ids in self._reader.statements.grouped(found, lambda one: one[3]):
                await self._move_to(
                    partition, target, [(*columns[:3], partition) for columns in ids]
                )
                reached.update((columns[4], columns[3]) for columns in ids)
        more = sorted(reached.difference(self._claimed))
        if not more:
            return []
        taken = await self._take(more, now, until)
        self._claimed += taken
        return taken

    async def _move_to(
        self, partition: Partition, target: Partition, ids: Sequence[tuple[int, ...]]
    ) -> None:
        statements = self._reader.statements
        async with self._reader.link().reading() as db, db.transaction():
            taken = await db.fetch(
                *statements.with_arguments("take_to_move", tuple(turned(ids, 4)), partition)
            )
            if taken:
                fence = statements.with_arguments("fence", (self.worker,), target)
                if not await db.fetch(*fence):
                    raise LeaseLost(self.worker)
                arrays = tuple(turned(((target, *columns) for columns in taken), 16))
                await db.execute(*statements.with_arguments("insert_messages", arrays, target))


def _place_of(id: MessageId) -> tuple[int, ...]:
    return (*mail_key(id), id.partition)


def _id_of(message: Message) -> MessageId:
    assert message.id is not None
    return message.id
