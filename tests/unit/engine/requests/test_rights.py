"""Who may change what is decided in the turn, on the instance as the change finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace as with_
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace as struct_with
from pydantic import BaseModel, field_validator

from statehold import Engine, Event, Final, Machine, State, Upgrade, after, effect, on
from statehold.chart.access import CLOSED, Access, ServerAccess, anyone, index, role, when
from statehold.chart.machine import Definition
from statehold.engine.requests import (
    effect_results,
    effect_sends,
    messages,
    operator,
    repair,
    timers,
)
from statehold.engine.requests.request import Request
from statehold.errors import (
    Forbidden,
    InstanceExists,
    InstanceUnreadable,
    NotAllowed,
    StateholdError,
    StepFailed,
    UnknownEvent,
    UnknownInstance,
    UnknownMachine,
)
from statehold.records import Caller
from statehold.wire.operations import SendRequest
from tests.unit.engine.requests.unreadable import spoil
from tests.unit.engine.world import World

pytestmark = pytest.mark.anyio

SECRET = "4929123412341234"


class Order(BaseModel):
    customer: str = "ann"
    card: str = SECRET
    paid: int = 0


class Pay(Event):
    amount: int = 1


class Accept(Event):
    """The restaurant's, by the chart."""


class Give(Event):
    to: str


class Break(Event):
    pass


looked: list[str] = []


def affordable(order: Order, event: Pay) -> bool:
    if event.amount > 100:
        raise ValueError(f"the limit of {order.card} is 100")
    return event.amount < 10


def pay(order: Order, event: Pay) -> None:
    looked.append(order.customer)
    order.paid += event.amount


def give(order: Order, event: Give) -> None:
    order.customer = event.to


def fail(order: Order) -> None:
    raise ValueError(f"{order.card} was refused")


@effect
async def charge(order: Order) -> None: ...


class OrderFlow(Machine[Order], name="order", version=1):
    indexes = ("customer",)
    open = State(initial=True)
    cooking = State()
    over = Final()
    pay = on(Pay, open, when=affordable, do=pay)
    accept = on(Accept, open >> cooking, by="restaurant")
    give = on(Give, open, do=give)
    fail = on(Break, open, do=fail)


def machine(**rights: Any) -> Definition[Any]:
    return with_(OrderFlow.definition, access=Access(**rights))


def caller(name: str, *roles: str, **more: Any) -> Caller:
    return Caller(name, frozenset(roles), **{"server": CLOSED, "proved": True, **more})


ANN, BOB = caller("ann"), caller("bob")
OPS, KITCHEN = caller("olga", "ops"), caller("rita", "restaurant")
OWN = machine(start=index("customer"), read=index("customer"), inspect="ops", act="ops")

Ask = Callable[[Engine, str], Awaitable[Any]]

ACTS: dict[str, Ask] = {
    "pause": lambda e, id: e.pause("order", id, caller=ANN),
    "resume": lambda e, id: e.resume("order", id, caller=ANN),
    "cancel": lambda e, id: e.cancel("order", id, caller=ANN),
    "repair": lambda e, id: e.repair("order", id, {}, caller=ANN),
    "upgrade": lambda e, id: e.upgrade("order", id, caller=ANN),
    "retry": lambda e, id: e.retry(f"order/{id}/3.0", caller=ANN),
    "reread": lambda e, id: e.retry(f"order/{id}/unreadable", caller=ANN),
    "skip": lambda e, id: e.skip(f"order/{id}/3.0", caller=ANN),
    "resolve": lambda e, id: e.resolve(f"order/{id}/3.0", caller=ANN),
    "fire_timer": lambda e, id: e.fire_timer("order", id, "t", caller=ANN),
    "cancel_timer": lambda e, id: e.cancel_timer("order", id, "t", caller=ANN),
    "reschedule_timer": lambda e, id: e.reschedule_timer("order", id, "t", seconds=1, caller=ANN),
    "retry_effect": lambda e, id: e.retry_effect("order", id, "3.0", caller=ANN),
    "skip_effect": lambda e, id: e.skip_effect("order", id, "3.0", caller=ANN),
    "resolve_effect": lambda e, id: e.resolve_effect("order", id, "3.0", caller=ANN),
}


