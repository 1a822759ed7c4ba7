"""ECMAScript's text: parsed by tree-sitter's grammar, and its literals read."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from statehold.expression.ecmascript.layout import Layout
from statehold.expression.ecmascript.values import number
from statehold.expression.frame import Code
from statehold.expression.language import ExpressionRefused

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Tree

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_DECIMAL = re.compile(r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


@functools.cache
def _language() -> Language:
    try:
        import tree_sitter
        import tree_sitter_javascript
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"ECMAScript expressions need the package {error.name!r}; install statehold[scxml]",
            name=error.name,
        ) from None
    return tree_sitter.Language(tree_sitter_javascript.language())


def parsed_expression(text: str) -> tuple[Tree, Node]:
    """The one expression that a text is; the tree has to outlive its nodes."""
    # in parentheses, for a mapping's braces would be a block's; the newline ends a comment. A
    # semicolon may end it, as in the W3C's own tests
    body = text.rstrip().removesuffix(";")
    tree = _tree(text, f"({body}\n)", 1)
    statements = [node for node in tree.root_node.named_children if node.type != "comment"]
    if len(statements) == 1 and statements[0].type == "expression_statement":
        whole = inner(statements[0])
        if whole.type == "parenthesized_expression" and whole.end_byte == len(
            f"({body}\n)".encode()
        ):
            return tree, inner(whole)
    raise ExpressionRefused(text, "is not one expression of ECMAScript")


def parsed_script(text: str) -> tuple[Tree, Node]:
    tree = _tree(text, text, 0)
    return tree, tree.root_node


def _tree(text: str, source: str, shift: int) -> Tree:
    # one for each text: a parser keeps the state of what it parses
    tree = _new_parser(_language()).parse(source.encode())
    if tree.root_node.has_error:
        place = _first_error(tree.root_node)
        at = max(0, len(source.encode()[: place.start_byte].decode(errors="ignore")) - shift)
        near = text[at : at + 20].strip()
        raise ExpressionRefused(
            text, f"is not ECMAScript{f', near {near!r}' if near else ''}", at=min(at, len(text))
        )
    return tree


def _new_parser(language: Language) -> Parser:
    from tree_sitter import Parser

    return Parser(language)


def _first_error(root: Node) -> Node:
    """Goes down by what has an error; no recursion, for such a tree may be deep."""
    node = root
    while not (node.is_error or node.is_missing):
        below = next((child for child in node.children if child.has_error), None)
        if below is None:
            break
        node = below
    return node


def inner(node: Node) -> Node:
    """The one part of a node that is no comment and no punctuation."""
    return parts(node)[0]


def parts(node: Node) -> list[Node]:
    """The named parts of a node, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def field(node: Node, name: str) -> Node:
    """A part that the grammar says is there."""
    found = node.child_by_field_name(name)
    assert found is not None, (node.type, name)
    return found


def number_literal(layout: Layout, node: Node) -> int | float:
    text = text_of(node).replace("_", "")
    if _OTHER_BASE.fullmatch(text):
        return number(int(text, 0))
    if _DECIMAL.fullmatch(text):
        return number(float(text))
    raise layout.refused(f"the number {text[:40]!r} is not allowed", "decimal, 0x, 0o and 0b are")


def text_literal(layout: Layout, node: Node) -> str:
    """What a quoted text, or the text between two substitutions of a template, means."""
    pieces = [_piece(layout, part) for part in node.children if part.is_named]
    return whole_text(layout, "".join(pieces))


def whole_text(layout: Layout, text: str) -> str:
    """With the halves of surrogate pairs, which escapes may give, put together."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise layout.refused("half of a surrogate pair is no character") from None


def _piece(layout: Layout, node: Node) -> str:
    if node.type == "string_fragment":
        return text_of(node)
    return escape(layout, node)


def escape(layout: Layout, node: Node) -> str:
    """The character that an escape sequence means."""
    code = text_of(node)[1:]
    if code[0] in "xu":
        value = int(code[1:].strip("{}"), 16)
        if value > 0x10FFFF:
            raise layout.refused(f"there is no character {text_of(node)}")
        return chr(value)
    if code[0] in "\r\n\u2028\u2029":
        return ""
    if code[0].isdigit() and code != "0":
        raise layout.refused(f"the escape {text_of(node)} is not allowed", "use \\x and two digits")
    return _ESCAPES.get(code[0], code)


def constant(value: Any) -> Code:
    """Code that always gives the same."""
    return lambda frame: value
