"""How the tests name what a page shows."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page


def state(page: Page, id: str) -> Locator:
    """A state of the diagram, as one can click or focus it."""
    return page.locator(f'.chart [data-id="{id}"]')


def is_lit(page: Page, id: str) -> Locator:
    """The same, if the diagram says that it is active."""
    return state(page, id).and_(page.get_by_label(re.compile(r"(^|, )active(,|$)")))
