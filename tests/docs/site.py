"""The site of all documents, as it is built, and what its pages hold."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Page(HTMLParser):
    """A page's text, the ids of its elements, and the addresses of what it loads."""

    words: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def read(cls, path: Path) -> Page:
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if tag in ("script", "img", "iframe", "source"):
            self.loaded.append(given.get("src", ""))
        elif tag == "link" and given.get("rel") != "canonical":
            self.loaded.append(given.get("href", ""))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, with one space for each run of white space."""
        return " ".join("".join(self.words).split())


def build(target: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    """Builds a site as ``make docs`` does."""
    return subprocess.run(
        [
            sys.executable, "-m", "mkdocs", "build", "--site-dir", str(target),
            "--config-file", str(config),
        ],
        cwd=ROOT, timeout=250, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
