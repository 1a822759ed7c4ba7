"""Where the machine's own code has raised: in the log, and with the incident."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Event,
    Final,
    Machine,
    Result,
    State,
    Upgrade,
    after,
    effect,
    on,
    on_result,
    seconds,
)
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed, GuardFailed
from tests.unit.engine.world import World, an_incident, kind, quiet

pytestmark = pytest.mark.anyio

HERE = __file__
SECRET = "hunter2"


class Card(BaseModel):
    secret: str = SECRET


class Charge(Event):
    secret: str = SECRET


class Ask(Event):
    pass


def connect(secret: str) -> None:
    try:
        dict[str, str]()[secret]
    except KeyError as error:
        raise ConnectionError("the bank is away") from error


@effect(attempts=1)
async def charge(card: Card) -> int:
    connect(card.secret)
    return 1


@effect(attempts=1)
def charge_in_a_thread(card: Card) -> int:
    connect(card.secret)
    return 1


@effect(attempts=1)
async def fetch(card: Card) -> int:
    return 1


def keep(card: Card, event: Result[int]) -> None:
    connect(card.secret)


def note(card: Card, event: Charge) -> None:
    connect(event.secret)


def is_rich(card: Card) -> bool:
    connect(card.secret)
    return True


def lapse(card: Card) -> None:
    connect(card.secret)


class Paying(Machine[Card], name="paying", version=1):
    charging = State(initial=True, invoke=charge)
    paid = Final()
    ok = on_result(charge, charging >> paid)


class Threaded(Machine[Card], name="threaded", version=1):
    charging = State(initial=True, invoke=charge_in_a_thread)
    paid = Final()
    ok = on_result(charge_in_a_thread, charging >> paid)


class Keeping(Machine[Card], name="keeping", version=1):
    fetching = State(initial=True, invoke=fetch)
    kept = Final()
    ok = on_result(fetch, fetching >> kept, do=keep)


class Steps(Machine[Card], name="steps", version=1):
    open = State(initial=True)
    over = Final()
    noting = on(Charge, open >> over, do=note)
    asking = on(Ask, open >> over, when=is_rich)


class Timed(Machine[Card], name="timed", version=1):
    open = State(initial=True)
    over = Final()
    lapsing = after(seconds(1), open >> over, do=lapse)


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [
        line
        for line in caplog.records
        if line.levelno == logging.WARNING
        and line.name != "statehold.engine.machines.startup_checks"
    ]


def shows_where(line: logging.LogRecord, function: str, machine: str) -> None:
    """The line names file and line in its words, and every frame beside them; no value."""
    trace: str = line.exception  # type: ignore[attr-defined]
    assert f"{HERE}:" in line.getMessage()
    assert "in connect)" in line.getMessage()
    assert trace.startswith(f"ConnectionError at {HERE}:")
    assert f"in {function}\n" in trace
    assert f"came of KeyError at {HERE}:" in trace
    assert SECRET not in line.getMessage() + trace
    assert line.machine == machine  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("machine", "function", "patience"),
    [
        (Paying, "charge", 0),
        (Threaded, "charge_in_a_thread", 0),
        (Keeping, "keep", 1_000),
        (Timed, "lapse", 1_000),
    ],
)
async def test_an_incident_says_where_it_was_raised_in_the_log_and_for_good(
    world: World,
    caplog: pytest.LogCaptureFixture,
    machine: type[Machine[Card]],
    function: str,
    patience: int,
) -> None:
    name = machine.definition.name
    async with world.running(machine, limits=Limits(timer_attempts=2)) as engine:
        await engine.start(machine, "x")
        for _ in range(3):
            await quiet()
            world.clock.advance(timedelta(seconds=patience))
        await kind(engine, machine, "x", "incident")
        incident = await an_incident(engine)
        last = warnings(caplog)[-1]
        assert f"of {name}/x is an incident" in last.getMessage()
        shows_where(last, function, name)
        assert incident.traceback == last.exception  # type: ignore[attr-defined]
    # it is kept with the instance
    async with world.running(machine) as engine:
        assert (await an_incident(engine)).traceback == incident.traceback
        (shown,) = (await engine.explain(machine, "x")).incidents
        assert shown.traceback == incident.traceback


@pytest.mark.parametrize(
    ("event", "error", "function"),
    [(Charge(), ActionFailed, "note"), (Ask(), GuardFailed, "is_rich")],
)
async def test_a_step_whose_guard_or_action_raised_is_in_the_log_once(
    world: World,
    caplog: pytest.LogCaptureFixture,
    event: Event,
    error: type[Exception],
    function: str,
) -> None:
    async with world.running(Steps) as engine:
        await engine.start(Steps, "x")
        for key in (None, "k"):
            caplog.clear()
            with pytest.raises(error):
                await engine.send(Steps, "x", event, key=key)
            (line,) = warnings(caplog)
            shows_where(line, function, "steps")


async def test_a_failed_attempt_that_is_not_the_last_is_an_info_with_its_place(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "statehold.engine")

    @effect(attempts=2, first=seconds(10), jitter=0)
    async def twice(card: Card) -> int:
        connect(card.secret)
        return 1

    class Twice(Machine[Card], name="twice", version=1):
        charging = State(initial=True, invoke=twice)
        paid = Final()
        ok = on_result(twice, charging >> paid)

    async with world.running(Twice) as engine:
        await engine.start(Twice, "x")
        await kind(engine, Twice, "x", "tried")
        assert warnings(caplog) == []
        (line,) = [line for line in caplog.records if "failed at attempt 1" in line.getMessage()]
        assert line.levelno == logging.INFO
        assert f"(at {HERE}:" in line.getMessage()
        world.clock.advance(timedelta(seconds=10))
        await kind(engine, Twice, "x", "incident")
        assert len(warnings(caplog)) == 1


async def test_an_upgrade_that_raises_says_where(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(card: Any) -> Any:
        connect(SECRET)

    class Newer(Machine[Card], name="steps", version=2):
        upgrades = (Upgrade(from_version=1, data=broken),)

        open = State(initial=True)
        over = Final()
        noting = on(Charge, open >> over, do=note)
        asking = on(Ask, open >> over, when=is_rich)

    async with world.running(Steps) as engine:
        await engine.start(Steps, "x")
    async with world.running(Newer) as engine:
        with pytest.raises(Exception, match="the bank is away"):
            await engine.send(Newer, "x", Ask())
        (line,) = warnings(caplog)
        assert f"(at {HERE}:" in line.getMessage()
        assert "in connect" in (await an_incident(engine)).traceback
