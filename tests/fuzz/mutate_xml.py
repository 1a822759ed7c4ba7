"""XML documents changed as trees of elements, and given what XML is feared for."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from xml.etree import ElementTree

from tests.fuzz.rubbish import NUMBERS, TEXTS

#: a document that is larger is changed as bytes
TREE_LIMIT = 60_000

_BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 10}">' for n in range(12))
_DOCTYPES = (
    f"<!DOCTYPE x [{_BOMB}]>",
    '<!DOCTYPE x [<!ENTITY e11 SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x SYSTEM "http://localhost:1/x.dtd">',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://localhost:1/x.dtd"> %p;]>',
)
_DECLARATIONS = (
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="utf-7"?>',
    '<?xml version="1.1"?>',
    '<?xml-stylesheet href="x"?>',
    "<!-- -->",
)


def mutate_xml(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    """The document with one element or attribute changed; unchanged if it is not plain XML."""
    if random.random() < 0.05:
        return _with_prolog(document, random)
    root = _tree(document)
    if root is None:
        return document
    above = {child: parent for parent in root.iter() for child in parent}
    element = random.choice(list(root.iter()))
    chosen = random.randrange(9)
    parent = above.get(element)
    if chosen == 0 and parent is not None:
        parent.remove(element)
    elif chosen == 1 and parent is not None:
        for _ in range(random.choice((1, 1, 20, 1000))):
            parent.insert(random.randint(0, len(parent)), copy.deepcopy(element))
    elif chosen == 2:
        donor = _tree(other)
        source = random.choice(list((root if donor is None else donor).iter()))
        element.insert(random.randint(0, len(element)), copy.deepcopy(source))
    elif chosen == 3:
        element.tag = _namespace_of(element.tag) + _name(words, random)
    elif chosen == 4:
        element.set(_name(words, random), random.choice((*words, *TEXTS, *NUMBERS)))
    elif chosen == 5 and element.attrib:
        name = random.choice(list(element.attrib))
        # another's value is of a sound kind in a wrong place
        values = [value for e in root.iter() for value in e.attrib.values()]
        element.set(name, random.choice((*values, *words, *TEXTS, *NUMBERS)))
    elif chosen == 6 and element.attrib:
        del element.attrib[random.choice(list(element.attrib))]
    elif chosen == 7:
        element.text = random.choice((*words, *TEXTS, *NUMBERS))
    else:
        return _nested(root, element, random)
    return _dump(root)


def _tree(document: bytes) -> ElementTree.Element | None:
    # what declares something is left to the reader that is tested
    if len(document) > TREE_LIMIT or b"<!" in document:
        return None
    try:
        return ElementTree.fromstring(document)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _with_prolog(document: bytes, random: random.Random) -> bytes:
    prolog = random.choice((*_DOCTYPES, *_DECLARATIONS)).encode()
    if prolog.startswith(b"<!DOCTYPE"):
        document = document.replace(b"</", b"&e11;</", 1)
    return prolog + document


def _nested(
    root: ElementTree.Element, element: ElementTree.Element, random: random.Random
) -> bytes:
    """Endless depth, as text: no tree of Python's would hold it."""
    mark = "\u2042"
    tag = element.tag
    name = tag.rpartition("}")[2]
    if not isinstance(tag, str) or not name.isidentifier():
        return _dump(root)
    inside = ElementTree.Element(mark)
    element.append(inside)
    deep = random.choice((30, 300, 3_000, 50_000))
    nest = f"<{name} id='x'>" * deep + f"</{name}>" * deep
    return _dump(root).replace(f"<{mark} />".encode(), nest.encode())


def _namespace_of(tag: str) -> str:
    return tag[: tag.rfind("}") + 1]


def _name(words: Sequence[str], random: random.Random) -> str:
    names = [word for word in words if word.isidentifier()]
    return random.choice(names or ["a"])


def _dump(root: ElementTree.Element) -> bytes:
    try:
        return ElementTree.tostring(root, encoding="unicode").encode("utf-8", "surrogatepass")
    except (RecursionError, TypeError):
        return b""
