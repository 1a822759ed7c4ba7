"""Uses of an effect under a name of its own, and policies by type of error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Final,
    Machine,
    Permanent,
    Retry,
    State,
    effect,
    minutes,
    on_failure,
    on_result,
    seconds,
)
from statehold.chart.error_kinds import kinds_of
from statehold.errors import DefinitionError
from statehold.testing import Harness


class Order(BaseModel):
    cents: int = 0


class CardError(Exception):
    pass


class Declined(CardError):
    pass


class Stolen(Permanent):
    pass


RATE = Retry(attempts=20, first=minutes(1), factor=1)


@effect(attempts=5, heartbeat=seconds(5), errors={CardError: Retry(attempts=3), Stolen: RATE})
async def charge(order: Order) -> int:
    """Charges the card."""
    return order.cents


def policy(error: BaseException) -> tuple[str, Retry]:
    return charge.policy_for(kinds_of(error))


def test_a_use_has_the_function_and_a_name_and_policy_of_its_own() -> None:
    used = charge.use("deposit", attempts=2, timeout=seconds(3), heartbeat=None)
    assert (used.name, used.run, used.result_type, used.doc) == (
        "deposit", charge.run, int, "Charges the card."
    )  # fmt: skip
    assert (used.retry.attempts, used.retry.first) == (2, charge.retry.first)
    assert (used.timeout, used.heartbeat) == (seconds(3), None)
    assert used.errors == charge.errors
    assert charge.use("again").heartbeat == seconds(5)
    assert charge.use("bare", errors={}).errors == {}
    assert charge.use("twice").use("thrice", attempts=9).retry.attempts == 9


def test_the_most_specific_class_that_has_a_policy_counts() -> None:
    assert policy(Declined())[1].attempts == 3
    assert policy(ValueError()) == ("", charge.retry)
    assert policy(Stolen())[1] is RATE
    assert policy(Permanent()) == ("", charge.retry)
    named = charge.use("named", errors={CardError: RATE, Declined: Retry(attempts=1)})
    assert named.policy_for(kinds_of(Declined()))[1].attempts == 1
    anything = charge.use("anything", errors={Exception: RATE})
    assert anything.policy_for(kinds_of(Declined()))[1] is RATE
    assert anything.policy_for(kinds_of(Permanent())) == ("", charge.retry)


def test_classes_of_one_name_are_told_apart_by_their_modules() -> None:
    other = type("Declined", (Exception,), {"__module__": "elsewhere"})
    named = charge.use("named", errors={Declined: Retry(attempts=1)})
    assert named.policy_for(kinds_of(other()))[0] == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"attempts": 0}, "attempts is 0"),
        ({"timeout": seconds(0)}, "timeout is"),
        ({"heartbeat": timedelta(-1)}, "heartbeat is"),
        ({"first": minutes(10)}, "longest is"),
        ({"errors": {"Declined": Retry()}}, "no class of errors"),
        ({"errors": {Declined: 3}}, "errors has 3 for Declined"),
        ({"errors": {Declined: Retry(attempts=0)}}, "for Declined, attempts is 0"),
        ({"errors": {Permanent: Retry()}}, "errors has Permanent"),
    ],
)
def test_an_option_out_of_its_range_is_refused_with_its_place(
    options: dict[str, Any], why: str
) -> None:
    with pytest.raises(DefinitionError, match=why) as refused:
        charge.use("deposit", **options)
    assert "test_effect_uses.py:" in str(refused.value)
    if "first" not in options:
        with pytest.raises(DefinitionError, match=why):
            effect(**options)(charge.run)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "1st", "x" * 201, 7, "é"])
def test_a_name_that_can_not_be_one_is_refused(name: Any) -> None:
    with pytest.raises(DefinitionError, match="can't be its name"):
        charge.use(name)


deposit = charge.use("deposit", attempts=2)


class Paying(Machine[Order], name="paying", version=1):
    both = State(initial=True, invoke=(charge, deposit))
    charged = Final()
    deposited = Final()
    declined = Final()
    lost = Final()

    paid = on_result(charge, both >> charged)
    laid = on_result(deposit, both >> deposited)
    refused = on_failure(charge, both >> declined, error=CardError)
    failed = on_failure(charge, both >> lost)


def test_outcomes_of_two_uses_are_two() -> None:
    assert Harness(Paying, Order()).succeed(deposit, 1).state == ["deposited"]
    assert Harness(Paying, Order()).succeed(charge, 1).state == ["charged"]


def test_a_rule_takes_a_class_of_errors_and_its_subclasses() -> None:
    assert Harness(Paying, Order()).fail(charge, Declined("no")).state == ["declined"]
    assert Harness(Paying, Order()).fail(charge, ValueError("no")).state == ["lost"]


def test_the_harness_counts_the_failures_of_each_type_apart() -> None:
    paying = Harness(Paying, Order()).fail(charge, ValueError("x"), attempts=4)
    paying.fail(charge, Declined("x"), attempts=2)
    assert paying.state == ["both"]
    assert paying.fail(charge, Declined("x"), attempts=1).state == ["declined"]


def test_error_is_a_class() -> None:
    with pytest.raises(TypeError, match="give a class of errors"):
        on_failure(charge, Paying.both >> Paying.lost, error="Declined")  # type: ignore[arg-type]


def test_two_uses_of_one_name_are_refused() -> None:
    with pytest.raises(DefinitionError, match="another effect is called 'deposit' too"):

        class Twice(Machine[Order], name="twice", version=1):
            both = State(initial=True, invoke=(deposit, charge.use("deposit")))


@pytest.mark.parametrize("errors", [[CardError], [], "CardError", 0])
def test_policies_by_error_that_are_no_mapping_are_refused(errors: Any) -> None:
    @effect
    async def pay(order: Order) -> None: ...

    def declared() -> None:
        @effect(errors=errors)
        async def later(order: Order) -> None: ...

    for declare in (lambda: pay.use("deposit", errors=errors), declared):
        with pytest.raises(DefinitionError, match=r"errors is .*, which is no mapping"):
            declare()
