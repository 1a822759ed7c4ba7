"""Findings of the static checks: what is claimed, what is not, and what is silenced."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from statehold import (
    AnyEvent,
    Compound,
    Context,
    Definition,
    DefinitionError,
    Event,
    Final,
    Machine,
    Parallel,
    State,
    Upgrade,
    active,
    after,
    always,
    minutes,
    on,
    on_done,
    silence,
)
from statehold.chart.codes import CODES
from statehold.chart.event import NamedEvent, TimerFired
from statehold.chart.machine import Function, Uses
from statehold.chart.model import EventShape, Guard, Silence
from statehold.chart.values import Shape
from statehold.check.lint.catalogue import CATALOGUE
from statehold.check.lint.findings import Finding, findings
from statehold.errors import ActionFailed
from statehold.interpreter.step import start, step
from statehold.upgrade.diff import difference
from tests.conformance import chart_builder as draw


class Data(BaseModel):
    total: int
    note: str | None = None


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Go(Event): ...


class Stop(Event): ...


def codes(machine: Any, **options: Any) -> list[str]:
    return [finding.code for finding in findings(machine, **options)]


def only(machine: Any, **options: Any) -> Finding:
    (finding,) = findings(machine, **options)
    return finding


def test_every_code_has_a_meaning() -> None:
    assert set(CATALOGUE) == CODES


# --- reachability ------------------------------------------------------------------------------


def test_of_an_unreachable_state_those_inside_go_unnamed() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)

        class lost(Compound):
            one = State(initial=True)
            two = State()
            go = on(Go, one >> two)

        over = Final()
        end = on(Stop, here >> over)
        out = on(Stop, lost >> over)

    assert [f.place for f in findings(Flow)] == ["lost"]


def test_a_state_that_an_upgrade_leads_to_is_reachable() -> None:
    class Flow(Machine[Data], name="flow", version=2):
        here = State(initial=True)
        kept = State()
        over = Final()
        end = on(Stop, (here | kept) >> over)
        upgrades = (Upgrade(1, states={"old": kept}),)

    assert findings(Flow) == ()


def test_what_no_start_leads_to_is_no_error_where_an_upgrade_may_lead_there() -> None:
    def machine(upgrades: tuple[Upgrade, ...]) -> Any:
        class Flow(Machine[Data], name="flow", version=2):
            class both(Parallel, initial=True):
                class left(Compound):
                    one = State(initial=True)
                    kept = State()
                    first = Final()

                class right(Compound):
                    two = State(initial=True)
                    second = Final()

            over = Final()
            leave = on(Stop, both.left.kept >> both.left.first)
            go = on(Go, both.right.two >> both.right.second, when=active(both.left.kept))
            stop = on(Stop, both.right.two >> both.right.second)
            end = on_done(both >> over)

        return dataclasses.replace(Flow.definition, upgrades=upgrades, program=None)

    told = ("in-guard-impossible", "never-done")
    for upgrades, severity in (((), "error"), ((Upgrade(1),), "warning")):
        found = {str(f.code): f.severity for f in findings(machine(upgrades))}
        assert [found[code] for code in told] == [severity, severity]


def test_a_machine_without_an_end_may_live_in_one_state() -> None:
    class Counter(Machine[Data], name="counter", version=1):
        counting = State(initial=True)
        go = on(Go, counting, do=lambda data: None)

    assert findings(Counter) == ()


def test_a_state_beside_which_another_region_leaves_is_no_dead_end() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            one = State()

            class two(Compound):
                at = State(initial=True)

        over = Final()
        end = on(Stop, both.two >> over)

    assert findings(Flow) == ()


def test_a_search_that_was_cut_says_so_and_claims_nothing() -> None:
    regions = [draw.state(f"r{n}", *(draw.state(f"r{n}s{m}") for m in range(4))) for n in range(8)]
    arrows = [
        draw.on(f"e{n}{m}", f"r{n}s{m} > r{n}s{(m + 1) % 4}") for n in range(8) for m in range(3)
    ]
    lost = draw.state("lost")
    machine = draw.machine(draw.parallel("p", *regions), lost, transitions=arrows)
    found = only(machine.chart, limit=500)
    assert (found.code, found.severity) == ("search-cut", "info")
    assert "500" in found.message


def test_a_chart_without_its_functions_is_checked_as_far_as_it_goes() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        stuck = State()
        go = on(Go, here >> stuck, when=lambda data: False)

    assert codes(Flow.chart) == ["dead-end"]
    assert codes(Flow) == ["dead-end", "constant-guard"]


# --- choice ------------------------------------------------------------------------------------


def test_an_event_that_a_deeper_state_always_takes_never_comes_to_the_outer_one() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            there = on(Go, one >> two)
            back = on(Go, two >> one)

        over = Final()
        never = on(Go, outer >> over)
        end = on(Stop, outer >> over)

    found = only(Flow)
    assert (found.code, found.place) == ("never-chosen", "never")
    assert "outer.there, outer.back comes first" in found.message


def test_the_same_guard_twice_lets_the_second_never_be_chosen() -> None:
    def is_big(data: Data) -> bool:
        return data.total > 10

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        first = on(Go, here >> one, when=is_big)
        second = on(Go, here >> two, when=is_big)
        rest = on(Go, here >> two)

    found = only(Flow)
    assert (found.code, found.place) == ("never-chosen", "second")
    assert "first is asked first and asks for no more" in found.message


def test_any_event_is_no_rival_of_an_exact_one() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        other = on(AnyEvent, here, do=lambda data: None)
        end = on(Stop, here >> over)

    assert findings(Flow) == ()


class Paid(Event):
    amount: int


def is_enough(data: Data, event: Paid) -> bool:
    return event.amount >= 100


def is_little(data: Data, event: Paid) -> bool:
    return event.amount <= 100


def is_a_lot(data: Data, event: Paid) -> bool:
    return event.amount > 1_000


def breaks(data: Data, event: Paid) -> bool:
    raise RuntimeError(data)


def deciding(first: Any, second: Any) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        go = on(Paid, here >> one, when=first)
        stop = on(Paid, here >> two, when=second)
        end = on(Stop, here >> two)

    return Flow


def test_guards_on_the_event_overlap_with_a_witness() -> None:
    found = only(deciding(is_enough, is_little))
    assert found.code == "overlapping-guards"
    assert found.severity == "warning"
    assert "amount = 100" in found.message


def test_a_special_case_before_the_general_one_is_worth_a_remark_only() -> None:
    assert only(deciding(is_a_lot, is_enough)).severity == "info"


def test_a_general_case_before_the_special_one_is_a_mistake() -> None:
    found = only(deciding(is_enough, is_a_lot))
    assert (found.severity, found.place) == ("warning", "stop")
    assert "no data was found for which is_a_lot says yes alone" in found.message


def test_guards_that_exclude_each_other_or_can_not_answer_are_left_alone() -> None:
    assert findings(deciding(is_little, is_a_lot)) == ()
    assert findings(deciding(is_enough, breaks)) == ()


def test_no_guard_is_asked_where_nobody_wants_it() -> None:
    asked = []

    def watches(data: Data) -> bool:
        asked.append(data)
        return data.total > 10

    def is_bigger(data: Data) -> bool:
        return data.total > 11

    findings(deciding(watches, is_bigger), ask=False)
    assert asked == []
    findings(deciding(watches, is_bigger))
    assert asked != []


def test_a_schema_that_holds_itself_is_followed_within_bounds() -> None:
    fields = {f"f{n}": {"$ref": "#"} for n in range(200)}
    itself = {"type": "object", "anyOf": [{"$ref": "#"}], "properties": fields, "required": ["f1"]}
    machine = as_data(data_schema=itself)
    chart = machine.chart
    one, two = (
        msgspec.structs.replace(chart.transitions[1], id=name, guards=(Guard(name),), targets=to)
        for name, to in (("a > 1", ("over",)), ("a > 2", ("here",)))
    )
    machine.chart = msgspec.structs.replace(chart, transitions=(chart.transitions[0], one, two))
    machine.functions = {
        "note:set": expression(""),
        "a > 1": Function(lambda data: bool(data), 1, Uses()),
        "a > 2": Function(lambda data: "f1" in data, 1),
    }
    assert codes(machine) == ["overlapping-guards"]


# --- loops -------------------------------------------------------------------------------------


def is_big(data: Data) -> bool:
    return data.total > 10


def is_small(data: Data) -> bool:
    return data.total <= 10


def is_even(data: Data) -> bool:
    return data.total % 2 == 0


def add(data: Data) -> None:
    data.total += 1


def circling(there: Any, back: Any, do: Any = None) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = always(one >> two, when=there, do=do)
        turn = always(two >> one, when=back)
        end = on(Stop, (one | two) >> over)

    return Flow


def test_guards_that_can_hold_together_let_a_step_go_round_for_ever() -> None:
    found = only(circling(is_big, is_even))
    assert found.code == "endless-eventless"
    assert "total = 12" in found.message


def test_guards_that_exclude_each_other_end_the_round() -> None:
    assert findings(circling(is_big, is_small)) == ()


def test_a_round_that_changes_the_data_may_come_to_its_end() -> None:
    assert findings(circling(is_small, is_even, add)) == ()


def test_an_event_that_raises_itself_goes_round_for_ever() -> None:
    def again(data: Data, event: Go, context: Context) -> None:
        context.raise_(Go())

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        go = on(Go, here, do=again)
        end = on(Stop, here >> over)

    found = only(Flow)
    assert (found.code, found.place) == ("endless-eventless", "go")


def test_two_events_that_raise_each_other_go_round_unless_a_state_is_left() -> None:
    def to_stop(data: Data, event: Go, context: Context) -> None:
        context.raise_(Stop())

    def to_go(data: Data, event: Stop, context: Context) -> None:
        context.raise_(Go())

    class Round(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        go = on(Go, one >> two, do=to_stop)
        stop = on(Stop, two >> one, do=to_go)

    class Ends(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = on(Go, one >> two, do=to_stop)
        stop = on(Stop, two >> over, do=to_go)

    assert codes(Round) == ["endless-eventless"]
    assert findings(Ends) == ()


# --- fields ------------------------------------------------------------------------------------


@dataclass
class Remembering:
    """It has more attributes than fields."""

    total: int = 0

    def __post_init__(self) -> None:
        self.seen: set[int] = set()


def test_attributes_that_code_of_the_data_type_makes_are_no_unknown_fields() -> None:
    class Flow(Machine[Remembering], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        end = on(Stop, here >> over, when=lambda data: not data.seen)

    assert findings(Flow) == ()


def test_a_field_that_a_function_makes_sure_of_is_no_error() -> None:
    def asks_first(data: Data) -> bool:
        return hasattr(data, "former") and bool(data.former)

    def is_ready(data: Data) -> bool:
        try:
            return data.former is None  # type: ignore[attr-defined]
        except AttributeError:
            return True

    def trusts(data: Data) -> bool:
        return data.former is None  # type: ignore[attr-defined]

    for guard, severity in ((asks_first, "warning"), (is_ready, "warning"), (trusts, "error")):

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            over = Final()
            end = on(Stop, here >> over, when=guard)

        found = only(Flow)
        assert (found.code, found.severity) == ("unknown-field", severity)


# --- time --------------------------------------------------------------------------------------


def test_a_timer_is_outlived_by_that_of_a_state_around_it() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            onward = after(minutes(10), one >> two)

        over = Final()
        lapse = after(minutes(5), outer >> over)
        skip = on(Go, outer.one >> outer.two)

    assert [(f.code, f.place) for f in findings(Flow)] == [("timer-never-fires", "outer.onward")]


def test_a_timer_is_not_outlived_by_that_of_a_state_that_stays() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            onward = after(minutes(10), one >> two)

        over = Final()
        again = after(minutes(5), outer >> outer.one)
        end = on(Stop, outer >> over)

    assert findings(Flow) == ()


def test_a_timer_with_a_guard_or_without_a_target_leaves_nothing() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        remind = after(minutes(1), here, do=add)
        early = after(minutes(2), here >> over, when=is_big)
        late = after(minutes(3), here >> over)

    assert findings(Flow) == ()


def test_of_two_timers_at_one_moment_the_second_never_fires() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        first = after(minutes(1), here >> one)
        second = after(minutes(1), here >> two)
        end = on(Stop, here >> two)

    assert [(f.code, f.place) for f in findings(Flow)] == [("timer-never-fires", "second")]


def test_a_shorter_timer_whose_step_may_raise_refuses_no_start() -> None:
    def refuse(data: Data) -> None:
        raise ValueError("not today")

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        there = State(entry=refuse)
        over = Final()
        first = after(minutes(1), here >> there)
        second = after(minutes(2), here >> over)
        end = on(Stop, there >> over)

    found = only(Flow)
    assert (found.code, found.severity, found.place) == ("timer-never-fires", "warning", "second")
    assert "unless a function raises" in found.message
    # and it is so: the step of the first is dropped, the second fires
    begun = start(Flow, Data(total=0), NOON).snapshot
    with pytest.raises(ActionFailed):
        step(Flow, begun, TimerFired("first"), NOON + minutes(1))
    late = step(Flow, begun, TimerFired("second"), NOON + minutes(2))
    assert late.snapshot.state == ("over",)


def test_a_shorter_timer_whose_step_calls_nothing_is_certain() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        first = after(minutes(1), here >> over)
        second = after(minutes(2), here >> over)
        remind = on(Go, here, do=add)

    found = only(Flow)
    assert (found.code, found.severity) == ("timer-never-fires", "error")
    assert "unless" not in found.message


# --- completion --------------------------------------------------------------------------------


def test_regions_that_are_never_at_their_ends_together_are_never_done() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Go, one >> two)

            class right(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Stop, one >> two)

            again = on(Go, right >> right, reenter=True)

        over = Final()
        stop = on(Stop, both >> over)
        end = on_done(both >> over)

    assert "never-done" not in codes(Flow)


def test_a_final_state_that_nothing_leads_to_lets_its_region_never_finish() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Go, one >> two)

            class right(Compound):
                one = State(initial=True)
                two = Final()

        over = Final()
        stop = on(Stop, both >> over)
        end = on_done(both >> over)

    found = findings(Flow)
    assert [f.code for f in found] == ["never-done", "unreachable-state"]
    assert "both.right never reaches a final state" in found[0].message


# --- data and events ---------------------------------------------------------------------------


def reads_note(data: Data) -> bool:
    return data.note == "yes"


def noting(do: Any) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        keep = on(Go, here, do=do)
        end = on(Stop, here >> over, when=reads_note)

    return Flow


def makes_another(data: Data) -> Data:
    return Data(total=data.total, note="yes")


def helped(data: Data) -> None:
    setattr(data, "note", "yes")  # noqa: B010 - a way that can't be followed


def test_a_field_is_called_never_set_only_where_every_action_is_understood() -> None:
    assert codes(noting(add)) == ["never-set"]
    assert findings(noting(makes_another)) == ()
    assert findings(noting(helped)) == ()


def expression(text: str, **uses: frozenset[str]) -> Function:
    return Function(lambda data: None, 1, Uses(**uses))


def as_data(**changes: Any) -> Definition[Any]:
    """A machine as a reader of documents makes it: expressions, declared events."""
    drawn = draw.machine(
        draw.state("here"),
        draw.final("over"),
        transitions=[draw.on("go", "here", do=["set"]), draw.on("stop", "here > over")],
    )
    declared = {"events": (EventShape("go"), EventShape("stop")), **changes}
    chart = msgspec.structs.replace(drawn.chart, **declared)
    functions = {"note:set": expression("", raises=frozenset({"lost"}))}
    return Definition(chart, Shape(dict[str, Any]), functions=functions)


def test_an_event_that_an_expression_raises_and_nobody_takes_is_unheard() -> None:
    assert [(f.code, f.place) for f in findings(as_data())] == [("unheard-event", "lost")]


def test_a_declared_event_that_nobody_takes_is_unheard() -> None:
    events = tuple(map(EventShape, ("go", "stop", "never")))
    found = findings(as_data(events=events).chart)
    assert [(f.code, f.place) for f in found] == [("unheard-event", "never")]


def test_an_event_that_is_waited_for_and_not_declared_is_told() -> None:
    machine = as_data(events=(EventShape("go"),))
    machine.functions = {"note:set": expression("")}
    assert [(f.code, f.place) for f in findings(machine)] == [("undeclared-event", _stop(machine))]


def _stop(machine: Definition[Any]) -> str:
    return machine.chart.transitions[1].id


def test_named_events_are_known_by_what_they_are_given() -> None:
    def raise_named(data: Data, event: Go, context: Context) -> None:
        context.raise_(NamedEvent("Nobody"))

    assert "Nobody" in [f.place for f in findings(noting(raise_named))]


# --- silences ----------------------------------------------------------------------------------


def test_a_finding_is_silenced_at_its_place_or_everywhere() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = State()
        two = State()
        go = on(Go, here >> one)
        stop = on(Stop, here >> two)
        silences = (silence("dead-end", one, because="kept for good"),)

    class Quiet(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = State()
        two = State()
        go = on(Go, here >> one)
        stop = on(Stop, here >> two)
        silences = (silence("dead-end", because="kept for good"),)

    assert [f.place for f in findings(Flow)] == ["two"]
    assert findings(Quiet) == ()


def test_a_rule_with_several_sources_is_silenced_by_one_name() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        one = State(initial=True)
        two = State()
        over = Final()
        go = on(Go, one >> two)
        end = on(Stop, (one | two) >> over)
        again = on(Stop, (one | two) >> over)
        silences = (silence("duplicate-transition", again, because="it will differ"),)

    assert findings(Flow) == ()


def test_a_silence_names_states_transitions_events_and_fields() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        end = on(Stop, here >> over, when=reads_note)
        silences = (
            silence("never-set", "note", because="the start gives it"),
            silence("dead-end", here, end, because="a"),
            silence("unheard-event", Stop, because="b"),
        )

    assert [s.place for s in Flow.chart.silenced] == ["note", "here", "end", "Stop"]
    assert codes(Flow) == ["silence-unused"] * 3


def test_mistakes_in_silences_are_told_with_all_others() -> None:
    with pytest.raises(DefinitionError) as caught:

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            silences = (
                silence("dead-ends", here, because="x"),  # type: ignore[arg-type]
                silence("dead-end", here, because=" "),
                silence("dead-end", State(), because="x"),
            )

    told = [problem.message for problem in caught.value.problems]
    assert told == [
        "no check has the code 'dead-ends'",
        "dead-end is silenced without a reason",
        "State('') is no state, transition or event of this machine",
    ]


def test_what_is_no_list_of_silences_is_refused() -> None:
    with pytest.raises(DefinitionError, match="is not a list of silences"):

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            silences = "dead-end"  # type: ignore[assignment]


@pytest.mark.parametrize("silenced", [Silence("no-such", "because"), Silence("dead-end", "")])
def test_a_document_s_silence_of_no_code_or_without_reason_silences_nothing(
    silenced: Silence,
) -> None:
    chart = as_data(silenced=(silenced,)).chart
    assert codes(chart) == ["silence-unknown"]


def test_silences_texts_and_notes_are_no_change_of_a_chart() -> None:
    plain = as_data().chart
    first = msgspec.structs.replace(plain.states[1], doc="a state", meta={"x": 1})
    told = msgspec.structs.replace(plain.transitions[0], doc="a transition", meta={"y": 2})
    changed = msgspec.structs.replace(
        plain,
        states=(plain.states[0], first, *plain.states[2:]),
        transitions=(told, *plain.transitions[1:]),
        silenced=(Silence("dead-end", "kept"),),
        meta={"team": "orders"},
        doc="a machine",
    )
    assert difference(plain, changed) == []
