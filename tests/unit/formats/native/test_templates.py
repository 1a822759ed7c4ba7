# ruff: noqa: E501 - documents and messages
"""States that a document uses more than once are expanded before it is read."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from statehold import Call, DefinitionError, Effect, InvalidPayload, effect
from statehold.formats.native import read_native, write_native
from statehold.formats.native.access_alone import needs_no_version
from statehold.formats.native.narrowed import narrowed
from statehold.formats.notation import HttpCall, Offered
from statehold.testing import Harness

asked: list[Any] = []


@effect
def call_back(question: Any) -> bool:
    asked.append(question["subject"])
    return bool(question["subject"] == "112")


def http(call: HttpCall) -> Any:
    async def run(data: Any, context: Call) -> Any:
        parts = {text: part(data, context) for text, part in call.path.items()}
        asked.append((call.url, parts, call.body and call.body(data, context)))
        return True

    return run


OFFERED = Offered(
    effects={"call_back": call_back}, http=http, functions={"is_fine": lambda data: True}
)

QUESTION = """
      type: object
      properties: {subject: {type: string}, answer: {type: boolean}, count: {type: integer}}
      required: [subject, count]
"""
HEAD = f"""
statehold: 1
name: listing
data:
  properties:
    domain: {QUESTION}
    phone: {QUESTION}
    both:
      type: object
      properties:
        left: {QUESTION.replace(chr(10), chr(10) + "    ")}
      required: [left]
  required: [domain, phone]
events:
  Judge:
    properties: {{subject: {{type: string}}, answer: {{type: boolean}}}}
    required: [subject, answer]
  Go: {{}}
effects:
  resolve:
    http: {{url: "https://dns.example/{{data.subject}}", body: {{text: data.subject, n: [data.count]}}}}
    result: {{type: boolean}}
  again: {{use: resolve, retry: {{attempts: 2}}}}
  call_back: {{result: {{type: boolean}}}}
"""
CHECK = """
templates:
  check:
    doc: A question; a person answers where the effect has failed.
    parameters:
      ask:
      office: {default: ops}
      patience: {default: 30m}
      extra: {default: []}
    states:
      asking: {initial: true, invoke: $ask, tags: [asked, $office]}
      answered: {entry: [$extra, {set: {count: data.count + 1}}]}
      unclear: {owner: $office, deadline: $patience}
      "yes": {final: true}
      "no": {final: true}
      unknown: {final: true}
    transitions:
      answer: {on_result: $ask, from: asking, to: answered, into: answer}
      fail: {on_failure: $ask, from: asking, to: unclear}
      judge:
        on: Judge
        from: unclear
        to: answered
        when: ["event.subject == data.subject", {in: unclear}]
        do: {set: {answer: event.answer}}
        by: $office
      lapse: {after: $patience, from: unclear, to: unknown}
      affirm: {always: true, from: answered, to: "yes", when: data.answer == true}
      deny: {always: true, from: answered, to: "no"}
"""
MACHINE = f"""{HEAD}{CHECK}
states:
  checking:
    initial: true
    parallel: true
    states:
      domain: {{use: check, with: {{ask: resolve}}, data: domain, label: The domain}}
      phone:
        use: check
        with: {{ask: call_back, office: support, patience: 5m, extra: [{{set: {{count: data.count + 5}}}}]}}
        data: phone
  listed: {{final: true}}
  refused: {{final: true}}
transitions:
  refuse: {{on_done: true, from: checking, to: refused, when: {{in: checking.domain.no}}}}
  list_it: {{on_done: true, from: checking, to: listed}}
