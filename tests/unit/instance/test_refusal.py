"""A refusal names what is allowed, and what has refused the event."""

from __future__ import annotations

from statehold.instance.journal import Origin
from statehold.instance.refusal import not_allowed
from tests.unit.instance.samples import Parcel, Ship, Weigh, begun, send


def test_the_guard_that_said_no_is_named() -> None:
    error = not_allowed(begun(Parcel(weight=100)).instance, Weigh(weight=1), None)
    assert error.reasons == ("is_light says no",)
    assert "Ship" in error.allowed
    assert not error.forbidden


def test_an_instance_that_is_over_allows_nothing() -> None:
    draft = begun()
    send(draft, Ship())
    error = not_allowed(draft.instance, Ship(), None)
    assert (error.allowed, error.reasons) == ((), ("it is done",))


def test_a_paused_instance_shows_what_it_takes_once_it_goes_on() -> None:
    draft = begun()
    draft.mark("paused", Origin("pause"))
    assert "Weigh" in not_allowed(draft.instance, Weigh(weight=1), None).allowed
