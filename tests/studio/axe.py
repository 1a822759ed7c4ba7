"""axe-core on a page: what of WCAG 2, levels A and AA, it finds broken."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "studio" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """
() => axe.run(document, {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations', 'incomplete'],
})
"""


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule: rule, element, why."""
    # evaluated by the debugger, which the page's policy does not bind
    page.evaluate(_axe())
    result = page.evaluate(_RUN)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']}: {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


@cache
def _axe() -> str:
    # the script's value would else be carried over
    return f"{_AXE.read_text(encoding='utf-8')}; 0"
