"""XState's JSON as a chart: what it means, its omissions and its problems with their places."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statehold.chart.effect import Effect
from statehold.chart.event import NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, Guard
from statehold.errors import DefinitionError
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Imported, Offered
from statehold.formats.xstate import read_xstate, read_xstate_chart, write_xstate
from statehold.interpreter import Snapshot, start, step
from tests.conformance.chart_builder import final, machine, on, state

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def chart(document: Any) -> Chart:
    return read_xstate_chart(document)[0]


def left_out(document: Any) -> dict[str, str]:
    return {o.place: o.what for o in read_xstate_chart(document)[1]}


def problems(
    document: Any, read: Callable[[Any], Any] = read_xstate_chart
) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        read(document)
    return [(problem.place, problem.message) for problem in caught.value.problems]


class Running:
    """A machine whose actions note their names, unless they are offered."""

    def __init__(self, document: Any, **functions: Callable[..., Any]) -> None:
        noted = {n.name: note(n.name) for n in read_xstate_chart(document)[2] if n.role == "action"}
        effects = {n.name: effect(n.name) for n in read_xstate_chart(document)[2]}
        imported: Imported = read_xstate(document, Offered({**noted, **functions}, effects))
        self.machine: Definition[Any] = imported.definition
        self.snapshot: Snapshot[Any] = start(
            self.machine, self.machine.data.check({"log": []}), NOW
        ).snapshot

    def send(self, event: Any) -> Running:
        event = NamedEvent(event) if isinstance(event, str) else event
        self.snapshot = step(self.machine, self.snapshot, event, NOW).snapshot
        return self

    @property
    def state(self) -> tuple[str, ...]:
        return self.snapshot.state

    @property
    def log(self) -> list[str]:
        log: list[str] = self.snapshot.data["log"]
        return log


def note(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["log"].append(name)


def effect(name: str) -> Effect[Any, Any]:
    return Effect(name, lambda data: None, False)


def two(**a: Any) -> dict[str, Any]:
    """A machine of states a and b, which begins in a."""
    return {"id": "two", "initial": "a", "states": {"a": a, "b": {}}}


# --- states and targets ------------------------------------------------------------------------

NESTED: dict[str, Any] = {
    "id": "m",
    "initial": "a",
    "states": {
        "a": {
            "initial": "x",
            "states": {"x": {}, "y": {"id": "why", "initial": "z", "states": {"z": {}}}},
        },
        "b": {},
    },
}


@pytest.mark.parametrize(
    ("target", "found"),
    [("b", "b"), (".y", "a.y"), ("#why", "a.y"), ("#why.z", "a.y.z"), ("#m.a.y.z", "a.y.z")],
)
def test_targets_are_siblings_children_or_ids(target: str, found: str) -> None:
    document = json.loads(json.dumps(NESTED))
    document["states"]["a"]["on"] = {"GO": target}
    assert chart(document).transitions[0].targets == (found,)


@pytest.mark.parametrize("target", ["y", "#nobody", ".b", "", 3, ["b", "nowhere"]])
def test_a_target_that_is_none_is_reported_with_its_pointer(target: Any) -> None:
    document = json.loads(json.dumps(NESTED))
    document["states"]["a"]["on"] = {"GO": {"target": target}}
    assert [place for place, _ in problems(document)] == ["/states/a/on/GO/target"]


def test_a_machine_without_states_has_one() -> None:
    run = Running({"id": "counter", "context": {"n": 0}, "on": {"INC": {"actions": "add"}}})
    assert run.send("INC").state == ("active",)
    assert run.log == ["add"]


def test_states_and_timers_whose_keys_are_numbers_stand_as_javascript_has_them() -> None:
    document = {"initial": "10", "states": {"b": {}, "10": {}, "2": {}}}
    assert [node.id for node in chart(document).states] == ["", "2", "10", "b"]


# --- version 4 ---------------------------------------------------------------------------------


def test_version_4_restarts_where_version_5_stays() -> None:
    inner = {"initial": "x", "states": {"x": {}, "y": {}}, "entry": "enter", "exit": "leave"}
    v5 = two(**inner, on={"GO": ".y", "SELF": "a"})
    assert Running(v5).send("GO").send("SELF").log == ["enter"]
    v4 = two(**inner, on={"GO": ".y", "SELF": "a", "OUT": {"target": ".y", "internal": False}})
    assert Running(v4).send("GO").log == ["enter"]
    assert Running(v4).send("SELF").log == ["enter", "leave", "enter"]
    assert Running(v4).send("OUT").log == ["enter", "leave", "enter"]


def test_version_4_spells_guards_final_data_and_immediate_transitions_otherwise() -> None:
    document = {
        "id": "old", "initial": "a", "strict": True,
        "states": {
            "a": {"on": {"": {"target": "b", "cond": "ready"}}, "onExit": "bye", "activities": "x"},
            "b": {"type": "final", "data": {"n": 1}},
        },
    }  # fmt: skip
    run = Running(document, ready=lambda data: True)
    assert (run.state, run.snapshot.output, run.log) == (("b",), {"n": 1}, ["bye"])
    assert left_out(document) == {"/states/a/activities": "activities"}


# --- events ------------------------------------------------------------------------------------


def test_a_forbidden_event_is_taken_and_does_nothing() -> None:
    nothing: tuple[Any, ...] = ({}, None)
    for forbidden in nothing:
        document = two(on={"GO": forbidden})
        document["on"] = {"GO": ".b"}
        run = Running(document).send("GO")
        assert run.state == ("a",)


def test_no_transitions_at_all_leave_an_event_to_the_parent() -> None:
    document = two(on={"GO": []})
    document["on"] = {"GO": ".b"}
    assert Running(document).send("GO").state == ("b",)


def test_whole_names_come_before_wildcards_wherever_they_stand() -> None:
    run = Running(
        two(on={"*": {"actions": "any"}, "a.*": {"actions": "some"}, "a.b": {"actions": "one"}})
    )
    assert run.send("a.b").send("a.c").send("z").log == ["one", "some", "any"]


def test_transitions_after_one_delay_share_a_timer() -> None:
    document = two(after={"1000": [{"guard": "no", "target": "b"}, {"actions": "late"}]})
    run = Running(document, no=lambda data: False)
    assert [timer.due - NOW for timer in run.snapshot.timers] == [timedelta(seconds=1)]
    run.send(TimerFired(run.snapshot.timers[0].id))
    assert (run.state, run.log, run.snapshot.timers) == (("a",), ["late"], ())


def test_the_outcome_of_an_invoke_is_taken_where_it_is_written_or_by_its_event() -> None:
    document = two(invoke={"src": "work", "id": "w", "onDone": "b"})
    document["on"] = {"error.platform.w": ".b", "xstate.done.actor.gone": ".b"}
    run = Running(document)
    key = run.snapshot.effects[0].key
    assert run.send(Result("w", key, 5)).state == ("b",)
    assert [t.trigger.kind for t in chart(document).transitions] == ["failure", "result"]
    assert left_out(document) == {"/on/xstate.done.actor.gone": "xstate.done.actor.gone"}


# --- guards and actions ------------------------------------------------------------------------


def test_parameters_are_keyword_arguments_and_part_of_the_name() -> None:
    def above(data: Any, event: NamedEvent, *, least: int) -> bool:
        return bool(event.data["n"] >= least)

    document = two(on={"GO": {"target": "b", "guard": {"type": "above", "params": {"least": 3}}}})
    assert chart(document).transitions[0].guards == (Guard('above({"least":3})'),)
    run = Running(document, above=above)
    assert run.send(NamedEvent("GO", {"n": 2})).state == ("a",)
    assert run.send(NamedEvent("GO", {"n": 3})).state == ("b",)


def test_composed_guards_are_asked_and_read_as_what_they_say() -> None:
    guard = {
        "type": "xstate.and",
        "guards": [
            "yes",
            {"type": "xstate.not", "guards": [{"type": "xstate.or", "guards": ["no", "never"]}]},
            {"type": "xstate.stateIn", "params": {"stateValue": "a"}},
        ],
    }
    document = two(on={"GO": {"target": "b", "guard": guard}})
    names = [g.name for g in chart(document).transitions[0].guards]
    assert names == ["yes", "not(or(no, never))", "a"]
    answers = {"yes": lambda _: True, "no": lambda _: False, "never": lambda _: False}
    assert Running(document, **answers).send("GO").state == ("b",)
    again = write_xstate(chart(document))
    assert Running(again, **answers).send("GO").state == ("b",)


def test_actions_that_are_data_do_what_they_say() -> None:
    actions = [
        {"type": "xstate.raise", "params": {"event": {"type": "NEXT", "n": 1}}},
        {"type": "xstate.assign", "params": {"assignment": {"seen": True}}},
    ]
    document = two(on={"GO": {"actions": actions}, "NEXT": {"target": "b", "actions": "note"}})
    run = Running(document, note=lambda data, event: data.update(event=event.data))
    run.send("GO")
    assert run.state == ("b",)
    assert run.snapshot.data == {"log": [], "seen": True, "event": {"n": 1}}


@pytest.mark.parametrize(
    "name",
    [
        "raise({})", 'raise("x")', "send({})", 'send({"delay":-1,"event":{"type":"X"}})',
        'send({"delay":1e+300,"event":{"type":"X"}})', "cancel(1)", "assign({})", "emit([])",
    ],
)  # fmt: skip
def test_a_name_that_only_looks_like_data_is_that_of_a_function(name: str) -> None:
    _, _, needed = read_xstate_chart(two(entry=name))
    assert [one.name for one in needed] == [name]


def test_what_xstate_does_with_code_or_actors_is_left_out_by_name() -> None:
    document = two(
        entry=[{"type": "xstate.sendTo"}, {"type": "xstate.assign"}, {"type": "xstate.log"}],
        invoke={"src": "x", "input": {"a": 1}, "systemId": "s", "onSnapshot": {}},
        nonsense=1,
    )
    assert left_out(document) == {
        "/states/a/entry/0": "xstate.sendTo",
        "/states/a/entry/1": "xstate.assign",
        "/states/a/entry/2": "xstate.log",
        "/states/a/invoke/input": "input",
        "/states/a/invoke/systemId": "systemId",
        "/states/a/invoke/onSnapshot": "onSnapshot",
        "/states/a/nonsense": "nonsense",
    }


def test_all_missing_functions_are_reported_at_once_with_their_parameters() -> None:
    async def slow(data: Any) -> None: ...

    document = two(
        entry=["greet", "slow"],
        invoke={"src": "work"},
        on={"GO": {"guard": {"type": "above", "params": {"least": 3}}, "actions": "greet"}},
        after={"patience": "b"},
    )
    offered = Offered({"slow": slow, "above": lambda data: True})
    found = problems(document, lambda d: read_xstate(d, offered))
    assert found == [
        ("/states/a, /states/a/on/GO", "action 'greet' is not offered"),
        ("/states/a", "action 'slow' is an async function"),
        ("/states/a", "nothing is offered for invoke 'work'"),
        ("/states/a/on/GO", "guard 'above' has the wrong parameters"),
        ("/states/a/after/patience", "delay 'patience' is not offered"),
    ]
    _, _, needed = read_xstate_chart(document)
    assert {(n.name, n.role) for n in needed} >= {("work", "effect"), ("patience", "delay")}


def test_an_invoke_is_a_machine_where_one_is_offered() -> None:
    child = machine(state("s"), final("end"), transitions=[on("go", "s > end")])
    document = two(invoke={"src": "drawn", "input": {"n": 3}})
    definition = read_xstate(document, Offered(machines={"drawn": child})).definition
    invoke = definition.chart.states[1].invokes[0]
    assert (invoke.kind, invoke.input) == ("machine", '{"n":3}')
    assert definition.children["drawn"] is child


# --- data --------------------------------------------------------------------------------------


def test_data_begin_as_a_copy_of_the_context() -> None:
    document = {**two(), "context": {"items": [], "n": 1}}
    shape = read_xstate(document, NOTHING).definition.data
    first = shape.check({"n": 2})
    first["items"].append("x")
    assert (first, shape.check({})) == ({"items": ["x"], "n": 2}, {"items": [], "n": 1})


# --- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "it is not JSON"),
        (b"[1]", "it is an array"),
        (b'{"a":1,"a":2}', "the key stands here twice"),
        (b'{"id":"\\ud800"}', "it is not JSON"),
        (b'{"context":{"n":1e999}}', "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"states":{"a":' * 150 + b"{}" + b"}}" * 150, "it is nested deeper than 200 levels"),
        (b'{"context":[%s[]]}' % (b"[]," * 100_000), "more than 100000 objects and arrays"),
        (b"12", "it is the number 12"),
        (b'{"context":"%s"}' % (b"x" * DOCUMENT_LIMIT), "the limit is 1000000"),
    ],
)
def test_what_is_no_document_is_refused_before_anything_of_it_is_looked_at(
    raw: bytes, message: str
) -> None:
    assert any(message in reported for _, reported in problems(raw))


def test_every_problem_of_a_document_is_reported_at_once_with_its_pointer() -> None:
    document = {
        "initial": "z",
        "states": {
            "a": {"type": "odd", "on": 5, "tags": [1], "after": {"-5": "b"}},
            "b/c": {"invoke": {}, "entry": {"params": {}}, "states": {"x": {}}},
            "d": {"on": {"a.*.b": "a", "E": {"target": "q", "guard": 5}}},
        },
    }
    assert [place for place, _ in problems(document)] == [
        "/states/a/type",
        "/states/b~1c/invoke/src",
        "/initial",
        "/states/a/tags",
        "/states/b~1c/initial",
        "/states/b~1c/entry",
        "/states/a/on",
        "/states/a/after/-5",
        "/states/d/on/a.*.b",
        "/states/d/on/E/target",
        "/states/d/on/E/guard",
        "/",
        "/states/b~1c",
    ]


def test_problems_are_bounded() -> None:
    document = {"initial": "a", "states": {"a": {"on": {f"E{n}": "gone" for n in range(1000)}}}}
    found = problems(document)
    assert len(found) == 101
    assert found[-1][1] == "it has more problems than these"


def test_a_key_under_statehold_that_is_no_field_of_a_chart_is_reported() -> None:
    document = two(meta={"statehold": {"owner": 5}})
    assert [place for place, _ in problems(document)] == ["/states/a/statehold/owner"]


def test_a_delay_that_leads_beyond_every_date_is_refused() -> None:
    found = problems(two(after={"9e14": "b"}))
    assert found == [
        ("/states/a/after/9e14", "its delay is 9e+11 seconds; the limit is 3153600000")
    ]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", ["(" * 300_000, "and(" * 75_000, 'say({"a":' * 30_000])
def test_a_name_of_brackets_without_end_is_read_in_time_that_grows_with_its_length(
    name: str,
) -> None:
    document = {"id": "m", "initial": "a", "states": {"a": {"on": {"E": {"guard": name}}}}}
    assert chart(document).transitions[0].guards[0].name == name


@pytest.mark.timeout(30)
def test_a_target_of_any_length_is_looked_up_in_time_that_grows_with_it() -> None:
    document = {"id": "m", "initial": "a", "states": {"a": {"on": {"E": "#" + "b" * 900_000}}}}
    ((place, message),) = problems(document)
    assert place == "/states/a/on/E/target"
    assert len(message) < 200
