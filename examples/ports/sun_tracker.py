"""A solar panel that follows the sun by day, waits for clouds to pass, and turns back at night."""

from __future__ import annotations

from pydantic import BaseModel, Field

from statehold import Compound, Event, Machine, State, after, anywhere, hours, minutes, on


class Panel(BaseModel):
    angle: int = 0
    moves: int = Field(default=0, ge=0)


class Brighter(Event):
    angle: int = Field(ge=-90, le=90)


class Clouded(Event, label="Clouds came"): ...


class Dusk(Event): ...


class Dawn(Event): ...


class Stuck(Event): ...


class Repaired(Event): ...


def turn(panel: Panel, event: Brighter) -> None:
    panel.angle, panel.moves = event.angle, panel.moves + 1


def turn_back(panel: Panel) -> None:
    panel.angle = -90


class SunTracker(
    Machine[Panel, Brighter | Clouded | Dusk | Dawn | Stuck | Repaired],
    name="sun-tracker",
    version=1,
):
    night = State(initial=True, entry=turn_back)
    broken = State(owner="technician", deadline=hours(24))

    class day(Compound):
        tracking = State(initial=True)
        moving = State()
        clouded = State()

        brighter = on(Brighter, tracking >> moving, do=turn)
        arrived = after(minutes(1), moving >> tracking)
        cloud = on(Clouded, tracking >> clouded)
        look_again = after(minutes(10), clouded >> tracking)

    dawn = on(Dawn, night >> day)
    dusk = on(Dusk, day >> night)
    too_long = after(hours(18), day >> night)
    stuck = on(Stuck, anywhere >> broken)
    repaired = on(Repaired, broken >> night, by="technician")