"""
DATA = {
    "domain": {"subject": "example.org", "count": 0},
    "phone": {"subject": "112", "count": 0},
}


def definition_of(text: str) -> Any:
    return read_native(text, OFFERED).definition


def problems_of(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_native(text, OFFERED)
    return [f"{p.place}: {p.message} ({p.hint})" for p in caught.value.problems]


def with_states(states: str, templates: str = CHECK) -> str:
    head = HEAD
    if "data: " not in states or "missing" in states:
        # no use narrows what the effects see
        for field in ("subject", "count"):
            head = head.replace(f"data.{field}", f"data.domain.{field}")
    return f"{head}{templates}\nstates:\n  start: {{initial: true}}\n{states}\n"


def test_uses_see_their_field_and_have_effects_of_their_own() -> None:
    asked.clear()
    machine = definition_of(MACHINE)
    harness = Harness(machine, DATA)
    domain: Effect[Any, Any] = machine.effects["checking.domain.resolve"]
    phone: Effect[Any, Any] = machine.effects["checking.phone.call_back"]
    assert set(machine.effects) == {domain.name, phone.name}
    harness.run(domain)
    assert asked == [
        (
            "https://dns.example/{data.domain.subject}",
            {"data.domain.subject": "example.org"},
            {"text": "example.org", "n": [0]},
        )
    ]
    assert harness.run(phone) is True
    assert asked[1] == "112"
    harness.assert_done()
    assert harness.state == ["listed"]
    assert harness.data["domain"]["answer"] is True
    assert (harness.data["domain"]["count"], harness.data["phone"]["count"]) == (1, 6)


def test_guards_roles_and_timers_are_those_of_the_use() -> None:
    harness = Harness(definition_of(MACHINE), DATA)
    harness.fail("checking.phone.call_back")
    judge = {"type": "Judge", "subject": "112", "answer": False}
    harness.refuses(judge, roles=["ops"])
    harness.send(judge, roles=["support"])
    harness.assert_state("checking.phone.no")
    labels = {state.id: state.label for state in harness.definition.chart.states}
    assert labels["checking.domain"] == "The domain"


def test_what_is_written_is_the_expansion_and_reads_as_the_same_chart() -> None:
    machine = definition_of(MACHINE)
    text = write_native(machine)
    assert "templates" not in text
    assert "$" not in text
    again = definition_of(text)
    assert again.chart.to_json() == machine.chart.to_json()
    assert list(again.effects) == list(machine.effects)


def test_a_use_without_data_has_the_effects_and_expressions_as_they_are() -> None:
    templates = """
templates:
  step:
    parameters: [event, by, guard]
    states: {one: {initial: true, invoke: call_back}, two: {final: true}}
    transitions:
      go: {on: $event, from: one, to: two, by: $by, when: $guard}
      stop: {on: Judge, to: two}
"""
    states = """
  a: {use: step, with: {event: Go, by: [x, {machine: y}], guard: data.domain.count > 1}}
  b: {use: step, with: {event: [Go, Judge], by: x, guard: [true, {function: is_fine}]}}
"""
    machine = definition_of(
        with_states(states, templates).replace("invoke: call_back", "invoke: []")
    )
    rows = {row.id: row for row in machine.chart.transitions}
    assert rows["b.go"].trigger.events == ("Go", "Judge")
    assert [g.name for g in rows["a.go"].guards] == ["data.domain.count > 1", "x,machine:y"]
    assert rows["a.stop"].source == "a"
    assert set(machine.effects) == {"resolve", "again", "call_back"}


NESTED = """
templates:
  inner:
    parameters: [ask, more]
    states:
      one: {initial: true, invoke: {effect: $ask, id: asks}, entry: $more}
      two: {final: true, output: data.count}
    transitions:
      go: {on_result: asks, from: one, to: two}
  outer:
    parameters: [ask]
    parallel: true
    states:
      left: {use: inner, with: {ask: $ask, more: {set: {count: data.count * 2}}}, data: left}
      here: {states: {only: {initial: true}, past: {history: deep, default: here.only}}}
    transitions:
      back: {on: Go, from: left, to: here.past, reenter: true}
