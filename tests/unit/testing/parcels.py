"""A machine with every kind of rule, for the tests of the testing kit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    Context,
    Event,
    Failure,
    Final,
    Machine,
    Parallel,
    Permanent,
    Result,
    State,
    Undeliverable,
    after,
    child,
    effect,
    minutes,
    on,
    on_failure,
    on_result,
    seconds,
)


class Parcel(BaseModel):
    weight: int = 1
    label: str | None = None
    notes: list[str] = []


class Go(Event):
    weight: int


class Stop(Event):
    pass


class Note(Event):
    text: str


class Told(Event):
    pass


class Seen(Event):
    pass


class Unheard(Event):
    """Sent by the machine to itself, and taken by nothing."""


@effect(attempts=3, timeout=seconds(5))
async def print_label(parcel: Parcel, call: Call) -> str:
    await asyncio.sleep(0)
    return f"{call.key} #{call.attempt} {parcel.weight}"


@effect(attempts=2)
def weigh(parcel: Parcel) -> int:
    raise Permanent("the scales are gone") if parcel.weight > 90 else ValueError("scales shake")


@effect
def thank(parcel: Parcel) -> None:
    parcel.notes.append("only a copy is given to an effect")


class Trip(Machine[dict[str, int]], name="trip", version=1):
    """A child that ends by itself."""

    going = State(initial=True)
    home = Final()
    arrive = after(minutes(1), going >> home)


def light(parcel: Parcel, event: Go) -> bool:
    return event.weight < 100


def take_weight(parcel: Parcel, event: Go) -> None:
    parcel.weight = event.weight


def take_label(parcel: Parcel, result: Result[str]) -> None:
    parcel.label = result.value


def take_failure(parcel: Parcel, failure: Failure) -> None:
    parcel.notes.append(f"{failure.error} after {failure.attempts}: {failure.message}")


def take_note(parcel: Parcel, event: Note, context: Context) -> None:
    if event.text == "bad":
        raise ValueError("no such note")
    parcel.notes.append(event.text)
    context.emit(Seen())
    if event.text == "hello":
        context.send("archive", "a-1", event)
    if event.text == "later":
        context.send(None, None, Told(), delay=minutes(5), id="later")
    if event.text == "forget":
        context.cancel("later")
    if event.text == "unheard":
        context.send(None, None, Unheard())


def take_told(parcel: Parcel) -> None:
    parcel.notes.append("told")


def take_undeliverable(parcel: Parcel, event: Undeliverable) -> None:
    parcel.notes.append(f"{event.event} came back")


def gone_wrong(parcel: Parcel) -> None:
    parcel.weight = "heavy"  # type: ignore[assignment]


def trip_input(parcel: Parcel) -> dict[str, int]:
    return {"weight": parcel.weight}


class Parcels(Machine[Parcel], name="parcel", version=1):
    """A parcel in all its states."""

    waiting = State(initial=True, deadline=minutes(30))

    class moving(Parallel):
        class paper(Compound):
            printing = State(initial=True, invoke=print_label)
            printed = State()
            labelled = on_result(print_label, printing >> printed, do=take_label)

        class road(Compound):
            driving = State(initial=True, invoke=(child(Trip, input=trip_input), weigh))
            slow = State()
            slower = after(minutes(10), driving >> slow)
            slowest = after(minutes(10), slow >> driving)

    elsewhere = State(doc="Never reached; here `Unheard` would be taken.")
    stopped = Final(output=lambda parcel: parcel.notes)

    go = on(Go, waiting >> moving, when=light, do=take_weight, by=("driver", "boss"))
    stop = on(Stop, moving >> stopped, do=thank)
    note = on(Note, waiting, do=take_note)
    told = on(Told, waiting, do=take_told)
    back = on(Undeliverable, waiting, do=take_undeliverable)
    lost = on_failure(print_label, moving.paper.printing >> waiting, do=take_failure)
    home = on_result(Trip, moving.road.driving >> moving.road.slow)
    no_trip = on_failure(Trip, moving.road.driving >> waiting, do=take_failure)
    wrong = on(Seen, waiting, do=gone_wrong)
    unheard = on(Unheard, elsewhere, do=take_told)
    never = on(Stop, waiting >> elsewhere, when=lambda parcel: False)


def complaint(of: Callable[[], object]) -> str:
    with pytest.raises(AssertionError) as caught:
        of()
    return str(caught.value)
