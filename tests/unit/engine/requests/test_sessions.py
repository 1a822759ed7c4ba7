"""What instances say to their parents and children, under SCXML's rules and under ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, child, on
from statehold.chart.context import Context
from statehold.chart.event import NamedEvent, Undeliverable
from statehold.chart.machine import Definition
from statehold.engine.limits import Limits
from statehold.errors import TooLarge
from tests.conformance.sessions import imported
from tests.unit.engine.world import World, journal, kinds, quiet, state

pytestmark = pytest.mark.anyio


class Go(Event):
    pass


class Told(Event):
    what: str


class Note(BaseModel):
    told: str = ""


def tell_parent(note: Note, event: Go, context: Context) -> None:
    context.send_parent(Told(what="hello"))


def keep(note: Note, event: Told) -> None:
    note.told = event.what


class Speaking(Machine[Note], name="speaking", version=1):
    quiet_ = State(initial=True)
    lonely = State()
    go = on(Go, quiet_, do=tell_parent)
    nobody = on(Undeliverable, quiet_ >> lonely)


class Hearing(Machine[Note], name="hearing", version=1):
    listening = State(initial=True, invoke=child(Speaking))
    heard = Final()
    told = on(Told, listening >> heard, do=keep)


async def test_a_child_sends_to_its_parent_without_knowing_who_that_is(world: World) -> None:
    async with world.running(Hearing) as engine:
        await engine.start(Hearing, "p")
        await quiet()
        await engine.send(Speaking, "p:1.1", Go())
        await state(engine, Hearing, "p", "heard")
        assert (await engine.read(Hearing, "p")).view.told == "hello"


async def test_what_a_child_sends_survives_a_crash(world: World) -> None:
    engine = await world.open(Hearing)
    await engine.start(Hearing, "p")
    await quiet()
    await engine.send(Speaking, "p:1.1", Go())
    await world.crash(engine)
    async with world.running(Hearing) as engine:
        await state(engine, Hearing, "p", "heard")


async def test_who_has_no_parent_gets_what_it_sends_there_back(world: World) -> None:
    async with world.running(Speaking) as engine:
        await engine.start(Speaking, "alone")
        await engine.send(Speaking, "alone", Go())
        await state(engine, Speaking, "alone", "lonely")


CHILD = """
<invoke id="c"><content><scxml name="child">
  <state id="i"><onentry>{does}</onentry><transition event="end" target="f"/></state>
  <final id="f"/>
