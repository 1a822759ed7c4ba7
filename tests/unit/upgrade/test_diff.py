"""The differences between two charts, in words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from statehold import Event, Machine, State, after, effect, machine, minutes, on, seconds
from statehold.chart.model import Chart
from statehold.upgrade.diff import difference, sender_difference


class Accept(Event):
    minutes: int


class Order(BaseModel):
    items: list[str] = []
    reason: str | None = None


def note(order: Order) -> None:
    order.reason = "noted"


def is_open(order: Order) -> bool:
    return bool(order.items)


@effect
async def offer(order: Order) -> None: ...


class Flow(Machine[Order], name="order", version=1):
    offering = State(initial=True)
    cooking = State()
    accept = on(Accept, offering >> cooking)
    lapse = after(minutes(10), offering >> cooking)


OLD: Chart = Flow.definition.chart


def changes_to(machine: Any) -> list[str]:
    return difference(OLD, machine.definition.chart)


def test_equal_charts_do_not_differ() -> None:
    assert difference(OLD, Chart.from_json(OLD.to_json())) == []


def test_states_and_transitions_that_came_went_and_changed_are_reported_a_line_each() -> None:
    class New(Machine[Order], name="order", version=2):
        offering = State(initial=True, entry=note, invoke=offer, owner="restaurant")
        waiting = State(tags=("idle", "late"))
        lapse = after(seconds(90), offering >> waiting, when=is_open, do=note)

    assert changes_to(New) == [
        "state offering: entry actions were [] and are [note]",
        f"state offering: invokes were [] and are [effect offer (as {invoke_id(New)})]",
        "state offering: owner was none and is restaurant",
        "state cooking was removed",
        "state waiting was added",
        "transition accept was removed",
        "transition lapse: trigger was after 600 s after.lapse and is after 90 s after.lapse",
        "transition lapse: targets were [cooking] and are [waiting]",
        "transition lapse: guards were [] and are [is_open]",
        "transition lapse: actions were [] and are [note]",
    ]


def invoke_id(machine: Any) -> str:
    id: str = machine.definition.chart.states[1].invokes[0].id
    return id


def test_texts_for_people_and_the_payloads_of_events_do_not_count() -> None:
    class Told(BaseModel):
        """Described."""

        items: list[str] = Field([], description="what to cook", title="Things")
        reason: str | None = None

    class New(Machine[Told], name="order", version=1):
        """A flow."""

        offering = State(initial=True, doc="the restaurant decides")
        cooking = State()
        accept = on(OtherAccept, offering >> cooking, doc="yes")
        lapse = after(minutes(10), offering >> cooking)

    assert changes_to(New) == []


class OtherAccept(Event):
    at: int


OtherAccept.__event__ = "Accept"


def test_fields_of_the_data_that_came_went_and_changed_are_reported() -> None:
    class Changed(BaseModel):
        title: str
        items: list[int] = []

    class New(Machine[Changed], name="order", version=1):
        offering = State(initial=True)
        cooking = State()
        accept = on(Accept, offering >> cooking)
        lapse = after(minutes(10), offering >> cooking)

    assert changes_to(New) == [
        "data items.items: type was 'string' and is 'integer'",
        "data: field reason was removed",
        "data: field title was added",
        "data: required was not there and is ['title']",
    ]


def test_a_changed_order_counts_since_it_decides_between_transitions() -> None:
    class New(Machine[Order], name="order", version=1):
        offering = State(initial=True)
        cooking = State()
        lapse = after(minutes(10), offering >> cooking)
        accept = on(Accept, offering >> cooking)

    assert changes_to(New) == ["the order of transitions changed, from transition lapse on"]


def test_a_field_called_title_is_no_text_for_people() -> None:
    class WithTitle(Order):
        title: str = ""

    class New(Machine[WithTitle], name="order", version=1):
        offering = State(initial=True)
        cooking = State()
        accept = on(Accept, offering >> cooking)
        lapse = after(minutes(10), offering >> cooking)

    assert changes_to(New) == ["data: field title was added"]


def test_who_may_send_an_event_is_no_difference_of_the_chart() -> None:
    class Paid(Event, internal=True):
        pass

    class Public(Event):
        pass

    Public.__name__ = Public.__event__ = "Paid"

    class Old(Machine[Order], name="order", version=1):
        offering = State(initial=True)
        accept = on(Accept, offering)
        refuse = on(Public, offering, by="clerk", when=is_open)

    class New(Machine[Order], name="order", version=1):
        offering = State(initial=True)
        accept = on(Accept, offering, by=("clerk", machine("lead")))
        refuse = on(Paid, offering, when=is_open)

    old, new = Old.definition.chart, New.definition.chart
    assert difference(old, new) == []
    assert difference(new, old) == []
    assert sender_difference(old, new) == [
        "transition accept: by was none and is clerk or machine lead",
        "transition refuse: by was clerk and is none",
        "event Paid: internal was false and is true",
    ]
    assert sender_difference(old, old) == []
