"""A plan is checked for every reachable configuration."""

from __future__ import annotations

import pytest

from statehold import (
    Compound,
    Final,
    History,
    Machine,
    Parallel,
    State,
    Upgrade,
    active,
    on,
)
from statehold.errors import DefinitionError
from statehold.upgrade.plan import plan
from tests.unit.upgrade.orders import Back, Go, One, Order, audit, planned, problems


def test_every_problem_is_reported_at_once() -> None:
    class New(Machine[Order], name="order", version=2):
        waiting = State(initial=True)
        over = Final()
        go = on(Go, waiting >> over)

    found = problems(
        One,
        New,
        states={"offering": "wating", "nowhere": "waiting"},
        effects={"unknown": None, "offer": "gone"},
    )
    audit = "audit may be in flight in any state, and version 2 has no effect 'audit'"
    cooking = "instances can be in cooking, which version 2 does not have"
    assert found == [
        "upgrade from version 1, states['offering']: version 2 has no state 'wating'",
        "upgrade from version 1, states['nowhere']: version 1 has no state 'nowhere'",
        "upgrade from version 1, effects['unknown']: version 1 asks for no effect 'unknown'",
        "upgrade from version 1, effects['offer']: version 2 has no effect 'gone'",
        f"upgrade from version 1, effect audit: {audit}",
        f"upgrade from version 1, state cooking: {cooking}",
    ]


def test_states_that_no_instance_can_be_in_need_no_mapping() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        unreachable = State()
        end = Final()
        go = on(Go, a >> end)
        leave = on(Go, unreachable >> end)

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(1),)

    assert planned(Old, New).configurations == {("a",): ("a",)}


def test_a_combination_that_would_be_illegal_is_shown() -> None:
    class Old(Machine[Order], name="order", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                x = State(initial=True)
                y = State()
                go = on(Go, x >> y)

            class right(Compound):
                u = State(initial=True)

    class New(Machine[Order], name="order", version=2):
        first = State(initial=True)
        second = State()
        go = on(Go, first >> second)

    states = {"both.left.x": "first", "both.left.y": "second", "both.right.u": "first"}
    message = (
        "an instance in (both.left.y, both.right.u) would have no legal state: first (from "
        "both.right.u) and second (from both.left.y) can't be active together"
    )
    assert problems(Old, New, states=states) == [f"upgrade from version 1: {message}"]


def test_a_state_can_not_be_mapped_to_a_history_state() -> None:
    class New(Machine[Order], name="order", version=2):
        class offering(Compound, initial=True):
            inner = State(initial=True)
            was = History()

        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        back = on(Back, cooking >> offering.was)

    assert problems(One, New, states={"cooking": "offering.was"}) == [
        (
            "upgrade from version 1, states['cooking']: a history state can only be mapped to one, "
            "and nothing else to it: offering.was"
        )
    ]


def test_an_upgrade_from_another_version_or_machine_is_refused() -> None:
    class Other(Machine[Order], name="other", version=1):
        offering = State(initial=True)

    chart = One.definition.chart
    with pytest.raises(DefinitionError) as raised:
        plan(
            chart,
            Other.definition,
            Upgrade(3, effects={"audit": None}, states={"cooking": "offering"}),
        )
    assert [p.message for p in raised.value.problems] == [
        "the old chart is of machine 'order'",
        "the old chart has version 1",
        "version 1 is not below version 1",
    ]


def test_a_new_required_field_needs_a_data_function() -> None:
    class Strict(Order):
        tip: int

    class New(Machine[Strict], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)

    assert problems(One, New) == [
        (
            "upgrade from version 1, data: field 'tip' is required, and the data of version 1 does "
            "not have it"
        )
    ]
    plan(One.definition.chart, New.definition, Upgrade(1, data=lambda old: {**old, "tip": 0}))


def test_where_the_search_is_cut_short_each_state_is_checked_instead() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        go = on(Go, a >> b)
        on_ = on(Go, b >> c)

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)
        b = State()
        go = on(Go, a >> b)

    old = Old.definition.chart
    with pytest.raises(DefinitionError, match="instances can be in c"):
        plan(old, New.definition, Upgrade(1), limit=1)
    found = plan(old, New.definition, Upgrade(1, states={"c": "b"}), limit=1)
    assert not found.complete
    # what was not found beforehand is worked out when an instance turns up in it
    assert found.move(("c",)).leaves == ("b",)


def test_guards_on_the_old_chart_do_not_matter_to_the_check() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        b = State()
        go = on(Go, a >> b, when=active(b))

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)

    # b can't be entered: In(b) is a matter of structure, not of data
    plan(Old.definition.chart, New.definition, Upgrade(1))
