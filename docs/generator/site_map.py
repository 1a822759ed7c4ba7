"""Where each document of the repository stands on the site, and what its links become there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: documents outside of ``docs/``, and their pages
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "threat-model.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    **{
        f"examples/{folder.name}/README.md": f"examples/{folder.name}.md"
        for folder in sorted((ROOT / "examples").iterdir())
        if (folder / "README.md").exists()
    },
    "examples/README.md": "examples/index.md",
}
_ORIGINS = {page: document for document, page in PAGES.items()}

#: code comes first in a match and is left alone, unless it is a link's label
_TOKEN = re.compile(
    r"^(?P<indent> *)(?P<fence>```+|~~~+).*?^(?P=indent)(?P=fence) *$"
    r"|(?P<bang>!?)\[(?P<label>(?:`[^`\n]*`|\[[^\]]*\]|[^\[\]`])*)\]\((?P<target>[^)\s]+)\)"
    r"|`[^`\n]+`",
    re.MULTILINE | re.DOTALL,
)


def origin_of(page: str) -> str:
    """The document, relative to the repository, that a page of the site is made from."""
    return _ORIGINS.get(page, f"docs/{page}")


def page_of(document: str) -> str | None:
    """The page of a document or picture; None where the site has none, as for source code."""
    if document in PAGES:
        return PAGES[document]
    inside = document.startswith("docs/") and (ROOT / document).is_file()
    return document.removeprefix("docs/") if inside else None


def for_site(markdown: str, page: str) -> str:
    """The text with links that lead to pages of the site.

    A link to a file that the site does not have, such as source code, becomes its label.
    """
    document = origin_of(page)

    def lead(match: re.Match[str]) -> str:
        if match["target"] is None:
            return match.group()
        target = _target(match["target"], document, page)
        return f"{match['bang']}[{match['label']}]({target})" if target else match["label"]

    return _TOKEN.sub(lead, markdown)


def _target(target: str, document: str, page: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:|#", target):
        return target
    path, sign, anchor = target.partition("#")
    found = page_of(posixpath.normpath(posixpath.join(posixpath.dirname(document), path)))
    if found is None:
        return None
    return posixpath.relpath(found, posixpath.dirname(page) or ".") + sign + anchor
