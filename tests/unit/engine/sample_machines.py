"""Machines that several of these tests run."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Tally(BaseModel):
    count: int = 0
    notes: list[str] = []


class Add(Event):
    n: int = 1


class Note(Event):
    text: str


class Shut(Event):
    pass


class Explode(Event):
    pass


class Reopen(Event):
    pass


class Bill(Event):
    amount: float


def add(tally: Tally, event: Add) -> None:
    tally.count += event.n


def note(tally: Tally, event: Note) -> None:
    tally.notes.append(event.text)


def explode(tally: Tally) -> None:
    tally.count = -1
    raise ValueError("boom")


def is_small(tally: Tally) -> bool:
    return tally.count < 100


class Counter(Machine[Tally], name="counter", version=1):
    """Counts until it is shut."""

    indexes = ("count",)

    open = State(initial=True)
    shut = Final()

    counting = on(Add, open, do=add, when=is_small)
    noting = on(Note, open, do=note)
    exploding = on(Explode, open >> shut, do=explode)
    shutting = on(Shut, open >> shut, by=("keeper", "owner"))
