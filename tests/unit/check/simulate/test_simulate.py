"""Scripts played against machines: what happens, what is refused, and where a script fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from examples.order.flow import OrderFlow
from statehold import (
    Context,
    Event,
    Failure,
    Final,
    Machine,
    State,
    after,
    effect,
    minutes,
    on,
    on_failure,
    on_result,
)
from statehold.check.simulate.script import (
    AdvanceStep,
    ExpectStep,
    FailStep,
    Script,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.simulate import play, with_expectations
from statehold.errors import ActionFailed, InvalidPayload, ScriptFailed, ScriptInvalid

ORDER = {"items": ["pizza"], "restaurant": "napoli", "customer": "ann"}
ACCEPT = SendStep({"type": "RestaurantAccepted", "prep_minutes": 12}, ("restaurant",))


class Remind(Event):
    pass


class Break(Event):
    pass


@effect()
def fetch(data: dict[str, Any]) -> int:
    return 1


def ask_again(data: dict[str, Any], event: Failure, context: Context) -> None:
    context.send(None, context.instance, Remind(), delay=minutes(5))


def count(data: dict[str, Any]) -> None:
    data["reminded"] = data.get("reminded", 0) + 1


def explode(data: dict[str, Any]) -> None:
    raise RuntimeError("planted")


class Fetching(Machine[dict[str, Any]], name="fetching", version=2):
    asking = State(initial=True, invoke=fetch)
    got = Final()
    lost = State()
    later = State()

    fine = on_result(fetch, asking >> got)
    bad = on_failure(fetch, asking >> lost, do=ask_again)
    remind = on(Remind, later, do=count)
    broken = on(Break, asking, do=explode)
    again = after(minutes(1), lost >> later)


def order(*steps: Any, **head: Any) -> Script:
    return Script("order", steps, data=ORDER, **head)


def test_a_script_is_played_to_its_end_with_timers_at_their_times() -> None:
    played = play(
        OrderFlow,
        order(
            SucceedStep("offer_to_restaurant"),
            ACCEPT,
            AdvanceStep(3_600),
            SendStep({"type": "CourierAccepted", "courier": "zoe"}),
            SendStep({"type": "Delivered"}),
            ExpectStep(("complete",), {"courier": "zoe"}, done=True),
        ),
    ).check()
    assert played.done
    assert "2026-01-01 12:12:00  timer cooked" in played.trace
    assert played.at == datetime(2026, 1, 1, 13, tzinfo=UTC)
    assert [one.state for one in played.steps[:3]] == [("creating",), ("accepted",), ("ready",)]


def test_an_event_that_is_to_be_refused_is_reported_with_its_reason() -> None:
    played = play(OrderFlow, order(SendStep({"type": "Delivered"}, refused=True))).check()
    [refused] = played.refused
    assert "does not accept Delivered" in refused.why
    assert played.state == ("creating",)


@pytest.mark.parametrize(
    ("step", "is_", "expected"),
    [
        (ExpectStep(("ready",)), "it is in creating", "in ready"),
        (ExpectStep(data={"customer": "bob"}), "customer is 'ann'", "customer = 'bob'"),
        (ExpectStep(data={"nope": 1}), "the data has no nope", "nope = 1"),
        (ExpectStep(done=True), "it is not done", "done"),
        (SendStep({"type": "Delivered"}), "Delivered is refused", "that it is taken"),
        (SendStep({"type": "Bogus"}), "Bogus is refused", "that it is taken"),
        (
            SendStep({"type": "RestaurantAccepted", "prep_minutes": -1}),
            "RestaurantAccepted is refused",
            "that it is taken",
        ),
        (SendStep(ACCEPT.send, ("courier",)), "only restaurant", "that it is taken"),
        (SendStep(ACCEPT.send, refused=True), "is taken", "that it is refused"),
        (SucceedStep("offer_to_courier"), "offer_to_courier is not in flight", "goes through"),
        (FailStep("nothing"), "offer_to_restaurant is", "goes through"),
    ],
)
def test_a_step_that_does_not_go_as_it_says_ends_the_script(
    step: Any, is_: str, expected: str
) -> None:
    played = play(OrderFlow, order(step, ACCEPT))
    assert played.failure is not None
    assert is_ in played.failure.is_
    assert expected in played.failure.expected
    assert "start" in played.failure.path
    assert (played.failure.step, len(played.steps)) == (1, 1)
    with pytest.raises(ScriptFailed):
        played.check()


def test_a_failure_that_no_transition_takes_is_an_incident_that_a_success_resolves() -> None:
    played = play(
        OrderFlow, order(FailStep("offer_to_restaurant"), SucceedStep("offer_to_restaurant"))
    ).check()
    assert "an incident" in played.trace
    assert "succeeded" in played.trace


def test_a_failure_that_is_handled_takes_its_transition_for_good() -> None:
    played = play(Fetching, Script("fetching", (FailStep("fetch"), AdvanceStep(60)))).check()
    assert played.state == ("later",)


def test_a_message_to_itself_arrives_when_it_is_due() -> None:
    steps = (
        FailStep("fetch"),
        AdvanceStep(299),
        ExpectStep(data={}),
        AdvanceStep(1),
        ExpectStep(("later",), {"reminded": 1}),
    )
    play(Fetching, Script("fetching", steps)).check()


def test_a_result_of_another_type_is_reported() -> None:
    played = play(Fetching, Script("fetching", (SucceedStep("fetch", "many"),)))
    assert played.failure is not None
    assert "the result of fetch" in played.failure.is_


def test_a_function_that_raises_fails_the_script_with_its_error() -> None:
    played = play(Fetching, Script("fetching", (SendStep({"type": "Break"}),)))
    assert isinstance(played.failure and played.failure.__cause__, ActionFailed)


def test_a_script_for_another_machine_or_version_is_refused_before_it_begins() -> None:
    with pytest.raises(ScriptInvalid) as caught:
        play(OrderFlow, Script("fetching", version=2, at=datetime(2026, 1, 1)))  # noqa: DTZ001
    assert [one.place for one in caught.value.problems] == ["machine", "version", "at"]


def test_data_that_does_not_fit_is_refused_before_it_begins() -> None:
    with pytest.raises(InvalidPayload):
        play(OrderFlow, Script("order", data={"items": []}))


def test_a_script_begins_at_its_own_time_before_the_callers() -> None:
    own, now = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert play(OrderFlow, order(at=own), now=now).at == own
    assert play(OrderFlow, order(), now=now).at == now
    assert play(OrderFlow, order(AdvanceStep(5)), now=now).at - now == timedelta(seconds=5)


def test_what_was_played_can_be_kept_and_fails_where_the_machine_changes() -> None:
    script = order(ACCEPT, SendStep({"type": "Delivered"}, refused=True), AdvanceStep(720))
    kept = with_expectations(play(OrderFlow, script), script)
    assert play(OrderFlow, kept).check().state == ("ready",)
    wrong = Script("order", (*kept.steps, ExpectStep(("accepted",))), data=ORDER)
    assert play(OrderFlow, wrong).failure is not None
    assert ExpectStep(("ready",), play(OrderFlow, script).data, done=False) in kept.steps


def test_a_script_with_expectations_grows_no_further() -> None:
    script = order(ACCEPT, AdvanceStep(720))
    once = with_expectations(play(OrderFlow, script), script)
    assert with_expectations(play(OrderFlow, once), once) == once
    # nor does it say one thing twice after another
    asked = order(ACCEPT, ExpectStep(("accepted",)), ExpectStep(done=False), ExpectStep())
    kept = with_expectations(play(OrderFlow, asked), asked).steps
    assert kept[0] == ACCEPT
    assert kept[1:] == (ExpectStep(("accepted",), play(OrderFlow, asked).data, done=False),)
