"""A final state that no transition leads to: the subscription renews for ever."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Renewed(Event): ...


class Lapsed(Event): ...


class Subscription(Machine[None, Lapsed | Renewed], name="no-end", version=1):
    active = State(initial=True)
    lapsed = State()
    closed = Final()

    lapse = on(Lapsed, active >> lapsed)
    renew = on(Renewed, lapsed >> active)


class Mended(Machine[None, Lapsed | Renewed], name="no-end-mended", version=1):
    active = State(initial=True)
    lapsed = State()
    closed = Final()

    lapse = on(Lapsed, active >> lapsed)
    renew = on(Renewed, lapsed >> active)
    close = on(Lapsed, lapsed >> closed)
