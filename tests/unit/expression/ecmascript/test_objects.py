"""Objects with methods that a document makes in its root: the methods belong to the document."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, ExpressionRefused, Language, Scope

ROOT = """
function Counter(first, step = 1) {
  let calls = 0, list = [];
  const self = this;
  var unused = () => first;
  this.count = first;
  this.add = function (by) { calls++; this.count += by; list.push(by); return self.count };
  this.next = function () { return this.add(step) };
  this.calls = () => calls;
  this.all = function () { return list };
  this.next();
}
Counter.prototype.twice = function () { return this.count * 2 };
var a = new Counter(5), b = new Counter(1, 10);
var api = {n: 1, grow: function (by) { this.n += by; return this.n }, read() { return this.n }};
var space = {};
space.sum = function (x) { return x + api.read() };
"""
MADE = {
    "a": {"count": 6},
    "a (private)": {"calls": 1, "list": [1], "step": 1},
    "b": {"count": 11},
    "b (private)": {"calls": 1, "list": [10], "step": 10},
    "api": {"n": 1},
    "space": {},
}


@pytest.fixture(scope="module", name="language")
def language_of_root() -> Language:
    return ECMASCRIPT.with_functions([ROOT], {})


def made(language: Language, root: str = ROOT, **variables: Any) -> Scope:
    scope = Scope(variables, now=datetime(2026, 1, 1, tzinfo=UTC))
    language.script(root).run(scope)
    return scope


def test_an_object_is_stored_without_its_methods_and_with_the_variables_they_share(
    language: Language,
) -> None:
    assert not any(language.functions.values())
    assert made(language).variables == MADE


def test_methods_go_on_with_an_object_that_was_read_back(language: Language) -> None:
    stored = json.loads(json.dumps(dict(made(language).variables)))
    scope = Scope(stored)
    language.script("a.add(4); a.next(); b.next(); api.grow(3)").run(scope)
    found = language.expression(
        "[a.count, a.calls(), a.all(), a.twice(), b.count, b.calls(), api.read(), space.sum(1)]"
    )(scope)
    assert found == [11, 3, [1, 4, 1], 22, 21, 2, 4, 5]


def test_methods_are_values_and_no_fields(language: Language) -> None:
    scope = made(language)
    found = language.expression(
        "[typeof a.twice, a.nothing, Object.keys(api), JSON.stringify(api), a.calls === b.calls]"
    )(scope)
    assert found == ["function", None, ["n"], '{"n":1}', False]
    assert language.expression("a")(scope) == MADE["a"]


def test_methods_that_change_their_object_are_for_executable_content(language: Language) -> None:
    for text, name in (("a.next()", "a"), ("a.add(1)", "a"), ("api.grow(1)", "api")):
        with pytest.raises(ExpressionRefused, match=f"changes {name}, which only a script may do"):
            language.expression(text)
    assert language.script("a.next()").writes == {"a"}
    assert language.expression("a.calls()").reads == {"a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.add = 1", "the method 'a.add' can't be changed"),
        ("a.add = function () { return 1 }", "the method 'a.add' can't be changed"),
        ("delete a.add", "a method can't be deleted"),
        ("a.nothing()", "the method 'nothing' is not allowed"),
    ],
)
def test_an_object_and_its_methods_stay_what_they_are(
    text: str, message: str, language: Language
) -> None:
    with pytest.raises(ExpressionRefused, match=message):
        language.script(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1", "'a' can't be replaced by a value without its method 'add'"),
        ("var a = {count: 1}", "'a' can't be replaced by a value without its method 'add'"),
        ("api = {}", "'api' can't be replaced by a value without its method 'grow'"),
        ("a++", "'a' can't be replaced by a value without its method 'add'"),
        (
            "api = {grow: function (by) { this.n += by; return this.n }, read() { return 1 }}",
            "'api' can't be replaced by a value without its method 'grow'",
        ),
        ("a.kept = a.add", "a function is no data"),
        ("api.list = [b.next]", "a function is no data"),
        ("a['add'](1)", "'add' is a method, which is named as one: a.add"),
        ("a['ad' + 'd'] = 1", "'add' is a method, which is named as one"),
        ("let c = a; c.add(1)", "object has no method 'add'"),
        ("let f = a.next; f()", "'this' is not 'a', whose method is called"),
        ("let f = a.next; f.call({n: 1})", "'this' is not 'a', whose method is called"),
        ("api.other = new Counter(1)", "a function is no data"),
    ],
)
def test_methods_never_get_into_data(text: str, message: str, language: Language) -> None:
    scope = made(language)
    with pytest.raises(EvaluationFailed, match=message):
        language.script(text).run(scope)
    assert scope.variables == MADE


@pytest.mark.parametrize(
    ("root", "name", "message"),
    [
        ("function C() { function own() {} this.f = function () { own() } } var o = new C()",
         "C.f", "'own' is gone when the method is called"),
        ("let n = 1; var o = {f: () => n}", "o.f", "'n' is gone when the method is called"),
    ],
)  # fmt: skip
def test_a_method_that_needs_what_is_gone_fails_when_it_is_called(
    root: str, name: str, message: str
) -> None:
    language = ECMASCRIPT.with_functions([root], {})
    assert message in language.functions[name]
    scope = made(language, root)
    with pytest.raises(EvaluationFailed, match=message):
        language.script("o.f()").run(scope)


@pytest.mark.parametrize(
    "root",
    [
        "function C() { this.f = () => 1; return {g: () => 2} } var o = new C()",
        "var o = {}; o.f = function () { return 1 }; o.f = function () { return 2 }",
        "function C() { this.f = () => 1; this.f = () => 2 } var o = new C()",
        "function C() { this.f = () => 1; this.f = 2 } var o = new C()",
        "function C() { this.f = () => 1; delete this.f } var o = new C()",
        "function C() { var s = this; this.f = () => s; s = {} } var o = new C()",
        "function C(h) { this.f = () => h() } var o = new C(() => 1)",
        "function C() { let g; this.f = () => g(); g = () => 1 } var o = new C()",
        "function C(n) { for (let i of [1]) { this.f = () => i + n } } var o = new C(1)",
        "var o = (() => { let n = 0; return {f: () => n} })()",
        "function C() { var at = new Date(0); this.f = () => at } var o = new C()",
        "_event.f = function () { return 1 }",
        "Math.f = function () { return 1 }",
    ],
)
def test_other_objects_with_functions_fail_where_they_are_made(root: str) -> None:
    language = ECMASCRIPT.with_functions([root], {})
    scope = Scope({}, system={"_event": {"data": None}})
    with pytest.raises((EvaluationFailed, ExpressionRefused)):
        language.script(root).run(scope)


def test_a_script_gives_an_object_a_method_that_it_lacks() -> None:
    text = "if (!host.log) { host.log = function (x) { said = x } }"
    others = [f"if (said) {{ {text} }}", f"{text} host.log('hello')"]
    language = ECMASCRIPT.with_functions([], {}, others)
    scope = Scope({"host": {}, "said": ""})
    for other in others:
        language.script(other).run(scope)
    assert scope.variables == {"host": {}, "said": "hello"}
    with pytest.raises(ExpressionRefused, match=r"the method 'host\.log' can't be changed"):
        language.script("host.log = function (x) { said = x }")


def test_the_clock_is_that_of_each_step() -> None:
    root = """
    function Watch() {
      var begun = undefined
      this.start = function () { begun = Date.now() }
      this.elapsed = function () { return begun === undefined ? 0 : Date.now() - begun }
    }
    var watch = new Watch()"""
    language = ECMASCRIPT.with_functions([root], {})
    scope = made(language, root)
    assert language.expression("watch.elapsed()")(scope) == 0
    language.script("watch.start()").run(scope)
    assert scope.now is not None
    later = Scope(scope.variables, now=scope.now + timedelta(seconds=5))
    assert language.expression("watch.elapsed()")(later) == 5000


def test_methods_of_a_document_are_bounded() -> None:
    body = "; ".join(f"this.f{at} = function () {{ return {at} }}" for at in range(400))
    constructors = [f"function C{at}() {{ {body} }} var o{at} = new C{at}()" for at in range(4)]
    language = ECMASCRIPT.with_functions(constructors, {})
    assert len([name for name in language.functions if ".f" in name]) == 1000
    for at in (0, 1):
        assert made(language, constructors[at]).variables == {f"o{at}": {}}
    for at in (2, 3):
        with pytest.raises(EvaluationFailed, match="a function is no data"):
            made(language, constructors[at])
