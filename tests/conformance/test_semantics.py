"""What statechart interpreters get wrong: structure, order, history and ends.

Each test's docstring names the place in the SCXML recommendation. Where the class notation
differs on purpose, both policies are tested.
"""

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

# --- 1: selection (3.13, selectTransitions) --------------------------------------------------


def test_the_first_transition_in_document_order_wins_within_a_state() -> None:
    run = Running(
        machine(
            state("a"),
            state("b"),
            state("c"),
            transitions=[on("go", "a > b", when=["never"]), on("go", "a > c"), on("go", "a > b")],
        )
    )
    assert run.send("go").leaves == {"c"}


def test_a_state_is_asked_before_its_ancestors_wherever_the_transitions_stand() -> None:
    run = Running(
        machine(
            state("outer", state("inner"), state("other")),
            state("away"),
            transitions=[on("go", "outer > away"), on("go", "inner > other")],
        )
    )
    assert run.send("go").leaves == {"other"}
    assert run.send("go").leaves == {"away"}


def test_an_ancestor_is_asked_where_the_guard_of_the_inner_state_says_no() -> None:
    run = Running(
        machine(
            state("outer", state("inner"), state("other")),
            state("away"),
            transitions=[on("go", "inner > other", when=["never"]), on("go", "outer > away")],
        )
    )
    assert run.send("go").leaves == {"away"}


def test_every_region_takes_its_own_transition_in_document_order() -> None:
    run = Running(
        machine(
            parallel(
                "p", state("r", state("r1"), state("r2")), state("s", state("s1"), state("s2"))
            ),
            transitions=[on("go", "s1 > s2", do=["s"]), on("go", "r1 > r2", do=["r"])],
        )
    )
    run.send("go")
    assert run.leaves == {"r2", "s2"}
    assert run.log == ["s", "r"], "content runs in the transitions' order, not the states'"


# --- 2: the domain (3.13, getTransitionDomain, findLCCA) --------------------------------------


def test_a_transition_between_regions_leaves_and_enters_the_parallel_state() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1"), state("r2")),
                state("s", state("s1"), state("s2")),
                entry=["enter p"],
                exit=["exit p"],
            ),
            transitions=[on("go", "r2 > s2"), on("next", "r1 > r2")],
        )
    )
    run.send("next").send("go")
    assert run.log == ["exit p", "enter p"]
    assert run.leaves == {"r1", "s2"}


def test_a_transition_leaves_no_more_than_its_least_common_compound_ancestor() -> None:
    run = Running(
        machine(
            state("outer", state("a", exit=["exit a"]), state("b"), exit=["exit outer"]),
            transitions=[on("go", "a > b")],
        )
    )
    assert run.send("go").log == ["exit a"]


# --- 3: external and internal (3.5) -----------------------------------------------------------


def test_an_external_transition_to_a_descendant_leaves_its_source() -> None:
    run = Running(
        machine(
            state("outer", state("a"), state("b"), entry=["enter outer"], exit=["exit outer"]),
            transitions=[on("go", "outer > b")],
        )
    )
    assert run.send("go").log == ["exit outer", "enter outer"]
    assert run.leaves == {"b"}


def test_an_internal_transition_to_a_descendant_stays_in_its_source() -> None:
    run = Running(
        machine(
            state(
                "outer",
                state("a", exit=["exit a"]),
                state("b"),
                entry=["enter outer"],
                exit=["exit outer"],
            ),
            transitions=[on("go", "outer > b", internal=True)],
        )
    )
    assert run.send("go").log == ["exit a"]
    assert run.leaves == {"b"}


def test_an_internal_transition_of_a_parallel_state_is_external_all_the_same() -> None:
    run = Running(
        machine(
            parallel(
                "p", state("r", state("r1"), state("r2")), state("s"), entry=["in"], exit=["out"]
            ),
            transitions=[on("go", "p > r2", internal=True)],
        )
    )
    assert run.send("go").log == ["out", "in"]
    assert run.leaves == {"r2", "s"}


def test_an_internal_transition_to_its_own_source_is_external_all_the_same() -> None:
    run = Running(
        machine(
            state("a", entry=["in"], exit=["out"]),
            transitions=[on("go", "a > a", internal=True)],
        )
    )
    assert run.send("go").log == ["out", "in"]


# --- 4: conflicts (3.13, removeConflictingTransitions) ----------------------------------------


