"""What the rules of a document can say of ends, children, results and every transition."""

from __future__ import annotations

from typing import Any

import pytest

from statehold import DefinitionError, Event, Final, Machine, State, effect, on
from statehold.chart.model import Chart
from statehold.formats.native.read import read_native
from statehold.formats.native.write import to_document, write_native
from statehold.formats.notation import Offered
from statehold.testing import Harness
from tests.unit.define.test_rules import Data, Ends, Outer, Parent
from tests.unit.formats.native.test_native import LENT


class Go(Event):
    pass


class Kid(Machine[Data], name="kid", version=1):
    a = State(initial=True)
    b = Final()
    go = on(Go, a >> b)


@effect
async def ask(data: dict[str, Any]) -> int:
    return 1


OFFERED = Offered(machines={"kid": Kid}, effects={"ask": ask})

DOCUMENT = """
statehold: 1
name: form
data:
  properties: {got: {type: integer}, moved: {type: integer}}
  required: [moved]
events: {Next: {}, Skip: {}, Fail: {}}
effects: {ask: {offered: ask, result: {type: integer}}}
states:
  form:
    initial: true
    states:
      one: {initial: true}
      two: {invoke: ask}
      failed: {final: true}
      lost: {final: true}
      good: {final: true}
  both: {invoke: [{machine: kid, id: left}, {machine: kid, id: right}]}
  rejected: {final: true}
  over: {final: true}
transitions:
  next: {on: [Next, Skip], from: form.one, to: form.two}
  fail: {on: Fail, from: form.one, to: form.failed}
  lose: {on: Fail, from: form.two, to: form.lost}
  asked: {on_result: ask, from: form.two, to: form.good, into: got, do: {set: {got: data.got * 2}}}
  reject: {on_done: true, from: [form.failed, form.lost], to: rejected}
  finish: {on_done: true, from: form, to: both}
  left: {on_result: left, from: both}
  right: {on_failure: right, from: both, to: rejected}
  any: {on_result: kid, from: both, to: over}
do: {set: {moved: data.moved + 1}}
"""


def read(text: str = DOCUMENT) -> Any:
    return read_native(text, OFFERED).definition


def problem(old: str, new: str) -> str:
    assert old in DOCUMENT
    with pytest.raises(DefinitionError) as found:
        read(DOCUMENT.replace(old, new))
    assert len(found.value.problems) == 1, found.value
    one = found.value.problems[0]
    return f"{one.place}: {one.message}; {one.hint}"


def test_a_document_says_by_which_end_a_state_is_done() -> None:
    for events, state in (("Fail", "rejected"), ("Next Fail", "rejected")):
        instance = Harness(read(), {"moved": 0})
        for event in events.split():
            instance.send({"type": event})
        assert instance.state == [state]
    instance = Harness(read(), {"moved": 0}).send({"type": "Skip"})
    assert instance.succeed("ask", 4).state == ["both"]


def test_a_document_puts_a_result_into_a_field() -> None:
    instance = Harness(read(), {"moved": 0}).send({"type": "Next"})
    # the actions see it
    assert instance.succeed("ask", 4).data["got"] == 8


def test_a_document_does_something_at_every_transition() -> None:
    instance = Harness(read(), {"moved": 0}).send({"type": "Next"}).succeed("ask", 4)
    # next, asked, finish
    assert instance.data["moved"] == 3
    assert instance.succeed_child("left", 4).data["moved"] == 4


def test_a_document_names_one_of_two_children() -> None:
    def both() -> Harness[Any]:
        return Harness(read(), {"moved": 0}).send({"type": "Next"}).succeed("ask", 4)

    assert both().succeed_child("left", 4).state == ["both"]
    assert both().fail_child("right").state == ["rejected"]
    assert both().succeed_child("right", 4).state == ["over"]


def test_a_document_that_is_written_again_is_the_same() -> None:
    definition = read()
    text = write_native(definition)
    again = read(text)
    assert again.chart == definition.chart
    assert write_native(again) == text
    # a stored chart alone says as much
    stored = Chart.from_json(definition.chart.to_json())
    assert read(write_native(stored)).chart == definition.chart
    document = to_document(definition)
    assert document["do"] == {"set": {"moved": "data.moved + 1"}}
    assert "do" not in document["transitions"]["next"]
    assert document["transitions"]["asked"]["do"] == [
        {"set": {"got": "result"}},
        {"set": {"got": "data.got * 2"}},
    ]
    assert document["transitions"]["left"]["on_result"] == "left"
    assert document["transitions"]["any"]["on_result"] == "kid"


