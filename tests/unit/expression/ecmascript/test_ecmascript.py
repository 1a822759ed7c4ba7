"""The ECMAScript data model: what expressions give, what scripts change, what is refused."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from statehold.expression.ecmascript import syntax
from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, ExpressionRefused, Scope


def scope(**variables: Any) -> Scope:
    event: Mapping[str, Any] = {"name": "go", "data": {"Var1": 1}}
    return Scope(
        {"x": 3, "n": None, "s": "text", "o": {"a": [1, {"b": 2}]}} | variables,
        {"_event": MappingProxyType(event), "_sessionid": "i-1"},
        {"In": lambda state: state == "here"},
    )


def value(text: str, **variables: Any) -> Any:
    return ECMASCRIPT.expression(text)(scope(**variables))


#: each is what an ECMAScript engine gives as well, but for those marked as the differences they are
FACTS = [
    ("x + 1", 4),
    ("'x is ' + x + 1", "x is 31"),
    ("1 + 2 + '3'", "33"),
    ("'5' * '2'", 10),
    ("'5' - 2", 3),
    ("4 / 2 + ''", "2"),
    ("1 / 3 + ''", "0.3333333333333333"),
    ("0.1 + 0.2", 0.30000000000000004),
    ("1 === 1.0", True),
    ("1 == '1'", True),
    ("1 === '1'", False),
    ("true == 1", True),
    ("true === 1", False),
    ("null == undefined", True),
    ("null == 0", False),
    ("NaN === NaN", False),
    ("'' == 0", True),
    ("[1, 2] == '1,2'", True),
    ("-7 % 3", -1),
    ("2 ** 10", 1024),
    ("9007199254740992 + 1 === 9007199254740992", True),
    ("1e21 + ''", "1e+21"),
    ("1e-7 + ''", "1e-7"),
    ("123456789012345680000 + ''", "123456789012345680000"),
    ("1 / 0 + ''", "Infinity"),
    ("0 / 0 + ''", "NaN"),
    ("[] ? 'yes' : 'no'", "yes"),
    ("'' || 'other'", "other"),
    ("0 ?? 'other'", 0),
    ("n ?? 'other'", "other"),
    ("x && s", "text"),
    ("!!{} && !!'0' && !0 && !NaN && !null", True),
    ("typeof missing === 'undefined'", True),
    ("typeof x + typeof s + typeof true + typeof o", "numberstringbooleanobject"),
    ("typeof _event.sendid", "undefined"),
    ("'name' in _event && !('raw' in _event)", True),
    ("1 in [5, 6]", True),
    ("o.a[1].b", 2),
    ("o['a']['length']", 2),
    ("o.a.length + s.length", 6),
    ("o.missing", None),
    ("n?.deep.deeper", None),
    ("o?.a?.[0]", 1),
    ("s[0] + s.charAt(9)", "t"),
    ("`${x}-${o.a}-\\n`", "3-1,[object Object]-\n"),
    ("'\\x41\\u0042\\u{43}\\ud83d\\ude00'", "ABC😀"),
    ("[].concat(o.a, [4]).length", 3),
    ("Math.max(1, '7', x) + Math.min()", float("inf")),
    ("Math.round(-2.5)", -2),
    ("Math.round(0.49999999999999994)", 0),
    ("Math.pow(x, 3)", 27),
    ("parseInt('12px') + parseInt('0x1f') + parseInt('z', 36)", 78),
    ("parseFloat('3.5e1kg')", 35),
    ("Number('0b101') + Number(' 12 ') + Number('')", 17),
    ("isNaN(Number('12px'))", True),
    ("(1.005).toFixed(2) + (2.5).toFixed(0)", "1.003"),
    ("1 << 31", -2147483648),
    ("-1 >>> 0", 4294967295),
    ("~5 | 2", -6),
    ("false | true", 1),
    ("JSON.stringify({a: [1.0, null, 'ä\"'], b: {}})", '{"a":[1,null,"ä\\""],"b":{}}'),
    ("JSON.parse('[1.0, {\"a\": 2e0}]')", [1, {"a": 2}]),
    ("Object.keys(o).join()", "a"),
    ("o.a.filter(item => typeof item === 'number').map((item, at) => item + at)", [1]),
    ("[1, 2, 3].reduce((sum, item) => sum + item)", 6),
    ("[1, 2].some(item => [2, 3].includes(item))", True),
    ("'a-b-c'.split('-', 2)", ["a", "b"]),
    ("'text'.substring(3, 1) + 'text'.slice(-2)", "exxt"),
    ("[1, 2] instanceof Array && Array.isArray([])", True),
    ("In('here') && !In('there')", True),
    ("{a: 1, 'b c': 2, [s]: 3, x}", {"a": 1, "b c": 2, "text": 3, "x": 3}),
    ("x // a comment", 3),
    ("/* another */ x", 3),
    ("void 0", None),
    # differences: one nothing, no identity, no halves of characters
    ("null === undefined", True),
    ("typeof null", "undefined"),
    ("'is ' + n", "is undefined"),
    ("[1] == [1]", True),
    ("'😀'.length", 1),
]


@pytest.mark.parametrize(("text", "expected"), FACTS, ids=[text for text, _ in FACTS])
def test_expressions_give_what_ecmascript_gives(text: str, expected: Any) -> None:
    found = value(text)
    assert (found, type(found) is bool) == (expected, type(expected) is bool)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing", "there is no variable 'missing'"),
        ("n.field", "undefined has no field 'field'"),
        ("o.missing.field", "undefined has no field 'field'"),
        ("Out('here')", "there is no function 'Out'; these can be called: In"),
        ("x.trim()", r"number has no method 'trim'"),
        ("'a' in x", "'in' can't be done with a number on its right"),
        ("[].reduce((a, b) => a)", "needs a value to begin with"),
        ("JSON.parse('{')", "Expecting property name"),
        ("JSON.parse('NaN')", "JSON has no NaN"),
        ("JSON.parse('\"\\\\ud800\"')", "surrogates not allowed"),
    ],
)
def test_a_failure_says_what_failed(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed, match=message):
        value(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("return", "is not ECMAScript, near 'return'"),
        ("{p1: 'v1'", "is not ECMAScript"),
        ("", "is empty where an expression should be"),
        ("x = 1", "changes data, which only a script may do"),
        ("x++", "changes data, which only a script may do"),
        ("o.a.push(1)", r"push\(\) changes data, which only a script may do"),
        ("delete o.a", "'delete' changes data"),
        ("new Promise()", r"new expression \(new Promise\(\)\) is not allowed"),
        ("Date()", r"the function 'Date' is not allowed.*new Date\(\)"),
        ("/a/.test(s)", "the method 'test' is not allowed"),
        ("async () => 1", "it is asynchronous"),
        ("this", "'this' is not allowed outside of a function"),
        ("xs.map(In, ...s)", "not allowed in a call"),
        ("Math.random()", "chance would not be the same again"),
        ("eval('1')", "the function 'eval' is not allowed"),
        ("Math.pow(1)", r"Math.pow\(\) does not take 1 arguments"),
        ("[1, , 2]", "a list with holes is not allowed"),
        ("010", "the number '010' is not allowed"),
        ("10n", "the number '10n' is not allowed"),
        ("o.constructor", "the name 'constructor' is not allowed"),
        ("'\\ud800'", "half of a surrogate pair"),
        ("x instanceof In", "'instanceof' asks for Array and Date only"),
    ],
)
def test_what_is_not_allowed_is_refused_when_it_is_read(text: str, message: str) -> None:
    with pytest.raises(ExpressionRefused, match=message):
        ECMASCRIPT.expression(text)


def test_a_refusal_gives_its_position_in_characters() -> None:
    with pytest.raises(ExpressionRefused) as caught:
        ECMASCRIPT.expression("'ä' + ]")
    assert caught.value.at == 4


def test_an_expression_names_the_variables_that_it_may_read() -> None:
    text = "x + items.filter(item => item.kind === _event.kind).length + Math.PI"
    assert ECMASCRIPT.expression(text).reads == {"x", "items", "_event"}


def test_whole_numbers_that_were_calculated_are_whole_in_the_data() -> None:
    assert [type(item) for item in value("[6 / 2, 2.5 * 2, 1 / 2, 1e300]")] == [
        int, int, float, float,
    ]  # fmt: skip


def run(text: str, **variables: Any) -> dict[str, Any]:
    given = scope(**variables)
    ECMASCRIPT.script(text).run(given)
    return dict(given.variables)


def test_a_script_declares_assigns_and_loops() -> None:
    script = ECMASCRIPT.script(
        """
        // what it does is of no use
        var total = 0, kept = o.a, none;
        for (let i = 0; i < 10; i++) {
            if (i === 2) continue;
            else if (i > 4) break;
            total += i;
        }
        for (const item of [10, 20]) { total += item }
        for (const key in o) kept.push(key);
        do { x -= 1 } while (x > 0);
        while (x < 2) ++x;
        { let x = 'hidden'; s = x }
        o.a[0] = kept.length; o.c = { d: 1 }; o.c.d++; delete o.e;
        n ??= 7;
        """
    )
    given = scope()
    script.run(given)
    assert given.variables == {
        "x": 2, "n": 7, "s": "hidden", "total": 38, "kept": [1, {"b": 2}, "a"], "none": None,
        "o": {"a": [3, {"b": 2}], "c": {"d": 2}},
    }  # fmt: skip
    assert script.writes == {"x", "n", "s", "total", "kept", "none", "o"}
    assert script.reads == {"x", "n", "total", "kept", "o"}


def test_var_without_a_value_keeps_the_one_that_is_there() -> None:
    assert run("var x; var y;")["x"] == 3
    assert run("var x; var y;")["y"] is None


def test_let_and_const_are_gone_when_the_script_ends() -> None:
    assert run("let a = 1; const b = 2; x = a + b") == scope(x=3).variables


def test_the_place_of_an_assignment_is_found_before_its_value() -> None:
    found = run("var i = 0; o.a[i] = i++ + 5; o.a[i++] = 'b'; x = i; var y = i++ + ++i")
    assert (found["o"], found["x"], found["y"]) == ({"a": [5, "b"]}, 2, 6)


def test_what_is_not_a_number_can_be_worked_with_but_not_kept() -> None:
    assert run("let a = Number('x'); x = isNaN(a) ? 1 : 2")["x"] == 1
    with pytest.raises(EvaluationFailed, match="nan can't be kept"):
        run("x = Number('x')")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("undeclared = 1", "there is no variable 'undeclared'"),
        ("x = y; let y = 1", "'y' has no value yet"),
        ("{ let a = a + 1 }", "'a' has no value yet"),
        ("_event = 1", "'_event' can be read only"),
        ("_event.data.Var1 = 2", "'_event' can be read only"),
        ("o.a[7] = 1", "a list of 2 items has no place '7'"),
        ("s.a = 1", "can't be put into string"),
        ("for (const a of o) x = a", "goes through lists and texts, not object"),
    ],
)
def test_a_script_that_fails_says_why(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed, match=message):
        run(text)


def test_a_refused_script_names_the_line() -> None:
    with pytest.raises(ExpressionRefused, match="line 2: the class declaration"):
        ECMASCRIPT.script("x = 1\nclass A {}")
    with pytest.raises(ExpressionRefused, match="the constant 'c' can't be assigned to"):
        ECMASCRIPT.script("const c = 1; c = 2")


@pytest.mark.parametrize("text", ["x", "o.a", "o['new']", "o.a[1].b", "o.a[x - 1]"])
def test_a_location_is_read_and_assigned_to(text: str) -> None:
    location, given = ECMASCRIPT.location(text), scope()
    location.assign(given, ["put"])
    assert location.read(given) == ["put"]
    assert ECMASCRIPT.expression(text)(given) == ["put"]
    assert location.name == text[0]


@pytest.mark.parametrize("text", ["missing", "missing.part", "_event", "_event.name", "n.a", "x.y"])
def test_assigning_to_what_is_not_there_fails_and_changes_nothing(text: str) -> None:
    given = scope()
    with pytest.raises(EvaluationFailed):
        ECMASCRIPT.location(text).assign(given, 1)
    assert given.variables == scope().variables


def test_without_its_parser_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_javascript", None)
    syntax._language.cache_clear()
    with pytest.raises(ModuleNotFoundError, match=r"install statehold\[scxml\]"):
        ECMASCRIPT.expression("1")


def test_truth_is_that_of_ecmascript() -> None:
    yes: list[Any] = [[], {}, "0", -1]
    assert [ECMASCRIPT.truth(given) for given in yes] == [True] * 4
    no: list[Any] = [None, "", 0, float("nan"), False]
    assert [ECMASCRIPT.truth(given) for given in no] == [False] * 5