def test_the_earlier_of_two_regions_wins_where_both_want_out() -> None:
    run = Running(
        machine(
            parallel("p", state("r"), state("s")),
            state("x"),
            state("y"),
            transitions=[on("go", "s > y"), on("go", "r > x")],
        )
    )
    assert run.send("go").leaves == {"x"}


def test_the_first_of_three_regions_wins_over_a_parallel_state_around_two_of_them() -> None:
    run = Running(
        machine(
            parallel("all", parallel("pair", state("left"), state("right")), state("lone")),
            state("by-left"),
            state("by-right"),
            state("by-pair"),
            state("by-lone"),
            transitions=[
                on("t", "left > by-left"),
                on("t", "right > by-right"),
                on("t", "pair > by-pair"),
                on("t", "lone > by-lone"),
            ],
        )
    )
    assert run.leaves == {"left", "right", "lone"}
    assert run.send("t").leaves == {"by-left"}


def test_leaving_preempts_a_later_region_that_would_have_moved_within_itself() -> None:
    run = Running(
        machine(
            parallel(
                "all",
                parallel("pair", state("left"), state("right")),
                state("mover", state("here"), state("there")),
            ),
            state("by-left"),
            state("by-right"),
            state("by-pair"),
            transitions=[
                on("t", "left > by-left"),
                on("t", "right > by-right"),
                on("t", "pair > by-pair"),
                on("t", "here > there"),
            ],
        )
    )
    assert run.leaves == {"left", "right", "here"}
    assert run.send("t").leaves == {"by-left"}


def test_two_regions_that_move_preempt_a_later_one_that_wants_out() -> None:
    run = Running(
        machine(
            parallel(
                "all",
                parallel(
                    "pair",
                    state("one", state("one-a"), state("one-b")),
                    state("two", state("two-a"), state("two-b")),
                ),
                state("leaver"),
            ),
            state("out"),
            transitions=[
                on("t", "one-a > one-b"),
                on("t", "two-a > two-b"),
                on("t", "leaver > out"),
            ],
        )
    )
    assert run.leaves == {"one-a", "two-a", "leaver"}
    assert run.send("t").leaves == {"one-b", "two-b", "leaver"}


def five_deep(first: str, second: str) -> Running:
    """Parallel states five deep; one mover at the bottom, one two levels below the top."""
    bottom = parallel("p5", state("low", state("low-a"), state("low-b")), state("j"))
    third = parallel("p3", parallel("p4", bottom, state("h")), state("g"))
    second_level = parallel("p2", third, state("high", state("high-a"), state("high-b")))
    return Running(
        machine(
            parallel("p1", second_level, state("k")),
            state("out"),
            transitions=[on("t", first), on("t", second)],
        )
    )


def test_a_deep_region_that_wants_out_preempts_a_shallower_later_one() -> None:
    run = five_deep("low-a > out", "high-a > high-b")
    assert run.leaves == {"low-a", "j", "h", "g", "high-a", "k"}
    assert run.send("t").leaves == {"out"}


def test_a_deep_region_that_moves_preempts_a_shallower_later_one_that_wants_out() -> None:
    run = five_deep("low-a > low-b", "high-a > out")
    assert run.send("t").leaves == {"low-b", "j", "h", "g", "high-a", "k"}


def test_a_descendant_preempts_the_transition_that_an_earlier_region_took_from_an_ancestor() -> (
    None
):
    run = Running(
        machine(
            parallel("p", state("r"), state("s", state("s1"), state("s2"))),
            state("out"),
            transitions=[on("t", "p > out"), on("t", "s1 > s2")],
        )
    )
    assert run.send("t").leaves == {"r", "s2"}


# --- 5: targetless transitions (3.5) ----------------------------------------------------------


def test_a_targetless_transition_leaves_nothing_and_conflicts_with_nothing() -> None:
    run = Running(
        machine(
            parallel("p", state("r", exit=["exit r"]), state("s")),
            state("out"),
            transitions=[
                on("stay", "r", do=["stayed"]),
                on("t", "r", do=["r"]),
                on("t", "s > out"),
            ],
        )
    )
    assert run.send("stay").log == ["stayed"]
    assert run.leaves == {"r", "s"}
    assert run.send("t").log == ["exit r", "r"]
    assert run.leaves == {"out"}


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
    assert run.snapshot.timers == run.snapshot.effects == ()
    assert run.leaves == {"r2", "s2"}
    assert not run.send(TimerFired("late")).last.accepted
