"""A state reaches its inner end, no transition handles it, and the instance stays in it."""

from __future__ import annotations

from statehold import Compound, Event, Final, Machine, State, on, on_done


class Signed(Event): ...


class Withdrawn(Event): ...


class Contract(Machine[None, Signed | Withdrawn], name="done-unhandled", version=1):
    class signing(Compound, initial=True):
        first = State(initial=True)
        second = State()
        signed = Final()

        sign = on(Signed, first >> second)
        countersign = on(Signed, second >> signed)

    withdrawn = Final()

    withdraw = on(Withdrawn, (signing.first | signing.second) >> withdrawn)


class Mended(Machine[None, Signed | Withdrawn], name="done-unhandled-mended", version=1):
    class signing(Compound, initial=True):
        first = State(initial=True)
        second = State()
        signed = Final()

        sign = on(Signed, first >> second)
        countersign = on(Signed, second >> signed)

    valid = Final()
    withdrawn = Final()

    withdraw = on(Withdrawn, (signing.first | signing.second) >> withdrawn)
    finish = on_done(signing >> valid)
