"""The watch that the other tests rely on sees what it is to see, and the page keeps to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.studio.conftest import OpenPage
from tests.studio.served import Served
from tests.studio.watched import Watched


def test_the_page_is_the_built_studio(served: Served, open_page: OpenPage) -> None:
    page = open_page(served)
    expect(page).to_have_title("Machines · Statehold")
    expect(page.get_by_role("heading", name="Machines")).to_be_visible()
    loaded = page.evaluate(
        "document.fonts.ready.then(() => [...document.fonts].map((f) => [f.family, f.status]))"
    )
    assert ["Inter Variable", "loaded"] in [[name.strip('"'), status] for name, status in loaded]


@pytest.mark.parametrize(
    ("deed", "seen"),
    [
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "Content Security Policy"),
        ("void setTimeout(() => new Function('return 1')())", "unsafe-eval"),
        ("void (document.body.innerHTML = '<p style=\"color: red\">')", "inline style"),
        ("void (document.body.innerHTML = '<img src=http://127.0.0.1:9/x.png>')", "img-src"),
        ("console.error('that went wrong')", "that went wrong"),
        ("void setTimeout(() => { throw new Error('nobody caught me') })", "nobody caught me"),
    ],
)
def test_what_a_page_may_not_do_is_refused_and_seen(
    served: Served, browser: Browser, deed: str, seen: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    watched = Watched(page, served.url)
    page.goto(served.url)
    page.evaluate(f"() => {{ try {{ {deed} }} catch {{ }} }}")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    context.close()
    with pytest.raises(AssertionError, match=seen):
        watched.check()
