"""Whoever writes an expression reaches nothing but its scope, and holds nobody up."""

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
    Language,
    Scope,
)
from statehold.expression.python import PYTHON

#: processor seconds of one text, read and run; what is bounded takes a tenth of it
SECONDS = 1.0

BOTH = pytest.mark.parametrize("language", [PYTHON, ECMASCRIPT], ids=lambda each: each.name)


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


PYTHON_ESCAPES = [
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "s.__class__",
    "''.format(x)",
    "'{0.__class__}'.format(x)",
    "s.format_map(o)",
    "'%s' % secret",
    "f'{secret}'",
    "f'{s.__class__}'",
    "f'{x!r}'",
    "f'{x:{x}}'",
    "f'{x:99999999999}'",
    "getattr(s, '__class__')",
    "hasattr.__self__",
    "eval('1')",
    "exec('1')",
    "__import__('os')",
    "open('/etc/passwd')",
    "globals()",
    "vars(secret)",
    "type(x)",
    "isinstance(x, int)",
    "secret.key",
    "secret['key']",
    "str(secret)",
    "[secret]",
    "xs.append",
    "xs.append(1)",
    "o.update({})",
    "(lambda: 1)()",
    "[x := 1]",
    "(yield)",
    "await x",
    "In.__globals__",
    "In",
    "In(state='here')",
    "In(*xs)",
    "max(xs, key=In)",
    "x if x else __builtins__",
    "b'bytes'",
    "1j",
    "...",
    "x is s",
    "{**o}",
    "[*xs]",
]

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
    "(function () { return 1 })()",
    "(() => 1)()",
    "xs.map(In)",
    "xs.map(function (x) { return x })",
    "xs.map(x => { return x })",
    "xs.filter(x => xs.push(x))",
    "xs.map(x => x = 1)",
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


@pytest.mark.parametrize("text", PYTHON_ESCAPES)
def test_python_reaches_nothing_outside_of_its_scope(text: str) -> None:
    bounded(lambda: PYTHON.expression(text)(scope()))


@pytest.mark.parametrize("text", ECMASCRIPT_ESCAPES)
def test_ecmascript_reaches_nothing_outside_of_its_scope(text: str) -> None:
    bounded(lambda: ECMASCRIPT.expression(text)(scope()))


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "2**(2**20)",
        "1 << 10**9",
        "'a' * 10**10",
        "[0] * 10**10",
        "[[0] * 1000] * 1000 + [0] * 100000",
        "range(10**18)",
        "range(10**30)",
        "sum(range(10**9))",
        "[a for a in range(1000) for b in range(1000)]",
        "{a: b for a in range(9999) for b in range(9999)}",
        "{a * (2**61 - 1) for a in range(20000)}",
        "any(x == y for x in [xs] * 40000 for y in [xs] * 40000)",
        "','.join(['a' * 50000] * 50000)",
        "('a' * 50000).replace('a', 'b' * 50000)",
        "int('9' * 50000)",
        "10**400 * 1.0",
        "9" * 3_900,
        "str([['a' * 1000] * 1000] * 1000)",
        "sorted([str(a) * 100 for a in range(40000)])",
        "[('a' * 90000).count('b') for a in range(40000)]",
        "[xs] * 50000 == [xs] * 50000 or [[xs] * 40000] * 100 == [[xs] * 40000] * 100",
        "round(1, 10**9)",
        "1 / 0",
        "xs[10**30]",
    ],
)
def test_python_is_stopped_before_it_takes_long(text: str) -> None:
    bounded(lambda: PYTHON.expression(text)(scope()))


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
    ],
)
def test_ecmascript_is_stopped_before_it_takes_long(text: str) -> None:
    bounded(lambda: ECMASCRIPT.expression(text)(scope()))


