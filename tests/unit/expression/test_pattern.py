"""Patterns of documents: refused at once where they could take long, with a way out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.expression.allowance import ANSWER_WORK_LIMIT, answer_allowance, charge
from statehold.expression.language import EvaluationFailed
from statehold.expression.pattern import (
    MATCH_LIMIT,
    PATTERN_LIMIT,
    PROGRAM_LIMIT,
    Pattern,
    PatternRefused,
    together,
)
from tests.timing import measured


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        (r"a(?=b)", "(?=", "look-around", 1),
        (r"a(?!b)", "(?!", "look-around", 1),
        (r"(?<=x)y", "(?<=", "look-around", 0),
        (r"(?<!x)y", "(?<!", "look-around", 0),
        (r"(a)\1", "refers back to a group", "write the part out", 3),
        (r"[ab]*a[ab]{10000}c", "more than 1,000 times", "maxLength", 10),
        (r"((a{100}){100}){100}", "more than 1,000 times", "maxLength", None),
        (r"\p{L}{90}", "instructions; the limit is 2,000", "maxLength", None),
        (r"(\p{L}|\w){1000}", "the limit is 2,000", "maxLength", None),
        (r"a\Z", r"no escape sequence \Z", "the end of the text is $", 1),
        (r"\u00e9", "no escape sequence", r"\x{", 0),
        ("(", "missing )", "", 0),
        ("a" * (PATTERN_LIMIT + 1), "501 characters; the limit is 500", "shorter", None),
    ],
)
def test_what_can_not_be_run_in_bounded_time_is_refused(
    text: str, message: str, hint: str, at: int | None
) -> None:
    with pytest.raises(PatternRefused) as caught:
        Pattern(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    if at is not None:
        assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "fits", "other"),
    [
        (r"^\d{2}$", "12", "12\n"),
        (r"^[a-z0-9-]{1,63}$", "a-1", "A"),
        (r"b", "abc", "ac"),
        (r"^\p{L}+$", "Zoë", "Zoe1"),
        (r"^\w+$", "ab_1", "Zoë"),
        (r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", "a@b.example", "a@b"),
        (r"(?i)^yes$", "YES", "no"),
        (r"^\x{1F600}$", "\N{GRINNING FACE}", "x"),
    ],
)
def test_a_text_that_has_a_match_fits(text: str, fits: str, other: str) -> None:
    pattern = Pattern(text)
    assert pattern.size <= PROGRAM_LIMIT
    assert pattern.is_in(fits)
    assert not pattern.is_in(other)


def test_a_search_that_would_take_too_long_is_not_begun() -> None:
    pattern = Pattern("[ab]*a[ab]{999}c")
    with measured() as took, pytest.raises(ValueError, match="would take too long"):
        pattern.is_in("ab" * 50_000)
    assert took.seconds < 0.05


def test_searches_of_one_validation_share_a_budget() -> None:
    pattern = Pattern("[ab]*a[ab]{999}c")
    text = "ab" * (MATCH_LIMIT // (pattern.size + 100) // 4 + 1)
    with together(), together():
        assert not pattern.is_in(text)
        with pytest.raises(ValueError, match="beside the other patterns"):
            pattern.is_in(text)
    assert not pattern.is_in(text)


def test_a_search_counts_for_the_step_that_it_is_part_of() -> None:
    pattern = Pattern("^a")
    with answer_allowance("the answer"):
        assert pattern.is_in("a")
        charge(ANSWER_WORK_LIMIT - 100)
        with pytest.raises(EvaluationFailed, match="the answer takes more than"):
            pattern.is_in("a" * 1_000)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["a", "b", "[ab]", ".", r"\w", r"\b", "[^c]", "a?", "^", "$"]),
        lambda inner: (
            st.tuples(inner, inner).map("".join)
            | st.tuples(inner, inner).map(lambda both: f"(?:{both[0]}|{both[1]})")
            | st.tuples(inner, st.integers(0, 40)).map(lambda one: f"(?:{one[0]}){{{one[1]}}}")
            | inner.map(lambda one: f"(?:{one})*")
        ),
        max_leaves=12,
    ),
    st.sampled_from(["ab", "aab", "a", "abba b", "ü"]),
)
def test_no_search_that_is_begun_takes_much_longer_than_its_bound(text: str, part: str) -> None:
    try:
        pattern = Pattern(text)
    except PatternRefused:
        return
    size = MATCH_LIMIT // (pattern.size + 100) // len(part.encode())
    sought = (part * (size // len(part) + 1))[: max(size - 1, 1)][:1_000_000]
    with measured() as took:
        pattern.is_in(sought)
    assert took.seconds < 0.3
