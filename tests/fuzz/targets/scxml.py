"""SCXML: read, run for a few events, written and read again; and its expression language."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from statehold.chart.event import NamedEvent
from statehold.errors import StateholdError
from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, Language, Scope
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.interpreter import start, step
from tests.fuzz.target import Target

#: bytes of a document that is written again too, for which it is read twice
WRITTEN_LIMIT = 50_000
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def read(document: bytes) -> None:
    definition = read_scxml(document).definition
    if len(document) < WRITTEN_LIMIT:
        again = read_scxml(write_scxml(definition).text).definition
        assert again.chart.to_json() == definition.chart.to_json(), "it came back as another one"
    snapshot = start(definition, definition.data.check({}), NOW, instance="f").snapshot
    for name in ("e", "t", "error.execution"):
        snapshot = step(definition, snapshot, NamedEvent(name, {"a": [1, "x"]}), NOW).snapshot
        definition.data.dump(snapshot.data)


def _document(datamodel: str, body: str) -> bytes:
    return (
        f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="m" '
        f'datamodel="{datamodel}">{body}</scxml>'
    ).encode()


BODY = """
<datamodel><data id="x" expr="1"/><data id="l" expr="[1, 2]"/><data id="o">[1, 2, 3]</data>
</datamodel>
<state id="a" initial="b">
  <onentry><log label="n" expr="x"/><raise event="i"/><assign location="x" expr="x + 1"/></onentry>
  <onexit><cancel sendid="later"/></onexit>
  <state id="b"><transition event="e" cond="x == 2" target="p"/>
    <transition event="t i.*" type="internal"><foreach array="l" item="one" index="at">
      <if cond="one == 1"><assign location="x" expr="one"/>
      <elseif cond="at == 2"/><raise event="q"/><else/><script>x = 3</script></if>
    </foreach></transition></state>
  <history id="h" type="deep"><transition target="b"/></history>
</state>
<parallel id="p"><state id="r"><initial><transition target="s"/></initial><state id="s">
    <transition cond="In('w')" target="f"/></state><final id="f"><donedata>
    <param name="k" expr="x"/></donedata></final></state>
  <state id="w"><onentry><send event="e" id="later" delay="1s" namelist="x"><param name="y"
    expr="l[0]"/></send><send eventexpr="'t'" target="#_internal"/></onentry>
    <invoke id="child" autoforward="true"><param name="z" expr="x"/><content><scxml>
    <final id="end"/></scxml></content>
    <finalize><assign location="x" expr="_event.data"/></finalize></invoke></state>
  <transition event="done.state.p" target="h"/><transition event="error.*" target="end"/>
</parallel>
<final id="end"><donedata><content expr="x"/></donedata></final>
"""

SCXML = Target(
    "scxml",
    read,
    lambda: [_document(model, BODY) for model in ("ecmascript", "null")],
    notation="xml",
    words=(
        "state", "parallel", "final", "history", "initial", "transition", "onentry", "onexit",
        "datamodel", "data", "assign", "foreach", "if", "elseif", "else", "raise", "send", "cancel",
        "script", "invoke", "finalize", "donedata", "param", "content", "log", "event", "target",
        "cond", "expr", "location", "#_parent", "#_internal", "#_child", "deep", "internal", "1s",
        "99999999999999999s", "In('a')", "_event.data", "_sessionid", "null",
        "ecmascript", "late", "<!DOCTYPE", "<!ENTITY", "<![CDATA[", "&amp;", "error.execution",
    ),
)  # fmt: skip


def _evaluated(language: Language) -> Callable[[bytes], None]:
    """Takes the text for an expression, for a script and for a place to assign to, and evaluates
    it; refused where any of the three is, after all were tried."""

    def run(document: bytes) -> None:
        text = document.decode("utf-8", "replace")
        refusals: list[StateholdError] = []
        for make in (_expression, _script, _location):
            scope = Scope(
                {"x": 1, "s": "ab", "l": [1, 2], "o": {"a": 1}},
                {"_event": {"data": None, "name": "e"}},
                {"In": lambda state: state == "a"},
            )
            try:
                make(language, text, scope)
            except StateholdError as refusal:
                refusals.append(refusal)
            except EvaluationFailed:
                continue
        if refusals:
            raise refusals[0]

    return run


def _expression(language: Language, text: str, scope: Scope) -> None:
    language.truth(language.expression(text)(scope))


def _script(language: Language, text: str, scope: Scope) -> None:
    language.script(text).run(scope)


def _location(language: Language, text: str, scope: Scope) -> None:
    language.location(text).assign(scope, 1)


def _texts(*texts: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [text.encode() for text in texts]


ECMASCRIPT_EXPRESSIONS = Target(
    "expression-ecmascript",
    _evaluated(ECMASCRIPT),
    _texts(
        "x + 1 === 2 && s.toUpperCase() !== 'AB' || !In('a')",
        "l.map(i => i * 2).filter(i => i > 1).concat([3]).join('-')",
        "var y = 1; for (var i = 0; i < l.length; i++) { if (l[i] > 1) { y += i } else { x-- } }",
        "o.a ? `${x} and ${s}` : (o['b'] ?? null)",
        "_event.data",
        "o.a",
    ),
    notation="text",
    words=("**", "<<", ">>>", "function", "constructor", "__proto__", "new Date()", "9**99",
           "while(1)", "eval", "l.push(l)", "s.repeat(9999999)", "{", "[", "(", "/a/", "...l",
           "\\u0000"),
)  # fmt: skip


def _declared(document: bytes) -> None:
    """Takes the text for the script of a document's root, whose functions and methods are the
    document's, and runs it; what it leaves is plain."""
    text = document.decode("utf-8", "replace")
    language = ECMASCRIPT.with_functions([text], {}, [text])
    scope = Scope({"x": 1, "o": {}}, {"_event": {"data": None, "name": "e"}}, now=NOW)
    script = language.script(text)
    try:
        script.run(scope)
    except EvaluationFailed:
        pass
    finally:
        json.dumps(dict(scope.variables), allow_nan=False)


ECMASCRIPT_DOCUMENTS = Target(
    "document-ecmascript",
    _declared,
    _texts(
        "function C(p, q = 2) { let n = p; const me = this; this.v = q; "
        "this.f = function (d) { n += d; return me.v + n }; this.g = () => this.f(n) } "
        "C.prototype.h = function () { return this.v }; var a = new C(x), b = new C(2); "
        "a.f(1); b.g(); a = new C(a.h()); x = [a.f(2), b]",
        "var api = {n: x, f(d) { this.n += d; return this.g() }, g: function () { return api.n }}; "
        "api.extra = function () { return this.f(1) }; "
        "if (!o.log) { o.log = function (t) { x = t } } o.log(api.extra()); x = api",
    ),
    notation="text",
    words=("this", "new C(x)", "a.f", ".call(o, 1)", "= function () {", "() =>", "a = ", "o = a",
           "return", "delete", "['f']", "prototype", "me", "let", "var", "null", "[a, api]", "(",
           "...a", "function C", "for (var a of [1])"),
)  # fmt: skip
