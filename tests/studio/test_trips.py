"""What a chart says with an input, labels and a clean-up, as people meet it in the studio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.studio.conftest import OpenPage
from tests.studio.outside import Outside
from tests.studio.served import Served
from tests.studio.shown import is_lit

MACHINES = tuple(f"tests.studio.trips:{name}" for name in ("TripFlow", "Journey", "PapersFlow"))
#: what a server without authentication is to believe
CLAIM = '{"name":"ada","roles":"agent, operator"}'


@pytest.fixture(scope="module")
def trips(
    tmp_path_factory: pytest.TempPathFactory, outside: Outside, built: None
) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("trips"), outside.url, MACHINES) as served:
        yield served


def test_a_start_asks_for_the_input_alone_and_shows_why_nothing_was_made_of_it(
    trips: Served, open_page: OpenPage
) -> None:
    page = open_page(trips, "#/machines/trip")
    page.get_by_role("button", name="Start an instance").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_have_count(3)
    expect(dialog.get_by_label("days")).to_have_count(0)
    nights = dialog.get_by_label("How many nights")
    dialog.get_by_label("city").fill("Oslo")
    nights.fill("0")
    start = dialog.get_by_role("button", name="Start")
    start.click()
    expect(nights).to_have_attribute("aria-invalid", "true")
    nights.fill("3")
    start.click()
    expect(dialog).to_have_count(0)
    data = page.get_by_role("group", name="Data", exact=True)
    expect(data).to_contain_text("days: 4")


def test_forms_and_diagram_show_labels_in_place_of_names(
    trips: Served, open_page: OpenPage
) -> None:
    trips.client.start("trip", id="labels", data={"city": "Oslo", "nights": 2})
    page = open_page(trips, "#/machines/trip/instances/labels")
    as_agent(page)
    judge = page.locator('[data-event="Judge"]')
    expect(judge).to_contain_text("Say if it can be had")
    judge.get_by_label("There is room").check()
    judge.get_by_role("button", name="Send").click()
    pay = page.locator('[data-event="Pay"]')
    expect(pay).to_contain_text("Pay for the trip")
    expect(pay).to_contain_text("Waiting for the money")
    expect(is_lit(page, "unpaid")).to_contain_text("Waiting for the money")
    assert trips.client.get("trip", "labels").view["hotel"]["known"] is True


def test_a_cancelled_instance_cleans_up_before_it_ends(trips: Served, open_page: OpenPage) -> None:
    trips.client.start("trip", id="undone", data={"city": "Oslo", "nights": 2})
    page = open_page(trips, "#/machines/trip/instances/undone")
    cancel(page, "no time").get_by_role("button", name="Cancel instance").click()
    expect(is_lit(page, "undoing")).to_be_visible()
    expect(page.get_by_text("undone cleans up, and ends then")).to_be_visible()
    page.locator('[data-event="PaidBack"]').get_by_role("button", name="Send").click()
    expect(page.get_by_text("The instance has ended")).to_be_visible()
    assert trips.client.get("trip", "undone").status == "cancelled"


def test_an_instance_that_can_not_be_left_is_ended_by_force(
    trips: Served, open_page: OpenPage
) -> None:
    trips.client.start("papers", id="lost", data={"owner": "ada"})
    page = open_page(trips, "#/machines/papers/instances/lost")
    dialog = cancel(page, "they are gone")
    dialog.get_by_role("button", name="Cancel instance").click()
    expect(dialog.get_by_role("alert")).to_contain_text("hand_in")
    assert trips.client.get("papers", "lost").status == "running"
    dialog.get_by_label("By force").check()
    dialog.get_by_role("button", name="Cancel instance").click()
    expect(page.get_by_text("The instance has ended")).to_be_visible()
    assert trips.client.get("papers", "lost").status == "cancelled"


def as_agent(page: Page) -> None:
    page.evaluate("claim => { localStorage['statehold.claim'] = claim }", CLAIM)
    page.reload()


def cancel(page: Page, reason: str) -> Locator:
    """The dialog that asks how, with the reason filled in."""
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("reason").fill(reason)
    return dialog
