"""Two states that lead only to each other: a draft that is sent back once never ends."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Approved(Event): ...


class SentBack(Event): ...


class HandedIn(Event): ...


class Draft(Machine[None, Approved | SentBack | HandedIn], name="no-way-out", version=1):
    review = State(initial=True)
    rework = State()
    second_review = State()
    published = Final()

    approve = on(Approved, review >> published)
    send_back = on(SentBack, (review | second_review) >> rework)
    hand_in = on(HandedIn, rework >> second_review)


class Mended(Machine[None, Approved | SentBack | HandedIn], name="no-way-out-mended", version=1):
    review = State(initial=True)
    rework = State()
    second_review = State()
    published = Final()

    approve = on(Approved, (review | second_review) >> published)
    send_back = on(SentBack, (review | second_review) >> rework)
    hand_in = on(HandedIn, rework >> second_review)
