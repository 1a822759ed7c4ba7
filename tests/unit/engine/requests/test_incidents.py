"""What waits for a person: listed, retried, skipped, resolved; each act is in the journal."""

from __future__ import annotations

import pytest

from statehold import Permanent, seconds
from statehold.errors import IncidentKept, InvalidPayload, UnknownIncident
from statehold.records import Caller
from tests.unit.engine.works import Fix, Lever, Unhandled, Weigh
from tests.unit.engine.world import World, an_incident, journal, kind, kinds, quiet, state

pytestmark = pytest.mark.anyio

ANN = Caller("ann")


async def test_an_effect_out_of_attempts_that_no_transition_takes_is_an_incident(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Unhandled, "u-1")
        for _ in range(3):
            await quiet()
            world.clock.advance(seconds(25))
        await quiet()
        incident = await an_incident(engine, Unhandled)
        assert incident.id == "unhandled/u-1/1.1"
        assert (incident.machine, incident.instance, incident.kind, incident.name) == (
            "unhandled", "u-1", "effect", "buy_label",
        )  # fmt: skip
        assert (incident.attempts, incident.error) == (3, "RuntimeError: busy")
        assert incident.state == ["labelling"]
        assert await kinds(engine, Unhandled, "u-1") == ["start", "tried", "tried", "incident"]
        # nothing is stuck: the instance goes on taking what it can
        assert (await engine.send(Unhandled, "u-1", Weigh(weight=4))).seq == 2


async def test_an_incident_survives_a_crash(world: World, lever: Lever) -> None:
    engine = await world.open(Unhandled)
    lever.answers.append(Permanent("no such street"))
    await engine.start(Unhandled, "u-1")
    await kind(engine, Unhandled, "u-1", "incident")
    before = await an_incident(engine)
    await world.crash(engine)
    async with world.running(Unhandled) as engine:
        await quiet()
        assert await an_incident(engine) == before
        assert len(lever.calls) == 1


async def test_retrying_starts_again_from_the_first_attempt_under_the_same_key(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        lever.answers[0] = "L-1"
        await engine.retry((await an_incident(engine)).id, reason="street was built", caller=ANN)
        await state(engine, Unhandled, "u-1", "labelled")
        assert lever.keys == ["unhandled/u-1/1.1"] * 2
        assert lever.attempts == [1, 1]
        lines = await journal(engine, Unhandled, "u-1")
        assert [line.kind for line in lines] == ["start", "incident", "retry", "result"]
        assert (lines[2].caller, lines[2].reason) == ("ann", "street was built")
        assert (await engine.incidents()).incidents == []


async def test_skipping_gives_it_up_and_no_event_comes_of_it(world: World, lever: Lever) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        answer = await engine.skip((await an_incident(engine)).id, reason="never mind", caller=ANN)
        assert (answer.status, answer.state, answer.seq) == ("running", ["labelling"], 1)
        assert (await engine.incidents()).incidents == []
        last = (await journal(engine, Unhandled, "u-1"))[-1]
        assert (last.kind, last.caller, last.reason) == ("skip", "ann", "never mind")


async def test_resolving_takes_what_a_person_says_for_the_result(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        answer = await engine.resolve((await an_incident(engine)).id, "L-9", caller=ANN)
        assert (answer.status, answer.view.label) == ("done", "L-9")
        lines = await journal(engine, Unhandled, "u-1")
        assert [line.kind for line in lines[1:]] == ["incident", "resolve", "result"]
        assert lines[-1].caller == "ann"
        assert (await engine.incidents()).incidents == []


async def test_a_result_of_the_wrong_type_is_refused_and_changes_nothing(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        incident = await an_incident(engine)
        with pytest.raises(InvalidPayload, match="the result of buy_label"):
            await engine.resolve(incident.id, {"not": "a string"})
        assert await an_incident(engine) == incident
        assert await kinds(engine, Unhandled, "u-1") == ["start", "incident"]


@pytest.mark.parametrize(
    "incident", ["", "x", "unhandled/u-1", "unhandled/u-1/9.9", "unhandled/none/1.1"]
)
async def test_an_incident_that_is_not_open_is_unknown(
    world: World, lever: Lever, incident: str
) -> None:
    async with world.running(Unhandled) as engine:
        await engine.start(Unhandled, "u-1")
        for act in (engine.retry, engine.skip, engine.resolve):
            with pytest.raises(UnknownIncident):
                await act(incident)


async def test_an_incident_that_was_settled_can_not_be_settled_again(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        incident = await an_incident(engine)
        await engine.skip(incident.id)
        with pytest.raises(UnknownIncident):
            await engine.retry(incident.id)


async def test_incidents_are_listed_in_pages(world: World, lever: Lever) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        for number in range(5):
            await engine.start(Unhandled, f"u-{number}")
            world.clock.advance(seconds(1))
            await quiet()
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await engine.incidents(limit=2, cursor=cursor)
            found += [incident.instance for incident in page.incidents]
            cursor = page.cursor
            if cursor is None:
                break
        assert found == [f"u-{number}" for number in range(5)]


async def test_a_retry_of_a_paused_instances_incident_waits_for_its_resumption(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        await engine.pause(Unhandled, "u-1")
        lever.answers[0] = "L-1"
        await engine.retry((await an_incident(engine)).id)
        await quiet()
        assert len(lever.calls) == 1
        await engine.resume(Unhandled, "u-1")
        await state(engine, Unhandled, "u-1", "labelled")
        with pytest.raises(Exception, match="knows no event 'Fix'"):
            await engine.send(Unhandled, "u-1", Fix())


async def test_a_paused_instances_incident_takes_no_result_before_its_resumption(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Unhandled, "u-1")
        await kind(engine, Unhandled, "u-1", "incident")
        before = await engine.pause(Unhandled, "u-1")
        incident = await an_incident(engine)
        with pytest.raises(IncidentKept, match="paused; resume it first"):
            await engine.resolve(incident.id, "L-1")
        assert (await engine.read(Unhandled, "u-1")).seq == before.seq
        await engine.resume(Unhandled, "u-1")
        assert (await engine.resolve(incident.id, "L-1")).status == "done"
