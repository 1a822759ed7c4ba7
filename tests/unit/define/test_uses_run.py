"""Machines with uses run in an engine, are upgraded, drawn and simulated as any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    DefinitionError,
    Effect,
    Engine,
    Event,
    Final,
    Machine,
    Parallel,
    Permanent,
    State,
    Upgrade,
    anywhere,
    effect,
    on,
    on_cancel,
    on_done,
    on_result,
    parameter,
)
from statehold.formats.dot import to_dot
from statehold.formats.mermaid import to_mermaid
from statehold.formats.native import read_native, write_native
from statehold.formats.notation import Offered
from statehold.testing import EngineKit
from statehold.testing.engine_kit import Fakes
from statehold.testing.fakes import fail, succeed
from statehold.upgrade.plan import plan
from tests.unit.define.checks import (
    Check,
    Judge,
    Listing,
    ListingFlow,
    Question,
    call_back,
    is_about,
    resolve_domain,
)

pytestmark = pytest.mark.anyio


async def test_each_use_has_attempts_of_its_own_in_an_engine() -> None:
    """The functions see their parts: one as a coroutine, the other in a thread."""
    async with EngineKit(ListingFlow) as kit:
        data = Listing(phone=Question(subject="911"))
        await kit.start(ListingFlow, id="l-1", data=data)
        await kit.settle()
        reply = await kit.read(ListingFlow, "l-1")
        assert reply.state == ["refused"] or reply.state == ["listed"]
        assert reply.view.domain == Question(subject="example.org", answer=True, by="machine")
        assert reply.view.phone == Question(subject="911", answer=False, by="machine")


async def test_effects_of_uses_are_faked_one_by_one() -> None:
    fakes: Fakes = {
        ListingFlow.checking.domain.ask: fail(Permanent("no answer")),
        "checking.phone.call_back": succeed(True),
    }
    async with EngineKit(ListingFlow, fakes=fakes) as kit:
        await kit.start(ListingFlow, id="l-1", data=Listing())
        await kit.settle()
        reply = await kit.read(ListingFlow, "l-1")
        assert reply.state == ["checking.domain.unclear", "checking.phone.yes"]
        await kit.send(ListingFlow, "l-1", Judge(subject="example.org", answer=True), roles="ops")
        assert (await kit.read(ListingFlow, "l-1")).state == ["listed"]


class Meter:
    def read(self) -> int:
        return 7


class Pay(Event):
    n: int


class Part(BaseModel):
    n: int = 0


class Parts(BaseModel):
    a: Part = Part()
    b: Part = Part()


@effect
async def charge(part: Part, event: Pay, call: Call, meter: Meter) -> int:
    return part.n + event.n + meter.read()


class Charge(Compound):
    """With an effect that takes the event and a resource, and a clean-up."""

    ask: Effect[Part, int] = parameter()
    pays: type[Event] = parameter(default=Pay)

    waiting = State(initial=True)
    asking = State(invoke=ask)
    undoing = State()
    over = Final()
    pay = on(pays, waiting >> asking)
    got = on_result(ask, asking >> over, into="n")
    undo = on_cancel(anywhere >> undoing)
    undone = on(Judge, undoing >> over)


class Charges(Machine[Parts, Pay | Judge], name="charges", version=1):
    class both(Parallel, initial=True):
        a = Charge(ask=charge, data="a")
        b = Charge(ask=charge, data="b")

    end = Final()
    finish = on_done(both >> end)


async def test_effects_of_uses_take_events_and_resources() -> None:
    async with EngineKit(Charges, resources=[Meter()]) as kit:
        await kit.start(Charges, id="c-1", data=Parts(b=Part(n=3)))
        await kit.send(Charges, "c-1", Pay(n=5))
        await kit.settle()
        assert (await kit.read(Charges, "c-1")).view == Parts(a=Part(n=12), b=Part(n=15))


async def test_uses_clean_up_when_they_are_cancelled() -> None:
    async with EngineKit(Charges, resources=[Meter()]) as kit:
        await kit.start(Charges, id="c-1", data=Parts())
        await kit.engine.cancel(Charges, "c-1")
        assert (await kit.read(Charges, "c-1")).state == ["both.a.undoing", "both.b.undoing"]
        reply = await kit.send(Charges, "c-1", Judge(subject="", answer=True))
        assert reply.status == "cancelled"


def test_the_event_of_an_effect_is_checked_in_each_use() -> None:
    with pytest.raises(
        DefinitionError, match=r"a\.charge takes Pay, and is asked for here by Judge"
    ):

        class Wrong(Machine[Parts], name="wrong", version=1):
            a = Charge(ask=charge, pays=Judge, data="a", initial=True)


def about_domain(listing: Listing, event: Judge) -> bool:
    return is_about(listing.domain, event)


class First(Machine[Listing], name="listing", version=1):
    """Written out, before there was a class for it."""

    class domain(Compound, initial=True):
        asking = State(initial=True)
        unclear = State(owner="ops")
        over = Final()
        fail = on(Judge, asking >> unclear)
        judge = on(Judge, unclear >> over, when=about_domain)

    end = Final()
    finish = on_done(domain >> end)


class Second(Machine[Listing], name="listing", version=2):
    class checking(Parallel, initial=True):
        domain = Check(ask=resolve_domain, data="domain")
        phone = Check(ask=call_back, data="phone")

    end = Final()
    finish = on_done(checking >> end)
    upgrades = (
        Upgrade(
            1,
            states={
                "domain": checking,
                "domain.asking": (checking.domain.unclear, checking.phone.asking),
                "domain.unclear": (checking.domain.unclear, checking.phone.asking),
                "domain.over": (checking.domain.unknown, checking.phone.asking),
            },
        ),
    )


async def test_instances_move_into_uses(tmp_path: Path) -> None:
    (upgrade,) = Second.definition.upgrades
    plan(First.chart, Second.definition, upgrade)
    store = f"sqlite:///{tmp_path}/listings.db"
    async with Engine(store, machines=[First]) as engine:
        await engine.start(First, id="l-1", data=Listing())
        await engine.send(First, "l-1", Judge(subject="", answer=True))
    async with EngineKit(Second, store=store) as kit:
        event = Judge(subject="example.org", answer=True)
        await kit.send(Second, "l-1", event, roles="ops")
        await kit.settle()
        reply = await kit.read(Second, "l-1")
        assert (reply.version, reply.state) == (2, ["end"])
        assert reply.view.domain.by == "person"


def test_a_use_is_drawn_as_a_group_with_its_name() -> None:
    text = to_mermaid(ListingFlow.chart)
    assert 'state "domain" as checking_domain {' in text
    assert "always #91;is_yes#93;" in text
    assert "on result of resolve_domain / note_answer" in text
    assert "checking.domain.is_yes" not in text
    assert "checking.phone.call_back" not in to_dot(ListingFlow.chart)


def test_written_as_a_document_a_use_is_read_as_the_same_chart() -> None:
    definition = ListingFlow.definition
    offered = Offered(
        functions={name: function.call for name, function in definition.functions.items()},
        effects=definition.effects,
    )
    again = read_native(write_native(ListingFlow), offered).definition
    assert [state.id for state in again.chart.states] == [s.id for s in ListingFlow.chart.states]
    assert again.chart.transitions == ListingFlow.chart.transitions
