"""A guard that requires a state of the same region: both are never active."""

from __future__ import annotations

from statehold import Compound, Event, Final, Machine, Parallel, State, active, on, on_done


class Packed(Event): ...


class Called(Event): ...


class Parcel(Machine[None, Packed | Called], name="in-guard-impossible", version=1):
    class sending(Parallel, initial=True):
        class box(Compound):
            empty = State(initial=True)
            full = State()
            gone = Final()

            pack = on(Packed, empty >> full)
            leave = on(Called, full >> gone)
            hurry = on(Called, empty >> gone, when=active(full))

        class courier(Compound):
            away = State(initial=True)
            here = Final()

            call = on(Called, away >> here)

    sent = Final()
    finish = on_done(sending >> sent)


class Mended(Machine[None, Packed | Called], name="in-guard-impossible-mended", version=1):
    class sending(Parallel, initial=True):
        class box(Compound):
            empty = State(initial=True)
            full = State()
            gone = Final()

            pack = on(Packed, empty >> full)
            leave = on(Called, full >> gone)

        class courier(Compound):
            away = State(initial=True)
            here = Final()

            call = on(Called, away >> here)

        hurry = on(Called, box.empty >> box.gone, when=active(courier.here))

    sent = Final()
    finish = on_done(sending >> sent)
