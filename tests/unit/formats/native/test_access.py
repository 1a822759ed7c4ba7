"""Who may do what in a document: ``access``, views by role, internal events, senders."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema_rs
import pytest

from statehold import Access, Event, Machine, State, index, on, role, when
from statehold.chart.access import (
    AnyOf,
    Everyone,
    HasRole,
    OwnsIndex,
    When,
    machine,
    nobody,
)
from statehold.errors import DefinitionError
from statehold.expression.language import EvaluationFailed
from statehold.formats.native import read_native
from statehold.formats.native.schema import json_schema
from statehold.formats.native.write import to_document, write_native
from statehold.records import Caller

DOCUMENT: dict[str, Any] = {
    "statehold": 1,
    "name": "parcel",
    "data": {"properties": {"customer": {"type": "string", "default": ""}}},
    "indexes": ["customer"],
    "access": {
        "start": "customer",
        "read": [{"index": "customer", "of": "caller"}, "support"],
        "inspect": {"role": "ops"},
        "send": {"when": "caller.id == data.customer || 'ops' in caller.roles"},
        "act": [],
        "put": "nobody",
        "erase": "anyone",
    },
    "view": {"who": "data.customer"},
    "views": {"courier": {"to": "data.customer"}, "ops": "data"},
    "events": {"Go": {}, "Paid": {"internal": True}},
    "states": {"a": {"initial": True}},
    "transitions": {
        "go": {"on": "Go", "from": "a", "by": ["clerk", {"machine": "lead"}]},
        "paid": {"on": "Paid", "from": "a", "by": {"machine": "payment"}},
    },
}


def with_(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    holder = document
    for one in parents:
        holder = holder.setdefault(one, {})
    holder[last] = value
    return document


def read(document: dict[str, Any]) -> Any:
    return read_native(json.dumps(document)).definition


def test_a_document_says_who_may_do_what() -> None:
    definition = read(DOCUMENT)
    access = definition.access
    assert access.start == HasRole("customer")
    assert access.read == AnyOf((OwnsIndex("customer", "caller"), HasRole("support")))
    assert access.inspect == HasRole("ops")
    assert isinstance(access.send, When)
    assert (access.act, access.put) == (nobody, nobody)
    assert isinstance(access.erase, Everyone)
    assert access.upgrade is None
    assert definition.internal == {"Paid"}
    assert definition.events["Paid"].type.__internal__
    names = {one.id: [guard.name for guard in one.guards] for one in definition.chart.transitions}
    assert names == {"go": ["clerk,machine:lead"], "paid": [machine("payment")]}


def test_views_are_by_role_in_the_order_of_the_document() -> None:
    views = read(DOCUMENT).views
    assert list(views) == ["courier", "ops"]
    assert views["courier"]({"customer": "ann"}) == {"to": "ann"}
    assert views["ops"]({"customer": "ann"}) == {"customer": "ann"}


@pytest.mark.parametrize(
    ("text", "caller", "expected"),
    [
        ("caller.id == data.customer", Caller("ann", frozenset()), True),
        ("caller.id == data.customer", Caller("bob", frozenset()), False),
        ("'ops' in caller.roles", Caller("bob", frozenset({"ops"})), True),
        ("'ops' in caller.roles", Caller("bob"), False),
        ("'north' in caller.teams", Caller("bob", teams=frozenset({"north"})), True),
        ("caller.roles == ['a', 'b']", Caller("", frozenset({"b", "a"})), True),
        ("size(caller.id) == 0", Caller(), True),
    ],
)
def test_a_condition_sees_the_data_and_the_caller(
    text: str, caller: Caller, expected: bool
) -> None:
    definition = read(with_("access.act", {"when": text}))
    assert definition.access.act.condition({"customer": "ann"}, caller) is expected
    # it is outside of the chart
    assert definition.chart.transitions == read(DOCUMENT).chart.transitions
    assert not any(text in name for name in definition.functions)


def test_a_condition_that_gives_no_answer_raises_without_a_value_of_the_data() -> None:
    document = with_("access.act", {"when": "data.flag"})
    document["data"]["properties"]["flag"] = {}
    condition = read(document).access.act.condition
    with pytest.raises(EvaluationFailed) as raised:
        condition({"flag": "secret"}, Caller())
    assert "secret" not in str(raised.value)


def test_a_condition_has_the_budget_of_every_expression() -> None:
    text = f"[{','.join(['1'] * 300)}].all(x, [{','.join(['1'] * 300)}].all(y, "
    text += f"[{','.join(['1'] * 300)}].all(z, x + y + z + size(data.customer) > 0)))"
    with pytest.raises((DefinitionError, EvaluationFailed)):
        read(with_("access.act", {"when": text})).access.act.condition(
            {"customer": "ann"}, Caller()
        )


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("access.read", {"index": "custmer"}, "access.read", "no index 'custmer'"),
        ("access.put", {"index": "customer"}, "access.put", "asks for the index"),
        ("access.read", {"index": "customer", "of": "all"}, "access.read.of", "there is no of"),
        ("access.read", {"role": "a", "of": "caller"}, "access.read.of", "about an index"),
        ("access.read", {"when": "true"}, "access.read", "has a condition"),
        ("access.inspect", {"when": "true"}, "access.inspect", "has a condition"),
        ("access.put", {"when": "true"}, "access.put", "has a condition"),
        ("access.upgrade", {"when": "true"}, "access.upgrade", "has a condition"),
        ("access.erase", {"when": "true"}, "access.erase", "has a condition"),
        ("access.send", {"when": "1"}, "access.send.when", "gives int, not bool"),
        ("access.send", {"when": "caller.name == ''"}, "access.send.when", "no 'caller.name'"),
        ("access.send", {"when": "now > now"}, "access.send.when", "now"),
        ("access.send", [{"when": "true"}, {"when": "false"}], "access.send", "2 conditions"),
        ("access.act", {}, "access.act", "says one thing"),
        ("access.act", {"role": "a", "index": "customer"}, "access.act", "says one thing"),
        ("access.act", "machine:lead", "access.act", "a machine has no rights"),
        ("access.act", {"machine": "lead"}, "access.act.machine", "not known here"),
        ("access.act", {"role": "anyone"}, "access.act", "names the role 'anyone'"),
        ("access.act", 5, "access.act", "not text"),
        ("access.fly", "a", "access.fly", "not known here"),
        ("access", "ops", "access", "not a mapping"),
        ("views", {"machine:lead": "data"}, "views.machine:lead", "a machine has no rights"),
        ("views", {"a": "data.no"}, "views.a", "no 'data.no'"),
        ("events.Paid.internal", "yes", "events.Paid.internal", "not true or false"),
        ("transitions.go.by", "machine:lead", "transitions.go.by", "is no role"),
        ("transitions.go.by", {"machine": "A B"}, "transitions.go.by", "the machine 'A B'"),
        ("transitions.go.by", {"role": "x"}, "transitions.go.by", "role|machine"),
        ("transitions.go.by", "a,b", "transitions.go.by", "names the role 'a,b'"),
    ],
)
def test_wrong_access_is_refused_at_its_place(
    path: str, value: Any, place: str, message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(with_(path, value))
    found = [p for p in caught.value.problems if p.place.startswith(place)]
    assert found, caught.value
    assert any(part in str(caught.value) for part in message.split("|")), caught.value


def test_the_schema_takes_what_the_reader_takes() -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    assert list(validator.iter_errors(DOCUMENT)) == []
    for path, value in (
        ("access.act", 5),
        ("access.fly", "a"),
        ("access.read", {"index": "customer", "of": "all"}),
        ("transitions.go.by", {"role": "x"}),
        ("events.Paid.internal", "yes"),
    ):
        assert list(validator.iter_errors(with_(path, value))), path


@pytest.mark.parametrize("notation", ["yaml", "json"])
def test_a_document_is_written_back_whole(notation: Any) -> None:
    definition = read(DOCUMENT)
    again = read_native(write_native(definition, notation)).definition
    assert again.chart == definition.chart
    assert to_document(again) == to_document(definition)
    assert again.access.read == definition.access.read


class Parcel(Machine[dict[str, str]], name="coded", version=1):
    """Not a document."""

    class Go(Event):
        pass

    class Paid(Event, internal=True):
        pass

    here = State(initial=True)
    go = on(Go, here, by=("clerk", machine("lead")))
    paid = on(Paid, here)
    indexes = ("customer",)
    access = Access(
        start="customer",
        read=index("customer") | role("support"),
        send=when(lambda data, caller: True),
        erase=nobody,
    )


def test_of_a_class_no_more_is_permitted_than_the_document_can_say() -> None:
    document = to_document(Parcel)
    assert document["access"] == {
        "start": {"role": "customer"},
        "read": {"role": "support"},
        "send": "nobody",
        "erase": "nobody",
    }
    assert document["transitions"]["go"]["by"] == ["clerk", {"machine": "lead"}]
    assert document["events"]["Paid"] == {"internal": True}
    left_out = " ".join(document["meta"]["left_out"])
    assert "access.read: the index customer" in left_out
    assert "access.send: a condition" in left_out
