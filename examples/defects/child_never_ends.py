"""A transition waits for the result of a child machine that has no final state."""

from __future__ import annotations

from typing import Never

from statehold import Event, Final, Machine, State, child, on, on_failure, on_result


class Switched(Event): ...


class Light(Machine[None, Switched], name="light", version=1):
    dark = State(initial=True)
    lit = State()

    switch_on = on(Switched, dark >> lit)
    switch_off = on(Switched, lit >> dark)


class Lamp(Machine[None, Switched], name="lamp", version=1):
    lit = State(initial=True)
    broken = Final()

    burn_out = on(Switched, lit >> broken)


class House(Machine[None, Never], name="child-never-ends", version=1):
    waiting = State(initial=True, invoke=child(Light))
    over = Final()

    end = on_result(Light, waiting >> over)
    fail = on_failure(Light, waiting >> over)


class Mended(Machine[None, Never], name="child-never-ends-mended", version=1):
    waiting = State(initial=True, invoke=child(Lamp))
    over = Final()

    end = on_result(Lamp, waiting >> over)
    fail = on_failure(Lamp, waiting >> over)
