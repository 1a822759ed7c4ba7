"""What statechart interpreters get wrong: queues, matching, errors, effects and timers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold.chart.event import Failure, NamedEvent, Result, TimerFired, Undeliverable
from statehold.chart.model import Action, Guard, Invoke, Policy, Trigger
from statehold.errors import ActionFailed, EndlessLoop, GuardFailed
from statehold.interpreter import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from tests.conformance.chart_builder import (
    SCXML,
    Running,
    after,
    always,
    final,
    machine,
    on,
    on_any,
    on_done,
    parallel,
    state,
)
from tests.conformance.random_charts import EPOCH

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


def test_an_endless_eventless_loop_is_a_named_error_that_tells_the_states() -> None:
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
    chain = [always(f"{here} > {there}") for here, there in zip(names, names[1:], strict=False)]
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


def test_an_eventless_condition_that_always_fails_does_not_hang_the_step() -> None:
    run = Running(
        machine(state("a"), transitions=[on("*", "a"), always("a", when=["broken"])], policy=SCXML)
    )
    assert run.send("go").last.accepted


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


# --- 18: invoke (6.4) -------------------------------------------------------------------------


def test_an_invoke_starts_when_the_macrostep_ends_and_only_if_its_state_is_still_active() -> None:
    run = Running(
        machine(
            state("a"),
            state("brief", invokes=(Invoke("never", "work"),)),
            state("b", invokes=(Invoke("i", "work"), Invoke("j", "child", "machine", "input"))),
            transitions=[on("go", "a > brief"), always("brief > b", do=["send other:x"])],
        )
    )
    run.send("go")
    assert run.commands[1:] == (
        StartEffect("2.1", "i", "work", "b"),
        StartChild("2.2", "j", "child", "b", {"n": 0}),
    )
    assert [effect.key for effect in run.snapshot.effects] == ["2.1", "2.2"]


def test_leaving_the_state_cancels_its_invokes_and_their_outcomes_are_ignored() -> None:
    run = Running(
        machine(
            state("a", invokes=(Invoke("i", "work"),)),
            state("b"),
            transitions=[on("go", "a > b"), on("done.invoke.i", "b", do=["too late"])],
        )
    )
    assert run.send("go").commands == (CancelEffect("1.1", "i"),)
    rest = run.snapshot
    assert not run.send(Result("i", "1.1", 1)).last.accepted
    assert run.snapshot is rest


def test_a_state_that_is_left_and_entered_again_invokes_under_a_new_key() -> None:
    run = Running(
        machine(state("a", invokes=(Invoke("i", "work"),)), transitions=[on("go", "a > a")])
    )
    assert run.send("go").commands == (
        CancelEffect("1.1", "i"),
        StartEffect("2.1", "i", "work", "a"),
    )


def test_the_outcome_of_an_invoke_is_an_event_and_is_taken_once() -> None:
    run = Running(
        machine(
            state("a", invokes=(Invoke("i", "work"), Invoke("j", "work"))),
            transitions=[
                on("done.invoke.i", "a", do=["event:done"]),
                on("error.invoke.j", "a", do=["event:failed"]),
            ],
        )
    )
    run.send(Result("i", "1.1", 7))
    assert run.log == ["done on done.invoke.i {'invoke': 'i', 'key': '1.1', 'value': 7}"]
    assert [effect.key for effect in run.snapshot.effects] == ["1.2"]
    assert not run.send(Result("i", "1.1", 7)).last.accepted
    assert "no luck" in run.send(Failure("j", "1.2", "OSError", "no luck", 3)).log[0]


def test_an_outcome_that_no_transition_takes_is_struck_off_and_is_no_step() -> None:
    run = Running(machine(state("a", invokes=(Invoke("i", "work"),))))
    run.send(Result("i", "1.1", 7))
    assert not run.last.accepted
    assert run.snapshot.effects == ()
    assert run.snapshot.seq == 1


def test_finalize_runs_before_the_transition_is_selected() -> None:
    finalize = (Action("add:finalized"),)
    run = Running(
        machine(
            state("a", invokes=(Invoke("i", "work", finalize=finalize),)),
            transitions=[
                on("done.invoke.i", "a", when=["n is even"], do=["before"]),
                on("done.invoke.i", "a", when=["n is odd"], do=["after"]),
            ],
        )
    )
    assert run.send(Result("i", "1.1", 7)).log == ["finalized", "after"]


def test_an_effect_that_a_transition_asks_for_outlives_every_state() -> None:
    run = Running(
        machine(
            state("a"),
            final("end"),
            transitions=[on("go", "a", do=["detached"]), on("stop", "a > end")],
        )
    )
    run.send("go")
    assert run.commands == (StartEffect("2.1", "detached", "detached", None),)
    run.send("stop")
    assert run.snapshot.done
    assert run.commands == ()
    assert [effect.key for effect in run.snapshot.effects] == ["2.1"]
    run.send(Result("detached", "2.1", None))
    assert run.snapshot.effects == ()
    assert run.snapshot.seq == 3


def test_effects_in_flight_keep_the_data_that_they_were_asked_with() -> None:
    run = Running(
        machine(
            state("a", invokes=(Invoke("i", "work"),)),
            transitions=[on("look", "a"), on("change", "a", do=["add:changed"])],
        )
    )
    asked_with = run.snapshot.data
    assert run.send("look").snapshot.effects[0].data is None
    assert run.send("change").snapshot.effects[0].data is asked_with
    assert run.send("change").snapshot.effects[0].data is asked_with
    assert asked_with.n == 0


# --- 19: delays (6.2.4) -----------------------------------------------------------------------


def test_a_timer_is_set_on_entry_cancelled_on_exit_and_ignored_afterwards() -> None:
    waiting = machine(
        state("a"),
        state("b", entry=["add:enter b"]),
        transitions=[
            on("go", "a > b"),
            after("t", 90, "b > a", do=["fired"]),
            on("back", "b > a"),
        ],
    )
    run = Running(waiting)
    later = EPOCH + timedelta(minutes=1)
    due = later + timedelta(seconds=90)
    assert run.send("go", later).commands == (SetTimer("t", due),)
    assert [(timer.id, timer.due) for timer in run.snapshot.timers] == [("t", due)]
    assert run.send("back").commands == (CancelTimer("t"),)
    rest = run.snapshot
    assert not run.send(TimerFired("t")).last.accepted
    assert run.snapshot is rest


def test_a_timer_that_fires_is_over_and_is_not_cancelled() -> None:
    run = Running(
        machine(state("a"), state("b"), transitions=[after("t", 90, "a > b", do=["fired"])])
    )
    assert run.send(TimerFired("t")).log == ["fired"]
    assert run.commands == ()
    assert run.leaves == {"b"}


def test_a_timer_that_fires_while_its_guard_says_no_is_a_step_that_takes_nothing() -> None:
    trigger = Trigger("after", ("after.t",), after("t", 9, "a").trigger.delay)
    run = Running(
        machine(
            state("a"),
            state("b"),
            transitions=[on("", "a > b", trigger=trigger, when=["never"], id="t")],
        )
    )
    run.send(TimerFired("t"))
    assert not run.last.accepted
    assert run.leaves == {"a"}
    assert (run.snapshot.seq, run.snapshot.timers) == (2, ())


def test_a_delayed_send_survives_the_exit_of_its_state_and_ends_by_cancel() -> None:
    run = Running(
        machine(
            state("a", entry=["send other:post"]),
            state("b"),
            transitions=[on("go", "a > b"), on("stop", "b", do=["cancel:post"])],
        )
    )
    sent = run.commands[0]
    assert isinstance(sent, Send)
    assert (sent.machine, sent.instance, sent.id) == ("other", "x", "post")
    assert run.send("go").commands == ()
    assert run.send("stop").commands == (CancelSend("post"),)


# --- 20: In() (5.9.1) -------------------------------------------------------------------------


def test_in_asks_whether_another_region_is_in_a_state() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1"), state("r2")),
                state("s", state("s1"), state("s2")),
            ),
            transitions=[
                on("r", "r1 > r2"),
                on("s", "s1 > s2", when=[Guard("r2", "in")]),
            ],
        )
    )
    assert not run.send("s").last.accepted
    assert run.send("r").send("s").leaves == {"r2", "s2"}


def test_in_sees_the_configuration_before_the_microstep() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1"), state("r2")),
                state("s", state("s1"), state("s2")),
            ),
            transitions=[on("go", "r1 > r2"), on("go", "s1 > s2", when=[Guard("r2", "in")])],
        )
    )
    assert run.send("go").leaves == {"r2", "s1"}


# --- roles ------------------------------------------------------------------------------------


def test_a_role_is_asked_of_the_sender_alone() -> None:
    cooks = Guard("cook,chef", "by")
    run = Running(
        machine(
            state("a"),
            state("b", entry=["raise a:enter b"]),
            state("c"),
            transitions=[
                on("go", "a > b", when=[cooks]),
                on("a", "b > c", when=[Guard("x", "by")]),
            ],
        )
    )
    assert not run.send("go", roles=("courier",)).last.accepted
    assert not run.send("go", roles=()).last.accepted
    assert run.send("go", roles=("courier", "chef")).leaves == {"c"}


def test_trusted_code_has_every_role() -> None:
    run = Running(machine(state("a"), transitions=[on("go", "a", when=[Guard("cook", "by")])]))
    assert run.send("go", roles=None).last.accepted


def test_an_event_carries_its_data_to_guards_and_actions() -> None:
    run = Running(
        machine(state("s"), transitions=[on("a b", "s", when=["event is a"], do=["event:took"])])
    )
    assert not run.send(NamedEvent("b")).last.accepted
    assert "'data': 41" in run.send(NamedEvent("a", 41)).log[0]
