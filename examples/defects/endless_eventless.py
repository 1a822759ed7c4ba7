"""Two states whose immediate transitions lead to each other: no step ever ends."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, always, on


class Document(BaseModel):
    pages: int


class Handed(Event): ...


def is_long(document: Document) -> bool:
    return document.pages > 10


class Sorting(Machine[Document, Handed], name="endless-eventless", version=1):
    tray = State(initial=True)
    reading = State()
    filed = Final()

    take = always(tray >> reading, when=is_long)
    back = always(reading >> tray)
    file = on(Handed, tray >> filed)


class Mended(Machine[Document, Handed], name="endless-eventless-mended", version=1):
    tray = State(initial=True)
    reading = State()
    filed = Final()

    take = always(tray >> reading, when=is_long)
    back = on(Handed, reading >> filed)
    file = on(Handed, tray >> filed)
