"""A parallel state that is never done: one of its regions has no final state."""

from __future__ import annotations

from statehold import Compound, Event, Final, Machine, Parallel, State, on, on_done


class Packed(Event): ...


class Called(Event): ...


class Cancelled(Event): ...


class Parcel(Machine[None, Packed | Called | Cancelled], name="never-done", version=1):
    class sending(Parallel, initial=True):
        class box(Compound):
            empty = State(initial=True)
            full = Final()

            pack = on(Packed, empty >> full)

        class courier(Compound):
            away = State(initial=True)
            here = State()

            call = on(Called, away >> here)

    sent = Final()
    cancelled = Final()

    cancel = on(Cancelled, sending >> cancelled)
    finish = on_done(sending >> cancelled)
    send = on(Called, sending.courier.here >> sent)


class Mended(Machine[None, Packed | Called | Cancelled], name="never-done-mended", version=1):
    class sending(Parallel, initial=True):
        class box(Compound):
            empty = State(initial=True)
            full = Final()

            pack = on(Packed, empty >> full)

        class courier(Compound):
            away = State(initial=True)
            here = Final()

            call = on(Called, away >> here)

    sent = Final()
    cancelled = Final()

    cancel = on(Cancelled, sending >> cancelled)
    finish = on_done(sending >> sent)
