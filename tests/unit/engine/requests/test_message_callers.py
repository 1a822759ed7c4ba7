"""A message has a machine as its caller, and only that; internal events come from no one else."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    InvalidPayload,
    KeyReused,
    Machine,
    NotAllowed,
    State,
    Undeliverable,
    child,
    on,
)
from statehold.chart.access import Access, anyone, machine, role
from statehold.errors import Forbidden, StateholdError
from statehold.records import Caller, Write
from statehold.store import Query
from statehold.wire.operations import SendRequest
from tests.unit.engine.world import World, journal, quiet

pytestmark = pytest.mark.anyio

GUEST = Caller("ann", frozenset())
KEEPER = Caller("bob", frozenset({"keeper"}))


class Log(BaseModel):
    lines: list[str] = []


class Order(BaseModel):
    what: str = ""


class Open(Event):
    """Anyone's."""


class Guarded(Event):
    """A keeper's, or the lead's."""


class KeepersOnly(Event):
    """A keeper's alone."""


class Reported(Event, internal=True):
    """An instance's."""

    text: str = ""


class Again(Event):
    """Asks it to send itself what a keeper may send."""


class Ask(Event):
    """Asks the lead to send an event of this name to the door."""

    event: str


def note_open(log: Log) -> None:
    log.lines.append("open")


def note_guarded(log: Log) -> None:
    log.lines.append("guarded")


def note_keepers(log: Log) -> None:
    log.lines.append("keepers")


def note_reported(log: Log, event: Reported) -> None:
    log.lines.append(f"reported {event.text}".strip())


def note_returned(log: Log, event: Undeliverable) -> None:
    log.lines.append(f"returned {event.event}: {event.reason}")


def to_itself(log: Log, event: Again, context: Context) -> None:
    context.send(None, None, KeepersOnly())


class Door(Machine[Log], name="door", version=1):
    here = State(initial=True)

    opening = on(Open, here, do=note_open)
    guarded = on(Guarded, here, do=note_guarded, by=("keeper", machine("lead")))
    keepers = on(KeepersOnly, here, do=note_keepers, by="keeper")
    reported = on(Reported, here, do=note_reported)
    again = on(Again, here, do=to_itself)
    returned = on(Undeliverable, here, do=note_returned)


EVENTS = {one.__event__: one for one in (Open, Guarded, KeepersOnly, Reported)}


def pass_on(log: Log, event: Ask, context: Context) -> None:
    context.send("door", "d-1", EVENTS[event.event]())


def note_refused(log: Log, event: Undeliverable) -> None:
    log.lines.append(event.reason)


class Lead(Machine[Log], name="lead", version=1):
    here = State(initial=True)

    passing = on(Ask, here, do=pass_on)
    refused = on(Undeliverable, here, do=note_refused)


class Stranger(Machine[Log], name="stranger", version=1):
    here = State(initial=True)

    passing = on(Ask, here, do=pass_on)
    refused = on(Undeliverable, here, do=note_refused)


@pytest.mark.parametrize(
    ("sender", "event", "arrives"),
    [
        (Lead, "Open", "open"),
        (Lead, "Guarded", "guarded"),
        (Lead, "KeepersOnly", None),
        (Lead, "Reported", "reported"),
        (Stranger, "Open", "open"),
        (Stranger, "Guarded", None),
        (Stranger, "KeepersOnly", None),
        (Stranger, "Reported", "reported"),
    ],
)
async def test_a_message_passes_what_names_its_machine_or_nobody_and_never_a_role(
    world: World, sender: type[Machine[Log]], event: str, arrives: str | None
) -> None:
    async with world.running(Door, Lead, Stranger) as engine:
        await engine.start(Door, "d-1")
        await engine.start(sender, "s-1")
        # the keeper who caused it grants the message nothing
        await engine.send(sender, "s-1", Ask(event=event), caller=KEEPER)
        await quiet()
        lines = (await engine.read(Door, "d-1")).view.lines
        returned = (await engine.read(sender, "s-1")).view.lines
    assert lines == ([arrives] if arrives else [])
    assert bool(returned) is (arrives is None)
    if arrives is None:
        assert "only keeper" in returned[0]


async def test_what_an_instance_sends_to_itself_is_its_machines(world: World) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        await engine.send(Door, "d-1", Again(), caller=KEEPER)
        await quiet()
        (line,) = (await engine.read(Door, "d-1")).view.lines
    assert line.startswith("returned KeepersOnly:")
    assert "only keeper may do this" in line


class Tell(Event):
    pass


def tell_parent(log: Log, event: Tell, context: Context) -> None:
    context.send_parent(Reported(text="by the child"))


class Small(Machine[Log], name="small", version=1):
    here = State(initial=True)

    telling = on(Tell, here, do=tell_parent)


class Big(Machine[Log], name="big", version=1):
    here = State(initial=True, invoke=child(Small))

    reported = on(Reported, here, do=note_reported, by=machine("small"))


