"""Finds the objects with methods that a document makes in the scripts of its root.

1. A method belongs to the document, as a function does. Found are, on the first level of a root's
   script, functions in ``name = {…}``, those that the constructor of ``name = new Constructor()``
   gives to ``this`` or that its prototype has, and ``name.field = function …``. The last one may
   also stand anywhere as ``if (!name.field) { name.field = function … }``.
2. The first function that a field is given is its method; another one is refused.
3. The variables of a constructor that its methods use are data (:mod:`.private`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from statehold.expression.ecmascript.builtins import NAMESPACES
from statehold.expression.ecmascript.functions import WITHIN, parameter_name, var_names
from statehold.expression.ecmascript.kinds import Kind, Method, Origin, Role
from statehold.expression.ecmascript.syntax import field as part_of
from statehold.expression.ecmascript.syntax import parts, text_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

#: methods of one document
METHOD_LIMIT = 1_000
#: names that are no variables of a document's own
_NO_OBJECTS = NAMESPACES | {"_event", "_ioprocessors", "_name", "_sessionid", "_x"}
FUNCTIONS = ("function_expression", "arrow_function")


class Source(NamedTuple):
    """A part of a script; its tree is alive as long as it is."""

    text: str
    node: Node
    tree: Tree

    def at(self, node: Node) -> Source:
        return self._replace(node=node)

    @property
    def origin(self) -> Origin:
        return self.text, self.node.start_byte


class MethodSource(NamedTuple):
    kind: Kind
    method: Method
    source: Source


@dataclass(slots=True)
class Objects:
    """``by_name`` are the variables whose values have methods; ``methods`` go by their full names,
    ``prototypes`` by those of constructors; ``given`` is where functions stand that an assignment
    gives to a field."""

    by_name: dict[str, Kind] = field(default_factory=dict)
    methods: dict[str, MethodSource] = field(default_factory=dict)
    prototypes: dict[str, dict[str, Source]] = field(default_factory=dict)
    given: set[Origin] = field(default_factory=set)


def objects_of(
    scripts: list[Source], others: list[Source], functions: Mapping[str, Source]
) -> Objects:
    """``scripts`` are the root's, ``others`` those within states."""
    finder = _Finder(functions)
    around = [_around_script(source, functions) for source in scripts + others]
    for source, roles in zip(scripts, around, strict=False):
        finder.prototypes(source, roles)
    for source, roles in zip(scripts, around, strict=False):
        finder.first_level(source, roles)
    for source, roles in zip(scripts + others, around, strict=True):
        finder.guarded(source, roles)
    return finder.found


class _Finder:
    def __init__(self, functions: Mapping[str, Source]) -> None:
        self._functions = functions
        self._constructors: dict[str, Kind | None] = {}
        self._on_prototypes: dict[str, list[tuple[str, Source, Mapping[str, Role]]]] = {}
        self.found = Objects()

    def prototypes(self, source: Source, roles: Mapping[str, Role]) -> None:
        for target, value in _assignments(source.node):
            whole, key = _member(target)
            if whole is None or value.type not in FUNCTIONS:
                continue
            constructor, field_name = _member(whole)
            if constructor is None or field_name != "prototype":
                continue
            name = text_of(constructor)
            if name in self._functions and len(self.found.given) < METHOD_LIMIT:
                made = self._on_prototypes.setdefault(name, [])
                made.append((key, source.at(value), roles))
                self.found.given.add(source.at(value).origin)

    def first_level(self, source: Source, roles: Mapping[str, Role]) -> None:
        for target, value in _assignments(source.node):
            whole, key = _member(target)
            if whole is not None and value.type in FUNCTIONS:
                self._give(whole, key, source.at(value), roles)
            elif target.type != "identifier" or not self._may_be_object(text_of(target), roles):
                continue
            elif value.type == "new_expression":
                self._construct(text_of(target), text_of(part_of(value, "constructor")))
            elif value.type == "object":
                for key, method in _methods_in(value):
                    self._add_to(text_of(target), key, source.at(method), roles, is_made=True)

    def guarded(self, source: Source, roles: Mapping[str, Role]) -> None:
        for node in _outside_functions(source.node):
            if node.type != "if_statement":
                continue
            body = part_of(node, "consequence")
            inside = parts(body) if body.type == "statement_block" else [body]
            for target, value in _assigned(inside[0]) if len(inside) == 1 else ():
                whole, key = _member(target)
                condition = "".join(text_of(part_of(node, "condition")).split())
                is_guard = condition == f"(!{text_of(target)})"
                if is_guard and whole is not None and value.type in FUNCTIONS:
                    self._give(whole, key, source.at(value), roles)

    def _may_be_object(self, name: str, roles: Mapping[str, Role]) -> bool:
        return name not in roles and name not in self._functions and name not in _NO_OBJECTS

    def _give(self, whole: Node, key: str, source: Source, roles: Mapping[str, Role]) -> None:
        """``name.field = function …``"""
        name = text_of(whole)
        if whole.type != "identifier" or not self._may_be_object(name, roles):
            return
        if self._add_to(name, key, source, roles, is_made=False):
            self.found.given.add(source.origin)

    def _add_to(
        self, name: str, key: str, source: Source, roles: Mapping[str, Role], *, is_made: bool
    ) -> bool:
        kind = self.found.by_name.get(name) or Kind(name)
        if not self._add(kind, key, source, roles, is_made=is_made):
            return False
        self.found.by_name[name] = kind
        return True

    def _add(
        self, kind: Kind, key: str, source: Source, roles: Mapping[str, Role], *, is_made: bool
    ) -> bool:
        known = self.found.methods.get(kind.full_name(key))
        if known is None and len(self.found.methods) < METHOD_LIMIT:
            method = kind.methods[key] = Method(roles, {source.origin}, is_made)
            self.found.methods[kind.full_name(key)] = MethodSource(kind, method, source)
            return True
        if known is None or known.kind is not kind:
            return False
        other = known.method
        is_same = text_of(known.source.node) == text_of(source.node)
        if not is_same or other.around != roles or other.is_made != is_made:
            return False
        other.origins.add(source.origin)
        return True

    def _construct(self, name: str, constructor: str) -> None:
        if constructor not in self._constructors:
            self._constructors[constructor] = self._kind_of(constructor)
        base = self._constructors[constructor]
        if base is not None:
            kind = self.found.by_name.setdefault(name, Kind(name, base=base))
            if kind.base is None and not any(method.is_made for method in kind.methods.values()):
                kind.base = base

    def _kind_of(self, constructor: str) -> Kind | None:
        """What the objects of a constructor have in common; none where they have no methods."""
        source = self._functions.get(constructor)
        if source is None or source.node.type == "arrow_function":
            return None
        body = part_of(source.node, "body")
        if any(node.type == "return_statement" for node in _outside_functions(body)):
            # it may make another object than the one that it fills in, or leave it half made
            return None
        kind, roles = Kind(constructor), _around_methods(source.node, body)
        for target, value in _assignments(body):
            whole, key = _member(target)
            if whole is not None and whole.type == "this" and value.type in FUNCTIONS:
                self._add(kind, key, source.at(value), roles, is_made=True)
        for key, method, around in self._on_prototypes.get(constructor, ()):
            self.found.prototypes.setdefault(constructor, {})[key] = method
            if key not in kind.methods:
                self._add(kind, key, method, around, is_made=True)
        return kind if kind.methods else None


