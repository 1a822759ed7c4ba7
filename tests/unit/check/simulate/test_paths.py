"""Scripts that take every transition, found by running the machine."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from examples.onboarding.v1 import Onboarding as Onboarding1
from examples.onboarding.v2 import Onboarding as Onboarding2
from examples.order.flow import OrderFlow
from examples.order_v3.flow import OrderFlow as OrderFlow3
from statehold import Event, Final, Machine, State, effect, on, on_failure, on_result
from statehold.check.explore.sample_values import sample_values
from statehold.testing import Case, transition_paths

EXAMPLES = [
    pytest.param(case, id=f"{case.machine.name}-{case.machine.version}-{case}")
    for machine in (OrderFlow, OrderFlow3, Onboarding1, Onboarding2)
    for case in transition_paths(machine)
]


@pytest.mark.parametrize("case", EXAMPLES)
def test_every_transition_of_the_examples_has_a_script_that_takes_it(case: Case) -> None:
    case.check()


class Parcel(BaseModel):
    weight: int = 0
    code: str = ""


class Weigh(Event):
    weight: int = Field(ge=0, le=9)


class Scan(Event):
    code: str = Field(pattern="^[A-Z]{3}$")


class Count(Event):
    pass


class Leave(Event):
    pass


@effect()
def price(parcel: Parcel) -> Literal["cheap", "dear"]:
    return "cheap"


def is_heavy(parcel: Parcel, event: Weigh) -> bool:
    return event.weight == 7


def is_dear(parcel: Parcel, event: Any) -> bool:
    return bool(event.value == "dear")


def note(parcel: Parcel, event: Weigh) -> None:
    parcel.weight = event.weight


def explode(parcel: Parcel) -> None:
    raise RuntimeError("planted")


def add(parcel: Parcel) -> None:
    parcel.weight += 1


class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    new = State(initial=True)
    priced = State(invoke=price)
    dear = State()
    gone = Final()
    island = State()

    heavy = on(Weigh, new >> gone, when=is_heavy)
    weigh = on(Weigh, new >> priced, do=note)
    scan = on(Scan, new >> gone)
    count = on(Count, new, do=add)
    dearly = on_result(price, priced >> dear, when=is_dear)
    cheaply = on_result(price, priced >> gone)
    unpriced = on_failure(price, priced >> gone)
    bang = on(Leave, dear >> gone, do=explode)
    ashore = on(Leave, island >> gone)


def by_transition(**more: Any) -> dict[str, Case]:
    return {str(case): case for case in transition_paths(ParcelFlow, limit=200, **more)}


def test_what_can_be_generated_is_found_though_the_data_grows_without_end() -> None:
    cases = by_transition()
    found = {name for name, case in cases.items() if case.script is not None}
    assert found == {"weigh", "count", "dearly", "cheaply", "unpriced"}


@pytest.mark.parametrize(
    ("transition", "why"),
    [
        ("heavy", "is_heavy"),
        ("scan", "Scan is refused"),
        ("bang", "planted"),
        ("ashore", "island was never active"),
    ],
)
def test_what_is_not_found_fails_with_the_reason(transition: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        by_transition()[transition].check()


def test_what_can_not_be_generated_can_be_given() -> None:
    cases = by_transition(
        payloads={Weigh: [Weigh(weight=7), {"weight": 1}], "Scan": [{"code": "ABC"}]}
    )
    cases["heavy"].check()
    cases["scan"].check()


def test_a_result_that_is_given_is_the_only_one_tried() -> None:
    cases = by_transition(results={price: ["cheap"]})
    assert cases["dearly"].script is None
    assert cases["cheaply"].check().done


def test_a_transition_left_out_on_purpose_is_skipped_with_the_reason() -> None:
    cases = by_transition(uncovered={"ashore": "nobody lives there", "weigh": "stale"})
    with pytest.raises(pytest.skip.Exception, match="nobody lives there"):
        cases["ashore"].check()
    with pytest.raises(AssertionError, match="is covered"):
        cases["weigh"].check()


@pytest.mark.parametrize("given", ["payloads", "results", "uncovered"])
def test_a_name_that_the_machine_does_not_have_is_refused(given: str) -> None:
    value: Any = {"bogus": "why"} if given == "uncovered" else {"bogus": []}
    with pytest.raises(ValueError, match="bogus"):
        transition_paths(ParcelFlow, **{given: value})


def test_a_case_fails_where_the_machine_no_longer_takes_its_transition() -> None:
    case = by_transition()["cheaply"]
    assert case.script is not None
    wrong = Case(case.machine, "dearly", case.script)
    with pytest.raises(AssertionError, match="dearly is not taken"):
        wrong.check()


def test_sample_values_fit_the_schemas_of_models() -> None:
    class Inner(BaseModel):
        kind: Literal["a", "b"]
        when: float = Field(gt=0, le=240)

    class Outer(BaseModel):
        inner: Inner
        many: list[Inner] = Field(min_length=1)
        maybe: int | None = None

    found = sample_values(Outer.model_json_schema())
    assert {Outer.model_validate(one).inner.kind for one in found} == {"a", "b"}
