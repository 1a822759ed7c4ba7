"""What a cancellation runs: the transition that takes it, or exitInterpreter (Appendix D)."""

from __future__ import annotations

import pytest

from statehold.chart.event import CANCEL_EVENT, Cancellation, Failure, NamedEvent, TimerFired
from statehold.chart.model import Invoke, Policy, Transition, Trigger
from statehold.chart.validate import validate
from statehold.errors import ActionFailed
from statehold.interpreter import CancelEffect, CancelTimer, StartEffect, cancel
from statehold.interpreter.enabled import enablements
from tests.conformance.chart_builder import (
    CLASS_NOTATION,
    SCXML,
    XSTATE,
    Running,
    after,
    always,
    final,
    history,
    machine,
    on,
    on_any,
    parallel,
    state,
)
from tests.conformance.named_functions import EPOCH

XSTATE4 = Policy("wildcard", nesting="xstate4")


def on_cancel(path: str, *, do: tuple[str, ...] = (), when: tuple[str, ...] = ()) -> Transition:
    return on("cancel", path, do=do, when=when, trigger=Trigger("cancel", (CANCEL_EVENT,)))


class Cancelled(Running):
    def cancel(self, cancellation: Cancellation = Cancellation("why")) -> Cancelled:  # noqa: B008
        before = self.snapshot
        self.last = cancel(self.machine, before, EPOCH, cancellation)
        self.log = self.snapshot.data.log[len(before.data.log) :]
        return self


def nested(policy: Policy = CLASS_NOTATION, *transitions: Transition) -> Cancelled:
    return Cancelled(
        machine(
            state(
                "outer",
                parallel(
                    "both",
                    state("left", state("a", exit=["exit a"]), exit=["exit left"]),
                    state(
                        "right",
                        state("b", exit=["exit b", "detached"], invokes=(Invoke("i", "work"),)),
                        exit=["exit right"],
                    ),
                    exit=["exit both"],
                ),
                exit=["exit outer"],
            ),
            state("undoing", state("first"), state("second")),
            state("elsewhere"),
            final("undone"),
            transitions=[
                after("late", 60, "both > elsewhere"),
                on("end", "undoing > undone"),
                on("go", "outer > elsewhere"),
                *transitions,
            ],
            policy=policy,
            exit=["exit root"],
        )
    )


def test_every_active_state_is_exited_innermost_first_and_the_configuration_stays() -> None:
    run = nested().cancel()
    assert run.log == [
        "exit b", "exit right", "exit a", "exit left", "exit both", "exit outer", "exit root",
    ]  # fmt: skip
    assert run.last.accepted
    assert (run.snapshot.done, run.snapshot.output, run.snapshot.seq) == (True, None, 2)
    assert run.leaves == {"a", "b"}
    assert run.snapshot.cancellation == Cancellation("why")
    assert run.commands == (
        StartEffect("2.1", "detached", "detached", None),
        CancelEffect("1.1", "i"),
        CancelTimer("late"),
    )
    assert [one.key for one in run.snapshot.effects] == ["2.1"]
    assert run.snapshot.timers == ()


def test_what_an_action_asked_for_before_goes_on() -> None:
    run = Cancelled(machine(state("a", entry=["detached"])))
    assert [one.key for one in run.cancel().snapshot.effects] == ["1.1"]
    assert run.commands == ()
    failed = run.send(Failure("detached", "1.1", "ValueError", "no"))
    assert (failed.last.accepted, failed.snapshot.effects) == (False, ())


def test_one_that_is_over_or_was_cancelled_stays_as_it_is() -> None:
    run = nested().cancel()
    before = run.snapshot
    assert (run.cancel().last.accepted, run.snapshot, run.commands) == (False, before, ())
    over = Cancelled(machine(final("a")))
    assert over.cancel().last.accepted is False
    assert over.snapshot.cancellation is None


@pytest.mark.parametrize("policy", [CLASS_NOTATION, SCXML, XSTATE4])
def test_a_transition_takes_the_cancellation_and_the_instance_goes_on(policy: Policy) -> None:
    run = nested(policy, on_cancel("outer > second", do=("undo",))).cancel()
    assert run.log == [
        "exit b", "exit right", "exit a", "exit left", "exit both", "exit outer", "undo",
    ]  # fmt: skip
    assert run.leaves == {"second"}
    assert not run.snapshot.done
    assert run.last.trace[0].transitions == ("cancel: outer > second",)
    # it has taken one
    before = run.snapshot
    assert (run.cancel(Cancellation("again")).last.accepted, run.snapshot) == (False, before)
    run.send("end")
    assert (run.snapshot.done, run.leaves) == (True, {"undone"})
    assert run.snapshot.cancellation == Cancellation("why")