@pytest.mark.parametrize("machine", [Outer, Ends, Parent])
def test_rules_of_a_class_are_the_same_rules_in_a_document(machine: Any) -> None:
    definition = machine.definition
    functions = {
        name: function.call
        for name, function in definition.functions.items()
        if not name.endswith(" = result")
    }
    from tests.unit.define.test_rules import Kid as child

    offered = Offered(machines={"kid": child}, effects=definition.effects, functions=functions)
    again = read_native(write_native(definition), offered).definition.chart
    assert again.states == definition.chart.states
    assert again.transitions == definition.chart.transitions


def test_a_result_of_a_class_is_written_as_into() -> None:
    row = to_document(Parent)["transitions"]["left_done"]
    assert row == {
        "on_result": "both/left",
        "from": "both",
        "into": "got",
        "do": {"function": "note"},
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "into: got",
            "into: goot",
            "transitions.asked.into: the data has no field 'goot'; did you",
        ),
        ("into: got", "into: null", "transitions.asked.into: it is null"),
        (
            "result: {type: integer}",
            "result: {type: string}",
            "transitions.asked.into: 'result' gives string, not int",
        ),
        (
            "to: rejected}\n  any",
            "to: rejected, into: got}\n  any",
            "transitions.right.into: it has no result; write on_result",
        ),
        ("on_result: left", "on_result: lift", "no state in or around both invokes 'lift'"),
        (
            "on_done: true, from: form,",
            "on_done: true,",
            "starts from the machine, whose end is the end of the instance",
        ),
        (
            "from: [form.failed, form.lost]",
            "from: rejected",
            "starts from the machine, whose end is the end of the instance",
        ),
        ("data.moved + 1", "event.n", "do.set.moved"),
        ("do: {set: {moved", "do: {sat: {moved", "do: it has no verb"),
    ],
)
def test_problems_have_their_places(old: str, new: str, expected: str) -> None:
    assert expected in problem(old, new)


@pytest.mark.parametrize("at_each", [True, False])
def test_the_actions_of_all_transitions_are_bounded(at_each: bool) -> None:
    """A short document can have very many: of every transition, and of each source."""
    names = [f"s{number}" for number in range(450)]
    actions = "[" + ", ".join("{set: {n: 1}}" for _ in range(450)) + "]"
    states = ", ".join(f"{name}: {{}}" for name in names)
    rows = (
        ", ".join(f"t{name}: {{on: A, from: {name}, to: i}}" for name in names)
        if at_each
        else f"t: {{on: A, from: [{', '.join(names)}], to: i, do: {actions}}}"
    )
    text = f"""
statehold: 1
name: many
data: {{properties: {{n: {{type: integer}}}}}}
events: {{A: {{}}}}
states: {{i: {{initial: true}}, {states}}}
transitions: {{{rows}}}
"""
    if at_each:
        text += f"do: {actions}"
    with pytest.raises(DefinitionError, match="more than 200000 actions in all"):
        read_native(text)


WAITING = """
statehold: 1
name: waiting
data: {}
events: {Go: {}}
effects: {pay: {offered: charge_card}, other: {offered: charge_card}}
states:
  a: {initial: true, invoke: [{effect: pay, id: first}, other]}
  b: {}
transitions:
  one: {on_result: first, from: a, to: b}
  any: {on_failure: pay, from: a, to: b}
  ask: {on: Go, from: a, do: {effect: pay}}
"""


def test_an_invoke_beside_the_same_effect_of_an_action_is_written_by_its_id() -> None:
    machine = read_native(WAITING, LENT).definition
    rows = to_document(machine)["transitions"]
    assert (rows["one"]["on_result"], rows["any"]["on_failure"]) == ("first", "pay")
    assert read_native(write_native(machine), LENT).definition.chart == machine.chart


def test_an_id_of_an_invoke_is_no_other_effect_that_an_action_asks_for() -> None:
    """The outcome of the one would be taken for the other's."""
    text = WAITING.replace("effect: pay, id: first", "effect: other, id: pay")
    text = text.replace("on_result: first", "on_result: other")
    with pytest.raises(DefinitionError, match="other is invoked as 'pay', an effect that an"):
        read_native(text, LENT)