@pytest.mark.parametrize(
    "text",
    [
        "while True: pass",
        "while x: x += 1",
        "for a in xs: xs.append(a)",
        "a = [1]\nwhile True: a = [a, a]",
        "a = [1]\nwhile True: a = a + a",
        "a = [1]\nwhile True: a.append(a)",
        "a = 'a'\nwhile True: a += a",
        "a = {}\nwhile True: a['b'] = a",
        "a = []\nfor b in range(10**4): a.append('x' * 10**5)",
        "a = {}\nfor b in range(10**4): a[str(b)] = 'x' * 10**5",
        "a = []\nwhile True: a.insert(0, 1)",
        "a = 2\nwhile True: a = a * a",
        "for a in range(500):\n for b in range(500):\n  for c in range(500): pass",
        "import os",
        "def f(): f()",
        "class A: pass",
        "global x",
        "with x: pass",
        "try:\n x = 1\nexcept: pass",
        "raise x",
        "assert x",
        "return 1",
        "lambda: 1",
        "x: int = 1",
        "del x",
        "x.__class__ = 1",
        "o['a'].__dict__ = 1",
        "_event.name = 'b'",
        "_event.data.update({'a': 1})",
        "secret.key = 1",
        "secret['key'] = 1",
        "x = secret",
        "x = {1, 2}",
        "x = {1: 2}",
        "x = float('inf')",
        "x, y = 1, 2, 3",
        "[1].append(2)",
        "str(x).strip().append(1)",
        "break",
    ],
)
def test_python_scripts_are_bounded_and_keep_to_their_scope(text: str) -> None:
    bounded(lambda: PYTHON.script(text).run(scope()))


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
        "function f() { f() }",
        "class A {}",
        "var f = () => 1",
        "try { x = 1 } catch (e) {}",
        "throw x",
        "with (o) { a = 1 }",
        "import fs from 'fs'",
        "return 1",
        "label: for (;;) break label",
        "switch (x) { case 1: }",
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


@BOTH
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
    language: Language, text: str
) -> None:
    bounded(lambda: language.expression(text))
    bounded(lambda: language.location(text))


@BOTH
def test_a_script_is_at_most_so_long(language: Language) -> None:
    with pytest.raises(ExpressionRefused, match="the limit for a script is 20,000"):
        language.script("x=1\n" * (SCRIPT_LIMIT // 4 + 1))


@BOTH
def test_a_location_changes_nothing_when_it_is_found(language: Language) -> None:
    for text in ("xs[xs.pop()]", "xs[x = 1]", "f().a", "1", "x + 1", "'a'", "[x][0]"):
        with pytest.raises(ExpressionRefused):
            language.location(text)


@BOTH
def test_an_ending_script_leaves_plain_values_that_share_nothing(language: Language) -> None:
    given = scope()
    del given.variables["secret"]
    language.script("o.a = xs\nxs[0] = o\no.a[1] = 9").run(given)
    assert given.variables["xs"] == [{"a": [1, 2]}, 2]
    assert given.variables["o"] == {"a": [1, 9]}
    json.dumps(given.variables)


@BOTH
@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused_fails_or_gives_plain_values(language: Language, text: str) -> None:
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        json.dumps(language.expression(text)(Scope({"x": 1})))
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        language.location(text).assign(scope(), 1)
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        language.script(text).run(scope())


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
    "and",
    "or",
    "not",
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
    ".append",
    "'x'",
    "`",
    "${",
    "}",
    "True",
    "None",
    "true",
    "null",
    "typeof",
]
TOKENS = st.lists(st.sampled_from([*WORDS, "\n", " ", "\t"]), max_size=14).map(" ".join)


@BOTH
@settings(max_examples=300, deadline=None)
@given(text=TOKENS)
def test_words_of_the_languages_in_any_order_do_no_harm(language: Language, text: str) -> None:
    given = scope()
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        language.expression(text)(given)
    with contextlib.suppress(ExpressionRefused, EvaluationFailed):
        language.script(text).run(given)
