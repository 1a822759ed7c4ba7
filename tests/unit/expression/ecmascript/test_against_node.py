"""Expressions made at random give what Node gives for them.

What is known to differ is not made: nothing (``null`` and ``undefined`` are one here), equality of
lists and mappings, and divisions that would show a negative zero.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, Scope

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

DATA = {"i": 7, "f": 2.5, "t": "ab c", "d": "12", "xs": [3, 1, 2], "o": {"k": 1, "s": "v"}}

PROGRAM = """
const [data, texts] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const told = value => typeof value === 'number' ? {number: String(value)}
  : Array.isArray(value) ? {list: value.map(told)}
  : value === undefined || value === null ? {nothing: true}
  : typeof value === 'object' ? {text: JSON.stringify(value)}
  : {[typeof value]: value};
console.log(JSON.stringify(texts.map(text => {
  try {
    const run = new Function(...Object.keys(data), `return (${text}\\n)`);
    return told(run(...Object.values(data)));
  }
  catch (error) { return {error: error.name}; }
})));
"""

NUMBERS = st.one_of(
    st.integers(0, 20).map(str),
    st.sampled_from(
        ["0.1", "2.5", "1e21", "1e-7", "12345678", "9007199254740991", "0x1f", "1e300"]
    ),
    st.sampled_from(["i", "f", "xs.length", "t.length", "xs[0]", "NaN", "Infinity"]),
)
TEXTS = st.sampled_from(
    [
        "'a'",
        "'12'",
        "' 3 '",
        "''",
        "'b'",
        "t",
        "d",
        "t[1]",
        "o.s",
        "'0x10'",
        "'1e3'",
        "'A,b'",
        "'tRue'",
    ]
)
TRUTHS = st.sampled_from(["true", "false"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def pair(*signs: str) -> st.SearchStrategy[str]:
        return st.builds(lambda a, s, b: f"({a} {s} {b})", inner, st.sampled_from(signs), inner)

    index = st.integers(-4, 6)
    return st.one_of(
        pair("+", "-", "*", "<", "<=", ">", ">=", "==", "!=", "===", "!==", "&&", "||"),
        pair("&", "|", "^", "<<", ">>", ">>>"),
        st.builds(
            lambda a, s, n: f"({a} {s} {n})", inner, st.sampled_from("/%"), st.integers(1, 9)
        ),
        st.builds(lambda s, a: f"({s} {a})", st.sampled_from(["!", "-", "+", "~"]), inner),
        st.builds(lambda a: f"(typeof {a})", inner),
        st.builds(lambda a, b, c: f"({a} ? {b} : {c})", inner, inner, inner),
        st.builds(lambda a, b: f"`{{${{{a}}}}}${{{b}}}`", inner, inner),
        st.builds(
            lambda name, a: f"{name}({a})",
            st.sampled_from(
                ["Math.floor", "Math.ceil", "Math.round", "Math.abs", "Math.trunc", "Math.sqrt",
                 "Number", "String", "Boolean", "isNaN", "parseInt", "parseFloat",
                 "Number.isInteger", "Array.isArray", "JSON.stringify", "isFinite"]
            ),
            inner,
        ),
        st.builds(lambda a, b: f"Math.max({a}, {b})", inner, inner),
        st.builds(
            lambda a, name, m, n: f"String({a}).{name}({m}, {n})",
            inner, st.sampled_from(["slice", "substring", "substr"]), index, index,
        ),
        st.builds(
            lambda a, name, b: f"String({a}).{name}({b})",
            inner,
            st.sampled_from(["indexOf", "includes", "startsWith", "endsWith", "concat", "split",
                             "lastIndexOf"]),
            TEXTS,
        ),
        st.builds(
            lambda a, name: f"String({a}).{name}()",
            inner, st.sampled_from(["trim", "toUpperCase", "toLowerCase", "toString"]),
        ),
        st.builds(lambda a, n: f"Number({a}).toFixed({n})", inner, st.integers(0, 5)),
        st.builds(lambda a, n, b: f"String({a}).padStart({n}, {b})", inner, st.just(9), TEXTS),
        st.builds(lambda a, b: f"[{a}, {b}].join('-')", inner, inner),
        st.builds(lambda a, b: f"xs.concat([{a}], {b}).indexOf({b})", inner, inner),
        st.builds(lambda a: f"xs.map((x, at) => x * at + {a})", inner),
        st.builds(lambda a: f"xs.filter(x => x > {a}).length", inner),
        st.builds(lambda a: f"xs.reduce((sum, x) => sum + x, {a})", inner),
        st.builds(lambda n, m: f"xs.slice({n}, {m})", index, index),
    )  # fmt: skip


EXPRESSIONS = st.recursive(st.one_of(NUMBERS, TEXTS, TRUTHS), _grown, max_leaves=8)


def by_node(texts: list[str]) -> list[dict[str, Any]]:
    assert NODE is not None
    told = subprocess.run(
        [NODE, "-e", PROGRAM],
        input=json.dumps([DATA, texts]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def told(value: Any) -> dict[str, Any]:
    if type(value) is bool:
        return {"boolean": value}
    if isinstance(value, (int, float)):
        return {"number": ECMASCRIPT.expression("'' + v")(Scope({"v": value}))}
    if isinstance(value, list):
        return {"list": [told(item) for item in value]}
    if value is None:
        return {"nothing": True}
    return {"string": value}


def here(text: str) -> dict[str, Any]:
    try:
        return told(ECMASCRIPT.expression(text)(Scope(json.loads(json.dumps(DATA)))))
    except EvaluationFailed as error:
        return {"error": str(error)}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(st.lists(EXPRESSIONS, min_size=40, max_size=60))
def test_what_is_made_at_random_gives_the_same_as_in_node(texts: list[str]) -> None:
    for text, expected in zip(texts, by_node(texts), strict=True):
        assert here(text) == expected, text


def test_numbers_are_written_as_node_writes_them() -> None:
    numbers = [
        mantissa * 10.0**exponent * sign
        for exponent in range(-12, 26)
        for mantissa in (1, 1.5, 123456, 0.1, 9.999999999999999, math.pi)
        for sign in (1, -1)
    ]
    texts = [repr(number) for number in numbers]
    for text, expected in zip(texts, by_node(texts), strict=True):
        assert here(text) == expected, text