"""


def test_uses_inside_of_uses_narrow_further_and_hand_parameters_on() -> None:
    text = with_states("  both: {use: outer, with: {ask: resolve}, data: both}", NESTED)
    machine = definition_of(text.replace("[domain, phone]", "[domain, phone, both]"))
    assert "both.left.resolve" in machine.effects
    invoke = next(s for s in machine.chart.states if s.id == "both.left.one").invokes[0]
    assert (invoke.id, invoke.name) == ("both.left/asks", "both.left.resolve")
    rows = {row.id: row for row in machine.chart.transitions}
    assert rows["both.left.go"].trigger.events == ("done.invoke.both.left/asks",)
    assert rows["both.back"].targets == ("both.here.past",)
    assert "both.left.count = data.both.left.count * 2" in machine.functions
    assert "data.both.left.count" in machine.functions


def test_a_use_of_an_effect_is_one_in_a_narrowed_use_too() -> None:
    states = "  domain: {use: check, with: {ask: again}, data: domain}"
    machine = definition_of(with_states(states))
    assert machine.effects["domain.again"].retry.attempts == 2
    assert "domain.resolve" in machine.effects
    assert machine.effects["domain.again"].run is machine.effects["domain.resolve"].run


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("data.n > 1", "data.a.b.n > 1"),
        ("event.data == data", "event.data == data.a.b"),
        ("'data' + data.x + \"it's data\"", "'data' + data.a.b.x + \"it's data\""),
        ("r'\\' + data.x", "r'\\' + data.a.b.x"),
        ("'''data''' + data.x // data", "'''data''' + data.a.b.x // data"),
        (".data.x == 1", ".data.a.b.x == 1"),
        ("f(x) .data", "f(x) .data"),
        ("f(x)\n  . data + data", "f(x)\n  . data + data.a.b"),
        ("[data, {data.k: 1}][0].data", "[data.a.b, {data.a.b.k: 1}][0].data"),
        ("metadata.data_x + mydata", "metadata.data_x + mydata"),
        ("has(data.x) && data[\"data\"]", "has(data.a.b.x) && data.a.b[\"data\"]"),
        ("1 + .data", "1 + .data.a.b"),
        ("'unended data", "'unended data.a.b"),
    ],
)  # fmt: skip
def test_an_expression_sees_the_field_in_place_of_the_data(text: str, found: str) -> None:
    assert narrowed(text, "a.b") == found


MISTAKES = {
    "unknown template": ("  a: {use: chekc}", "line 69, states.a.use: there is no template 'chekc' (did you mean check?)"),
    "missing": ("  a: {use: check, data: domain} # missing", "the parameter ask of check is missing (write with: {ask: ...})"),
    "unknown parameter": ("  a: {use: check, with: {ask: resolve, offise: b}, data: domain}", "check has no parameter 'offise' (did you mean office?)"),
    "no field": ("  a: {use: check, with: {ask: resolve}, data: domian}", "domian"),
    "no name of a field": ("  a: {use: check, with: {ask: resolve}, data: 'a b'}", "it is 'a b' (name a field of the data)"),
    "other keys": ("  a: {use: check, with: {ask: resolve}, data: domain, owner: x}", "a use has no owner (write it in the template)"),
    "wrong value": ("  a: {use: check, with: {ask: resolve, office: 3}, data: domain}", "states.a.states.unclear.owner: it is 3, not text"),
    "no mapping": ("  a: {use: check, with: [ask], data: domain}", "it is a list, not a mapping"),
    "no effect": ("  a: {use: check, with: {ask: reslove}, data: domain}", "no effect is called 'reslove'"),
    "an offered function": ("  a: {use: check, with: {ask: resolve, extra: [{function: is_fine}]}, data: domain}", "the function is_fine would see all of the data"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_use_is_reported_with_its_line(name: str) -> None:
    states, text = MISTAKES[name]
    found = problems_of(with_states(states))
    assert any(text in problem for problem in found), found
    assert all(problem.startswith("line ") for problem in found), found


def test_a_missing_parameter_is_the_only_problem() -> None:
    assert len(problems_of(with_states("  a: {use: check, data: domain} # missing"))) == 1


TEMPLATES = {
    "unused parameter": ("{parameters: [x], states: {a: {initial: true}}}", "templates.t.parameters.x: nothing in the template uses it"),
    "unknown parameter": ("{states: {a: {initial: true, owner: $x}}}", "there is no parameter 'x'"),
    "unknown key": ("{state: {a: {initial: true}}}", "'state' is not known here (did you mean states?)"),
    "no mapping": ("3", "it is 3, not a mapping"),
    "a parameter's name": ("{parameters: ['a b'], states: {a: {initial: true}}}", "a parameter can't be called 'a b'"),
    "a parameter's options": ("{parameters: {x: 3}, states: {a: {initial: true, owner: $x}}}", "it is 3 (write {default: value}"),
    "parameters": ("{parameters: x, states: {a: {initial: true}}}", "it is 'x' (write parameters: [name])"),
    "transitions": ("{states: {a: {initial: true}}, transitions: [x]}", "it is a list, not a mapping"),
    "itself": ("{states: {a: {initial: true}, b: {use: t}}}", "the template t uses itself: t > t"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_mistake_in_a_template_is_reported(name: str) -> None:
    written, text = TEMPLATES[name]
    uses = "" if written == "3" else "  x: {use: t}"
    found = problems_of(with_states(uses, f"templates:\n  t: {written}\n"))
    assert any(text in problem for problem in found), found


def test_a_use_where_there_are_no_templates_is_refused() -> None:
    found = problems_of(with_states("  a: {use: check, with: {ask: resolve}}", ""))
    assert any("there is no template that it could use" in problem for problem in found), found


def test_a_text_with_a_dollar_can_be_written() -> None:
    templates = "templates:\n  t: {states: {a: {initial: true, owner: $$price, tags: [a$b, $5]}}}\n"
    machine = definition_of(with_states("  x: {use: t}", templates))
    state = next(one for one in machine.chart.states if one.id == "x.a")
    assert (state.owner, state.tags) == ("$price", ("a$b", "$5"))


def test_a_transition_of_a_use_keeps_its_name_for_itself() -> None:
    templates = (
        "templates:\n  t: {states: {a: {initial: true}}, transitions: {go: {on: Go, from: a}}}\n"
    )
    text = with_states("  x: {use: t}\ntransitions:\n  x.go: {on: Go, from: start}", templates)
    assert any("a use brings a transition of this name" in one for one in problems_of(text))


def test_templates_in_templates_are_bounded_before_the_work() -> None:
    """Ten uses in each of twenty templates would be 10 to the 20 states."""
    inner = ", ".join(f"s{n}: {{use: t0}}" for n in range(10))
    lines = ["  t0: {states: {a: {initial: true, tags: [x, y, z]}}}"]
    for level in range(1, 20):
        uses = inner.replace("t0", f"t{level - 1}")
        lines.append(f"  t{level}: {{states: {{{uses}}}}}")
    for top in (7, 14, 19):
        text = with_states(f"  x: {{use: t{top}}}", "templates:\n" + "\n".join(lines) + "\n")
        begun = time.process_time()
        found = problems_of(text)
        assert any("values in all" in one or "nested too deeply" in one for one in found), found
        assert time.process_time() - begun < 10


def test_a_problem_in_a_template_has_the_line_that_it_is_written_in() -> None:
    templates = """
