"""A state whose owner may send none of its events: the courier has it, the cook must act."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Cooked(Event): ...


class Delivered(Event): ...


class Meal(Machine[None, Cooked | Delivered], name="owner-cannot-act", version=1):
    cooking = State(initial=True, owner="cook")
    on_the_way = State(owner="courier")
    eaten = Final()

    cook = on(Cooked, cooking >> on_the_way, by="cook")
    deliver = on(Delivered, on_the_way >> eaten, by="cook")


class Mended(Machine[None, Cooked | Delivered], name="owner-cannot-act-mended", version=1):
    cooking = State(initial=True, owner="cook")
    on_the_way = State(owner="courier")
    eaten = Final()

    cook = on(Cooked, cooking >> on_the_way, by="cook")
    deliver = on(Delivered, on_the_way >> eaten, by="courier")
