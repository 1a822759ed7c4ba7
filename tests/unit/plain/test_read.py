"""Plain values from text: YAML as another spelling of JSON."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.plain.read import read_plain
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