templates:
  t:
    parameters: [who]
    states:
      a:
        initial: true
        owner: $who
        tags:
        - x
        - 3
        meta: {}
      b: {deadline: 1x}
"""
    states = """
  x:
    use: t
    with:
      who:
        3
"""
    text = with_states(states, templates)
    lines = text.splitlines()
    found = problems_of(text)
    for written in ("        - 3", "      who:", "      b: {deadline: 1x}"):
        line = lines.index(written) + 1
        assert any(problem.startswith(f"line {line}, states.x.") for problem in found), found
    assert len(found) == 3


def test_large_values_of_parameters_are_bounded_too() -> None:
    doubled = ", ".join(["$p"] * 20)
    lines = [
        f"  t0: {{parameters: [p], states: {{a: {{initial: true, meta: {{m: [{doubled}]}}}}}}}}"
    ]
    for level in range(1, 8):
        lines.append(
            f"  t{level}: {{parameters: [p], states: {{a: {{use: t{level - 1}, "
            f"with: {{p: [{doubled}]}}}}}}}}"
        )
    text = with_states("  x: {use: t7, with: {p: [1, 2, 3]}}", "templates:\n" + "\n".join(lines))
    begun = time.process_time()
    assert any("values in all" in one for one in problems_of(text))
    assert time.process_time() - begun < 10


def test_the_result_of_an_effect_of_a_use_is_typed() -> None:
    harness = Harness(definition_of(MACHINE), DATA)
    with pytest.raises(InvalidPayload, match="resolve"):
        harness.succeed("checking.domain.resolve", "no bool")


def test_a_use_cleans_up_when_it_is_cancelled() -> None:
    templates = """
