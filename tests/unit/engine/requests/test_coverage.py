"""What a machine that was put sends past its coverage comes back, and reaches nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    Failure,
    Final,
    Machine,
    State,
    Undeliverable,
    child,
    on,
    on_failure,
)
from statehold.chart.machine import Definition
from tests.unit.engine.world import World, journal, quiet

pytestmark = pytest.mark.anyio


class Log(BaseModel):
    lines: list[str] = []


class Ring(Event):
    pass


class Ask(Event):
    machine: str
    instance: str = "d-1"


class AskParent(Event):
    pass


def note_ring(log: Log) -> None:
    log.lines.append("ring")


def ask(log: Log, event: Ask, context: Context) -> None:
    context.send(event.machine, event.instance, Ring())


def ask_parent(log: Log, event: AskParent, context: Context) -> None:
    context.send_parent(Ring())


def note_returned(log: Log, event: Undeliverable) -> None:
    log.lines.append(f"{event.machine}/{event.instance} {event.event}: {event.reason}")


def note_failed(log: Log, event: Failure) -> None:
    log.lines.append(f"{event.error}: {event.message}")


class Door(Machine[Log], name="door", version=1):
    here = State(initial=True)
    ringing = on(Ring, here, do=note_ring)


class Put(Machine[Log], name="put", version=1):
    here = State(initial=True)
    asking = on(Ask, here, do=ask)
    asking_parent = on(AskParent, here, do=ask_parent)
    ringing = on(Ring, here, do=note_ring)
    returned = on(Undeliverable, here, do=note_returned)


class Silent(Machine[Log], name="silent", version=1):
    """Takes nothing back."""

    here = State(initial=True)
    asking = on(Ask, here, do=ask)


class Starter(Machine[Log], name="starter", version=1):
    here = State(initial=True, invoke=child(Put))
    over = Final()
    failed = on_failure(Put, here, do=note_failed)
    ringing = on(Ring, here, do=note_ring)


WHY = "the right by which its machine was put does not cover the receiver's"


def covering(machine: Any, *covers: str) -> Definition[Any]:
    return replace(machine.definition, covers=covers, program=None)


@pytest.mark.parametrize(
    ("covers", "arrives"),
    [((), False), (("doo",), False), (("door",), True), (("do*",), False), (("*",), False)],
)
async def test_what_is_not_covered_comes_back_and_the_step_stands(
    world: World, covers: tuple[str, ...], arrives: bool
) -> None:
    async with world.running(Door, covering(Put, *covers)) as engine:
        await engine.start("door", "d-1")
        await engine.start("put", "p-1")
        assert (await engine.send("put", "p-1", Ask(machine="door"))).seq == 2
        await quiet()
        assert (await engine.read("door", "d-1")).view.lines == (["ring"] if arrives else [])
        lines = (await engine.read("put", "p-1")).view.lines
        assert lines == ([] if arrives else [f"door/d-1 Ring: {WHY}"])


async def test_it_may_always_send_to_its_own_machine(world: World) -> None:
    async with world.running(covering(Put)) as engine:
        await engine.start("put", "p-1")
        await engine.start("put", "p-2")
        await engine.send("put", "p-1", Ask(machine="put", instance="p-2"))
        await quiet()
        assert (await engine.read("put", "p-2")).view.lines == ["ring"]


async def test_what_is_not_covered_and_not_taken_back_is_an_incident(world: World) -> None:
    async with world.running(Door, covering(Silent, "other")) as engine:
        await engine.start("door", "d-1")
        await engine.start("silent", "s-1")
        await engine.send("silent", "s-1", Ask(machine="door"))
        await quiet()
        (incident,) = (await engine.explain("silent", "s-1")).incidents
        assert WHY in (incident.error or "")
        # retrying it does not get it past either
        await engine.retry(incident.id)
        await quiet()
        assert len((await engine.explain("silent", "s-1")).incidents) == 1
        assert len(await journal(engine, Door, "d-1")) == 1


async def test_a_child_that_is_not_covered_has_failed(world: World) -> None:
    async with world.running(covering(Starter, "door"), Put) as engine:
        await engine.start("starter", "s-1")
        await quiet()
        (line,) = (await engine.read("starter", "s-1")).view.lines
        assert line == f"Forbidden: {WHY}"


async def test_a_parent_that_is_not_covered_gets_nothing(world: World) -> None:
    small = covering(Put, "door")
    starter = replace(Starter.definition, children={"put": small}, program=None)
    async with world.running(starter, small) as engine:
        await engine.start("starter", "s-1")
        await quiet()
        await engine.send("put", "s-1:1.1", AskParent())
        await quiet()
        assert (await engine.read("starter", "s-1")).view.lines == []
        assert (await engine.read("put", "s-1:1.1")).view.lines == [f"starter/s-1 Ring: {WHY}"]
