"""A machine's diagram: drawn, collapsed, searched, linked, in light and in dark."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from examples.order_v3.flow import OrderFlow
from tests.studio.conftest import OpenPage
from tests.studio.served import Served
from tests.studio.shown import state

ORDER = "#/machines/order"
#: every part of the colour above 200, or below 60
LIGHT = re.compile(r"^rgb\((2\d\d(, )?){3}\)$")
DARK = re.compile(r"^rgb\(([1-5]?\d(, )?){3}\)$")


def test_every_state_of_the_order_machine_is_drawn(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, "#/")
    page.get_by_role("link", name="order", exact=True).click()
    for one in OrderFlow.chart.states:
        if one.id:
            expect(state(page, one.id)).to_be_visible()
    expect(page.get_by_role("group", name="order, version 3")).to_be_visible()


def test_a_group_is_collapsed_and_expanded_by_the_mouse_and_stays_so(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, ORDER)
    state(page, "standard").click()
    expect(state(page, "standard")).to_have_attribute("aria-expanded", "false")
    expect(state(page, "standard.ready")).to_have_count(0)
    expect(state(page, "courier_driven.creating")).to_be_visible()
    page.reload()
    expect(state(page, "standard")).to_have_attribute("aria-expanded", "false")
    state(page, "standard").click()
    expect(state(page, "standard")).to_have_attribute("aria-expanded", "true")
    expect(state(page, "standard.ready")).to_be_visible()


def test_a_group_is_reached_collapsed_and_expanded_by_the_keyboard_alone(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, ORDER)
    expect(state(page, "choosing")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) is not None:
            break
    assert focused(page) == "choosing"
    for _ in range(10):
        page.keyboard.press("ArrowDown")
        if focused(page) in ("standard", "courier_driven", "restaurant_driven"):
            break
    group = focused(page)
    assert group in ("standard", "courier_driven", "restaurant_driven")
    page.keyboard.press("Enter")
    expect(state(page, group)).to_have_attribute("aria-expanded", "false")
    expect(state(page, f"{group}.on_the_way")).to_have_count(0)
    expect(state(page, group)).to_be_focused()
    page.keyboard.press("Space")
    expect(state(page, f"{group}.on_the_way")).to_be_visible()
    expect(state(page, group)).to_be_focused()


def test_one_group_is_looked_into_and_left(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, ORDER)
    state(page, "standard").focus()
    page.keyboard.press("o")
    expect(state(page, "restaurant_driven.creating")).to_have_count(0)
    expect(state(page, "standard.ready")).to_be_visible()
    # what leads to it stands around it
    expect(state(page, "choosing")).to_be_visible()
    state(page, "standard.ready").focus()
    page.keyboard.press("Escape")
    expect(state(page, "restaurant_driven.creating")).to_be_visible()


def test_search_finds_a_state_and_shows_it_where_it_is_hidden(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, f"{ORDER}?collapsed=standard")
    expect(state(page, "standard")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("/")
    page.keyboard.type("ready")
    hit = page.get_by_role("option").filter(has_text="ready").first
    expect(hit).to_be_visible()
    page.keyboard.press("Enter")
    expect(state(page, "standard.ready")).to_be_visible()
    expect(page.get_by_label("The state standard.ready")).to_contain_text("Order ready.")


def test_search_finds_an_event(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, ORDER)
    expect(state(page, "choosing")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("restaurantrej")
    expect(page.get_by_role("option").filter(has_text="Restaurant rejected").first).to_be_visible()


def test_a_link_shows_another_what_one_sees(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, ORDER)
    page.get_by_role("button", name="Names").click()
    expect(page).to_have_url(re.compile(r"detail=names.*"))
    state(page, "restaurant_driven").click()
    # it is drawn anew, and what is clicked next moves with it
    expect(state(page, "restaurant_driven")).to_have_attribute("aria-expanded", "false")
    state(page, "standard.ready").click()
    expect(page.get_by_label("The state standard.ready")).to_be_visible()
    other = open_page(served, f"#{page.url.partition('#')[2]}")
    expect(state(other, "restaurant_driven")).to_have_attribute("aria-expanded", "false")
    expect(other.get_by_label("The state standard.ready")).to_be_visible()
    expect(other.get_by_role("button", name="Names")).to_have_attribute("aria-pressed", "true")


def test_it_is_dark_where_the_system_is_and_light_when_asked(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, ORDER, color_scheme="dark")
    expect(state(page, "choosing")).to_be_visible()
    body = page.locator("body")
    expect(body).to_have_css("background-color", DARK)
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(body).to_have_css("background-color", LIGHT)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_machine_that_is_not_there_is_said_to_be_so(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, "#/machines/nothing")
    expect(page.get_by_text("nothing").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(re.compile("no|not|unknown", re.IGNORECASE))


def focused(page: Page) -> str | None:
    """The piece of the diagram that has the focus."""
    id: str | None = page.evaluate("document.activeElement.getAttribute('data-id')")
    return id
