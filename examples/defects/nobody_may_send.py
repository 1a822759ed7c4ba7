"""An internal event taken from a role alone: callers may not send it, machines have none."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, machine, on


class Settled(Event, internal=True): ...


class Invoice(Machine[None, Settled], name="nobody-may-send", version=1):
    open = State(initial=True)
    paid = Final()

    settle = on(Settled, open >> paid, by="bank")


class Mended(Machine[None, Settled], name="nobody-may-send-mended", version=1):
    open = State(initial=True)
    paid = Final()

    settle = on(Settled, open >> paid, by=machine("payment"))
