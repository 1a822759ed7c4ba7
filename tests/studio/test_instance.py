"""An instance's page: what it does, what may come, what was; and acts on it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.studio import orders
from tests.studio.conftest import OpenPage
from tests.studio.served import Served
from tests.studio.shown import is_lit, state


def test_an_event_sent_by_its_form_changes_diagram_data_and_history_without_a_reload(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, orders.start(served, "sent"))
    expect(is_lit(page, "standard.creating")).to_be_visible()
    page.evaluate("window.mark = 'the same document'")
    form = card(page, "RestaurantAccepted")
    form.get_by_label("prep minutes").fill("30")
    form.get_by_role("button", name="Send").click()
    expect(is_lit(page, "standard.accepted")).to_be_visible()
    expect(is_lit(page, "standard.creating")).to_have_count(0)
    expect(page.get_by_role("group", name="Data", exact=True)).to_contain_text(
        re.compile(r"was\s+prep_minutes:\s*null")
    )
    expect(page.get_by_role("group", name="Data", exact=True)).to_contain_text(
        re.compile(r"now\s+prep_minutes:\s*30")
    )
    expect(page.get_by_text("2 / 2")).to_be_visible()
    expect(step(page, "Restaurant accepted")).to_have_attribute("aria-current", "step")
    assert page.evaluate("window.mark") == "the same document"
    assert served.client.get("order", "sent").view["prep_minutes"] == 30


def test_a_payload_error_is_shown_at_its_field_and_changes_nothing(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, orders.start(served, "wrong"))
    form = card(page, "RestaurantAccepted")
    field = form.get_by_label("prep minutes")
    field.fill("1000")
    form.get_by_role("button", name="Send").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("soon")
    form.get_by_role("button", name="Send").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert served.client.get("order", "wrong").seq == 1


def test_what_others_do_is_seen_as_it_happens(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, orders.start(served, "others"))
    expect(is_lit(page, "standard.creating")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    orders.accept(served, "others")
    expect(is_lit(page, "standard.accepted")).to_be_visible()
    expect(card(page, "RestaurantAccepted")).to_have_count(0)


def test_impossible_events_are_listed_with_a_reason(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, orders.start(served, "why"))
    page.get_by_text("Not possible now, and why").click()
    expect(page.get_by_role("listitem").filter(has_text="Delivered")).to_be_visible()
    expect(card(page, "Delivered")).to_have_count(0)


def test_scrubbing_back_lights_the_diagram_as_it_was(served: Served, open_page: OpenPage) -> None:
    address = orders.start(served, "scrubbed")
    orders.accept(served, "scrubbed")
    served.client.send("order", "scrubbed", {"type": "RestaurantRejected", "reason": "no cheese"})
    page = open_page(served, address)
    expect(is_lit(page, "cancelled")).to_be_visible()
    page.get_by_role("button", name="One step back").click()
    expect(is_lit(page, "standard.accepted")).to_be_visible()
    expect(is_lit(page, "cancelled")).to_have_count(0)
    page.get_by_role("slider", name="Step").press("Home")
    expect(is_lit(page, "standard.creating")).to_be_visible()
    expect(page.get_by_text("As it was after step 1")).to_be_visible()
    expect(page.get_by_role("group", name="Data", exact=True)).to_contain_text("Margherita")
    page.reload()
    expect(is_lit(page, "standard.creating")).to_be_visible()
    page.get_by_role("button", name="Now", exact=True).click()
    expect(is_lit(page, "cancelled")).to_be_visible()


def test_a_timer_is_fired_by_hand_and_the_journal_says_by_whom_and_why(
    served: Served, open_page: OpenPage
) -> None:
    address = orders.start(served, "fired")
    orders.accept(served, "fired")
    page = open_page(served, address)
    expect(is_lit(page, "standard.accepted")).to_be_visible()
    claim(page, "grace")
    page.locator("[data-timer]").get_by_role("button", name="Fire now").click()
    confirm(page, "Fire now", "it is ready early")
    expect(is_lit(page, "standard.ready")).to_be_visible()
    entry = next(
        one
        for one in served.client.journal("order", "fired").entries
        if one.reason == "it is ready early"
    )
    assert entry.caller == "grace"


def test_a_timer_is_rescheduled_and_cancelled(served: Served, open_page: OpenPage) -> None:
    address = orders.start(served, "timed")
    orders.accept(served, "timed", prep_minutes=5)
    page = open_page(served, address)
    timer = page.locator("[data-timer]")
    timer.get_by_role("button", name="Reschedule").click()
    page.get_by_role("dialog").get_by_label("seconds").fill("7200")
    confirm(page, "Reschedule", "the oven is cold")
    expect(timer).to_contain_text(re.compile(r"1 ?h|2 ?h|1:59|119"))
    timer.get_by_role("button", name="Cancel").click()
    confirm(page, "Cancel timer", "the oven is broken")
    expect(timer).to_have_count(0)
    assert served.client.explain("order", "timed").timers == []


def test_a_paused_instance_holds_events_until_it_is_resumed(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, orders.start(served, "paused"))
    page.get_by_role("button", name="Pause").click()
    confirm(page, "Pause", "the customer called")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    form = card(page, "RestaurantAccepted")
    form.get_by_label("prep minutes").fill("20")
    form.get_by_role("button", name="Send").click()
    expect(page.get_by_text("waits until paused is resumed")).to_be_visible()
    expect(is_lit(page, "standard.creating")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    confirm(page, "Resume", "all is well")
    expect(is_lit(page, "standard.accepted")).to_be_visible()


def test_an_instance_that_is_not_there_is_said_to_be_so(
    served: Served, open_page: OpenPage
) -> None:
    page = open_page(served, "#/machines/order/instances/nobody")
    expect(page.get_by_role("main")).to_contain_text("nobody")
    expect(page.get_by_role("link", name="See the instances of order")).to_be_visible()


def test_an_order_is_started_by_its_form(served: Served, open_page: OpenPage) -> None:
    page = open_page(served, "#/machines/order")
    page.get_by_role("button", name="Start an instance").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add to items").click()
    dialog.get_by_role("textbox", name="items 1").fill("Calzone")
    dialog.get_by_label("restaurant", exact=True).fill("luigi")
    dialog.get_by_label("customer", exact=True).fill("c-1")
    dialog.get_by_role("button", name="Start").click()
    expect(is_lit(page, "standard.creating")).to_be_visible()
    expect(page.get_by_role("group", name="Data", exact=True)).to_contain_text("Calzone")
    expect(state(page, "choosing")).to_be_visible()


def card(page: Page, event: str) -> Locator:
    """What sends an event that may be sent now."""
    return page.locator(f'[data-event="{event}"]')


def step(page: Page, title: str) -> Locator:
    """A step of the history."""
    return page.locator("footer").get_by_role("button").filter(has_text=title)


def confirm(page: Page, act: str, reason: str) -> None:
    """Gives the reason that an act by hand asks for."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("reason").fill(reason)
    dialog.get_by_role("button", name=act, exact=True).click()
    expect(dialog).to_have_count(0)


def claim(page: Page, name: str) -> None:
    """Sets the name that a server without authentication believes."""
    page.get_by_role("button", name="Account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