</scxml></content></invoke>"""


def session(body: str) -> Definition[Any]:
    return imported(body, None, name="parent").definition


async def test_an_event_of_a_child_has_its_invoke_and_where_to_answer(world: World) -> None:
    does = '<send target="#_parent" event="up" id="u"/>'
    machine = session(
        '<datamodel><data id="e"/></datamodel>'
        f'<state id="a">{CHILD.format(does=does)}'
        '<transition event="up"><assign location="e" expr="_event"/></transition></state>'
    )
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        await quiet()
        assert (await engine.read(machine, "p")).view["e"] == {
            "name": "up",
            "type": "external",
            "sendid": "u",
            "origin": "#_scxml_child/p:1.1",
            "origintype": "http://www.w3.org/TR/scxml/#SCXMLEventProcessor",
            "invokeid": "c",
            "data": None,
        }


async def test_a_request_cannot_pretend_to_come_from_another_instance(world: World) -> None:
    machine = session(
        '<datamodel><data id="e"/></datamodel><state id="a">'
        '<transition event="up"><assign location="e" expr="_event"/></transition></state>'
    )
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        forged = {"type": "up", "origin": "x/y", "invoke": "c", "kind": "internal"}
        await engine.send(machine, "p", forged)
        await engine.send(machine, "p", NamedEvent("up", origin="x/y", invoke="c"))
        told = (await engine.read(machine, "p")).view["e"]
        assert (told["origin"], told["invokeid"], told["type"]) == (None, None, "external")


async def test_a_session_discards_what_nothing_takes_and_its_sender_gets_nothing(
    world: World,
) -> None:
    does = '<send target="#_parent" event="unheard"/>'
    machine = session(f'<state id="a">{CHILD.format(does=does)}</state>')
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        await quiet()
        assert await kinds(engine, machine, "p") == ["start", "refused"]
        assert await kinds(engine, machine.children["child"], "p:1.1") == ["start"]
        assert (await engine.incidents()).incidents == []


async def test_what_a_session_sent_for_later_ends_with_it(world: World) -> None:
    does = '<send target="#_parent" event="late" delay="10s"/><send event="end"/>'
    machine = session(
        f'<state id="a">{CHILD.format(does=does)}<transition event="late" target="b"/></state>'
        '<state id="b"/>'
    )
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        await quiet()
        assert (await engine.read("child", "p:1.1")).status == "done"
        world.clock.advance(timedelta(minutes=1))
        await quiet()
        assert (await engine.read(machine, "p")).state == ["a"]


async def test_what_a_cancelled_child_sent_for_later_ends_with_it_after_a_crash(
    world: World,
) -> None:
    does = '<send target="#_parent" event="late" delay="10s"/>'
    machine = session(
        f'<state id="a">{CHILD.format(does=does)}<transition event="go" target="b"/></state>'
        '<state id="b"><transition event="late" target="c"/></state><state id="c"/>'
    )
    engine = await world.open(machine)
    await engine.start(machine, "p")
    await quiet()
    await world.crash(engine)
    async with world.running(machine) as engine:
        await engine.send(machine, "p", NamedEvent("go"))
        await quiet()
        assert (await engine.read("child", "p:1.1")).status == "cancelled"
        world.clock.advance(timedelta(minutes=1))
        await quiet()
        assert (await engine.read(machine, "p")).state == ["b"]
        assert await kinds(engine, machine, "p") == ["start", "event"]


async def test_a_session_may_send_no_more_for_later_than_is_kept_in_mind(world: World) -> None:
    machine = session(
        '<state id="a"><transition event="go">'
        '<foreach array="[1, 2, 3]" item="x"><send event="e" delay="1s"/></foreach>'
        "</transition></state>"
    )
    async with world.running(machine, limits=Limits(delayed=5)) as engine:
        await engine.start(machine, "p")
        await engine.send(machine, "p", NamedEvent("go"))
        with pytest.raises(TooLarge, match="has 6 delayed messages; the limit is 5 "):
            await engine.send(machine, "p", NamedEvent("go"))
        world.clock.advance(timedelta(seconds=2))
        await engine.send(machine, "p", NamedEvent("go"))


async def test_the_end_of_a_child_that_came_before_its_state_was_left_is_still_heard(
    world: World,
) -> None:
    machine = session(
        '<state id="a"><invoke id="c"><content><scxml name="child">'
        '<final id="f"><onentry><send target="#_parent" event="up"/></onentry></final>'
        '</scxml></content></invoke><transition event="up" target="b"/></state>'
        '<state id="b"><transition event="done.invoke.c" target="heard"/></state>'
        '<state id="heard"/>'
    )
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        await quiet()
        assert (await engine.read(machine, "p")).state == ["heard"]


async def test_a_session_starts_with_the_values_that_its_document_asks_for(world: World) -> None:
    machine = session(
        '<datamodel><data id="x" expr="1"/><data id="y" expr="x + 1"/></datamodel>'
        '<state id="a"><datamodel><data id="z" expr="3"/></datamodel></state>'
    )
    async with world.running(machine) as engine:
        await engine.start(machine, "plain")
        await engine.start(machine, "given", {"x": 5, "z": 9, "unknown": 7})
        assert (await engine.read(machine, "plain")).view == {"x": 1, "y": 2, "z": 3}
        assert (await engine.read(machine, "given")).view == {"x": 5, "y": 6, "z": 3}


async def test_the_journal_has_what_a_session_logged(world: World) -> None:
    machine = session('<state id="a"><onentry><log label="at" expr="1 + 1"/></onentry></state>')
    async with world.running(machine) as engine:
        await engine.start(machine, "p")
        (line,) = await journal(engine, machine, "p")
        assert list(line.emitted) == [{"type": "log", "data": {"label": "at", "value": 2}}]
