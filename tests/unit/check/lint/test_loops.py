"""Checks for eventless loops."""

from __future__ import annotations

from typing import Any

from statehold import (
    Context,
    Final,
    Machine,
    State,
    always,
    on,
)
from statehold.check.lint.findings import findings
from tests.unit.check.lint.flows import Data, Go, Stop, add, codes, is_big, only


def is_small(data: Data) -> bool:
    return data.total <= 10


def is_even(data: Data) -> bool:
    return data.total % 2 == 0


def circling(there: Any, back: Any, do: Any = None) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = always(one >> two, when=there, do=do)
        turn = always(two >> one, when=back)
        end = on(Stop, (one | two) >> over)

    return Flow


def test_guards_that_can_hold_together_let_a_step_go_round_for_ever() -> None:
    found = only(circling(is_big, is_even))
    assert found.code == "endless-eventless"
    assert "total = 12" in found.message


def test_guards_that_exclude_each_other_end_the_round() -> None:
    assert findings(circling(is_big, is_small)) == ()


def test_a_round_that_changes_the_data_may_come_to_its_end() -> None:
    assert findings(circling(is_small, is_even, add)) == ()


def test_an_event_that_raises_itself_goes_round_for_ever() -> None:
    def again(data: Data, event: Go, context: Context) -> None:
        context.raise_(Go())

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        go = on(Go, here, do=again)
        end = on(Stop, here >> over)

    found = only(Flow)
    assert (found.code, found.place) == ("endless-eventless", "go")


def test_two_events_that_raise_each_other_go_round_unless_a_state_is_left() -> None:
    def to_stop(data: Data, event: Go, context: Context) -> None:
        context.raise_(Stop())

    def to_go(data: Data, event: Stop, context: Context) -> None:
        context.raise_(Go())

    class Round(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        go = on(Go, one >> two, do=to_stop)
        stop = on(Stop, two >> one, do=to_go)

    class Ends(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = on(Go, one >> two, do=to_stop)
        stop = on(Stop, two >> over, do=to_go)

    assert codes(Round) == ["endless-eventless"]
    assert findings(Ends) == ()
