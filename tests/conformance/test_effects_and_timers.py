"""What statechart interpreters get wrong: invokes, delays, and who may send what."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from msgspec import UNSET

from statehold.chart.event import ErrorEvent, Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition, Function
from statehold.chart.model import Action, Guard, Invoke, Trigger
from statehold.interpreter import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.command import child_instance
from tests.conformance.chart_builder import (
    SCXML,
    Running,
    after,
    always,
    final,
    machine,
    on,
    parallel,
    state,
)
from tests.conformance.named_functions import EPOCH, Data

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


def test_an_invoke_that_wants_all_events_has_each_sent_on_to_its_child() -> None:
    invoke = Invoke("i", "child", "machine", autoforward=True)
    run = Running(machine(state("a", invokes=(invoke,)), transitions=[on("go", "a")]))
    child = child_instance(run.snapshot.instance, "1.1")
    go, other = NamedEvent("go", 7), NamedEvent("other")
    assert run.send(go).commands == (Send("child", child, go, None, "2.send.1"),)
    assert run.send(other).commands == (Send("child", child, other, None, "3.send.1"),)
    assert run.send(Result("i", "1.1", None)).commands == ()


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
    assert run.send("stop").commands == ()
    assert run.snapshot.done
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


# --- children and parents ---


def failing(data: Data) -> Any:
    raise ValueError("no")


def with_functions(definition: Definition[Data], **functions: Function) -> Definition[Data]:
    return dataclasses.replace(definition, functions={**definition.functions, **functions})


def test_an_input_that_fails_starts_nothing_and_is_an_error_event_under_scxml() -> None:
    invoke = Invoke("i", "child", "machine", input="broken")
    plain = machine(
        state("a", invokes=(invoke,)),
        state("b"),
        transitions=[on("error.execution", "a > b")],
        policy=SCXML,
    )
    run = Running(with_functions(plain, broken=Function(failing, 1)))
    assert run.snapshot.state == ("b",)
    assert run.commands == ()


def test_a_machine_may_be_chosen_when_it_is_invoked_and_what_comes_before_runs_then() -> None:
    invoke = Invoke("i", "?", "machine", choice="which", before=(Action("add:before"),))
    plain = machine(state("a", invokes=(invoke,)), policy=SCXML)
    chosen = with_functions(plain, which=Function(lambda data: "child", 1))
    run = Running(dataclasses.replace(chosen, children={"child": plain}))
    assert run.log == ["before"]
    assert run.commands == (StartChild("1.1", "i", "child", "a", UNSET),)
    assert [effect.name for effect in run.snapshot.effects] == ["child"]


def test_a_choice_of_a_machine_that_is_not_there_starts_nothing() -> None:
    invoke = Invoke("i", "?", "machine", choice="which")
    plain = machine(
        state("a", invokes=(invoke,)),
        state("b"),
        transitions=[on("error.execution", "a > b")],
        policy=SCXML,
    )
    run = Running(with_functions(plain, which=Function(lambda data: "nobody", 1)))
    assert run.snapshot.state == ("b",)


def test_an_error_may_come_as_an_event_of_its_own() -> None:
    def fail(data: Data) -> None:
        raise ErrorEvent(NamedEvent("error.communication", 7, kind="platform"))

    plain = machine(
        state("a"),
        state("b"),
        transitions=[on("go", "a", do=["fail:it"]), on("error.communication", "a > b")],
        policy=SCXML,
    )
    run = Running(with_functions(plain, **{"fail:it": Function(fail, 1)}))
    assert run.send("go").snapshot.state == ("b",)


def test_what_is_sent_to_the_parent_says_so_and_children_are_found_by_their_invoke() -> None:
    found: list[Any] = []

    def note_outcome(data: Data, event: Any, context: Any) -> None:
        found.append((context.child("i"), context.child("other")))
        context.send_parent(NamedEvent("up"), id="x")

    invoke = Invoke("i", "child", "machine")
    plain = machine(state("a", invokes=(invoke,)), transitions=[on("go", "a", do=["note:it"])])
    run = Running(with_functions(plain, **{"note:it": Function(note_outcome, 3)}))
    run.send("go")
    assert run.commands == (Send(None, None, NamedEvent("up"), None, "x", True),)
    assert found == [(("child", child_instance(run.snapshot.instance, "1.1")), None)]


def test_finalize_is_not_run_for_an_event_of_a_child_that_is_over() -> None:
    invoke = Invoke("i", "child", "machine", finalize=(Action("add:finalized"),))
    run = Running(
        machine(state("a", invokes=(invoke,)), state("b"), transitions=[on("go", "a > b")])
    )
    assert run.send(NamedEvent("up", invoke="i")).log == ["finalized"]
    run.send("go")
    assert run.send(NamedEvent("up", invoke="i")).log == []
