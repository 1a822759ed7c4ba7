"""The diagrams in the examples' pages are those of the charts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.onboarding import v1, v2
from examples.order import flow as order
from examples.order_v3 import flow as order_v3
from statehold import AMachine
from statehold.formats.mermaid import to_mermaid

HERE = Path(__file__).parent
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("folder", "machines"),
    [
        ("order", [order.OrderFlow]),
        ("order_v3", [order_v3.OrderFlow]),
        ("onboarding", [v1.Onboarding, v2.Onboarding]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_page_shows_its_charts_as_they_are_drawn(folder: str, machines: list[AMachine]) -> None:
    page = (HERE / folder / "README.md").read_text(encoding="utf-8")
    assert DIAGRAM.findall(page) == [to_mermaid(machine.definition.chart) for machine in machines]
