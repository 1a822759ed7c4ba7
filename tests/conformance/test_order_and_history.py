"""What statechart interpreters get wrong: order of content, history, and how things end."""

from __future__ import annotations

from statehold.chart.event import TimerFired
from statehold.chart.model import Invoke
from statehold.interpreter import CancelEffect, CancelTimer
from tests.conformance.chart_builder import (
    Running,
    after,
    always,
    final,
    history,
    machine,
    on,
    on_done,
    parallel,
    state,
)

# --- 6: exit order (3.13, exitStates) ---------------------------------------------------------


def test_states_are_exited_in_reverse_document_order() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1", exit=["r1"]), exit=["r"]),
                state("s", state("s1", exit=["s1"]), exit=["s"]),
                exit=["p"],
            ),
            state("out", entry=["out"]),
            transitions=[on("go", "p > out", do=["go"])],
        )
    )
    assert run.send("go").log == ["s1", "s", "r1", "r", "p", "go", "out"]


def test_history_is_recorded_before_the_first_exit_action() -> None:
    run = Running(
        machine(
            state(
                "outer",
                history("deep", "mid", deep=True),
                state("mid", state("low"), state("low2", exit=["probe low2:low2"])),
                exit=["probe mid:outer"],
            ),
            state("away"),
            transitions=[
                on("down", "low > low2"),
                on("go", "outer > away"),
                on("back", "away > deep"),
            ],
        )
    )
    run.send("down").send("go")
    assert run.log == ["low2: low2 is active: True", "outer: mid is active: False"]
    assert run.snapshot.history == {"deep": ("low2",)}
    assert run.send("back").leaves == {"low2"}


# --- 7: entry order (3.13, enterStates) -------------------------------------------------------


def test_entry_actions_come_before_initial_content_and_that_before_the_child() -> None:
    run = Running(
        machine(
            state("a"),
            state(
                "outer",
                state("inner", entry=["enter inner"]),
                entry=["enter outer"],
                initial_do=["initial of outer"],
            ),
            transitions=[on("go", "a > outer", do=["go"]), on("direct", "a > inner")],
        )
    )
    assert run.send("go").log == ["go", "enter outer", "initial of outer", "enter inner"]


def test_initial_content_runs_only_where_the_default_is_entered() -> None:
    run = Running(
        machine(
            state("a"),
            state("outer", state("inner"), entry=["enter outer"], initial_do=["initial"]),
            transitions=[on("go", "a > inner")],
        )
    )
    assert run.send("go").log == ["enter outer"]


def test_history_default_content_runs_after_the_parent_is_entered_and_before_its_child() -> None:
    run = Running(
        machine(
            state("a"),
            state(
                "outer",
                history("h", "two", do=["default of h"]),
                state("one"),
                state("two", entry=["enter two"]),
                entry=["enter outer"],
                initial_do=["initial of outer"],
            ),
            transitions=[on("go", "a > h", do=["go"])],
        )
    )
    assert run.send("go").log == ["go", "enter outer", "default of h", "enter two"]


# --- 8: history (3.10) ------------------------------------------------------------------------


def remembering(deep: bool) -> Running:
    return Running(
        machine(
            state(
                "outer",
                history("h", "one", deep=deep, do=["default"]),
                state("one"),
                state("two", state("two-a"), state("two-b")),
            ),
            state("away"),
            transitions=[
                on("go", "one > two-b"),
                on("leave", "outer > away"),
                on("back", "away > h"),
                on("again", "outer > h"),
            ],
        )
    )


def test_shallow_history_brings_back_the_child_and_its_default() -> None:
    run = remembering(deep=False).send("go").send("leave")
    assert run.snapshot.history == {"h": ("two",)}
    assert run.send("back").leaves == {"two-a"}


def test_deep_history_brings_back_the_leaf() -> None:
    run = remembering(deep=True).send("go").send("leave")
    assert run.snapshot.history == {"h": ("two-b",)}
    assert run.send("back").leaves == {"two-b"}
    assert run.log == [], "the default content is for a history that remembers nothing"


def test_a_state_that_is_left_for_its_own_history_comes_back_to_where_it_was() -> None:
    run = remembering(deep=True).send("go").send("again")
    assert run.leaves == {"two-b"}
    assert run.log == []


def test_history_of_a_parallel_state_brings_back_every_region() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                history("h", "r1 s1", deep=True),
                state("r", state("r1"), state("r2")),
                state("s", state("s1"), state("s2")),
            ),
            state("away"),
            transitions=[
                on("r", "r1 > r2"),
                on("s", "s1 > s2"),
                on("leave", "p > away"),
                on("back", "away > h"),
            ],
        )
    )
    run.send("r").send("leave").send("back")
    assert run.leaves == {"r2", "s1"}
    run.send("s").send("leave").send("back")
    assert run.leaves == {"r2", "s2"}


# --- 9: initial states (3.2, 3.6) -------------------------------------------------------------


