"""The elements and attributes of SCXML that are supported, and where they may stand."""

from __future__ import annotations

import re

from lxml import etree

from statehold.formats.scxml.content import Content
from statehold.formats.scxml.markup import Element, is_scxml, tag

#: a text that is the same in every language
QUOTED = re.compile(r"""'[^'"\\]*'|"[^'"\\]*["]""")
#: a condition that every data model has (SCXML 5.9.1)
IN = re.compile(r"""In\(\s*(?:'([^'"\\]*)'|"([^'"\\]*)")\s*\)""")
#: attributes whose text is an expression, or a place in a data model
_EXPRESSIONS = frozenset(
    {"cond", "expr", "eventexpr", "targetexpr", "typeexpr", "srcexpr", "delayexpr", "sendidexpr"}
    | {"location", "idlocation", "namelist", "array", "item", "index"}
)

_STATES = ("state", "parallel", "final", "history")

#: attributes of each element
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "scxml": ("initial", "name", "version", "datamodel", "binding"),
    "state": ("id", "initial"),
    "parallel": ("id",),
    "transition": ("event", "cond", "target", "type"),
    "initial": (),
    "final": ("id",),
    "onentry": (),
    "onexit": (),
    "history": ("id", "type"),
    "raise": ("event",),
    "if": ("cond",),
    "elseif": ("cond",),
    "else": (),
    "foreach": ("array", "item", "index"),
    "log": ("label", "expr"),
    "datamodel": (),
    "data": ("id", "src", "expr"),
    "assign": ("location", "expr"),
    "donedata": (),
    "content": ("expr",),
    "param": ("name", "expr", "location"),
    "script": ("src",),
    "send": (
        "event",
        "eventexpr",
        "target",
        "targetexpr",
        "type",
        "typeexpr",
        "id",
        "idlocation",
        "delay",
        "delayexpr",
        "namelist",
    ),
    "cancel": ("sendid", "sendidexpr"),
    "invoke": (
        "type",
        "typeexpr",
        "src",
        "srcexpr",
        "id",
        "idlocation",
        "namelist",
        "autoforward",
    ),
    "finalize": (),
}

#: children of each element that has structure; executable content is checked where it is read
CHILDREN: dict[str, tuple[str, ...]] = {
    # the schema has no transition here; to the algorithm the root is a state, so it has a meaning
    "scxml": ("state", "parallel", "final", "datamodel", "script", "transition"),
    "state": (*_STATES, "onentry", "onexit", "transition", "initial", "datamodel", "invoke"),
    "parallel": (
        "state",
        "parallel",
        "history",
        "onentry",
        "onexit",
        "transition",
        "datamodel",
        "invoke",
    ),
    "final": ("onentry", "onexit", "donedata"),
    "history": ("transition",),
    "initial": ("transition",),
    "datamodel": ("data",),
    "donedata": ("content", "param"),
    "invoke": ("param", "content", "finalize"),
    "send": ("param", "content"),
}


def check(content: Content, element: Element, place: str) -> None:
    """Reports attributes and children of an element that are not supported, as omissions."""
    name = tag(element)
    known = ATTRIBUTES.get(name, ())
    for attribute in element.attrib:
        text = str(attribute)
        if text in known:
            continue
        local = etree.QName(text).localname
        why = "it is of another namespace" if text.startswith("{") else "SCXML has no such"
        content.omit(f"attribute {local} of <{name}>", place, why, element)
    allowed = CHILDREN.get(name)
    for child in element:
        if not is_scxml(child):
            if name in ("content", "data", "assign"):
                continue
            content.omit(f"<{tag(child)}>", place, "it is of another namespace", child)
        elif allowed is not None and tag(child) not in allowed:
            content.omit(f"<{tag(child)}>", place, f"it has no place in <{name}>", child)


def check_content(content: Content, element: Element, place: str) -> None:
    """The same for executable content and all that is inside it."""
    check(content, element, place)
    for child in element:
        if (
            is_scxml(child)
            and tag(child) in ATTRIBUTES
            and tag(element) not in ("content", "assign")
        ):
            check_content(content, child, place)


def first_expression(root: Element) -> Element | None:
    """The first element with an expression or a location of a data model; ``In`` needs none, and
    neither does a quoted text that is logged."""
    pending = [root]
    while pending:
        element = pending.pop()
        if not is_scxml(element):
            continue
        for name in _EXPRESSIONS.intersection(map(str, element.attrib)):
            plain = IN if name == "cond" else QUOTED if tag(element) == "log" else None
            if plain is None or not plain.fullmatch((element.get(name) or "").strip()):
                return element
        if tag(element) in ("script", "data", "assign") and (element.text or "").strip():
            return element
        # a document inside is checked by itself
        pending += [one for one in reversed(element) if not (is_scxml(one) and tag(one) == "scxml")]
    return None


def is_state(element: Element) -> bool:
    return is_scxml(element) and tag(element) in _STATES