async def refusal(asked: Awaitable[Any]) -> StateholdError:
    with pytest.raises(StateholdError) as caught:
        await asked
    return caught.value


@pytest.mark.parametrize("act", ACTS)
async def test_no_act_says_whether_the_instance_exists_to_those_who_may_not_act(
    world: World, act: str
) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order())
        found = await refusal(ACTS[act](engine, "o-1"))
        missing = await refusal(ACTS[act](engine, "o-2"))
        assert type(found) is Forbidden
        assert (str(found), found.details()) == (str(missing), missing.details())
        assert (await engine.read("order", "o-1")).seq == 1


def test_every_request_that_callers_make_needs_a_right_and_the_others_are_not_for_callers() -> None:
    found: dict[str, str | None] = {}
    kinds = [Request]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if "label" in vars(kind) and kind.__module__.startswith("statehold."):
            found[kind.label] = kind.right
    assert [effect_results, effect_sends, messages, operator, repair, timers]
    inside = {label for label, right in found.items() if right is None}
    assert inside == {"wake", "take", "deliver", "bounce", "effect_send", *_EFFECTS}
    acts = {label for label, right in found.items() if right == "act"}
    assert acts == {
        "pause", "resume", "cancel", "repair", "reread", "retry_incident", "skip_incident",
        "resolve_incident", "fire_timer", "cancel_timer", "reschedule_timer", "retry_effect",
        "skip_effect", "resolve_effect",
    }  # fmt: skip
    rest = {label: right for label, right in found.items() if label not in inside | acts}
    assert rest == {"start": "start", "send": "send", "upgrade": "upgrade"}


_EFFECTS = {
    kind.label
    for kind in vars(effect_results).values()
    if isinstance(kind, type) and issubclass(kind, Request) and "label" in vars(kind)
}


async def test_those_who_own_it_send_and_others_do_not_learn_that_it_is_there(world: World) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order(), caller=ANN)
        assert (await engine.send("order", "o-1", Pay(), caller=ANN)).view.paid == 1
        found = await refusal(engine.send("order", "o-1", Pay(), caller=BOB))
        missing = await refusal(engine.send("order", "o-2", Pay(), caller=BOB))
        assert type(found) is Forbidden
        assert str(found) == str(missing)
        # ann owns nothing of that id
        assert type(await refusal(engine.send("order", "o-2", Pay(), caller=ANN))) is Forbidden
        many = [SendRequest(machine="order", id=id, event={"type": "Pay"}) for id in ("o-1", "o-2")]
        assert [str(one) for one in await engine.send_many(many, caller=BOB)] == [str(found)] * 2


async def test_a_role_of_the_chart_sends_without_a_right_and_sees_nothing(world: World) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order())
        assert type(await refusal(engine.send("order", "o-1", Pay(), caller=KITCHEN))) is Forbidden
        assert type(await refusal(engine.send("order", "o-2", Accept(), caller=BOB))) is Forbidden
        unknown = await refusal(engine.send("order", "o-2", Accept(), caller=KITCHEN))
        assert type(unknown) is UnknownInstance
        reply = await engine.send("order", "o-1", Accept(), caller=KITCHEN)
        assert (reply.machine, reply.id, reply.seq, reply.status) == ("order", "o-1", 2, "running")
        assert (reply.state, reply.view, reply.allowed, reply.version) == ([], None, [], 0)
        assert (reply.output, reply.tags, reply.owners) == (None, [], [])
        assert SECRET.encode() not in reply.json()
        assert reply.wire().state == []
        again = await refusal(engine.send("order", "o-1", Accept(), caller=KITCHEN))
        assert type(again) is NotAllowed
        assert again.details()["state"] == again.details()["allowed"] == []
        assert "cooking" not in str(again)


async def test_a_limit_to_other_machines_holds_for_the_charts_roles_too(world: World) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order())
        elsewhere = caller("rita", "restaurant", "ops", machines=("shop.*",))
        assert (
            type(await refusal(engine.send("order", "o-1", Accept(), caller=elsewhere)))
            is Forbidden
        )
        assert type(await refusal(engine.cancel("order", "o-1", caller=elsewhere))) is Forbidden


