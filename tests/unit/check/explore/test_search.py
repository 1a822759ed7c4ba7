"""A machine stepped in every way: what is found, what fails, what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from statehold import (
    Compound,
    Context,
    Definition,
    Event,
    Failure,
    Final,
    Machine,
    Parallel,
    State,
    after,
    effect,
    on,
    on_failure,
    on_result,
    seconds,
)
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Function
from statehold.chart.model import (
    Action,
    Chart,
    Initial,
    Policy,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.values import Shape
from statehold.check import active, data, done, explore, leads_to, reachable, waiting
from statehold.check.simulate.script import FailStep, SendStep, SucceedStep
from statehold.errors import ActionFailed, InvalidPayload, UnknownEvent
from tests.unit.check.machines import (
    Coffee,
    Coins,
    Endless,
    Fragile,
    Insert,
    Press,
    Reminding,
    brew,
)
from tests.unit.check.player import play


def test_data_that_the_guards_bound_is_searched_to_its_end() -> None:
    found = explore(Coffee, Coins())
    assert found.space.complete
    amounts = {node.point.snapshot.data.paid for node in found.space.nodes}
    assert amounts == {0, 1, 2, 3, 4}
    assert found.configurations == {("idle",), ("brewing",), ("served",), ("broken",)}
    assert found.never_taken == ()


def test_guards_are_called_so_what_they_forbid_is_not_found() -> None:
    found = explore(Coffee, Coins(), results={"brew": [False]})
    assert ("served",) not in found.configurations
    assert found.never_taken == ("serve",)
    assert found.shortest("served") is None
    assert found.space.left_out == ("result of brew: only the 1 values given",)


def test_the_shortest_path_is_described_in_words_and_can_be_played() -> None:
    way = explore(Coffee).shortest(active(Coffee.served))
    assert way is not None
    assert way.lines == (
        "start: idle",
        "1. Insert {'coin': 1}: stays",
        "2. Insert {'coin': 2}: stays",
        "3. Press: idle → brewing",
        "4. brew succeeds with True: brewing → served",
    )
    assert play(Coffee.definition, way.script).done


def test_a_whole_configuration_and_a_function_are_goals_too() -> None:
    found = explore(Coffee)
    assert found.shortest(["brewing"]) is not None
    by_data = found.shortest(data(lambda coins: coins.paid == 4))
    assert by_data is not None
    assert len(by_data.lines) == 3
    assert found.shortest(lambda place: place.data.paid > 9) is None


def test_a_step_that_raises_is_found_with_the_path_to_it() -> None:
    found = explore(Fragile)
    errors = [fault.error for fault, _ in found.failures]
    assert len(errors) == 2
    assert all("kicked too hard" in error for error in errors)
    for _, way in found.failures:
        with pytest.raises(ActionFailed, match="kicked too hard"):
            play(Fragile.definition, way.script)
    assert ("off",) not in found.configurations


def test_data_without_a_bound_ends_at_the_limit_which_is_reported() -> None:
    found = explore(Endless, limit=50)
    assert found.places == 50
    assert found.space.cut == {"limit of 50 places": 1}
    assert not found.space.exhausted
    assert not found.space.complete


def test_a_depth_and_a_size_of_data_are_limits_too() -> None:
    assert explore(Endless, depth=3).space.cut == {"depth of 3 steps": 1}
    found = explore(Endless, data_limit=len('{"paid":99}'))
    assert found.space.cut == {"limit of 11 bytes of data": 1}
    assert found.places == 100


def test_the_start_may_be_given() -> None:
    assert explore(Coffee, Coins(paid=3)).shortest("brewing").lines[1:] == (  # type: ignore[union-attr]
        "1. Press: idle → brewing",
    )
    with pytest.raises(InvalidPayload, match="paid"):
        explore(Coffee, {"paid": "much"})


def test_events_that_are_given_stand_for_all_of_their_name() -> None:
    found = explore(Coffee, Coins(), events=[Insert(coin=2), {"type": "Press"}])
    assert {node.point.snapshot.data.paid for node in found.space.nodes} == {0, 2, 4}
    assert found.space.left_out == ("Insert: only the events given", "Press: only the events given")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"events": [{"type": "Nudge"}]}, UnknownEvent),
        ({"events": [{"type": "Insert", "coin": 7}]}, InvalidPayload),
        ({"values": {"Insert.coins": [1]}}, ValueError),
        ({"results": {"bake": [1]}}, ValueError),
        ({"results": {"brew": ["lukewarm"]}}, InvalidPayload),
    ],
)
def test_what_is_given_and_fits_nothing_is_refused(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        explore(Coffee, **options)


def test_an_effect_whose_failure_no_transition_takes_is_an_incident_that_can_be_resolved() -> None:
    class Unhandled(Machine[Coins], name="unhandled", version=1):
        brewing = State(initial=True, invoke=brew)
        served = Final()
        serve = on_result(brew, brewing >> served)

    found = explore(Unhandled)
    way = found.shortest(waiting("brew"))
    assert way is not None
    assert play(Unhandled.definition, way.script).incidents
    stuck = next(node for node in found.space.nodes if node.point.incidents)
    assert all(not edge.own for edge in stuck.edges)
    assert {found.space.place(edge.to).leaves for edge in stuck.edges} == {("served",)}


def test_the_generated_start_is_reported() -> None:
    left_out = explore(Coffee).space.left_out
    assert left_out == (
        "the data at the start: only {'paid': 0}, the smallest that its type allows",
    )


def test_a_message_to_itself_races_with_a_timer() -> None:
    found = explore(Reminding)
    # the timer is due a second before the message, whatever happens
    assert found.configurations == {("idle",), ("waiting",), ("lapsed",), ("kicked",)}
    way = found.shortest("kicked")
    assert way is not None
    assert [type(step) for step in way.script.steps[:2]] == [SendStep, SendStep]
    assert explore(Reminding, events=[Press()]).space.taken.keys() == {"press", "kick", "lapse"}


def test_timers_fire_in_no_order_that_time_does_not_allow() -> None:
    class Race(Machine[Coins], name="race", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                slow = State(initial=True)
                late = State()
                tick = after(seconds(5), slow >> late)

            class right(Compound):
                fast = State(initial=True)
                soon = State()
                tick = after(seconds(3), fast >> soon)

    found = explore(Race)
    assert ("both.left.late", "both.right.fast") not in found.configurations
    assert len(found.configurations) == 3


def test_an_event_that_only_some_may_send_is_tried_by_each_role() -> None:
    class Desk(Machine[Coins], name="desk", version=1):
        idle = State(initial=True)
        by_clerk = Final()
        by_guest = Final()
        clerk = on(Press, idle >> by_clerk, by="clerk")
        guest = on(Press, idle >> by_guest)

    way = explore(Desk).shortest("by_guest")
    assert way is not None
    assert way.script.steps[0] == SendStep({"type": "Press"}, ())
    assert way.lines[1] == "1. Press by a caller without roles: idle → by_guest"


def test_a_failure_is_distinguished_from_a_result() -> None:
    found = explore(Coffee)
    steps = [edge.stimulus.step for node in found.space.nodes for edge in node.edges]
    assert FailStep("brew") in steps
    assert SucceedStep("brew", False) in steps
    assert not any(waiting("brew")(place) for place in found.space.places())


class Call(Event): ...


@effect(attempts=3)
async def fetch(coins: Coins) -> None: ...


def in_time(coins: Coins, event: Failure) -> bool:
    return event.attempts < 3


class Fetching(Machine[Coins], name="fetching", version=1):
    trying = State(initial=True, invoke=fetch)
    early, late, there = Final(), Final(), Final()
    soon = on_failure(fetch, trying >> early, when=in_time)
    spent = on_failure(fetch, trying >> late)
    got = on_result(fetch, trying >> there)


def test_an_effect_fails_after_its_last_attempt_as_in_a_script() -> None:
    found = explore(Fetching)
    assert found.configurations == {("trying",), ("late",), ("there",)}
    way = found.shortest("late")
    assert way is not None
    assert play(Fetching.definition, way.script).state == ["late"]
    # another failure would be distinguished, so there may be more
    assert "failure of fetch: only one, after its last attempt, was tried" in found.space.left_out
    assert not found.space.complete


def shout(coins: Coins, event: Call, context: Context) -> None:
    context.send(None, None, Press())


def refuse(coins: Coins) -> None:
    raise ValueError("not so loud")


class Loud(Machine[Coins], name="loud", version=1):
    quiet = State(initial=True)
    first, second = Final(), Final()
    call = on(Call, quiet, do=shout)
    answer = on(Press, quiet, do=refuse)
    early = after(seconds(1), quiet >> first, do=refuse)
    later = after(seconds(2), quiet >> second)


def test_what_an_engine_does_after_a_timer_or_a_message_failed_is_not_known() -> None:
    found = explore(Loud)
    assert found.space.cut == {"failure of timer early": 1, "failure of message 0": 1}
    assert {fault.code for fault, _ in found.failures} == {"action-failed"}
    assert all(way.exact for _, way in found.failures)
    # an engine goes on without the timer, and then the later one fires
    assert found.check(reachable(active("second"))).holds is None
    assert found.check(leads_to(active("quiet"), done())).holds is None


def test_a_message_that_a_session_does_not_take_is_dropped_without_a_word() -> None:
    talk = Action("talk")

    def say(coins: Coins, event: Event, context: Context) -> None:
        context.send(None, None, NamedEvent("unheard"))

    def machine(policy: Policy) -> Definition[Any]:
        chart = Chart(
            "talking",
            1,
            (
                StateNode("", "compound", initial=Initial(("here",))),
                StateNode("here", "atomic", ""),
                StateNode("told", "atomic", ""),
            ),
            (
                Transition("go", "here", Trigger("event", ("go",)), actions=((talk,),)),
                Transition("back", "here", Trigger("event", ("error.communication",)), ("told",)),
            ),
            policy=policy,
        )
        return Definition(chart, Shape(Coins), functions={"talk": Function(say, 3)})

    lasting, session = Policy(), Policy(messages="session")
    reached = {
        policy.messages: explore(machine(policy), events=[NamedEvent("go")]).configurations
        for policy in (lasting, session)
    }
    assert reached == {"durable": {("here",), ("told",)}, "session": {("here",)}}
