"""How fast the studio is in a real Chromium, on a real server, and what it weighs.

``python -m benchmarks.studio [--quick]``: every page is opened in a browser context of its own, so
that nothing is in its cache; times are the page's own, from the beginning of its navigation to the
first frame that shows what is asked for. They are measured, not tested: a busy machine is no
failure.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.load import free_port, serving, until_ready
from benchmarks.machine import print_machine
from benchmarks.rounds import ROUNDS, Series
from benchmarks.studio_machines import ENTRIES, TICKETS, fill, write_machines
from benchmarks.table import percent, print_table
from statehold.server.studio import FOLDER, is_built
from tests.studio.browser import ARGUMENTS, find_browser

ORDER = "examples.order_v3.flow:OrderFlow"
SIZE = {"width": 1400, "height": 900}
PATIENCE_MS = 120_000

#: elements that a page has once it shows its content
STATE = ".chart [data-id]"
CARD = "[data-card]"
ENTRY = "footer .step b"
CARDS = "[data-column] [role=list]"

#: a stall is what a person notices: the browser calls a task long from here on
LONG_TASK_MS = 50
WHEEL_TURNS = 120
WHEEL_PIXELS = 600

_WATCH = """
(selector) => {
  window.shown = new Promise((done) => {
    const look = () => {
      if (document.querySelector(selector) === null) return requestAnimationFrame(look);
      // the frame that was just made is shown before the next one begins
      requestAnimationFrame(() => done(performance.now()));
    };
    requestAnimationFrame(look);
  });
}
"""
_STALLS = """
() => {
  window.stalls = [];
  window.frames = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.stalls.push(entry.duration);
  }).observe({ type: 'longtask' });
  let last = performance.now();
  const frame = (now) => {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""


class Goal(NamedTuple):
    what: str
    address: str
    shows: str
    milliseconds: float


GOALS = (
    Goal("the order diagram, cold", "#/machines/order", STATE, 500),
    Goal("a chart of 101 states, cold", "#/machines/large", STATE, 1000),
    Goal(f"a board of {TICKETS:,} instances", "#/machines/ticket/board", CARD, 1000),
    Goal(f"an instance with {ENTRIES:,} entries", "#/machines/meter/instances/m-1", ENTRY, 1000),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studio")
    parser.add_argument("--quick", action="store_true", help="one lap of each")
    rounds = 1 if parser.parse_args().quick else ROUNDS
    if not is_built():
        print("the studio is not built: make studio", file=sys.stderr)
        return 1
    print_machine()
    _weigh()
    with _served() as url, _browser() as browser:
        _report_shown(browser, url, rounds)
        _report_scrolling(browser, url, rounds)
    return 0


def _weigh() -> None:
    """What a browser loads before it shows anything but a diagram's layout, and that."""
    sizes = {
        path: len(gzip.compress(path.read_bytes(), 9))
        for path in sorted((FOLDER / "assets").iterdir())
        if path.suffix in (".js", ".css")
    }
    workers = {path: size for path, size in sizes.items() if "worker" in path.name}
    page = sum(sizes.values()) - sum(workers.values())
    print_table(
        "weight, gzipped (goal 120 kB without the layout's worker)",
        ["what", "kB"],
        [
            ["script and style", f"{page / 1000:.1f}"],
            *([path.name, f"{size / 1000:.1f}"] for path, size in workers.items()),
        ],
    )


def _report_shown(browser: Browser, url: str, rounds: int) -> None:
    rows = []
    for goal in GOALS:
        taken = Series(tuple(_shown(browser, url, goal) for _ in range(rounds)))
        rows.append(
            [goal.what, f"{taken.median:.0f}", percent(taken.spread), f"{goal.milliseconds:.0f}"]
        )
    print_table(
        f"milliseconds to the first frame that shows it, median of {rounds}",
        ["what", "ms", "spread", "goal"],
        rows,
    )


def _shown(browser: Browser, url: str, goal: Goal) -> float:
    with _page(browser) as page:
        page.add_init_script(f"({_WATCH})({goal.shows!r})")
        page.goto(f"{url}/{goal.address}")
        return float(page.evaluate("window.shown"))


def _report_scrolling(browser: Browser, url: str, rounds: int) -> None:
    rows = []
    for _ in range(rounds):
        with _page(browser) as page:
            page.goto(f"{url}/#/machines/ticket/board")
            page.wait_for_selector(CARD)
            rows.append(_scroll(page))
    print_table(
        f"scrolling a column of that board, {WHEEL_TURNS} turns of the wheel, each lap",
        ["lap", f"tasks over {LONG_TASK_MS} ms", "longest", "worst frame ms", "cards passed"],
        [[str(n), *row] for n, row in enumerate(rows, 1)],
    )


def _scroll(page: Page) -> list[str]:
    column = page.locator(CARDS).first
    box = column.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(f"({_STALLS})()")
    before = set(_cards(page))
    seen = set(before)
    for _ in range(WHEEL_TURNS):
        page.mouse.wheel(0, WHEEL_PIXELS)
        page.evaluate("new Promise(requestAnimationFrame)")
        seen.update(_cards(page))
    stalls, frames = page.evaluate("[window.stalls, window.frames]")
    return [
        str(len(stalls)),
        f"{max(stalls, default=0):.0f}",
        f"{max(frames):.0f}",
        f"{len(seen - before):,}",
    ]


def _cards(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"[...document.querySelectorAll({CARD!r})].map((card) => card.dataset.card)"
    )
    return found


@contextmanager
def _served() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="statehold-benchmark-") as name:
        folder = Path(name)
        port = free_port()
        machines = [ORDER, *map(str, write_machines(folder))]
        command = [
            sys.executable, "-c", "from statehold.cli import main; main()", "serve", *machines,
            "--store", f"sqlite:///{folder / 'studio.db'}", "--port", str(port),
            "--resources", "examples.outside:resources",
        ]  # fmt: skip
        with serving(command, folder / "server.log"):
            asyncio.run(until_ready(port, "/ready"))
            url = f"http://127.0.0.1:{port}"
            asyncio.run(fill(url))
            yield url


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*ARGUMENTS])
        yield browser
        browser.close()


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    options: dict[str, Any] = {"viewport": SIZE, "reduced_motion": "reduce"}
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


if __name__ == "__main__":
    sys.exit(main())
