"""An event that is raised, and that no transition handles."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, on


class Stock(BaseModel):
    pieces: int = 3


class Sold(Event): ...


class Closed(Event): ...


class SoldOut(Event): ...


def take_one(stock: Stock, event: Sold, context: Context) -> None:
    stock.pieces -= 1
    if stock.pieces == 0:
        context.raise_(SoldOut())


class Shelf(Machine[Stock, Sold | Closed], name="unheard-event", version=1):
    selling = State(initial=True)
    closed = Final()

    sell = on(Sold, selling, do=take_one)
    close = on(Closed, selling >> closed)


class Mended(Machine[Stock, Sold | SoldOut], name="unheard-event-mended", version=1):
    selling = State(initial=True)
    closed = Final()

    sell = on(Sold, selling, do=take_one)
    close = on(SoldOut, selling >> closed)
