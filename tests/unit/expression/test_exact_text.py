"""Text is handed to every language whole, or the evaluation fails: none compares a part of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statehold.expression.cel.language import (
    DYN,
    STRING,
    CelExpression,
    Environment,
    list_of,
    map_of,
)
from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, ExpressionRefused, Scope

#: half of a surrogate pair and U+0000 among them
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
ENVIRONMENT = Environment(
    {"s": STRING, "d": DYN, "l": list_of(STRING), "m": map_of(STRING), "t": STRING}
)


def cel(text: str, **values: Any) -> Any:
    compiled: CelExpression = ENVIRONMENT.compile(text)
    return compiled(lambda name: values[name])


@given(ANY_TEXT, ANY_TEXT)
@example("admin\0-not", "admin")
@example("\ud800", "")
@example("a\0", "a\0")
def test_cel_compares_whole_texts_wherever_they_stand_or_fails(one: str, other: str) -> None:
    same = one == other
    for question, values, expected in (
        ("s == t", {"s": one, "t": other}, same),
        ("d == t", {"d": one, "t": other}, same),
        ("t in l", {"l": ["x", one], "t": other}, same or other == "x"),
        ("t in m", {"m": {one: "x"}, "t": other}, same),
        ("d.a[0].b == t", {"d": {"a": [{"b": one}]}, "t": other}, same),
        ("t in d.a", {"d": {"a": {one: 1}}, "t": other}, same),
        ("s.startsWith(t)", {"s": one, "t": other}, one.startswith(other)),
        ("size(s) == size(t)", {"s": one, "t": other}, len(one) == len(other)),
        ("[s].exists(x, x == t)", {"s": one, "t": other}, same),
        ("d", {"d": {"a": [one], one: other}}, {"a": [one], one: other}),
        ("s + t", {"s": one, "t": other}, one + other),
    ):
        try:
            found = cel(question, **values)
        except EvaluationFailed:
            assert not _is_plain(one) or not _is_plain(other)
        else:
            assert found == expected, question


def test_cel_names_the_text_that_it_can_not_read() -> None:
    with pytest.raises(EvaluationFailed, match=r"'admin\\x00-not' has the character U\+0000"):
        cel("s == 'admin'", s="admin\0-not")
    with pytest.raises(EvaluationFailed, match="half of a surrogate pair"):
        cel("d", d={"a": ["\ud800"]})
    with pytest.raises(EvaluationFailed, match="key 1 of an object"):
        cel("d", d={1: "x"})
    with pytest.raises(ExpressionRefused, match="half of a surrogate pair"):
        ENVIRONMENT.compile("s == '\ud800'")


@given(ANY_TEXT)
@example("a\0b")
def test_cel_reads_constants_whole(text: str) -> None:
    if not _is_unicode(text):
        return
    written = "'" + "".join(f"\\U{ord(one):08x}" for one in text) + "'"
    assert cel(written) == text
    assert cel(f"size({written})") == len(text)


@given(one=ANY_TEXT, other=ANY_TEXT)
@example(one="admin\0-not", other="admin")
def test_ecmascript_compares_whole_texts(one: str, other: str) -> None:
    scope = Scope({"s": one, "t": other, "d": {"a": [one]}})
    assert ECMASCRIPT.expression("s")(scope) == one
    assert ECMASCRIPT.expression("s == t")(scope) is (one == other)
    assert ECMASCRIPT.expression("d.a[0] == t")(scope) is (one == other)


def _is_plain(text: str) -> bool:
    return "\0" not in text and _is_unicode(text)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)