async def test_what_is_started_must_be_the_callers_and_else_nothing_is_stored(world: World) -> None:
    async with world.running(OWN) as engine:
        theirs = await refusal(engine.start("order", "o-1", Order(customer="bob"), caller=ANN))
        assert type(theirs) is Forbidden
        assert type(await refusal(engine.read("order", "o-1"))) is UnknownInstance
        reply = await engine.start("order", "o-1", Order(), caller=ANN)
        assert reply.view.customer == "ann"
        # bob may not start what is ann's, and is not told what there is
        taken = await refusal(engine.start("order", "o-1", Order(), caller=BOB))
        free = await refusal(engine.start("order", "o-2", Order(), caller=BOB))
        assert type(taken) is Forbidden
        assert str(taken) == str(free)
        mine = await refusal(engine.start("order", "o-1", Order(customer="bob"), caller=BOB))
        assert type(mine) is InstanceExists


async def test_no_code_of_the_machine_runs_for_those_who_may_start_nothing(world: World) -> None:
    ran: list[str] = []

    class Loud(BaseModel):
        name: str = ""

        @field_validator("name")
        @classmethod
        def heard(cls, value: str) -> str:
            ran.append(value)
            return value

    class LoudFlow(Machine[Loud], name="loud", version=1):
        a = State(initial=True)

    flow = with_(LoudFlow.definition, access=Access(start="clerk"))
    async with world.running(flow) as engine:
        assert (
            type(await refusal(engine.start("loud", "l-1", {"name": "x"}, caller=ANN))) is Forbidden
        )
        assert ran == []
        await engine.start("loud", "l-1", {"name": "x"}, caller=caller("carl", "clerk"))
        assert "x" in ran


async def test_a_right_that_is_gone_with_the_step_before_is_gone(world: World) -> None:
    """Ownership is read where the change is made, also within one batch."""
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order())
        many = [
            SendRequest(machine="order", id="o-1", event={"type": "Give", "to": "bob"}),
            SendRequest(machine="order", id="o-1", event={"type": "Pay"}),
        ]
        given, refused = await engine.send_many(many, caller=ANN)
        assert not isinstance(given, StateholdError)
        # what it gave away it may not read either
        assert given.view is None
        assert type(refused) is Forbidden
        assert (await engine.send("order", "o-1", Pay(), caller=BOB)).view.paid == 1


