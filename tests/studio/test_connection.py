"""The server goes away and comes back: the page says so, and misses nothing, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.studio import orders
from tests.studio.conftest import OpenPage
from tests.studio.outside import Outside
from tests.studio.served import Served
from tests.studio.shown import is_lit

AWAY = "No connection to the server"


@pytest.fixture
def own_server(tmp_path: Path, outside: Outside) -> Iterator[Served]:
    """One that a test may stop."""
    with Served(tmp_path, outside.url) as served:
        yield served


def test_an_instance_catches_up_with_every_step_that_was_missed(
    own_server: Served, open_page: OpenPage
) -> None:
    page = open_page(own_server, orders.start(own_server, "missed", delivery="courier"))
    expect(is_lit(page, "courier_driven.creating")).to_be_visible()
    page.evaluate("window.mark = 'the same document'")
    own_server.stop()
    expect(page.get_by_text(AWAY)).to_be_visible()
    own_server.start()
    # the page waits longer and longer before it asks again, so this comes first
    own_server.client.send("order", "missed", {"type": "CourierAccepted", "courier": "kim"})
    own_server.client.send("order", "missed", {"type": "Delivered"})
    expect(is_lit(page, "complete")).to_be_visible()
    expect(page.get_by_text(AWAY)).to_have_count(0)
    expect(page.get_by_text("3 / 3")).to_be_visible()
    strip = page.locator("footer")
    for title in ("started", "Courier accepted", "Delivered"):
        expect(strip.get_by_role("button").filter(has_text=title)).to_be_visible()
    assert page.evaluate("window.mark") == "the same document"


def test_a_board_catches_up(own_server: Served, open_page: OpenPage) -> None:
    orders.start(own_server, "before")
    page = open_page(own_server, "#/machines/order/board")
    expect(page.locator('[data-card="before"]')).to_be_visible()
    own_server.stop()
    expect(page.get_by_text(AWAY)).to_be_visible()
    own_server.start()
    orders.start(own_server, "after")
    orders.accept(own_server, "before")
    expect(page.locator('[data-column="standard.creating"] [data-card="after"]')).to_be_visible()
    expect(page.locator('[data-column="standard.accepted"] [data-card="before"]')).to_be_visible()
    expect(page.get_by_text(AWAY)).to_have_count(0)


def test_what_happens_between_the_first_look_and_the_stream_is_seen(
    served: Served, open_page: OpenPage
) -> None:
    orders.start(served, "looked-at")
    page = open_page(served, "#/machines/order/board")
    streams: list[Route] = []
    page.route("**/api/stream", lambda stream: streams.append(stream))
    page.reload()
    expect(page.locator('[data-card="looked-at"]')).to_be_visible()
    orders.start(served, "between")
    # it then waits for a timer, so that it does not change any more
    orders.accept(served, "between")
    assert streams
    for stream in streams:
        stream.continue_()
    expect(page.locator('[data-card="between"]')).to_be_visible()


def test_typed_text_is_kept_while_the_server_is_unreachable_and_can_be_sent_later(
    own_server: Served, open_page: OpenPage
) -> None:
    page = open_page(own_server, orders.start(own_server, "typed"))
    field = page.locator('[data-event="RestaurantAccepted"]').get_by_label("prep minutes")
    field.fill("25")
    own_server.stop()
    expect(page.get_by_text(AWAY)).to_be_visible()
    send = page.locator('[data-event="RestaurantAccepted"]').get_by_role("button", name="Send")
    send.click()
    expect(field).to_have_value("25")
    own_server.start()
    expect(page.get_by_text(AWAY)).to_have_count(0)
    expect(field).to_have_value("25")
    send.click()
    expect(is_lit(page, "standard.accepted")).to_be_visible()
