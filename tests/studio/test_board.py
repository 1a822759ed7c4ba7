"""A machine's board: a card that is moved is an event sent, where one leads and nowhere else."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.studio import orders
from tests.studio.conftest import OpenPage
from tests.studio.served import Served

BOARD = "#/machines/order/board"


def test_a_card_is_dragged_to_a_target_of_an_event_and_a_form_asks_for_the_payload(
    served: Served, open_page: OpenPage
) -> None:
    orders.start(served, "dragged")
    page = open_page(served, BOARD)
    carry(page, "dragged", "standard.accepted")
    expect(column(page, "standard.accepted")).to_have_class(re.compile(r"\btakes\b"))
    expect(column(page, "standard.on_the_way")).to_have_class(re.compile(r"\bclosed\b"))
    page.mouse.up()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Restaurant accepted")
    dialog.get_by_label("prep minutes").fill("12")
    dialog.get_by_role("button", name="Send").click()
    expect(card(column(page, "standard.accepted"), "dragged")).to_be_visible()
    expect(card(column(page, "standard.creating"), "dragged")).to_have_count(0)
    assert served.client.get("order", "dragged").state == ["standard.accepted"]


def test_a_card_is_refused_where_no_event_leads(served: Served, open_page: OpenPage) -> None:
    orders.start(served, "refused")
    page = open_page(served, BOARD)
    carry(page, "refused", "standard.on_the_way")
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="stays where it is")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card(column(page, "standard.creating"), "refused")).to_be_visible()
    assert served.client.get("order", "refused").seq == 1


def test_a_card_is_moved_by_the_keyboard_alone(served: Served, open_page: OpenPage) -> None:
    orders.start(served, "keyed")
    page = open_page(served, BOARD)
    card(page, "keyed").focus()
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        if "under" in (column(page, "standard.accepted").get_attribute("class") or "").split():
            break
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("prep minutes").fill("12")
    page.keyboard.press("Enter")
    expect(card(column(page, "standard.accepted"), "keyed")).to_be_visible()


def test_cards_move_and_appear_as_other_clients_act(served: Served, open_page: OpenPage) -> None:
    orders.start(served, "moved")
    page = open_page(served, BOARD)
    expect(card(column(page, "standard.creating"), "moved")).to_be_visible()
    orders.accept(served, "moved")
    expect(card(column(page, "standard.accepted"), "moved")).to_be_visible()
    orders.start(served, "new", delivery="courier")
    expect(card(column(page, "courier_driven.creating"), "new")).to_be_visible()


def test_chosen_cards_are_sent_an_event_together(served: Served, open_page: OpenPage) -> None:
    for id in ("bulk-1", "bulk-2"):
        orders.start(served, id, restaurant="bulk")
    page = open_page(served, BOARD)
    for id in ("bulk-1", "bulk-2"):
        page.get_by_role("checkbox", name=f"Choose {id}").check()
    page.get_by_role("button", name="Send Restaurant rejected").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("reason").fill("closed today")
    dialog.get_by_role("button", name="Send").click()
    for id in ("bulk-1", "bulk-2"):
        expect(card(page, id)).to_have_count(0)
        assert served.client.get("order", id).state == ["cancelled"]


def carry(page: Page, id: str, to: str) -> None:
    """Takes a card by the mouse and holds it over a column."""
    at = card(page, id)
    at.scroll_into_view_if_needed()
    middle(page, at)
    page.mouse.down()
    target = column(page, to)
    target.scroll_into_view_if_needed()
    middle(page, target, steps=8)


def middle(page: Page, of: Locator, steps: int = 1) -> None:
    box = of.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=steps)


def column(page: Page, id: str) -> Locator:
    return page.locator(f'[data-column="{id}"]')


def card(within: Page | Locator, id: str) -> Locator:
    return within.locator(f'[data-card="{id}"]')
