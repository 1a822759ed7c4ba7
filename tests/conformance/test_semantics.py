"""What statechart interpreters get wrong: which transitions are taken, and what they leave."""

from __future__ import annotations

from tests.conformance.chart_builder import (
    XSTATE,
    Running,
    machine,
    on,
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


def test_an_internal_transition_of_a_parallel_state_begins_every_region_again() -> None:
    """SCXML takes such for external; its importer leaves the mark off."""
    run = Running(
        machine(
            parallel(
                "p",
                state("r", state("r1"), state("r2")),
                state("s", state("s1", entry=["enter s1"]), state("s2")),
                entry=["enter p"],
                exit=["exit p"],
            ),
            transitions=[on("move", "s1 > s2"), on("go", "p > r2", internal=True)],
        )
    )
    assert run.send("move").leaves == {"r1", "s2"}
    assert run.send("go").log == ["enter s1"]
    assert run.leaves == {"r2", "s1"}


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


# --- XState's nesting ------------------------------------------------------------------------


def test_with_xstates_nesting_a_parallel_state_is_asked_only_if_no_region_takes_the_event() -> None:
    def regions(*, own: bool) -> list[str]:
        inner = [on("go", "a", do=["inside"])] if own else []
        run = Running(
            machine(
                parallel("p", state("a"), state("b")),
                transitions=[*inner, on("go", "p", do=["outside"])],
                policy=XSTATE,
            )
        )
        return run.send("go").log

    assert regions(own=True) == ["inside"]
    assert regions(own=False) == ["outside"]


def test_with_xstates_nesting_a_transition_between_regions_stays_in_the_parallel_state() -> None:
    run = Running(
        machine(
            parallel(
                "p",
                state("a", state("a1", exit=["exit a1"]), state("a2", entry=["enter a2"])),
                state("b", state("b1", exit=["exit b1"]), state("b2", entry=["enter b2"])),
                entry=["enter p"],
                exit=["exit p"],
            ),
            transitions=[on("go", "a1 > b2")],
            policy=XSTATE,
        )
    )
    run.send("go")
    assert run.log == ["exit b1", "exit a1", "enter b2"]
    assert run.leaves == {"a1", "b2"}
