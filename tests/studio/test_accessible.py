"""axe-core finds no violation of WCAG 2, levels A and AA, on any page, in light and in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.studio import orders
from tests.studio.axe import violations
from tests.studio.conftest import PICTURES, OpenPage
from tests.studio.outside import Outside
from tests.studio.served import Served
from tests.studio.shown import is_lit, state


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_breaks_a_rule(
    served: Served, outside: Outside, open_page: OpenPage, theme: str
) -> None:
    fill(served, outside, theme)
    one = f"{theme}-running"
    page = open_page(served, color_scheme=theme)
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        page.screenshot(path=PICTURES / f"page-{name}-{theme}.png")
        if broken := violations(page):
            found[name] = broken

    def go(address: str) -> None:
        page.goto(f"{served.url}/{address}")

    expect(page.get_by_role("heading", name="order version 3")).to_be_visible()
    look("machines")
    go("#/machines/order")
    expect(state(page, "standard.ready")).to_be_visible()
    look("diagram")
    state(page, "standard.ready").click()
    look("diagram-state")
    go("#/machines/order?detail=names")
    page.get_by_role("button", name="Start an instance").click()
    look("diagram-start")
    page.keyboard.press("Escape")
    go(f"#/machines/order/instances/{one}")
    expect(page.locator("[data-timer]")).to_be_visible()
    expect(is_lit(page, "standard.accepted")).to_be_visible()
    look("instance")
    page.locator("[data-timer]").get_by_role("button", name="Reschedule").click()
    look("instance-act")
    page.keyboard.press("Escape")
    go(f"#/machines/order/instances/{one}?step=1")
    expect(page.get_by_text("As it was after step 1")).to_be_visible()
    expect(is_lit(page, "standard.creating")).to_be_visible()
    look("instance-past")
    go("#/machines/order/instances")
    expect(page.get_by_text(one)).to_be_visible()
    look("instances")
    go("#/machines/order/board")
    expect(page.locator(f'[data-card="{one}"]')).to_be_visible()
    look("board")
    go("#/machines/order/fleet")
    expect(state(page, "standard.ready")).to_be_visible()
    look("fleet")
    go("#/incidents")
    expect(page.get_by_text(f"{theme}-stuck")).to_be_visible()
    look("incidents")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("help")
    page.keyboard.press("Escape")
    go("#/machines/nothing")
    expect(page.get_by_role("main")).to_contain_text("nothing")
    look("not-there")
    assert not found, answer(found)


def fill(served: Served, outside: Outside, theme: str) -> None:
    """Something in every list; the incident comes while the pages are looked at."""
    orders.start(served, f"{theme}-running")
    orders.accept(served, f"{theme}-running")
    orders.start(served, f"{theme}-new", delivery="courier")
    outside.refuse()
    orders.start(served, f"{theme}-stuck")
    while not any(one.instance == f"{theme}-stuck" for one in served.client.incidents().incidents):
        pass
    outside.accept()


def answer(found: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)
