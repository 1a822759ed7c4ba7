"""What waits for a person: listed, retried, skipped; who did it and why stands in the journal."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.studio import orders
from tests.studio.conftest import OpenPage
from tests.studio.outside import Outside
from tests.studio.served import Served


def test_an_incident_is_retried_from_the_list_and_the_journal_says_why(
    served: Served, outside: Outside, open_page: OpenPage
) -> None:
    outside.refuse()
    orders.start(served, "stuck")
    page = open_page(served, "#/incidents")
    row = page.get_by_role("row").filter(has_text="stuck")
    expect(row).to_contain_text("422")
    outside.accept()
    row.get_by_role("button", name="Retry").click()
    confirm(page, "Retry", "the restaurant is back")
    expect(row).to_have_count(0)
    answer = [entry.reason for entry in served.client.journal("order", "stuck").entries]
    assert "the restaurant is back" in answer
    assert served.client.incidents().incidents == []


def test_an_incident_is_skipped_on_the_page_of_its_instance(
    served: Served, outside: Outside, open_page: OpenPage
) -> None:
    outside.refuse()
    page = open_page(served, orders.start(served, "skipped"))
    incident = page.locator("[data-incident]")
    expect(incident).to_contain_text("422")
    outside.accept()
    incident.get_by_role("button", name="Skip").click()
    confirm(page, "Skip", "they were called")
    expect(incident).to_have_count(0)
    assert served.client.get("order", "skipped").state == ["standard.creating"]


def test_several_are_retried_together(
    served: Served, outside: Outside, open_page: OpenPage
) -> None:
    outside.refuse()
    for id in ("many-1", "many-2"):
        orders.start(served, id)
    page = open_page(served, "#/incidents")
    for id in ("many-1", "many-2"):
        page.get_by_role("checkbox", name=f"Choose offer_to_restaurant of {id}").check()
    outside.accept()
    page.get_by_role("toolbar").get_by_role("button", name="Retry").click()
    confirm(page, "Retry", "all are back")
    expect(page.get_by_text("No open incidents")).to_be_visible()


def confirm(page: Page, act: str, reason: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("reason").fill(reason)
    dialog.get_by_role("button", name=act, exact=True).click()
    expect(dialog).to_have_count(0)
