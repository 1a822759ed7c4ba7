"""What a reply shows is read as the type that the machine's class gives it, or left as it came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, computed_field

from statehold import Machine, State
from statehold.client.shown import read_as
from statehold.wire.instances import Reply


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def euros(self) -> float:
        return self.cents / 100


class Order(BaseModel):
    placed_at: datetime
    note: str | None = None
    lines: list[Line] = []


class Count(BaseModel):
    count: int


class Broken(BaseModel):
    n: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share(self) -> float:
        return 1 / (self.n - 7)


class Whole(Machine[Order], name="whole", version=1):
    only = State(initial=True)


class Counted(Machine[Order], name="counted", version=1):
    only = State(initial=True)

    @staticmethod
    def view(order: Order) -> Count:
        return Count(count=len(order.lines))


class Loose(Machine[Order], name="loose", version=1):
    only = State(initial=True)
    view = lambda order: Count(count=1)  # noqa: E731


class Bare(Machine[None], name="bare", version=1):
    only = State(initial=True)


class Raising(Machine[Broken], name="raising", version=1):
    only = State(initial=True)


def reply(view: Any) -> Reply:
    return Reply(
        machine="whole", id="1", version=1, seq=3, status="running", state=["only"], view=view,
        tags=[], owners=[], allowed=["Go"],
    )  # fmt: skip


PLACED = {
    "placed_at": "2026-01-01T12:00:00Z",
    "note": None,
    "lines": [{"cents": 250, "euros": 2.5}, {"cents": 5, "euros": 0.05}],
}
ORDER = Order(
    placed_at=datetime(2026, 1, 1, 12, tzinfo=UTC), lines=[Line(cents=250), Line(cents=5)]
)


def test_without_a_view_it_is_the_data_also_where_computed_fields_are_shown() -> None:
    found = read_as(Whole, reply(PLACED))
    assert found.view == ORDER
    assert isinstance(found, Reply)
    assert (found.seq, found.state, found.allowed) == (3, ["only"], ["Go"])


def test_with_a_view_it_is_what_that_is_annotated_with() -> None:
    assert read_as(Counted, reply({"count": 2})).view == Count(count=2)


def test_a_view_without_an_annotation_stays_as_it_came() -> None:
    assert read_as(Loose, reply({"count": 1})).view == {"count": 1}


def test_no_data_is_none() -> None:
    assert read_as(Bare, reply(None)).view is None


@pytest.mark.parametrize("machine", ["whole", Whole.definition])
def test_of_a_machine_that_is_not_given_by_its_class_it_stays_as_it_came(machine: Any) -> None:
    sent = reply(PLACED)
    assert read_as(machine, sent) is sent


@pytest.mark.parametrize(
    "view",
    [
        None,
        {"count": 2},
        "text",
        # what another role sees: read as an order, it would have a note and lines of its own
        {"placed_at": "2026-01-01T12:00:00Z"},
        {**PLACED, "courier": "bob"},
        {**PLACED, "lines": [{"cents": 250, "euros": 99.0}]},
        {**PLACED, "lines": [{"cents": 250, "euros": 2.5, "name": "tea"}]},
        {**PLACED, "lines": {"0": {"cents": 250}}},
    ],
)
def test_what_is_not_all_of_such_a_value_stays_as_it_came(view: Any) -> None:
    sent = reply(view)
    before = sent.model_dump_json()
    assert read_as(Whole, sent) is sent
    assert sent.model_dump_json() == before


def test_a_computed_field_that_raises_does_not_cost_the_reply() -> None:
    assert read_as(Raising, reply({"n": 8, "share": 1.0})).view == Broken(n=8)
    sent = reply({"n": 7})
    assert read_as(Raising, sent) is sent
