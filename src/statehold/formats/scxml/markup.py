"""Parses untrusted XML, with questions about elements.

Nothing is fetched or expanded: documents with a document type or entities are refused. Size, depth
and the number of elements are checked before the tree is used. Comments and processing instructions
are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from lxml.etree import _Element as Element

from statehold.errors import DefinitionError, Problem
from statehold.formats.notation import DOCUMENT_LIMIT

__all__ = [
    "Element", "canonical", "inner", "is_scxml", "line_of", "parse", "parts", "qualified", "tag",
    "words",
]  # fmt: skip

SCXML_NAMESPACE = "http://www.w3.org/2005/07/scxml"

#: elements of one document, and how deep they may be nested
ELEMENT_LIMIT = 50_000
NESTING_LIMIT = 128


def parse(raw: bytes | str, what: str = "scxml") -> Element:
    """The root element; raises ``DefinitionError`` for no document, or one beyond the bounds."""
    size = len(raw)
    if size > DOCUMENT_LIMIT:
        raise refusal(
            what,
            f"it has {size} bytes; the limit is {DOCUMENT_LIMIT}",
            "split it into several machines",
        )
    if isinstance(raw, str):
        # whatever encoding the text claims, it is a string already
        raw, encoding = raw.removeprefix("\ufeff").encode("utf-8", "replace"), "utf-8"
    else:
        encoding = None
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        if "Excessive depth" in str(error.msg):
            raise _too_deep(what, line) from None
        message = f"it is not well-formed XML: {error.msg}"
        raise refusal(what, message, "correct it there", line) from None
    except (ValueError, LookupError) as error:
        raise refusal(what, f"it can't be read as XML: {error}", "save it as UTF-8") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.doctype:
        raise refusal(
            what,
            "it has a document type, and entities may come with one",
            "take the <!DOCTYPE …> out",
        )
    _bound(root, what)
    return root


def refusal(what: str, message: str, hint: str = "", line: int | None = None) -> DefinitionError:
    """The error of a document that can't be read further."""
    place = "the document" if line is None else f"line {line}"
    return DefinitionError(what, [Problem(place, message, hint)])


def _bound(root: Element, what: str) -> None:
    count = 0
    depth = 0
    for happens, element in etree.iterwalk(root, events=("start", "end")):
        if happens == "end":
            depth -= 1
            continue
        count += 1
        depth += 1
        line = element.sourceline
        if count > ELEMENT_LIMIT:
            message = f"it has more than {ELEMENT_LIMIT} elements"
            raise refusal(what, message, "split it into several machines", line)
        if depth > NESTING_LIMIT:
            raise _too_deep(what, line)
        if not isinstance(element.tag, str):
            raise refusal(what, "it has an entity", "write out what it stands for", line)


def _too_deep(what: str, line: int | None) -> DefinitionError:
    message = f"its elements are nested more than {NESTING_LIMIT} deep"
    return refusal(what, message, "make the inner part a machine of its own", line)


def is_scxml(element: Element) -> bool:
    """Whether it is SCXML's; documents that name no namespace at all are taken for SCXML's."""
    return etree.QName(element).namespace in (None, SCXML_NAMESPACE)


def tag(element: Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def qualified(element: Element) -> str:
    """``<scxml>``, with the namespace where that is not SCXML's."""
    found = etree.QName(element)
    of = "" if is_scxml(element) else f" of the namespace {str(found.namespace)[:100]!r}"
    return f"<{found.localname}>{of}"


def parts(element: Element, *names: str) -> Iterator[Element]:
    """Children that are SCXML's, those of the given names or all."""
    for child in element:
        if is_scxml(child) and (not names or tag(child) in names):
            yield child


def line_of(element: Element) -> int:
    return cast("int | None", element.sourceline) or 0


def words(element: Element, attribute: str) -> tuple[str, ...]:
    """The words of an attribute; none without it."""
    return tuple((element.get(attribute) or "").split())


def inner(element: Element) -> str:
    """The text inside, or the XML where there are elements inside; without space around it."""
    if len(element):
        return "".join(canonical(child) for child in element)
    return (element.text or "").strip()


def canonical(element: Element) -> str:
    """The same text for the same content: attributes sorted, no space between elements.

    SCXML's own elements have no prefix; others carry their namespace.
    """
    name = tag(element)
    namespace = etree.QName(element).namespace
    given: dict[str, str] = {str(key): str(value) for key, value in element.attrib.items()}
    plain = {key: value for key, value in given.items() if not key.startswith("{")}
    if not is_scxml(element) and namespace is not None:
        plain["xmlns"] = namespace
    return _written(name, plain, _content(element))


def _content(element: Element) -> str:
    found = [_text(element.text, alone=not len(element))]
    for child in element:
        found.append(canonical(child))
        found.append(_text(child.tail, alone=False))
    return "".join(found)


def _text(text: str | None, *, alone: bool) -> str:
    text = text or ""
    return escape(text.strip() if alone or not text.strip() else text)


def _written(name: str, attributes: Mapping[str, str], content: str) -> str:
    shown = "".join(f" {key}={quoteattr(attributes[key])}" for key in sorted(attributes))
    return f"<{name}{shown}>{content}</{name}>" if content else f"<{name}{shown}/>"
