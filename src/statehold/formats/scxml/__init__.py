"""SCXML in and out: the W3C's notation for statecharts (https://www.w3.org/TR/scxml/)."""

from __future__ import annotations

from statehold.formats.notation import NOTHING, Imported, Offered
from statehold.formats.scxml.document_set import DocumentSet, Resolve
from statehold.formats.scxml.languages import LANGUAGES
from statehold.formats.scxml.read import read_document
from statehold.formats.scxml.write import Exported, write_scxml

__all__ = ["Exported", "Resolve", "read_scxml", "write_scxml"]


def read_scxml(
    raw: bytes | str,
    *,
    offered: Offered = NOTHING,
    resolve: Resolve | None = None,
    name: str | None = None,
    version: int = 1,
    datamodel: str | None = None,
) -> Imported:
    """The machine of an SCXML document, and those that it invokes, among its ``children``.

    ``resolve`` returns the bytes of a ``src``, by its relative name; without it no other document
    is read. ``name`` is the machine's name; by default it is made of the document's. ``datamodel``
    replaces one that is not supported, in documents that have no expression in it. Raises
    ``DefinitionError``, with every problem and its line, if the document can't run.
    """
    if datamodel is not None and datamodel not in LANGUAGES:
        raise ValueError(f"datamodel is {datamodel!r}; it is one of {', '.join(LANGUAGES)}")
    documents = DocumentSet(resolve, offered, version, datamodel)
    definition = read_document(raw, documents, name)
    return Imported(definition, tuple(documents.omissions))
