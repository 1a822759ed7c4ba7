"""An unfinished guard: it always returns True."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Customer(BaseModel):
    age: int


class Asked(Event): ...


def is_of_age(customer: Customer) -> bool:
    return True


def is_adult(customer: Customer) -> bool:
    return customer.age >= 18


class Bar(Machine[Customer, Asked], name="constant-guard", version=1):
    door = State(initial=True)
    inside = Final()

    enter = on(Asked, door >> inside, when=is_of_age)


class Mended(Machine[Customer, Asked], name="constant-guard-mended", version=1):
    door = State(initial=True)
    inside = Final()

    enter = on(Asked, door >> inside, when=is_adult)
