"""What the command line prints, piece by piece."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold.cli import render


@pytest.mark.parametrize(
    ("length", "answer"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=2, minutes=5, seconds=9), "2 h 5 min"),
        (timedelta(days=3, seconds=1), "3 d"),
    ],
)
def test_a_span_has_its_two_largest_units(length: timedelta, answer: str) -> None:
    assert render.span(length) == answer


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        (["a"], ["b"], "a → b"),
        ([], ["a"], "→ a"),
        (["a.x", "b.x"], ["a.y", "b.x"], "a.x → a.y"),
    ],
)
def test_an_arrow_leaves_out_unchanged_states(
    before: list[str], after: list[str], answer: str
) -> None:
    assert render.arrow(before, after).plain == answer


def test_a_long_value_is_cut() -> None:
    assert len(render.value("x" * 1000)) == 300
