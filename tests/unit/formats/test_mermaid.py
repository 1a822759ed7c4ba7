"""A chart as the text of a Mermaid state diagram."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    State,
    active,
    after,
    always,
    effect,
    hours,
    minutes,
    on,
    on_done,
    on_failure,
    seconds,
)
from statehold.chart.machine import Definition
from statehold.chart.model import (
    ROOT,
    Action,
    Chart,
    Guard,
    Initial,
    StateNode,
    Transition,
    Trigger,
)
from statehold.formats.mermaid import to_mermaid
from tests.conformance.named_functions import Data
from tests.conformance.random_charts import machines


class Accept(Event):
    pass


class Note(Event):
    pass


class Order(BaseModel):
    n: int = 0


def is_open(order: Order) -> bool:
    return order.n > 0


def note(order: Order) -> None:
    order.n += 1


@effect
async def offer(order: Order) -> None: ...


class Flow(Machine[Order], name="order", version=1):
    offering = State(initial=True, invoke=offer, owner="restaurant", deadline=hours(1))
    cancelled = Final()

    class work(Parallel):
        class kitchen(Compound):
            cooking = State(initial=True, entry=note)
            packed = Final()
            pack = on(Accept, cooking >> packed)

        class courier(Compound):
            waiting = State(initial=True)
            there = State()
            was = History()
            come = after(seconds(90), waiting >> there)

    accept = on(Accept, offering >> work, when=(is_open, active(offering)), do=note, by="cook")
    jot = on(Note, offering, do=note)
    fail = on_failure(offer, offering >> cancelled)
    lapse = after(minutes(10), offering >> cancelled)
    skip = always(offering >> work.courier.was, when=is_open)
    finish = on_done(work >> cancelled)


CHART = Flow.definition.chart


def test_a_chart_with_everything_is_drawn_in_full() -> None:
    assert to_mermaid(CHART, active=["work.kitchen.cooking", "work.courier.waiting"]) == (
        textwrap.dedent(
            """\
            stateDiagram-v2
                [*] --> offering
                state "offering" as offering
                offering : Note / note
                state "cancelled" as cancelled
                cancelled --> [*]
                state "work" as work {
                    state "kitchen" as work_kitchen {
                        [*] --> work_kitchen_cooking
                        state "cooking" as work_kitchen_cooking
                        state "packed" as work_kitchen_packed
                        work_kitchen_packed --> [*]
                        work_kitchen_cooking --> work_kitchen_packed : Accept
                    }
                    --
                    state "courier" as work_courier {
                        [*] --> work_courier_waiting
                        state "waiting" as work_courier_waiting
                        state "there" as work_courier_there
                        state "H" as work_courier_was
                        work_courier_waiting --> work_courier_there : after 90 seconds
                    }
                }
                offering --> work : Accept by cook #91;is_open and in offering#93; / note
                offering --> cancelled : on failure of offer
                offering --> cancelled : after 10 minutes
                work --> cancelled : on done
                offering --> work_courier_was : always #91;is_open#93;
                work_courier_was --> work_courier_waiting
                note right of offering
                    owner restaurant
                    runs offer
                    to be left within 1 hour
                end note
                note right of work_kitchen_cooking
                    entry / note
                end note
                classDef active fill:#fde68a,stroke:#b45309,stroke-width:2px,color:#1c1917
                class work_kitchen_cooking,work_courier_waiting active
            """
        )
    )


def arrows(chart: Chart, **options: Any) -> list[str]:
    return [line.strip() for line in to_mermaid(chart, **options).splitlines() if "-->" in line]


def test_less_detail_leaves_events_or_names_and_no_notes() -> None:
    events = to_mermaid(CHART, detail="events")
    assert "offering --> work : Accept\n" in events
    assert "offering --> cancelled : after 10 minutes\n" in events
    names = to_mermaid(CHART, detail="names")
    assert "offering --> work : accept\n" in names
    assert "work_kitchen_cooking --> work_kitchen_packed : pack\n" in names
    assert "note right" not in events + names


def test_an_unknown_detail_is_refused_with_what_there_is() -> None:
    detail: Any = "all"
    with pytest.raises(ValueError, match="'all'; available: full, events, names"):
        to_mermaid(CHART, detail=detail)


def test_a_compound_state_is_not_highlighted_since_only_leaves_can_be() -> None:
    assert "classDef" not in to_mermaid(CHART, active=["work", "unknown"])


def flat(*names: str, transitions: tuple[Transition, ...] = ()) -> Chart:
    root = StateNode(ROOT, "compound", None, Initial((names[0],)))
    return Chart("flat", 1, (root, *(StateNode(n, "atomic", ROOT) for n in names)), transitions)


def test_words_of_the_grammar_and_signs_are_kept_out_of_ids() -> None:
    text = to_mermaid(flat("end", "State", "default", "1", "a.b", "a_b", "a-b", "toString", "ä"))
    assert re.findall(r'state ".*" as (\w+)', text) == [
        "s_end",
        "s_State",
        "s_default",
        "s_1",
        "a_b",
        "a_b_2",
        "a_b_3",
        "s_toString",
        "s__",
    ]


def test_text_can_not_end_a_line_a_label_or_the_diagram() -> None:
    hostile = 'a: b; "c" {d} %% e --> f\ngo # end note <b> *x* `y`'
    transition = Transition(
        "t",
        hostile,
        Trigger("event", (hostile,)),
        ("other",),
        (Guard(hostile),),
        ((Action(hostile),),),
    )
    text = to_mermaid(flat(hostile, "other", transitions=(transition,)))
    (arrow,) = (line for line in text.splitlines() if "--> other" in line)
    label = arrow.partition(" : ")[2]
    assert (
        re.sub(r"#\d+;", "", label)
        .translate({ord(c): None for c in "/-"})
        .replace(" ", "")
        .isalnum()
    )
    assert len(text.splitlines()) == 5


def test_an_arrow_between_regions_and_one_out_of_a_state_are_written_at_the_end() -> None:
    states = (
        StateNode(ROOT, "compound", None, Initial(("p",))),
        StateNode("p", "parallel", ROOT),
        StateNode("a", "atomic", "p"),
        StateNode("b", "atomic", "p"),
        StateNode("c", "atomic", ROOT),
    )
    crossing = Transition("t", "a", Trigger("event", ("x",)), ("b",))
    leaving = Transition("u", "a", Trigger("event", ("y",)), ("c",))
    lines = to_mermaid(Chart("p", 1, states, (crossing, leaving))).splitlines()
    assert lines[-2:] == ["    a --> b : x", "    a --> c : y"]


def test_several_targets_are_several_arrows_and_deep_ones_are_labelled() -> None:
    states = (
        StateNode(ROOT, "compound", None, Initial(("q", "r"), ((Action("note"),),))),
        StateNode("p", "parallel", ROOT),
        StateNode("q", "atomic", "p"),
        StateNode("r", "atomic", "p"),
        StateNode("c", "atomic", ROOT),
    )
    back = Transition("t", "c", Trigger("event", ("x",)), ("q", "r"))
    assert arrows(Chart("p", 1, states, (back,))) == [
        "[*] --> p : to q / note",
        "[*] --> p : to r / note",
        "c --> q : x",
        "c --> r : x",
    ]


def test_what_the_whole_chart_takes_starts_at_every_top_state() -> None:
    stop = Transition("t", ROOT, Trigger("any"), ("b",))
    chart = flat("a", "b", "c", transitions=(stop,))
    assert arrows(chart)[1:] == [
        "a --> b : any event",
        "b --> b : any event",
        "c --> b : any event",
    ]


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines())
def test_any_chart_comes_out_balanced_and_with_every_state_once(machine: Definition[Data]) -> None:
    lines = [line.strip() for line in to_mermaid(machine.chart).splitlines()]
    declared = [m[1] for line in lines if (m := re.match(r'state ".*" as (\w+)', line))]
    assert len(declared) == len(set(declared)) == len(machine.chart.states) - 1
    assert sum(line.endswith(" {") for line in lines) == lines.count("}")
    assert sum(line.startswith("note right of") for line in lines) == lines.count("end note")
    ends = (re.match(r"(\S+) --> (\S+)", line) for line in lines)
    known = {*declared, "[*]"}
    assert all(m[1] in known and m[2] in known for m in ends if m)
