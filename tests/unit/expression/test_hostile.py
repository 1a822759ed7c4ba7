"""An expression reaches nothing but its scope, and its work is bounded."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import (
    DEPTH_LIMIT,
    EXPRESSION_LIMIT,
    SCRIPT_LIMIT,
    EvaluationFailed,
    ExpressionRefused,
    Scope,
)

#: processor seconds of one text, read and run; what is bounded takes a tenth of it
SECONDS = 1.0


class Secret:
    """An object of the host that came into the data by mistake."""

    key = "k-123"

    def __str__(self) -> str:
        raise AssertionError("was asked for its text")


def scope() -> Scope:
    return Scope(
        {"x": 3, "s": "text", "xs": [1, 2], "o": {"a": 1}, "secret": Secret()},
        {"_event": {"name": "go", "data": {}}},
        {"In": lambda state: state == "here"},
    )


def bounded(read: Callable[[], Any]) -> None:
    before = time.process_time()
    with pytest.raises((ExpressionRefused, EvaluationFailed)):
        read()
    assert time.process_time() - before < SECONDS


ECMASCRIPT_ESCAPES = [
    "constructor",
    "constructor.constructor('return 1')()",
    "xs.constructor",
    "xs['constructor']['constructor']",
    "({}).__proto__",
    "o.__proto__.polluted",
    "o['__proto__'].polluted",
    "Object.getPrototypeOf(o)",
    "Object.assign(o, {})",
    "eval('1')",
    "Function('return 1')()",
    "new Function('return 1')",
    "(function () { return this.x })()",
    "(() => x = 1)()",
    "(() => globalThis)()",
    "(function () { return arguments })()",
    "(() => xs.push(1))()",
    "(a => a.push(1))(xs)",
    "(a => { let b = a; b.a = 2; return 1 })(o)",
    "(a => { a.data.n = 1 })(_event) || o.missing.gone",
    "() => 1",
    "[() => 1]",
    "String",
    "xs.map(String.constructor)",
    "new (function () {}.constructor)('return 1')",
    "xs.map(In)",
    "xs.filter(x => xs.push(x))",
    "xs.map(x => y = 1)",
    "globalThis",
    "this",
    "process.env",
    "require('fs')",
    "import('fs')",
    "fetch('http://localhost')",
    "secret.key",
    "'' + [secret]",
    "[secret]",
    "xs.push(1)",
    "x = 1",
    "x++",
    "delete o.a",
    "/(a+)+$/.test(s)",
    "s.match('a')",
    "s.replace('t', '$&$&')",
    "s`tagged`",
    "class A {}",
    "async () => 1",
    "x, s",
    "...xs",
    "In(...xs)",
    "In.call(null, 'here')",
    "Math.random()",
    "Date.now()",
    "a) + (b",
    "\\u0078",
]


@pytest.mark.parametrize("text", ECMASCRIPT_ESCAPES)
def test_ecmascript_reaches_nothing_outside_of_its_scope(text: str) -> None:
    bounded(lambda: ECMASCRIPT.expression(text)(scope()))


@pytest.mark.parametrize(
    "text",
    [
        "'a'.repeat(1e10)",
        "s.padStart(1e9)",
        "'a'.repeat(50000).replaceAll('a', 'b'.repeat(50000))",
        "'a'.repeat(50000).split('').map(a => 'a'.repeat(50000)).join()",
        "'a'.repeat(50000).split('').map(a => 'a'.repeat(50000).split(''))",
        "JSON.parse('['.repeat(50000))",
        "JSON.parse('1'.repeat(5000)) + parseInt('1'.repeat(5000))",
        "JSON.stringify('a'.repeat(50000).split('').map(a => 'b'.repeat(9000)))",
        "x.toFixed(1e9)",
        "'a'.repeat(9e4).split('').filter(a => 'a'.repeat(9e4).includes('b'))",
        "'a'.repeat(9e4).split('').map(a => ('a'.repeat(9e3)).indexOf('a'.repeat(90) + 'b'))",
        "'a'.repeat(9e4).split('').map(a => ('a'.repeat(9e4)).lastIndexOf('b' + 'a'.repeat(4e4)))",
        "'a'.repeat(9e4).split('').map(a => ('a'.repeat(9e4)).replaceAll('b', 'a'.repeat(9e4)))",
        "'a'.repeat(9e4).split('').map(a => ('a'.repeat(9e4)).split('a'.repeat(50) + 'b'))",
        "'a'.repeat(9e4).split('').map(a => ('a'.repeat(9e4)).endsWith('a'.repeat(9e4)))",
        "'a'.repeat(9e4).split('').map(a => 'b'.padEnd(2, 'a'.repeat(9e4)))",
        "'a'.repeat(4e4).split('').map((a, i, all) => all.indexOf('b'))",
        "'a'.repeat(4e4).split('').map((a, i, all) => all.includes(NaN))",
        "'a'.repeat(4e4).split('').map((a, i, all) => all.slice())",
        "'a'.repeat(4e4).split('').map((a, i, all) => all.slice().sort())",
        "'a'.repeat(4e4).split('').map((a, i, all) => [...all])",
        "'a'.repeat(4e4).split('').map((a, i, all) => ({...all.map(String)}))",
        "'a'.repeat(4e4).split('').map((a, i, all) => Object.keys(all))",
        "'a'.repeat(4e4).split('').map((a, i, all) => JSON.stringify(all))",
        "'a'.repeat(4e4).split('').map(a => 'a'.repeat(9e4).localeCompare('a'.repeat(9e4)))",
        "'a'.repeat(4e4).split('').sort((a, b) => a.localeCompare(b))",
        "'a'.repeat(4e4).split('').map(a => new Date('1'.repeat(9e4)) - new Date('a'))",
        "(key => 'a'.repeat(4e4).split('').map(() => [][key]))('1'.repeat(9e4))",
        "(key => 'a'.repeat(4e4).split('').map(() => key in []))('1'.repeat(9e4))",
        "(() => { for (;;) { let " + ", ".join(f"a{at}" for at in range(500)) + " } })()",
        "(() => { for (let " + ", ".join(f"a{at}" for at in range(500)) + ";;) {} })()",
        "(f => { for (;;) f() })(function () { var "
        + ", ".join(f"a{at}" for at in range(500))
        + "})",
        "(d => { for (;;) d.setFullYear(2026, 1, 1e308) })(new Date(0))",
        "JSON.stringify('a'.repeat(9e3).split(''), null, ' '.repeat(10))",
        "(f => f(f))(f => f(f))",
        "(function f(n) { return n ? f(n - 1) : 0 })(1000)",
    ],
)
def test_ecmascript_is_stopped_before_it_takes_long(text: str) -> None:
    bounded(lambda: ECMASCRIPT.expression(text)(scope()))


@pytest.mark.parametrize(
    "text",
    [
        "while (true);",
        "for (;;) {}",
        "do {} while (1)",
        "while (x) x++",
        "for (const a of xs) xs.push(a)",
        "var a = [1]; while (1) a = [a, a]",
        "var a = [1]; while (1) a = a.concat(a)",
        "var a = [1]; while (1) a.push(a)",
        "var a = 'a'; while (1) a += a",
        "var a = {}; while (1) a.b = a",
        "var a = []; while (1) a.push('x'.repeat(1e5))",
        "var a = []; while (1) a[a.length] = 'x'.repeat(1e5)",
        "var a = {}, i = 0; while (1) a[i++] = 'x'.repeat(1e5)",
        "var a = []; while (1) a.unshift(1)",
        "let a = []; while (1) a.splice(0, 0, 1)",
        "function f() { f() } f()",
        "function f(a) { f([a, a]) } f([])",
        "let f = () => f(); f()",
        "const f = n => n < 2 ? n : f(n - 1) + f(n - 2); x = f(30)",
        "let f = () => 1; while (1) { let g = f; f = () => g() }",
        "let a = [1]; while (1) a = [a, a]",
        "let a = [1]; while (1) a = [...a, ...a]",
        "let a = [1]; while (1) a = a.concat(a)",
        "let a = 'a'; while (1) a = `${a}${a}`",
        "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; x = a",
        "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; x = JSON.stringify(a)",
        "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; x = '' + a",
        "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; x = a === [a[0], a[0]]",
        "let a = []; a[0] = a; a.push(a); while (1) a = a[0]",
        "xs.forEach(function f() { xs.forEach(f) })",
        "xs.sort(() => { while (1); })",
        "for (let i = 0;; i++) xs.sort((a, b) => b - a)",
        "x = () => 1",
        "o.f = function () {}",
        "var f = function () {}",
        "x = new Date(1)",
        "o.d = [new Date(1)]",
        "x = new Date()",
        "let e = _event; e.name = 'b'; x = 1 / 0",
        "const f = () => 1; f = 2",
        "if (x) function g() {}",
        "let a; let a",
        "new Array(1e9)",
        "xs.length = -1",
        "new In('here')",
        "x()",
        "o.a()",
        "class A {}",
        "var f = () => 1",
        "try { x = 1 } catch (e) {}",
        "throw x",
        "with (o) { a = 1 }",
        "import fs from 'fs'",
        "return 1",
        "label: for (;;) break label",
        "switch (x) { case 3: while (1); }",
        "switch (x) { case 1: function f() {} }",
        "debugger",
        "var {a} = o",
        "undeclared = 1",
        "const c = 1; c = 2",
        "o.__proto__ = 1",
        "o.constructor = 1",
        "_event.name = 'b'",
        "_event.data.a = 1",
        "delete _event.name",
        "secret.key = 1",
        "x = secret",
        "x = NaN",
        "x = 1 / 0",
        "xs[9] = 1",
        "xs.length = 1e9",
        "xs[-1] = 1",
        "s.a = 1",
        "[1].push(2)",
        "break",
    ],
)
def test_ecmascript_scripts_are_bounded_and_keep_to_their_scope(text: str) -> None:
    bounded(lambda: ECMASCRIPT.script(text).run(scope()))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_900 + "1" + ")" * 1_900,
        "[" * 1_900 + "]" * 1_900,
        "-" * 3_900 + "1",
        "- " * 1_900 + "1",
        "+".join("1" * (DEPTH_LIMIT + 2)),
        "x" + "[0]" * 1_000,
        "x" + ".a" * 1_000,
        "(" * 3_900,
        "'" * 3_901,
        "x\0",
        "\0",
        "\ud800",
        "'\\ud800'",
        "",
        "  ",
        "1 2",
        "x +",
        "'" + "a" * EXPRESSION_LIMIT + "'",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_text_that_is_too_deep_too_long_or_none_at_all_is_refused(
    text: str,
) -> None:
    bounded(lambda: ECMASCRIPT.expression(text))
    bounded(lambda: ECMASCRIPT.location(text))


def test_a_script_is_at_most_so_long() -> None:
    with pytest.raises(ExpressionRefused, match="the limit for a script is 20,000"):
        ECMASCRIPT.script("x=1\n" * (SCRIPT_LIMIT // 4 + 1))


def test_a_location_changes_nothing_when_it_is_found() -> None:
    for text in ("xs[xs.pop()]", "xs[x = 1]", "f().a", "1", "x + 1", "'a'", "[x][0]"):
        with pytest.raises(ExpressionRefused):
            ECMASCRIPT.location(text)


def test_an_ending_script_leaves_plain_values_that_share_nothing() -> None:
    given = scope()
    del given.variables["secret"]
    ECMASCRIPT.script("o.a = xs\nxs[0] = o\no.a[1] = 9").run(given)
    assert given.variables["xs"] == [{"a": [1, 2]}, 2]
    assert given.variables["o"] == {"a": [1, 9]}
    json.dumps(given.variables)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused_fails_or_gives_plain_values(text: str) -> None:
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        json.dumps(ECMASCRIPT.expression(text)(Scope({"x": 1})))
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        ECMASCRIPT.location(text).assign(scope(), 1)
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        ECMASCRIPT.script(text).run(scope())


WORDS = [
    "x",
    "s",
    "xs",
    "o",
    "In",
    "_event",
    "1",
    "0.5",
    "'a'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ":",
    ";",
    "?",
    "=>",
    "?.",
    "+",
    "-",
    "*",
    "/",
    "**",
    "%",
    "<",
    "<=",
    "==",
    "===",
    "!=",
    "!",
    "&&",
    "||",
    "in",
    "if",
    "else",
    "for",
    "of",
    "while",
    "var",
    "let",
    "++",
    "--",
    "=",
    "+=",
    ".a",
    ".length",
    ".push",
    "'x'",
    "`",
    "${",
    "}",
    "true",
    "null",
    "typeof",
]
TOKENS = st.lists(st.sampled_from([*WORDS, "\n", " ", "\t"]), max_size=14).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(text=TOKENS)
def test_words_of_the_language_in_any_order_do_no_harm(text: str) -> None:
    given = scope()
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        ECMASCRIPT.expression(text)(given)
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        ECMASCRIPT.script(text).run(given)
