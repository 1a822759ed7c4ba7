"""A tag that no instance is ever found by: its state is left in the step that enters it."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, always, on


class Claimed(Event): ...


class Paid(Event): ...


class Claim(Machine[None, Claimed | Paid], name="tag-unused", version=1):
    open = State(initial=True)
    routing = State(tags=("in-review",))
    paying = State()
    over = Final()

    claim = on(Claimed, open >> routing)
    route = always(routing >> paying)
    pay = on(Paid, paying >> over)


class Mended(Machine[None, Claimed | Paid], name="tag-unused-mended", version=1):
    open = State(initial=True)
    routing = State()
    paying = State(tags=("in-review",))
    over = Final()

    claim = on(Claimed, open >> routing)
    route = always(routing >> paying)
    pay = on(Paid, paying >> over)
