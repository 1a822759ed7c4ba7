"""Expressions, functions and scripts made at random give what Node gives for them.

What is known to differ is not made: nothing (``null`` and ``undefined`` are one here), equality of
lists and mappings, divisions that would show a negative zero, NaN within data, which is refused,
and dates in text other than ISO 8601, which each engine reads in its own way.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EXPRESSION_LIMIT, EvaluationFailed, Scope

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

DATA = {"i": 7, "f": 2.5, "t": "ab c", "d": "12", "xs": [3, 1, 2], "o": {"k": 1, "s": "v"}}

NOW = datetime(2026, 2, 28, 23, 59, 59, 875_000, UTC)

PROGRAM = """
const [data, texts] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const now = 1772323199875;
globalThis.Date = class extends Date {
  constructor(...given) { given.length ? super(...given) : super(now) }
  static now() { return now }
};
const shown = value => typeof value === 'number' ? {number: String(value)}
  : Array.isArray(value) ? {list: value.map(shown)}
  : value === undefined || value === null ? {nothing: true}
  : typeof value === 'object' ? {text: JSON.stringify(value)}
  : {[typeof value]: value};
console.log(JSON.stringify(texts.map(text => {
  try {
    const run = new Function(...Object.keys(data), `return (${text}\\n)`);
    return shown(run(...Object.values(data)));
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
    """What Node gives for each, in the time zone UTC."""
    assert NODE is not None
    result = subprocess.run(
        [NODE, "-e", PROGRAM],
        input=json.dumps([DATA, texts]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "TZ": "UTC"},
    )
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def shown(value: Any) -> dict[str, Any]:
    if type(value) is bool:
        return {"boolean": value}
    if isinstance(value, (int, float)):
        return {"number": ECMASCRIPT.expression("'' + v")(Scope({"v": value}))}
    if isinstance(value, list):
        return {"list": [shown(item) for item in value]}
    if value is None:
        return {"nothing": True}
    return {"string": value}


def here(text: str) -> dict[str, Any]:
    try:
        return shown(ECMASCRIPT.expression(text)(Scope(json.loads(json.dumps(DATA)), now=NOW)))
    except EvaluationFailed as error:
        return {"error": str(error)}


NODE_RUNS = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@NODE_RUNS
@given(st.lists(EXPRESSIONS, min_size=40, max_size=60))
def test_what_is_made_at_random_gives_the_same_as_in_node(texts: list[str]) -> None:
    for text, expected in zip(texts, by_node(texts), strict=True):
        assert here(text) == expected, text


DATES = st.one_of(
    st.just(""),
    st.integers(-(10**15), 10**15).map(str),
    st.integers(-(10**16), 10**16).map(str),
    st.builds(
        lambda *parts: ", ".join(map(str, parts)),
        st.integers(-5, 2100), st.integers(-30, 30), st.integers(-400, 400), st.integers(-99, 99),
        st.integers(-99, 99), st.integers(-99, 99), st.integers(-9999, 9999),
    ),
    st.builds(
        lambda year, month, day, rest: f"'{year:04d}-{month:02d}-{day:02d}{rest}'",
        st.integers(0, 9999), st.integers(0, 13), st.integers(0, 29),
        st.sampled_from(["", "T01:02Z", "T23:59:58.1234", "T24:00", "T00:00:60", "T1:00",
                         "T10:00:00.5+02:30", "T10:00:00-11:15", "T10:00:00.001Z"]),
    ),
)  # fmt: skip
DATE_TEXTS = st.builds(
    lambda given, then: f"(() => {{ const d = new Date({given}); {then} }})()",
    DATES,
    st.one_of(
        st.sampled_from(
            ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]
        ).map(lambda name: f"return [d.get{name}(), d.getUTC{name}(), d.getTime()]"),
        st.sampled_from(["return d.toJSON() || 'none'", "return '' + d", "return d - new Date()",
                         "return d < new Date()", "return `${d}` + Date.now()"]),
        st.builds(
            lambda name, n: f"d.set{name}({n}); return [d.getTime(), '' + d]",
            st.sampled_from(["FullYear", "Month", "Date", "UTCHours", "Minutes", "UTCSeconds",
                             "Milliseconds", "Time"]),
            st.integers(-5000, 5000),
        ),
    ),
)  # fmt: skip


@NODE_RUNS
@given(st.lists(DATE_TEXTS, min_size=40, max_size=60))
def test_dates_made_at_random_are_those_of_node(texts: list[str]) -> None:
    for text, expected in zip(texts, by_node(texts), strict=True):
        assert here(text) == expected, text


class Writer:
    """Writes statements at random; ``names`` are variables that hold whole numbers."""

    def __init__(self, draw: st.DrawFn, names: list[str]) -> None:
        self.draw = draw
        self.names = names
        self.functions: list[str] = []
        self.room = 25
        self.made = 0

    def new(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def choose(self, *kinds: str) -> str:
        return self.draw(st.sampled_from(kinds))

    def number(self, depth: int = 0) -> str:
        """An expression that is a whole number, not too far from 0."""
        kind = self.choose("literal", "name", "item", "sum", "test", "call", "update", "list")
        if kind == "item":
            return f"(xs[{self.choose('0', '1')}] | 0)"
        if kind == "update":
            name = self.choose(*self.names)
            return self.choose(f"{name}++", f"--{name}", f"({name} -= 2)", "o.k++", "++o.k")
        if kind == "list":
            return self.choose(
                "xs.length", "xs.indexOf(2)", "xs.reduce((p, q) => (p + q) % 99, 0)",
                "xs.slice().sort((p, q) => q - p)[0]", "xs.filter(v => v > n0).length", "t.length",
                "[...xs, 1].lastIndexOf(1)", "'abcab'.lastIndexOf('ab', xs.length)",
            )  # fmt: skip
        if depth < 2 and kind == "sum":
            sign = self.choose("+", "-", "*", "&", "|", "^")
            return f"(({self.number(depth + 1)} {sign} {self.number(depth + 1)}) % 1000)"
        if depth < 2 and kind == "test":
            return f"({self.test(depth)} ? {self.number(depth + 1)} : {self.number(depth + 1)})"
        if depth < 2 and kind == "call" and self.functions:
            given = ", ".join(self.number(depth + 1) for _ in range(self.draw(st.integers(0, 3))))
            return f"({self.choose(*self.functions)}({given}) % 1000)"
        return self.choose(*self.names) if kind == "name" else str(self.draw(st.integers(-9, 9)))

    def test(self, depth: int = 0) -> str:
        sign = self.choose("<", ">=", "===", "!=")
        return f"{self.number(depth + 1)} {sign} {self.number(depth + 1)}"

    def body(self, *extra: str, within: str = "") -> str:
        """Some statements in braces, which see ``extra`` variables."""
        names, functions = len(self.names), len(self.functions)
        self.names.extend(extra)
        lines = [self.statement(within) for _ in range(self.draw(st.integers(1, 3)))]
        del self.names[names:], self.functions[functions:]
        return f"{{ {' '.join(lines)} }}"

    def statement(self, within: str = "") -> str:
        self.room -= 1
        if self.room < 0:
            return f"n0 += {self.number()};"
        kind = self.choose(
            "let", "assign", "if", "switch", "function", "arrow", "data", "text", "leave", "for",
            "of", "while",
        )  # fmt: skip
        if kind in ("for", "of", "while") and within.count("loop") > 1:
            kind = "text"
        return str(getattr(self, f"_{kind}")(within))

    def _let(self, within: str) -> str:
        value, name = self.number(), self.new("v")
        self.names.append(name)
        return f"let {name} = {value};"

    def _assign(self, within: str) -> str:
        sign = self.choose("=", "+=", "-=", "*=", "&=", "|=", "^=")
        name = self.choose(*self.names)
        return f"{name} {sign} {self.number()}; {name} %= 1000;"

    def _if(self, within: str) -> str:
        other = f" else {self.body(within=within)}" if self.draw(st.booleans()) else ""
        return f"if ({self.test()}) {self.body(within=within)}{other}"

    def _for(self, within: str) -> str:
        i = self.new("i")
        return f"for (let {i} = 0; {i} < 3; {i}++) {self.body(within=within + 'loop')}"

    def _of(self, within: str) -> str:
        v = self.new("v")
        body = self.body(v, within=within + "loop").replace(f"const {v}", f"let {v}")
        return f"for (let {v} of xs.slice(0, 4)) {body}"

    def _while(self, within: str) -> str:
        k = self.new("k")
        body = self.body(within=within + "loop")
        if self.draw(st.booleans()):
            return f"let {k} = 0; while ({k}++ < 3) {body}"
        return f"let {k} = 3; do {body} while (--{k} > 0);"

    def _switch(self, within: str) -> str:
        cases = [
            f"{case}: {self.body(within=within + 'switch')} {self.choose('break;', '')}"
            for case in ("case 0", "default", "case 1", "case n0")
        ]
        return f"switch ({self.number()}) {{ {' '.join(cases)} }}"

    def _function(self, within: str) -> str:
        name, p, q, r = (self.new(letter) for letter in "fpqr")
        body = self.body(p, q, within="function")[1:-1]
        value = f"{p} + {q} + {r}.length"
        self.functions.append(name)
        text = f"{name}({p} = 4, {q} = {p} + 1, ...{r}) {{ {body} return ({value}) % 1000 }}"
        if self.draw(st.booleans()):
            return f"function {text}"
        return f"const {name} = function {text};"

    def _arrow(self, within: str) -> str:
        name, p = self.new("g"), self.new("p")
        self.names.append(p)
        body = self.number()
        self.names.remove(p)
        self.functions.append(name)
        return f"const {name} = ({p} = 2) => {body};"

    def _data(self, within: str) -> str:
        number = self.number()
        return self.choose(
            f"xs.push({number}); if (xs.length > 9) xs.length = 2;", f"xs[0] = {number};",
            f"o.k = {number};", f"o['k{self.choose('1', '2')}'] = {number};", "xs.reverse();",
            "xs.sort();", "xs.unshift(xs.pop() | 0);", "delete o.k1;", f"xs[1] += {number};",
            "xs.splice(1, 1, 4, 5);", f"o.k ||= {number};",
        )  # fmt: skip

    def _text(self, within: str) -> str:
        return f"t = (t + {self.number()} + `<${{{self.number()}}}>`).slice(-20);"

    def _leave(self, within: str) -> str:
        kinds = ["n0++;"]
        if "loop" in within:
            kinds += [f"if ({self.test()}) continue;", f"if ({self.test()}) break;"]
        elif "switch" in within:
            kinds.append("break;")
        if "function" in within:
            kinds.append(f"if ({self.test()}) return {self.number()};")
        return self.choose(*kinds)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A function that works on copies of the data, called at once."""
    writer = Writer(draw, ["n0"])
    lines = " ".join(writer.statement("function") for _ in range(draw(st.integers(2, 6))))
    return (
        "((n0, t, xs, o) => { " + lines + " return [n0, t, xs.join(), JSON.stringify(o)] })"
        "(i, t, [...xs], {...o})"
    )


@NODE_RUNS
@given(st.lists(programs(), min_size=15, max_size=25))
def test_functions_made_at_random_do_the_same_as_in_node(texts: list[str]) -> None:
    short = [text for text in texts if len(text) < EXPRESSION_LIMIT]
    for text, expected in zip(short, by_node(short), strict=True):
        found = here(text)
        if "units of work" not in found.get("error", ""):
            assert found == expected, text


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
