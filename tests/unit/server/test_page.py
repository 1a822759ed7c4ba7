"""The page at the server's root."""

from __future__ import annotations

from statehold.server.page import render
from statehold.wire.machines import MachineSummary


def test_what_a_machine_says_of_itself_is_text_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    machine = MachineSummary(name=evil, version=1, doc=evil, states=1, events=[], versions=[1])
    html = render([(machine, {evil: 1200})])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    assert "1,200" in html


def test_an_engine_without_machines_says_so() -> None:
    assert "runs no machine" in render([])


def test_where_the_studio_was_not_built_the_page_says_how_to_build_it() -> None:
    assert "make studio" in render([], studio_is_missing=True)
    assert "studio" not in render([])
