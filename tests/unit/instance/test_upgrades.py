"""One instance is carried over to a newer version, or waits as an incident where it can't be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, Upgrade, after, effect, hours, on
from statehold.errors import NewerVersion, UpgradeFailed
from statehold.instance.attempts import UPGRADE_KEY, Attempt, timer_key
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.loaded import load
from statehold.instance.state import InstanceState
from statehold.instance.upgrades import preview, upgrade
from statehold.upgrade.carry import CarryFailed
from statehold.upgrade.plan import UpgradePlan, plan
from tests.unit.instance.samples import LATER, NOW, begun, body_of, send, turn


class Visit(BaseModel):
    rooms: int = 1


class Stay(BaseModel):
    rooms: int = 1
    guests: int = 2


class Clean(Event):
    pass


@effect(attempts=2)
async def sweep(visit: Any) -> None: ...


class Visiting(Machine[Visit], name="visit", version=1):
    open = State(initial=True)
    cleaning = State(invoke=sweep)
    late = State()
    clean = on(Clean, open >> cleaning)
    overdue = after(hours(1), open >> late)


def with_guests(visit: dict[str, int]) -> dict[str, int]:
    if visit["rooms"] > 5:
        raise ValueError("too many rooms")
    return {**visit, "guests": 2 * visit["rooms"]}


class Staying(Machine[Stay], name="visit", version=2):
    upgrades = (Upgrade(from_version=1, data=with_guests, states={"open": "vacant"}),)

    vacant = State(initial=True)
    cleaning = State(invoke=sweep)
    late = State()
    clean = on(Clean, vacant >> cleaning)
    overdue = after(hours(1), vacant >> late)


PLAN = plan(Visiting.definition.chart, Staying.definition, Staying.definition.upgrades[0])


def find_plan(instance: InstanceState) -> UpgradePlan:
    return PLAN


def stored(visit: Visit, *events: Event, definition: Any = Staying.definition) -> Draft:
    """A draft of an instance that an earlier version has stored."""
    old = begun(visit, machine=Visiting)
    for event in events:
        send(old, event)
    loaded = load(definition, old.write()[0].row)
    return Draft(loaded.instance.ref, definition, loaded, turn(LATER))


def test_states_and_data_are_mapped_and_timers_keep_their_time() -> None:
    draft = stored(Visit(rooms=3))
    upgrade(draft, find_plan, Origin("upgrade"))
    assert (draft.instance.version, draft.instance.state) == (2, ("vacant",))
    assert draft.instance.data == b'{"rooms":3,"guests":6}'
    assert draft.instance.due_at == NOW + timedelta(hours=1)
    (entry,) = draft.entries
    assert (entry.kind, entry.seq) == ("upgrade", 2)
    assert body_of(entry).event["from"] == 1
    assert body_of(entry).data == {"rooms": 3, "guests": 6}


def test_when_a_renamed_state_was_entered_is_not_known() -> None:
    draft = stored(Visit())
    upgrade(draft, find_plan, Origin("upgrade"))
    assert draft.instance.entered == {"vacant": None}
    kept = stored(Visit(), Clean())
    upgrade(kept, find_plan, Origin("upgrade"))
    assert kept.instance.entered == {"cleaning": NOW}


def test_an_attempt_goes_on_under_its_key() -> None:
    draft = stored(Visit(), Clean())
    attempts = draft.instance.attempts
    upgrade(draft, find_plan, Origin("upgrade"))
    assert draft.instance.attempts == attempts
    assert draft.started == ()


def test_the_failure_of_a_timer_goes_with_it() -> None:
    draft = stored(Visit())
    incident = Attempt(0, kind="timer").raise_incident(NOW, 5, "it broke", "overdue")
    draft.set_attempt(timer_key("overdue"), incident)
    upgrade(draft, find_plan, Origin("upgrade"))
    assert draft.instance.attempts == {timer_key("overdue"): incident}


def test_a_preview_changes_nothing() -> None:
    draft = stored(Visit(rooms=3))
    found = preview(draft.instance, PLAN, LATER)
    assert found.snapshot.data == Stay(rooms=3, guests=6)
    assert draft.instance.version == 1
    assert not draft.touched


def test_an_upgrade_that_fails_is_an_incident_and_not_tried_again() -> None:
    draft = stored(Visit(rooms=6))
    with pytest.raises(UpgradeFailed, match="too many rooms"):
        upgrade(draft, find_plan, Origin("upgrade"))
    assert draft.instance.version == 1
    assert draft.instance.attempts[UPGRADE_KEY].state == "incident"
    assert [entry.kind for entry in draft.entries] == ["incident"]
    assert [one.name for one in draft.failed_attempts] == ["1 to 2"]

    def not_asked(instance: InstanceState) -> UpgradePlan:
        raise AssertionError("the plan is not looked for")

    with pytest.raises(UpgradeFailed, match="too many rooms"):
        upgrade(draft, not_asked, Origin("upgrade"))
    assert len(draft.entries) == 1


def test_without_a_plan_the_upgrade_fails() -> None:
    def none(instance: InstanceState) -> UpgradePlan:
        raise CarryFailed("no upgrade leads there")

    draft = stored(Visit())
    with pytest.raises(UpgradeFailed, match="no upgrade leads there"):
        upgrade(draft, none, Origin("upgrade"))


def test_an_instance_of_a_newer_version_is_left_as_it_is() -> None:
    newer = begun(Stay(), machine=Staying).write()[0].row
    loaded = load(Visiting.definition, newer)
    draft = Draft(loaded.instance.ref, Visiting.definition, loaded, turn(LATER))
    with pytest.raises(NewerVersion):
        upgrade(draft, find_plan, Origin("upgrade"))
    assert not draft.touched
