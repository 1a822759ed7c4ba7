"""Whatever happens, each message is delivered once, and those of one sender to one receiver in
their order: dispatchers on one memory, with the rest of their engines replaced by chance."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.limits import Limits
from statehold.engine.requests.messages import Bounce, Deliver
from statehold.errors import InstanceUnreadable, Refused, StoreUnavailable
from statehold.records import Message, Ref
from statehold.store import WriteResult
from statehold.stores import Memory, MemoryStore
from tests.stores.build import LEASE, a_row, at, change, id_of, new

SENDERS = [Ref("order", f"s-{n}") for n in range(4)]
RECEIVERS = [Ref("order", "r-0"), Ref("order", "r-1"), Ref("courier", "r-2")]
MACHINES = ("order", "courier")
LIMITS = Limits(page=3, claim_seconds=4.0)

#: what delivering to an instance leads to
MOODS = ["takes it", "takes it", "takes it", "refuses it", "can't be read", "store is away"]


@dataclass(frozen=True)
class Plan:
    """``trouble``: how many deliveries fail for a moment. ``skew``: how wrong clocks are, in
    seconds."""

    seed: int
    workers: int
    acts: int
    trouble: float
    skew: float


@dataclass
class World:
    """What all workers share, and what came of the messages."""

    plan: Plan
    chance: random.Random
    memory: Memory
    now: datetime = field(default_factory=lambda: at(0))
    moods: dict[Ref, str] = field(default_factory=dict)
    sent: list[tuple[Ref, Ref, bytes]] = field(default_factory=list)
    #: in the order of the commits
    delivered: list[Message] = field(default_factory=list)
    returned: list[Message] = field(default_factory=list)
    #: bodies of those that were refused at any time
    refused: set[bytes] = field(default_factory=set)
    is_over: bool = False

    def act(self) -> None:
        chance = self.chance
        kind = chance.choice(["send", "send", "send", "mood", "time"])
        if kind == "send":
            to = [chance.choice(RECEIVERS) for _ in range(chance.choice([1, 1, 2, 6]))]
            self.send(chance.choice(SENDERS), *to)
        elif kind == "mood":
            self.moods[chance.choice(RECEIVERS)] = chance.choice(MOODS)
        else:
            self.now += timedelta(seconds=chance.choice([0.1, 1.0, 5.0]))

    async def pass_time(self) -> None:
        """Others do something meanwhile, or nothing."""
        for _ in range(self.chance.randrange(3)):
            await asyncio.sleep(0)

    def change(self, ref: Ref, **parts: Any) -> WriteResult:
        """A commit of the instance, by a worker whose clock may be wrong."""
        before = self.memory.rows.get(ref)
        moment = self.now + timedelta(seconds=self.chance.uniform(-1, 1) * self.plan.skew)
        if before is None:
            row = a_row(ref.id, machine=ref.machine, changed_at=moment)
            return self.memory.write(new(row, **parts))
        return self.memory.write(change(before, changed_at=moment, parts=parts))

    def send(self, sender: Ref, *to: Ref) -> None:
        messages = []
        for receiver in to:
            body = str(len(self.sent)).encode()
            self.sent.append((sender, receiver, body))
            messages.append(Message(receiver, "event", body, None, sender))
        assert self.change(sender, messages=messages) is WriteResult.WRITTEN


class Queue:
    """In place of the group commit: applies each request by itself, after a while."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask_all(self, requests: Sequence[Deliver]) -> list[Any]:
        ended: list[Any] = []
        for request in requests:
            await self._world.pass_time()
            try:
                self._deliver(request)
                request.future.set_result(None)
            except (Refused, InstanceUnreadable, StoreUnavailable) as error:
                request.future.set_exception(error)
            ended.append(request.future.exception())
        return ended

    def _deliver(self, request: Deliver) -> None:
        message, world = request.message, self._world
        if (earlier := request.earlier) is not None and (why := earlier.waits) is not None:
            raise why
        mood = world.moods.get(message.to, MOODS[0])
        if mood == "store is away" or world.chance.random() < world.plan.trouble:
            raise StoreUnavailable("it is away")
        if mood == "can't be read":
            raise InstanceUnreadable(message.to.machine, message.to.id, 1, "says the test")
        if mood == "refuses it":
            world.refused.add(message.body)
            raise Refused("says the test")
        if world.change(message.to, consumed=[id_of(message)]) is WriteResult.WRITTEN:
            world.delivered.append(message)
        # else another worker has handled it, as the deduplication finds out

    async def ask(self, bounce: Bounce) -> None:
        world, message = self._world, bounce.message
        await world.pass_time()
        if world.change(bounce.ref, consumed=[id_of(message)]) is WriteResult.WRITTEN:
            world.returned.append(message)


