"""Timers over an upgrade: the same name, what the upgrade says, and never a guess."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Raw
from pydantic import BaseModel

from statehold import (
    Compound,
    DefinitionError,
    Event,
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
from statehold.chart.event import NamedEvent
from statehold.engine import Engine, Puts
from statehold.errors import DocumentRefused
from statehold.formats.native import read_native
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Timer
from statehold.interpreter.step import start, step
from statehold.store import StoredChart, StoredDocument
from statehold.stores import Memory, MemoryStore
from statehold.upgrade.carry import Carried, CarryFailed, Stored, carry
from statehold.upgrade.plan import UpgradePlan, plan

NOW = datetime(2030, 5, 1, tzinfo=UTC)
LATER = NOW + minutes(1)


class Data(BaseModel):
    n: int = 0


class Go(Event):
    pass


class One(Machine[Data], name="m", version=1):
    waiting = State(initial=True)
    busy = State()
    end = Final()
    go = on(Go, waiting >> busy)
    lapse = after(minutes(10), waiting >> end)
    remind = after(minutes(3), waiting)


def planned(old: Any, new: Any, **how: Any) -> UpgradePlan:
    return plan(old.definition.chart, new.definition, new.definition.upgrades[0], **how)


def carried(old: Any, new: Any, *events: str, **how: Any) -> Carried:
    """One minute after its start, and after these events."""
    machine = old.definition
    snapshot = start(machine, machine.data.parse("{}"), NOW).snapshot
    for name in events:
        snapshot = step(machine, snapshot, NamedEvent(name), NOW).snapshot
    stored = Stored(
        snapshot.state,
        snapshot.seq,
        "i",
        Raw(machine.data.dump(snapshot.data)),
        dict(snapshot.history),
        snapshot.timers,
        (),
        (),
    )
    program = compile_program(new.definition)
    return carry(planned(old, new, **how), stored, LATER, program.configuration)


def dues(found: Carried) -> dict[str, timedelta]:
    return {timer.id: timer.due - NOW for timer in found.snapshot.timers}


def refused(old: Any, new: Any) -> str:
    with pytest.raises(DefinitionError) as raised:
        planned(old, new)
    return "\n".join(f"{p.place}: {p.message} | {p.hint}" for p in raised.value.problems)


# --- by name -----------------------------------------------------------------------------------


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


# --- never by guess ----------------------------------------------------------------------------


class Renamed(Machine[Data], name="m", version=2):
    waiting = State(initial=True)
    busy = State()
    end = Final()
    go = on(Go, waiting >> busy)
    lapse = after(minutes(10), waiting >> end)
    escalate = after(minutes(30), waiting)
    upgrades = (Upgrade(1),)


def test_the_last_rule_left_on_either_side_is_not_taken_for_the_same() -> None:
    told = refused(One, Renamed)
    assert told == (
        "upgrade from version 1, timer remind: instances in (waiting) have the timer remind, "
        "which may have become escalate or be gone | say which: "
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
    assert "it is dropped, and what is new starts anew" in warning.message
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
    assert warning.hint == "if that is meant, say timers={'remind': None}"
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
    told = [f"{p.place}: {p.message} | {p.hint}" for p in raised.value.problems]
    place, there = "upgrade from version 1, timers", "it has escalate, lapse"
    assert told[:2] == [
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


# --- machines as data ----------------------------------------------------------------------------

FIRST = """
statehold: 1
name: ticket
version: 1
events: {Close: {}}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  close: {on: Close, from: open, to: closed}
  lapse: {after: 10m, from: open, to: closed}
  remind: {after: 3m, from: open}
"""
SECOND = FIRST.replace("version: 1", "version: 2").replace("remind:", "escalate:") + (
    "upgrades:\n  - from: 1\n"
)
SAYS = SECOND + "    timers: {remind: escalate}\n"
DROPS = SECOND + "    timers: {remind: null}\n"


def test_a_document_says_what_becomes_of_its_timers() -> None:
    first = read_native(FIRST).definition
    kept = read_native(SAYS).definition
    assert kept.upgrades[0].timers == {"remind": "escalate"}
    assert set(dues(carried(first, kept)).values()) == {minutes(10), minutes(3)}
    dropped = read_native(DROPS).definition
    assert dues(carried(first, dropped)) == {"lapse": minutes(10), "escalate": minutes(4)}


@pytest.mark.anyio
async def test_a_put_that_would_have_to_guess_is_refused_and_changes_nothing() -> None:
    async with Engine(MemoryStore(Memory()), [], puts=Puts()) as engine:
        await engine.put(FIRST)
        with pytest.raises(DocumentRefused) as refused:
            await engine.put(SECOND)
        assert "which may have become escalate" in refused.value.problems[0].message
        assert engine.machines["ticket"].definition.version == 1
        report = await engine.put(SAYS)
        assert report.added
        assert "upgrade-drops-timer" not in {finding.code for finding in report.findings}


@pytest.mark.anyio
async def test_a_put_that_drops_a_timer_says_so() -> None:
    async with Engine(MemoryStore(Memory()), [], puts=Puts()) as engine:
        await engine.put(FIRST)
        gone = SECOND.replace("  escalate: {after: 3m, from: open}\n", "")
        found = {finding.code: finding for finding in (await engine.put(gone)).findings}
        finding = found["upgrade-drops-timer"]
        assert finding.severity == "warning"
        assert "timer remind" in finding.place


@pytest.mark.anyio
async def test_a_document_that_relied_on_guessing_still_opens_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [], puts=Puts()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
    store = MemoryStore(memory)
    document = StoredDocument("ticket", 2, "native", SECOND.encode(), NOW)
    async with Engine(store, [], puts=Puts()) as engine:
        await store.add_document(document, 100)
    with caplog.at_level(logging.WARNING):
        async with Engine(MemoryStore(memory), [], puts=Puts()) as engine:
            assert engine.machines["ticket"].definition.version == 2
            assert (await engine.upgrade("ticket")).upgraded == 1
            assert (await engine.read("ticket", "t-1")).version == 2
    assert "which may have become escalate" in caplog.text


# --- classes in an engine ------------------------------------------------------------------------


@pytest.mark.anyio
async def test_an_engine_does_not_start_with_a_version_that_would_have_to_guess(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [One]) as engine:
        await engine.start(One, "i")
    with pytest.raises(DefinitionError, match="which may have become escalate"):
        async with Engine(MemoryStore(memory), [Renamed]):
            pass
    async with Engine(MemoryStore(memory), [One]) as engine:
        assert (await engine.read(One, "i")).version == 1
    assert "which may have become" not in caplog.text


@pytest.mark.anyio
async def test_a_version_that_runs_already_opens_and_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [Renamed]):
        # as after releases that guessed: both versions are stored
        memory.charts["m"][1] = StoredChart("m", 1, One.chart.to_json(), NOW)
    async with Engine(MemoryStore(memory), [Renamed]):
        pass
    assert "which may have become escalate" in caplog.text
