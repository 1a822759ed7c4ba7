"""Every structural problem of a chart is reported, at its place; a valid chart has none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from statehold.chart import validate as validation
from statehold.chart.model import (
    ROOT,
    Chart,
    Delay,
    EventShape,
    Guard,
    Initial,
    Invoke,
    Kind,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.validate import place_of_state, place_of_transition, validate


def state(id: str, kind: Kind = "atomic", parent: str | None = ROOT, **rest: Any) -> StateNode:
    initial = rest.pop("initial", None)
    targets = (initial,) if isinstance(initial, str) else initial
    return StateNode(id, kind, parent, Initial(targets) if targets is not None else None, **rest)


def arrow(id: str, source: str, *targets: str, **rest: Any) -> Transition:
    trigger = rest.pop("trigger", Trigger("event", ("go",)))
    return Transition(id, source, trigger, targets, **rest)


ROOT_STATE = state(ROOT, "compound", None, initial="a")

#: a, p (with regions l: l1 l2 and r: r1 r2, and a history h), end
STATES = (
    ROOT_STATE,
    state("a"),
    state("p", "parallel"),
    state("h", "history", "p", initial=("l1", "r2"), deep=True),
    state("l", "compound", "p", initial="l1"),
    state("l1", parent="l"),
    state("l2", "final", "l"),
    state("lh", "history", "l", initial="l2"),
    state("r", "compound", "p", initial="r1"),
    state("r1", parent="r"),
    state("r2", parent="r"),
    state("end", "final"),
)


def chart(*states: StateNode, transitions: tuple[Transition, ...] = (), **rest: Any) -> Chart:
    return Chart("chart", 1, states or STATES, transitions, **rest)


def problems_of(found: Chart) -> list[str]:
    return [f"{problem.place}: {problem.message}" for problem in validate(found)]


def changed(id: str, **changes: Any) -> Chart:
    """The sound chart with one state changed."""
    return chart(*(msgspec.structs.replace(s, **changes) if s.id == id else s for s in STATES))


def test_a_sound_chart_has_no_problems() -> None:
    sound = chart(
        transitions=(
            arrow("t1", "a", "p"),
            arrow("t2", "a", "l2", "r2"),
            arrow("t3", "a", "h"),
            arrow("t4", "a", "lh", "r"),
            arrow("t5", "p"),
            arrow("t6", "a", "h", "r2"),
            arrow("t7", "a", "p", "r2"),
            arrow("t8", "a", "end", trigger=Trigger("after", ("after.t8",), Delay(0))),
            arrow("t9", "l", "end", trigger=Trigger("always")),
            arrow("t10", "a", trigger=Trigger("always"), guards=(Guard("ok"),)),
            arrow("t11", "a", "end", trigger=Trigger("any"), guards=(Guard("r2", "in"),)),
            arrow("t12", ROOT, "end"),
        )
    )
    assert problems_of(sound) == []


@pytest.mark.parametrize(
    ("found", "place", "message"),
    [
        (Chart("", 1, STATES), "chart", "it has no name"),
        (Chart("Chart", 1, STATES), "chart", "its name is 'Chart'"),
        (Chart("chart\n", 1, STATES), "chart", "its name is 'chart\\n'"),
        (Chart("a" * 65, 1, STATES), "chart", "its name is"),
        (Chart("chart", 0, STATES), "chart", "its version is 0"),
        (chart(events=(EventShape("e"), EventShape("e"))), "chart", "declared 2 times"),
        (Chart("chart", 1, ()), "chart", "its first state is not the root"),
        (chart(state("a")), "chart", "its first state is not the root"),
        (chart(state(ROOT, "atomic", None)), "the root", "it is of kind atomic"),
        (chart(*STATES, state("a")), "state a", "its id is taken"),
        (chart(*STATES, state(ROOT)), "the root", "its id is taken"),
        (chart(*STATES, state("x", parent="no")), "state x", "the unknown parent 'no'"),
        (chart(*STATES, state("x", parent=None)), "state x", "no parent"),
        (chart(*STATES, state("x", parent="x")), "state x", "does not follow its parent x"),
        (chart(*STATES, state("x", parent="l")), "state x", "does not follow its parent l"),
        (changed("l", initial=None), "state l", "it has no initial state"),
        (changed("l", initial=Initial(())), "state l", "its initial names no state"),
        (changed("l", initial=Initial(("no",))), "state l", "its initial 'no' is unknown"),
        (changed("l", initial=Initial(("r1",))), "state l", "r1 does not lie below l"),
        (changed("l", initial=Initial(("l",))), "state l", "l does not lie below l"),
        (changed("l", initial=Initial(("l1", "l2"))), "state l", "can't be active together"),
        (changed(ROOT, initial=None), "the root", "it has no initial state"),
        (changed("p", initial=Initial(("l",))), "state p", "is parallel and has an initial"),
        (changed("a", initial=Initial(("p",))), "state a", "is atomic and has an initial"),
        (changed("h", initial=None), "state h", "it has no default"),
        (changed("lh", initial=Initial(("r1",))), "state lh", "r1 does not lie below l"),
        (changed("lh", initial=Initial(("lh",))), "state lh", "its default is itself"),
        (changed("h", initial=Initial(("l1", "l2"))), "state h", "can't be active together"),
        (changed("l", kind="atomic", initial=None), "state l", "it is atomic and has children"),
        (changed("l", kind="final", initial=None), "state l", "it is final and has children"),
        (changed("l2", kind="parallel"), "state l2", "has no states inside"),
        (changed("r", kind="final", initial=None), "state r", "it is final and has children"),
        (changed("h", exit=((),)), "state h", "has actions, invokes or a deadline"),
        (changed("a", deep=True), "state a", "it is atomic and deep"),
        (changed("a", output="f"), "state a", "it is atomic and has an output"),
        (changed("end", invokes=(Invoke("i", "e"),)), "state end", "invokes something"),
        (changed("a", deadline=Delay()), "state a", "its deadline has to be"),
        (changed("a", deadline=Delay(1, "f")), "state a", "its deadline has to be"),
        (changed("a", deadline=Delay(-1)), "state a", "its deadline is -1 seconds"),
        (
            changed("a", invokes=(Invoke("i", "e"), Invoke("i", "f"))),
            "state a",
            "invoke 'i' is there 2 times",
        ),
    ],
)
def test_a_wrong_chart_or_state_is_reported(found: Chart, place: str, message: str) -> None:
    problems = problems_of(found)
    assert any(one.startswith(f"{place}: ") and message in one for one in problems), problems


@pytest.mark.parametrize(
    ("transition", "message"),
    [
        (arrow("t", "no", "a"), "its source 'no' is unknown"),
        (arrow("t", "end", "a"), "it starts from end, which is final"),
        (arrow("t", "h", "a"), "it starts from h, which is history"),
        (arrow("t", "a", "no"), "its target 'no' is unknown"),
        (arrow("t", "a", ROOT), "its target is the root"),
        (arrow("t", "a", "l1", "l2"), "l1 and l2 can't be active together"),
        (arrow("t", "p", "a", "r1"), "a and r1 can't be active together"),
        (arrow("t", "a", "h", "end"), "h and end can't be active together"),
        (arrow("t", "a", "p", trigger=Trigger("after", ("after.t",))), "has no delay"),
        (arrow("t", "a", trigger=Trigger("after", ("after.t",), Delay(-5))), "-5 seconds"),
        (arrow("t", "a", trigger=Trigger("after", ("after.t",), Delay(float("nan")))), "nan"),
        (arrow("t", "a", trigger=Trigger("after", ("after.u",), Delay(1))), "waits for after.u"),
        (arrow("t", "a", trigger=Trigger("event")), "names no event"),
        (arrow("t", "a", trigger=Trigger("done")), "names no event"),
        (arrow("t", "a", "p", trigger=Trigger("always", ("x",))), "names events"),
        (arrow("t", "a", "p", trigger=Trigger("event", ("x",), Delay(1))), "has a delay"),
        (arrow("t", "a", "p", guards=(Guard("no", "in"),)), "the unknown state 'no'"),
        (arrow("t", "a", trigger=Trigger("always")), "for ever"),
        (arrow("t", "a", "a", trigger=Trigger("always")), "for ever"),
        (arrow("t", "p", "l1", trigger=Trigger("always")), "for ever"),
    ],
)
def test_a_wrong_transition_is_reported(transition: Transition, message: str) -> None:
    problems = problems_of(chart(transitions=(transition,)))
    assert len(problems) == 1, problems
    assert problems[0].startswith("transition t: ")
    assert message in problems[0]


ALWAYS = Trigger("always")


@pytest.mark.parametrize(
    "others",
    [
        # before it in the same state, deeper down, and in another region
        (arrow("other", "l", "a", trigger=ALWAYS, guards=(Guard("l1", "in"),)),),
        (arrow("other", "l1", "a", trigger=ALWAYS, guards=(Guard("l1", "in"),)),),
        (arrow("other", "r1", "a", trigger=ALWAYS, guards=(Guard("l1", "in"),)),),
    ],
)
def test_a_transition_that_another_may_preempt_is_not_endless(
    others: tuple[Transition, ...],
) -> None:
    endless = arrow("t", "l", trigger=ALWAYS)
    assert problems_of(chart(transitions=(*others, endless))) == []


@pytest.mark.parametrize("source", ["l", "p", "a"])
def test_a_transition_that_is_preempted_by_nothing_is_endless_whatever_follows(source: str) -> None:
    endless = arrow("t", "l", trigger=ALWAYS)
    other = arrow("other", source, "end", trigger=ALWAYS, guards=(Guard("l1", "in"),))
    (problem,) = problems_of(chart(transitions=(endless, other)))
    assert problem.startswith("transition t: it is taken again at once, for ever")


def test_a_transition_id_used_twice_is_reported() -> None:
    twice = chart(transitions=(arrow("t", "a", "p"), arrow("t", "p", "a")))
    assert problems_of(twice) == ["transition t: 2 transitions have its id"]


def test_an_invoke_id_used_in_two_states_is_reported_at_both() -> None:
    invokes = (Invoke("i", "e"),)
    states = [
        msgspec.structs.replace(s, invokes=invokes) if s.id in ("a", "l1") else s for s in STATES
    ]
    assert [problem.place for problem in validate(chart(*states))] == ["state a", "state l1"]


def test_all_problems_are_reported_at_once_and_each_has_a_hint() -> None:
    problems = validate(
        chart(
            *STATES,
            state("x", "compound"),
            transitions=(arrow("t", "end", "no"), arrow("u", "no")),
        )
    )
    assert [problem.place for problem in problems] == [
        "state x",
        "transition t",
        "transition t",
        "transition u",
    ]
    assert all(problem.hint for problem in problems)


def chain(depth: int) -> Chart:
    states = [state(ROOT, "compound", None, initial="s1")]
    for level in range(1, depth):
        parent = f"s{level - 1}" if level > 1 else ROOT
        states.append(state(f"s{level}", "compound", parent, initial=f"s{level + 1}"))
    states.append(state(f"s{depth}", parent=f"s{depth - 1}" if depth > 1 else ROOT))
    return chart(*states)


def test_the_depth_is_bounded_and_reported_once() -> None:
    assert problems_of(chain(validation.DEPTH_LIMIT)) == []
    assert problems_of(chain(validation.DEPTH_LIMIT + 2)) == [
        "state s65: it lies 65 levels deep; the limit is 64"
    ]


def test_the_number_of_states_is_bounded() -> None:
    def wide(count: int) -> Chart:
        return chart(ROOT_STATE, state("a"), *(state(f"s{n}") for n in range(count - 2)))

    assert problems_of(wide(validation.STATE_LIMIT)) == []
    assert problems_of(wide(validation.STATE_LIMIT + 1)) == [
        "chart: it has 10001 states; the limit is 10000"
    ]


def test_the_number_of_transitions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "TRANSITION_LIMIT", 1)
    many = chart(transitions=(arrow("t", "a"), arrow("u", "a")))
    assert problems_of(many) == ["chart: it has 2 transitions; the limit is 1"]


def test_validation_changes_nothing() -> None:
    wrong = changed("l", initial=None)
    before = wrong.to_json()
    validate(wrong)
    assert wrong.to_json() == before


def test_places_are_named_after_what_they_are() -> None:
    assert place_of_state(ROOT) == "the root"
    assert place_of_state("a.b") == "state a.b"
    assert place_of_transition("t") == "transition t"


@pytest.mark.parametrize(("regions", "refused"), [(500, False), (501, True)])
def test_no_more_states_than_the_limit_are_active_at_once(regions: int, refused: bool) -> None:
    states = [state(ROOT, "parallel", None)]
    for number in range(regions):
        states.append(state(f"r{number}", "compound", initial=f"r{number}a"))
        states += [state(f"r{number}{leaf}", parent=f"r{number}") for leaf in "ab"]
    problems = [one.message for one in validate(Chart("big", 1, tuple(states), (), ()))]
    limit = "1002 of its states can be active at once; the limit is 1000"
    assert (limit in problems) is refused
