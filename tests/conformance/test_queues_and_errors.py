"""What statechart interpreters get wrong: queues, matching of events, and errors."""

from __future__ import annotations

from itertools import pairwise

import pytest

from statehold.chart.event import Result, Undeliverable, timer_event
from statehold.chart.model import Delay, Guard, Invoke, Policy, Trigger
from statehold.errors import ActionFailed, EndlessLoop, GuardFailed
from statehold.interpreter import (
    Send,
)
from tests.conformance.chart_builder import (
    SCXML,
    XSTATE,
    Running,
    after,
    always,
    final,
    machine,
    on,
    on_any,
    on_done,
    state,
)

# --- 12: eventless transitions (3.13, selectEventlessTransitions) -----------------------------


def test_eventless_transitions_are_taken_before_each_internal_event() -> None:
    run = Running(
        machine(
            state("a"),
            state("b", entry=["raise a:enter b", "raise b:enter b"]),
            state("c"),
            state("d"),
            transitions=[
                on("go", "a > b"),
                always("b > c", do=["immediately"]),
                on("a", "b", do=["too late"]),
                on("a", "c > d", do=["on a"]),
                always("d > c", do=["at once"], when=[Guard("d", "in")]),
                on("b", "c", do=["on b"]),
            ],
        )
    )
    assert run.send("go").log == [
        "enter b",
        "enter b",
        "immediately",
        "on a",
        "at once",
        "on b",
    ]


def test_an_endless_eventless_loop_is_a_named_error_that_names_the_states() -> None:
    looping = machine(
        state("calm"),
        state("ping"),
        state("pong"),
        transitions=[on("go", "calm > ping"), always("ping > pong"), always("pong > ping")],
    )
    run = Running(looping)
    with pytest.raises(EndlessLoop, match=r"'drawn' took 1000 microsteps") as raised:
        run.send("go")
    assert set(raised.value.states) <= {"calm", "ping", "pong"}
    assert {"ping", "pong"} <= set(raised.value.states)


def test_an_endless_loop_of_raised_events_is_the_same_error() -> None:
    run = Running(
        machine(
            state("calm"),
            state("job", final("end")),
            transitions=[on("go", "calm > job"), on_done("job", "job > job")],
        )
    )
    with pytest.raises(EndlessLoop):
        run.send("go")


def test_a_long_chain_of_eventless_transitions_comes_to_its_end() -> None:
    names = [f"s{n}" for n in range(900)]
    chain = [always(f"{here} > {there}") for here, there in pairwise(names)]
    run = Running(machine(*map(state, names), transitions=chain))
    assert run.leaves == {"s899"}


# --- 13: queues (3.13, mainEventLoop) ---------------------------------------------------------


def test_internal_events_are_drained_in_order_before_the_step_ends() -> None:
    run = Running(
        machine(
            state("s"),
            transitions=[
                on("go", "s", do=["raise a:go", "raise b:go"]),
                on("a", "s", do=["raise c:on a"]),
                on("b", "s", do=["on b"]),
                on("c", "s", do=["on c"]),
            ],
        )
    )
    assert run.send("go").log == ["go", "go", "on a", "on b", "on c"]
    assert [microstep.event for microstep in run.last.trace] == ["go", "a", "b", "c"]


# --- 14: raise and send (4.2, 6.2) ------------------------------------------------------------


def test_a_raised_event_is_taken_in_the_step_and_a_sent_one_only_asked_for() -> None:
    run = Running(
        machine(
            state("s"),
            transitions=[
                on("go", "s", do=["raise a:go", "send self:post"]),
                on("a", "s", do=["on a"]),
                on("post", "s", do=["on post"]),
            ],
        )
    )
    run.send("go")
    assert run.log == ["go", "post", "on a"]
    assert [type(command) for command in run.commands] == [Send]
    sent = run.commands[0]
    assert isinstance(sent, Send)
    assert (sent.machine, sent.instance) == (None, None)
    assert run.send(sent.event).log == ["on post"]


# --- 15: matching of events (3.12.1) ----------------------------------------------------------


@pytest.mark.parametrize(
    ("descriptor", "event", "taken"),
    [
        ("foo", "foo", True),
        ("foo", "foo.bar", True),
        ("foo.*", "foo", True),
        ("foo.*", "foo.bar.baz", True),
        ("foo.", "foo.bar", True),
        ("foo", "foobar", False),
        ("foo.bar", "foo", False),
        ("*", "anything.at.all", True),
        ("error foo", "foo", True),
    ],
)
def test_descriptors_match_prefixes_of_tokens(descriptor: str, event: str, taken: bool) -> None:
    run = Running(machine(state("s"), transitions=[on(descriptor, "s")], policy=SCXML))
    assert run.send(event).last.accepted is taken


def test_under_token_matching_document_order_decides_even_when_the_star_stands_first() -> None:
    run = Running(
        machine(
            state("s"),
            transitions=[on("*", "s", do=["star"]), on("foo", "s", do=["foo"])],
            policy=SCXML,
        )
    )
    assert run.send("foo").log == ["star"]


@pytest.mark.parametrize(
    ("event", "log"),
    [
        ("a", ["exact"]),
        ("a.b", ["longer"]),
        ("a.b.c", ["longer"]),
        ("a.c", ["shorter"]),
        ("ab", ["any"]),
        ("done.state.x", ["any"]),
    ],
)
def test_under_wildcard_matching_what_says_most_of_a_name_is_asked_first(
    event: str, log: list[str]
) -> None:
    run = Running(
        machine(
            state("s"),
            transitions=[
                on_any("s", do=["any"]),
                on("a.*", "s", do=["shorter"]),
                on("a.b.*", "s", do=["longer"]),
                on("a", "s", do=["exact"]),
            ],
            policy=XSTATE,
        )
    )
    assert run.send(event).log == log


