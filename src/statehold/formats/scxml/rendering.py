"""Names of functions for executable content, as charts, diagrams and traces show them.

Expressions are shown as they are, in parentheses where a literal is possible too. Equal content has
the same name; different content may have it too, which the caller has to resolve.
"""

from __future__ import annotations

from collections.abc import Sequence

from statehold.formats.scxml.markup import Element, inner, is_scxml, parts, tag, words


def rendered(element: Element) -> str:
    """The name of an element of executable content."""
    name, get = tag(element), element.attrib.get
    match name:
        case "raise":
            return f"raise {get('event', '?')}"
        case "assign":
            return f"{get('location', '?').strip()} = {_value(element)}"
        case "log":
            return " ".join(["log", *filter(None, [get("label"), _bracketed(get("expr"))])])
        case "script":
            return f"script {get('src')}" if "src" in element.attrib else _line(element.text)
        case "cancel":
            return f"cancel {_either(element, 'sendid')}"
        case "send":
            return _send(element)
        case "if":
            return _if(element)
        case "foreach":
            index = get("index")
            item = f"{get('item', '?')}, {index}" if index else get("item", "?")
            return f"for {item} in {get('array', '?')}: {_steps(list(element))}; end"
    return f"<{name}>"


def payload(element: Element) -> str:
    """``namelist``, ``<param>`` and ``<content>`` of an element, as text."""
    for content in parts(element, "content"):
        return _value(content)
    pairs = [f"{name}: {name}" for name in words(element, "namelist")]
    for param in parts(element, "param"):
        text = param.get("expr") or param.get("location") or "?"
        pairs.append(f"{param.get('name', '?')}: {text.strip()}")
    return f"{{{', '.join(pairs)}}}" if pairs else ""


def _send(element: Element) -> str:
    get = element.attrib.get
    pieces = ["send", _either(element, "event")]
    for word, attribute in (("to", "target"), ("by", "type"), ("after", "delay")):
        if attribute in element.attrib or f"{attribute}expr" in element.attrib:
            pieces += [word, _either(element, attribute)]
    if "id" in element.attrib:
        pieces += ["as", get("id", "")]
    if "idlocation" in element.attrib:
        pieces += ["its id into", get("idlocation", "")]
    with_it = payload(element)
    if with_it:
        pieces += ["with", with_it]
    return " ".join(pieces)


def _if(element: Element) -> str:
    pieces = [f"if {element.get('cond', '?')}:"]
    steps: list[Element] = []
    for child in element:
        if is_scxml(child) and tag(child) in ("elseif", "else"):
            pieces[-1] += f" {_steps(steps)}"
            steps = []
            cond = child.get("cond", "?")
            pieces.append("else:" if tag(child) == "else" else f"elif {cond}:")
        else:
            steps.append(child)
    pieces[-1] += f" {_steps(steps)}"
    return "; ".join([*pieces, "end"])


def _steps(elements: Sequence[Element]) -> str:
    return ", ".join(rendered(child) for child in elements) or "nothing"


def _value(element: Element) -> str:
    if "expr" in element.attrib:
        return (element.get("expr") or "").strip()
    return f"'{_line(inner(element))}'"


def _either(element: Element, attribute: str) -> str:
    """The literal, or the expression in parentheses."""
    expression = element.get(f"{attribute}expr")
    if expression is not None:
        return f"({expression.strip()})"
    return element.get(attribute) or "?"


def _bracketed(text: str | None) -> str:
    return "" if text is None else f"({text.strip()})"


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
