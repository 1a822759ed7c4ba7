"""The null data model: one condition."""

from __future__ import annotations

import pytest

from statehold.expression.language import ExpressionRefused, Scope
from statehold.expression.null import NULL

SCOPE = Scope({}, {}, {"In": lambda state: state == "s1"})


@pytest.mark.parametrize(("text", "expected"), [("In('s1')", True), (' In( "s2" ) ', False)])
def test_in_asks_whether_a_state_is_active(text: str, expected: bool) -> None:
    assert NULL.truth(NULL.expression(text)(SCOPE)) is expected


def test_a_quoted_text_is_itself_and_is_no_yes() -> None:
    assert NULL.expression("'pass'")(SCOPE) == "pass"
    assert NULL.truth("pass") is False


@pytest.mark.parametrize(
    "text", ["x", "In(x)", "In('a') and In('b')", "In('a\\'b')", "not In('a')", "1", ""]
)
def test_nothing_else_is_a_condition(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        NULL.expression(text)


def test_there_is_no_data_to_change() -> None:
    with pytest.raises(ExpressionRefused, match="no data to assign to"):
        NULL.location("x")
    with pytest.raises(ExpressionRefused, match="no scripts"):
        NULL.script("x = 1")
