"""A harness accepts, refuses and stores what an engine would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    ActionFailed,
    Context,
    Event,
    InvalidPayload,
    Machine,
    NotAllowed,
    Permanent,
    State,
    TooLarge,
    UnknownEvent,
    minutes,
    on,
)
from statehold.check.simulate import hand_stepped as stepped_module
from statehold.engine.limits import Limits
from statehold.formats.scxml import read_scxml
from statehold.testing import (
    EPOCH,
    Harness,
    NeverAtRest,
)
from tests.unit.testing.parcels import (
    Go,
    Note,
    Parcel,
    Parcels,
    Seen,
    Stop,
    Trip,
    complaint,
    print_label,
    thank,
    weigh,
)


def test_it_starts_with_the_defaults_of_the_data_and_shows_where_it_is(
    parcel: Harness[Parcel],
) -> None:
    assert parcel.state == ["waiting"]
    assert parcel.data == Parcel()
    assert (parcel.seq, parcel.done, parcel.now) == (1, False, EPOCH)
    assert parcel.deadlines == {"waiting": EPOCH + minutes(30)}


def test_an_event_may_be_given_as_it_goes_over_the_wire(parcel: Harness[Parcel]) -> None:
    parcel.send({"type": "Go", "weight": 3}, roles=["driver", "cook"])
    parcel.assert_data(weight=3)


def test_a_refused_event_raises_the_reasons_and_changes_nothing(
    parcel: Harness[Parcel],
) -> None:
    with pytest.raises(NotAllowed) as caught:
        parcel.send(Go(weight=200), roles="driver")
    assert caught.value.reasons == ("light says no",)
    assert (parcel.seq, parcel.data) == (1, Parcel())
    assert parcel.refuses(Go(weight=3), roles="cook").forbidden


def test_an_event_of_another_machine_is_not_known(parcel: Harness[Parcel]) -> None:
    class Foreign(Event):
        pass

    with pytest.raises(UnknownEvent, match="Foreign"):
        parcel.send(Foreign())
    with pytest.raises(InvalidPayload, match="weight"):
        parcel.send({"type": "Go"})


def test_an_action_that_raises_drops_the_step(parcel: Harness[Parcel]) -> None:
    with pytest.raises(ActionFailed, match="no such note"):
        parcel.send(Note(text="bad"))
    assert (parcel.seq, parcel.sent, parcel.data.notes) == (1, [], [])
    assert "dropped" in parcel.log


def test_data_that_could_not_be_stored_drops_the_step(parcel: Harness[Parcel]) -> None:
    with pytest.raises(InvalidPayload, match="weight"):
        parcel.send(Seen())
    assert (parcel.seq, parcel.data.weight) == (1, 1)


def test_data_that_is_too_large_drops_the_step() -> None:
    parcel = Harness(Parcels, limits=Limits(data_bytes=100))
    with pytest.raises(TooLarge, match="limit is 100"):
        parcel.send(Note(text="x" * 100))
    assert parcel.seq == 1


def test_an_event_that_should_be_refused_and_is_not_fails_the_test_and_is_not_taken(
    parcel: Harness[Parcel],
) -> None:
    message = complaint(lambda: parcel.refuses(Go(weight=3), roles="boss"))
    assert "Go(weight=3) is allowed by boss" in message
    assert "expected: that it is refused" in message
    assert parcel.state == ["waiting"]


def test_what_is_given_out_is_a_copy(parcel: Harness[Parcel]) -> None:
    parcel.data.notes.append("mine")
    parcel.view.notes.append("mine")
    assert parcel.data.notes == []


def test_timers_fire_in_the_order_in_which_they_are_due(moving: Harness[Parcel]) -> None:
    start = moving.now
    moving.advance(minutes(25))
    assert moving.now == start + minutes(25)
    lines = [line for line in moving.log.splitlines() if "timer moving.road.slow" in line]
    fired = [line for line in lines if "sets" not in line and "cancels" not in line]
    assert [line.split("  timer ")[1] for line in fired] == [
        "moving.road.slower",
        "moving.road.slowest",
    ]
    assert [timer.due for timer in moving.timers] == [start + minutes(30)]


def test_jump_goes_to_the_next_timer_and_no_further(moving: Harness[Parcel]) -> None:
    moving.jump()
    assert moving.now == EPOCH + minutes(10)
    moving.assert_state(Parcels.moving.road.slow)


def test_there_is_nowhere_to_jump_to_without_a_timer(parcel: Harness[Parcel]) -> None:
    assert "nothing is due" in complaint(parcel.jump)


def test_the_clock_does_not_go_back(parcel: Harness[Parcel]) -> None:
    with pytest.raises(ValueError, match="can't go back by 0:01:00"):
        parcel.advance(-minutes(1))


def test_timers_without_an_end_are_reported(
    moving: Harness[Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepped_module, "DUE_LIMIT", 50)
    with pytest.raises(NeverAtRest, match="took 50 steps by itself"):
        moving.advance(timedelta(days=365))


def test_what_is_sent_and_shown_is_kept(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="hello"))
    assert parcel.assert_sent(Note, machine="archive").event == Note(text="hello")
    assert parcel.emitted == [Seen()]
    message = complaint(lambda: parcel.assert_sent(Note, instance="a-2"))
    assert "sent was Note(text='hello') to archive/a-1" in message


def test_a_delayed_message_to_itself_comes_when_it_is_due(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="later")).advance(minutes(4))
    parcel.assert_data(notes=["later"])
    parcel.jump()
    assert parcel.now == EPOCH + minutes(5)
    parcel.assert_data(notes=["later", "told"])


def test_an_event_to_an_instance_that_is_too_large_drops_the_step() -> None:
    parcel = Harness(Parcels, limits=Limits(event_bytes=40))
    with pytest.raises(TooLarge, match="an event sent to parcel/test"):
        parcel.send(Note(text="later"))
    parcel.assert_data(notes=[])
    assert parcel.mail == []


def test_an_event_to_itself_is_read_back_from_json(harness: Callable[..., Harness[Any]]) -> None:
    class Parts(Event):
        names: list[str]

    given = ["a"]

    def send_names(data: dict[str, Any], event: Stop, context: Context) -> None:
        context.send(None, None, Parts(names=given), delay=minutes(1))

    def keep(data: dict[str, Any], event: Parts) -> None:
        event.names.append("b")
        data["names"] = event.names

    class Keeping(Machine[dict[str, Any]], name="keeping", version=1):
        here = State(initial=True)
        ask = on(Stop, here, do=send_names)
        hear = on(Parts, here, do=keep)

    keeping = harness(Keeping).send(Stop()).advance(minutes(1))
    keeping.assert_data(names=["a", "b"])
    assert given == ["a"]


def test_what_a_session_sent_for_later_ends_with_it(harness: Callable[..., Harness[Any]]) -> None:
    session = harness(
        read_scxml(
            '<scxml><state id="a"><onentry><send event="late" delay="60s"/></onentry>'
            '<transition event="end" target="b"/></state><final id="b"/></scxml>'
        ).definition
    )
    assert [mail.id for mail in session.mail] != []
    session.send({"type": "end"})
    assert (session.done, session.mail) == (True, [])


def test_a_message_that_was_taken_back_never_comes(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="later")).send(Note(text="forget")).advance(minutes(60))
    parcel.assert_data(notes=["later", "forget"])


def test_what_is_sent_to_the_parent_is_kept_and_comes_to_nobody(
    harness: Callable[..., Harness[Any]],
) -> None:
    session = harness(
        read_scxml(
            '<scxml><state id="a"><onentry>'
            '<send event="up" target="#_parent"/><send event="unheard"/></onentry>'
            '<transition event="up error" target="b"/></state><state id="b"/></scxml>'
        ).definition
    )
    session.advance(minutes(1))
    assert str(session.sent[0]).endswith("to its parent")
    # and what nothing takes is discarded, as SCXML has it
    session.assert_state("a")


def test_a_message_to_itself_that_nothing_takes_comes_back(parcel: Harness[Parcel]) -> None:
    parcel.send(Note(text="unheard"))
    parcel.assert_data(notes=["unheard", "Unheard came back"])


def test_an_effect_sees_the_data_as_it_was_asked(moving: Harness[Parcel]) -> None:
    asked = moving.assert_running(print_label)
    assert (asked.key, asked.state, asked.data.weight) == ("2.1", "moving.paper.printing", 3)
    assert moving.assert_asked(Trip, times=1).data == {"weight": 3}


def test_a_result_comes_back_as_the_type_that_the_effect_declares(
    moving: Harness[Parcel],
) -> None:
    with pytest.raises(InvalidPayload, match="print_label"):
        moving.succeed(print_label, 7)  # type: ignore[misc]
    moving.succeed(print_label, "L-7").assert_data(label="L-7")
    assert moving.assert_asked(print_label).status == "succeeded"
    assert "print_label is not in flight" in complaint(lambda: moving.succeed(print_label, "x"))


def test_an_effect_fails_for_good_after_its_last_attempt(moving: Harness[Parcel]) -> None:
    moving.fail(print_label, OSError("no paper"))
    moving.assert_state("waiting")
    moving.assert_data(notes=["OSError after 3: no paper"])
    assert moving.assert_asked(weigh).status == "cancelled"


def test_an_effect_that_failed_once_is_tried_again(moving: Harness[Parcel]) -> None:
    moving.fail(print_label, "jam", attempts=2)
    assert moving.assert_running(print_label).attempt == 3
    assert "1 attempts left of 3" in complaint(lambda: moving.fail(print_label, "jam", attempts=2))
    moving.fail(print_label, "jam", attempts=1).assert_data(notes=["Error after 3: jam"])


def test_a_failure_that_nothing_takes_is_an_incident_for_an_operator(
    moving: Harness[Parcel],
) -> None:
    moving.fail(weigh, "away")
    assert [asked.name for asked in moving.incidents] == ["weigh"]
    moving.retry(weigh)
    assert moving.incidents == []
    assert "is no incident" in complaint(lambda: moving.skip(weigh))
    seq = moving.seq
    moving.fail(weigh, "still away").skip(weigh)
    assert moving.seq == seq
    assert "weigh" not in [asked.name for asked in moving.running]


def test_a_child_ends_or_fails_as_the_test_says(moving: Harness[Parcel]) -> None:
    moving.succeed_child(Trip)
    moving.assert_state(Parcels.moving.road.slow)
    moving.jump().fail_child(Trip, "the road is closed")
    moving.assert_data(notes=["Cancelled after 1: the road is closed"])


def test_run_runs_the_effect_itself_and_delivers_its_result(moving: Harness[Parcel]) -> None:
    assert moving.run(print_label) == "parcel/test/2.1 #1 3"
    moving.assert_data(label="parcel/test/2.1 #1 3")


@pytest.mark.anyio
async def test_run_works_within_a_running_loop(moving: Harness[Parcel]) -> None:
    assert moving.run(print_label) == "parcel/test/2.1 #1 3"


def test_run_raises_what_the_effect_raised_and_counts_the_attempt(moving: Harness[Parcel]) -> None:
    with pytest.raises(ValueError, match="scales shake"):
        moving.run(weigh)
    assert moving.assert_running(weigh).attempt == 2
    with pytest.raises(ValueError, match="scales shake"):
        moving.run(weigh)
    assert moving.incidents[0].error == "ValueError: scales shake"


def test_run_takes_a_permanent_failure_for_the_last() -> None:
    parcel = Harness(Parcels).send(Go(weight=95))
    with pytest.raises(Permanent):
        parcel.run(weigh)
    assert parcel.incidents[0].attempt == 1


def test_an_effect_that_outlives_its_state_is_still_in_flight(moving: Harness[Parcel]) -> None:
    moving.send(Stop()).assert_done(output=[])
    moving.run(thank)
    assert moving.data.notes == []
    assert moving.assert_asked(thank).status == "succeeded"
