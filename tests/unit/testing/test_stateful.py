"""A Hypothesis state machine made from a machine finds what is wrong in its functions."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from examples.onboarding.v2 import Onboarding
from examples.order.flow import CourierAccepted, OrderFlow
from examples.order_v3.flow import OrderFlow as OrderFlow3
from statehold import Event, Final, Machine, State, after, effect, minutes, on, on_result
from statehold.check.simulate.script import Script
from statehold.check.simulate.simulate import play
from statehold.cli.offering import load_offered
from statehold.cli.targets import load_machines
from statehold.testing import read_script, state_machine_of

REFUND = Path(__file__).parents[3] / "examples" / "refund" / "refund.yaml"

FEW = settings(
    max_examples=15, stateful_step_count=15, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
#: long enough to find what is planted, and then none the shorter: shrinking takes its time
FOUND = settings(
    FEW, max_examples=200, stateful_step_count=25, phases=(Phase.explicit, Phase.generate)
)


def run(machine: Any, settings: settings = FEW, **given: Any) -> None:
    case: Any = state_machine_of(machine, **given).TestCase
    case.settings = settings
    case("runTest").debug()


def failure_of(machine: Any, **given: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - distinguished by the caller
        run(machine, FOUND, **given)
    found = caught.value
    return found.exceptions[0] if isinstance(found, BaseExceptionGroup) else found


def script_of(error: BaseException) -> Script:
    [note] = [note for note in error.__notes__ if note.startswith("the script")]
    return read_script(note.partition("\n")[2])


@pytest.mark.parametrize("machine", [OrderFlow, OrderFlow3, Onboarding])
def test_the_examples_hold(machine: Any) -> None:
    run(machine)


def test_an_invariant_that_does_not_hold_is_found_and_told_as_a_script() -> None:
    def a_courier_has_a_name(state: list[str], data: Any) -> None:
        assert "on_the_way" not in state or data.courier

    error = failure_of(
        OrderFlow,
        invariants=[a_courier_has_a_name],
        payloads={CourierAccepted: st.sampled_from(["", "zoe"]).map(lambda c: {"courier": c})},
    )
    assert isinstance(error, AssertionError)
    played = play(OrderFlow, script_of(error)).check()
    assert (played.state, played.data["courier"]) == (("on_the_way",), "")


class Sum(BaseModel):
    total: int = 0


class Add(Event):
    amount: int


@effect()
def count(data: Sum) -> int:
    return 1


def add(data: Sum, event: Add) -> None:
    if event.amount == 3:
        raise RuntimeError("planted")
    data.total += event.amount


class Adding(Machine[Sum], name="adding", version=1):
    open = State(initial=True, invoke=count)
    closed = Final()
    plus = on(Add, open, do=add)
    end = on_result(count, open >> closed)


SMALL = {Add: st.integers(0, 3).map(lambda n: Add(amount=n))}


def test_a_function_that_raises_is_found_with_the_script_that_makes_it() -> None:
    error = failure_of(Adding, payloads=SMALL)
    last = script_of(error).steps[-1]
    assert json.loads(json.dumps(getattr(last, "send", None))) == {"type": "Add", "amount": 3}


def test_a_machine_that_may_fail_is_searched_on() -> None:
    run(Adding, payloads=SMALL, may_fail=True)


def test_data_that_a_store_could_not_give_back_is_found() -> None:
    def spoil(data: Sum, event: Add) -> None:
        data.total = "many"  # type: ignore[assignment]

    class Spoiling(Machine[Sum], name="spoiling", version=1):
        open = State(initial=True)
        closed = Final()
        plus = on(Add, open, do=spoil)
        end = after(minutes(1), open >> closed)

    error = failure_of(Spoiling, payloads=SMALL)
    assert "total" in str(error)


def test_a_name_that_the_machine_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="Bogus"):
        state_machine_of(Adding, payloads={"Bogus": st.just({})})


def test_the_class_is_one_that_unittest_runs() -> None:
    assert issubclass(state_machine_of(Adding).TestCase, unittest.TestCase)


class Loose(BaseModel):
    parts: dict[str, Any]
    last: Any


def test_types_that_hypothesis_has_no_values_of_are_tried_by_their_schemas() -> None:
    def add(data: Loose, event: Add) -> None:
        data.parts["amount"] = data.last = event.amount

    class Noting(Machine[Loose], name="noting", version=1):
        open = State(initial=True)
        closed = Final()
        plus = on(Add, open, do=add)
        end = after(minutes(1), open >> closed)

    run(Noting, payloads=SMALL)


def test_a_machine_that_comes_as_data_is_tried_like_any_other() -> None:
    run(load_machines([str(REFUND)], load_offered([]))[0])
