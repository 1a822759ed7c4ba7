"""The Python data model: what its expressions give, what its scripts change, what it refuses."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from statehold.expression.language import EvaluationFailed, ExpressionRefused, Scope
from statehold.expression.python import PYTHON


def scope(**variables: Any) -> Scope:
    event = {"name": "go", "data": {"Var1": 1, "items": [1, 2]}}
    return Scope(
        {"x": 3, "o": {"a": [1, {"b": 2}]}} | variables,
        {"_event": MappingProxyType(event), "_sessionid": "i-1"},
        {"In": lambda state: state == "here"},
    )


def value(text: str, **variables: Any) -> Any:
    return PYTHON.expression(text)(scope(**variables))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 1", 4),
        ("  x\n ", 3),
        ("'#_scxml_' + _sessionid", "#_scxml_i-1"),
        ("_event.name == 'go' and In('here')", True),
        ("_event.data.get('Var1') == 1", True),
        ("_event.data.get('other')", None),
        ("_event['data']['items'][-1]", 2),
        ("hasattr(_event, 'name') and not hasattr(_event, 'raw')", True),
        ("o.a[1].b", 2),
        ("x is not None", True),
        ("0 < x <= 3", True),
        ("x in (1, 2, 3)", True),
        ("'a' in o", True),
        ("[a * 2 for a in range(5) if a % 2]", [2, 6]),
        ("{a: b for a, b in zip(['p', 'q'], [1, 2])}", {"p": 1, "q": 2}),
        ("sorted({3, 1, 2}, reverse=True)", [3, 2, 1]),
        ("max([], default=0)", 0),
        ("f'{x:>5.1f}|{o.a[0]}|'", "  3.0|1|"),
        ("(1, (2, 3))", [1, [2, 3]]),
        ("{1: 'one', 3: 'three'}[x]", "three"),
        ("any(a > 2 for a in o.a[:1]) or 'none'", "none"),
        ("'a,b'.split(',')", ["a", "b"]),
        ("7 // 2 ** 1 % 5 << 2", 12),
    ],
)
def test_expressions_give_what_python_gives(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing", "there is no variable 'missing'"),
        ("x.name", "a int has no 'name'"),
        ("o.missing", "there is no 'missing' in the mapping"),
        ("o['missing']", "there is no 'missing'"),
        ("o.a[9]", "list index out of range"),
        ("1 / 0", "division by zero"),
        ("x + 'a'", r"'\+' can't be done with a int and a str"),
        ("Out('here')", "there is no function 'Out'; those lent here: In"),
        ("In()", "missing 1 required positional argument"),
        ("{1, 2}", "a frozenset is no plain value; sorted"),
        ("[a for a in {1, 2}]", "a set has no order"),
        ("{1: 2}", "keys of a mapping that is kept are text, not 1"),
        ("x.upper()", "a int has no method 'upper'"),
        ("'a'.upper(1)", r"upper\(\) was given arguments that it does not take"),
        ("2 ** 5000", "more than 1,024 bits"),
    ],
)
def test_a_failure_says_what_failed_in_which_text(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed, match=message) as caught:
        value(text)
    assert text[:30] in str(caught.value).replace('"', "'") or "'" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 = 1", "is not Python"),
        ("return", "is not Python"),
        ("", "is empty where an expression should be"),
        ("open('a')", "the function 'open' is not allowed.*these are: abs"),
        ("len()", r"len\(\) takes 1 argument, not 0"),
        ("'a'.format()", "the method 'format' is not allowed"),
        ("lambda: 1", "the expression Lambda is not allowed"),
        ("x is 3", "'is' compares with None, True and False only"),
        ("o.a.append(1)", r"append\(\) changes data, which only a script may do"),
    ],
)
def test_what_is_not_allowed_is_refused_when_it_is_read(text: str, message: str) -> None:
    with pytest.raises(ExpressionRefused, match=message):
        PYTHON.expression(text)


def test_a_refusal_tells_the_place_in_characters() -> None:
    with pytest.raises(ExpressionRefused) as caught:
        PYTHON.expression("  'ä' + (lambda: 1)")
    assert caught.value.at == 9


def test_an_expression_tells_the_variables_that_it_may_read() -> None:
    text = "x + sum(a.price for a in items if a.kind == _event.kind)"
    assert PYTHON.expression(text).reads == {"x", "items", "_event"}


def test_what_comes_back_is_a_copy() -> None:
    given = scope()
    PYTHON.expression("o.a")(given).append("changed")
    assert given.variables["o"] == {"a": [1, {"b": 2}]}


def test_an_event_that_cannot_be_changed_comes_back_as_a_mapping_of_its_own() -> None:
    assert type(value("_event")) is dict


def test_a_script_assigns_loops_and_calls_methods_that_change() -> None:
    script = PYTHON.script(
        """
        total = 0
        for n, entry in enumerate(o.a):
            if n == 0:
                continue
            total += entry['b']
        else_ = {'k': []}
        else_['k'].append(total)
        o.a[0] = else_
        o['c'], x = x, 'swapped'
        while total < 10:
            total += 1
            if total == 8: break
        del o.a[1]
        """
    )
    given = scope()
    script.run(given)
    assert given.variables == {
        "x": "swapped", "total": 8, "else_": {"k": [2]}, "o": {"a": [{"k": [2]}], "c": 3}
    }  # fmt: skip
    assert script.writes == {"x", "total", "else_", "o"}
    assert script.reads == {"x", "total", "else_", "o"}


def test_a_script_makes_variables_that_are_not_there() -> None:
    given = scope()
    PYTHON.script("Var1 = 1").run(given)
    assert given.variables["Var1"] == 1


def test_names_of_a_loop_are_local_to_it() -> None:
    script = PYTHON.script("for x in [1, 2]:\n  x += 1\n  y = x")
    given = scope()
    script.run(given)
    assert (given.variables["x"], given.variables["y"]) == (3, 3)
    assert script.writes == {"y"}


def test_assigning_copies_so_that_two_variables_share_nothing() -> None:
    given = scope()
    PYTHON.script("a = o.a\na[0] = 'mine'\nb = c = []\nb.append(1)").run(given)
    assert given.variables["o"]["a"][0] == 1
    assert (given.variables["b"], given.variables["c"]) == ([1], [])


def test_a_refused_script_names_the_line() -> None:
    with pytest.raises(ExpressionRefused, match="line 2: the statement Import is not allowed"):
        PYTHON.script("x = 1\nimport os")
    with pytest.raises(ExpressionRefused, match="line 2: 'break' stands outside of a loop"):
        PYTHON.script("x = 1\nbreak")


@pytest.mark.parametrize("text", ["x", "o.a", "o['new']", "o.a[1].b", "o.a[x - 3]"])
def test_a_location_is_read_and_assigned_to(text: str) -> None:
    location, given = PYTHON.location(text), scope()
    location.assign(given, ["put"])
    assert location.read(given) == ["put"]
    assert PYTHON.expression(text)(given) == ["put"]
    assert location.name == text[0]


def test_a_location_keeps_a_copy_of_what_it_is_given() -> None:
    given, mine = scope(), [1]
    PYTHON.location("x").assign(given, mine)
    mine.append(2)
    assert given.variables["x"] == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing", "there is no variable 'missing'"),
        ("missing.part", "there is no variable 'missing'"),
        ("_event", "'_event' can be read only"),
        ("_event.name", "'_event' can be read only"),
        ("o.b.c", "there is no 'b'"),
        ("o.a[9]", "index out of range"),
        ("x.y", "'y' can't be put into a int"),
    ],
)
def test_assigning_to_what_is_not_there_fails_and_changes_nothing(text: str, message: str) -> None:
    given = scope()
    with pytest.raises(EvaluationFailed, match=message):
        PYTHON.location(text).assign(given, 1)
    assert given.variables == scope().variables


def test_a_value_that_json_has_not_is_not_kept() -> None:
    given = scope()
    with pytest.raises(EvaluationFailed, match="can't be kept: JSON has no such number"):
        PYTHON.location("x").assign(given, float("nan"))
    assert given.variables["x"] == 3


@pytest.mark.parametrize(
    ("given", "expected"), [([], False), ([0], True), ("", False), (0.0, False)]
)
def test_truth_is_that_of_python(given: Any, expected: bool) -> None:
    assert PYTHON.truth(given) is expected