def test_the_innermost_transition_whose_guard_says_yes_takes_it() -> None:
    rules = (
        on_cancel("a > first", when=("never",)),
        on_cancel("left > second"),
        on_cancel("outer > elsewhere"),
    )
    assert nested(CLASS_NOTATION, *rules).cancel().leaves == {"second"}


def test_where_every_guard_says_no_it_ends_and_the_trace_says_so() -> None:
    run = nested(CLASS_NOTATION, on_cancel("outer > second", when=("never",))).cancel()
    assert run.snapshot.done
    assert run.last.trace[0].guards == (("never", False),)


def test_one_that_stays_has_taken_it_too() -> None:
    run = nested(CLASS_NOTATION, on_cancel("outer", do=("note it",))).cancel()
    assert (run.log, run.leaves, run.snapshot.done) == (["note it"], {"a", "b"}, False)
    assert not run.cancel().last.accepted


def test_immediate_transitions_follow_and_may_end_it_in_the_same_step() -> None:
    rules = (on_cancel("outer > first"), always("first > undone"))
    run = nested(CLASS_NOTATION, *rules).cancel()
    assert (run.leaves, run.snapshot.done) == ({"undone"}, True)


def test_the_cancellation_goes_with_history_and_steps() -> None:
    run = Cancelled(
        machine(
            state("work", history("h", "one"), state("one"), state("two")),
            state("undoing"),
            transitions=[
                on("next", "one > two"),
                on_cancel("work > undoing"),
                on("look", "undoing > h"),
            ],
        )
    )
    run.send("next")
    run.cancel()
    assert run.send("look").leaves == {"two"}
    assert run.snapshot.cancellation == Cancellation("why")
    assert not run.cancel().last.accepted


def test_by_its_parent_is_remembered() -> None:
    run = nested(CLASS_NOTATION, on_cancel("outer > second"))
    run.cancel(Cancellation("", by_parent=True))
    assert run.snapshot.cancellation == Cancellation("", by_parent=True)


@pytest.mark.parametrize(
    "event", [NamedEvent("go away"), TimerFired("late"), NamedEvent("error.other")]
)
def test_no_other_event_is_taken_for_a_cancellation(event: NamedEvent | TimerFired) -> None:
    run = Cancelled(machine(state("a"), state("b"), transitions=[on_cancel("a > b")]))
    assert not run.send(event).last.accepted


def test_a_rule_for_any_event_takes_no_cancellation() -> None:
    run = Cancelled(machine(state("a"), state("b"), transitions=[on_any("a > b")]))
    assert run.cancel().leaves == {"a"}
    assert run.snapshot.done


def test_whether_exit_actions_run_at_a_cancellation_is_the_notation_s() -> None:
    assert len(nested(SCXML).cancel().log) == 7
    assert len(nested(XSTATE4).cancel().log) == 7
    stopped = nested(XSTATE).cancel()
    assert (stopped.log, stopped.snapshot.done) == ([], True)
    # what lives in the states ends all the same
    assert stopped.commands == (CancelEffect("1.1", "i"), CancelTimer("late"))


def test_an_exit_action_that_raises_drops_the_step_or_ends_its_block() -> None:
    def made(policy: Policy) -> Cancelled:
        return Cancelled(
            machine(
                state("a", state("b", exit=["fail:b", "exit b"]), exit=["exit a"]), policy=policy
            )
        )

    with pytest.raises(ActionFailed, match="fail:b"):
        made(CLASS_NOTATION).cancel()
    run = made(SCXML).cancel()
    assert (run.log, run.snapshot.done) == (["b", "exit a"], True)


def test_an_event_that_an_exit_action_raises_is_not_taken_any_more() -> None:
    run = Cancelled(
        machine(state("a", exit=["raise e:x"]), state("b"), transitions=[on("e", "a > b")])
    ).cancel()
    assert (run.leaves, run.snapshot.done) == ({"a"}, True)


def test_what_may_happen_next_knows_that_one_was_taken() -> None:
    run = nested(CLASS_NOTATION, on_cancel("outer > outer"))
    [before] = [
        one
        for one in enablements(run.machine, run.snapshot)
        if one.transition.trigger.kind == "cancel"
    ]
    assert (before.possible, before.stopped_by) == (True, ())
    run.cancel()
    [then] = [
        one
        for one in enablements(run.machine, run.snapshot)
        if one.transition.trigger.kind == "cancel"
    ]
    assert (then.possible, then.stopped_by) == (False, ("it was cancelled before",))


@pytest.mark.parametrize("events", [(), ("go",), (CANCEL_EVENT, "go")])
def test_a_trigger_for_a_cancellation_names_nothing_else(events: tuple[str, ...]) -> None:
    chart = machine(state("a"), transitions=[on("x", "a", trigger=Trigger("cancel", events))]).chart
    [problem] = validate(chart)
    assert CANCEL_EVENT in problem.hint
