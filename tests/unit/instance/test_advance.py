"""The rules of a commit: what of a step is refused before it is stored."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, computed_field, field_validator

from statehold import ActionFailed, Event, Final, InvalidPayload, Machine, State, TooLarge, on
from statehold.chart.context import Context
from statehold.instance.advance import advance
from statehold.instance.limits import InstanceLimits
from statehold.instance.state import InstanceState, not_started
from statehold.interpreter.snapshot import Step
from statehold.interpreter.step import start, step
from statehold.records import Ref
from tests.acceptance.kept.machines import BELL
from tests.unit.instance.samples import (
    LATER,
    NOW,
    Note,
    Parcel,
    ParcelFlow,
    Post,
    Print,
    Weigh,
    begun,
    turn,
)


class Till(BaseModel):
    coins: int = 0
    label: Any = None

    @field_validator("coins")
    @classmethod
    def _is_possible(cls, coins: int) -> int:
        if coins == 13:
            raise RuntimeError("thirteen")
        return coins

    @computed_field
    def double(self) -> int:
        if self.coins == 5:
            raise ArithmeticError("five")
        return 2 * self.coins


class Put(Event):
    coins: int


class Spoil(Event):
    pass


class Break(Event):
    pass


class Say(Event):
    text: str


def put(till: Till, event: Put) -> None:
    till.coins = event.coins


def spoil(till: Till) -> None:
    till.label = object()


def say(till: Till, event: Say, context: Context) -> None:
    context.send("till", "t-2", Say(text=event.text))


def coins(till: Till) -> int:
    if till.coins == 7:
        raise LookupError("seven")
    return till.coins


def spoken(till: Till) -> object:
    return object() if till.coins == 1 else till.coins


class TillFlow(Machine[Till], name="till", version=1):
    open = State(initial=True)
    shut = Final(output=spoken)

    putting = on(Put, open, do=put)
    spoiling = on(Spoil, open, do=spoil)
    saying = on(Say, open, do=say)
    breaking = on(Break, open >> shut)

    indexes = {"coins": coins}  # noqa: RUF012 - as the notation has it


def till(**limits: int) -> tuple[InstanceState, Any]:
    at = turn(limits=InstanceLimits(**limits))
    before = not_started(Ref("till", "t-1"), TillFlow.definition, NOW)
    taken = start(TillFlow.definition, Till(), NOW, instance="t-1")
    return advance(before, taken, at).instance, at


def after(event: Event, **limits: int) -> InstanceState:
    before, at = till(**limits)
    assert before.snapshot is not None
    return advance(before, step(before.definition, before.snapshot, event, NOW), at).instance


def test_a_step_that_can_be_stored_gives_the_instance_after_it() -> None:
    found = after(Put(coins=2))
    assert (found.seq, found.data, found.indexes) == (
        2,
        b'{"coins":2,"label":null}',
        {"coins": "2"},
    )
    assert found.snapshot is not None


def test_data_is_read_back_as_it_is_stored() -> None:
    before = begun().instance
    assert before.snapshot is not None
    taken = step(before.definition, before.snapshot, Note(text="x"), NOW)
    found = advance(before, taken, turn()).instance
    assert found.snapshot is not None
    assert found.snapshot.data == taken.snapshot.data
    assert found.snapshot.data is not taken.snapshot.data


def test_data_that_a_step_leaves_alone_is_not_read_back() -> None:
    before = begun().instance
    assert before.snapshot is not None
    taken = step(before.definition, before.snapshot, Print(), NOW)
    found = advance(before, taken, turn()).instance
    assert found.snapshot is not None
    assert found.snapshot.data is before.snapshot.data
    assert found.data is before.data


def test_data_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge, match="the data of till/t-1"):
        after(Put(coins=1_000), data_bytes=25)


def test_data_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="label"):
        after(Spoil())


def test_data_whose_own_validation_fails_is_refused_as_a_failure_of_the_machine() -> None:
    with pytest.raises(ActionFailed, match="thirteen"):
        after(Put(coins=13))


def test_an_index_that_raises_refuses_the_step() -> None:
    with pytest.raises(ActionFailed, match="index coins"):
        after(Put(coins=7))


def test_a_view_that_raises_refuses_the_step() -> None:
    with pytest.raises(ActionFailed, match="view"):
        after(Put(coins=5))


def test_an_event_over_the_limit_is_not_sent() -> None:
    with pytest.raises(TooLarge, match="an event sent to till/t-2"):
        after(Say(text="x" * 100), event_bytes=100)


def test_an_output_that_can_not_be_written_refuses_the_step() -> None:
    before = after(Put(coins=1))
    assert before.snapshot is not None
    taken = step(before.definition, before.snapshot, Break(), NOW)
    with pytest.raises(ActionFailed, match="output"):
        advance(before, taken, turn())


def test_messages_that_end_with_their_sender_are_bounded() -> None:
    before = not_started(Ref("bell", "b-1"), BELL, NOW)
    taken: Step[Any] = start(BELL, {}, NOW, instance="b-1")
    assert list(advance(before, taken, turn()).instance.delayed) == ["1.send.1"]
    with pytest.raises(TooLarge, match="what bell/b-1 has sent for later"):
        advance(before, taken, turn(limits=InstanceLimits(delayed=0)))


def test_what_a_step_asks_for_comes_with_it() -> None:
    before = begun().instance
    assert before.snapshot is not None
    printing = advance(before, step(before.definition, before.snapshot, Print(), NOW), turn())
    assert printing.attempts is not None
    assert printing.attempts.started == ["2.1"]
    posted = step(before.definition, before.snapshot, Post(to="p-2"), NOW)
    commands = advance(before, posted, turn()).commands
    assert commands is not None
    assert [one.to.id for one in commands.messages] == ["p-2"]
    weighed = advance(
        before, step(before.definition, before.snapshot, Weigh(weight=2), NOW), turn()
    )
    assert (weighed.commands, weighed.attempts, weighed.view) == (None, None, None)


def test_stays_are_measured_where_the_time_of_entry_is_known() -> None:
    before = begun(Parcel()).instance
    assert before.snapshot is not None
    taken = step(ParcelFlow.definition, before.snapshot, Print(), LATER)
    assert advance(before, taken, turn(LATER)).stays == (("desk.open", LATER - NOW),)