def test_under_exact_matching_names_are_compared_whole() -> None:
    run = Running(machine(state("s"), transitions=[on("foo", "s"), on("*", "s")]))
    assert run.send("foo").last.accepted
    assert not run.send("foo.bar").last.accepted


def test_under_exact_matching_a_transition_for_any_event_is_asked_last() -> None:
    run = Running(
        machine(
            state("s"),
            transitions=[
                on_any("s", do=["any"]),
                on("foo", "s", when=["n is odd"], do=["odd"]),
                on("foo", "s", when=["n is even"], do=["add:even"]),
            ],
        )
    )
    assert run.send("foo").log == ["even"]
    assert run.send("foo").log == ["odd"]
    assert run.send("bar").log == ["any"]


def test_a_transition_for_any_event_of_an_inner_state_precedes_the_outer_states_own() -> None:
    run = Running(
        machine(
            state("outer", state("inner")),
            transitions=[on("foo", "outer", do=["outer"]), on_any("inner", do=["any"])],
        )
    )
    assert run.send("foo").log == ["any"]


def test_a_transition_for_any_event_takes_no_timer_completion_or_outcome() -> None:
    run = Running(
        machine(
            state("job", final("end"), invokes=(Invoke("i", "work"),)),
            transitions=[on_any("job", do=["any"]), after("t", 5, "end")],
        )
    )
    assert run.log == []
    assert run.send(Result("i", "1.1", None)).log == []
    assert run.send(Undeliverable("m", "x", "foo", "no such instance")).log == []
    assert run.send("foo").log == ["any"]


# --- 16: errors (3.12.2, 4.9, 5.9.1) ----------------------------------------------------------

FAILING = ["one", "fail:two", "three"]


def test_a_failing_action_ends_its_block_and_becomes_an_event_under_scxml() -> None:
    blocks = machine(
        state("a"),
        state("b", entry=["enter b"]),
        transitions=[
            on("go", "a > b", do=FAILING),
            on("error.execution", "b", do=["event:caught"]),
        ],
        policy=SCXML,
    )
    run = Running(blocks).send("go")
    assert run.log[:3] == ["one", "two", "enter b"]
    carried = {"where": "fail:two", "error": "ValueError", "message": "two"}
    assert run.log[3:] == [f"caught on error.execution {carried}"]


def test_a_failing_condition_is_false_and_becomes_an_event_under_scxml() -> None:
    run = Running(
        machine(
            state("a"),
            state("b"),
            transitions=[
                on("go", "a > b", when=["broken"]),
                on("go", "a", do=["next"]),
                on("error", "a", do=["caught"]),
            ],
            policy=SCXML,
        )
    )
    assert run.send("go").log == ["next", "caught"]
    assert run.leaves == {"a"}


def test_a_failing_delay_sets_no_timer_and_becomes_one_event_under_scxml() -> None:
    late = Trigger("after", (timer_event("late"),), Delay(function="failing value"))
    run = Running(
        machine(
            state("a"),
            state("b"),
            transitions=[
                on("go", "a > b"),
                on("", "b", trigger=late, id="late"),
                on("error.execution", "b", do=["event:caught"]),
            ],
            policy=SCXML,
        )
    ).send("go")
    carried = {"where": "failing value", "error": "ArithmeticError", "message": "no value"}
    assert run.log == [f"caught on error.execution {carried}"]
    assert run.snapshot.timers == ()


def test_an_eventless_condition_that_always_fails_does_not_hang_the_step() -> None:
    run = Running(
        machine(state("a"), transitions=[on("go", "a"), always("a", when=["broken"])], policy=SCXML)
    )
    assert run.send("go").last.accepted


def test_a_condition_that_fails_again_after_a_transition_is_reported_again() -> None:
    run = Running(
        machine(
            state("a"),
            state("b"),
            state("c"),
            transitions=[
                on("go", "a", when=["broken"]),
                on("go", "a > b"),
                always("b", when=["broken"]),
                on("error", "b > c", do=["the first"]),
                on("error", "c", do=["the second"]),
            ],
            policy=SCXML,
        )
    )
    assert run.send("go").log == ["the first", "the second"]


def test_a_failing_action_drops_the_whole_step_under_the_class_notation() -> None:
    run = Running(machine(state("a"), state("b"), transitions=[on("go", "a > b", do=FAILING)]))
    before = run.snapshot
    with pytest.raises(ActionFailed, match="'fail:two' raised ValueError: two") as raised:
        run.send("go")
    assert raised.value.action == "fail:two"
    assert run.snapshot is before
    assert before.data.log == []


def test_a_failing_guard_drops_the_whole_step_under_the_class_notation() -> None:
    run = Running(
        machine(
            state("a"),
            transitions=[on("go", "a", do=["raise a:go"]), on("a", "a", when=["broken"])],
        )
    )
    with pytest.raises(GuardFailed, match="'broken' raised LookupError: no answer") as raised:
        run.send("go")
    assert raised.value.guard == "broken"
    assert run.snapshot.data.log == []


# --- 17: communication (6.2.3) ----------------------------------------------------------------


@pytest.mark.parametrize("policy", [SCXML, Policy()])
def test_a_message_that_was_not_accepted_comes_back_as_an_event(policy: Policy) -> None:
    run = Running(
        machine(
            state("a"),
            state("b"),
            transitions=[on("error.communication", "a > b", do=["event:back"])],
            policy=policy,
        )
    )
    run.send(Undeliverable("other", "x", "foo", "not allowed"))
    assert run.leaves == {"b"}
    assert "not allowed" in run.log[0]