async def test_what_a_child_sends_its_parent_is_the_childs_machines(world: World) -> None:
    async with world.running(Big, Small) as engine:
        await engine.start(Big, "b-1")
        await quiet()
        (small,) = (await engine.list(Query(Small.definition.name))).instances
        await engine.send(Small, small.id, Tell())
        await quiet()
        assert (await engine.read(Big, "b-1")).view.lines == ["reported by the child"]


async def test_the_sender_is_the_stores_and_not_the_bodys(world: World) -> None:
    async with world.running(Door, Stranger) as engine:
        await engine.start(Door, "d-1")
        await engine.start(Stranger, "s-1")
        body = {
            "event": {"type": "Guarded"},
            "cause": "lead/l-1#1",
            "caller": "bob",
            "roles": ["keeper", "machine:lead"],
            "origin": "lead/l-1",
        }
        await engine.send(Stranger, "s-1", Ask(event="Open"))
        await quiet()
        before = await journal(engine, Door, "d-1")

        def forged(writes: Sequence[Write]) -> None:
            for write in writes:
                for sent in write.messages:
                    msgspec.structs.force_setattr(sent, "body", msgspec.json.encode(body))

        world.gate.before = forged
        await engine.send(Stranger, "s-1", Ask(event="Open"))
        world.gate.before = lambda writes: None
        await quiet()
        after = await journal(engine, Door, "d-1")
        assert len(after) == len(before)
        (why,) = (await engine.read(Stranger, "s-1")).view.lines
    assert "only keeper or machine lead may do this" in why


async def test_a_caller_can_not_have_a_machine_as_its_role(world: World) -> None:
    forged = Caller("eve", frozenset({"keeper", "machine:lead"}))
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        for event in (Guarded(), Reported(), Open()):
            with pytest.raises(InvalidPayload, match="machine:"):
                await engine.send(Door, "d-1", event, caller=forged)
        with pytest.raises(InvalidPayload, match="machine:"):
            await engine.start(Door, "d-2", caller=forged)
        assert len(await journal(engine, Door, "d-1")) == 1


# --- internal events ---


@pytest.mark.parametrize("caller", [GUEST, KEEPER])
@pytest.mark.parametrize("id", ["d-1", "d-missing"])
async def test_an_internal_event_is_refused_from_outside_alike_whether_there_is_an_instance(
    world: World, caller: Caller, id: str
) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        with pytest.raises(Forbidden, match="Reported is internal to machine 'door'"):
            await engine.send(Door, id, Reported(), caller=caller)
        with pytest.raises(Forbidden, match="Reported is internal to machine 'door'"):
            await engine.send(Door, id, {"type": "Reported", "text": "x"}, caller=caller)
        assert len(await journal(engine, Door, "d-1")) == 1


async def test_an_internal_event_in_a_batch_is_refused_alone(world: World) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        events = ({"type": "Open"}, {"type": "Reported", "text": "x"}, {"type": "Open"})
        requests = [SendRequest(machine="door", id="d-1", event=event) for event in events]
        answers = await engine.send_many(requests, caller=GUEST)
        assert isinstance(answers[1], Forbidden)
        assert not any(isinstance(one, StateholdError) for one in (answers[0], answers[2]))
        assert (await engine.read(Door, "d-1")).view.lines == ["open", "open"]


async def test_an_internal_event_is_refused_under_a_key_that_was_used(world: World) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        # the program's own code may send it
        await engine.send(Door, "d-1", Reported(text="x"), key="k-1", caller=Caller("ann"))
        with pytest.raises(Forbidden):
            await engine.send(Door, "d-1", Reported(text="x"), key="k-1", caller=GUEST)
        with pytest.raises(Forbidden):
            await engine.send(Door, "d-1", Reported(text="y"), key="k-1", caller=GUEST)
        await engine.send(Door, "d-1", Open(), key="k-2", caller=GUEST)
        with pytest.raises((Forbidden, KeyReused)):
            await engine.send(Door, "d-1", Reported(text="y"), key="k-2", caller=GUEST)
        assert (await engine.read(Door, "d-1")).view.lines == ["reported x", "open"]


async def test_a_paused_instance_holds_no_internal_event_from_outside(world: World) -> None:
    async with world.running(Door, Stranger) as engine:
        await engine.start(Door, "d-1")
        await engine.start(Stranger, "s-1")
        await engine.pause(Door, "d-1")
        with pytest.raises(Forbidden):
            await engine.send(Door, "d-1", Reported(text="by eve"), caller=GUEST)
        # an instance's is held, and is still the instance's when it is taken
        await engine.send(Stranger, "s-1", Ask(event="Reported"))
        await engine.send(Stranger, "s-1", Ask(event="Guarded"))
        await quiet()
        await engine.resume(Door, "d-1")
        await quiet()
        assert (await engine.read(Door, "d-1")).view.lines == ["reported"]
        (why,) = (await engine.read(Stranger, "s-1")).view.lines
    assert "only keeper or machine lead" in why