async def test_a_condition_is_asked_on_the_data_and_its_error_is_for_the_log_alone(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    asked = when(lambda data, by: data.paid < 1 or data.missing)
    flow = machine(send=asked, read=role("nobody"))
    async with world.running(flow) as engine:
        await engine.start("order", "o-1", Order())
        assert (await engine.send("order", "o-1", Pay(), caller=ANN)).seq == 2
        refused = await refusal(engine.send("order", "o-1", Pay(), caller=ANN))
        assert type(refused) is Forbidden
        assert "missing" not in str(refused)
        assert "missing" in caplog.text
        assert str(refused) == str(await refusal(engine.send("order", "o-9", Pay(), caller=ANN)))


# --- what refusals say ---


@pytest.mark.parametrize(
    ("event", "kind"),
    [(Pay(amount=50), NotAllowed), (Pay(amount=500), StepFailed), (Break(), StepFailed)],
)
async def test_refusals_have_nothing_of_data_and_guards_for_those_who_may_not_inspect(
    world: World, event: Event, kind: type[StateholdError], caplog: pytest.LogCaptureFixture
) -> None:
    blind = caller("cleo", "sender")
    flow = machine(
        start="x", read=index("customer"), send=index("customer") | "sender", inspect="ops"
    )
    async with world.running(flow) as engine:
        await engine.start("order", "o-1", Order())
        for who in (ANN, blind):
            refused = await refusal(engine.send("order", "o-1", event, caller=who))
            assert isinstance(refused, kind)
            said = f"{refused} {refused.details()}"
            assert SECRET not in said
            assert "affordable" not in said
            assert ("'open'" in said) == (who is ANN and kind is NotAllowed)
        if kind is StepFailed:
            assert SECRET in caplog.text
        full = await refusal(engine.send("order", "o-1", event))
        assert SECRET in str(full) or "affordable" in str(full)


async def test_who_may_inspect_is_told_all(world: World) -> None:
    flow = machine(read="ops", inspect="ops", send="ops")
    async with world.running(flow) as engine:
        await engine.start("order", "o-1", Order())
        assert SECRET in str(await refusal(engine.send("order", "o-1", Break(), caller=OPS)))


async def test_machines_and_events_are_named_to_those_alone_who_may_use_them(world: World) -> None:
    async with world.running(OWN) as engine:
        for unknown in (
            engine.send("nothing", "o-1", Pay(), caller=caller("eve", machines=("x",))),
            engine.start("nothing", "o-1", caller=caller("eve", machines=("x",))),
            engine.pause("nothing", "o-1", caller=caller("eve", machines=("x",))),
        ):
            # no right could be theirs: the same as for a machine that is there
            assert type(await refusal(unknown)) is Forbidden
        sender = caller("rita", "restaurant", server=ServerAccess(unstated=Access(send=anyone)))
        mine = await refusal(engine.send("nothing", "o-1", Pay(), caller=sender))
        assert isinstance(mine, UnknownMachine)
        assert mine.known == ("order",)
        few = await refusal(engine.send("order", "o-1", {"type": "Nope"}, caller=KITCHEN))
        assert isinstance(few, UnknownEvent)
        none = await refusal(
            engine.send("order", "o-1", {"type": "Nope"}, caller=caller("", "cook"))
        )
        assert type(none) is Forbidden


SHUT = Access(start="boss", read="boss", inspect="boss", send="boss", act="boss",
              upgrade="boss", erase="boss", put="boss")  # fmt: skip


@pytest.mark.parametrize("unstated", [Access(), Access(start=anyone, send=anyone, act=anyone)])
@pytest.mark.parametrize("name", ["secret", "nothing"])
async def test_one_who_sees_no_machine_gets_the_same_where_it_is_and_where_it_is_not(
    world: World, unstated: Access, name: str
) -> None:
    shut = with_(OWN, access=SHUT, program=None)
    shut = with_(shut, chart=struct_with(shut.chart, name="secret"))
    who = Caller("eve", frozenset(), server=ServerAccess(unstated=unstated))
    async with world.running(shut) as engine:
        (one,) = await engine.send_many(
            [SendRequest(machine=name, id="o-1", event={"type": "Nope"})], caller=who
        )
        told = [
            one,
            await refusal(engine.start(name, "o-1", caller=who)),
            await refusal(engine.send(name, "o-1", {"type": "Nope"}, caller=who)),
            await refusal(engine.pause(name, "o-1", caller=who)),
            await refusal(engine.retry(f"{name}/o-1/1.0", caller=who)),
            await refusal(engine.repair(name, "o-1", {}, caller=who)),
        ]
        kind = Forbidden if unstated == Access() else UnknownMachine
        assert [type(one) for one in told] == [kind] * len(told)
        assert all("secret" not in str(one).replace(f"'{name}'", "") for one in told)
        assert type(await refusal(engine.upgrade(name, "o-1", caller=who))) is Forbidden
        assert type(await refusal(engine.upgrade(name, caller=who))) is Forbidden


@pytest.mark.parametrize("who", [ANN, BOB, OPS])
async def test_one_that_cannot_be_read_tells_nobody_why_who_may_not_inspect(
    world: World, who: Caller
) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order())
    await spoil(world, "o-1", "an unknown state", "order")
    async with world.running(OWN) as engine:
        asked = engine.send("order", "o-1", Pay(), caller=who)
        if who is OPS:
            assert type(await refusal(asked)) is Forbidden
            asked = engine.fire_timer("order", "o-1", "t", caller=who)
        refused = await refusal(asked)
        if who is BOB:
            assert type(refused) is Forbidden
        else:
            assert type(refused) is InstanceUnreadable
            assert ("gone" in str(refused)) == (who is OPS)


# --- versions ---


class Later(BaseModel):
    owner: str = ""


