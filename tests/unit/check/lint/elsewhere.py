"""A machine that another module's functions send to."""

from __future__ import annotations

from statehold import Event, Machine, State, on


class News(Event):
    pass


class Far(Machine[None], name="far", version=1):
    here = State(initial=True)
    news = on(News, here)
