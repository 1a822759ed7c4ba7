"""CEL: what is refused when it is compiled, what fails when it is asked, and how much it costs."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.expression.cel.language import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Environment,
    Kind,
    list_of,
    map_of,
)
from statehold.expression.language import EXPRESSION_LIMIT, EvaluationFailed, ExpressionRefused

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
ENVIRONMENT = Environment(
    {
        "data": map_of(DYN),
        "data.total": INT,
        "data.ratio": DOUBLE,
        "data.paid": BOOL,
        "data.at": TIMESTAMP,
        "data.address": map_of(DYN),
        "data.address.city": STRING,
        "data.items": list_of(map_of(DYN)),
        "data.note": DYN,
        "now": TIMESTAMP,
        "numbers": list_of(INT),
        "text": STRING,
    },
    closed={"data", "data.address"},
)
VALUES: dict[str, Any] = {
    "data": {"total": 3},
    "data.total": 3,
    "data.ratio": 2,
    "data.paid": False,
    "data.at": "2026-01-31T08:00:00Z",
    "data.address": {"city": "Ulm"},
    "data.address.city": "Ulm",
    "data.items": [{"price": 2, "tags": ["new"]}, {"price": 3, "tags": []}],
    "data.note": None,
    "now": NOW,
    "numbers": [1, 2, 3],
    "text": "abc",
}


def evaluated(text: str, **more: Any) -> Any:
    return ENVIRONMENT.compile(text)((VALUES | more).__getitem__)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("data.total + 1", 4),
        ("data.ratio * 2.0", 4.0),
        ("data.address.city", "Ulm"),
        ("data.items.map(i, i.price)", [2, 3]),
        ("data.items.exists(i, 'new' in i.tags)", True),
        ("data.note == null", True),
        ("data.at < now", True),
        ("now + duration('90m')", "2026-01-31T10:30:00Z"),
        ("duration('90m')", timedelta(minutes=90)),
        ("{'a': data.total, 'b': [1.5, null]}", {"a": 3, "b": [1.5, None]}),
        ("text.upperAscii()", "ABC"),
        ("math.greatest(1, data.total)", 3),
        ("text.matches('^[a-c]+$')", True),
        ("data", {"total": 3}),
    ],
)
def test_an_expression_gives_plain_values(text: str, value: Any) -> None:
    found = evaluated(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("data.totl", "there is no 'data.totl'", "did you mean data.total?"),
        ("data.address.citty", "there is no 'data.address.citty'", "data.address.city"),
        ("data.ratio * 2", "no matching overload", "double(x)"),
        ("data.total >", "Syntax error", ""),
        ("has(data.paid)", "says nothing", "data.paid != null"),
        ("text.matches(text)", "computed", "write it as a literal"),
        ("text.matches('(x{1,31}){1,31}(x{1,31}){1,31}')", "instructions; the limit is", "* or +"),
        (f"text.matches('{'x' * 600}')", "the limit is 500", ""),
        ("(" * 60 + "1" + ")" * 60, "nested too deep", ""),
        ("1" * (EXPRESSION_LIMIT + 1), "the limit is 4000", ""),
        ("getenv('HOME')", "there is no 'getenv'", ""),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(text: str, why: str, hint: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        ENVIRONMENT.compile(text)
    assert why in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 / (data.total - 3)", "divide by zero"),
        ("data.items[7]", "Index error"),
        ("data.items[0].missing", "Key not found"),
        ("9223372036854775807 + data.total", "overflow"),
        ("1.0 / 0.0", "inf"),
        ("{1: 2}", "keys are strings"),
        ("b'abc'", "can't be kept in JSON"),
        ("data.note + 1", "No matching overloads"),
    ],
)
def test_what_comes_to_nothing_fails_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(EvaluationFailed, match=why):
        evaluated(text)


def test_an_expression_has_a_type_and_names_what_it_reads() -> None:
    made = ENVIRONMENT.compile("data.items.all(i, i.price < data.total)")
    assert made.kind == BOOL
    assert made.reads == {"data.items", "data.total"}


def test_a_whole_number_stands_where_a_number_is_wanted_and_not_the_other_way() -> None:
    assert INT.fits(DOUBLE)
    assert not DOUBLE.fits(INT)
    assert DYN.fits(INT)
    assert not list_of(STRING).fits(list_of(INT))
    assert not Kind("duration").fits(STRING)


EXPENSIVE = [
    ("numbers.map(a, a)", {"numbers": list(range(9_000))}),
    ("numbers.filter(a, a in numbers)", {"numbers": list(range(5_000))}),
    ("numbers.map(a, numbers.map(b, a * b))", {"numbers": list(range(400))}),
    ("numbers.all(a, a in numbers)", {"numbers": list(range(9_000))}),
    ("text.replace('', text)", {"text": "x" * 3_000}),
    ("text.split('')", {"text": "x" * 500_000}),
    ("text.matches('[a-z]{1,900}1')", {"text": "x" * 500_000}),
    ("[text].map(a, a+a+a+a).map(b, b+b+b+b).map(c, c+c+c+c)", {"text": "x" * 500_000}),
    ("numbers.map(a, text).join(text)", {"numbers": list(range(500)), "text": "x" * 5_000}),
    ("data.items == data.items", {"data.items": [{"a": n} for n in range(200_000)]}),
]


@pytest.mark.parametrize(("text", "values"), EXPENSIVE)
def test_an_expensive_expression_is_refused_before_it_takes_long(
    text: str, values: dict[str, Any]
) -> None:
    made = ENVIRONMENT.compile(text)
    begun = time.process_time()
    with pytest.raises(EvaluationFailed, match="units of work"):
        made((VALUES | values).__getitem__)
    assert time.process_time() - begun < 1


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(EXPENSIVE),
    st.integers(1, 4_000),
)
def test_whatever_is_let_through_takes_well_below_a_second(
    expensive: tuple[str, dict[str, Any]], size: int
) -> None:
    text, _ = expensive
    made = ENVIRONMENT.compile(text)
    values = VALUES | {
        "numbers": list(range(size)), "text": "x" * size,
        "data.items": [{"a": n} for n in range(size)],
    }  # fmt: skip
    begun = time.process_time()
    with contextlib.suppress(EvaluationFailed):
        made(values.__getitem__)
    assert time.process_time() - begun < 0.5


def test_a_value_that_is_nested_without_an_end_is_not_handed_over() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    with pytest.raises(EvaluationFailed, match="levels deep"):
        evaluated("data.items", **{"data.items": nested})


@given(st.text(max_size=200))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        made = ENVIRONMENT.compile(text)
        made(VALUES.__getitem__)
    except (ExpressionRefused, EvaluationFailed):
        return
    assert made.text == text


def test_an_environment_forgets_rather_than_grows() -> None:
    environment = Environment({})
    first = environment.compile("1 + 1")
    assert environment.compile("1 + 1") is first
    for number in range(1_000):
        environment.compile(f"{number} + 0")
    assert environment.compile("1 + 1") is not first