templates:
  t:
    states: {a: {initial: true}, undoing: {}}
    transitions: {undo: {on_cancel: true, to: undoing}}
"""
    machine = definition_of(with_states("  x: {use: t}", templates))
    row = next(one for one in machine.chart.transitions if one.id == "x.undo")
    assert (row.source, row.targets, row.trigger.kind) == ("x", ("x.undoing",), "cancel")


def test_who_may_send_changes_in_templates_and_uses_without_a_version() -> None:
    plain = with_states("  x: {use: t, with: {by: a}}", BY)
    for other in (
        with_states("  x: {use: t, with: {by: b}}", BY),
        with_states("  x: {use: t, with: {by: a}}", BY.replace("on: Go,", "on: Go, doc: '',")),
        with_states("  x: {use: t, with: {by: a}, label: X}", BY),
    ):
        is_same = "doc" in other
        assert needs_no_version(plain.encode(), other.encode()) is not is_same
    moved = with_states("  y: {use: t, with: {by: a}}", BY)
    assert not needs_no_version(plain.encode(), moved.encode())
    endless = with_states("  x: {use: t}", "templates: {t: {states: {a: {use: t}}}}")
    assert not needs_no_version(plain.encode(), endless.encode())


BY = """
templates:
  t: {parameters: [by], states: {a: {initial: true}}, transitions: {go: {on: Go, from: a, by: $by}}}
"""


def test_an_effect_that_a_use_makes_has_its_name_for_itself() -> None:
    """The declared one would be called in place of the use's, or the other way round."""
    states = "  domain: {use: check, with: {ask: call_back}, data: domain}"
    text = with_states(states).replace(
        "  call_back: {", "  domain.call_back: {offered: call_back}\n  call_back: {"
    )
    found = problems_of(text)
    wanted = "a use makes of call_back an effect that is called domain.call_back"
    assert any(wanted in problem for problem in found), found


def test_an_invoke_without_an_id_is_named_by_its_state_in_a_use_that_sees_a_field() -> None:
    templates = """
templates:
  t:
    states: {one: {initial: true, invoke: call_back}, two: {final: true}}
    transitions: {go: {on_result: one/call_back, from: one, to: two, into: answer}}
"""
    machine = definition_of(with_states("  domain: {use: t, data: domain} # missing", templates))
    (row,) = machine.chart.transitions
    assert row.trigger.events == ("done.invoke.domain.one/domain.call_back",)


@pytest.mark.parametrize(
    ("expression", "field", "uses", "why"),
    [
        ("data.count + " * 300 + "1", "domain", 1000, "make more than 4000000 characters"),
        ("data.count + " * 10_000 + "1", "domain", 1, "the limit is 4000"),
        ("data.count + " * 300 + "1", ".".join(["domain"] * 1000), 1, "the limit is 1000"),
    ],
    ids=["many uses", "a long expression", "a long path"],
)
def test_the_text_that_uses_make_is_bounded_before_it_is_made(
    expression: str, field: str, uses: int, why: str
) -> None:
    templates = f"""
templates:
  t:
    states: {{a: {{initial: true}}}}
    transitions: {{go: {{on: Go, from: a, do: {{set: {{count: "{expression}"}}}}}}}}
"""
    states = "\n".join(f"  s{n}: {{use: t, data: {field}}}" for n in range(uses))
    text = with_states(states, templates)
    tracemalloc.start()
    found = problems_of(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any(why in one for one in found), found
    assert peak < 50_000_000