class LaterFlow(Machine[Later], name="order", version=2):
    indexes = MappingProxyType({"customer": lambda later: later.owner})
    open = State(initial=True)
    cooking = State()
    over = Final()
    pay = on(Pay, open)
    upgrades = (Upgrade(1, data=lambda old: {"owner": "bob"}),)


async def test_an_upgrade_in_passing_that_gives_it_to_another_is_not_made_for_the_first(
    world: World,
) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order(), caller=ANN)
    later = with_(LaterFlow.definition, access=OWN.access)
    async with world.running(later) as engine:
        for who in (ANN, BOB):
            assert type(await refusal(engine.send("order", "o-1", Pay(), caller=who))) is Forbidden
        # not by the back door either: it is of its old version still
        assert (await engine.read("order", "o-1")).version == 1
        await engine.upgrade("order", "o-1")
        assert (await engine.send("order", "o-1", Pay(), caller=BOB)).version == 2


async def test_a_condition_is_asked_on_what_the_upgrade_makes(world: World) -> None:
    async with world.running(OWN) as engine:
        await engine.start("order", "o-1", Order(), caller=ANN)
    asked = when(lambda data, by: data.owner == by.name)
    later = with_(LaterFlow.definition, access=Access(send=asked, read=role("support")))
    async with world.running(later) as engine:
        refused = await refusal(engine.send("order", "o-1", Pay(), caller=ANN))
        stale = await refusal(engine.send("order", "o-1", Pay(), expected_seq=9, caller=ANN))
        missing = await refusal(engine.send("order", "o-9", Pay(), caller=ANN))
        assert {type(refused), type(stale), type(missing)} == {Forbidden}
        assert str(refused) == str(stale) == str(missing)
        assert (await engine.read("order", "o-1")).version == 1
        # held, it would never be asked for
        await engine.pause("order", "o-1")
        assert type(await refusal(engine.send("order", "o-1", Pay(), caller=ANN))) is Forbidden
        await engine.resume("order", "o-1")
        await engine.send("order", "o-1", Pay(), caller=BOB)
        assert (await engine.read("order", "o-1")).version == 2


async def test_events_of_one_batch_to_several_machines_are_decided_each_by_its_own(
    world: World,
) -> None:
    class DoorFlow(Machine[Order], name="door", version=1):
        open = State(initial=True)
        pay = on(Pay, open)

    door = with_(DoorFlow.definition, access=Access(send="keeper"))
    async with world.running(OWN, door) as engine:
        await engine.start("order", "o-1", Order())
        await engine.start("door", "d-1", Order())
        pay = {"type": "Pay"}
        many = [
            SendRequest(machine=m, id=i, event=pay) for m, i in (("door", "d-1"), ("order", "o-1"))
        ]
        for who, kinds in ((ANN, [True, False]), (caller("kit", "keeper"), [False, True])):
            answers = await engine.send_many(many, caller=who)
            assert [isinstance(one, Forbidden) for one in answers] == kinds


async def test_two_of_a_batch_with_the_same_roles_do_not_share_a_reply(world: World) -> None:
    flow = machine(read=index("customer"), act="ops")
    async with world.running(flow) as engine:
        await engine.start("order", "o-1", Order())
        ann, bob = caller("ann", "ops"), caller("bob", "ops")
        asked = [engine.pause("order", "o-1", caller=who) for who in (ann, bob, ann)]
        first, second, third = await asyncio.gather(*asked)
        assert (first.state, second.state, third.state) == (["open"], [], ["open"])


class Told(Event, internal=True):
    pass


class Timed(Machine[Order], name="timed", version=1):
    access = Access(read="ops", act="ops", inspect="boss", send="ops")
    here = State(initial=True)
    over = Final()
    late = after(timedelta(hours=1), here >> over, when=lambda order: order.paid > 0)
    told = on(Told, here >> over)
    accept = on(Accept, here >> over, by="restaurant")
    give = on(Pay, here, do=pay)


async def test_a_timer_that_can_not_be_fired_names_what_its_caller_may_send(world: World) -> None:
    async with world.running(Timed) as engine:
        await engine.start("timed", "t-1")
        refused = await refusal(engine.fire_timer("timed", "t-1", "late", caller=OPS))
        assert isinstance(refused, NotAllowed)
        assert refused.allowed == ("Pay",)
