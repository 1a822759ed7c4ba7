"""Which configurations can be reached, found without running the machine's functions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from pydantic import BaseModel

from statehold import (
    AnyEvent,
    Compound,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    State,
    active,
    after,
    always,
    effect,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
)
from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition, Function
from statehold.chart.model import Chart, Delay, Guard
from statehold.check.explore.explore import reachable
from statehold.errors import StepFailed
from statehold.interpreter.snapshot import InFlight, Snapshot, Timer
from statehold.interpreter.step import start, step
from tests.conformance.named_functions import EPOCH, Data, define
from tests.conformance.random_charts import Stimulus, machines, stimuli


class Go(Event):
    pass


class Back(Event):
    pass


class Order(BaseModel):
    n: int = 0


def is_open(order: Order) -> bool:
    return order.n > 0


def count(order: Order) -> None:
    order.n += 1


@effect(attempts=2)
async def charge(order: Order) -> None: ...


def of(machine: Any) -> set[tuple[str, ...]]:
    found = reachable(machine.definition.chart)
    assert found.complete
    return set(found.configurations)


def test_guards_answer_both_ways() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        first = on(Go, a >> b, when=is_open)
        second = on(Go, a >> c)

    assert of(Flow) == {("a",), ("b",), ("c",)}


def test_a_state_that_no_transition_leads_to_is_not_found() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        nowhere = State()
        go = on(Go, a >> b)
        leave = on(Go, nowhere >> a)

    assert of(Flow) == {("a",), ("b",)}


def test_a_transition_that_an_unguarded_one_always_precedes_is_not_followed() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        first = on(Go, a >> b)
        second = on(Go, a >> c)

    assert of(Flow) == {("a",), ("b",)}


def test_effects_succeed_and_fail_only_while_their_state_is_active() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        idle = State(initial=True)
        charging = State(invoke=charge)
        paid = State()
        refused = State()
        go = on(Go, idle >> charging)
        well = on_result(charge, charging >> paid)
        ill = on_failure(charge, charging >> refused)

    assert of(Flow) == {("idle",), ("charging",), ("paid",), ("refused",)}


def test_a_detached_effect_may_come_back_in_any_state() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        idle = State(initial=True)
        waiting = State()
        paid = State()
        go = on(Go, idle >> waiting, do=charge)
        early = on_result(charge, idle >> paid)

    assert ("paid",) in of(Flow)


def test_timers_fire_and_any_event_takes_what_has_no_line_of_its_own() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        d = State()
        lapse = after(minutes(1), a >> b)
        go = on(Go, a >> c)
        other = on(AnyEvent, a >> d)
        back = on(Back, c >> a)

    assert of(Flow) == {("a",), ("b",), ("c",), ("d",)}


def test_a_state_left_at_once_is_no_place_to_rest_and_one_left_under_a_guard_is() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        passing = State()
        fork = State()
        left = State()
        right = State()
        go = on(Go, a >> passing)
        on_ = always(passing >> fork)
        decide = always(fork >> left, when=is_open)
        back = on(Go, fork >> right)

    assert of(Flow) == {("a",), ("fork",), ("left",), ("right",)}


def test_regions_are_combined_and_their_completion_is_followed() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        class both(Parallel, initial=True):
            class one(Compound):
                x = State(initial=True)
                y = Final()
                go = on(Go, x >> y)

            class two(Compound):
                u = State(initial=True)
                v = Final()
                back = on(Back, u >> v)

        after_both = State()
        finish = on_done(both >> after_both)

    assert of(Flow) == {
        ("both.one.x", "both.two.u"),
        ("both.one.y", "both.two.u"),
        ("both.one.x", "both.two.v"),
        ("after_both",),
    }


def test_the_done_transition_of_a_state_that_never_ends_is_not_followed() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        class work(Compound, initial=True):
            x = State(initial=True)
            y = State()
            never = Final()
            go = on(Go, x >> y)

        over = State()
        finish = on_done(work >> over)

    assert of(Flow) == {("work.x",), ("work.y",)}


def test_history_brings_back_only_what_was_left() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        class work(Compound, initial=True):
            x = State(initial=True)
            y = State()
            z = State()
            was = History()
            go = on(Go, x >> y)

        rest = State()
        away = State()
        pause = on(Back, work >> rest)
        resume = on(Back, rest >> work.was)
        leave = on(Go, rest >> away)

    assert of(Flow) == {("work.x",), ("work.y",), ("rest",), ("away",)}


def test_an_event_raised_by_an_action_may_come_before_a_completion() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        class work(Compound, initial=True):
            x = State(initial=True)
            y = Final()
            go = on(Go, x >> y, do=count)

        over = State()
        stopped = State()
        finish = on_done(work >> over)
        stop = on(Back, work >> stopped, when=active(work.y))

    # y itself is never rested in, but Back may be queued ahead of work's completion
    assert of(Flow) == {("work.x",), ("over",), ("stopped",)}


def test_an_ended_instance_is_among_what_is_found_and_goes_nowhere() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        end = Final()
        go = on(Go, a >> end)

    assert of(Flow) == {("a",), ("end",)}


def test_a_search_that_hits_its_limit_says_so() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        go = on(Go, a >> b)
        on_ = on(Go, b >> c)

    found = reachable(Flow.definition.chart, limit=2)
    assert not found.complete
    assert found.configurations == {("a",), ("b",)}


def test_a_chart_of_many_states_that_never_rests_ends_the_search() -> None:
    class Flow(Machine[Order], name="flow", version=1):
        a = State(initial=True)
        b = State()
        there = always(a >> b)
        back = always(b >> a)

    assert reachable(Flow.definition.chart).configurations == frozenset()


# --- against the interpreter ---------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    """Random charts go round in circles, and there is nothing to learn from going on."""
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.macrostep"], "MICROSTEP_LIMIT", 50)
        yield


_relaxed = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


@_relaxed
@given(machines(), stimuli())
def test_no_instance_ever_rests_where_the_search_did_not(
    machine: Definition[Data], history: list[Stimulus]
) -> None:
    found = reachable(machine.chart)
    assume(found.complete)
    try:
        snapshot = start(machine, Data(), EPOCH).snapshot
    except StepFailed:
        return
    assert snapshot.state in found.configurations
    now = EPOCH
    for stimulus in history:
        now += timedelta(seconds=1)
        try:
            event = event_of(stimulus, snapshot)
            snapshot = step(machine, snapshot, event, now, roles=stimulus.roles).snapshot
        except StepFailed:
            continue
        assert snapshot.state in found.configurations


def event_of(stimulus: Stimulus, snapshot: Snapshot[Data]) -> Any:
    if stimulus.kind == "timer" and snapshot.timers:
        return TimerFired(snapshot.timers[stimulus.choice % len(snapshot.timers)].id)
    if stimulus.kind in ("result", "failure") and snapshot.effects:
        found = snapshot.effects[stimulus.choice % len(snapshot.effects)]
        if stimulus.kind == "result":
            return Result(found.invoke, found.key, None)
        return Failure(found.invoke, found.key, "OSError", "no luck")
    return NamedEvent(stimulus.name)


@settings(_relaxed, max_examples=150)
@given(machines())
def test_what_is_found_is_what_every_way_of_answering_every_guard_leads_to(
    machine: Definition[Data],
) -> None:
    chart = without_actions(machine.chart)
    found = reachable(chart)
    assume(found.complete and len(found.configurations) <= 12)
    assert set(Walk(chart).all_configurations()) == found.configurations


def without_actions(chart: Chart) -> Chart:
    """The chart with functions for guards alone, since an action could raise anything."""
    plain = msgspec.structs.replace
    states = tuple(
        plain(
            state,
            entry=(),
            exit=(),
            output=None,
            deadline=None,
            invokes=tuple(plain(i, finalize=(), input=None) for i in state.invokes),
            initial=plain(state.initial, actions=()) if state.initial else None,
        )
        for state in chart.states
    )
    transitions = tuple(
        plain(
            t,
            actions=(),
            trigger=plain(t.trigger, delay=Delay(seconds=1)) if t.trigger.delay else t.trigger,
            guards=tuple(g if g.kind == "in" else Guard(f"{g.kind} {g.name}") for g in t.guards),
        )
        for t in chart.transitions
    )
    policy = plain(chart.policy, errors="refuse")
    return plain(chart, states=states, transitions=transitions, policy=policy)


class Walk:
    """Runs the interpreter over and over, with every possible sequence of guards' answers."""

    #: names that between them match every set of descriptors that ``machines`` draws
    NAMES = (
        "a", "a.", "a.b", "b", "c", "done", "error", "nothing", "error.execution", "after", "x",
    )  # fmt: skip
    LONGEST = 6
    RUNS = 300

    def __init__(self, chart: Chart) -> None:
        self.script: list[bool] = []
        self.asked = 0
        self.runs = 0
        names = {g.name for t in chart.transitions for g in t.guards if g.kind == "function"}
        functions = {name: Function(lambda data: self.answer(), 1) for name in names}
        known = define(msgspec.structs.replace(chart, transitions=()))
        self.chart = chart
        self.machine = Definition(
            chart, known.data, functions=functions, effects=known.effects, children=known.children
        )

    def answer(self) -> bool:
        if self.asked == len(self.script):
            assume(self.asked < self.LONGEST)
            self.script.append(False)
        self.asked += 1
        return self.script[self.asked - 1]

    def every_way(self, run: Any) -> Iterator[Snapshot[Data]]:
        self.script = []
        while True:
            self.asked = 0
            self.runs += 1
            assume(self.runs < self.RUNS)
            try:
                yield run().snapshot
            except StepFailed:
                assume(False)
            while self.script and self.script[-1]:
                self.script.pop()
            if not self.script:
                return
            self.script[-1] = True

    def all_configurations(self) -> set[tuple[str, ...]]:
        pending = list(self.every_way(lambda: start(self.machine, Data(), EPOCH)))
        seen = set()
        while pending:
            snapshot = pending.pop()
            place = (snapshot.state, tuple(sorted(snapshot.history.items())))
            if place in seen:
                continue
            seen.add(place)
            if snapshot.done:
                continue
            full = self.with_everything_running(snapshot)
            events: list[Any] = [TimerFired(timer.id) for timer in full.timers]
            for one in full.effects:
                events.append(Result(one.invoke, one.key, None))
                events.append(Failure(one.invoke, one.key, "OSError", "no luck"))
            events += [NamedEvent(name) for name in self.NAMES]
            for event in events:
                pending += self.every_way(lambda e=event, s=full: step(self.machine, s, e, EPOCH))
        return {state for state, _ in seen}

    def with_everything_running(self, snapshot: Snapshot[Data]) -> Snapshot[Data]:
        """Timers may not have fired yet and effects not have ended, whatever came before."""
        active_now = {"", *snapshot.configuration.states}
        timers = tuple(
            Timer(t.id, t.source, EPOCH)
            for t in self.chart.transitions
            if t.trigger.kind == "after" and t.source in active_now
        )
        effects = tuple(
            InFlight(f"0.{invoke.id}", invoke.id, invoke.name, invoke.kind, state.id, EPOCH)
            for state in self.chart.states
            if state.id in active_now
            for invoke in state.invokes
        )
        return msgspec.structs.replace(snapshot, timers=timers, effects=effects)
