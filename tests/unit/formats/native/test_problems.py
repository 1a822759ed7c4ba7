"""What is wrong with a native document: each problem with its place and a hint, within bounds."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.errors import DefinitionError
from statehold.formats.native import read_native
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Offered
from statehold.plain.read import read_plain
from tests.unit.formats.native.test_native import LENT, ORDER


def problems(text: str | bytes, offered: Offered = LENT) -> str:
    with pytest.raises(DefinitionError) as caught:
        read_native(text, offered)
    return str(caught.value)


def test_every_mistake_is_reported_at_once_with_its_line_and_a_hint() -> None:
    reported = problems(
        ORDER.replace("data.total > 0", "data.totl > 0")
        .replace("to: paused", "to: pausd")
        .replace("owner: customer", "ownr: customer")
        .replace("minimum: 0", "minimun: 0")
        .replace("set: {note: error.message}", "set: {note: error.attempts}")
        .replace("invoke: charge", "invoke: chrge")
        .replace("on: Cancel", "on: Cancl")
        .replace("after: data.due", "after: data.total")
        .replace("output: \"{'total': data.total}\"", "output: \"duration('1s')\"")
        .replace("raise: Reckon}\n    owner", "rise: Reckon}\n    owner")
    )
    for line in (
        "line 12, data.properties.items.items.properties.cents.minimun",
        "did you mean minimum?",
        "'data.totl > 0': there is no 'data.totl'",
        "did you mean data.total?",
        "there is no state 'pausd'",
        "did you mean paused?",
        "'ownr' is not known here",
        "gives int, not string",
        "no effect is called 'chrge'",
        "there is no event 'Cancl'",
        "'data.total' gives int, not duration or timestamp",
    ):
        assert line in reported, reported


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("statehold: 1", "statehold: 2", "write statehold: 1"),
        ("name: order", "name: Order!", "use up to 64 lower-case letters"),
        ("version: 2", "version: 0", "a whole number from 1"),
        ("initial: true\n    entry", "entry", "it has no initial state"),
        ("paused: {}", "paused: {initial: true}", "second initial state"),
        ("paused: {}", "paused: {final: true, parallel: true}", "it is one of them"),
        ("paused: {}", "pau.sed: {}", "can't be called 'pau.sed'"),
        ("to: paused", "to: cooking", "write the whole path: working.kitchen.cooking"),
        ("{after: 1h30m,", "{after: soon,", "there is no 'soon'"),
        ("{after: 1h30m,", "{after: 1h30m, on: Add,", "it has on and after"),
        ("{on_done: true, from: working", "{on_done: true, from: open", "never done"),
        ("on_result: charge", "on_result: charges", "no state in or around"),
        ("when: {in: working.kitchen.cooking}", "when: {is: x}", "'is' is not known"),
        ("by: kitchen", "by: 'a,b'", "comma"),
        ("set: {due:", "set: {duw:", "did you mean due?"),
        ("event.minutes < 60", "event.minutes", "gives int, not bool"),
        ("offered: charge_card", "offered: charge_crd", "did you mean charge_card?"),
        ("{raise: Reckon}\n  reckon", "{raise: Add}\n  reckon", "event Add needs name, cents"),
        ("default: 0, maximum", "default: -1, minimum: 0, maximum", "does not fit"),
        ("format: date-time", "format: time", "there is no format"),
        ("type: number", "oneOf: [], type: number", "'oneOf' is not among those"),
        ("indexes: {city: data.place.city}", "indexes: {n: data.items}", "gives list"),
        ("Ring: {properties: {note", "Ring: {properties: {type", "can't be called 'type'"),
        ("silence: {code", "silence: {cod", "did you mean code?"),
        ("code: unreachable, ", "", "silence: it has no code"),
    ],
)
def test_a_mistake_is_reported_where_it_is(old: str, new: str, reported: str) -> None:
    assert old in ORDER
    assert reported in problems(ORDER.replace(old, new))


# --- text that is hostile ---


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("a: &x [1]\nb: *x", "anchor or an alias"),
        ("a: *x", "anchor or an alias"),
        ("a: !!python/object:os.system x", "tag"),
        ("? [a]\n: b", "a key is not a word"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands twice"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: [1", "line 2, column 1: it is not YAML"),
        ("[" * 100_000, "levels deep"),
        ("- " * 100_000, "levels deep"),
        ("{a: " * 100_000, "JSON"),
        ('{"a":' * 100_000, "levels deep"),
        ('{"a":' * 200 + "1" + "}" * 200, "levels deep"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": ' + "9" * 10_000 + "}", "more than 4,300 digits"),
        ("a: [" + "1," * 250_000 + "]", "more than 200000 values"),
        ("x" * (DOCUMENT_LIMIT + 1), "the limit is 1000000"),
        (b"\xff\xfe", "not UTF-8"),
        ("\x00", "YAML"),
        ("", "not a mapping|empty"),
        ("[1]", "not a mapping"),
        ("null", "empty"),
    ],
    ids=range(22),
)
def test_hostile_text_is_refused_in_words(text: str | bytes, reported: str) -> None:
    with pytest.raises(DefinitionError, match=reported):
        read_native(text)


def test_a_bomb_of_aliases_is_not_even_begun() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
    )
    assert "line 1" in problems(bomb)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_document_with_anything_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    document = read_plain(ORDER).value
    spot: Any = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot)))
        )
        inner = spot[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        spot = inner
    anything: st.SearchStrategy[Any] = st.sampled_from(
        [None, True, 0, -1, 1.5, "", "x", "data", "open", [], {}, [[]], {"x": 1}, [None], "now",
         "a b", {"set": 1}, {"set": {}}, ["open", "working"], 2**70, "{", "1s", {"type": "object"}]
    )  # fmt: skip
    spot[key] = data.draw(anything)
    # anything else that is raised fails this test
    with contextlib.suppress(DefinitionError):
        read_native(json.dumps(document), LENT)


def test_only_what_is_offered_can_be_used() -> None:
    assert "no effect 'charge_card' is offered" in problems(ORDER, NOTHING)
    lent = ORDER.replace("when: {in: working.kitchen.cooking}", "when: {function: is_late}")
    assert "no function 'is_late' is offered" in problems(lent)


SMALL = "statehold: 1\nname: small\n"


@pytest.mark.parametrize(
    "text",
    [
        SMALL + "states: {a: {initial: true}}\ntransitions:\n"
        + "".join(f"  t{n}: {{on: Go, from: b{n}, to: c}}\n" for n in range(15_000)),
        SMALL + "data: {properties: {n: {type: integer}}}\nstates: {a: {initial: true}}\n"
        + "transitions:\n"
        + "".join(f"  t{n}: {{on: G, from: a, when: data.n == {n}}}\n" for n in range(15_000)),
        SMALL + "states: {a: {initial: true}}\ntransitions:\n"
        + "".join(f"  t{n}: {{always: true, when: '{'é' * 1_900}{n}'}}\n" for n in range(200)),
        SMALL + "parallel: true\nstates:\n"
        + "".join(f"  s{n}: {{}}\n" for n in range(4_900)),
        SMALL + "states:\n" + "".join(f"  s{n}: {{invoke: e}}\n" for n in range(4_900)),
        SMALL + "states: {a: {initial: true}}\ntransitions: {t: {always: true, to: ["
        + "a, " * 100_000 + "]}}",
    ],
    ids=["mistakes", "guards", "errors", "regions", "invokes", "targets"],
)  # fmt: skip
def test_a_document_that_is_large_on_purpose_is_refused_in_time(text: str) -> None:
    begun = time.process_time()
    assert problems(text)
    assert time.process_time() - begun < 10


FIRM = "statehold: 1\nname: firm\nevents: {Go: {}}\nstates: {here: {initial: true}}\n"


def test_hints_for_long_names_that_are_all_alike_take_no_long_time() -> None:
    states: dict[str, Any] = {f"{'a' * 90}{at}": {} for at in range(500)}
    data = {f"{'a' * 90}{at}": {"type": "integer"} for at in range(500)}
    document = {
        "statehold": 1,
        "name": "alike",
        "data": {"properties": data},
        "events": {"E": {}},
        "states": {"a": {"initial": True}, **states},
        "transitions": {
            f"t{at}": {
                "on": "E",
                "from": "a",
                "to": f"{'a' * 88}bbbb{at}",
                "when": f"data.{'a' * 88}bbbb{at} > 1",
            }
            for at in range(24)
        },
    }
    before = time.process_time()
    reported = problems(json.dumps(document))
    assert reported.count("there is no state 'aaa") == 24
    assert time.process_time() - before < 5


def test_a_misspelt_name_is_found_among_many() -> None:
    states = "".join(f"  waiting_{at}: {{}}\n" for at in range(100))
    document = (
        "statehold: 1\nname: many\nevents: {E: {}}\nstates:\n  a: {initial: true}\n"
        f"{states}  approved: {{}}\ntransitions:\n  t: {{on: E, from: a, to: aproved}}\n"
    )
    assert "did you mean approved?" in problems(document)


def test_a_wrong_type_is_one_problem_whatever_stands_beside_it() -> None:
    for wrong in ('"text"', '["text"]', "[null]", "[{}]"):
        document = (
            "statehold: 1\nname: n\nstates: {a: {initial: true}}\n"
            f"data: {{properties: {{n: {{type: {wrong}, minimum: 1}}}}}}\n"
        )
        assert "minimum" not in problems(document)


def test_a_document_whose_machine_is_not_known_is_called_the_document() -> None:
    with pytest.raises(DefinitionError, match="the document has 1 problem"):
        read_native("a: [")


@pytest.mark.parametrize(
    ("document", "reported"),
    [
        ("[]", ["the document: it is a list, not a mapping"]),
        (FIRM + "transitions: [1]", ["transitions: it is a list, not a mapping"]),
        (
            FIRM + "transitions: {t: {from: here, after: 99999999999d}}",
            ["transitions.t.after: '99999999999d': Syntax error", "hint: write 10m, or a CEL"],
        ),
        (
            FIRM + "transitions: {t: {from: here, on: Go, when: {function: is_big}}}",
            ["no function 'is_big' is offered", "hint: write CEL, or offer one: --offer MODULE"],
        ),
        (
            FIRM + "effects: {ship: {offered: ship}}",
            ["hint: declare a request, http, or offer one"],
        ),
        (FIRM.replace("firm", "F" * 5_000), [f"machine '{'F' * 100}' has 1 problem"]),
    ],
)
def test_a_mistake_is_reported_once_with_the_way_out(document: str, reported: list[str]) -> None:
    with pytest.raises(DefinitionError) as raised:
        read_native(document)
    assert len(raised.value.problems) == 1
    assert all(part in str(raised.value) for part in reported)


def test_too_many_events_are_one_problem() -> None:
    document = {
        "statehold": 1,
        "name": "many",
        "events": {f"E{number}": {} for number in range(1_200)},
        "states": {"here": {"initial": True}},
        "transitions": {"go": {"on": "E1100", "from": "here", "to": "here"}},
    }
    with pytest.raises(DefinitionError) as raised:
        read_native(json.dumps(document))
    (problem,) = raised.value.problems
    assert problem.message == "there are more than 1000 events"
    assert problem.hint == "split the machine"
