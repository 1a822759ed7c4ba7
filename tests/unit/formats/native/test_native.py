"""The native notation: what a document says, what is wrong with it, and what its machine does."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold import effect
from statehold.chart.machine import Uses
from statehold.chart.model import Guard, Silence
from statehold.errors import ActionFailed, DefinitionError, GuardFailed, StateholdError
from statehold.expression.language import EvaluationFailed
from statehold.formats.native import read_native
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Offered
from statehold.plain.read import read_plain
from statehold.plain.yaml_writer import dumped
from statehold.testing import Harness

ORDER = """
statehold: 1
name: order
version: 2
doc: One order.
data:
  properties:
    items:
      type: array
      items:
        type: object
        properties: {name: {type: string}, cents: {type: integer, minimum: 0}}
        required: [name, cents]
    total: {type: integer, default: 0, maximum: 100000}
    note: {type: string}
    due: {type: string, format: date-time}
    ratio: {type: number, default: 1}
    place:
      type: object
      properties: {city: {type: string, default: Ulm}, zip: {type: [string, "null"]}}
      default: {city: Ulm}
  required: [items]
events:
  Add:
    properties: {name: {type: string}, cents: {type: integer}}
    required: [name, cents]
  Accept:
    properties: {minutes: {type: integer, minimum: 1}, note: {type: string}}
    required: [minutes]
  Ring: {properties: {note: {type: string}}}
  Reckon: {}
  Cancel: {}
effects:
  charge:
    offered: charge_card
    result: {type: object, properties: {receipt: {type: string}}, required: [receipt]}
states:
  open:
    initial: true
    entry: {raise: Reckon}
    owner: customer
  working:
    parallel: true
    states:
      kitchen:
        states:
          cooking: {initial: true, tags: [busy]}
          packed: {final: true}
      money:
        states:
          charging: {initial: true, invoke: charge}
          charged: {final: true}
      back: {history: deep}
  paused: {}
  done: {final: true, output: "{'total': data.total}"}
  cancelled: {final: true}
transitions:
  add:
    on: Add
    from: open
    do:
      - set: {items: "data.items + [{'name': event.name, 'cents': event.cents}]"}
      - {raise: Reckon}
  reckon:
    on: Reckon
    from: open
    do: {set: {total: "data.items.size() == 0 ? 0 : data.items[0].cents * data.items.size()"}}
  accept:
    on: Accept
    from: open
    to: working
    when: [data.total > 0, event.minutes < 60]
    by: kitchen
    do: {set: {due: "now + duration(string(event.minutes) + 'm')", note: event.note}}
  pack: {after: data.due, from: working.kitchen.cooking, to: working.kitchen.packed}
  charged:
    on_result: charge
    from: working.money.charging
    to: working.money.charged
    when: result.receipt != ''
  declined: {on_failure: charge, from: working, to: cancelled, do: {set: {note: error.message}}}
  pause: {on: Ring, from: working, to: paused, when: {in: working.kitchen.cooking}}
  resume: {on: Ring, from: paused, to: working.back}
  lapse: {after: 1h30m, from: open, to: cancelled}
  finish: {on_done: true, from: working, to: done}
  cancel: {on: Cancel, to: cancelled}
