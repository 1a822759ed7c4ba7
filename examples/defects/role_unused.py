"""A view for a misspelt role: nobody with that role may read, so nobody sees the view."""

from __future__ import annotations

from typing import Any, ClassVar

from statehold import Access, Event, Final, Machine, State, on, role


class Closed(Event): ...


def in_short(data: Any) -> str:
    return "a case"


class Case(Machine[None, Closed], name="role-unused", version=1):
    open = State(initial=True)
    closed = Final()

    close = on(Closed, open >> closed, by="clerk")

    access = Access(read=role("clerk") | role("auditor"))
    views: ClassVar = {"auditer": in_short}


class Mended(Machine[None, Closed], name="role-unused-mended", version=1):
    open = State(initial=True)
    closed = Final()

    close = on(Closed, open >> closed, by="clerk")

    access = Access(read=role("clerk") | role("auditor"))
    views: ClassVar = {"auditor": in_short}
