"""The catalogue of codes."""

from __future__ import annotations

from statehold.chart.codes import CODES
from statehold.check.lint.catalogue import CATALOGUE


def test_every_code_has_a_meaning() -> None:
    assert set(CATALOGUE) == CODES
