"""A class's view, indexes and upgrades."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from statehold import (
    Compound,
    Done,
    Final,
    Machine,
    Result,
    State,
    TimerFired,
    Upgrade,
    after,
    on,
    on_done,
    on_result,
)
from statehold.chart.model import Chart
from tests.unit.define.orders import Go, Kid, Order, charge
from tests.unit.define.test_define import Arrows, Nested, Triggers
from tests.unit.define.test_functions import Functions


class Options(Machine[Order], name="options", version=3):
    a = State(initial=True)

    class b(Compound):
        c = State(initial=True, invoke=charge)

    go = on(Go, a >> b)

    indexes = ("reason",)
    upgrades = (
        Upgrade(2, states={"old": b.c, "older": b, "oldest": "a"}, effects={"bill": charge}),
        Upgrade(1, data=lambda old: old),
    )

    @staticmethod
    def view(order: Order) -> dict[str, Any]:
        return {"count": len(order.items)}


def test_the_view_is_a_function_of_the_data() -> None:
    view = Options.definition.view
    assert view is not None
    assert view(Order(items=["x"])) == {"count": 1}
    assert Kid.definition.view is None


def test_a_view_needs_no_decorator() -> None:
    class Plain(Machine[Order], name="m", version=1):
        a = State(initial=True)

        def view(order: Any) -> Any:
            return order.reason

    assert Plain.definition.view is not None
    assert Plain.definition.view(Order(reason="r")) == "r"


def test_indexes_are_fields_or_functions() -> None:
    class Computed(Machine[Order], name="m", version=1):
        a = State(initial=True)
        indexes = {"size": lambda order: len(order.items)}  # noqa: RUF012

    assert Options.definition.indexes["reason"](Order(reason="r")) == "r"
    assert Computed.definition.indexes["size"](Order(items=["x"])) == 1


def test_upgrades_name_states_and_effects_by_their_paths() -> None:
    first, second = Options.definition.upgrades
    assert first.states == {"old": "b.c", "older": "b", "oldest": "a"}
    assert first.effects == {"bill": "charge"}
    assert (second.from_version, second.data is not None) == (1, True)


def test_the_chart_of_a_class_survives_storage() -> None:
    for machine in (Nested, Arrows, Triggers, Functions, Options):
        assert Chart.from_json(machine.chart.to_json()) == machine.chart


def test_data_may_be_any_type_that_pydantic_takes() -> None:
    class Words(Machine[dict[str, list[int]]], name="words", version=1):
        a = State(initial=True)
        indexes = ("k",)

    assert Words.definition.data.parse(b'{"k": [1]}') == {"k": [1]}
    assert Words.definition.indexes["k"]({"k": "v"}) == "v"


def test_results_and_moments_are_given_to_functions_as_such() -> None:
    def price(order: Order, event: Result[int]) -> None: ...

    def fired(order: Order, event: TimerFired) -> None: ...

    def ended(order: Order, event: Done) -> None: ...

    def moment(order: Order) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    class Typed(Machine[Order], name="m", version=1):
        class c(Compound, initial=True, invoke=charge):
            a = Final(initial=True)

        end = Final()
        one = on_result(charge, c >> end, do=price)
        two = after(moment, c >> end, do=fired)
        three = on_done(c >> end, do=ended)

    assert [t.id for t in Typed.chart.transitions] == ["one", "two", "three"]
