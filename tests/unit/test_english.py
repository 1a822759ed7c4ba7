"""Documents, docstrings, comments and messages are plain technical English.

The words below have a plainer one: say *reports*, *returns* or *says* for *tells*, *those who* or
*the caller* for *whoever*, *generated* for *made up*, *running* for *under way*.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.unit.test_repository import files, relative

AVOIDED = re.compile(
    r"\b(?:tells?|told|telling|whoever|made up|makes up|under way|what is so|works? off|worked off"
    r"|heard of|hears? of|the living|in mind|used[- ]up tries|tries are used up|comes of it"
    r"|came of it|is there to be)\b",
    re.IGNORECASE,
)
CODE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def prose_of(path: Path) -> str:
    """What a file says to its readers: of code its comments and texts alone."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return CODE.sub("", text)
    if path.suffix == ".py":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        said = (t.string for t in tokens if t.type in (tokenize.COMMENT, tokenize.STRING))
        # the expressions of f-strings are code
        return "\n".join(
            re.sub(r"\{[^{}]*\}", "", text) if "f" in text[:2] else text for text in said
        )
    if path.suffix in (".ts", ".svelte"):
        lines = (line for line in text.splitlines() if not re.search(r"\btold\b *[=.(,;)?:]", line))
        return "\n".join(lines)
    return "\n".join(re.findall(r"--.*$", text, re.MULTILINE))


def watched() -> Iterator[Path]:
    for path in files(".py", ".md", ".ts", ".svelte", ".sql"):
        where = relative(path)
        if where.startswith(("src/", "docs/", "examples/", "studio/src/", "benchmarks/")) or (
            "/" not in where
        ):
            yield path


def avoided_in(path: Path) -> list[str]:
    return AVOIDED.findall(" ".join(prose_of(path).split()))


def test_no_file_uses_an_avoided_word() -> None:
    found = {relative(path): words for path in watched() if (words := avoided_in(path))}
    assert found == {}


def test_an_avoided_word_would_be_found(tmp_path: Path) -> None:
    python = tmp_path / "a.py"
    python.write_text('"""Whoever asks is told."""\ntold = tell(x)  # one is made up\n')
    assert avoided_in(python) == ["Whoever", "told", "made up"]
    document = tmp_path / "a.md"
    document.write_text("It tells `told` what is so.\n```\nunder way\n```\n")
    assert avoided_in(document) == ["tells", "what is so"]
