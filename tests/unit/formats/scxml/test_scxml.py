"""SCXML documents to machines: what is read, what is an omission, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from statehold.chart.machine import Uses
from statehold.chart.model import Chart, Guard, Trigger
from statehold.define.effects import effect
from statehold.errors import DefinitionError, Problem
from statehold.formats.notation import Imported, Offered
from statehold.formats.scxml import read_scxml
from statehold.interpreter import Step, start
from statehold.interpreter.enabled import allowed
from tests.conformance.sessions import document, imported


def chart(body: str, **attributes: str) -> Chart:
    return imported(body, None, **attributes).definition.chart


def omissions(found: Imported) -> list[str]:
    return [str(omission) for omission in found.omissions]


def problems(raw: str | bytes) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_scxml(raw)
    return [f"{one.place}: {one.message}" for one in caught.value.problems]


def test_states_are_read_in_document_order_with_their_kinds() -> None:
    found = chart(
        '<state id="a"><state id="b"/><history id="h" type="deep"><transition target="b"/>'
        '</history></state><parallel id="p"><state id="r"/></parallel><final id="f"/>'
    )
    assert [(node.id, node.kind, node.parent) for node in found.states] == [
        ("", "compound", None),
        ("a", "compound", ""),
        ("b", "atomic", "a"),
        ("h", "history", "a"),
        ("p", "parallel", ""),
        ("r", "atomic", "p"),
        ("f", "final", ""),
    ]
    assert found.states[3].deep


def test_a_document_sets_the_policies_of_scxml() -> None:
    policy = chart('<state id="a"/>').policy
    assert (policy.matching, policy.errors, policy.messages) == ("token", "event", "session")


def test_a_state_without_an_initial_begins_with_its_first_child() -> None:
    found = chart('<state id="a"><state id="b"/><state id="c"/></state>')
    assert found.states[1].initial is not None
    assert found.states[1].initial.targets == ("b",)


def test_states_and_invokes_without_ids_get_some() -> None:
    found = chart(
        '<state><state id="state_1"/><invoke><content>'
        '<scxml><final id="f"/></scxml></content></invoke></state>'
    )
    assert [node.id for node in found.states[1:]] == ["state_2", "state_1"]
    assert [invoke.id for invoke in found.states[1].invokes] == ["state_2.1"]


def test_functions_are_called_what_they_do() -> None:
    found = chart(
        '<datamodel><data id="x" expr="1"/></datamodel><state id="a"><onentry>'
        '<assign location="x" expr="x + 1"/><raise event="e"/>'
        '<send event="s" target="#_parent" delay="1s" namelist="x"/><cancel sendid="i"/>'
        '<log label="now" expr="x"/><if cond="x == 1"><raise event="one"/><else/>'
        '<raise event="more"/></if><foreach array="[1]" item="x"><raise event="f"/></foreach>'
        '</onentry><transition event="e" cond=" x > 2 " target="a"/></state>'
    )
    assert [action.name for block in found.states[1].entry for action in block] == [
        "x = x + 1",
        "raise e",
        "send s to #_parent after 1s with {x: x}",
        "cancel i",
        "log now (x)",
        "if x == 1: raise one; else: raise more; end",
        "for x in [1]: raise f; end",
    ]
    assert found.transitions[0].guards == (Guard("x > 2"),)
    assert [action.name for block in found.states[0].entry for action in block] == [
        "given x",
        "x = 1 unless given",
    ]


def test_the_same_content_is_one_function_and_other_content_never_is() -> None:
    found = imported(
        '<state id="a"><onentry><raise event="e"/><raise event="e"/>'
        "<script>raise_e = 1</script></onentry></state>"
    ).definition
    names = [action.name for block in found.chart.states[1].entry for action in block]
    assert names == ["raise e", "raise e", "raise_e = 1"]
    clash = imported(
        '<datamodel><data id="x"/></datamodel><state id="a"><onentry>'
        '<assign location="x" expr="y = 1"/><assign location="x = y" expr="1"/></onentry></state>'
    ).definition
    one, other = (action.name for action in clash.chart.states[1].entry[0])
    assert one == "x = y = 1"
    assert other == '<assign expr="1" location="x = y"/>'


def test_what_functions_touch_is_known() -> None:
    functions = imported(
        '<datamodel><data id="x"/><data id="y"/></datamodel><state id="a"><onentry>'
        '<if cond="x"><assign location="y" expr="x"/><raise event="e"/></if></onentry></state>'
    ).definition.functions
    uses = functions["if x: y = x, raise e; end"].uses
    assert uses is not None
    assert uses == Uses(frozenset({"x"}), frozenset({"y"}), frozenset({"e"}))


def test_a_condition_that_only_asks_in_needs_no_function() -> None:
    found = imported('<state id="a"><transition event="e" cond="In(\'a\')" target="a"/></state>')
    assert found.definition.chart.transitions[0].guards == (Guard("a", "in"),)


def test_completions_and_outcomes_are_drawn_as_what_they_are() -> None:
    found = chart(
        '<state id="a"><invoke id="i"><content><scxml><final id="f"/></scxml></content></invoke>'
        '<transition event="done.invoke.i"/><transition event="*"/><transition event="x y.*"/>'
        '<state id="b"/></state><state id="c"><transition event="done.state.a"/></state>'
    )
    assert [transition.trigger for transition in found.transitions] == [
        Trigger("result", ("done.invoke.i",)),
        Trigger("any"),
        Trigger("event", ("x", "y.*")),
        Trigger("done", ("done.state.a",)),
    ]
    assert [event.name for event in found.events] == ["x", "y"]


# --- omissions ---


def test_what_scxml_does_not_have_is_an_omission_with_its_line() -> None:
    found = imported(
        '<state id="a" intial="b">\n<note xmlns="urn:x"/>\n<onentry><beep/></onentry></state>'
    )
    assert omissions(found) == [
        "line 1, state a: attribute intial of <state>: SCXML has no such",
        "line 2, state a: <note>: it is of another namespace",
        "line 3, state a: <beep>: it is no executable content of SCXML",
    ]


def test_an_expression_that_is_refused_is_an_omission_and_fails_when_it_runs() -> None:
    found = imported('<state id="a"><transition event="e" cond="1 = 1" target="a"/></state>')
    assert len(found.omissions) == 1
    assert found.omissions[0].what == "cond of <transition>"
    assert "it fails when run" in found.omissions[0].why


def test_sources_are_asked_for_by_their_relative_names_alone() -> None:
    for source in ("http://x/y.scxml", "/etc/passwd", "../up.scxml", "a/../../b", "file:/etc/x"):
        asked: list[str] = []

        def resolve(name: str, asked: list[str] = asked) -> bytes:
            asked.append(name)
            return b""

        raw = document(f'<state id="a"><invoke src="{source}"/></state>')
        found = read_scxml(raw, resolve=resolve)
        assert asked == []
        assert "is no relative name" in omissions(found)[0]


def test_a_source_that_cannot_be_read_is_an_omission() -> None:
    raw = document('<datamodel><data id="x" src="x.json"/></datamodel><state id="a"/>')
    assert "was not given along" in omissions(read_scxml(raw))[0]
    nothing: dict[str, bytes] = {}
    assert "can't be had" in omissions(read_scxml(raw, resolve=nothing.__getitem__))[0]


def test_another_type_of_invoke_is_an_omission() -> None:
    found = imported('<state id="a"><invoke type="http://x/voice" src="x"/></state>')
    assert "only SCXML documents can be invoked" in omissions(found)[0]


def test_documents_that_invoke_themselves_are_omissions() -> None:
    text = document('<state id="a"><invoke src="self.scxml"/></state>')
    found = read_scxml(text, resolve={"self.scxml": text.encode()}.__getitem__)
    assert "invokes itself" in omissions(found)[0]


# --- what the server offers ---


@effect
async def charge(data: dict[str, object]) -> None: ...


def test_offered_machines_and_effects_are_invoked_by_name() -> None:
    offered_machine = imported('<final id="f"/>', name="shop").definition
    raw = document(
        '<state id="a"><invoke src="machine:shop"/><invoke id="c" src="effect:charge"/></state>'
    )
    found = read_scxml(
        raw, offered=Offered(machines={"shop": offered_machine}, effects={"charge": charge})
    )
    assert [(i.name, i.kind) for i in found.definition.chart.states[1].invokes] == [
        ("shop", "machine"),
        ("charge", "effect"),
    ]
    assert found.definition.children == {"shop": offered_machine}


def test_what_is_not_offered_is_a_problem_that_names_what_is() -> None:
    raw = document('<state id="a">\n<invoke src="machine:x"/><invoke src="effect:y"/></state>')
    assert problems(raw) == [
        "line 2, state a: no machine 'x' is offered; those that are: none",
        "line 2, state a: no effect 'y' is offered; those that are: none",
    ]


# --- what is refused ---


def test_every_problem_is_reported_with_its_line() -> None:
    raw = document(
        '<state id="a">\n<transition target="gone"/>\n<state id="b"/></state>\n'
        '<state id="a"/><history id="h"/>'
    )
    assert problems(raw) == [
        "line 4, state a: its id is taken by another state",
        "line 4, state h: it has no default",
        "line 2, transition a.always: its target 'gone' is unknown",
    ]


def test_a_problem_of_a_child_document_is_reported_with_the_place_of_its_invoke() -> None:
    raw = document(
        '<state id="a"><invoke><content><scxml>\n<state id="s"><transition target="gone"/></state>'
        "</scxml></content></invoke></state>"
    )
    (problem,) = problems(raw)
    assert problem.startswith("line 1, state a, invoked machine-a-1: line 2, transition s.always")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", "not well-formed"),
        ("<scxml", "not well-formed"),
        ("<html/>", "its root element is <html>"),
        ('<scxml xmlns="urn:other"/>', "<scxml> of the namespace 'urn:other'"),
        ('<scxml datamodel="xpath"><state id="a"/></scxml>', "the data model 'xpath' is not"),
        ("<scxml/>", "has no states inside"),
        (b"\xff\xfe\x00", "it"),
        ('<!DOCTYPE scxml><scxml><state id="a"/></scxml>', "it has a document type"),
        ("<scxml>" + " " * 1_000_000 + "</scxml>", "the limit is 1000000"),
        ("<state>" * 300 + "</state>" * 300, "nested more than 128 deep"),
        ("<state>" * 200 + "</state>" * 200, "nested"),
        ("<scxml>" + "<raise/>" * 60_000 + "</scxml>", "more than 50000 elements"),
    ],
)
def test_a_document_that_is_none_or_too_much_is_refused(raw: str | bytes, expected: str) -> None:
    assert expected in problems(raw)[0]


def test_entities_are_never_expanded_nor_files_read() -> None:
    bomb = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    raw = f'<!DOCTYPE s [<!ENTITY l0 "lol">{bomb}]><scxml name="&l12;"><state id="a"/></scxml>'
    assert len(problems(raw)) == 1
    outside = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]><scxml>&x;</scxml>'
    assert "document type" in problems(outside)[0]


def test_a_string_is_read_whatever_encoding_it_claims() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><scxml><state id="\u00e4"/></scxml>'
    assert read_scxml("\ufeff" + text).definition.chart.states[1].id == "\u00e4"


def test_the_name_of_the_machine_is_made_of_the_documents() -> None:
    for given, expected in (("OrderFlow", "order-flow"), ("7 of 9", "m-7-of-9"), ("", "machine")):
        raw = document('<state id="a"/>', name=given)
        assert read_scxml(raw).definition.name == expected
    assert read_scxml(raw, name="other", version=3).definition.version == 3


def test_an_event_is_allowed_where_the_condition_before_it_fails() -> None:
    definition = imported(
        '<state id="a"><transition event="e" cond="nothing" target="a"/>'
        '<transition event="e" target="b"/></state><state id="b"/>'
    ).definition
    step: Step[Any] = start(definition, {}, datetime(2026, 1, 1, tzinfo=UTC))
    assert allowed(definition, step.snapshot) == ("e",)


# --- what is certain to fail, or missing, is an omission when it is read ---


def what(text: str) -> list[str]:
    return [omission.what for omission in imported(text).omissions]


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ('<send event="e" type="x-sms"/>', ["type 'x-sms' of <send>"]),
        ('<send event="e" target="mailto:x"/>', ["target 'mailto:x' of <send>"]),
        ('<send event="e" delay="5"/>', ["delay of <send>"]),
        ('<send event="e" delay="1.2096e+06s"/>', ["delay of <send>"]),
        ('<send event="e" delay="-1s"/>', ["delay of <send>"]),
        ("<send/>", ["event of <send>"]),
        ("<raise/>", ["event of <raise>"]),
        ("<cancel/>", ["sendid of <cancel>"]),
        ('<send event="e" type="scxml" target="#_parent" delay="1.5S"/>', []),
        ('<send event="e" delay=".5ms"/><send event="e" delay="0s"/>', []),
        ("<send eventexpr=\"'e'\" typeexpr=\"'x'\" delayexpr=\"'5'\"/>", []),
        ("<cancel sendidexpr=\"'x'\"/>", []),
    ],
)
def test_content_that_can_only_fail_is_an_omission(content: str, reported: list[str]) -> None:
    assert what(f'<state id="a"><onentry>{content}</onentry></state>') == reported


def test_a_history_without_a_default_leads_to_what_its_parent_begins_with() -> None:
    found = imported(
        '<state id="w" initial="y"><history id="h"/><state id="x"/><state id="y"/></state>'
        '<parallel id="p"><history id="k" type="deep"/><state id="r"/><state id="s"/></parallel>'
    )
    targets = {
        node.id: node.initial.targets
        for node in found.definition.chart.states
        if node.kind == "history" and node.initial is not None
    }
    assert targets == {"h": ("y",), "k": ("r", "s")}
    assert [omission.what for omission in found.omissions] == ["<transition> of <history>"] * 2


@pytest.mark.parametrize(
    "where",
    [
        '<script src="x.js"/><state id="a"/>',
        '<state id="a"><onentry><script src="x.js"/></onentry></state>',
        '<state id="a"><onexit><if cond="x"><script src="x.js"/></if></onexit></state>',
    ],
)
def test_a_script_that_cannot_be_had_refuses_the_document(where: str) -> None:
    nothing: dict[str, bytes] = {}
    for resolve in (None, nothing.__getitem__):
        with pytest.raises(DefinitionError, match=r"line 1, .*the script 'x\.js'"):
            read_scxml(document(where), resolve=resolve)
    assert read_scxml(document(where), resolve={"x.js": b"x = 1"}.__getitem__).definition


def foreign(inside: str, model: str = "jexl") -> str:
    return document(inside, datamodel=model)


def test_an_argument_replaces_an_unknown_data_model_if_no_expression_uses_it() -> None:
    plain = foreign(
        '<state id="a"><transition event="go" cond="In(\'a\')" target="b"/></state><state id="b"/>'
    )
    with pytest.raises(DefinitionError, match='so datamodel="null" reads it'):
        read_scxml(plain)
    for logged in ("'hello'", "&quot;hello&quot;"):
        log = f'<state id="a"><onentry><log label="x" expr="{logged}"/></onentry></state>'
        assert read_scxml(foreign(log), datamodel="null")
    found = read_scxml(plain, datamodel="null")
    assert [omission.what for omission in found.omissions] == ["datamodel"]
    with pytest.raises(ValueError, match="datamodel is 'xpath'; it is one of ecmascript, null"):
        read_scxml(plain, datamodel="xpath")


@pytest.mark.parametrize(
    "used",
    [
        '<transition event="go" cond="x &gt; 1"/>', '<onentry><log expr="x"/></onentry>',
        '<onentry><foreach array="y" item="x"/></onentry>', '<invoke idlocation="x" src="a.xml"/>',
        "<onentry><script>x()</script></onentry>", '<onentry><send eventexpr="x"/></onentry>',
        '<datamodel><data id="x">1</data></datamodel>',
    ],
)  # fmt: skip
def test_an_expression_in_an_unknown_data_model_refuses_the_document(used: str) -> None:
    with pytest.raises(DefinitionError, match="'jexl' is not supported, and line 1 has"):
        read_scxml(foreign(f'<state id="a">{used}</state>'), datamodel="ecmascript")


def test_an_unknown_data_model_is_refused_with_those_there_are_and_the_way_out() -> None:
    raw = foreign('<datamodel><data id="x" expr="[1]"/></datamodel><state id="a"/>', "python")
    with pytest.raises(DefinitionError) as caught:
        read_scxml(raw)
    (problem,) = caught.value.problems
    message = "the data model 'python' is not supported, and line 1 has an expression in it"
    hint = (
        "the data models are ecmascript and null; write its expressions in ECMAScript and name "
        'datamodel="ecmascript"'
    )
    assert problem == Problem("line 1", message, hint)


def test_an_argument_does_not_replace_a_known_data_model() -> None:
    raw = document('<state id="a"><onentry><log expr="x ? 1 : 2"/></onentry></state>')
    assert read_scxml(raw, datamodel="null").omissions == read_scxml(raw).omissions