silence: {code: unreachable, place: paused, reason: as an example}
view: {total: data.total}
indexes: {city: data.place.city}
"""


@effect
async def charge_card(data: dict[str, Any]) -> None:
    """Never performed here."""


LENT = Offered(effects={"charge_card": charge_card})


def read(text: str = ORDER, **changes: str) -> Any:
    for old, new in changes.items():
        text = text.replace(old, new)
    return read_native(text, LENT).definition


def problems(text: str | bytes, offered: Offered = LENT) -> str:
    with pytest.raises(DefinitionError) as caught:
        read_native(text, offered)
    return str(caught.value)


# --- what it says ---


def test_a_document_is_a_chart_whose_functions_have_their_text_for_a_name() -> None:
    chart = read().chart
    assert (chart.name, chart.version, chart.doc) == ("order", 2, "One order.")
    accept = next(t for t in chart.transitions if t.id == "accept")
    assert accept.guards == (
        Guard("data.total > 0"),
        Guard("event.minutes < 60"),
        Guard("kitchen", "by"),
    )
    assert accept.actions[0][0].name == (
        "due = now + duration(string(event.minutes) + 'm'); note = event.note"
    )
    assert chart.silenced == (Silence("unreachable", "as an example", "paused"),)
    assert chart.states[0].kind == "compound"


def test_what_a_function_touches_is_known() -> None:
    functions = read().functions
    assert functions["data.total > 0"].uses == Uses(frozenset({"total"}))
    assert functions["raise Reckon()"].uses == Uses(raises=frozenset({"Reckon"}))
    due = functions["due = now + duration(string(event.minutes) + 'm'); note = event.note"]
    assert due.uses == Uses(writes=frozenset({"due", "note"}))


def test_json_and_yaml_are_two_spellings_of_one_document() -> None:
    # the words on, yes and no would be booleans to a YAML 1.1 reader, so it is read as ours is
    plain = read_plain(ORDER).value
    assert read_native(json.dumps(plain), LENT).definition.chart == read().chart


def test_a_machine_goes_its_way() -> None:
    machine = read()
    order = Harness(machine, {"items": [{"name": "tea", "cents": 300}]})
    assert order.data["total"] == 300
    order.send({"type": "Add", "name": "cake", "cents": 300})
    assert order.data["total"] == 600
    order.send({"type": "Accept", "minutes": 20}, roles=["kitchen"])
    assert "note" not in order.data
    order.assert_state("working.kitchen.cooking", "working.money.charging")
    order.succeed("charge", {"receipt": "r-1"})
    order.advance(timedelta(minutes=20))
    order.assert_done()
    assert order.output == {"total": 600}


def test_events_with_one_expression_are_told_apart() -> None:
    text = ORDER.replace(
        "  cancel: {on: Cancel", "  said: {on: Add, from: paused, do: {set: {note: event.name}}}\n"
        "  both: {on: [Ring, Accept], from: open, do: {set: {note: event.note}}}\n"
        "  cancel: {on: Cancel",
    ).replace("{on: Accept, from", "{on: Accept, from")  # fmt: skip
    order = Harness(read(text), {"items": []})
    order.send({"type": "Ring", "note": "hello"})
    assert order.data["note"] == "hello"
    order.send({"type": "Ring"})
    assert "note" not in order.data


# --- what goes wrong while it runs ---


def test_what_would_break_the_schema_is_refused_and_changes_nothing() -> None:
    order = Harness(read(), {"items": [{"name": "tea", "cents": 60_000}]})
    before = order.data
    with pytest.raises(ActionFailed, match="total must be less than or equal to 100000"):
        order.send({"type": "Add", "name": "cake", "cents": 1})
    assert order.data == before


def test_a_guard_that_can_not_be_answered_refuses_the_event() -> None:
    machine = read(ORDER.replace("data.total > 0", "'data.items[5].cents > 0'"))
    with pytest.raises(GuardFailed, match="Index error"):
        Harness(machine, {"items": []}).send({"type": "Accept", "minutes": 1}, roles=["kitchen"])


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(StateholdError, match=r"items\.0\.cents"):
        Harness(read(), {"items": [{"name": "a", "cents": "1"}]})
    with pytest.raises(StateholdError, match="tota: is not known"):
        Harness(read(), {"items": [], "tota": 1})


# --- what is wrong with a document ---


def test_every_mistake_is_told_at_once_with_its_line_and_a_hint() -> None:
    told = problems(
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
        assert line in told, told


@pytest.mark.parametrize(
    ("old", "new", "told"),
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
def test_a_mistake_is_told_where_it_is(old: str, new: str, told: str) -> None:
    assert old in ORDER
    assert told in problems(ORDER.replace(old, new))


# --- text that is hostile ---


@pytest.mark.parametrize(
    ("text", "told"),
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
        ('{"a":' * 100_000, "can't be read as JSON"),
        ('{"a":' * 200 + "1" + "}" * 200, "levels deep"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": ' + "9" * 10_000 + "}", "can't be read as JSON"),
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
def test_hostile_text_is_refused_in_words(text: str | bytes, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        read_native(text)


def test_a_bomb_of_aliases_is_not_even_begun() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
    )
    assert "line 1" in problems(bomb)


def test_words_that_yaml_once_took_for_booleans_are_words() -> None:
    read = read_plain("on: yes\noff: no\nat: 2026-01-31\nn: 1_000\no: 0o17\nf: 1e3\nt: ~")
    assert read.value == {
        "on": "yes", "off": "no", "at": "2026-01-31", "n": "1_000", "o": 15, "f": 1000.0, "t": None,
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**40), 2**40)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(["1e3", "0o17", "0x1F", "on", "y", "~", "1_0", "12:30", ".5", "="])
        | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
        ),
        max_leaves=30,
    )
)
def test_plain_values_are_read_from_yaml_as_they_were_written(value: Any) -> None:
    assert read_plain(dumped({"v": value})).value == {"v": value}


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


def test_nothing_is_lent_unless_it_is_offered() -> None:
    assert "no effect 'charge_card' is offered" in problems(ORDER, NOTHING)
    lent = ORDER.replace("when: {in: working.kitchen.cooking}", "when: {function: is_late}")
    assert "no function 'is_late' is offered" in problems(lent)


def test_offered_functions_are_called_by_their_names() -> None:
    def is_early(data: dict[str, Any]) -> bool:
        return True

    def note(data: dict[str, Any], event: Any) -> None:
        data["note"] = f"by {event.__event__}"

    text = ORDER.replace(
        "when: {in: working.kitchen.cooking}", "when: {function: is_early}"
    ).replace("{on: Cancel, to: cancelled}", "{on: Cancel, to: cancelled, do: {function: note}}")
    offered = Offered(effects=LENT.effects, functions={"is_early": is_early, "note": note})
    order = Harness(read_native(text, offered).definition, {"items": []})
    order.send({"type": "Cancel"})
    assert order.data["note"] == "by Cancel"


# --- between machines ---

TEAM = """
statehold: 1
name: team
data: {properties: {id: {type: string}, said: {type: string, default: ""}}, required: [id]}
events:
  Tell: {properties: {word: {type: string}}, required: [word]}
  Tick: {}
