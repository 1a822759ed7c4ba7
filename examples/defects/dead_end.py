"""A state without a way out: a refused loan is never closed."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Granted(Event): ...


class Refused(Event): ...


class Loan(Machine[None, Granted | Refused], name="dead-end", version=1):
    asked = State(initial=True)
    refused = State()
    granted = Final()

    grant = on(Granted, asked >> granted)
    refuse = on(Refused, asked >> refused)


class Mended(Machine[None, Granted | Refused], name="dead-end-mended", version=1):
    asked = State(initial=True)
    refused = Final()
    granted = Final()

    grant = on(Granted, asked >> granted)
    refuse = on(Refused, asked >> refused)
