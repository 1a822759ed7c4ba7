"""Properties: yes, no or not known, and what a no comes with."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, after, on, on_failure, on_result, seconds
from statehold.check import (
    Place,
    active,
    always,
    assert_holds,
    data,
    done,
    explore,
    leads_to,
    never,
    reachable,
)
from statehold.check.explore.predicate import parse
from statehold.errors import ActionFailed
from tests.unit.check.machines import Coffee, Coins, Endless, Fragile, brew
from tests.unit.check.player import play


class Order(BaseModel):
    pass


class Pay(Event):
    pass


class Poke(Event):
    pass


class Deliver(Event):
    pass


class Paying(Machine[Order], name="paying", version=1):
    """A paid order is delivered, or refunded after a while."""

    open = State(initial=True)
    paid = State()
    delivered = Final()
    refunded = Final()

    pay = on(Pay, open >> paid)
    deliver = on(Deliver, paid >> delivered)
    refund = after(seconds(60), paid >> refunded)


def test_never_holds_where_no_place_has_it_whatever_the_guards() -> None:
    verdict = explore(Paying).check(never(active(Paying.delivered) & active(Paying.refunded)))
    assert verdict.holds
    assert verdict.why == "whatever the data and the guards"


def test_never_fails_with_a_shortest_path() -> None:
    verdict = explore(Coffee).check(never(data(lambda coins: coins.paid > 3, "overpaid")))
    assert verdict.holds is False
    assert verdict.witness is not None
    assert len(verdict.witness.lines) == 3
    assert play(Coffee.definition, verdict.witness.script).data.paid == 4
    assert str(verdict).startswith("never overpaid: does not hold; shown by a path of 2 steps")


def test_always_is_never_the_opposite() -> None:
    found = explore(Coffee, Coins())
    assert found.check(always(data(lambda coins: coins.paid <= 4))).holds
    assert found.check(always(~active("served"))).holds is False


def test_reachable_comes_with_the_path_and_fails_without_one() -> None:
    found = explore(Paying)
    there = found.check(reachable(active("refunded")))
    assert there.holds
    assert there.witness is not None
    assert there.witness.script.steps[1].advance == 60  # type: ignore[union-attr]
    assert not found.check(reachable(active("refunded") & active("open"))).holds


def test_a_plain_function_of_a_place_is_a_property_too() -> None:
    def is_over_without_a_cup(place: Place) -> bool:
        return place.done and "served" not in place.leaves

    verdict = explore(Coffee).check(never(is_over_without_a_cup))
    assert verdict.property == "never is_over_without_a_cup"
    assert verdict.holds is False


def test_what_a_timer_brings_about_is_bound_to_come() -> None:
    found = explore(Paying)
    assert found.check(leads_to(active("paid"), active("delivered") | active("refunded"))).holds


def test_what_only_an_event_brings_about_may_never_come() -> None:
    verdict = explore(Paying).check(leads_to(active("open"), done()))
    assert verdict.holds is False
    assert verdict.why == "nothing more happens by itself after this path"
    assert verdict.loop == ()


def test_an_event_may_come_between_and_spoil_it() -> None:
    verdict = explore(Paying).check(leads_to(active("paid"), active("refunded")))
    assert verdict.holds is False
    assert verdict.witness is not None
    assert verdict.witness.lines[-1] == "2. Deliver: paid → delivered"


def test_a_timer_that_is_set_again_for_ever_is_a_loop() -> None:
    class Poked(Machine[Order], name="poked", version=1):
        waiting = State(initial=True)
        over = Final()
        poke = on(Poke, waiting >> waiting, reenter=True)
        lapse = after(seconds(60), waiting >> over)

    verdict = explore(Poked).check(leads_to(active("waiting"), active("over")))
    assert verdict.holds is False
    assert verdict.loop == ("1. Poke: stays",)
    assert "can repeat for ever" in verdict.why


def test_an_event_that_leaves_the_timer_alone_can_not_hold_it_up() -> None:
    class Poked(Machine[Order], name="poked", version=1):
        waiting = State(initial=True)
        over = Final()
        poke = on(Poke, waiting)
        lapse = after(seconds(60), waiting >> over)

    assert explore(Poked).check(leads_to(active("waiting"), active("over"))).holds


def test_an_effect_ends_some_time_but_may_fail() -> None:
    class Brewing(Machine[Coins], name="brewing", version=1):
        brewing = State(initial=True, invoke=brew)
        served = Final()
        broken = Final()
        serve = on_result(brew, brewing >> served)
        jam = on_failure(brew, brewing >> broken)

    found = explore(Brewing)
    assert found.check(leads_to(active("brewing"), done())).holds
    assert found.check(leads_to(active("brewing"), active("served"))).holds is False


def test_a_failure_that_no_transition_takes_holds_everything_up() -> None:
    class Brewing(Machine[Coins], name="brewing", version=1):
        brewing = State(initial=True, invoke=brew)
        served = Final()
        serve = on_result(brew, brewing >> served)

    verdict = explore(Brewing).check(leads_to(active("brewing"), done()))
    assert verdict.holds is False
    assert verdict.witness is not None
    assert verdict.witness.lines[-1] == "1. brew fails: stays"


def test_a_timer_whose_step_raises_brings_nothing_about() -> None:
    assert explore(Fragile).check(leads_to(active("shaken"), active("off"))).holds is False


def test_what_a_limit_cut_off_is_not_known() -> None:
    found = explore(Endless, limit=10)
    verdict = found.check(never(data(lambda coins: coins.paid == 99)))
    assert verdict.holds is None
    assert "limit of 10 places" in verdict.why
    with pytest.raises(AssertionError, match="is not known to hold"):
        assert_holds(found, never(data(lambda coins: coins.paid == 99)))
    # a counterexample that lies within the limit is one all the same
    assert found.check(never(data(lambda coins: coins.paid == 5))).holds is False


def test_a_test_fails_with_every_property_that_does_not_hold_and_its_path() -> None:
    assert_holds(Paying, never(active("delivered") & active("refunded")), reachable(done()))
    with pytest.raises(AssertionError) as raised:
        assert_holds(Paying, never(active("paid")), reachable(done()), never(done()))
    message = str(raised.value)
    assert "never paid: does not hold" in message
    assert "1. Pay: open → paid" in message
    assert "never done" in message
    assert "reachable" not in message


def test_a_misspelt_state_and_a_condition_that_raises_are_reported() -> None:
    found = explore(Paying)
    with pytest.raises(ValueError, match="no state payd; it has open, paid"):
        found.check(never(active("payd")))
    with pytest.raises(ActionFailed, match="property"):
        found.check(never(data(lambda order: order.price > 1)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.b & ~c | done", "((a.b and not c) or done)"),
        ("a", "a"),
    ],
)
def test_states_are_combined_in_a_line_of_text(text: str, words: str) -> None:
    assert parse(text).words == words


@pytest.mark.parametrize("text", ["", "a &", "a b", "(a)", "a | | b", "~"])
def test_a_line_that_is_no_combination_of_states_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not made of states"):
        parse(text)
