"""No expression that is let through takes much longer than its cost says, whoever wrote it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from statehold.expression.allowance import ANSWER_WORK_LIMIT, answer_allowance
from statehold.expression.cel import cost
from statehold.expression.cel.cost import WORK_LIMIT
from statehold.expression.cel.language import (
    BOOL,
    DYN,
    INT,
    STRING,
    Environment,
    list_of,
    map_of,
)
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from tests.timing import measured

#: seconds of one unit, as the factors were measured
UNIT = 50e-9
#: how much slower a machine, or a bad moment of it, may be
SLACK = 3

ENVIRONMENT = Environment({
    "t": STRING, "u": STRING, "l": list_of(STRING), "n": list_of(INT), "m": map_of(STRING),
    "d": DYN,
})  # fmt: skip

_texts = st.recursive(
    st.sampled_from(["t", "u", "l[0]", "''", "'a'", "'ab'", "'\\\"'", "string(n[0])"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda x: f"({x[0]} + {x[1]})"),
        st.tuples(inner, inner, inner).map(lambda x: f"{x[0]}.replace({x[1]}, {x[2]})"),
        st.tuples(inner, inner, inner).map(lambda x: f"{x[0]}.replace({x[1]}, {x[2]}, 99999)"),
        st.tuples(inner, inner, inner).map(lambda x: f"{x[0]}.split({x[1]}).join({x[2]})"),
        st.tuples(inner, inner).map(lambda x: f"l.map(x, {x[0]}).join({x[1]})"),
        st.tuples(inner, inner).map(lambda x: f"'%s%s'.format([{x[0]}, {x[1]}])"),
        inner.map(lambda x: f"strings.quote({x})"),
        inner.map(lambda x: f"{x}.reverse().lowerAscii().trim()"),
        st.tuples(inner, inner).map(lambda x: f"(t < u ? {x[0]} : {x[1]})"),
    ),
    max_leaves=6,
)
_PATTERNS = ("[ab]*a[ab]{20}c", "[ab]*a[ab]{900}c", "(a|b|ab)*c", "(a*)*b", "^a", ".*.*.*c")
_hostile = st.one_of(
    st.tuples(_texts, _texts).map(lambda x: f"{x[0]}.contains({x[1]})"),
    st.tuples(_texts, _texts).map(lambda x: f"{x[0]}.indexOf({x[1]}) > 0"),
    st.tuples(_texts, _texts).map(lambda x: f"{x[0]}.lastIndexOf({x[1]}) > 0"),
    st.tuples(_texts, _texts).map(lambda x: f"{x[0]} == {x[1]} || {x[0]} < {x[1]}"),
    st.tuples(_texts, _texts).map(lambda x: f"{x[0]}.startsWith({x[1]})"),
    st.tuples(_texts, _texts).map(lambda x: f"l.exists(x, x.contains({x[0]}) && {x[1]} in l)"),
    st.tuples(_texts, st.sampled_from(_PATTERNS)).map(lambda x: f"{x[0]}.matches(r'{x[1]}')"),
    st.tuples(_texts, st.sampled_from(_PATTERNS)).map(
        lambda x: f"l.all(x, (x + {x[0]}).matches(r'{x[1]}'))"
    ),
    _texts.map(lambda x: f"size({x}.split('')) > 1"),
    _texts.map(lambda x: f"m.all(k, m[k] != {x})"),
    _texts.map(lambda x: f"d == {{'a': {x}}} || [{x}] in [d]"),
    st.sampled_from([
        "n == n + n", "n.map(x, n).size() > 1", "n.all(x, n.exists(y, y == x))",
        "n.filter(x, x in n).size() > 1", "m == m", "d == d", "[n, n] == [n, n]",
        "n.map(x, string(x)).join('') == t", "n.map(x, [x, x]) == d", "l + l + l + l == l",
    ]),
    _texts,
)  # fmt: skip

_values = st.fixed_dictionaries({
    "t": st.tuples(st.sampled_from(["a", "ab", "\N{GRINNING FACE}", "\x01", '"', "ba"]),
                   st.sampled_from([1, 100, 5_000, 100_000])).map(lambda x: x[0] * x[1]),
    "u": st.tuples(st.sampled_from(["a", "b", "\N{GRINNING FACE}", "\\"]),
                   st.sampled_from([1, 50, 2_500, 50_000])).map(lambda x: x[0] * x[1] + "b"),
    "l": st.tuples(st.sampled_from([1, 20, 1_000]), st.sampled_from([1, 300, 5_000])).map(
        lambda x: ["a" * x[1] + str(n) for n in range(x[0])]),
    "n": st.sampled_from([1, 100, 1_000, 9_000]).map(lambda x: list(range(x))),
    "m": st.sampled_from([1, 100, 5_000]).map(lambda x: {f"k{n}": "v" for n in range(x)}),
    "d": st.sampled_from([1, 100, 5_000]).map(lambda x: [[n, {"a": [n]}] for n in range(x)]),
})  # fmt: skip

_LARGE: dict[str, Any] = {
    "t": "a" * 100_000, "u": "a" * 50_000 + "b", "l": ["a" * 5_000] * 100,
    "n": list(range(9_000)), "m": {f"k{n}": "v" for n in range(5_000)}, "d": [[0]] * 5_000,
}  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[*HealthCheck])
@given(_hostile, _values)
@example("t.contains(u)", _LARGE)
@example("l.all(x, !t.contains(u))", _LARGE)
@example("t.replace('', u, 99999) == u", _LARGE)
@example("t.matches('[ab]*a[ab]{900}c')", _LARGE | {"t": "aab" * 33_000})
@example("n.map(x, 'x'.matches('[ab]*a[ab]{900}c')) == []", _LARGE)
@example("[n, n, n, n]", _LARGE)
def test_time_is_within_the_cost(text: str, values: dict[str, Any]) -> None:
    try:
        made = ENVIRONMENT.compile(text)
    except ExpressionRefused:
        return
    with (
        answer_allowance("the answer") as allowance,
        measured() as took,
        contextlib.suppress(EvaluationFailed),
    ):
        made(values.__getitem__)
    spent = (allowance.limit - allowance.left) * 3
    said = f"{took.seconds * 1_000:.1f} ms, {spent:,} units"
    assert took.seconds < SLACK * (UNIT * spent + 0.002), said
    assert took.seconds < SLACK * UNIT * WORK_LIMIT


@pytest.mark.parametrize(
    "text",
    ["n.all(x, n.exists(y, y == x))", "l.all(x, !t.contains(u))", "d == [] && d.size() > 1"],
)
def test_guards_of_one_answer_take_a_tenth_of_a_second_together(text: str) -> None:
    """An evaluation that is refused counts too: what it reads was looked at."""
    made = [ENVIRONMENT.compile(f"{text} && n[0] != {number}") for number in range(500)]
    failed = 0
    with measured() as took, answer_allowance("the answer"):
        for one in made:
            try:
                one(_LARGE.__getitem__)
            except EvaluationFailed:
                failed += 1
    assert failed > 400
    assert took.seconds < SLACK * UNIT * 3 * ANSWER_WORK_LIMIT


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("t.contains(u)", 100_000 * 50_000),
        ("t.indexOf(u) > 0", 100_000 * 50_000),
        ("t.lastIndexOf(u) > 0", 100_000 * 50_000),
        ("t.split(u).size() > 0", 100_000 * 50_000),
        ("t.replace(u, '') == ''", 100_000 * 50_000),
        ("t.replace('', u, 9) == ''", 100_000 * 50_000 * 100),
    ],
)
def test_a_search_costs_the_product_of_both_lengths(text: str, product: int) -> None:
    made = ENVIRONMENT.compile(text)
    assert made.kind == BOOL
    spent = WORK_LIMIT
    with answer_allowance("the answer") as allowance, contextlib.suppress(EvaluationFailed):
        made(_LARGE.__getitem__)
        spent = (allowance.limit - allowance.left) * 3
    assert spent >= min(product // 64 // 64, WORK_LIMIT)


def test_a_value_is_looked_at_once_and_counts() -> None:
    assert cost.size_of(["a" * 80] * 10).weight == 4 + 10 * 11
    assert cost.size_of("\N{GRINNING FACE}" * 80).weight == 41
