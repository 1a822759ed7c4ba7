"""Bounds as options of ``serve``."""

from __future__ import annotations

import pytest

from statehold.cli.outcome import UsageError
from statehold.cli.processes.bounds import read_bounds
from statehold.server import Bounds


def test_bounds_are_set_by_their_names() -> None:
    assert read_bounds([]) == Bounds()
    given = ["streams=5000", "stall_seconds=2.5", "caller_share=1"]
    assert read_bounds(given) == Bounds(streams=5000, stall_seconds=2.5, caller_share=1)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["streams"], "write NAME=NUMBER; the names are batch_bytes, "),
        (["stream=5"], "write NAME=NUMBER"),
        (["streams=5", "streams=6"], "streams is given twice"),
        (["streams=2.5"], "'2.5' is not a whole number"),
        (["stall_seconds=soon"], "'soon' is not a number"),
        (["streams=0"], "it has to be above 0"),
        (["stall_seconds=nan"], "it has to be above 0"),
        (["stall_seconds=inf"], "it has to be above 0"),
        (["caller_share=2"], "caller_share is 2; it is more than 0, and at most 1"),
    ],
)
def test_a_bound_that_is_none_is_refused(given: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_bounds(given)
