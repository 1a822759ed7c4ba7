"""The text of a document, read within bounds: plain values, and the line of each.

1.  A text that begins with a brace is JSON, any other is YAML. Both give the same plain values.
2.  YAML is read from the parser's events, so nothing is built before it is counted. Tags, anchors
    and aliases are refused: an alias is how a few lines become gigabytes.
3.  Plain scalars are YAML 1.2's core schema: ``on``, ``yes`` and ``no`` are words, a date is text.
4.  Refused are a key that stands twice in one mapping, a document that is too large or too deep, a
    number beyond those of JSON's readers (``1e999``), and text that is not Unicode (``"\\ud800"``).
"""

from __future__ import annotations

from typing import Literal

from statehold.plain.json_reader import read_json
from statehold.plain.values import ParsedDocument, TextRefused

Notation = Literal["json", "yaml"]

#: bytes of a text, by default
BYTES_LIMIT = 1_000_000


def read_plain(
    raw: bytes | str, *, limit: int = BYTES_LIMIT, notation: Notation | None = None
) -> ParsedDocument:
    """``limit`` counts bytes; ``notation`` None: the first character decides.

    YAML needs PyYAML, the extra ``native``. Raises ``TextRefused``.
    """
    size = len(raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise TextRefused("", f"it has {size} bytes; the limit is {limit}", "split it")
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
        text.encode()
    except UnicodeError as error:
        raise TextRefused("", f"it is not UTF-8: {error}", "save it as UTF-8") from None
    if notation is None:
        notation = "json" if text.lstrip()[:1] == "{" else "yaml"
    if notation == "json":
        return read_json(text)
    try:
        from statehold.plain.yaml_reader import read_yaml
    except ModuleNotFoundError:
        hint = "install statehold[native], or write it as JSON"
        raise TextRefused("", "it is YAML, which needs PyYAML", hint) from None
    return read_yaml(text)
