"""What MkDocs is asked to do beside its own work: pages from outside ``docs/``, generated parts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.generator import (
    codes,
    command_line,
    http_interface,
    limits,
    native_notation,
    permissions,
    python_api,
)
from docs.generator.site_map import PAGES, ROOT, for_site

#: the marker of a generated part in a page's source; readers of the repository see the text in it
GENERATED = re.compile(r"<!-- generated: (?P<part>[^\n]*?) -->\n.*?<!-- end -->", re.DOTALL)

MERMAID = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)

PARTS: dict[str, Callable[..., str]] = {
    "charts": python_api.charts,
    "commands": command_line.page,
    "engine-limits": limits.engine,
    "findings": codes.findings,
    "introduction": python_api.introduction,
    "module": python_api.module,
    "native": native_notation.page,
    "permissions": permissions.page,
    "problems": codes.problems,
    "routes": http_interface.page,
    "server-bounds": limits.server,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lists every decision record in the navigation."""
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    decisions = [f"decisions/{record.name}" for record in records]
    assert config.nav is not None
    config.nav.insert(-1, {"Decisions": decisions})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the documents that stand beside the code."""
    for document, page in PAGES.items():
        text = (ROOT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> str:
    """Leads links to pages of the site, makes the generated parts, and folds Mermaid's text."""
    made = GENERATED.sub(_part, for_site(markdown, page.file.src_uri))
    return MERMAID.sub(_folded, made)


def _folded(diagram: re.Match[str]) -> str:
    # the site has no program that draws Mermaid's text: it would be loaded from elsewhere
    return '??? note "The chart, as Mermaid\'s text"\n\n' + textwrap.indent(diagram.group(), "    ")


def _part(marker: re.Match[str]) -> str:
    name, *arguments = marker["part"].split()
    return PARTS[name](*arguments)
