"""The studio signs in at a real provider, in a real browser, and keeps its token to itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.studio.conftest import PICTURES
from tests.studio.provided import AUDIENCE, Provided, new_keys
from tests.studio.watched import Watched

SignedIn = Callable[..., Page]


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory, built: None) -> Iterator[Provided]:
    with Provided(tmp_path_factory.mktemp("provided")) as provided:
        yield provided


@pytest.fixture
def context(
    browser: Browser, provided: Provided, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A browser that has never been here; at its end, what a page may not do fails the test."""
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    watched: list[Watched] = []
    context.on(
        "page", lambda page: watched.append(Watched(page, provided.url, provided.provider.url))
    )
    yield context
    for number, page in enumerate(context.pages):
        if not page.is_closed():
            page.screenshot(
                path=PICTURES / f"{request.node.name}{f'-{number}' if number else ''}.png"
            )
    context.close()
    for one in watched:
        one.check()


def at_provider(page: Page, name: str) -> None:
    """What the user does at the provider."""
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Continue").click()


def sign_in(context: BrowserContext, provided: Provided, name: str, address: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{provided.url}/{address}")
    page.get_by_role("button", name="Sign in").click()
    at_provider(page, name)
    expect(page.get_by_role("button", name=name)).to_be_visible()
    return page


def tokens_in(page: Page) -> str:
    """All that the page's origin stores, where any of its scripts could read it."""
    return str(
        page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,"
            " location.href])"
        )
    )


def test_a_page_asks_to_sign_in_and_shows_what_it_was_opened_for(
    context: BrowserContext, provided: Provided
) -> None:
    page = context.new_page()
    page.goto(f"{provided.url}/#/machines/order/fleet?window=1h")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.screenshot(path=PICTURES / "sign-in.png")
    page.get_by_role("button", name="Sign in").click()
    page.screenshot(path=PICTURES / "sign-in-at-provider.png")
    at_provider(page, "olga")
    expect(page.get_by_role("button", name="olga")).to_be_visible()
    assert page.url == f"{provided.url}/#/machines/order/fleet?window=1h"


def test_the_token_is_in_memory_alone(context: BrowserContext, provided: Provided) -> None:
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(f"{provided.url}/api/me"):
            sent.append(request.headers["authorization"])

    context.on("request", note)
    page = sign_in(context, provided, "olga")
    assert sent[-1].startswith("Bearer ey")
    stored = tokens_in(page)
    assert "ey" not in stored.replace("key", ""), stored
    assert json.loads(stored)[1] == {}
    assert page.context.cookies(provided.url) == [] or all(
        "Bearer" not in one["value"] for one in page.context.cookies(provided.url)
    )


def test_a_page_that_is_loaded_again_signs_in_by_itself_where_the_session_lives(
    context: BrowserContext, provided: Provided
) -> None:
    page = sign_in(context, provided, "olga", "#/incidents")
    page.reload()
    expect(page.get_by_role("button", name="olga")).to_be_visible()
    assert page.url == f"{provided.url}/#/incidents"
    other = context.new_page()
    other.goto(f"{provided.url}/#/machines/order/board")
    expect(other.get_by_role("button", name="olga")).to_be_visible()
    assert other.url.endswith("#/machines/order/board")


def test_a_sign_in_that_is_declined_is_said_and_can_be_tried_again(
    context: BrowserContext, provided: Provided
) -> None:
    page = context.new_page()
    page.goto(provided.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("the sign-in was cancelled")).to_be_visible()
    assert page.url == f"{provided.url}/"
    page.get_by_role("button", name="Sign in").click()
    at_provider(page, "olga")
    expect(page.get_by_role("button", name="olga")).to_be_visible()


def test_a_token_is_renewed_before_it_ends_and_the_page_goes_on(
    context: BrowserContext, provided: Provided
) -> None:
    provided.provider.control(seconds=4)
    try:
        used: set[str] = set()

        def note(request: Request) -> None:
            if (
                request.url.startswith(f"{provided.url}/api/")
                and "authorization" in request.headers
            ):
                used.add(request.headers["authorization"])

        context.on("request", note)
        page = sign_in(context, provided, "olga")
        with page.expect_response(lambda r: r.url == f"{provided.provider.url}/token"):
            pass
        with page.expect_response(lambda r: r.url == f"{provided.provider.url}/token"):
            pass
        page.get_by_role("link", name="Incidents").click()
        expect(page.get_by_role("heading", name="No open incidents")).to_be_visible()
        assert len(used) >= 2
    finally:
        provided.provider.control(seconds=300)