def test_an_initial_may_name_several_targets_deep_below() -> None:
    run = Running(
        machine(
            state(
                "outer",
                parallel(
                    "p",
                    state("r", state("r1"), state("r2")),
                    state("s", state("s1"), state("s2")),
                    state("t", state("t1"), state("t2")),
                ),
                initial="r2 t2",
            )
        )
    )
    assert run.leaves == {"r2", "s1", "t2"}


def test_an_initial_may_name_a_history_state() -> None:
    run = Running(
        machine(
            state("outer", history("h", "two"), state("one"), state("two"), initial="h"),
            state("away"),
            transitions=[
                on("go", "two > one"),
                on("leave", "outer > away"),
                on("back", "away > outer"),
            ],
        )
    )
    assert run.leaves == {"two"}
    assert run.send("go").send("leave").send("back").leaves == {"one"}


# --- 10: done.state (3.7, enterStates) --------------------------------------------------------


def test_done_state_is_taken_after_the_entry_actions_of_the_final_state() -> None:
    run = Running(
        machine(
            state("job", state("busy"), final("ready", entry=["raise a:enter ready"])),
            state("after"),
            transitions=[
                on("go", "busy > ready"),
                on("a", "job", do=["a"]),
                on_done("job", "job > after", do=["done"]),
            ],
        )
    )
    assert run.send("go").log == ["enter ready", "a", "done"]
    assert run.leaves == {"after"}


def test_done_state_carries_the_output_of_the_final_state() -> None:
    run = Running(
        machine(
            state("job", state("busy"), final("ready", output="output")),
            transitions=[
                on("go", "busy > ready", do=["add:go"]),
                on_done("job", "job", do=["event:done"]),
            ],
        )
    )
    output = {"n": 1, "steps": 1}
    assert run.send("go").log[1:] == [
        f"done on done.state.job {{'state': 'job', 'output': {output}}}"
    ]


def test_a_parallel_state_is_done_when_all_of_its_regions_are() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1"), final("r2")),
                state("s", state("s1"), final("s2")),
            ),
            state("after"),
            transitions=[
                on("r", "r1 > r2"),
                on("s", "s1 > s2"),
                on_done("r", "p", do=["r is done"]),
                on_done("s", "p", do=["s is done"]),
                on_done("p", "p > after", do=["p is done"]),
            ],
        )
    )
    assert run.send("s").log == ["s is done"]
    assert run.leaves == {"r1", "s2"}
    assert run.send("r").log == ["r is done", "p is done"]
    assert run.leaves == {"after"}


# --- 11: the end (3.7, exitInterpreter) -------------------------------------------------------


def test_a_final_state_below_the_top_does_not_end_the_instance() -> None:
    run = Running(machine(state("job", final("ready")), transitions=[on("go", "job", do=["go"])]))
    assert not run.snapshot.done
    assert run.send("go").log == ["go"]


def test_a_top_level_final_state_ends_the_instance_and_keeps_the_configuration() -> None:
    run = Running(
        machine(
            state("busy", exit=["exit busy"]),
            final("end", entry=["raise a:enter end"], output="output"),
            transitions=[
                on("go", "busy > end"),
                on("a", "end", do=["never taken"]),
                always("end", do=["never taken"]),
            ],
        )
    )
    run.send("go")
    assert run.snapshot.done
    assert run.snapshot.output == {"n": 1, "steps": 2}
    assert run.log == ["exit busy", "enter end"]
    assert run.leaves == {"end"}


def test_an_ended_instance_takes_no_event() -> None:
    run = Running(
        machine(state("busy"), final("end"), transitions=[on("go", "busy > end"), on("go", "end")])
    )
    ended = run.send("go").snapshot
    assert not run.send("go").last.accepted
    assert run.snapshot is ended


def test_ending_exits_every_active_state_in_reverse_order_and_cancels_what_lives_in_it() -> None:
    waiting = Invoke("i", "work")
    run = Running(
        machine(
            state("r", state("r1"), final("r2"), exit=["probe s:exit r"], invokes=(waiting,)),
            state("s", state("s1"), final("s2"), exit=["exit s"]),
            transitions=[
                on("r", "r1 > r2"),
                on("s", "s1 > s2"),
                after("late", 9, "s > s1"),
            ],
            kind="parallel",
            entry=["enter the root"],
            exit=["exit the root"],
        )
    )
    assert run.log == ["enter the root"]
    assert not run.send("r").snapshot.done
    assert run.send("s").snapshot.done, "a parallel root is done when all of its regions are"
    assert run.log == ["exit s", "exit r: s is active: False", "exit the root"]
    assert run.commands == (CancelTimer("late"), CancelEffect("1.1", "i"))
    assert run.snapshot.timers == ()
    assert run.snapshot.effects == ()
    assert run.leaves == {"r2", "s2"}
    assert not run.send(TimerFired("late")).last.accepted
