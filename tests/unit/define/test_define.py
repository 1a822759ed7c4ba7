"""A class compiles to the chart that it declares."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    AnyEvent,
    Compound,
    Final,
    History,
    Machine,
    Parallel,
    State,
    Undeliverable,
    after,
    always,
    child,
    days,
    hours,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
    seconds,
)
from statehold.chart.model import ROOT, Trigger
from tests.unit.define.orders import Go, Kid, Order, Stop, charge, is_open, note, refund, transition

# --- states ----------------------------------------------------------------------------------


class Nested(Machine[Order], name="nested", version=3):
    """Two lines

    of text.
    """

    idle = State(initial=True, owner="cook", tags=("calm", "new"), doc="Nothing to do.")

    class busy(Parallel, entry=note, exit=(note, refund), deadline=hours(1), tags=("hot",)):
        """At work."""

        class left(Compound, owner="left"):
            one = State(initial=True, invoke=(charge, child(Kid, input=lambda order: order)))
            two = Final(output=lambda order: order.reason)
            back = History(deep=True, default=one)
            plain = History()
            turn = on(Go, one >> two)

        right = State(deadline=lambda order: seconds(5))
        again = History()

    over = Final()
    begin = on(Go, idle >> busy)
    end = on(Stop, busy >> over)


def test_states_are_dotted_paths_in_the_order_of_the_text() -> None:
    assert [state.id for state in Nested.chart.states] == [
        ROOT,
        "idle",
        "busy",
        "busy.left",
        "busy.left.one",
        "busy.left.two",
        "busy.left.back",
        "busy.left.plain",
        "busy.right",
        "busy.again",
        "over",
    ]


def test_the_root_is_compound_and_enters_the_initial_state() -> None:
    root = Nested.chart.states[0]
    assert (root.kind, root.parent) == ("compound", None)
    assert root.initial is not None
    assert root.initial.targets == ("idle",)


def test_the_class_gives_name_version_and_description() -> None:
    chart = Nested.chart
    assert (chart.name, chart.version) == ("nested", 3)
    assert chart.doc == "Two lines\n\nof text."
    assert Nested.definition.chart is chart
    assert Nested.definition.definition is Nested.definition
    assert Nested.program is None


def test_options_of_states_reach_the_chart() -> None:
    states = {state.id: state for state in Nested.chart.states}
    idle, busy = states["idle"], states["busy"]
    assert (idle.owner, idle.tags, idle.doc) == ("cook", ("calm", "new"), "Nothing to do.")
    assert (busy.kind, busy.doc, busy.tags) == ("parallel", "At work.", ("hot",))
    assert [[(a.name, a.kind) for a in block] for block in busy.entry] == [[("note", "run")]]
    assert [[(a.name, a.kind) for a in block] for block in busy.exit] == [
        [("note", "run"), ("refund", "effect")]
    ]
    assert busy.deadline is not None
    assert busy.deadline.seconds == 3600
    function = states["busy.right"].deadline
    assert function is not None
    assert Nested.definition.functions[function.function or ""].call(Order()) == seconds(5)


def test_invokes_are_named_after_their_state_and_what_they_run() -> None:
    (one,) = [state for state in Nested.chart.states if state.id == "busy.left.one"]
    assert [(i.id, i.name, i.kind) for i in one.invokes] == [
        ("busy.left.one/charge", "charge", "effect"),
        ("busy.left.one/kid", "kid", "machine"),
    ]
    given = Order()
    function = one.invokes[1].input
    assert function is not None
    assert Nested.definition.functions[function].call(given) is given
    assert Nested.definition.effects == {"charge": charge, "refund": refund}
    assert Nested.definition.children == {"kid": Kid.definition}


@pytest.mark.parametrize(
    ("history", "targets", "deep"),
    [
        ("busy.left.back", ("busy.left.one",), True),
        ("busy.left.plain", ("busy.left.one",), False),
        ("busy.again", ("busy.left", "busy.right"), False),
    ],
)
def test_a_history_state_has_a_default(history: str, targets: tuple[str, ...], deep: bool) -> None:
    (found,) = [state for state in Nested.chart.states if state.id == history]
    assert found.initial is not None
    assert (found.initial.targets, found.deep) == (targets, deep)


def test_a_final_state_has_an_output() -> None:
    (two,) = [state for state in Nested.chart.states if state.id == "busy.left.two"]
    assert two.output is not None
    assert Nested.definition.functions[two.output].call(Order(reason="r")) == "r"


def test_state_objects_know_their_path_once_compiled() -> None:
    assert Nested.busy.left.one.id == "busy.left.one"
    assert repr(Nested.idle) == "State('idle')"
    assert State().id == ""


def test_machines_and_states_have_no_instances() -> None:
    with pytest.raises(TypeError, match=r"engine\.start"):
        Nested()
    classes: tuple[Any, ...] = (Nested.busy, Nested.busy.left)
    for nested in classes:
        with pytest.raises(TypeError, match="takes what its uses give by name"):
            nested(1)
    for base in (Compound, Parallel):
        with pytest.raises(TypeError, match="write class name"):
            base()


# --- transitions -----------------------------------------------------------------------------


def test_transitions_stand_in_the_order_of_the_text_with_inner_bodies_first() -> None:
    class Order_(Machine[Order], name="m", version=1):
        a = State(initial=True)
        first = on(Go, a, when=is_open)

        class b(Compound):
            c = State(initial=True)
            inner = on(Go, c, do=note)

        last = on(Go, a >> b)

    assert [t.id for t in Order_.chart.transitions] == ["first", "b.inner", "last"]


class Arrows(Machine[Order], name="arrows", version=1):
    a = State(initial=True)
    end = Final()

    class p(Parallel):
        class left(Compound):
            one = State(initial=True)
            two = State()
            either = on(Go, (one | two) >> two)
            past = History()

        class right(Compound):
            one = State(initial=True)
            two = State()

        memory = History()
        cross = on(Stop, left >> right.two)

    class c(Compound):
        one = State(initial=True)
        two = State()

    one = on(Go, a >> p)
    three = on(Go, (a | p | c) >> end)
    classes = on(Go, (p.left | p.right) >> end)
    mixed = on(Go, (p | a) >> end)
    several = on(Go, a >> (p.left.two, p.right.two))
    deep = on(Go, a >> p.left.past)
    targetless = on(Go, a, do=note)
    targetless_class = on(Go, p | c, do=note)
    self_atomic = on(Go, a >> a)
    self_atomic_anew = on(Go, a >> a, reenter=True)
    self_compound = on(Go, c >> c)
    self_compound_anew = on(Go, c >> c, reenter=True)
    inward = on(Go, c >> c.two)
    inward_anew = on(Go, c >> c.two, reenter=True)
    self_parallel = on(Go, p >> p)
    inward_parallel = on(Go, p >> p.right.two)
    memory_parallel = on(Go, p >> p.memory)
    within_and_without = on(Go, (a | c) >> c.two)


@pytest.mark.parametrize(
    ("id", "source", "targets", "internal"),
    [
        ("one", "a", ("p",), False),
        ("three[a]", "a", ("end",), False),
        ("three[p]", "p", ("end",), False),
        ("three[c]", "c", ("end",), False),
        ("classes[p.left]", "p.left", ("end",), False),
        ("classes[p.right]", "p.right", ("end",), False),
        ("mixed[p]", "p", ("end",), False),
        ("mixed[a]", "a", ("end",), False),
        ("p.left.either[one]", "p.left.one", ("p.left.two",), False),
        ("p.left.either[two]", "p.left.two", (), False),
        ("p.cross", "p.left", ("p.right.two",), False),
        ("several", "a", ("p.left.two", "p.right.two"), False),
        ("deep", "a", ("p.left.past",), False),
        ("targetless", "a", (), False),
        ("targetless_class[p]", "p", (), False),
        ("targetless_class[c]", "c", (), False),
        ("self_atomic", "a", (), False),
        ("self_atomic_anew", "a", ("a",), False),
        ("self_compound", "c", ("c.one",), True),
        ("self_compound_anew", "c", ("c",), False),
        ("inward", "c", ("c.two",), True),
        ("inward_anew", "c", ("c.two",), False),
        ("self_parallel", "p", ("p.left", "p.right"), True),
        ("inward_parallel", "p", ("p.left", "p.right.two"), True),
        ("memory_parallel", "p", ("p.memory",), True),
        ("within_and_without[a]", "a", ("c.two",), False),
        ("within_and_without[c]", "c", ("c.two",), True),
    ],
)
def test_an_arrow_compiles_to_source_targets_and_kind(
    id: str, source: str, targets: tuple[str, ...], internal: bool
) -> None:
    found = transition(Arrows, id)
    assert (found.source, found.targets, found.internal) == (source, targets, internal)


def delay(order: Order) -> timedelta:
    return minutes(len(order.items))


class Triggers(Machine[Order], name="triggers", version=1):
    a = State(initial=True, invoke=charge)
    end = Final()

    class c(Compound, invoke=child(Kid)):
        one = State(initial=True, invoke=charge)
        two = Final()

    event = on(Stop, a >> end, do=refund, doc="It ends.")
    anything = on(AnyEvent, a >> end)
    lost = on(Undeliverable, a >> end)
    timed = after(minutes(2), (a | c) >> end)
    computed = after(delay, a >> end)
    done = on_done(c >> end)
    at_once = always(a >> end, when=is_open)
    result = on_result(charge, a >> end)
    outer = on_result(charge, c >> end)
    inner = on_result(charge, c.one >> c.two)
    failure = on_failure(charge, a >> end)
    kid = on_result(Kid, c >> end)
    kid_below = on_failure(Kid, c.one >> c.two)
    detached = on_result(refund, a >> end)


@pytest.mark.parametrize(
    ("id", "kind", "events"),
    [
        ("event", "event", ("Stop",)),
        ("anything", "any", ()),
        ("lost", "event", ("error.communication",)),
        ("timed[a]", "after", ("after.timed[a]",)),
        ("timed[c]", "after", ("after.timed[c]",)),
        ("done", "done", ("done.state.c",)),
        ("at_once", "always", ()),
        ("result", "result", ("done.invoke.a/charge",)),
        ("outer", "result", ("done.invoke.c.one/charge",)),
        ("inner", "result", ("done.invoke.c.one/charge",)),
        ("failure", "failure", ("error.invoke.a/charge",)),
        ("kid", "result", ("done.invoke.c/kid",)),
        ("kid_below", "failure", ("error.invoke.c/kid",)),
        ("detached", "result", ("done.invoke.refund",)),
    ],
)
def test_a_rule_compiles_to_a_trigger(id: str, kind: str, events: tuple[str, ...]) -> None:
    trigger = transition(Triggers, id).trigger
    assert (trigger.kind, trigger.events) == (kind, events)


def test_a_delay_is_a_number_of_seconds_or_a_function() -> None:
    constant = transition(Triggers, "timed[a]").trigger.delay
    computed = transition(Triggers, "computed").trigger.delay
    assert constant is not None
    assert (constant.seconds, constant.function) == (120.0, None)
    assert computed is not None
    assert (computed.seconds, computed.function) == (None, "delay")


def test_only_declared_events_are_listed_with_their_schemas() -> None:
    (stop,) = Triggers.chart.events
    assert (stop.name, stop.doc) == ("Stop", "It has to end.")
    assert stop.schema["properties"]["reason"]["type"] == "string"
    assert list(Triggers.definition.events) == ["Stop"]
    assert Triggers.definition.events["Stop"].parse(b'{"reason": "r"}') == Stop(reason="r")


def test_a_description_reaches_the_transition() -> None:
    assert transition(Triggers, "event").doc == "It ends."


def test_durations_read_as_they_are_said() -> None:
    assert days(1) == hours(24) == minutes(24 * 60) == seconds(86400) == timedelta(days=1)


def test_a_trigger_of_an_event_names_it_exactly() -> None:
    assert transition(Arrows, "one").trigger == Trigger("event", ("Go",))
