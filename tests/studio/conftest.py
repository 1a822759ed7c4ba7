"""What the tests of the studio share: the built files, a browser, a server, and a page that is
watched.

Chromium is the machine's own, driven by Playwright; without one the tests are left out, but fail
where CI is set. A picture of each page at the end of its test is kept in ``build/studio``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import hatch_build
from tests.studio.browser import ARGUMENTS, NoBrowser, find_browser
from tests.studio.outside import Outside
from tests.studio.served import ROLES, Served
from tests.studio.watched import Watched

PICTURES = Path(__file__).parents[2] / "build" / "studio"
SIZE = {"width": 1400, "height": 900}

#: a busy machine is no failure
expect.set_options(timeout=20_000)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def built() -> None:
    """The studio is in the package; without Node.js the tests of it are left out, but not in
    continuous integration."""
    if hatch_build.is_built():
        return
    reason = hatch_build.why_no_node() or "it is not built of these sources: run `make studio`"
    lack(f"the studio: {reason}")


# module and not session: while Playwright runs, an event loop runs in this thread, and other
# modules' tests start loops of their own
@pytest.fixture(scope="module")
def browser(built: None) -> Iterator[Browser]:
    try:
        program = find_browser()
    except NoBrowser as error:
        lack(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside() as outside:
        yield outside


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, outside: Outside) -> Iterator[Served]:
    """One server for the tests of a module, each with instances of its own."""
    with Served(tmp_path_factory.mktemp("served"), outside.url) as served:
        yield served


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens pages of a server, ``open_page(served, "#/incidents", color_scheme="dark")``: further
    options are of the browser's context. At the end, what a page may not do makes the test fail."""
    opened: list[tuple[BrowserContext, Page, Watched]] = []

    def open_one(served: Served, address: str = "", **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": SIZE, "locale": "en-GB", "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(20_000)
        # as the dialog *You* stores it, which a test may change
        claim = json.dumps(json.dumps({"name": "", "roles": ", ".join(ROLES)}))
        context.add_init_script(
            f"localStorage['statehold.claim'] = localStorage['statehold.claim'] ?? {claim}"
        )
        page = context.new_page()
        opened.append((context, page, Watched(page, served.url)))
        page.goto(f"{served.url}/{address}")
        return page

    yield open_one
    name = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
    for number, (context, page, _) in enumerate(opened):
        picture = PICTURES / f"{name}{f'-{number}' if number else ''}.png"
        page.screenshot(path=picture)
        context.close()
    for _, _, watched in opened:
        watched.check()


def lack(what: str) -> None:
    """Ends the test for want of something on this machine: as an error where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