def _around_script(source: Source, functions: Mapping[str, Source]) -> Mapping[str, Role]:
    """What a script declares for itself is gone when it ends."""
    names: set[str] = set()
    for node in _outside_functions(source.node):
        if node.type == "lexical_declaration":
            names |= {text_of(part_of(part, "name")) for part in parts(node)}
        elif node.type == "function_declaration":
            names.add(text_of(part_of(node, "name")))
        elif node.type == "for_in_statement":
            kind = node.child_by_field_name("kind")
            if kind is not None and text_of(kind) != "var":
                names.add(text_of(part_of(node, "left")))
    return {name: "gone" for name in names if name not in functions}


def _around_methods(constructor: Node, body: Node) -> Mapping[str, Role]:
    roles: dict[str, Role] = {}
    own = constructor.child_by_field_name("name")
    if own is not None and constructor.type == "function_expression":
        roles[text_of(own)] = "gone"
    for parameter in parts(part_of(constructor, "parameters")):
        roles[text_of(parameter_name(parameter))] = "stored"
    for name in var_names(body):
        roles[text_of(name)] = "stored"
    for node in parts(body):
        if node.type == "function_declaration":
            roles[text_of(part_of(node, "name"))] = "gone"
        elif node.type in ("lexical_declaration", "variable_declaration"):
            for declarator in parts(node):
                value = declarator.child_by_field_name("value")
                kind = "" if value is None else value.type
                roles[text_of(part_of(declarator, "name"))] = (
                    "itself" if kind == "this" else "gone" if kind in FUNCTIONS else "stored"
                )
    roles["this"] = "itself"
    return roles


def _methods_in(literal: Node) -> Iterator[tuple[str, Node]]:
    """The functions in ``{…}``, by their keys."""
    for pair in parts(literal):
        is_plain = pair.children[0].type == "property_identifier"
        if pair.type == "method_definition" and is_plain:
            yield text_of(part_of(pair, "name")), pair
        elif pair.type == "pair" and is_plain and part_of(pair, "value").type in FUNCTIONS:
            yield text_of(part_of(pair, "key")), part_of(pair, "value")


def _assignments(block: Node) -> Iterator[tuple[Node, Node]]:
    """What is assigned on the first level, to what."""
    for node in parts(block):
        if node.type == "variable_declaration":
            for declarator in parts(node):
                value = declarator.child_by_field_name("value")
                if value is not None:
                    yield part_of(declarator, "name"), value
        else:
            yield from _assigned(node)


def _assigned(statement: Node) -> Iterator[tuple[Node, Node]]:
    inside = parts(statement) if statement.type == "expression_statement" else []
    if len(inside) == 1 and inside[0].type == "assignment_expression":
        yield part_of(inside[0], "left"), part_of(inside[0], "right")


def _member(node: Node) -> tuple[Node | None, str]:
    """The whole and the field of ``whole.field``."""
    if node.type != "member_expression":
        return None, ""
    return part_of(node, "object"), text_of(part_of(node, "property"))


def _outside_functions(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if node is root or node.type not in WITHIN:
            pending += node.named_children
