"""A failed assertion shows the actual state, the expected one and the path that led there."""

from __future__ import annotations

from statehold.testing import (
    Harness,
)
from tests.unit.testing.parcels import (
    Go,
    Note,
    Parcel,
    Parcels,
    Stop,
    complaint,
    print_label,
    thank,
    weigh,
)


def test_a_failed_assertion_shows_what_is_what_was_expected_and_the_path(
    moving: Harness[Parcel],
) -> None:
    message = complaint(lambda: moving.assert_state(Parcels.waiting, Parcels.moving))
    assert "parcel/test: it is in moving.paper.printing, moving.road.driving" in message
    assert "expected: to be in waiting, moving" in message
    assert "Go(weight=3) by driver" in message
    assert "[light: yes, sent by driver or boss: yes, go]" in message
    assert "asks for print_label (2.1)" in message


def test_a_state_that_does_not_exist_is_reported_with_those_that_look_like_it(
    moving: Harness[Parcel],
) -> None:
    message = complaint(lambda: moving.assert_state("moving.road.slowly"))
    assert "has no state 'moving.road.slowly'" in message
    assert "one of its own: moving.road.slow" in message


def test_wrong_data_is_reported_field_by_field(moving: Harness[Parcel]) -> None:
    message = complaint(lambda: moving.assert_data(weight=4, label=None, colour="red"))
    assert "weight is 3; colour is absent" in message
    assert "expected: weight = 4; colour = 'red'" in message


def test_what_is_allowed_is_reported(parcel: Harness[Parcel]) -> None:
    parcel.assert_allowed(Go, "Note")
    message = complaint(lambda: parcel.assert_allowed(Go, roles="cook"))
    assert "allowed is Note, Told, Seen" in message
    assert "and no other" in complaint(lambda: parcel.assert_allowed(Go, only=True))


def test_what_was_requested_is_reported(moving: Harness[Parcel]) -> None:
    assert "print_label not to be" in complaint(lambda: moving.assert_not_asked(print_label))
    message = complaint(lambda: moving.assert_asked(thank))
    assert "thank was asked for 0 times" in message
    assert "weigh (2.3 for moving.road.driving, running)" in message
    assert "2 times" in complaint(lambda: moving.assert_asked(weigh, times=2))
    assert "thank is not in flight" in complaint(lambda: moving.assert_running(thank))


def test_an_end_that_has_not_come_or_is_another_is_reported(moving: Harness[Parcel]) -> None:
    assert "it is not done" in complaint(moving.assert_done)
    moving.send(Stop())
    assert "the output is []" in complaint(lambda: moving.assert_done(output=["x"]))


def test_a_long_path_is_shown_from_its_end(parcel: Harness[Parcel]) -> None:
    for number in range(30):
        parcel.send(Note(text=f"number {number}"))
    message = complaint(parcel.assert_done)
    assert "lines before)" in message
    assert "number 29" in message
    assert "number 1'" not in message
    assert "number 1'" in parcel.log
