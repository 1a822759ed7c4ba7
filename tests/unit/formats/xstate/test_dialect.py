"""Which version a document is read as, and what ``JSON.stringify`` and its losses come to."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from statehold.chart.event import TimerFired
from statehold.check.lint.findings import findings
from statehold.errors import DefinitionError
from statehold.formats.notation import NOTHING, Offered
from statehold.formats.xstate import read_xstate, read_xstate_chart, write_xstate
from tests.unit.formats.xstate.test_xstate import NOW, Running, chart, left_out, problems, two

# --- versions ----------------------------------------------------------------------------------


def nesting(document: Any, **options: Any) -> str:
    return read_xstate_chart(document, **options)[0].policy.nesting


@pytest.mark.parametrize(
    "marks",
    [
        {"predictableActionArguments": True}, {"schema": {}}, {"tsTypes": {}},
        {"preserveActionOrder": True}, {"on": [{"event": "X"}]}, {"on": {"done.invoke.w": {}}},
        {"on": {"": {"cond": "x"}}}, {"onEntry": "f"}, {"states": {"a": {"activities": "f"}}},
        {"states": {"a": {"on": {"X": {"target": "a", "internal": False}}}}},
        {"states": {"a": {"type": "final", "data": {"n": 1}}}},
        {"states": {"a": {"invoke": {"src": "w", "data": {}}}}},
        {"states": {"a": {"after": [{"delay": 5, "target": "a"}]}}},
        {"states": {"a": {"on": {"X": {"cond": "f", "guard": "f"}}}}},
    ],
)  # fmt: skip
def test_a_word_of_version_4_makes_a_document_one_of_version_4(marks: dict[str, Any]) -> None:
    assert nesting({"initial": "a", "states": {"a": {}}, **marks}) == "xstate4"


@pytest.mark.parametrize(
    "plain",
    [
        {}, {"context": {"cond": 1, "internal": True}}, {"meta": {"in": 1}},
        {"schema": {}, "on": {"X": {"guard": "f"}}}, {"on": {"cond": ".a", "internal": ".a"}},
        {"predictableActionArguments": None, "tsTypes": None},
        {"states": {"a": {"type": "final", "output": {"data": 1}}}},
    ],
)  # fmt: skip
def test_without_a_word_of_version_4_it_is_one_of_version_5(plain: dict[str, Any]) -> None:
    assert nesting({"initial": "a", "states": {"a": {}}, **plain}) == "xstate"


def test_an_argument_or_the_document_itself_decides_the_version_before_its_words() -> None:
    four = two(on={"GO": {"target": "b", "cond": "f"}})
    assert nesting(four, xstate_version=5) == "xstate"
    assert nesting(two(), xstate_version=4) == "xstate4"
    assert nesting({**two(), "meta": {"statehold": {"xstate": 4}}}) == "xstate4"
    with pytest.raises(ValueError, match=r"xstate_version is 3; it is one of \(4, 5\)"):
        read_xstate_chart(two(), xstate_version=3)  # type: ignore[arg-type]


def test_words_of_both_versions_are_reported() -> None:
    document = two(on={"GO": {"target": "b", "cond": "f"}, "BACK": {"guard": "g"}})
    assert left_out(document) == {"/": "guard"}


def test_a_chart_of_version_4_that_is_written_and_read_is_the_same_chart() -> None:
    before = chart(two(onEntry="f", on={"SELF": "a", "OUT": {"target": "b", "internal": True}}))
    again = read_xstate_chart(json.dumps(write_xstate(before)))[0]
    assert (again, again.policy.nesting) == (before, "xstate4")


def test_what_a_class_writes_is_read_as_version_5_whatever_its_events_are_called() -> None:
    before = chart({**two(on={"done.invoke.x": "b"}), "meta": {"statehold": {"xstate": 5}}})
    assert read_xstate_chart(write_xstate(before))[0].policy.nesting == "xstate"


# --- version 4's transitions -------------------------------------------------------------------


def test_an_external_transition_within_a_region_leaves_the_other_regions_alone() -> None:
    document = {
        "id": "m", "type": "parallel", "states": {
            "form": {
                "initial": "editing", "on": {"SUBMIT": {"target": "#m.form.sending", "cond": "ok"}},
                "states": {"editing": {}, "sending": {}}, "entry": "enter", "exit": "leave",
            },
            "network": {
                "initial": "online",
                "states": {"online": {"on": {"LOST": "offline"}}, "offline": {}},
            },
        },
    }  # fmt: skip
    run = Running(document, ok=lambda data: True).send("LOST").send("SUBMIT")
    assert run.state == ("form.sending", "network.offline")
    assert run.log == ["enter", "leave", "enter"]


def test_a_child_that_is_active_already_is_left_alone_by_a_dot_target() -> None:
    inner = {"typing": {"entry": "start", "after": {"500": "asking"}}, "asking": {}}
    document = two(initial="typing", states=inner, onEntry="show", on={"KEY": ".typing"})
    run = Running(document)
    due = run.snapshot.timers[0].due
    assert run.send("KEY").log == ["show", "start"]
    assert run.snapshot.timers[0].due == due
    run.send(TimerFired(run.snapshot.timers[0].id))
    assert run.send("KEY").log == ["show", "start", "start"]


def test_in_version_4_a_state_without_an_initial_state_enters_its_first_child() -> None:
    states = {
        "a": {"on": {"GO": {"target": "b.y", "cond": "ok"}}},
        "b": {"states": {"x": {}, "y": {}}},
    }
    document = {"initial": "a", "states": states}
    assert left_out(document) == {"/states/b/initial": "initial"}
    assert Running(document, ok=lambda data: True).send("GO").state == ("b.y",)
    with pytest.raises(DefinitionError) as caught:
        read_xstate_chart(document, xstate_version=5)
    problem, _ = caught.value.problems
    assert problem.hint == 'give it "initial", one of the states inside: x, y'


def test_in_is_looked_for_from_the_state_around_the_parent_in_version_4() -> None:
    x = {"on": {"GO": {"target": "y", "in": "q.on"}}}
    regions = {
        "p": {"initial": "x", "states": {"x": x, "y": {}}},
        "q": {"initial": "on", "states": {"on": {}, "off": {}}},
    }  # fmt: skip
    document = {"initial": "a", "states": {"a": {"type": "parallel", "states": regions}}}
    assert chart(document).transitions[0].guards[0].name == "a.q.on"


# --- ids ---------------------------------------------------------------------------------------


DOTTED: dict[str, Any] = {
    "initial": "start",
    "states": {
        "start": {"on": {"ESCAPED": "#foo\\.bar", "PLAIN": "#foo.bar", "WHOLE": "#only.whole"}},
        "dotted": {"id": "foo.bar"},
        "foo": {"id": "foo", "initial": "bar", "states": {"bar": {}}},
        "whole": {"id": "only.whole"},
    },
}


def test_a_dot_parts_an_id_from_a_child_in_version_5_unless_it_is_escaped() -> None:
    found = {t.trigger.events[0]: t.targets for t in chart(DOTTED).transitions}
    assert found == {"ESCAPED": ("dotted",), "PLAIN": ("foo.bar",), "WHOLE": ("whole",)}


def test_version_4_looks_for_the_whole_id_first() -> None:
    found = read_xstate_chart({**DOTTED, "schema": {}}, xstate_version=4)[0].transitions
    assert {t.trigger.events[0]: t.targets for t in found}["PLAIN"] == ("dotted",)


def test_the_initial_of_a_state_is_a_key_whatever_dots_are_in_it() -> None:
    document = {"initial": "a.b", "states": {"a.b": {}, "c": {"on": {"GO": "a\\.b"}}}}
    assert Running(document).state == ("a.b",)
    assert chart(document).transitions[0].targets == ("a.b",)


# --- what JSON.stringify makes of a machine ------------------------------------------------------

MADE_4: dict[str, Any] = {
    "id": "m", "key": "m", "type": "compound", "initial": "a", "context": {"n": 0}, "order": -1,
    "history": False, "on": {}, "transitions": [], "entry": [], "exit": [], "activities": [],
    "invoke": [], "tags": [],
    "states": {
        "a": {
            "id": "m.a", "key": "a", "type": "atomic", "history": False, "states": {}, "order": 1,
            "on": {
                "GO": [
                    {"cond": {"type": "xstate.guard", "name": "isOk"}, "target": ["#m.b"],
                     "actions": [{"type": "note"}], "event": "GO", "source": "#m.a",
                     "internal": False, "eventType": "GO"},
                ],
                "xstate.after(1000)#m.a": [
                    {"target": ["#m.b"], "event": "xstate.after(1000)#m.a", "delay": 1000,
                     "actions": [], "source": "#m.a", "internal": False},
                ],
            },
            "transitions": [], "activities": [{"src": {"type": "w"}, "id": "w",
                                               "type": "xstate.invoke"}],
            "entry": [{"type": "()=>{}"}, {"type": "hello"},
                      {"type": "xstate.send", "event": {"type": "xstate.after(1000)#m.a"},
                       "delay": 1000, "id": "xstate.after(1000)#m.a"}],
            "exit": [{"type": "xstate.cancel", "sendId": "xstate.after(1000)#m.a"}],
            "invoke": [{"src": {"type": "w"}, "id": "w", "type": "xstate.invoke"}], "tags": [],
        },
        "b": {"id": "m.b", "key": "b", "type": "atomic", "states": {}, "on": {}, "order": 2},
    },
}  # fmt: skip


def test_a_machine_of_version_4_that_was_stringified_is_what_it_was() -> None:
    run = Running(MADE_4, isOk=lambda data: True)
    assert run.machine.chart.policy.nesting == "xstate4"
    assert left_out(MADE_4) == {"/states/a/entry/0": "action ()=>{}"}
    assert run.log == ["hello"]
    assert [timer.due - NOW for timer in run.snapshot.timers] == [timedelta(seconds=1)]
    assert run.send("GO").log == ["hello", "note"]


def test_a_machine_of_version_5_that_was_stringified_has_lost_its_immediate_transitions() -> None:
    initial = {"target": ["#m.a"], "source": "#m", "actions": [], "eventType": None}
    late = {"target": ["#m.b"], "event": "xstate.after.late.m.a", "delay": "late", "actions": [],
            "source": "#m.a", "reenter": False, "eventType": "xstate.after.late.m.a"}  # fmt: skip
    nothing: dict[str, Any] = {"target": [], "source": "#m.a", "actions": [], "eventType": None}
    document = {
        "id": "m", "key": "m", "type": "compound", "initial": initial, "order": -1, "on": {},
        "transitions": [], "history": False, "entry": [], "exit": [], "invoke": [], "tags": [],
        "states": {
            "a": {
                "id": "m.a", "key": "a", "type": "atomic", "initial": nothing, "order": 1,
                "on": {"xstate.after.late.m.a": [late]}, "transitions": [late],
                "entry": [{"type": "hello"}, {"type": ""}, {"type": "xstate.raise"}],
                "exit": [{"type": "xstate.cancel"}],
            },
            "b": {"id": "m.b", "key": "b", "type": "final", "order": 2, "transitions": []},
        },
    }  # fmt: skip
    assert chart(document).transitions[-1].trigger.delay is not None
    run = Running(document, late=lambda data: timedelta(seconds=3))
    assert left_out(document) == {"/": "always, context", "/states/a/entry/1": "action"}
    run.send(TimerFired(run.snapshot.timers[0].id))
    assert (run.state, run.log) == (("b",), ["hello"])


def test_a_stringified_machine_has_lost_the_defaults_of_its_history() -> None:
    history = {"id": "m.h", "key": "h", "type": "history", "history": "deep", "order": 2}
    a = {"id": "m.a", "key": "a", "type": "atomic", "states": {}, "on": {}, "order": 1}
    document = {
        "id": "m", "key": "m", "version": "2", "type": "compound", "initial": "a", "order": -1,
        "on": {}, "transitions": [], "activities": [],
        "states": {"a": {**a, "version": "2"}, "h": history},
    }  # fmt: skip
    assert left_out(document) == {"/states/h": "target"}


def test_what_a_state_does_when_it_is_done_comes_before_what_it_does_at_that_event() -> None:
    inner = {"x": {"on": {"GO": "y"}}, "y": {"type": "final"}}
    for done in ("xstate.done.state.m.a", "done.state.m.a"):
        a = {"initial": "x", "states": inner, "on": {done: {"actions": "second"}}}
        a["onDone"] = {"actions": "first"}
        run = Running({"id": "m", "initial": "a", "states": {"a": a}})
        assert run.send("GO").log == ["first"]


def test_the_key_of_a_machine_of_version_4_is_its_id() -> None:
    document = {
        "key": "m", "predictableActionArguments": True, "initial": "a",
        "states": {"a": {"on": {"GO": "#m.b"}}, "b": {}},
    }  # fmt: skip
    made = chart(document)
    assert (made.name, made.transitions[0].targets) == ("m", ("b",))


def test_version_4_has_parameters_beside_the_type_of_a_guard_and_of_an_action() -> None:
    go = {
        "cond": {"type": "isAbove", "least": 3, "params": {"most": 5}},
        "actions": [{"type": "note", "text": "went"}, {"type": "xstate.choose", "conds": []}],
        "target": "b",
    }
    document = {"id": "m", "initial": "a", "states": {"a": {"on": {"GO": go}}, "b": {}}}
    (made,) = chart(document).transitions
    assert [guard.name for guard in made.guards] == ['isAbove({"least":3,"most":5})']
    assert [action.name for action in made.actions[0]] == ['note({"text":"went"})']
    assert left_out(document) == {"/states/a/on/GO/actions/1": "xstate.choose"}


def test_a_stringified_machine_begins_again_where_it_began() -> None:
    def node(id: str, order: int, **more: Any) -> dict[str, Any]:
        return {"id": f"m{id}", "key": id, "order": order, "transitions": [], "on": {}, **more}

    inner = {"x": node(".a.x", 2), "y": node(".a.y", 3)}
    again = {"target": ["#m.a"], "reenter": False, "source": "#m.a", "eventType": "AGAIN"}
    a = node(".a", 1, type="compound", states=inner, on={"AGAIN": [again]})
    a["initial"] = {"target": ["#m.a.y"], "source": "#m.a", "actions": [], "eventType": None}
    initial = {"target": ["#m.a"], "source": "#m", "actions": [], "eventType": None}
    run = Running(node("", -1, initial=initial, states={"a": a}))
    assert (run.state, run.send("AGAIN").state) == (("a.y",), ("a.y",))


# --- what is lost --------------------------------------------------------------------------------


def test_an_action_that_was_code_is_left_out_and_the_others_run() -> None:
    document = two(
        on={"GO": {"target": "b", "actions": [None, "log", {"type": "function f() {}"}]}}
    )
    assert left_out(document) == {
        "/states/a/on/GO/actions/0": "action",
        "/states/a/on/GO/actions/2": "action function f() {}",
    }
    assert Running(document).send("GO").log == ["log"]


def test_a_transition_without_a_guard_before_others_is_reported() -> None:
    document = {**two(on={"GO": [{"target": "b"}, {"target": "a"}, {"guard": "f"}]})}
    assert left_out(document) == {"/states/a/on/GO/0": "guard", "/states/a/on/GO/1": "guard"}
    last = two(on={"GO": [{"target": "b", "guard": "f"}, {"target": "a"}]}, after={"5": ["b"]})
    assert left_out(last) == {}


@pytest.mark.parametrize(
    "guard",
    [
        {"type": "xstate.guard", "name": ""}, {"type": "xstate.guard"}, {"type": ""},
        {"type": "xstate.and", "guards": ["f", None]}, {"type": "xstate.not", "guards": [None]},
        "() => true", {"type": "(ctx, event) => ctx.n > 1"}, "async x => x", "function () {}",
    ],
)  # fmt: skip
def test_a_guard_that_was_code_never_makes_a_transition_unconditional(guard: Any) -> None:
    ((place, message),) = problems(two(on={"GO": {"target": "b", "guard": guard}}))
    assert place.startswith("/states/a/on/GO/guard")
    assert message == "the guard is code, and its code is not in the document"


def test_null_is_as_good_as_absent() -> None:
    state = dict.fromkeys(
        ["id", "type", "states", "on", "after", "always", "entry", "exit", "onEntry", "invoke",
         "initial", "tags", "meta", "description", "onDone", "activities", "history", "output",
         "unknown"]
    )  # fmt: skip
    go = {"target": "b", "guard": None, "cond": None, "in": None, "internal": None, "reenter": None,
          "actions": None, "description": None, "meta": None}  # fmt: skip
    document = {**two(**{**state, "on": {"GO": go}}), "context": None, "delimiter": None}
    assert left_out(document) == {}
    assert chart(document) == chart(two(on={"GO": "b"}))


def test_a_message_to_the_parent_is_advised_to_its_own_function() -> None:
    for action in (
        {"type": "xstate.send", "to": "#_parent", "event": {"type": "READY"}},
        {"type": "xstate.sendParent"},
        {"type": "xstate.escalate"},
    ):
        (omission,) = read_xstate_chart(two(entry=action))[1]
        assert omission.why == "write an action that uses context.send_parent"
    (omission,) = read_xstate_chart(two(entry={"type": "xstate.send", "to": "x", "id": ""}))[1]
    assert omission.why.endswith("write an action that uses context.send")


def test_hints_use_the_words_of_xstate() -> None:
    document = {
        "initial": "a",
        "states": {
            "a": {"type": "final", "on": {"GO": "b"}},
            "b": {"states": {"c": {}}},
        },
    }
    with pytest.raises(DefinitionError) as caught:
        read_xstate_chart(document)
    hints = {problem.place: problem.hint for problem in caught.value.problems}
    assert hints == {
        "/states/a/on/GO": (
            'nothing leaves a final state; move it to the parent, or leave out "type": "final"'
        ),
        "/states/b/initial": 'give it "initial", one of the states inside: c',
        "/states/b": 'give it "initial", one of b.c',
    }


# --- immediate transitions -----------------------------------------------------------------------


def test_an_immediate_transition_is_taken_again_only_if_something_changed() -> None:
    inner = {"initial": "x", "states": {"x": {}, "y": {}}}
    always = [{"guard": "no", "target": ".x"}, {"target": ".y", "actions": "went"}]
    document = two(on={"GO": "b"})
    document["states"]["b"] = {**inner, "always": always, "on": {"TICK": {"actions": "tick"}}}
    log: list[str] = []

    def went(data: Any) -> None:
        log.append(f"went {len(log)}")

    run = Running(document, no=lambda data: False, went=went).send("GO")
    assert (run.state, log) == (("b.y",), ["went 0", "went 1"])
    run.send("TICK")
    assert (run.log, log) == (["tick"], ["went 0", "went 1", "went 2"])


def test_an_event_that_nothing_takes_does_not_take_an_immediate_transition_again() -> None:
    log: list[str] = []
    run = Running(two(always={"actions": "note"}), note=lambda data: log.append("note"))
    before = run.snapshot
    assert run.send("NOBODYS").snapshot is before
    assert log == ["note"]


def test_an_immediate_transition_goes_on_while_it_changes_the_data() -> None:
    def count(data: dict[str, Any]) -> None:
        data["n"] = data.get("n", 0) + 1

    document = two(always={"guard": "few", "actions": "count"})
    run = Running(document, few=lambda data: data.get("n", 0) < 3, count=count)
    assert run.snapshot.data["n"] == 3


def test_what_xstate_takes_once_is_not_found_endless_by_the_checks() -> None:
    settled = two(always={"guard": "yes", "actions": "note"})
    circle = two(always={"guard": "yes", "target": "b"})
    circle["states"]["b"]["always"] = {"guard": "yes", "target": "a"}
    offered = Offered({"yes": lambda data: True, "note": lambda data: None})
    codes = [
        {found.code for found in findings(read_xstate(document, offered).definition)}
        for document in (settled, circle)
    ]
    assert ["endless-eventless" in those for those in codes] == [False, True]


def test_external_transitions_of_two_regions_are_no_conflict_in_version_4() -> None:
    regions = {
        name: {"initial": "x", "states": {"x": {}, "y": {}}, "on": {"GO": f"#m.p.{name}.y"}}
        for name in ("r", "s")
    }
    states = {"p": {"type": "parallel", "states": regions}}
    document = {"id": "m", "initial": "p", "states": states, "schema": {}}
    found = findings(read_xstate(document, NOTHING).definition)
    assert "conflicting-regions" not in {one.code for one in found}
    assert Running(document).send("GO").state == ("p.r.y", "p.s.y")
