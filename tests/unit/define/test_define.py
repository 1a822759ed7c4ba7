"""A class compiles to the chart and the functions that it says; mistakes are told together."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from statehold import (
    AnyEvent,
    Call,
    Compound,
    Context,
    DefinitionError,
    Done,
    Effect,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    Result,
    State,
    TimerFired,
    Undeliverable,
    Upgrade,
    active,
    after,
    always,
    child,
    days,
    effect,
    hours,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
    seconds,
)
from statehold.chart.model import ROOT, Chart, Guard, Transition, Trigger


class Order(BaseModel):
    items: list[str] = []
    reason: str | None = None


class Go(Event):
    n: int = 0


class Stop(Event):
    """It has to end."""

    reason: str = ""


@effect
async def charge(order: Order, call: Call) -> int:
    return len(order.items)


@effect
def refund(order: Order) -> None: ...


def note(order: Order) -> None:
    order.reason = "noted"


def is_open(order: Order) -> bool:
    return True


class Kid(Machine[Order], name="kid", version=1):
    only = State(initial=True)


def transition(machine: type[Machine[Any]], id: str) -> Transition:
    (found,) = [t for t in machine.chart.transitions if t.id == id]
    return found


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
    for nested in (Nested.busy, Nested.busy.left):
        with pytest.raises(TypeError, match="use the class itself"):
            nested()


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


# --- functions -------------------------------------------------------------------------------


def with_event(order: Order, event: Go) -> None: ...


def with_base(order: BaseModel, event: Event) -> None: ...


def with_union(order: Order | None, event: Go | Stop) -> None: ...


def with_context(order: Any, event: Any, context: Context) -> None: ...


def bare(order, event):  # type: ignore[no-untyped-def]
    return None


D = TypeVar("D")


def generic(data: D) -> D:
    return data


@dataclass
class Callable_:
    n: int

    def __call__(self, order: Order) -> None: ...


class Helper:
    def method(self, order: Order, event: Go) -> None: ...


class Functions(Machine[Order], name="functions", version=1):
    a = State(initial=True)
    b = State()
    one = on(Go, a >> b, when=(is_open, active(a)), by="cook", do=(note, with_event))
    two = on(Go, a >> b, when=lambda order: True, by=("cook", "courier"), do=(with_base, bare))
    three = on(Go, a >> b, when=lambda order, event: event.n > 0, do=(with_union, with_context))
    four = on(Go, a >> b, do=(generic, Callable_(1), Helper().method))
    five = on(Go, a >> b, do=(functools.partial(with_event), lambda order, n=3: None))
    six = on(AnyEvent, a >> b, do=(with_base, with_context))
    seven = after(minutes(1), a >> b, when=is_open, do=lambda order, event: None)


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("is_open", 1),
        ("note", 1),
        ("with_event", 2),
        ("with_base", 2),
        ("bare", 2),
        ("with_context", 3),
        ("generic", 1),
        ("Callable_", 1),
        ("method", 2),
        ("with_event#2", 2),
        ("lambda", 1),
        ("lambda#2", 2),
        ("lambda#3", 1),
        ("lambda#4", 2),
    ],
)
def test_a_function_is_bound_with_the_number_of_arguments_it_takes(name: str, takes: int) -> None:
    assert Functions.definition.functions[name].takes == takes


def test_guards_are_asked_in_order_and_the_role_last() -> None:
    assert transition(Functions, "one").guards == (
        Guard("is_open"),
        Guard("a", "in"),
        Guard("cook", "by"),
    )
    assert transition(Functions, "two").guards == (Guard("lambda"), Guard("cook,courier", "by"))


def test_one_function_used_twice_has_one_name() -> None:
    assert Functions.definition.functions["is_open"].call is is_open
    assert "is_open#2" not in Functions.definition.functions


def test_an_effect_keeps_its_policy_and_result() -> None:
    @effect(attempts=3, timeout=seconds(5), heartbeat=seconds(1), first=seconds(2), jitter=0)
    async def ship(order: Order) -> str:
        """Sends it off."""
        return "sent"

    assert isinstance(ship, Effect)
    assert (ship.name, ship.is_async, ship.takes_call, ship.doc) == (
        "ship",
        True,
        False,
        "Sends it off.",
    )
    assert (ship.retry.attempts, ship.retry.first, ship.retry.jitter) == (3, seconds(2), 0)
    assert (ship.timeout, ship.heartbeat, ship.result_type) == (seconds(5), seconds(1), str)
    assert (charge.is_async, charge.takes_call, charge.result_type) == (True, True, int)
    assert (refund.is_async, refund.takes_call, refund.result_type) == (False, False, type(None))


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"timeout": timedelta(0)},
        {"heartbeat": timedelta(0)},
        {"first": timedelta(seconds=-1)},
        {"factor": 0.5},
        {"longest": timedelta(milliseconds=1)},
        {"jitter": 1.5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_an_effect_with_an_impossible_policy_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=next(iter(options))):
        effect(**options)(note)


def test_an_effect_with_too_many_parameters_is_refused() -> None:
    with pytest.raises(DefinitionError, match="data, call"):
        effect(with_context)  # type: ignore[arg-type]


# --- view, indexes, upgrades -----------------------------------------------------------------


class Options(Machine[Order], name="options", version=3):
    a = State(initial=True)

    class b(Compound):
        c = State(initial=True, invoke=charge)

    go = on(Go, a >> b)

    indexes = ("reason",)
    upgrades = (
        Upgrade(2, states={"old": b.c, "older": b, "oldest": "a"}, effects={"bill": charge}),
        Upgrade(1, data=lambda old: old),
    )

    @staticmethod
    def view(order: Order) -> dict[str, Any]:
        return {"count": len(order.items)}


def test_the_view_is_a_function_of_the_data() -> None:
    view = Options.definition.view
    assert view is not None
    assert view(Order(items=["x"])) == {"count": 1}
    assert Kid.definition.view is None


def test_a_view_needs_no_decorator() -> None:
    class Plain(Machine[Order], name="m", version=1):
        a = State(initial=True)

        def view(order: Any) -> Any:
            return order.reason

    assert Plain.definition.view is not None
    assert Plain.definition.view(Order(reason="r")) == "r"


def test_indexes_are_fields_or_functions() -> None:
    class Computed(Machine[Order], name="m", version=1):
        a = State(initial=True)
        indexes = {"size": lambda order: len(order.items)}  # noqa: RUF012

    assert Options.definition.indexes["reason"](Order(reason="r")) == "r"
    assert Computed.definition.indexes["size"](Order(items=["x"])) == 1


def test_upgrades_name_states_and_effects_by_their_paths() -> None:
    first, second = Options.definition.upgrades
    assert first.states == {"old": "b.c", "older": "b", "oldest": "a"}
    assert first.effects == {"bill": "charge"}
    assert (second.from_version, second.data is not None) == (1, True)


def test_the_chart_of_a_class_survives_storage() -> None:
    for machine in (Nested, Arrows, Triggers, Functions, Options):
        assert Chart.from_json(machine.chart.to_json()) == machine.chart


def test_data_may_be_any_type_that_pydantic_takes() -> None:
    class Words(Machine[dict[str, list[int]]], name="words", version=1):
        a = State(initial=True)
        indexes = ("k",)

    assert Words.definition.data.parse(b'{"k": [1]}') == {"k": [1]}
    assert Words.definition.indexes["k"]({"k": "v"}) == "v"


def test_a_trigger_of_an_event_names_it_exactly() -> None:
    assert transition(Arrows, "one").trigger == Trigger("event", ("Go",))


def test_results_and_moments_are_given_to_functions_as_such() -> None:
    def price(order: Order, event: Result[int]) -> None: ...

    def fired(order: Order, event: TimerFired) -> None: ...

    def ended(order: Order, event: Done) -> None: ...

    def moment(order: Order) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    class Typed(Machine[Order], name="m", version=1):
        class c(Compound, initial=True, invoke=charge):
            a = Final(initial=True)

        end = Final()
        one = on_result(charge, c >> end, do=price)
        two = after(moment, c >> end, do=fired)
        three = on_done(c >> end, do=ended)

    assert [t.id for t in Typed.chart.transitions] == ["one", "two", "three"]
