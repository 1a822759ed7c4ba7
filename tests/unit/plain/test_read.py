"""Plain values from text: YAML as another spelling of JSON."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.plain.read import read_plain
from statehold.plain.values import TextRefused
from statehold.plain.yaml_writer import dumped


def test_words_that_yaml_once_took_for_booleans_are_words() -> None:
    read = read_plain("on: yes\noff: no\nat: 2026-01-31\nn: 1_000\no: 0o17\nf: 1e3\nt: ~")
    assert read.value == {
        "on": "yes", "off": "no", "at": "2026-01-31", "n": "1_000", "o": 15, "f": 1000.0, "t": None,
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**40), 2**40)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(["1e3", "0o17", "0x1F", "on", "y", "~", "1_0", "12:30", ".5", "="])
        | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
        ),
        max_leaves=30,
    )
)
def test_plain_values_are_read_from_yaml_as_they_were_written(value: Any) -> None:
    assert read_plain(dumped({"v": value})).value == {"v": value}


@pytest.mark.parametrize(
    "keys",
    [
        [*(f"k{n}" for n in range(60_000)), "k59999"],
        [f"k{n % 30_000}" for n in range(60_000)],
        ["k"] * 100_000,
    ],
    ids=["the last is double", "each stands twice", "one key"],
)
def test_a_double_key_is_found_in_linear_time(keys: list[str]) -> None:
    text = "{" + ",".join(f'"{key}":0' for key in keys) + "}"
    began = time.process_time()
    with pytest.raises(TextRefused, match="stands twice in one object"):
        read_plain(text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": ' + "9" * 900_000 + "}", "a whole number has more than 4,300 digits"),
        ('{"a": 1e9999999999}', "larger than any"),
        ('{"a": [' + "[" * 400_000, "levels deep"),
        ("a: &a [1]\nb: [*a, *a]", "an anchor or an alias"),
        ("a: " + "[" * 400_000, "levels deep"),
        ("- " * 400_000, "levels deep"),
        ("[" + "1," * 400_000, "more than 200000 values"),
        ("k: 0\n" * 90_000, "stands twice"),
        ("!" * 900_000, "tag"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_text_that_means_harm_is_refused_soon(text: str, message: str) -> None:
    began = time.process_time()
    with pytest.raises(TextRefused, match=message):
        read_plain(text)
    assert time.process_time() - began < 1
