"""Timers over an upgrade: kept by name or as the upgrade says, never guessed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    Compound,
    DefinitionError,
    Final,
    Machine,
    Parallel,
    State,
    Upgrade,
    after,
    hours,
    minutes,
    on,
)
from statehold.interpreter.snapshot import Timer
from statehold.interpreter.step import start
from statehold.upgrade.carry import CarryFailed
from statehold.upgrade.plan import plan
from tests.unit.upgrade.timed import NOW, Data, Go, One, Renamed, carried, dues, planned, refused


def test_a_timer_of_a_renamed_state_keeps_its_moment_whatever_its_delay_is_now() -> None:
    class Two(Machine[Data], name="m", version=2):
        open = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, open >> busy)
        lapse = after(hours(5), open >> end)
        remind = after(lambda data: hours(1), open)
        upgrades = (Upgrade(1, states={"waiting": open}),)

    assert planned(One, Two).warnings == ()
    assert dues(carried(One, Two)) == {"lapse": minutes(10), "remind": minutes(3)}


def test_a_rule_that_moved_to_a_state_around_keeps_its_timer() -> None:
    class Two(Machine[Data], name="m", version=2):
        class asking(Compound, initial=True):
            waiting = State(initial=True)
            chasing = State()
            chase = on(Go, waiting >> chasing)
            remind = after(minutes(3), waiting)

        busy = State()
        end = Final()
        go = on(Go, asking >> busy)
        lapse = after(minutes(20), asking >> end)
        upgrades = (Upgrade(1, states={"waiting": asking.waiting}),)

    assert planned(One, Two).warnings == ()
    assert dues(carried(One, Two)) == {"lapse": minutes(10), "asking.remind": minutes(3)}


class Around(Machine[Data], name="m", version=1):
    class asking(Compound, initial=True):
        waiting = State(initial=True)
        chasing = State()
        chase = on(Go, waiting >> chasing)

    end = Final()
    lapse = after(minutes(10), asking >> end)


def test_a_rule_that_moved_to_a_state_below_keeps_its_timer_where_that_is_active() -> None:
    class Two(Machine[Data], name="m", version=2):
        class asking(Compound, initial=True):
            waiting = State(initial=True)
            chasing = State()
            chase = on(Go, waiting >> chasing)

        end = Final()
        lapse = after(minutes(20), asking.waiting >> end)
        upgrades = (Upgrade(1),)

    assert dues(carried(Around, Two)) == {"lapse": minutes(10)}
    assert dues(carried(Around, Two, "Go")) == {}
    (warning,) = planned(Around, Two).warnings
    assert "asking.chasing" in warning.message
    assert "lapse" in warning.place


def test_the_timer_of_a_state_that_was_dissolved_goes_on_with_what_was_in_it() -> None:
    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        chasing = State()
        end = Final()
        chase = on(Go, waiting >> chasing)
        lapse = after(minutes(20), (waiting | chasing) >> end)
        upgrades = (Upgrade(1, states={"asking.waiting": waiting, "asking.chasing": chasing}),)

    assert dues(carried(Around, Two)) == {"lapse[waiting]": minutes(10)}
    assert dues(carried(Around, Two, "Go")) == {"lapse[chasing]": minutes(10)}


def test_the_nearest_of_two_rules_of_one_name_wins() -> None:
    class Old(Machine[Data], name="m", version=1):
        class outer(Compound, initial=True):
            class inner(Compound, initial=True):
                leaf = State(initial=True)
                lapse = after(minutes(10), leaf)

            lapse = after(minutes(20), inner)

    class New(Machine[Data], name="m", version=2):
        class outer(Compound, initial=True):
            class inner(Compound, initial=True):
                leaf = State(initial=True)
                lapse = after(minutes(1), leaf)

        lapse = after(minutes(2), outer)
        upgrades = (Upgrade(1),)

    assert dues(carried(Old, New)) == {"outer.inner.lapse": minutes(10), "lapse": minutes(20)}


def test_timers_of_regions_stay_in_their_regions() -> None:
    class Old(Machine[Data], name="m", version=1):
        class p(Parallel, initial=True):
            class x(Compound):
                a = State(initial=True)
                lapse = after(minutes(10), a)

            class y(Compound):
                a = State(initial=True)
                lapse = after(minutes(20), a)

        lapse = after(minutes(30), p)

    class New(Machine[Data], name="m", version=2):
        class p(Parallel, initial=True):
            class y(Compound):
                a = State(initial=True)
                lapse = after(minutes(2), a)

            class x(Compound):
                a = State(initial=True)
                lapse = after(minutes(1), a)

        lapse = after(minutes(3), p)
        upgrades = (Upgrade(1),)

    assert dues(carried(Old, New)) == {
        "p.x.lapse": minutes(10),
        "p.y.lapse": minutes(20),
        "lapse": minutes(30),
    }


def test_the_last_rule_left_on_either_side_is_not_taken_for_the_same() -> None:
    message = refused(One, Renamed)
    assert message == (
        "upgrade from version 1, timer remind: instances in (waiting) have the timer remind, "
        "which may have become escalate or be gone | map it: "
        "timers={'remind': 'escalate'}; None drops it"
    )


@pytest.mark.parametrize("target", ["escalate", None])
def test_the_upgrade_says_what_became_of_a_renamed_rule(target: str | None) -> None:
    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(10), waiting >> end)
        escalate = after(minutes(30), waiting)
        upgrades = (Upgrade(1, timers={"remind": escalate if target else None}),)

    assert planned(One, Two).warnings == ()
    due = minutes(3) if target else minutes(31)
    assert dues(carried(One, Two)) == {"lapse": minutes(10), "escalate": due}


def test_what_the_upgrade_says_comes_before_the_name() -> None:
    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(9), waiting >> end)
        remind = after(minutes(8), waiting)
        upgrades = (Upgrade(1, timers={"lapse": remind, "remind": lapse}),)

    assert dues(carried(One, Two)) == {"remind": minutes(10), "lapse": minutes(3)}


def test_a_timer_that_becomes_one_of_a_state_that_is_not_active_is_a_warning() -> None:
    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(10), waiting >> end)
        nag = after(minutes(3), busy)
        upgrades = (Upgrade(1, timers={"remind": nag}),)

    (warning,) = planned(One, Two).warnings
    assert "becomes nag: its state is not active there" in warning.message
    assert "timers={'remind': None}" in warning.hint
    assert dues(carried(One, Two)) == {"lapse": minutes(10)}


def test_two_timers_that_become_one_are_a_warning() -> None:
    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        only = after(minutes(10), waiting >> end)
        upgrades = (Upgrade(1, timers={"remind": only, "lapse": only}),)

    (warning,) = planned(One, Two).warnings
    assert "the timer remind, which becomes only" in warning.message
    assert dues(carried(One, Two)) == {"only": minutes(10)}


def test_a_version_that_was_shipped_drops_the_timer_and_warns() -> None:
    (warning,) = planned(One, Renamed, shipped=True).warnings
    assert "it is dropped, and the new one starts" in warning.message
    found = carried(One, Renamed, shipped=True)
    assert dues(found) == {"lapse": minutes(10), "escalate": minutes(31)}
    assert found.notes["timers"]["dropped"] == ["remind"]


def test_a_rule_that_is_gone_is_a_warning_and_silent_once_it_is_said() -> None:
    class Gone(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(10), waiting >> end)
        upgrades = (Upgrade(1),)

    (warning,) = planned(One, Gone).warnings
    assert "no counterpart" in warning.message
    assert warning.hint == "if that is intended, set timers={'remind': None}"
    said = plan(One.chart, Gone.definition, Upgrade(1, timers={"remind": None}))
    assert said.warnings == ()


def test_a_rule_of_another_state_is_no_candidate() -> None:
    class Elsewhere(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(10), waiting >> end)
        escalate = after(minutes(30), busy)
        upgrades = (Upgrade(1),)

    (warning,) = planned(One, Elsewhere).warnings
    assert "no counterpart" in warning.message


def test_a_rule_that_only_comes_to_be_is_no_finding_and_counts_from_the_upgrade() -> None:
    class More(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        end = Final()
        go = on(Go, waiting >> busy)
        lapse = after(minutes(10), waiting >> end)
        remind = after(minutes(3), waiting)
        escalate = after(minutes(30), waiting)
        upgrades = (Upgrade(1),)

    assert planned(One, More).warnings == ()
    assert dues(carried(One, More))["escalate"] == minutes(31)


def test_a_timer_of_several_sources_is_mapped_by_its_rule_or_by_one_source() -> None:
    class Old(Machine[Data], name="m", version=1):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        lapse = after(minutes(10), (a | b) >> end)

    class New(Machine[Data], name="m", version=2):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        give_up = after(minutes(20), (a | b) >> end)

    def due(*events: str, **timers: Any) -> dict[str, timedelta]:
        New.definition.upgrades = (Upgrade(1, timers=timers["timers"]),)
        return dues(carried(Old, New, *events))

    by_rule = {"lapse": "give_up"}
    assert due(timers=by_rule) == {"give_up[a]": minutes(10)}
    assert due("Go", timers=by_rule) == {"give_up[b]": minutes(10)}
    by_source = {"lapse[a]": "give_up[a]", "lapse[b]": None}
    assert due(timers=by_source) == {"give_up[a]": minutes(10)}
    assert due("Go", timers=by_source) == {"give_up[b]": minutes(21)}


def test_names_that_neither_chart_has_are_refused() -> None:
    upgrade = Upgrade(1, timers={"remindd": "escalate", "remind": "escalated"})
    with pytest.raises(DefinitionError) as raised:
        plan(One.chart, Renamed.definition, upgrade)
    messages = [f"{p.place}: {p.message} | {p.hint}" for p in raised.value.problems]
    place, there = "upgrade from version 1, timers", "it has escalate, lapse"
    assert messages[:2] == [
        f"{place}['remindd']: version 1 has no timer 'remindd' | it has lapse, remind",
        f"{place}['remind']: version 2 has no timer 'escalated' | {there}; None drops it",
    ]


def test_a_rule_of_another_machine_is_refused_with_the_class() -> None:
    elsewhere = after(minutes(1), State())
    with pytest.raises(DefinitionError, match="a rule of no name"):

        class Two(Machine[Data], name="m", version=2):
            waiting = State(initial=True)
            upgrades = (Upgrade(1, timers={"remind": elsewhere}),)


def test_where_the_instance_ends_nothing_is_lost() -> None:
    class Ends(Machine[Data], name="m", version=2):
        waiting = Final()
        busy = State(initial=True)
        upgrades = (Upgrade(1),)

    assert planned(One, Ends).warnings == ()


def test_two_states_that_become_one_keep_the_first_of_their_timers() -> None:
    class Old(Machine[Data], name="m", version=1):
        class p(Parallel, initial=True):
            x = State()
            y = State()
            lapse = after(minutes(10), (x | y))

    class New(Machine[Data], name="m", version=2):
        both = State(initial=True)
        lapse = after(minutes(10), both)
        upgrades = (Upgrade(1, states={"p.x": both, "p.y": both, "p": both}),)

    machine = Old.definition
    assert [t.id for t in start(machine, Data(), NOW).snapshot.timers] == [
        "p.lapse[x]",
        "p.lapse[y]",
    ]
    assert planned(Old, New).warnings == ()
    assert carried(Old, New).snapshot.timers == (Timer("lapse", "both", NOW + minutes(10)),)


def test_a_data_function_that_gives_a_coroutine_fails_the_instance() -> None:
    async def later(data: Any) -> Any:
        return data

    class Two(Machine[Data], name="m", version=2):
        waiting = State(initial=True)
        busy = State()
        lapse = after(minutes(10), waiting)
        remind = after(minutes(3), waiting)
        upgrades = (Upgrade(1, data=lambda data: later(data)),)

    with pytest.raises(CarryFailed, match="it gave a coroutine"):
        carried(One, Two)
