"""An owner who never has a turn: the state is left in the step that enters it."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, always, on


class Claimed(Event): ...


class Paid(Event): ...


class Claim(Machine[None, Claimed | Paid], name="owner-unused", version=1):
    open = State(initial=True)
    routing = State(owner="clerk")
    paying = State(owner="cashier")
    over = Final()

    claim = on(Claimed, open >> routing)
    route = always(routing >> paying)
    pay = on(Paid, paying >> over)


class Mended(Machine[None, Claimed | Paid], name="owner-unused-mended", version=1):
    open = State(initial=True)
    routing = State()
    paying = State(owner="cashier")
    over = Final()

    claim = on(Claimed, open >> routing)
    route = always(routing >> paying)
    pay = on(Paid, paying >> over)
