"""Reads a document of any notation.

1. A notation that is given as an argument holds.
2. Else the file's suffix decides: ``.scxml`` and ``.xml`` are SCXML, ``.yaml`` and ``.yml`` native.
   ``.json`` is native if its top level has the key ``statehold``, else XState's.
3. Else the first character that is no white space decides: ``<`` is SCXML, ``{`` is JSON.
4. A reader is imported when it is needed, because each needs the libraries of its own extra.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from statehold.errors import StateholdError
from statehold.formats.notation import NOTHING, Imported, Offered

#: by a file's suffix; None: its content decides
SUFFIXES: dict[str, str | None] = {
    ".scxml": "scxml",
    ".xml": "scxml",
    ".yaml": "native",
    ".yml": "native",
    ".json": None,
}
#: the module and the function that read a notation, and the extra that the module needs
_READERS = {
    "native": ("statehold.formats.native", "read_native", "native"),
    "xstate": ("statehold.formats.xstate", "read_xstate", ""),
    "scxml": ("statehold.formats.scxml", "read_scxml", "scxml"),
    "xstate4": ("statehold.formats.xstate", "read_xstate", ""),
    "xstate5": ("statehold.formats.xstate", "read_xstate", ""),
    "scxml-null": ("statehold.formats.scxml", "read_scxml", "scxml"),
}
#: the reader's options that a notation's name implies
_OPTIONS: dict[str, dict[str, Any]] = {
    "xstate4": {"xstate_version": 4},
    "xstate5": {"xstate_version": 5},
    "scxml-null": {"datamodel": "null"},
}
NOTATIONS = tuple(_READERS)
#: the top-level key of a native document
OURS = "statehold"


class UnknownNotation(StateholdError):
    """There is no notation of this name."""

    code = "unknown-notation"

    def __init__(self, notation: str, known: Sequence[str]) -> None:
        self.notation = notation
        super().__init__(f"no notation is called {notation!r}; known are {', '.join(known)}")


class ExtraMissing(StateholdError):
    """A notation needs libraries that are not installed."""

    code = "extra-missing"

    def __init__(self, what: str, extra: str, module: str) -> None:
        self.extra = extra
        super().__init__(
            f"{what} needs {module}, which is not installed; "
            f"install it with: pip install 'statehold[{extra}]'"
        )


def read_document(
    raw: bytes | str,
    offered: Offered = NOTHING,
    *,
    notation: str | None = None,
    name: str = "",
) -> Imported:
    """The machine in a document; ``name`` is that of its file, for its suffix.

    ``xstate4`` and ``xstate5`` are XState's JSON of that version, whatever words it uses;
    ``scxml-null`` is SCXML without expressions, whatever data model it names.
    Raises ``DefinitionError``, ``UnknownNotation`` and ``ExtraMissing``.
    """
    notation = notation or notation_of(raw, name)
    if notation not in _READERS:
        raise UnknownNotation(notation, NOTATIONS)
    module, function, extra = _READERS[notation]
    read = getattr(imported(f"the notation {notation}", module, extra), function)
    found = read(raw, offered=offered, **options_of(notation))
    assert isinstance(found, Imported)
    return found


def options_of(notation: str) -> dict[str, Any]:
    """The reader's options that a notation's name implies."""
    return _OPTIONS.get(notation, {})


def is_document(name: str) -> bool:
    """Whether a file of this name is one that :func:`read_document` is for."""
    return PurePath(name).suffix.lower() in SUFFIXES


def notation_of(raw: bytes | str, name: str = "") -> str:
    """``native``, ``xstate`` or ``scxml``; whether the document is sound is for its reader."""
    by_suffix = SUFFIXES.get(PurePath(name).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    start = raw[:1_000].lstrip("\ufeff \t\r\n") if isinstance(raw, str) else _start(raw)
    if start.startswith("<"):
        return "scxml"
    if start.startswith("{"):
        return "native" if OURS in _top_level(raw) else "xstate"
    return "xstate" if PurePath(name).suffix.lower() == ".json" else "native"


def _start(raw: bytes) -> str:
    return raw[:1_000].decode(errors="replace").lstrip("\ufeff \t\r\n")


def _top_level(raw: bytes | str) -> dict[str, Any]:
    """The keys of an object, without decoding their values; empty if it is not JSON."""
    try:
        return dict(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def imported(what: str, module: str, extra: str) -> Any:
    """A module of a notation; raises ``ExtraMissing`` if its libraries are not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not extra or missing.startswith("statehold"):
            raise
        raise ExtraMissing(what, extra, missing) from None
