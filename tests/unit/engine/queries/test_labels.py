"""What clients get of labels: all of them, so that none is made anywhere else."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from statehold import Compound, Event, Final, Machine, State, on
from tests.unit.engine.world import World

pytestmark = pytest.mark.anyio


class Parcel(BaseModel):
    size_in_cm: int = 1
    to: str = Field(default="", title="Whom it is for")


class Accept(Event, label="Take the parcel"):
    shelf_number: int
    parcel: Parcel = Parcel()


class PickedUp(Event): ...


class Desk(Machine[Parcel], name="parcel-desk", version=1, label="Parcels at the desk"):
    class at_desk(Compound, initial=True, label="At the desk"):
        being_weighed = State(initial=True)

    on_shelf = State(label="On a shelf")
    gone = Final()

    accept = on(Accept, at_desk >> on_shelf)
    pick = on(PickedUp, on_shelf >> gone)


async def test_a_machine_comes_with_a_label_at_each_state_event_and_field(world: World) -> None:
    async with world.running(Desk) as engine:
        detail = await engine.machine_detail(Desk)
        (summary,) = (await engine.machine_list()).machines
    assert summary.label == detail.label == detail.chart["label"] == "Parcels at the desk"
    assert {state["id"]: state["label"] for state in detail.chart["states"]} == {
        "": "Parcels at the desk",
        "at_desk": "At the desk",
        "at_desk.being_weighed": "being weighed",
        "on_shelf": "On a shelf",
        "gone": "gone",
    }
    assert {event["name"]: event["label"] for event in detail.chart["events"]} == {
        "Accept": "Take the parcel",
        "PickedUp": "Picked up",
    }
    accept = detail.events["Accept"]
    assert accept.label == "Take the parcel"
    assert accept.schema_ is not None
    assert accept.schema_["title"] == "Take the parcel"
    titles = {name: one["title"] for name, one in accept.schema_["properties"].items()}
    assert titles == {"shelf_number": "shelf number", "parcel": "parcel"}
    within = accept.schema_["$defs"]["Parcel"]["properties"]
    assert {name: one["title"] for name, one in within.items()} == {
        "size_in_cm": "size in cm",
        "to": "Whom it is for",
    }
    assert detail.data_schema is not None
    assert detail.data_schema["properties"]["size_in_cm"]["title"] == "size in cm"
    # the stored chart has those alone that were given
    assert [state.label for state in Desk.chart.states] == [
        "", "At the desk", "", "On a shelf", "",
    ]  # fmt: skip


async def test_sentences_say_labels_and_keep_identifiers_beside_them(world: World) -> None:
    async with world.running(Desk) as engine:
        await engine.start(Desk, "p-1", Parcel())
        first = await engine.explain(Desk, "p-1")
        await engine.send(Desk, "p-1", Accept(shelf_number=1))
        second = await engine.explain(Desk, "p-1")
    assert "is running in At the desk / being weighed, for" in first.summary
    assert "It accepts Take the parcel (to On a shelf)." in first.summary
    assert ("At the desk / being weighed", "state", "at_desk.being_weighed") in [
        (part.text, part.kind, part.id) for part in first.parts
    ]
    assert ("Take the parcel", "event", "Accept") in [
        (part.text, part.kind, part.id) for part in first.parts
    ]
    assert ", since Take the parcel (seq 2). It accepts Picked up (to gone)." in second.summary
    assert [(one.event, one.label) for one in first.next] == [("Accept", "Take the parcel")]
    assert [(one.id, one.label) for one in second.active] == [("on_shelf", "On a shelf")]


async def test_a_search_finds_labels(world: World) -> None:
    async with world.running(Desk) as engine:
        found = await engine.search("the desk")
        others = await engine.search("take THE")
    assert [(one.name, one.label) for one in found.machines] == [
        ("parcel-desk", "Parcels at the desk")
    ]
    assert [(one.id, one.label) for one in found.states] == [("at_desk", "At the desk")]
    assert [(one.name, one.label) for one in others.events] == [("Accept", "Take the parcel")]
