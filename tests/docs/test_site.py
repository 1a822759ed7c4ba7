"""The site of all documents has no broken link and needs no other site."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.site import ROOT, Page, build

# the first test waits for the whole site to be built
pytestmark = pytest.mark.timeout(300)


def test_every_document_of_the_repository_has_its_page(site: Path) -> None:
    for document in (ROOT / "docs").rglob("*.md"):
        path = document.relative_to(ROOT / "docs").with_suffix(".html")
        path = path.with_stem("index") if path.stem == "README" else path
        assert (site / path).is_file(), document
    for name in ("index", "architecture", "contributing", "changelog", "benchmarks"):
        assert (site / f"{name}.html").is_file()


def test_nothing_is_loaded_from_another_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for path in pages:
        assert [one for one in Page.read(path).loaded if "//" in one] == [], path


def test_no_marker_of_a_generated_part_is_left(site: Path) -> None:
    for path in (site / "reference").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<!-- generated" not in text, path
        assert "when the site is built" not in text or path.name == "index.html", path


@pytest.mark.parametrize("link", ["gone.md", "#no-heading", "index.md#no-heading"])
def test_a_broken_link_stops_the_build(link: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Start\n\n[link]({link})\n", encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: {tmp_path / 'docs'}\n"
        "theme: {name: mkdocs, palette: null, features: null, font: null}\n"
        "plugins: []\nhooks: []\nnav: []\nextra_css: []\nwatch: []\n",
        encoding="utf-8",
    )
    done = build(tmp_path / "site", config)
    assert done.returncode != 0
    assert link.rpartition("#")[2].removesuffix(".md") in done.stderr
