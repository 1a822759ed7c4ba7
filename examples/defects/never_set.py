"""A field that a guard reads and no action sets: no appointment is ever confirmed."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Appointment(BaseModel):
    room: str | None = None


class Confirmed(Event): ...


class RoomFound(Event):
    room: str


def has_a_room(appointment: Appointment) -> bool:
    return appointment.room is not None


def note_room(appointment: Appointment, event: RoomFound) -> None:
    appointment.room = event.room


class Booking(Machine[Appointment, Confirmed], name="never-set", version=1):
    asked = State(initial=True)
    confirmed = Final()

    confirm = on(Confirmed, asked >> confirmed, when=has_a_room)


class Mended(Machine[Appointment, RoomFound | Confirmed], name="never-set-mended", version=1):
    asked = State(initial=True)
    confirmed = Final()

    find = on(RoomFound, asked, do=note_room)
    confirm = on(Confirmed, asked >> confirmed, when=has_a_room)
