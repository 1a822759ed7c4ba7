"""Start, send, read: what is asked is answered once it is committed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from statehold.errors import (
    InstanceExists,
    InstanceOver,
    InvalidPayload,
    NotAllowed,
    StaleSeq,
    Stopping,
    TooLarge,
    UnknownEvent,
    UnknownInstance,
    UnknownMachine,
)
from statehold.records import Caller
from statehold.store import Query
from statehold.wire.base import ID_PATTERN
from statehold.wire.instances import Reply
from tests.unit.engine.sample_machines import Add, Counter, Note, Shut, Tally
from tests.unit.engine.world import World, journal

pytestmark = pytest.mark.anyio


async def test_start_enters_the_initial_state_with_the_given_data_as_seq_1(world: World) -> None:
    async with world.running(Counter) as engine:
        answer = await engine.start(Counter, "c-1", Tally(count=7))
        assert (answer.machine, answer.id, answer.version) == ("counter", "c-1", 1)
        assert (answer.seq, answer.status, answer.state) == (1, "running", ["open"])
        assert answer.view == Tally(count=7)


@pytest.mark.parametrize("data", [None, {}, Tally(), b"{}"])
async def test_start_takes_a_value_plain_values_json_or_nothing(world: World, data: Any) -> None:
    async with world.running(Counter) as engine:
        assert (await engine.start(Counter, "c-1", data)).view == Tally()


async def test_send_takes_an_event_a_mapping_or_json_alike(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.send(Counter, "c-1", Add(n=2))
        await engine.send("counter", "c-1", {"type": "Add", "n": 3})
        answer = await engine.send(Counter.definition, "c-1", b'{"type": "Add", "n": 4}')
        assert (answer.seq, answer.view.count) == (4, 9)


async def test_read_gives_what_the_last_answer_gave(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        sent = await engine.send(Counter, "c-1", Note(text="é\n\N{SNOWMAN}"))
        read = await engine.read(Counter, "c-1")
        assert read.json() == sent.json()
        assert read.wire() == Reply.model_validate_json(read.json())
        assert read.view.notes == ["é\n\N{SNOWMAN}"]


async def test_read_after_a_restart_gives_what_was_answered_before_it(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1", Tally(count=3, notes=["a"]))
    before = await engine.send(Counter, "c-1", Add(n=39))
    await world.crash(engine)
    async with world.running(Counter) as again:
        assert (await again.read(Counter, "c-1")).json() == before.json()


async def test_changing_an_answers_view_changes_no_instance(world: World) -> None:
    async with world.running(Counter) as engine:
        answer = await engine.start(Counter, "c-1")
        answer.view.notes.append("mine")
        (await engine.read(Counter, "c-1")).view.count = 50
        assert (await engine.read(Counter, "c-1")).view == Tally()


async def test_changing_the_data_that_was_given_changes_no_instance(world: World) -> None:
    async with world.running(Counter) as engine:
        given = Tally(notes=["a"])
        await engine.start(Counter, "c-1", given)
        given.notes.append("b")
        assert (await engine.send(Counter, "c-1", Add())).view.notes == ["a"]


async def test_an_id_is_made_where_none_is_given(world: World) -> None:
    async with world.running(Counter) as engine:
        made = [(await engine.start(Counter)).id for _ in range(3)]
        assert len(set(made)) == 3
        assert all(re.fullmatch(ID_PATTERN, id) for id in made)
        assert (await engine.read(Counter, made[1])).id == made[1]


async def test_made_ids_are_repeatable_by_their_seed(world: World) -> None:
    engine = await world.open(Counter, seed=5)
    first = (await engine.start(Counter)).id
    await world.stop(engine)
    engine = await world.open(Counter, seed=5)
    with pytest.raises(InstanceExists, match=first):
        await engine.start(Counter)


@pytest.mark.parametrize("id", ["", "-a", "a b", "a/b", "x" * 201, "a\n", "é"])
async def test_an_id_that_could_not_stand_in_an_address_is_refused(world: World, id: str) -> None:
    async with world.running(Counter) as engine:
        with pytest.raises(InvalidPayload, match="the id"):
            await engine.start(Counter, id)
        with pytest.raises(InvalidPayload, match="the id"):
            await engine.send(Counter, id, Add())


async def test_a_second_start_of_one_id_is_refused_and_changes_nothing(world: World) -> None:
    async with world.running(Counter) as engine:
        first = await engine.start(Counter, "c-1", Tally(count=1))
        with pytest.raises(InstanceExists):
            await engine.start(Counter, "c-1", Tally(count=2))
        assert (await engine.read(Counter, "c-1")).json() == first.json()


async def test_unknown_names_are_reported_with_the_known_ones(world: World) -> None:
    async with world.running(Counter) as engine:
        with pytest.raises(UnknownMachine, match="counter"):
            await engine.start("nothing", "x")
        with pytest.raises(UnknownInstance, match="c-9"):
            await engine.send(Counter, "c-9", Add())
        with pytest.raises(UnknownInstance):
            await engine.read(Counter, "c-9")
        await engine.start(Counter, "c-1")
        with pytest.raises(UnknownEvent, match="Add"):
            await engine.send(Counter, "c-1", {"type": "Nothing"})


async def test_a_payload_that_does_not_fit_names_every_field(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(InvalidPayload) as refused:
            await engine.send(Counter, "c-1", {"type": "Add", "n": "x", "more": 1})
        assert set(refused.value.fields) == {"n", "more"}
        with pytest.raises(InvalidPayload) as refused:
            await engine.start(Counter, "c-2", {"count": "x", "notes": [1]})
        assert set(refused.value.fields) == {"count", "notes.0"}
        assert [e.kind for e in await journal(engine, Counter, "c-1")] == ["start"]


@pytest.mark.parametrize(
    "event",
    [b"", b"[]", b"{", b"null", b'{"n": 1}', b'{"type": 1}', {}, {"type": "Add", "n": object()}],
)
async def test_what_is_no_event_is_an_invalid_payload(world: World, event: Any) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(InvalidPayload):
            await engine.send(Counter, "c-1", event)


async def test_expected_seq_refuses_a_sender_who_saw_an_older_state(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        assert (await engine.send(Counter, "c-1", Add(), expected_seq=1)).seq == 2
        with pytest.raises(StaleSeq) as refused:
            await engine.send(Counter, "c-1", Add(), expected_seq=1)
        assert (refused.value.expected, refused.value.actual) == (1, 2)
        with pytest.raises(StaleSeq):
            await engine.send(Counter, "c-1", Add(), expected_seq=3)
        assert (await engine.read(Counter, "c-1")).view.count == 1


async def test_not_allowed_names_what_is_allowed_and_the_guard_that_said_no(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally(count=100))
        with pytest.raises(NotAllowed) as refused:
            await engine.send(Counter, "c-1", Add())
        assert refused.value.reasons == ("is_small says no",)
        assert refused.value.allowed == ("Note", "Explode", "Shut")
        assert refused.value.state == ("open",)
        assert not refused.value.forbidden


async def test_a_role_that_is_missing_makes_the_refusal_a_forbidden_one(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        guest = Caller("ann", frozenset({"guest"}))
        with pytest.raises(NotAllowed, match="only keeper or owner may") as refused:
            await engine.send(Counter, "c-1", Shut(), caller=guest)
        assert refused.value.forbidden
        assert "Shut" not in refused.value.allowed
        assert "Shut" not in (await engine.read(Counter, "c-1", caller=guest)).allowed
        keeper = Caller("bob", frozenset({"keeper"}))
        assert "Shut" in (await engine.read(Counter, "c-1", caller=keeper)).allowed
        assert (await engine.send(Counter, "c-1", Shut(), caller=keeper)).status == "done"
        assert (await journal(engine, Counter, "c-1"))[-1].caller == "bob"


async def test_an_instance_that_is_done_takes_nothing_more(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        done = await engine.send(Counter, "c-1", Shut())
        assert (done.status, done.state, done.allowed) == ("done", ["shut"], [])
        with pytest.raises(NotAllowed, match="it is done"):
            await engine.send(Counter, "c-1", Add())
        with pytest.raises(InstanceOver):
            await engine.pause(Counter, "c-1")
        with pytest.raises(InstanceOver):
            await engine.cancel(Counter, "c-1")


async def test_a_cancelled_instance_keeps_its_data_and_takes_nothing_more(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally(count=4))
        answer = await engine.cancel(Counter, "c-1", reason="a mistake", caller=Caller("ann"))
        assert (answer.status, answer.seq, answer.view.count) == ("cancelled", 2, 4)
        last = (await journal(engine, Counter, "c-1"))[-1]
        assert (last.kind, last.status, last.reason) == ("cancel", "cancelled", "a mistake")
        assert last.caller == "ann"
        with pytest.raises(NotAllowed, match="it is cancelled"):
            await engine.send(Counter, "c-1", Add())


async def test_data_and_events_above_their_limits_are_too_large(world: World) -> None:
    from statehold.engine.limits import Limits

    limits = Limits(data_bytes=200, event_bytes=100)
    async with world.running(Counter, limits=limits) as engine:
        with pytest.raises(TooLarge, match="limit is 200"):
            await engine.start(Counter, "c-1", Tally(notes=["x" * 200]))
        with pytest.raises(TooLarge):
            await engine.start(Counter, "c-1", b" " * 201)
        await engine.start(Counter, "c-1")
        for event in (
            Note(text="x" * 100),
            {"type": "Note", "text": "x" * 100},
            json.dumps({"type": "Note", "text": "x" * 100}),
        ):
            with pytest.raises(TooLarge, match="limit is 100"):
                await engine.send(Counter, "c-1", event)
        for _ in range(2):
            await engine.send(Counter, "c-1", Note(text="x" * 50))
        await engine.send(Counter, "c-1", Note(text="x" * 50))
        with pytest.raises(TooLarge, match="limit is 200"):
            await engine.send(Counter, "c-1", Note(text="x" * 50))
        read = await engine.read(Counter, "c-1")
        assert len(read.json()) < 500
        assert read.seq == len(await journal(engine, Counter, "c-1"))


async def test_an_engine_that_is_closed_takes_no_requests(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    await engine.check_ready()
    await world.stop(engine)
    with pytest.raises(Stopping):
        await engine.send(Counter, "c-1", Add())
    with pytest.raises(Stopping):
        await engine.check_ready()


async def test_instances_are_listed_by_their_declared_indexes(world: World) -> None:
    async with world.running(Counter) as engine:
        for number in range(6):
            await engine.start(Counter, f"c-{number}", Tally(count=number % 2))
        await engine.send(Counter, "c-0", Add())

        async def ids(**narrow: Any) -> set[str]:
            found = await engine.list(Query("counter", **narrow))
            return {line.id for line in found.instances}

        assert await ids(where={"count": "1"}) == {"c-0", "c-1", "c-3", "c-5"}
        assert await ids(where={"count": "0"}) == {"c-2", "c-4"}
        assert await ids(where={"count": "7"}) == set()
        await engine.send(Counter, "c-2", Shut())
        assert await ids(status="done") == {"c-2"}
        assert await ids(state="open", where={"count": "0"}) == {"c-4"}
