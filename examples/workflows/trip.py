"""A trip of flights, hotel and car: what was begun is undone, the last first, when one fails."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import BaseModel

from statehold import (
    Call,
    Final,
    Machine,
    Retry,
    State,
    always,
    effect,
    on_cancel,
    on_failure,
    on_result,
    silence,
)

THINGS = ("flights", "hotel", "car")


class Trip(BaseModel):
    flights: str | None = None
    hotel: str | None = None
    car: str | None = None
    #: what may have been booked, the last on top
    begun: list[str] = []


class SoldOut(Exception): ...


class Agency(ABC):
    """The outside: the same thing for the same trip is booked and undone once."""

    @abstractmethod
    async def book(self, thing: str, trip: str) -> str: ...
    @abstractmethod
    async def undo(self, thing: str, trip: str) -> None: ...


@effect(attempts=3, errors={SoldOut: Retry(attempts=1)})
async def book(trip: Trip, call: Call, agency: Agency) -> str:
    return await agency.book(trip.begun[-1], call.instance)


@effect(attempts=3)
async def undo(trip: Trip, call: Call, agency: Agency) -> None:
    await agency.undo(trip.begun[-1], call.instance)


def begin(trip: Trip) -> None:
    trip.begun.append(THINGS[len(trip.begun)])


def pop(trip: Trip) -> None:
    trip.begun.pop()


def is_undone(trip: Trip) -> bool:
    return not trip.begun


class TripFlow(Machine[Trip], name="trip", version=1):
    flights = State(initial=True, entry=begin, invoke=book)
    hotel = State(entry=begin, invoke=book)
    car = State(entry=begin, invoke=book)
    undoing = State(invoke=undo)
    booked = Final()
    undone = Final()

    have_flights = on_result(book, flights >> hotel, into="flights")
    have_hotel = on_result(book, hotel >> car, into="hotel")
    have_car = on_result(book, car >> booked, into="car")
    fail = on_failure(book, (flights | hotel | car) >> undoing)
    cancel = on_cancel((flights | hotel | car) >> undoing)
    undo_next = on_result(undo, undoing >> undoing, reenter=True, do=pop)
    finish = always(undoing >> undone, when=is_undone)

    silences = (silence("unhandled-failure", undoing, because="an operator decides"),)
