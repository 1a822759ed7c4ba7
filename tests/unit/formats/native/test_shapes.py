"""The shape of a document: what may stand where, and how everything that is wrong is reported."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from statehold.errors import DefinitionError, Problem
from statehold.formats.native import read_native
from statehold.formats.native.problems import Problems, TooManyProblems
from statehold.formats.native.schema import json_schema
from statehold.formats.native.shape_check import checked
from statehold.plain.read import read_plain
from statehold.plain.values import ParsedDocument
from tests.unit.formats.native.test_native import LENT, ORDER

SCHEMA = json_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
SMALL: dict[str, Any] = {
    "statehold": 1,
    "name": "small",
    "data": {"properties": {"n": {"type": "integer", "default": 0}}},
    "events": {"Go": {}},
    "effects": {"charge": {"offered": "charge_card"}},
    "states": {"a": {"initial": True}, "b": {}},
    "transitions": {"go": {"on": "Go", "from": "a", "to": "b"}},
}


def problems(document: Any) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        read_native(json.dumps(document), LENT)
    return list(caught.value.problems)


def changed(**transition: Any) -> dict[str, Any]:
    """The small machine, its transition with these keys too."""
    go = {**SMALL["transitions"]["go"], **transition}
    return {**SMALL, "transitions": {"go": {k: v for k, v in go.items() if v is not ...}}}


# --- the JSON Schema ---


def test_the_schema_is_one_and_has_a_description_for_every_key() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    parts = [SCHEMA, *(part for part in SCHEMA["$defs"].values() if "properties" in part)]
    bare = [key for part in parts for key, of in part["properties"].items() if not described(of)]
    assert bare == []
    assert len(parts) > 15


def described(schema: dict[str, Any]) -> bool:
    return bool(schema.get("description"))


def test_the_names_of_what_a_document_declares_are_held_by_the_schema_too() -> None:
    for word, names in (("states", {"a.b": {}}), ("events", {"_": {}}), ("indexes", {"a b": "1"})):
        document = {**SMALL, word: names}
        assert not VALIDATOR.is_valid(document)
        assert "can't be called" in str(problems(document)[0])


def with_template(template: Any, **keys: Any) -> dict[str, Any]:
    return {**SMALL, "templates": {"t": template}, **keys}


INSIDE = {"q": {"initial": True, "owner": "$x"}}


@pytest.mark.parametrize(
    ("document", "is_sound"),
    [
        ({**SMALL, "input": {}}, False),
        ({**SMALL, "input": {"set": {"n": 1}, "function": "lent"}}, False),
        ({**SMALL, "input": {"set": None}}, True),
        (with_template({"states": {"q": None}, "parameters": None, "transitions": None}), True),
        (with_template({"states": None}), True),
        (with_template({"parameters": {"x": {"default": "y", "doc": 5}}, "states": INSIDE}), False),
    ],
)
def test_the_schema_and_the_reader_agree_on_inputs_and_templates(
    document: dict[str, Any], is_sound: bool
) -> None:
    assert VALIDATOR.is_valid(document) is is_sound
    if is_sound:
        assert read_native(json.dumps(document), LENT)
    else:
        assert problems(document)


# --- what may be written in several ways ---


def nulls(part: Any) -> Any:
    """Null for each key of a state or a transition that may be null."""
    words = {
        "StateSpec": ("initial", "final", "history", "parallel", "states", "entry", "exit",
                      "invoke", "owner", "tags", "deadline", "doc", "meta"),
        "TransitionSpec": ("when", "do", "by", "reenter", "doc", "meta"),
    }[part]  # fmt: skip
    return dict.fromkeys(words)


def test_null_is_the_same_as_nothing() -> None:
    plain = read_native(json.dumps(SMALL), LENT).definition.chart
    document = {
        **dict.fromkeys(("version", "doc", "meta", "parallel", "upgrades", "view", "indexes")),
        **changed(**nulls("TransitionSpec")),
        "silence": None,
        "states": {"a": {**nulls("StateSpec"), "initial": True}, "b": None},
        "events": {"Go": None},
    }
    VALIDATOR.validate(document)
    assert read_native(json.dumps(document), LENT).definition.chart == plain


def test_one_item_is_a_list_of_one() -> None:
    one = changed(when="data.n > 0", do={"set": {"n": 1}}, by="clerk")
    many = changed(when=["data.n > 0"], do=[{"set": {"n": 1}}], by=["clerk"],
                   **{"on": ["Go"], "from": ["a"], "to": ["b"]})  # fmt: skip
    charts = [read_native(json.dumps(each), LENT).definition.chart for each in (one, many)]
    functions = [chart.meta["native"].pop("functions") for chart in charts]
    assert charts[0] == charts[1]
    assert functions[0] == functions[1]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (changed(on=..., on_result=None), "transitions.go.on_result"),
        (changed(on=..., on_failure=""), "transitions.go.on_failure"),
        (changed(when={"function": None}), "transitions.go.when.function"),
        (changed(when={"in": []}), "transitions.go.when.in"),
        (changed(to=[None]), "transitions.go.to[0]"),
        (changed(do={"raise": None}), "transitions.go.do.raise"),
        (changed(do=[{"emit": ""}]), "transitions.go.do[0].emit"),
        (changed(do={"effect": None}), "transitions.go.do.effect"),
        ({**SMALL, "version": 2, "upgrades": {"from": None}}, "upgrades.from"),
    ],
)
def test_a_name_that_is_missing_is_refused_and_never_left_out(document: Any, place: str) -> None:
    """A guard or an action that names nothing would be left out, and the transition stay."""
    (problem,) = problems(document)
    assert problem.place == place


# --- problems ---


def test_items_keep_their_numbers_when_one_before_them_is_wrong() -> None:
    do = [{"sett": {}}, {"raise": "Gone"}, 5, {"set": {"m": "1"}}]
    assert [(one.place, one.message) for one in problems(changed(do=do))] == [
        ("transitions.go.do[0]", "it has no verb"),
        ("transitions.go.do[2]", "it is no action"),
        ("transitions.go.do[1].raise", "there is no event 'Gone'"),
        ("transitions.go.do[3].set.m", "the data has no field 'm'"),
    ]


@pytest.mark.parametrize(
    ("document", "place", "message"),
    [
        (changed(on=7), "transitions.go.on", "it is 7, not text"),
        (changed(**{"from": {}}), "transitions.go.from", "it is a mapping, not text"),
        ({**SMALL, "effects": {"charge": 5}}, "effects.charge", "it is 5, not a mapping"),
        ({**SMALL, "effects": {"x": {"http": {}}}}, "effects.x.http", "it has no url"),
        ({**SMALL, "silence": {"code": "c"}}, "silence", "it has no reason"),
        (
            {**SMALL, "data": {"properties": {"n": {"type": "int", "minimum": 1, "default": 2}}}},
            "data.properties.n.type",
            "there is no type 'int'",
        ),
        ({**SMALL, "upgrades": [{"form": 1}]}, "upgrades[0].form", "'form' is not known here"),
    ],
)
def test_what_only_follows_from_a_problem_is_not_reported(
    document: Any, place: str, message: str
) -> None:
    (problem,) = problems(document)
    assert (problem.place, problem.message) == (place, message)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        if isinstance(item, dict | list):
            yield from spots(item, (*path, key))
        else:
            yield (*path, key)


def problems_of_shape(document: Any) -> list[Problem]:
    found = Problems(ParsedDocument(copy.deepcopy(document)))
    with contextlib.suppress(TooManyProblems):
        checked(found)
    return found.found


def test_a_wrong_value_anywhere_is_reported_with_its_place() -> None:
    """A value of a kind that stands nowhere, at every place of a document but under free keys."""
    document = read_plain(ORDER).value
    places = [path for path in spots(document) if "default" not in path]
    assert len(places) > 150
    for path in places:
        spot: Any = document
        for part in path[:-1]:
            spot = spot[part]
        before, spot[path[-1]] = spot[path[-1]], [[["odd"]]]
        found = problems_of_shape(document) or problems(document)
        spot[path[-1]] = before
        shown = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        assert any(one.place.startswith(shown) for one in found), (path, found)
