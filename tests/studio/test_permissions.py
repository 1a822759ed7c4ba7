"""The table of who may do what, for what the studio offers and shows, by every kind of caller."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from docs.generator.permissions import KINDS, expected
from tests.studio.conftest import PICTURES
from tests.studio.permitted import HEADER
from tests.studio.served import ROOT, free_port
from tests.studio.watched import Watched

IN_BROWSER = [kind for kind in KINDS if kind not in ("message", "the program")]
OWN = "customer, own"


@pytest.fixture(scope="module")
def url(built: None) -> Iterator[str]:
    """A server with one instance, of ann's."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.studio.permitted", str(port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, timeout=60, headers={HEADER: OWN}) as http:
            while process.poll() is None:
                try:
                    http.get(f"{url}/ready")
                    break
                except httpx.ConnectError:
                    continue
            started = http.post(
                f"{url}/api/machines/order/instances",
                json={"id": "o-1", "data": {"customer": "ann"}},
            )
            assert started.status_code == 201, started.text
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def page(browser: Browser, url: str, kind: str) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1400, "height": 900},
        locale="en-GB",
        reduced_motion="reduce",
        extra_http_headers={HEADER: kind},
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    watched = Watched(page, url)
    yield page
    name = "".join(letter if letter.isalnum() else "-" for letter in kind)
    page.screenshot(path=PICTURES / f"permissions-{name}.png")
    context.close()
    watched.check()


def is_there(what: Locator, there: bool) -> None:
    """To be asked once the page is complete."""
    expect(what).to_have_count(1 if there else 0)


def refused(page: Page) -> Locator:
    return page.get_by_role("alert").filter(has_text="Not permitted")


@pytest.mark.parametrize("kind", IN_BROWSER)
def test_a_page_offers_and_shows_what_the_table_permits(page: Page, url: str, kind: str) -> None:
    page.goto(f"{url}/")
    if expected("me", kind) == "401":
        expect(refused(page)).to_contain_text("nothing says who you are")
        is_there(page.get_by_role("link", name="order"), there=False)
        return
    sees = expected("machines", kind) == "yes"
    expect(
        page.get_by_role("heading", name="order" if sees else "No machine to show")
    ).to_be_visible()
    inspects = expected("journal", kind) == "yes"
    is_there(page.get_by_role("link", name="Incidents", exact=True), inspects)

    page.goto(f"{url}/#/machines/order")
    if expected("machine", kind) != "yes":
        assert not sees
        expect(refused(page)).to_be_visible()
        for view in ("instances", "board", "fleet", "instances/o-1"):
            page.goto(f"{url}/#/machines/order/{view}")
            expect(refused(page)).to_be_visible()
        return
    starts = expected("start", kind) in ("yes", "blind")
    start = page.get_by_role("button", name="Start an instance")
    expect(page.locator("svg [data-state], svg .state").first).to_be_visible()
    is_there(start, starts)
    for view in ("Board", "Fleet"):
        is_there(page.get_by_role("link", name=view, exact=True), inspects)

    page.goto(f"{url}/#/machines/order/instances")
    expect(page.get_by_role("heading", name="Instances of order")).to_be_visible()
    listed = expected("list", kind)
    if listed == "no":
        expect(refused(page)).to_be_visible()
    elif listed == "yes" or kind == OWN:
        expect(page.get_by_role("link", name="o-1")).to_be_visible()
    else:
        assert listed == "own"
        expect(page.get_by_role("heading", name="No instance yet")).to_be_visible()
    is_there(start, starts)

    page.goto(f"{url}/#/machines/order/fleet")
    flows = expected("flows", kind) == "yes"
    expect(
        page.get_by_role("group", name="Time window") if flows else refused(page)
    ).to_be_visible()

    page.goto(f"{url}/#/machines/order/instances/o-1")
    if expected("read", kind) != "yes":
        assert not inspects
        expect(refused(page)).to_be_visible()
        return
    expect(page.get_by_role("heading", name="o-1")).to_be_visible()
    shown = "What can happen next" if inspects else "What it shows"
    expect(page.get_by_role("heading", name=shown)).to_be_visible()
    is_there(page.get_by_role("heading", name="Data", exact=True), inspects)
    acts = expected("pause", kind) == "yes"
    for act in ("Pause", "Cancel"):
        is_there(page.get_by_role("button", name=act, exact=True), acts)
    for event in ("Pay", "Approve", "Settle", "Failed"):
        sends = expected("send", kind, event) in ("yes", "blind")
        is_there(page.locator(f"[data-event={event}]"), sends)
