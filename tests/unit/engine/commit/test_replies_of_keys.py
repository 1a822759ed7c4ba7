"""A reply that was given under a key is given again to its caller alone, as far as it may read."""

from __future__ import annotations

from dataclasses import replace as with_
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, on
from statehold.chart.access import CLOSED, Access, index
from statehold.chart.machine import Definition
from statehold.errors import Forbidden, KeyReused
from statehold.records import Caller
from tests.unit.engine.world import World, journal

pytestmark = pytest.mark.anyio

SECRET = "4929123412341234"


class Account(BaseModel):
    holder: str = "ann"
    card: str = SECRET


class Note(Event):
    text: str = ""


class Close(Event):
    """An auditor's, by the chart."""


class Give(Event):
    to: str


def give(account: Account, event: Give) -> None:
    account.holder = event.to


class AccountFlow(Machine[Account], name="account", version=1):
    indexes = ("holder",)
    open = State(initial=True)
    shut = State()
    note = on(Note, open)
    give = on(Give, open, do=give)
    close = on(Close, open >> shut, by="auditor")


def machine(**more: Any) -> Definition[Any]:
    access = Access(read=index("holder") | "support", send=index("holder") | "clerk", start="clerk")
    return with_(AccountFlow.definition, access=access, **more)


def caller(name: str, *roles: str, proved: bool = True) -> Caller:
    return Caller(name, frozenset(roles), proved=proved, server=CLOSED)


async def test_who_may_no_longer_read_gets_it_without_what_is_read(world: World) -> None:
    async with world.running(machine()) as engine:
        await engine.start("account", "a-1", Account())
        had = caller("carl", "clerk", "support")
        first = await engine.send("account", "a-1", Note(), key="k", caller=had)
        assert first.view.card == SECRET
        same = await engine.send("account", "a-1", Note(), key="k", caller=had)
        assert same.json() == first.json()
        less = await engine.send("account", "a-1", Note(), key="k", caller=caller("carl", "clerk"))
        assert (less.machine, less.id, less.seq, less.status) == ("account", "a-1", 2, "running")
        assert (less.state, less.view, less.allowed, less.version) == ([], None, [], 0)
        assert SECRET.encode() not in less.json()
        # more rights than then take nothing away
        more = caller("carl", "clerk", "support", "auditor")
        again = await engine.send("account", "a-1", Note(), key="k", caller=more)
        assert again.json() == first.json()


async def test_what_it_gave_away_since_is_not_shown_again(world: World) -> None:
    async with world.running(machine()) as engine:
        await engine.start("account", "a-1", Account())
        ann = caller("ann")
        assert (await engine.send("account", "a-1", Note(), key="k", caller=ann)).view is not None
        await engine.send("account", "a-1", Give(to="bob"), caller=ann)
        again = await engine.send("account", "a-1", Note(), key="k", caller=ann)
        assert (again.seq, again.view, again.state) == (2, None, [])
        # and nothing else may be sent under it
        with pytest.raises(KeyReused):
            await engine.send("account", "a-1", Note(text="x"), key="k", caller=ann)
        with pytest.raises(Forbidden):
            await engine.send("account", "a-1", Note(), key="other", caller=ann)


async def test_with_other_roles_it_has_neither_their_events_nor_another_roles_view(
    world: World,
) -> None:
    def whole(account: Account) -> dict[str, str]:
        return {"card": account.card}

    def brief(account: Account) -> dict[str, str]:
        return {"holder": account.holder}

    flow = machine(view=brief, views={"support": whole})
    async with world.running(flow) as engine:
        await engine.start("account", "a-1", Account())
        had = caller("ann", "support", "auditor")
        first = await engine.send("account", "a-1", Note(), key="k", caller=had)
        assert first.view == {"card": SECRET}
        assert "Close" in first.allowed
        less = await engine.send("account", "a-1", Note(), key="k", caller=caller("ann"))
        assert (less.state, less.allowed) == (["open"], ["Note", "Give"])
        assert SECRET.encode() not in less.json()


@pytest.mark.parametrize("proved", [True, False])
async def test_a_claimed_name_is_not_the_proved_one(world: World, *, proved: bool) -> None:
    async with world.running(machine()) as engine:
        await engine.start("account", "a-1", Account())
        await engine.send("account", "a-1", Note(), key="k", caller=caller("ann"))
        again = await engine.send(
            "account", "a-1", Note(), key="k", caller=caller("ann", proved=proved)
        )
        assert again.seq == (2 if proved else 3)
        lines = [line for line in await journal(engine, "account", "a-1") if line.kind == "event"]
        assert [line.proved for line in lines] == [True] if proved else [True, False]
        # each has its own from then on
        claimed = caller("ann", proved=False)
        for _ in range(2):
            third = await engine.send("account", "a-1", Note(text="y"), key="z", caller=claimed)
        assert third.seq == len(lines) + 2


async def test_starts_without_an_id_are_the_callers_own_however_its_name_is_known(
    world: World,
) -> None:
    flow = with_(machine(), access=Access(start="clerk", read="clerk"))
    async with world.running(flow) as engine:
        ids: list[str] = []
        for who in (
            caller("x", "clerk"),
            caller("ann", "clerk"),
            caller("ann", "clerk", proved=False),
        ):
            for _ in range(2):
                reply = await engine.start("account", data=Account(), key="k", caller=who)
                ids.append(reply.id)
        assert ids[::2] == ids[1::2]
        assert len(set(ids)) == 3


async def test_the_journal_keeps_proved_names_apart_from_claimed_ones(world: World) -> None:
    async with world.running(machine()) as engine:
        await engine.start("account", "a-1", Account())
        await engine.send("account", "a-1", Note(), caller=caller("ann"))
        await engine.send("account", "a-1", Note(), caller=caller("ann", proved=False))
        await engine.pause("account", "a-1", caller=Caller("ops", proved=True))
        await engine.send("account", "a-1", Note(), key="h", caller=caller("ann"))
        await engine.resume("account", "a-1")
        found = [
            (one.kind, one.caller, one.proved) for one in await journal(engine, "account", "a-1")
        ]
        assert found == [
            ("start", None, False),
            ("event", "ann", True),
            ("event", "ann", False),
            ("pause", "ops", True),
            ("resume", None, False),
            ("event", "ann", True),
        ]
