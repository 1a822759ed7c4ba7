"""Access that lets customers start orders which nobody may read."""

from __future__ import annotations

from statehold import Access, Event, Final, Machine, State, nobody, on


class Ate(Event): ...


class Order(Machine[None, Ate], name="nobody-may-read", version=1):
    waiting = State(initial=True)
    eaten = Final()

    eat = on(Ate, waiting >> eaten, by="customer")

    access = Access(start="customer", read=nobody)


class Mended(Machine[None, Ate], name="nobody-may-read-mended", version=1):
    waiting = State(initial=True)
    eaten = Final()

    eat = on(Ate, waiting >> eaten, by="customer")

    access = Access(start="customer", read="customer")