async def hire(world: World, name: str) -> MessageDispatcher:
    store = MemoryStore(world.memory)
    await store.open(name)
    await store.join(name, LEASE)
    context = SimpleNamespace(
        limits=LIMITS, machines=MACHINES, definitions={}, worker=name, now=lambda: world.now
    )
    interval = SimpleNamespace(found=lambda: None, pause=lambda: timedelta(seconds=1))
    return MessageDispatcher(
        store, cast(Any, context), cast(Any, Queue(world)), cast(Any, interval)
    )


async def walk(world: World, dispatcher: MessageDispatcher) -> None:
    while not world.is_over:
        await world.pass_time()
        await dispatcher._walk()
        await asyncio.sleep(0)


plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    workers=st.integers(1, 3),
    acts=st.sampled_from([20, 80]),
    trouble=st.sampled_from([0.0, 0.05, 0.4]),
    skew=st.sampled_from([0.0, 1.0, 60.0]),
)


@settings(max_examples=100, deadline=None)
@given(plans)
def test_each_message_is_delivered_once_and_in_the_order_of_its_sender(plan: Plan) -> None:
    asyncio.run(_run(plan))


async def _run(plan: Plan) -> None:
    world = World(plan, random.Random(plan.seed), Memory(lambda: at(0)))
    for ref in (*SENDERS, *RECEIVERS):
        world.change(ref)
    dispatchers = [await hire(world, f"w{n}") for n in range(plan.workers)]
    walks = [asyncio.create_task(walk(world, one)) for one in dispatchers]
    for _ in range(plan.acts):
        world.act()
        await world.pass_time()
    world.is_over = True
    await asyncio.gather(*walks)
    world.moods.clear()
    for _ in range(100):
        world.now += timedelta(seconds=5)
        await asyncio.gather(*(one._walk() for one in dispatchers))
        if not world.memory.mail.messages:
            break
    _check(world)


def _check(world: World) -> None:
    ended = Counter(message.body for message in world.delivered + world.returned)
    assert ended == Counter(body for _, _, body in world.sent)
    bodies = [one.body for one in world.delivered if one.body not in world.refused]
    arrived = {body: place for place, body in enumerate(bodies)}
    for sender in SENDERS:
        for receiver in RECEIVERS:
            wanted = [b for s, r, b in world.sent if (s, r) == (sender, receiver) and b in arrived]
            assert sorted(wanted, key=arrived.__getitem__) == wanted


@pytest.mark.anyio
async def test_what_can_not_be_delivered_keeps_nothing_else_waiting() -> None:
    """Of ten workers one runs these machines, and its share is a tenth of the partitions; in all
    but the last, messages can't be delivered, and they have waited longest."""
    world = World(Plan(1, 10, 0, 0.0, 0.0), random.Random(1), Memory(lambda: at(0)))
    (dispatcher, *_) = [await hire(world, f"w{n}") for n in range(10)]
    stuck, good = RECEIVERS[:2]
    world.moods[stuck] = "can't be read"
    for number in range(40):
        world.now = at(number)
        world.send(Ref("order", f"s-{number}"), *[stuck] * 5)
    world.now = at(100)
    world.change(good)
    world.send(Ref("order", "last"), good)
    places = {id.partition for id in world.memory.mail.messages}
    assert len(places) > 20
    walks = 0
    while await dispatcher._walk() <= world.now:
        walks += 1
        assert walks < 100
    assert [message.to for message in world.delivered] == [good]
    assert len(world.memory.mail.messages) == 200
