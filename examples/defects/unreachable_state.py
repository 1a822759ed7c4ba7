"""A state that no transition leads to: the way back was forgotten."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Paid(Event): ...


class Packed(Event): ...


class Parcel(Machine[None, Paid | Packed], name="unreachable-state", version=1):
    ordered = State(initial=True)
    packing = State()
    sent = Final()

    pay = on(Paid, ordered >> sent)
    pack = on(Packed, packing >> sent)


class Mended(Machine[None, Paid | Packed], name="unreachable-state-mended", version=1):
    ordered = State(initial=True)
    packing = State()
    sent = Final()

    pay = on(Paid, ordered >> packing)
    pack = on(Packed, packing >> sent)
