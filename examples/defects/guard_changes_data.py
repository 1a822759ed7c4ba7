"""A guard that counts its calls in the data."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Door(BaseModel):
    tries: int = 0


class Knocked(Event): ...


def has_tried_twice(door: Door) -> bool:
    door.tries += 1
    return door.tries > 2


def has_tried(door: Door) -> bool:
    return door.tries > 2


def count(door: Door) -> None:
    door.tries += 1


class Entrance(Machine[Door, Knocked], name="guard-changes-data", version=1):
    shut = State(initial=True)
    open = Final()

    enter = on(Knocked, shut >> open, when=has_tried_twice)
    knock = on(Knocked, shut, do=count)


class Mended(Machine[Door, Knocked], name="guard-changes-data-mended", version=1):
    shut = State(initial=True)
    open = Final()

    enter = on(Knocked, shut >> open, when=has_tried)
    knock = on(Knocked, shut, do=count)
