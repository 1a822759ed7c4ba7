"""What is typed after a command, as values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold.cli.arguments import read_age
from statehold.cli.outcome import UsageError


@pytest.mark.parametrize(
    ("given", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("1.5d", 129_600)]
)
def test_an_age_is_a_number_and_a_unit(given: str, seconds: int) -> None:
    assert read_age(given) == timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["", "15", "m", "-3m", "3 m", "1e9s", "9999999999d"])
def test_an_age_without_a_unit_or_below_zero_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="like 15m"):
        read_age(given)
