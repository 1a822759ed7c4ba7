"""``Date``: the step's moment, in UTC, and no data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, Scope

NOW = datetime(2026, 11, 30, 15, 4, 5, 678_900, UTC)


def value(text: str, now: datetime | None = NOW) -> Any:
    return ECMASCRIPT.expression(text)(Scope({"started": 1_764_515_045_000}, now=now))


#: each is what an ECMAScript engine in the time zone UTC gives as well
FACTS = [
    ("Date.now()", 1796051045678),
    ("new Date().getTime() === Date.now()", True),
    ("Date.now() - started > 0", True),
    ("new Date() - new Date(started) === Date.now() - started", True),
    ("new Date() > new Date(0)", True),
    ("new Date().toISOString()", "2026-11-30T15:04:05.678Z"),
    ("'' + new Date()", "Mon Nov 30 2026 15:04:05 GMT+0000 (Coordinated Universal Time)"),
    ("new Date(2024, 1, 29, 12).toISOString()", "2024-02-29T12:00:00.000Z"),
    ("new Date(99, 0).getFullYear()", 1999),
    ("Date.UTC(2020, 12)", 1609459200000),
    ("Date.parse('2020-01-02')", 1577923200000),
    ("Date.parse('2020-01-02T03:04:05.6+01:00')", 1577930645600),
    ("isNaN(Date.parse('yesterday'))", True),
    ("'' + new Date('no date')", "Invalid Date"),
    ("JSON.stringify([new Date(0), new Date('no date')])", '["1970-01-01T00:00:00.000Z",null]'),
    ("typeof new Date()", "object"),
    ("new Date() instanceof Date", True),
    ("new Date(0).getDay()", 4),
    ("new Date(-1).getUTCFullYear()", 1969),
    ("new Date().getTimezoneOffset()", 0),
    ("(() => { const d = new Date(0); d.setMonth(13); return d.toJSON() })()",
     "1971-02-01T00:00:00.000Z"),
    ("(() => { const d = new Date(0); d.setUTCHours(36, 1); return d.getDate() })()", 2),
    ("new Date(8.64e15).toISOString()", "+275760-09-13T00:00:00.000Z"),
    ("isNaN(new Date(8.64e15 + 1))", True),
    ("new Date(-62198755200000).toISOString()", "-000001-01-01T00:00:00.000Z"),
    ("new Date(NaN).toJSON()", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FACTS, ids=[text for text, _ in FACTS])
def test_dates_are_those_of_ecmascript_in_utc(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("new Date()", r"a Date is no data; keep its getTime\(\) or its toISOString\(\)"),
        ("[new Date(0)]", "a Date is no data"),
        ("new Date(NaN).toISOString()", "the date is invalid"),
        ("new Date().now()", "the method 'now' is not allowed"),
    ],
)
def test_what_a_date_is_not_is_said(text: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        value(text)


@pytest.mark.parametrize("text", ["Date.now()", "new Date()"])
def test_where_no_step_is_taken_there_is_no_time(text: str) -> None:
    with pytest.raises(EvaluationFailed, match="asks for the time, which only a step has"):
        value(text, now=None)
    assert value("new Date(5).getTime()", now=None) == 5


def test_an_expression_says_that_it_asks_for_the_time() -> None:
    assert ECMASCRIPT.expression("Date.now() > x").asks == {"Date"}
    assert ECMASCRIPT.expression("xs.map(() => new Date())").asks == {"Date"}
    assert not ECMASCRIPT.expression("new Date(x).getTime()").asks
