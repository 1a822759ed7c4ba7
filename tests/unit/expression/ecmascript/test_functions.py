"""Functions: what they see, what they change, how deep they go, and that they are no data."""

from __future__ import annotations

import traceback
from types import MappingProxyType
from typing import Any

import pytest

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.frame import CALL_DEPTH_LIMIT
from statehold.expression.language import EvaluationFailed, ExpressionRefused, Language, Scope


def scope(**variables: Any) -> Scope:
    return Scope(
        {"x": 3, "s": "text", "o": {"a": [1, {"b": 2}]}, "xs": [3, 1, 2]} | variables,
        {"_event": MappingProxyType({"name": "go", "data": {"n": 1}})},
        {"In": lambda state: state == "here"},
    )


def value(text: str, language: Language = ECMASCRIPT) -> Any:
    return language.expression(text)(scope())


def run(text: str, language: Language = ECMASCRIPT) -> dict[str, Any]:
    given = scope()
    language.script(text).run(given)
    return dict(given.variables)


#: each is what an ECMAScript engine gives as well
FACTS = [
    ("(function (a, b) { return a + b })(1, 2)", 3),
    ("(a => a * 2)(x)", 6),
    ("((a, b = a + 1, ...rest) => [a, b, rest])(1)", [1, 2, []]),
    ("((a, b = 5, ...rest) => [a, b, rest])(1, 2, 3, 4)", [1, 2, [3, 4]]),
    ("(function f(n) { return n < 2 ? 1 : n * f(n - 1) })(10)", 3628800),
    ("(() => { let n = 0; const add = () => ++n; add(); add(); return n })()", 2),
    ("(() => { const fs = [0, 1, 2].map(i => () => i); return fs.map(f => f()) })()", [0, 1, 2]),
    ("(() => { let r = ''; for (let i = 0; i < 3; i++) { r += i } return r })()", "012"),
    ("(f => { for (let i = 0; i < 3; i++) f = [...f, () => i]; return f.map(g => g()) })([])",
     [0, 1, 2]),
    ("(f => { for (var i = 0; i < 3; i++) f = [...f, () => i]; return f.map(g => g()) })([])",
     [3, 3, 3]),
    ("(() => { return later(); function later() { return 'hoisted' } })()", "hoisted"),
    ("(() => { var a; { var a = 1 } return a })()", 1),
    ("(() => { if (x > 5) { var a = 1 } return typeof a })()", "undefined"),
    ("(() => { for (const x of xs) { if (x < 3) return x } })()", 1),
    ("(() => { for (let i = 0;; i++) { switch (i) { case 4: return i } } })()", 4),
    ("(n => { switch (n) { case 1: return 'a'; default: return 'c'; case 2: return 'b' } })(2)",
     "b"),
    ("((n, r) => { switch (n) { case 1: r += 1; case 2: r += 2; break; } return r })(1, 0)",
     3),
    ("(() => { let i = 0, j = 5; for (; i < j; i++, j--) {} return [i, j] })()", [3, 2]),
    ("(() => { const api = {twice: n => n * 2}; return api.twice(4) })()", 8),
    ("(() => { const o = {n: 7, get: function () { return this.n }}; return o.get() })()", 7),
    ("(() => { function P(n) { this.n = n } return new P(4).n })()", 4),
    ("(() => { function P() { return {n: 1} } return new P() })()", {"n": 1}),
    ("(() => { const a = [1]; const b = a; b.push(2); return a })()", [1, 2]),
    ("(() => { const a = {n: 1}; (b => { b.n++ })(a); return a.n })()", 2),
    ("(() => { const a = [[1], [2]]; a[0][0]++; return a })()", [[2], [2]]),
    ("(() => { let a = [3, 1, 2]; a.sort((p, q) => q - p); return a })()", [3, 2, 1]),
    ("xs.slice().sort()", [1, 2, 3]),
    ("Object.keys({b: 1, a: 2}).sort()", ["a", "b"]),
    ("['b', 'B', 'a', 'C'].slice().sort((p, q) => p.localeCompare(q))", ["a", "b", "B", "C"]),
    ("(() => { let n = 0; xs.forEach((v, i) => { n += v * i }); return n })()", 5),
    ("xs.reduce((sum, v, at, all) => sum + v + all.length, 0)", 15),
    ("[...xs, ...'ab', 4]", [3, 1, 2, "a", "b", 4]),
    ("({...o, s})", {"a": [1, {"b": 2}], "s": "text"}),
    ("['1', '2'].map(Number)", [1, 2]),
    ("[0, 1, ''].filter(Boolean)", [1]),
    ("typeof (() => 1) + typeof String", "functionfunction"),
    ("(a => a)()", None),
    ("(() => {})()", None),
    ("new Array(3).fill(0)", [0, 0, 0]),
    ("new Array(1, 2).length", 2),
    ("(() => { let a = [1, 2, 3]; a.length = 1; return a })()", [1]),
    ("(() => { let a = [1]; a.length = 3; return a.length })()", 3),
    ("JSON.stringify({a: [1, {b: 2}], f: () => 1}, null, 2)",
     '{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ]\n}'),
    ("(() => { const o = {n: 7, get: function () { return this.n }}; return o['get']() })()", 7),
    ("(() => { const o = {}; return [o.f?.[0], o['f']?.['g']()] })()", [None, None]),
    ("(() => { let r = ''; [1, 2].forEach((v, i, all) => { r += v; all[1] = 9 }); return r })()",
     "19"),
    ("(() => { let a = [1, 2, 3, 4], r = ''; a.forEach(v => { r += v; a.shift() }); return r })()",
     "13"),
    ("(() => { let a = [1, 2, 3]; return a.map(v => { a.pop(); return v }).length })()", 3),
    ("(function f(n) { var f = n; return f })(3)", 3),
    ("(function f(f) { return f })(3)", 3),
    ("'a,b,c'.split(',', -1)", ["a", "b", "c"]),
    ("[Math.cbrt(27), Math.cbrt(-1000), Math.cbrt(0), Math.cbrt(1e9 + 1) > 1e3]",
     [3, -10, 0, True]),
    ("[Math.floor(1.7e308), Math.round(-2.5), Math.ceil(0.1)]", [1.7e308, -2, 1]),
    ("[(-2) ** 2, -(2 ** 2), 1 ?? (0 || 2)]", [4, -4, 1]),
    ("(() => ({a: 1}))().a", 1),
    ("'abcabc'.lastIndexOf('c', 4)", 2),
    ("'aXbXc'.lastIndexOf('X')", 3),
    ("'abc'.lastIndexOf('')", 3),
    ("(function (a, b) { return [this.n, a, b] }).call({n: 4}, 1, 2)", [4, 1, 2]),
    ("(f => [f.call(o), f.apply(o), f.bind(o)()])(function () { return this.a.length })",
     [2, 2, 2]),
    ("(function (a, b) { return [this.n, a, b] }).apply({n: 4}, [1, 2])", [4, 1, 2]),
    ("(function (a, b) { return [this.n, a, b] }).bind({n: 4}, 1)(2)", [4, 1, 2]),
    ("[1, 2].map(function (a) { return a + this.n }.bind({n: 4}))", [5, 6]),
    ("Math.max.apply(null, xs) + Math.min.call(null, 5, 4)", 7),
    ("(() => { const o = {call: a => a + 1}; return o.call(2) })()", 3),
    ("(o => { (function () { this.n++ }).call(o); return o.n })({n: 1})", 2),
    ("((f, x) => f.call(x))((a) => typeof a, 1)", "undefined"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FACTS, ids=[text for text, _ in FACTS])
def test_functions_do_what_they_do_in_ecmascript(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_script_declares_functions_for_itself() -> None:
    found = run(
        """
        var factor = 2;
        x = twice(x);
        function twice(n) { return n * factor }
        const add = (a, b) => a + b;
        x = add(x, 1);
        """
    )
    assert (found["x"], found["factor"]) == (7, 2)


def test_a_function_changes_the_data_that_it_is_given_in_a_script() -> None:
    found = run("function fill(a) { a.push(9); a[0] = 'first' } fill(o.a)")
    assert found["o"] == {"a": ["first", {"b": 2}, 9]}
    assert run("let a = o.a[1]; a.b++")["o"] == {"a": [1, {"b": 3}]}


@pytest.mark.parametrize(
    "text",
    [
        "(a => a.push(1))(xs)",
        "(() => { let a = o; a.a[1].b = 5; return 1 })()",
        "xs.map(() => { let a = o.a; a.pop(); return 1 })",
        "[o].map(a => { delete a.a; return 1 })",
        "(() => { const a = {slice: () => xs}; return a.slice().push(9) })()",
        "({slice: () => xs}).slice().push(9)",
        "(() => ({slice: () => o.a}))().slice().pop()",
        "(Array => new Array().push(9))(function () { return xs })",
    ],
)
def test_where_nothing_may_be_changed_a_change_by_another_name_fails(text: str) -> None:
    given = scope()
    with pytest.raises(EvaluationFailed, match="which only a script may do"):
        ECMASCRIPT.expression(text)(given)
    assert given.variables == scope().variables


def test_the_event_is_not_changed_through_this_either() -> None:
    given = scope()
    data = given.system["_event"]["data"]
    ECMASCRIPT.script("function f() { this.n = 7; x = this.n } f.call(_event.data)").run(given)
    assert (given.variables["x"], data) == (7, {"n": 1})


def test_outside_of_functions_this_is_nothing_that_a_call_can_hand_over() -> None:
    text = "function f(n) { x = [n, this === undefined] } f.call(this, 1)"
    assert run(text)["x"] == [1, True]


def test_the_event_is_not_changed_by_another_name_either() -> None:
    given = scope()
    data = given.system["_event"]["data"]
    ECMASCRIPT.script("let e = _event.data; e.n = 7; x = e.n").run(given)
    assert (given.variables["x"], data) == (7, {"n": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = () => 1", "a function is no data; declare it in a <script>"),
        ("o.f = function () {}", "a function is no data"),
        ("var f = function () {}", "a function is no data"),
        ("xs.push(() => 1)", "a function is no data"),
        ("let f = n => f(n + 1); f(0)", "calls functions within functions too deep"),
        ("x()", "there is no function 'x'"),
        ("let f = 1; f()", "'f' is no function but number"),
        ("throw new Error('nothing left')", "nothing left"),
        ("throw 'short'", "short"),
        ("xs.forEach(1)", r"forEach\(\) takes a function"),
        ("let f = () => 1; new f()", "'f' is no function that 'new' can call"),
        ("console.log(1)", "there is no function 'console.log'"),
        ("x = (() => 1).bind(null)", "a function is no data"),
        ("let f = () => 1; f.apply(null, 5)", r"apply\(\) takes the arguments as a list"),
        ("let f = n => f.call(null, n + 1); f(0)", "calls functions within functions too deep"),
        ("let f = n => f.apply(null, [n + 1]); f(0)", "calls functions within functions too deep"),
        (
            "let f = () => 1; for (let i = 0; i < 1000; i++) f = f.bind(null); f()",
            "calls functions within functions too deep",
        ),
        ("x.call(null)", "number has no method 'call'"),
        ("x = parseInt.call(null, '1', 2, 3)", "the function does not take 3 arguments"),
    ],
)
def test_a_script_that_fails_says_why(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed, match=message):
        run(text)


@pytest.mark.parametrize("by", ["f()", "[1].map(f)", "[1].some(f)", "[1, 2].reduce(f)", "[...f()]"])
@pytest.mark.parametrize(
    "body",
    [
        "const q = BY; for (const v of BY) {}",
        "for (;;) { switch (1) { default: { if (1) return BY } } }",
        "const g = (a = BY) => a; return [g()].map(n => n)",
    ],
)
def test_the_deepest_calls_leave_room_on_the_stack(body: str, by: str) -> None:
    deepest, before = 0, _frames()

    def note() -> None:
        nonlocal deepest
        deepest = max(deepest, _frames() - before)

    text = f"function f() {{ note(); {body.replace('BY', by)} }} f()"
    with pytest.raises(EvaluationFailed, match="functions within functions too deep"):
        ECMASCRIPT.script(text).run(Scope({}, functions={"note": note}))
    assert deepest <= CALL_DEPTH_LIMIT + 20


def _frames() -> int:
    """How many calls of Python are on the stack."""
    return sum(1 for _ in traceback.walk_stack(None))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("return 1", "'return' ends a function, and there is none here"),
        ("function f() { break } f()", "'break' leaves the loop around it"),
        ("let a; let a", "'a' is declared twice"),
        ("function f({a}) {}", "names one variable at a time"),
        ("async function f() {}", "it is asynchronous"),
        ("function f() { return arguments[0] }", "'arguments' is not allowed"),
        ("if (x) let a = 1", "stands in a block"),
        ("let f = () => {a: 1}", "is a block here"),
        ("let f = function g() { g = 1 }", "the constant 'g' can't be assigned to"),
        ("for await (const a of xs) {}", "'for await' is not allowed"),
        ("switch (x) { default: x = 1; default: x = 2 }", "one default at most"),
        ("x = -2 ** 2", "needs parentheses"),
        ("x = x ?? 1 || 2", "needs parentheses"),
        ("x = x && 1 ?? 2", "needs parentheses"),
        ("x = 1\n\nx = -2 ** 2", "line 3: "),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_when_it_is_read(text: str, message: str) -> None:
    with pytest.raises(ExpressionRefused, match=message):
        ECMASCRIPT.script(text)


SCRIPT = """
function double(n) { return n * step() }
function step() { return x }
const half = n => n / 2;
var limit = 10;
function grow() { x = double(x); o.a.push(x) }
function chance() { return Math.random() }
function started() { return Date.now() }
function named() { return _event.name }
function change(list) { list.push(1); return list.length }
"""


@pytest.fixture(scope="module")
def language() -> Language:
    values = {"isIdle": "function () { return In('a') }", "y": "1"}
    return ECMASCRIPT.with_functions([SCRIPT, "not {"], values)


def test_functions_of_a_document_see_the_data_and_one_another(language: Language) -> None:
    assert value("double(half(4))", language) == 6
    assert value("xs.map(half)", language) == [1.5, 0.5, 1]
    assert value("typeof half", language) == "function"


def test_what_a_function_depends_on_the_expression_depends_on_too(language: Language) -> None:
    assert language.expression("double(1)").reads == {"x"}
    assert language.expression("isIdle()").asks == {"In"}
    assert language.expression("started()").asks == {"Date"}
    assert language.expression("named()").reads == {"_event"}
    assert language.script("grow()").writes == {"x", "o"}


def test_a_function_that_changes_data_is_refused_where_nothing_may_be_changed(
    language: Language,
) -> None:
    with pytest.raises(ExpressionRefused, match="'grow' changes o, x, which only a script may do"):
        language.expression("grow()")
    given = scope()
    language.expression("grow()", may_write=True)(given)
    assert (given.variables["x"], given.variables["o"]["a"][-1]) == (9, 9)
    with pytest.raises(EvaluationFailed, match="changes 'xs'"):
        value("change(xs)", language)
    assert value("change([1, 2])", language) == 3


def test_nothing_can_be_assigned_to_a_function_of_a_document(language: Language) -> None:
    for text in ("half = 1", "half.x = 1", "var half = 1", "half++"):
        with pytest.raises(ExpressionRefused, match="the function 'half' can't be changed"):
            language.script(text)
    with pytest.raises(ExpressionRefused, match="the function 'half' can't be changed"):
        language.location("half")


def test_a_function_that_is_refused_fails_when_it_is_called_and_hinders_no_other(
    language: Language,
) -> None:
    assert [name for name, why in language.functions.items() if why] == ["chance"]
    with pytest.raises(EvaluationFailed, match=r"'chance' is not allowed: .*Math\.random"):
        value("chance()", language)


def test_the_script_that_declares_them_runs_without_them(language: Language) -> None:
    found = run(SCRIPT, language)
    assert found == {**scope().variables, "limit": 10}


def test_a_function_of_a_document_is_called_by_its_name_and_makes_no_list_by_it() -> None:
    language = ECMASCRIPT.with_functions(["function values() { return _event.data.list }"], {})
    for read in (language.expression, language.script):
        with pytest.raises(ExpressionRefused, match=r"push\(\) changes a variable"):
            read("values().push(1)")


def test_a_function_of_a_document_that_uses_a_constant_of_its_script_is_refused() -> None:
    text = "const x = 5; let xs = 1; function f() { return x } const g = () => { xs++ }"
    language = ECMASCRIPT.with_functions([text], {})
    assert "uses 'x' of its script" in language.functions["f"]
    assert "uses 'xs' of its script" in language.functions["g"]
    for call in ("f()", "g()"):
        with pytest.raises(EvaluationFailed, match="'var' declares a variable of the machine"):
            run(call, language)


def test_a_function_of_the_same_text_is_another_one_where_it_sees_other_variables() -> None:
    language = ECMASCRIPT.with_functions(["function f() { return x }"], {})
    for text in (
        "{ let x = 5; function f() { return x } s = f() }",
        "let x = 5; function f() { return x } s = f()",
        "function g() { let x = 5; function f() { return x } return f() } s = g()",
    ):
        assert run(text, language)["s"] == 5
    assert run("s = f()", language)["s"] == 3


def test_a_function_of_a_document_is_hidden_by_one_of_a_script(language: Language) -> None:
    assert run("function half(n) { return 'own' } s = half(1)", language)["s"] == "own"
    assert run("{ const half = 2; x = half }", language)["x"] == 2
