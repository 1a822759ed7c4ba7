"""The change between two JSON texts leads from the one to the other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statehold.instance.data_diff import DEPTH, apply_change, change_between

encode, decode = msgspec.json.encode, msgspec.json.decode


def change(old: Any, new: Any) -> Any:
    """As it is stored."""
    return decode(encode(change_between(encode(old), encode(new))))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, {"set": {"a": 2}}),
        ({"a": 1}, {"a": 1, "b": None}, {"set": {"b": None}}),
        ({"a": 1, "b": 2}, {"a": 1}, {"unset": ["b"]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"set": {"a/c": 3}}),
        ({"a": [1, 2]}, {"a": [1, 3]}, {"set": {"a": [1, 3]}}),
        ({"a/b": 1, "c~d": 1}, {"a/b": 2, "c~d": 2}, {"set": {"a~1b": 2, "c~0d": 2}}),
        ({"": 1}, {"": 2}, {"set": {"~2": 2}}),
        ({"a": {"b": 1}}, {"a": 5}, {"set": {"a": 5}}),
        (1, 2, {"set": {"": 2}}),
        (None, {"a": 1}, {"set": {"": {"a": 1}}}),
        ({"a": 1}, None, {"set": {"": None}}),
    ],
)
def test_a_change_says_no_more_than_what_differs(old: Any, new: Any, expected: Any) -> None:
    assert change(old, new) == expected


def test_objects_that_are_nested_deeper_are_replaced_whole() -> None:
    def nested(value: int) -> Any:
        found: Any = {"x": value, "y": 0}
        for _ in range(DEPTH + 1):
            found = {"n": found}
        return found

    (path,) = change(nested(1), nested(2))["set"]
    assert path == "/".join("n" * (DEPTH + 1))


def test_the_data_before_stays_as_it_was() -> None:
    before = {"a": {"b": 1}}
    assert apply_change(before, {"set": {"a/b": 2}}) == {"a": {"b": 2}}
    assert before == {"a": {"b": 1}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(JSON, JSON)
def test_a_change_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    found = change(old, new)
    assert (old if found is None else apply_change(old, found)) == new
