"""The native notation: what a document says, what is wrong with it, and what its machine does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from statehold import effect
from statehold.chart.machine import Uses
from statehold.chart.model import Guard, Silence
from statehold.errors import ActionFailed, GuardFailed, StateholdError
from statehold.expression.language import EvaluationFailed
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.plain.read import read_plain
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


def test_events_with_one_expression_are_distinguished() -> None:
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
    reported = [str(message) for message in team.sent]
    assert len(team.sent) == 3, reported
    team.advance(timedelta(minutes=10))
    team.assert_done()


def test_bounds_of_whole_numbers_may_be_written_with_a_point() -> None:
    text = (
        "statehold: 1\nname: small\n"
        "data: {properties: {n: {type: integer, minimum: 0.5, exclusiveMaximum: 2.5}}}\n"
        "states: {a: {initial: true}}\n"
    )
    shape = read_native(text).definition.data
    assert shape.check({"n": 1}) == {"n": 1}
    assert shape.check({"n": 2}) == {"n": 2}
    for wrong in (0, 3):
        with pytest.raises(StateholdError):
            shape.check({"n": wrong})


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
