"""The documents of one import: those already read, and the source of further ones.

The caller passes a function from a relative name to bytes. Nothing else is opened, and the function
is never called with a name that leads outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statehold.chart.machine import Definition
from statehold.errors import StateholdError
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Offered, Omission

#: returns the bytes of a relative name; raises ``LookupError`` or ``OSError``
Resolve: TypeAlias = Callable[[str], bytes]

#: documents of one import, and how deep they may invoke one another
DOCUMENTS_LIMIT = 100
DEPTH_LIMIT = 8

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME_LIMIT = 64


@dataclass(slots=True)
class DocumentSet:
    """``version`` is that of every machine that is read; ``taken`` are the machines' names."""

    resolve: Resolve | None = None
    offered: Offered = NOTHING
    version: int = 1
    #: replaces an unknown data model, in documents without expressions
    datamodel: str | None = None
    taken: set[str] = field(default_factory=set)
    by_source: dict[str, Definition[Any]] = field(default_factory=dict)
    omissions: list[Omission] = field(default_factory=list)
    #: sources being read, outermost first
    path: tuple[str, ...] = ()
    read: int = 0
    _counted: dict[str, int] = field(default_factory=dict)

    def fetch(self, source: str) -> bytes:
        """The bytes of a ``src``; raises ``LookupError`` with what is wrong."""
        name = source.removeprefix("file:")
        if _SCHEME.match(name) or name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name):
            raise LookupError(f"{source!r} is no relative name below the document")
        if self.resolve is None:
            raise LookupError(f"{source!r} was not given along with the document")
        try:
            raw = self.resolve(name)
        except (LookupError, OSError, StateholdError) as error:
            raise LookupError(f"{source!r} can't be had: {error}") from error
        if len(raw) > DOCUMENT_LIMIT:
            raise LookupError(f"{source!r} has {len(raw)} bytes; the limit is {DOCUMENT_LIMIT}")
        return raw

    def text(self, source: str) -> str:
        try:
            return self.fetch(source).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise LookupError(f"{source!r} is no UTF-8 text") from None

    def name(self, wanted: str) -> str:
        """A name for a machine that no other of these has, made of the wanted one."""
        name = plain = slug(wanted)
        while name in self.taken:
            number = self._counted.get(plain, 1) + 1
            self._counted[plain] = number
            name = f"{plain[: _NAME_LIMIT - 5]}-{number}"
        self.taken.add(name)
        return name


def slug(text: str) -> str:
    """A machine's name from any text: ``OrderFlow`` gives ``order-flow``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()
    plain = re.sub(r"[^a-z0-9_]+", "-", parted).strip("-_")
    if not plain:
        return "machine"
    return (plain if plain[0].isalpha() else f"m-{plain}")[:_NAME_LIMIT]
