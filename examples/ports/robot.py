"""A robot: its modes of moving are nested, and its battery takes it out of any of them."""

from __future__ import annotations

from statehold import Compound, Event, Machine, State, anywhere, on


class Start(Event): ...


class Stop(Event): ...


class Walk(Event): ...


class Run(Event): ...


class LowBattery(Event): ...


class Charged(Event): ...


class Robot(
    Machine[None, Start | Stop | Walk | Run | LowBattery | Charged], name="robot", version=1
):
    standing = State(initial=True)
    charging = State()

    class moving(Compound):
        walking = State(initial=True)
        running = State()

        run = on(Run, walking >> running)
        walk = on(Walk, running >> walking)
        stop = on(Stop, walking >> (lambda: Robot.standing))
        low = on(LowBattery, anywhere >> (lambda: Robot.charging))

    start = on(Start, standing >> moving)
    charged = on(Charged, charging >> standing)
