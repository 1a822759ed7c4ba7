"""The studio under rights: what a caller may not do is not offered, and what it may not see does
not break a page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.studio.conftest import PICTURES
from tests.studio.provided import Provided
from tests.studio.test_sign_in import sign_in
from tests.studio.watched import Watched


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory, built: None) -> Iterator[Provided]:
    with Provided(tmp_path_factory.mktemp("rights")) as provided:
        yield provided


@pytest.fixture(scope="module")
def pages(browser: Browser, provided: Provided) -> Iterator[dict[str, Page]]:
    """A page of each user; olga has started an onboarding."""
    found: dict[str, Page] = {}
    watched: list[Watched] = []
    contexts = []
    for name in ("olga", "rita", "nobody"):
        context = browser.new_context(
            viewport={"width": 1400, "height": 900}, locale="en-GB", reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        context.on(
            "page",
            lambda page: watched.append(Watched(page, provided.url, provided.provider.url)),
        )
        tokens: list[str] = []
        context.on("request", partial(note_token, tokens))
        found[name] = sign_in(context, provided, name)
        if name == "olga":
            answer = httpx.post(
                f"{provided.url}/api/machines/onboarding/instances",
                json={"id": "n-1", "data": {"name": "Nia", "email": "nia@example.com"}},
                headers={"authorization": tokens[-1]},
            )
            assert answer.status_code == 201, answer.text
    yield found
    for context in contexts:
        context.close()
    for one in watched:
        one.check()


def note_token(tokens: list[str], request: Request) -> None:
    if "authorization" in request.headers:
        tokens.append(request.headers["authorization"])


def go(page: Page, provided: Provided, address: str) -> None:
    page.goto(f"{provided.url}/{address}")


def test_an_operator_is_offered_everything(pages: dict[str, Page], provided: Provided) -> None:
    page = pages["olga"]
    go(page, provided, "#/machines/onboarding/instances/n-1")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("heading", name="What can happen next")).to_be_visible()
    expect(page.get_by_role("link", name="Board", exact=True)).to_be_visible()
    page.screenshot(path=PICTURES / "rights-operator.png")


def test_a_reader_sees_the_view_and_no_act(pages: dict[str, Page], provided: Provided) -> None:
    page = pages["rita"]
    go(page, provided, "#/machines/onboarding/instances/n-1")
    expect(page.get_by_role("heading", name="n-1")).to_be_visible()
    expect(page.get_by_role("heading", name="What it shows")).to_be_visible()
    # the chart is drawn, with the state lit
    expect(page.locator("svg [data-state], svg .state").first).to_be_visible()
    for hidden in ("Pause", "Cancel", "Retry", "Send", "Fire now"):
        expect(page.get_by_role("button", name=hidden, exact=True)).to_have_count(0)
    for hidden in ("Data", "Timers", "Effects"):
        expect(page.get_by_role("heading", name=hidden)).to_have_count(0)
    for hidden in ("Board", "Fleet", "Incidents"):
        expect(page.get_by_role("link", name=hidden, exact=True)).to_have_count(0)
    page.screenshot(path=PICTURES / "rights-reader.png")


def test_a_reader_lists_instances_and_starts_none(
    pages: dict[str, Page], provided: Provided
) -> None:
    page = pages["rita"]
    go(page, provided, "#/machines/onboarding/instances")
    expect(page.get_by_role("link", name="n-1")).to_be_visible()
    expect(page.get_by_role("button", name="Start an instance")).to_have_count(0)
    page.screenshot(path=PICTURES / "rights-reader-list.png")
    go(page, provided, "#/machines/onboarding")
    expect(page.get_by_role("button", name="Start an instance")).to_have_count(0)


def test_a_page_that_is_not_for_a_reader_says_so(
    pages: dict[str, Page], provided: Provided
) -> None:
    page = pages["rita"]
    go(page, provided, "#/machines/onboarding/fleet")
    expect(page.get_by_text("Not permitted").first).to_be_visible()


def test_who_has_no_rights_sees_no_machine(pages: dict[str, Page], provided: Provided) -> None:
    page = pages["nobody"]
    go(page, provided, "#/")
    expect(page.get_by_role("button", name="nobody")).to_be_visible()
    expect(page.get_by_text("onboarding")).to_have_count(0)
    page.screenshot(path=PICTURES / "rights-nobody.png")
    go(page, provided, "#/machines/onboarding/instances/n-1")
    expect(page.get_by_role("alert").filter(has_text="may not")).to_be_visible()
