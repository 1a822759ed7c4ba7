"""Rules of every kind as others see them: drawn, searched, scripted, upgraded, exported, run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    always,
    anywhere,
    child,
    effect,
    hours,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
)
from statehold.check.explore.explore import explore
from statehold.check.simulate.paths import paths
from statehold.check.simulate.script import ExpectStep, FailStep, Script, SendStep, SucceedStep
from statehold.check.simulate.simulate import play
from statehold.formats.dot import to_dot
from statehold.formats.mermaid import to_mermaid
from statehold.formats.notation import Offered
from statehold.formats.read import read_document
from statehold.formats.write import write_document
from statehold.store import Query
from statehold.testing import EngineKit
from statehold.upgrade.move import invoke_pairs
from tests.unit.upgrade.timed import Data as Timed
from tests.unit.upgrade.timed import Go, carried, dues, planned

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Part(BaseModel):
    n: int = 0


class Finish(Event):
    pass


class Kid(Machine[Part], name="kid", version=1):
    a = State(initial=True)
    b = Final(output=lambda part: part.n)
    go = on(Finish, a >> b)


class Data(BaseModel):
    got: int | None = None
    first: int | None = None
    second: int | None = None
    moves: int = 0


class Next(Event):
    pass


class Skip(Event):
    pass


class Cancel(Event):
    pass


@effect(attempts=1)
async def ask(data: Data) -> int:
    return 1


def count(data: Data) -> None:
    data.moves = min(data.moves + 1, 9)


def has_both(data: Data) -> bool:
    return data.first is not None and data.second is not None


left = child(Kid, id="left", input=lambda data: Part(n=1))
right = child(Kid, id="right", input=lambda data: Part(n=2))


class Flow(Machine[Data, Next | Skip | Cancel], name="flow", version=1):
    cancelled = Final()

    class form(Compound, initial=True):
        one = State(initial=True)
        two = State(invoke=ask)
        failed = Final()
        good = Final()
        next = on((Next, Skip), one >> two)
        cancel = on(Cancel, one >> (lambda: Flow.cancelled))
        bad = on_failure(ask, two >> failed)
        fine = on_result(ask, two >> good, into="got")
        back = on(Skip, anywhere >> one)

    both = State(invoke=(left, right))
    rejected = Final()
    over = Final()
    fail = on(Cancel, anywhere >> cancelled)
    late = after(minutes(5), anywhere >> cancelled)
    refuse = on_done(form.failed >> rejected)
    split = on_done(form >> both)
    first_came = on_result(left, both, into="first")
    second_came = on_result(right, both, into="second")
    join = always(both >> over, when=has_both)
    broke = on_failure(Kid, both >> cancelled)

    do = count


def test_drawings_say_what_rules_say() -> None:
    for drawing in (to_mermaid(Flow.chart), to_dot(Flow.chart).replace("\\n", " ")):
        for words in (
            "Next or Skip",
            "got = result, count",
            "in form.failed",
            "on result of left",
            "on result of right",
            "on failure of left or on failure of right",
            "machine kid as left",
            "machine kid as right",
            "after 5 minutes",
        ):
            assert words in drawing, words


def test_a_search_takes_every_rule_and_ends_either_child_first() -> None:
    found = explore(Flow)
    assert found.never_taken == ()
    assert not any("of which a later one ends first" in line for line in found.space.left_out)
    orders = {
        (place.point.snapshot.data.first is None, place.point.snapshot.data.second is None)
        for place in found.space.nodes
        if place.point.snapshot.state == ("both",)
    }
    assert orders == {(True, True), (True, False), (False, True)}
    witness = found.shortest("over")
    assert witness is not None
    assert play(Flow, witness.script).check().state == ("over",)


def test_a_script_ends_one_of_two_children_by_its_id() -> None:
    steps = (
        SendStep({"type": "Next"}),
        SucceedStep("ask", 3),
        SucceedStep("right", 5),
        ExpectStep(("both",), data={"got": 3, "first": None, "second": 5, "moves": 4}),
        FailStep("both/left"),
        ExpectStep(("cancelled",), done=True),
    )
    assert play(Flow, Script("flow", steps)).check().state == ("cancelled",)


def test_paths_that_take_every_rule_are_found() -> None:
    found = {path.transition: path for path in paths(Flow)}
    assert all(path.script is not None for path in found.values()), found
    for path in found.values():
        assert path.script is not None
        play(Flow, path.script).check()


def offered() -> Offered:
    functions = {name: one.call for name, one in Flow.definition.functions.items()}
    return Offered(functions, Flow.definition.effects, {"kid": Kid})


def test_scxml_has_the_same_rules() -> None:
    written = write_document(Flow, "scxml").text
    chart = read_document(written, offered(), notation="scxml").definition.chart
    assert 'event="Next Skip"' in written
    wanted = [(t.source, t.targets, t.trigger.events) for t in Flow.chart.transitions]
    found = [(t.source, t.targets, t.trigger.events) for t in chart.transitions]
    assert sorted(found) == sorted(wanted)
    # the end by one state is asked for before the end by any
    assert [t.targets for t in chart.transitions if t.trigger.kind == "done"] == [
        ("rejected",),
        ("both",),
    ]


def test_xstate_gives_the_same_rules_back() -> None:
    text = write_document(Flow, "xstate").text
    chart = read_document(text, offered(), notation="xstate").definition.chart
    assert chart.states == Flow.chart.states
    assert chart.transitions == Flow.chart.transitions


@pytest.mark.anyio
async def test_an_engine_runs_two_children_of_a_machine() -> None:
    async with EngineKit(Flow, Kid) as kit:
        await kit.start(Flow, "f")
        await kit.send(Flow, "f", Next())
        await kit.settle()
        kids = [one.id for one in (await kit.engine.list(Query("kid"))).instances]
        assert len(kids) == 2
        for kid in kids:
            await kit.send(Kid, kid, Finish())
        await kit.settle()
        reply = await kit.read(Flow, "f")
        assert reply.state == ["over"]
        assert (reply.view.first, reply.view.second) == (1, 2)


# --- upgrades ---


def test_a_timer_of_several_states_goes_on_from_anywhere() -> None:
    class One(Machine[Timed], name="m", version=1):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        lapse = after(minutes(10), (a | b) >> end)

    class Two(Machine[Timed], name="m", version=2):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        lapse = after(hours(1), anywhere >> end)
        upgrades = (Upgrade(1),)

    class Renamed(Machine[Timed], name="m", version=2):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        give_up = after(hours(1), anywhere >> end)
        upgrades = (Upgrade(1, timers={"lapse": give_up}),)

    class Exact(Machine[Timed], name="m", version=2):
        a = State(initial=True)
        b = State()
        end = Final()
        go = on(Go, a >> b)
        give_up = after(hours(1), anywhere >> end)
        upgrades = (Upgrade(1, timers={"lapse[a]": give_up, "lapse[b]": give_up}),)

    assert {t.id for t in One.chart.transitions} == {"go", "lapse[a]", "lapse[b]"}
    for new, name in ((Two, "lapse"), (Renamed, "give_up"), (Exact, "give_up")):
        assert planned(One, new).warnings == ()
        assert dues(carried(One, new)) == {name: minutes(10)}
        assert dues(carried(One, new, "Go")) == {name: minutes(10)}


def test_children_are_carried_over_by_their_ids() -> None:
    def invokes(*ids: str) -> Any:
        class M(Machine[Timed], name="m", version=1):
            a = State(initial=True, invoke=tuple(child(Kid, id=id) for id in ids))

        return M.chart.states[1].invokes

    def paired(old: tuple[str, ...], new: tuple[str, ...]) -> dict[str, str]:
        pairs = invoke_pairs(invokes(*old), invokes(*new), {})
        return {mine.id: its.id for mine, its in pairs}

    assert paired(("left", "right"), ("right", "left")) == {
        "a/left": "a/left",
        "a/right": "a/right",
    }
    assert paired(("left", "right"), ("right",)) == {"a/right": "a/right"}
    assert paired(("left", "right"), ("x", "left")) == {"a/left": "a/left", "a/right": "a/x"}
    assert paired(("one", "two"), ("three", "four")) == {"a/one": "a/three", "a/two": "a/four"}
