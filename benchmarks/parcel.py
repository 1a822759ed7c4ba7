"""The machine of the durable benchmarks: a parcel that stands and moves in turns.

Each event changes the state and three fields of the data, of which there are as many as a small
real process has. So each step writes the instance's row and a journal entry with the change.
"""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Machine, State, on


class Parcel(BaseModel):
    customer: str = "customer-0017"
    street: str = "12 Harbour Lane"
    city: str = "Rotterdam"
    items: list[str] = ["lamp", "bulb", "cable"]
    weight_grams: int = 1250
    moves: int = 0
    last_place: str | None = None
    last_reading: int = 0


class Scan(Event):
    place: str
    reading: int


def note_scan(parcel: Parcel, event: Scan) -> None:
    parcel.moves += 1
    parcel.last_place = event.place
    parcel.last_reading = event.reading


class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    """Stands, moves, stands …"""

    standing = State(initial=True)
    moving = State()

    depart = on(Scan, standing >> moving, do=note_scan)
    arrive = on(Scan, moving >> standing, do=note_scan)


def scan(number: int) -> Scan:
    """The event that a caller makes for its ``number``-th request."""
    return Scan(place=f"gate-{number % 64}", reading=number)
