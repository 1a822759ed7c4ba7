"""What a page may not do: load from another origin, break the policy, raise, or log an error."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request

#: the browser logs these by itself for each answer that a page is made to handle: a refused event,
#: a server that is away
_HANDLED = ("Failed to load resource:",)
_OWN_SCHEMES = ("data:", "blob:")


class Watched:
    """Listens from its making on; ``check`` raises ``AssertionError`` with all that was seen."""

    def __init__(self, page: Page, *origins: str) -> None:
        self._own = (*(f"{origin}/" for origin in origins), *_OWN_SCHEMES)
        self._seen: list[str] = []
        page.on("request", self._requested)
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self._seen.append(f"raised {error}"))

    def check(self) -> None:
        assert not self._seen, "the page did what it may not:\n" + "\n".join(self._seen)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self._seen.append(f"asked another origin: {request.method} {request.url}")

    def _logged(self, message: ConsoleMessage) -> None:
        # what the policy refused is among the errors
        if message.type in ("error", "warning") and not message.text.startswith(_HANDLED):
            self._seen.append(f"logged {message.type}: {message.text}")