async def test_held_mail_of_an_earlier_release_keeps_its_senders_roles(world: World) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        await engine.pause(Door, "d-1")
        await engine.send(Door, "d-1", Guarded(), caller=GUEST)
        await engine.send(Door, "d-1", Guarded(), caller=KEEPER)
        await engine.send(Door, "d-1", Guarded())
        await engine.resume(Door, "d-1")
        lines = (await journal(engine, Door, "d-1"))[3:]
        assert [(line.kind, line.caller) for line in lines] == [
            ("refused", "ann"), ("event", "bob"), ("event", None),
        ]  # fmt: skip


async def test_an_internal_event_is_not_among_those_allowed_to_callers(world: World) -> None:
    async with world.running(Door) as engine:
        await engine.start(Door, "d-1")
        for caller, expected in (
            (GUEST, ["Open", "Again"]),
            (KEEPER, ["Open", "Guarded", "KeepersOnly", "Again"]),
            (Caller(), ["Open", "Guarded", "KeepersOnly", "Reported", "Again"]),
        ):
            assert (await engine.read(Door, "d-1", caller=caller)).allowed == expected
        with pytest.raises(NotAllowed) as refused:
            await engine.send(Door, "d-1", KeepersOnly(), caller=GUEST)
        assert refused.value.allowed == ("Open", "Again")


async def test_a_delayed_message_to_itself_is_its_machines_when_it_is_due(world: World) -> None:
    class Later(Event):
        pass

    def later(log: Log, event: Later, context: Context) -> None:
        context.send(None, None, KeepersOnly(), delay=timedelta(seconds=5))

    class Clock(Machine[Log], name="clock", version=1):
        here = State(initial=True)
        waiting = on(Later, here, do=later)
        keepers = on(KeepersOnly, here, do=note_keepers, by=("keeper", machine("clock")))

    async with world.running(Clock) as engine:
        await engine.start(Clock, "c-1")
        await engine.send(Clock, "c-1", Later(), caller=GUEST)
        world.clock.advance(timedelta(seconds=5))
        await quiet()
        assert (await engine.read(Clock, "c-1")).view.lines == ["keepers"]


async def test_what_was_held_and_has_become_internal_since_is_refused(world: World) -> None:
    engine = await world.open(Door)
    await engine.start(Door, "d-1")
    await engine.pause(Door, "d-1")
    await engine.send(Door, "d-1", Open(), caller=GUEST)
    await world.crash(engine)
    chart = Door.definition.chart
    events = tuple(
        msgspec.structs.replace(one, internal=one.internal or one.name == "Open")
        for one in chart.events
    )
    tighter = dataclasses.replace(
        Door.definition, chart=msgspec.structs.replace(chart, events=events), program=None
    )
    async with world.running(tighter) as engine:
        await engine.resume(Door, "d-1")
        (refused,) = [one for one in await journal(engine, Door, "d-1") if one.kind == "refused"]
        assert "internal" in (refused.reason or "")
        assert (await engine.read(Door, "d-1")).view.lines == []


# --- what a sender is told ---

SECRET = "4929123412341234"


class Knock(Event):
    strength: int = 1


class AskKnock(Event):
    strength: int = 1


def strong(log: Log, event: Knock) -> bool:
    raise ValueError(f"the code is {SECRET}")


def knock(log: Log, event: AskKnock, context: Context) -> None:
    context.send("vault", "v-1", Knock(strength=event.strength))


class Vault(Machine[Log], name="vault", version=1):
    here = State(initial=True)
    knocked = on(Knock, here, when=strong)


class Knocker(Machine[Log], name="knocker", version=1):
    here = State(initial=True)
    knocking = on(AskKnock, here, do=knock)
    refused = on(Undeliverable, here, do=note_refused)


@pytest.mark.parametrize(
    ("access", "covers", "sees"),
    [
        (Access(), None, True),
        (Access(), ("vault",), False),
        (Access(inspect=anyone), ("vault",), True),
        (Access(read=role("ops")), None, False),
        (Access(read=anyone, inspect=role("ops")), None, False),
    ],
)
async def test_a_sender_is_told_no_more_than_the_receiver_shows_it(
    world: World, access: Access, covers: tuple[str, ...] | None, sees: bool
) -> None:
    vault = dataclasses.replace(Vault.definition, access=access, program=None)
    knocker = dataclasses.replace(Knocker.definition, covers=covers, program=None)
    async with world.running(vault, knocker) as engine:
        await engine.start("vault", "v-1")
        await engine.start("knocker", "k-1")
        await engine.send("knocker", "k-1", AskKnock())
        await quiet()
        (line,) = (await engine.read("knocker", "k-1")).view.lines
        assert (SECRET in line) == sees
        told = [entry.model_dump_json() for entry in (await journal(engine, Knocker, "k-1"))]
        assert any(SECRET in one for one in told) == sees
