"""What a chart shows to those who may not inspect its instances."""

from __future__ import annotations

from statehold.chart.model import (
    Action,
    Chart,
    Delay,
    EventShape,
    Guard,
    Initial,
    Invoke,
    Silence,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.outline import outline

SECRET = "data.limit < 424242"
_DOES = ((Action(SECRET), Action(SECRET, "effect")),)
_LATER = Delay(function=SECRET)


def test_an_outline_has_states_roles_and_ways_and_no_text_of_a_function() -> None:
    chart = Chart(
        "order",
        1,
        (
            StateNode("", "compound", initial=Initial(("a",), _DOES), meta={"x": SECRET}),
            StateNode(
                "a",
                "atomic",
                "",
                entry=_DOES,
                exit=_DOES,
                invokes=(
                    Invoke("a.0", "pay", input=SECRET, finalize=_DOES[0], before=_DOES[0]),
                    Invoke("a.1", SECRET, "machine", choice=SECRET),
                ),
                owner="kitchen",
                tags=("new",),
                deadline=_LATER,
                doc="Waits.",
            ),
            StateNode("b", "final", "", output=SECRET, deadline=Delay(5.0)),
        ),
        (
            Transition(
                "go",
                "a",
                Trigger("event", ("Go",)),
                ("b",),
                (Guard("chef", "by"), Guard(SECRET), Guard("b", "in"), Guard(SECRET)),
                _DOES,
                doc="Goes.",
                meta={"x": SECRET},
            ),
            Transition("late", "a", Trigger("after", ("late",), _LATER), ("b",)),
        ),
        (EventShape("Go"),),
        silenced=(Silence("code", SECRET),),
        meta={"native": {"access": {"send": {"when": SECRET}}}},
    )
    seen = outline(chart)
    assert SECRET.encode() not in seen.to_json()
    assert [state.id for state in seen.states] == ["", "a", "b"]
    assert seen.states[0].initial == Initial(("a",))
    assert [invoke.name for invoke in seen.states[1].invokes] == ["pay", "computed"]
    assert (seen.states[1].owner, seen.states[1].tags, seen.states[1].doc) == (
        "kitchen",
        ("new",),
        "Waits.",
    )
    assert seen.states[2].deadline == Delay(5.0)
    go, late = seen.transitions
    assert go.guards == (Guard("chef", "by"), Guard("b", "in"), Guard("condition"))
    assert (go.targets, go.doc, late.trigger.events) == (("b",), "Goes.", ("late",))
    assert outline(seen) == seen