def test_signing_out_ends_the_session_and_all_pages_of_the_browser(
    context: BrowserContext, provided: Provided
) -> None:
    page = sign_in(context, provided, "olga")
    other = context.new_page()
    other.goto(f"{provided.url}/#/machines/order/board")
    expect(other.get_by_role("button", name="olga")).to_be_visible()
    page.get_by_role("button", name="olga").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_is_refused_in_use_is_done_after_signing_in_again(
    context: BrowserContext, provided: Provided
) -> None:
    page = sign_in(context, provided, "olga", "#/machines/order/instances")
    page.get_by_role("button", name="Start an instance").click()
    page.get_by_label("id generated if omitted").fill("again-1")
    starts: list[int] = []

    def refuse_once(route: Route) -> None:
        starts.append(len(starts))
        if len(starts) > 1:
            route.continue_()
            return
        route.fulfill(
            status=401,
            content_type="application/problem+json",
            body=json.dumps({"title": "Authentication required", "detail": "it was withdrawn"}),
        )

    page.route("**/api/machines/order/instances", refuse_once)
    with provided.forgotten("olga"):
        page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
        again = page.get_by_role("dialog", name="Your sign-in has ended")
        expect(again).to_be_visible()
        # what was begun is still there, below
        expect(page.get_by_label("id generated if omitted")).to_have_value("again-1")
    # her session there lives, so that the window is gone before she sees it
    with context.expect_page() as opened:
        again.get_by_role("button", name="Sign in again").click()
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")
    expect(again).not_to_be_attached()
    expect(page.get_by_role("heading", name="again-1")).to_be_visible()
    assert starts == [0, 1]


def test_another_user_does_not_finish_what_one_has_begun(
    context: BrowserContext, provided: Provided
) -> None:
    provided.provider.control(seconds=4)
    page = sign_in(context, provided, "olga", "#/incidents")
    again = page.get_by_role("dialog", name="Your sign-in has ended")
    with provided.forgotten("olga"):
        expect(again).to_be_visible()
    provided.provider.control(seconds=300)
    context.clear_cookies()
    with context.expect_page() as opened:
        again.get_by_role("button", name="Sign in again").click()
    with page.expect_navigation():
        at_provider(opened.value, "rita")
    expect(page.get_by_role("button", name="rita")).to_be_visible()


def test_keys_that_are_rotated_are_taken_at_once(
    context: BrowserContext, provided: Provided
) -> None:
    first = sign_in(context, provided, "olga")
    provided.provider.control(keys=new_keys())
    # this provider forgets its sessions then
    first.close()
    sign_in(context, provided, "rita")


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_browser_whose_clock_is_wrong_signs_in(
    context: BrowserContext, provided: Provided, hours: int
) -> None:
    at = datetime.now(UTC) + timedelta(hours=hours)
    context.clock.install(time=at)
    sign_in(context, provided, "olga")


def test_a_provider_whose_clock_is_ahead_signs_nobody_in_and_the_page_says_why(
    context: BrowserContext, provided: Provided
) -> None:
    provided.provider.control(skew=600)
    try:
        page = context.new_page()
        page.goto(provided.url)
        page.get_by_role("button", name="Sign in").click()
        at_provider(page, "olga")
        expect(page.get_by_text("iat")).to_be_visible()
    finally:
        provided.provider.control(skew=0)


def test_a_user_who_is_revoked_is_asked_to_sign_in_once_the_token_ends(
    context: BrowserContext, provided: Provided
) -> None:
    provided.provider.control(seconds=4)
    try:
        page = sign_in(context, provided, "olga", "#/incidents")
        with provided.forgotten("olga"):
            expect(page.get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
            page.screenshot(path=PICTURES / "sign-in-ended.png")
            # what is below stays
            expect(page.get_by_role("heading", name="Incidents")).to_be_attached()
    finally:
        provided.provider.control(seconds=300)


def test_the_provider_refuses_a_code_without_its_verifier(
    context: BrowserContext, provided: Provided
) -> None:
    answers: list[int] = []
    context.route(
        f"{provided.provider.url}/token",
        lambda route: route.continue_(
            post_data=(route.request.post_data or "").replace("code_verifier=", "code_verifier=x")
        ),
    )
    context.on(
        "response",
        lambda r: answers.append(r.status) if r.url == f"{provided.provider.url}/token" else None,
    )
    page = context.new_page()
    page.goto(provided.url)
    page.get_by_role("button", name="Sign in").click()
    at_provider(page, "olga")
    expect(page.get_by_text("grant request is invalid")).to_be_visible()
    assert answers == [400]


def test_an_answer_that_this_page_has_not_asked_for_signs_nobody_in(
    context: BrowserContext, provided: Provided
) -> None:
    page = context.new_page()
    page.goto(f"{provided.url}/?code=stolen&state=of-an-attacker#/incidents")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url == f"{provided.url}/#/incidents"
    assert AUDIENCE not in tokens_in(page)


def test_the_pages_may_reach_the_issuer_and_no_other_origin(provided: Provided) -> None:
    policy = httpx.get(provided.url).headers["content-security-policy"]
    assert f"connect-src 'self' {provided.provider.url};" in policy
    assert "unsafe" not in policy
    told = httpx.get(f"{provided.url}/api/sign-in").json()
    assert told["kind"] == "oidc"
    assert told["oidc"]["client_id"] == "studio"
    assert "secret" not in json.dumps(told)