states: {on: {initial: true}, off: {final: true}}
transitions:
  tell:
    on: Tell
    from: on
    do:
      - send: Heard
        with: {word: event.word, at: now}
        to: {machine: other, instance: "'o-' + data.id"}
      - {send: Tick, after: 10m}
      - {emit: Told, with: {word: event.word}}
      - {send: Tick, to: {instance: instance}, after: "now + duration('1h')"}
  tick: {on: Tick, from: on, to: off}
"""


def test_events_are_sent_to_others_to_itself_and_shown() -> None:
    team = Harness(read_native(TEAM).definition, {"id": "7"})
    team.send({"type": "Tell", "word": "hello"})
    told = [str(message) for message in team.sent]
    assert len(team.sent) == 3, told
    team.advance(timedelta(minutes=10))
    team.assert_done()


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


def test_bounds_of_whole_numbers_may_be_written_with_a_point() -> None:
    text = SMALL + (
        "data: {properties: {n: {type: integer, minimum: 0.5, exclusiveMaximum: 2.5}}}\n"
        "states: {a: {initial: true}}\n"
    )
    shape = read_native(text).definition.data
    assert shape.check({"n": 1}) == {"n": 1}
    assert shape.check({"n": 2}) == {"n": 2}
    for wrong in (0, 3):
        with pytest.raises(StateholdError):
            shape.check({"n": wrong})


FIRM = "statehold: 1\nname: firm\nevents: {Go: {}}\nstates: {here: {initial: true}}\n"


def test_a_document_whose_machine_is_not_known_is_called_the_document() -> None:
    with pytest.raises(DefinitionError, match="the document has 1 problem"):
        read_native("a: [")


@pytest.mark.parametrize(
    ("document", "told"),
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
def test_a_mistake_is_told_once_and_with_the_way_out(document: str, told: list[str]) -> None:
    with pytest.raises(DefinitionError) as raised:
        read_native(document)
    assert len(raised.value.problems) == 1
    assert all(part in str(raised.value) for part in told)


def test_too_many_events_are_one_problem_that_says_so() -> None:
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


def test_what_a_view_and_an_upgrade_evaluate_is_bounded_as_a_whole() -> None:
    heavy = "{}.many.all(a, {}.many.all(b, a + b >= 0))"
    document: dict[str, Any] = {
        "statehold": 1,
        "name": "many",
        "version": 2,
        "data": {
            "properties": {
                "many": {"type": "array", "items": {"type": "integer"}},
                **{f"f{number}": {"type": "boolean"} for number in range(100)},
            },
            "required": ["many"],
        },
        "states": {"here": {"initial": True}},
        "view": {f"f{number}": heavy.format("data", "data") for number in range(100)},
        "upgrades": [
            {
                "from": 1,
                "data": {f"f{number}": heavy.format("old", "old") for number in range(100)},
            }
        ],
    }
    machine = read_native(json.dumps(document)).definition
    (upgrade,) = machine.upgrades
    assert machine.view is not None
    assert upgrade.data is not None
    for ask, items in ((machine.view, 90), (upgrade.data, 12)):
        assert all(ask({"many": [1]})[f"f{number}"] for number in range(100))
        with pytest.raises(EvaluationFailed, match="the most for all its evaluations together"):
            ask({"many": list(range(items))})
