"""The studio of a server that takes tokens: the form, who is signed in, and a token that ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.studio.conftest import PICTURES
from tests.studio.outside import Outside
from tests.studio.served import Served
from tests.studio.watched import Watched

#: with access of its own; what it leaves out nobody may do, but act, which `--act-role` permits
MACHINE = """
statehold: 1
name: visit
version: 1
data: {properties: {note: {type: string, default: ''}}}
access: {start: desk, read: [desk, operator], inspect: operator}
events: {Arrive: {}, Leave: {}}
states: {booked: {initial: true}, inside: {}, over: {final: true}}
transitions:
  arrive: {on: Arrive, from: booked, to: inside, by: desk}
  leave: {on: Leave, from: inside, to: over, by: desk}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, built: None) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tokens")
    document = folder / "visit.yaml"
    document.write_text(MACHINE, encoding="utf-8")
    with Outside() as outside:
        served = Served(folder, outside.url, (str(document),), ("--auth", "tokens"))
        with served:
            yield served


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    watched: list[Watched] = []
    context.on("page", lambda page: watched.append(Watched(page, served.url)))
    yield context
    context.close()
    for one in watched:
        one.check()


def made(served: Served, name: str, *roles: str) -> str:
    options = [word for role in roles for word in ("--role", role)]
    return token(served, "create", name, *options).strip()


def token(served: Served, *arguments: str) -> str:
    """What ``statehold token`` prints; as a process, as an event loop runs in this thread."""
    done = subprocess.run(
        [
            sys.executable, "-c", "from statehold.cli import main; main()",
            "token", *arguments, "--store", served.store,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def give(page: Page, text: str) -> None:
    page.get_by_label("Access token").fill(text)
    page.get_by_role("button", name="Sign in", exact=True).click()


def opened(context: BrowserContext, served: Served, text: str, address: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{served.url}/{address}")
    give(page, text)
    return page


def test_a_token_signs_in_and_the_menu_says_who_it_is(
    context: BrowserContext, served: Served
) -> None:
    page = context.new_page()
    page.goto(f"{served.url}/#/machines/visit/instances")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # nothing is offered, and nothing of the server is shown, before that
    expect(page.get_by_role("link", name="Machines")).to_have_count(0)
    expect(page.get_by_text("visit")).to_have_count(0)
    page.screenshot(path=PICTURES / "tokens-sign-in.png")
    give(page, "sth_0000000000000_no")
    expect(page.get_by_text("the caller is not authenticated")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    text = made(served, "dora", "desk")
    give(page, text)
    expect(page.get_by_role("heading", name="Instances of visit")).to_be_visible()
    page.get_by_role("button", name="dora").click()
    account = page.get_by_role("dialog", name="Account")
    expect(account.get_by_text("You are signed in as dora")).to_be_visible()
    expect(account.get_by_text("desk", exact=True)).to_be_visible()
    # who is signed in does not choose a name and roles
    expect(account.get_by_role("textbox")).to_have_count(0)
    page.screenshot(path=PICTURES / "tokens-account.png")

    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert text not in kept
    assert "sth_" not in kept
    account.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.get_by_role("button", name="dora")).to_have_count(0)


def test_a_page_that_is_loaded_again_asks_for_the_token_again(
    context: BrowserContext, served: Served
) -> None:
    page = opened(context, served, made(served, "dora", "desk"), "#/machines/visit")
    expect(page.get_by_role("button", name="dora")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_a_revoked_token_was_refused_is_done_with_the_next_one_of_its_user(
    context: BrowserContext, served: Served
) -> None:
    page = opened(context, served, made(served, "dora", "desk"), "#/machines/visit/instances")
    page.get_by_role("button", name="Start an instance").click()
    page.get_by_label("id generated if omitted").fill("v-1")
    revoke(served, "dora")
    # a server believes what it has read for five seconds at most, and its streams end within twenty
    again = page.get_by_role("dialog", name="Your sign-in has ended")
    expect(again).to_be_visible(timeout=60_000)
    page.screenshot(path=PICTURES / "tokens-ended.png")

    # another one's token does not finish what this user has begun
    give(page, made(served, "olga", "desk", "operator"))
    expect(again.get_by_role("alert")).to_contain_text("This token is of olga")
    expect(again).to_be_visible()

    give(page, made(served, "dora", "desk"))
    expect(again).not_to_be_attached()
    expect(page.get_by_label("id generated if omitted")).to_have_value("v-1")
    page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="v-1")).to_be_visible()


def test_what_a_user_has_begun_is_not_sent_by_the_next_one(
    context: BrowserContext, served: Served
) -> None:
    page = opened(context, served, made(served, "dora", "desk"), "#/machines/visit/instances")
    page.get_by_role("button", name="Start an instance").click()
    page.get_by_label("id generated if omitted").fill("of-dora")
    page.route(
        "**/api/machines/visit/instances",
        lambda route: route.fulfill(
            status=401,
            content_type="application/problem+json",
            body=json.dumps({"title": "Authentication required", "detail": "it was withdrawn"}),
        ),
        times=1,
    )
    page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    again = page.get_by_role("dialog", name="Your sign-in has ended")
    again.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    give(page, made(served, "olga", "desk", "operator"))
    expect(page.get_by_role("heading", name="Instances of visit")).to_be_visible()
    expect(page.get_by_role("button", name="olga")).to_be_visible()
    page.reload()
    give(page, made(served, "olga", "desk", "operator"))
    expect(page.get_by_role("heading", name="Instances of visit")).to_be_visible()
    expect(page.get_by_text("of-dora")).to_have_count(0)


def revoke(served: Served, name: str) -> None:
    for one in json.loads(token(served, "list", "--json")):
        if one["name"] == name and one["status"] == "good":
            token(served, "revoke", one["id"])
