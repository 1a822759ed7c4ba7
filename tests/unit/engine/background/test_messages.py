"""Messages between instances: delivered exactly once, or returned to the sender."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    Final,
    Machine,
    State,
    Undeliverable,
    hours,
    minutes,
    on,
    seconds,
)
from statehold.engine.limits import Limits
from statehold.errors import Refused, TooLarge
from statehold.records import Message, Ref, Write
from tests.unit.engine.world import (
    World,
    an_incident,
    entry,
    journal,
    kind,
    kinds,
    quiet,
)

pytestmark = pytest.mark.anyio


class Account(BaseModel):
    balance: int = 0
    bounced: list[str] = []
    open: bool = True


class Pay(Event):
    to: str
    amount: int


class Receive(Event):
    amount: int
    text: str = ""


class PayLater(Event):
    to: str
    amount: int


class Recall(Event):
    pass


class PayAndRecall(Event):
    to: str


class Announce(Event):
    text: str


class Remind(Event):
    pass


class Reminder(Event):
    pass


class Close(Event):
    pass


class Flood(Event):
    to: str
    count: int


def pay(account: Account, event: Pay, context: Context) -> None:
    account.balance -= event.amount
    context.send("account", event.to, Receive(amount=event.amount))


def pay_later(account: Account, event: PayLater, context: Context) -> None:
    context.send("account", event.to, Receive(amount=event.amount), delay=hours(1), id="later")


def recall(account: Account, event: Recall, context: Context) -> None:
    context.cancel("later")


def pay_and_recall(account: Account, event: PayAndRecall, context: Context) -> None:
    context.send("account", event.to, Receive(amount=1), id="first")
    context.cancel("first")
    context.send("account", event.to, Receive(amount=10), id="first")


def receive(account: Account, event: Receive) -> None:
    account.balance += event.amount


def is_open(account: Account) -> bool:
    return account.open


def bounced(account: Account, event: Undeliverable) -> None:
    account.bounced.append(f"{event.event} to {event.machine}/{event.instance}: {event.reason}")


def announce(account: Account, event: Announce, context: Context) -> None:
    context.emit(event)


def remind(account: Account, event: Remind, context: Context) -> None:
    context.send(None, None, Reminder(), delay=minutes(5))


def flood(account: Account, event: Flood, context: Context) -> None:
    for number in range(event.count):
        context.send("account", event.to, Receive(amount=1, text=str(number)))


def reminded(account: Account) -> None:
    account.bounced.append("reminded")


def shut(account: Account) -> None:
    account.open = False


class AccountFlow(Machine[Account], name="account", version=1):
    active = State(initial=True)
    dormant = State()
    closed = Final()

    paying = on(Pay, active, do=pay)
    later = on(PayLater, active | dormant, do=pay_later)
    recalling = on(Recall, active | dormant, do=recall)
    both = on(PayAndRecall, active, do=pay_and_recall)
    receiving = on(Receive, active | dormant, do=receive, when=is_open)
    bouncing = on(Undeliverable, active, do=bounced)
    announcing = on(Announce, active, do=announce)
    reminding = on(Remind, active, do=remind)
    reminding_now = on(Reminder, active, do=reminded)
    flooding = on(Flood, active, do=flood)
    sleep = on(Close, active >> dormant, do=shut)
    close = on(Close, dormant >> closed)


async def test_a_message_is_delivered_with_its_cause(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        await engine.send(AccountFlow, "a", Pay(to="b", amount=5))
        line = await kind(engine, AccountFlow, "b", "event")
        assert line.cause == "account/a#2"
        assert line.event == {"type": "Receive", "amount": 5, "text": ""}
        assert (await engine.read(AccountFlow, "b")).view.balance == 5
        sent = (await journal(engine, AccountFlow, "a"))[-1].sent
        assert sent == [{"to": "account/b", "event": line.event, "due": None}]


async def test_messages_of_one_sender_arrive_in_the_order_in_which_they_were_sent(
    world: World,
) -> None:
    limits = Limits(page=7, grace_seconds=0.0)
    async with world.running(AccountFlow, limits=limits) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        for _ in range(3):
            await engine.send(AccountFlow, "a", Flood(to="b", count=20))
        await entry(engine, AccountFlow, "b", lambda line: line.seq == 61)
        texts = [line.event["text"] for line in (await journal(engine, AccountFlow, "b"))[1:]]
        assert texts == [str(number) for number in range(20)] * 3


async def test_a_message_survives_a_crash_at_any_commit_and_is_applied_exactly_once(
    world: World,
) -> None:
    for commits in range(4):
        one, two = f"a{commits}", f"b{commits}"
        engine = await world.open(AccountFlow)
        await engine.start(AccountFlow, one)
        await engine.start(AccountFlow, two)
        world.gate.left = commits
        paying = asyncio.ensure_future(
            engine.send(AccountFlow, one, Pay(to=two, amount=5), key="k")
        )
        await quiet()
        paying.cancel()
        await world.crash(engine)
        engine = await world.open(AccountFlow)
        await engine.send(AccountFlow, one, Pay(to=two, amount=5), key="k")
        await quiet()
        await world.crash(engine)
        engine = await world.open(AccountFlow)
        await quiet()
        assert (await engine.read(AccountFlow, one)).view.balance == -5
        assert (await engine.read(AccountFlow, two)).view.balance == 5
        assert await kinds(engine, AccountFlow, two) == ["start", "event"]
        await world.stop(engine)


async def test_a_delayed_message_survives_the_exit_of_its_state_and_a_crash(world: World) -> None:
    engine = await world.open(AccountFlow)
    await engine.start(AccountFlow, "a")
    await engine.start(AccountFlow, "b")
    await engine.send(AccountFlow, "a", PayLater(to="b", amount=7))
    await engine.send(AccountFlow, "a", Close())
    await engine.send(AccountFlow, "a", Close())
    world.clock.advance(minutes(59))
    await quiet()
    assert (await engine.read(AccountFlow, "b")).view.balance == 0
    await world.crash(engine)
    async with world.running(AccountFlow) as engine:
        await quiet()
        assert (await engine.read(AccountFlow, "b")).view.balance == 0
        world.clock.advance(minutes(1))
        await kind(engine, AccountFlow, "b", "event")
        assert (await engine.read(AccountFlow, "b")).view.balance == 7


async def test_a_delayed_message_that_is_cancelled_does_not_arrive(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        await engine.send(AccountFlow, "a", PayLater(to="b", amount=7))
        await engine.send(AccountFlow, "a", Recall())
        world.clock.advance(hours(2))
        await quiet()
        assert await kinds(engine, AccountFlow, "b") == ["start"]


async def test_a_message_that_is_cancelled_in_the_batch_it_was_sent_in_does_not_arrive(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        world.gate.commits.clear()
        await asyncio.gather(
            engine.send(AccountFlow, "a", PayLater(to="b", amount=7)),
            engine.send(AccountFlow, "a", Recall()),
        )
        assert len(world.gate.commits) == 1
        world.clock.advance(hours(2))
        await quiet()
        assert await kinds(engine, AccountFlow, "b") == ["start"]


async def test_a_message_cancelled_in_its_own_step_does_not_arrive_and_the_next_one_does(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        await engine.send(AccountFlow, "a", PayAndRecall(to="b"))
        await quiet()
        assert (await engine.read(AccountFlow, "b")).view.balance == 10


async def test_an_instance_can_send_to_itself_later(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.send(AccountFlow, "a", Remind())
        world.clock.advance(minutes(5))
        await quiet()
        assert (await engine.read(AccountFlow, "a")).view.bounced == ["reminded"]


async def test_a_message_to_itself_that_is_no_longer_accepted_is_noted(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.send(AccountFlow, "a", Remind())
        await engine.send(AccountFlow, "a", Close())
        world.clock.advance(minutes(5))
        await quiet()
        last = (await journal(engine, AccountFlow, "a"))[-1]
        assert (last.kind, last.event) == ("refused", {"type": "Reminder"})
        assert (await engine.incidents()).incidents == []


@pytest.mark.parametrize(
    ("to", "why"),
    [("nobody", "no instance 'nobody'"), ("closed", "it is done"), ("dormant", "is_open says no")],
)
async def test_a_message_that_is_not_accepted_comes_back_to_a_sender_who_listens(
    world: World, to: str, why: str
) -> None:
    async with world.running(AccountFlow) as engine:
        for id in ("a", "closed", "dormant"):
            await engine.start(AccountFlow, id)
        for id in ("closed", "closed", "dormant"):
            await engine.send(AccountFlow, id, Close())
        await engine.send(AccountFlow, "a", Pay(to=to, amount=5))
        await entry(engine, AccountFlow, "a", lambda line: line.seq == 3)
        (bounced,) = (await engine.read(AccountFlow, "a")).view.bounced
        assert bounced.startswith(f"Receive to account/{to}: ")
        assert why in bounced
        assert (await engine.incidents()).incidents == []


async def test_a_message_to_a_machine_that_no_engine_runs_comes_back(world: World) -> None:
    class Astray(Machine[Account], name="astray", version=1):
        active = State(initial=True)
        sending = on(Remind, active, do=send_astray)
        bouncing = on(Undeliverable, active, do=bounced)

    async with world.running(Astray) as engine:
        await engine.start(Astray, "a")
        await engine.send(Astray, "a", Remind())
        await entry(engine, Astray, "a", lambda line: line.seq == 3)
        assert "no machine is called 'nowhere'" in (await engine.read(Astray, "a")).view.bounced[0]


def send_astray(account: Account, event: Remind, context: Context) -> None:
    context.send("nowhere", "x", Reminder())


async def test_a_message_back_to_a_sender_who_does_not_listen_is_an_incident_to_retry(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.send(AccountFlow, "a", PayLater(to="b", amount=7))
        await engine.send(AccountFlow, "a", Close())
        world.clock.advance(hours(1))
        await kind(engine, AccountFlow, "a", "incident")
        incident = await an_incident(engine)
        assert (incident.kind, incident.name) == ("message", "Receive to account/b")
        assert "no instance 'b'" in incident.error
        await engine.start(AccountFlow, "b")
        await engine.retry(incident.id)
        await kind(engine, AccountFlow, "b", "event")
        assert (await engine.read(AccountFlow, "b")).view.balance == 7
        assert (await engine.incidents()).incidents == []


async def test_a_messages_incident_can_be_skipped_but_not_resolved(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.send(AccountFlow, "a", PayLater(to="b", amount=7))
        await engine.send(AccountFlow, "a", Close())
        world.clock.advance(hours(1))
        await kind(engine, AccountFlow, "a", "incident")
        incident = await an_incident(engine)
        with pytest.raises(Refused, match="only effects have one"):
            await engine.resolve(incident.id, 5)
        await engine.skip(incident.id)
        assert (await engine.incidents()).incidents == []


async def test_a_message_whose_sender_is_gone_too_is_dropped_and_not_tried_again(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        row = (await world.rows(engine, ("account", "a")))[Ref("account", "a")]
        stray = Message(
            Ref("account", "x"), "event", b'{"event":{"type":"Remind"}}', sender=Ref("account", "y")
        )
        await engine._parts.store.commit(
            [Write(replace(row, rev=row.rev + 1), row.rev, messages=[stray])]
        )
        engine._parts.message_dispatcher.expect()
        await quiet()
        assert await engine._parts.store.mail(None, world.clock.now(), None, 10) == []


async def test_a_message_to_a_paused_instance_waits_for_its_resumption(world: World) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")
        await engine.pause(AccountFlow, "b")
        await engine.send(AccountFlow, "a", Flood(to="b", count=3))
        await quiet()
        assert await kinds(engine, AccountFlow, "b") == ["start", "pause"]
        assert (await engine.incidents()).incidents == []
        await engine.resume(AccountFlow, "b")
        await entry(engine, AccountFlow, "b", lambda line: line.seq == 6)
        assert [line.event["text"] for line in (await journal(engine, AccountFlow, "b"))[3:]] == [
            "0", "1", "2",
        ]  # fmt: skip


async def test_an_emitted_event_is_shown_in_the_journal_and_to_watchers_and_to_no_instance(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        watching = asyncio.ensure_future(
            entry(engine, AccountFlow, "a", lambda line: bool(line.emitted))
        )
        await quiet()
        await engine.send(AccountFlow, "a", Announce(text="hear"))
        assert (await watching).emitted == [{"type": "Announce", "text": "hear"}]
        await quiet()
        assert (await engine.read(AccountFlow, "a")).seq == 2


async def test_a_message_above_the_limit_drops_the_step_that_sends_it(world: World) -> None:
    limits = Limits(event_bytes=60)
    async with world.running(AccountFlow, limits=limits) as engine:
        await engine.start(AccountFlow, "a")
        with pytest.raises(TooLarge, match="sent to account/b"):
            await engine.send(AccountFlow, "a", Pay(to="b", amount=5))
        assert (await engine.read(AccountFlow, "a")).view.balance == 0


async def test_a_mailbox_that_the_store_can_not_write_waits_and_is_delivered_afterwards(
    world: World,
) -> None:
    async with world.running(AccountFlow) as engine:
        await engine.start(AccountFlow, "a")
        await engine.start(AccountFlow, "b")

        def away_after_the_senders(writes: Sequence[Write]) -> None:
            world.gate.closed = True

        world.gate.before = away_after_the_senders
        await engine.send(AccountFlow, "a", Pay(to="b", amount=5))
        await quiet()
        assert await kinds(engine, AccountFlow, "b") == ["start"]
        world.gate.before = lambda writes: None
        world.gate.closed = False
        for _ in range(3):
            world.clock.advance(seconds(1))
            await quiet()
        assert (await engine.read(AccountFlow, "b")).view.balance == 5
