"""Both clients, against a real server behind a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from statehold.client import AsyncClient
from statehold.engine import Engine
from statehold.errors import (
    ActionFailed,
    InvalidPayload,
    NotAllowed,
    StaleSeq,
    StateholdError,
    UnknownInstance,
    UnknownMachine,
)
from statehold.wire.operations import SendRequest
from tests.acceptance.orders import Accept, Arrived, Order, OrderFlow, Packed, Pay

pytestmark = pytest.mark.anyio


async def test_an_order_is_started_moved_and_finished(address: str) -> None:
    async with AsyncClient(address, caller="ada", roles=["restaurant"]) as client:
        started = await client.start(OrderFlow, "o-1", Order(items=["soup"]))
        assert (started.seq, started.view.items) == (1, ["soup"])
        accepted = await client.send("order", "o-1", Accept(prep_minutes=3), expected_seq=1)
        assert set(accepted.allowed) == {"Reject", "Packed", "Arrived"}
        await client.send(OrderFlow, "o-1", {"type": "Packed"})
        done = await client.send(OrderFlow, "o-1", Arrived())
        assert (done.status, done.state) == ("done", ["delivered"])
        assert await client.get(OrderFlow, "o-1") == done
        journal = await client.journal(OrderFlow, "o-1", data=True)
        assert [entry.seq for entry in journal.entries] == [1, 2, 3, 4]
        assert journal.entries[1].caller == "ada"
        assert (await client.explain(OrderFlow, "o-1")).instance.id == "o-1"
        assert [one.name for one in await client.machines()] == ["order"]
        assert (await client.machine(OrderFlow)).counts == {"delivered": 1}
        assert "stateDiagram" in await client.mermaid(OrderFlow, "o-1")
        assert (await client.upgrade(OrderFlow)).version == 1


async def test_a_list_goes_over_all_pages(address: str) -> None:
    async with AsyncClient(address, roles=["restaurant"]) as client:
        for number in range(5):
            await client.start(OrderFlow, f"o-{number}", {"city": "Oslo"})
        found = [one.id async for one in client.list(OrderFlow, page_size=2)]
        assert sorted(found) == [f"o-{number}" for number in range(5)]
        assert [one async for one in client.list(OrderFlow, where={"city": "Rome"})] == []


async def test_many_events_are_answered_with_replies_and_errors(address: str) -> None:
    async with AsyncClient(address, roles=["restaurant"]) as client:
        await client.start(OrderFlow, "o-1")
        event = {"type": "Accept", "prep_minutes": 1}
        moved, refused = await client.send_many(
            [
                SendRequest(machine="order", id="o-1", event=event),
                SendRequest(machine="order", id="o-2", event=event),
            ]
        )
        assert not isinstance(moved, StateholdError)
        assert moved.seq == 2
        assert isinstance(refused, UnknownInstance)


async def test_an_operator_settles_incidents_and_pauses(engine: Engine, address: str) -> None:
    async with AsyncClient(address, roles=["restaurant"]) as client:
        await client.start(OrderFlow, "o-1")
        await client.send(OrderFlow, "o-1", Pay())
        async for entry in client.watch(OrderFlow, "o-1"):
            if entry.kind == "incident":
                break
        (incident,) = (await client.incidents(OrderFlow)).incidents
        assert (await client.resolve(incident.id, "ch_1", reason="by hand")).status == "done"
        await client.start(OrderFlow, "o-2")
        assert (await client.pause(OrderFlow, "o-2")).status == "paused"
        assert (await client.send(OrderFlow, "o-2", Accept(prep_minutes=1))).held
        assert (await client.resume(OrderFlow, "o-2")).id == "o-2"
        assert (await client.cancel(OrderFlow, "o-2", reason="enough")).status == "cancelled"


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.get("none", "o-1"), UnknownMachine),
        (lambda c: c.get("order", "nobody"), UnknownInstance),
        (lambda c: c.send("order", "o-1", Packed()), NotAllowed),
        (lambda c: c.send("order", "o-1", {"type": "Accept"}), InvalidPayload),
        (lambda c: c.send("order", "o-1", {"type": "Break"}), ActionFailed),
        (lambda c: c.send("order", "o-1", Packed(), expected_seq=9), StaleSeq),
        (lambda c: c.send("order", "o-1", Packed(), key="ü"), InvalidPayload),
        (lambda c: c.get("order", ".."), InvalidPayload),
    ],
)
async def test_a_problem_comes_back_as_the_engines_error(
    engine: Engine,
    address: str,
    ask: Callable[[AsyncClient], Any],
    kind: type[StateholdError],
) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, roles=["restaurant"]) as client:
        with pytest.raises(kind) as caught:
            await ask(client)
    assert caught.value.code == kind.code
    assert str(caught.value)


async def test_the_errors_details_are_the_engines(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    with pytest.raises(NotAllowed) as here:
        await engine.send(OrderFlow, "o-1", Packed())
    async with AsyncClient(address, roles=["restaurant"]) as client:
        with pytest.raises(NotAllowed) as there:
            await client.send(OrderFlow, "o-1", Packed())
    assert str(there.value) == str(here.value)
    assert there.value.details() == here.value.details()


async def test_a_missing_role_is_forbidden_there_too(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, roles=["courier"]) as client:
        with pytest.raises(NotAllowed) as caught:
            await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
    assert caught.value.forbidden


@pytest.mark.parametrize("name", ["José Müller", "张伟", "😀"])
async def test_a_claimed_name_may_have_any_letters(address: str, name: str) -> None:
    async with AsyncClient(address, caller=name, roles=["köchin", name]) as client:
        me = await client.me()
    assert (me.name, me.roles) == (name, sorted(["köchin", name]))
