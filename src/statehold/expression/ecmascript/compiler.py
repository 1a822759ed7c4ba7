"""Compiles ECMAScript to closures: one for each part of a text.

1. The compiler itself knows no part of the language: each module of this package enters what it
   compiles into ``expressions`` and ``statements``, by the node's type in the grammar. What has
   no entry is refused.
2. What may change data is checked in one place, :meth:`Compiler.changed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

from statehold.expression.compiled import Location
from statehold.expression.ecmascript.function import Function
from statehold.expression.ecmascript.kinds import THIS, Kind, Origin
from statehold.expression.ecmascript.layout import Layout, Local
from statehold.expression.ecmascript.locations import variable
from statehold.expression.ecmascript.private import object_variable
from statehold.expression.ecmascript.syntax import constant, field, text_of
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed, ExpressionRefused

if TYPE_CHECKING:
    from tree_sitter import Node

#: how execution goes on behind a statement; None is with the next one
Signal: TypeAlias = Literal["break", "continue", "return"] | None
Step: TypeAlias = Callable[[Frame], Signal]

#: what an optional chain (``a?.b.c``) gives to its outer members where ``a`` is nothing
CUT: Final[Any] = object()
_CHAIN = frozenset({"call_expression", "member_expression", "subscript_expression"})
#: what writes to a place that is the whole text; nothing else in the text may write
LOCATION: Final = "a location"
#: names of fields that mean more than a field in ECMAScript
_REFUSED_FIELDS = frozenset({"constructor", "prototype"})


class DeclaredFunctions(Protocol):
    """The functions of a document, as the compiler asks for them."""

    def __contains__(self, name: str) -> bool: ...

    def use(self, name: str, layout: Layout, owner: str = "") -> None:
        """What the function depends on, the text depends on too; for a method, ``owner`` is its
        object."""
        ...

    def code(self, name: str) -> Code:
        """Code that gives the function."""
        ...

    def is_declared_by(self, name: str, node: Node, script: str) -> bool:
        """Whether this node of a script declares the function."""
        ...

    @property
    def objects(self) -> Mapping[str, Kind]:
        """The variables whose values have methods that belong to the document."""
        ...

    @property
    def given(self) -> Set[Origin]:
        """Where functions stand that belong to the document where they are assigned."""
        ...

    def prototype(self, name: str, layout: Layout) -> Sequence[tuple[str, Code]]:
        """What an object has from the prototype of its constructor."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """The object of the document that a part of a text stands for. ``name`` is its name, or
    ``THIS`` within its methods; ``object_of`` gives its :class:`ObjectName`."""

    kind: Kind
    name: str
    object_of: Code


class Compiler:
    """Compiles one text."""

    def __init__(self, layout: Layout, declared: DeclaredFunctions) -> None:
        self.layout = layout
        self.declared = declared
        self.expressions: dict[str, Callable[[Node], Code]] = {}
        self.statements: dict[str, Callable[[Node], Step]] = {}

    def expression(self, node: Node) -> Code:
        code = self.link(node)
        if node.type not in _CHAIN or not has_optional(node):
            return code

        def whole_chain(frame: Frame) -> Any:
            value = code(frame)
            return None if value is CUT else value

        return whole_chain

    def link(self, node: Node) -> Code:
        """One expression; within an optional chain it may give :data:`CUT`."""
        self.layout.enter()
        compile_ = self.expressions.get(node.type)
        if compile_ is None:
            raise self.refused(node, f"{called(node)} is not allowed", _way_out(node))
        code = compile_(node)
        self.layout.leave()
        return code

    def statement(self, node: Node) -> Step:
        self.layout.enter()
        compile_ = self.statements.get(node.type)
        if compile_ is None:
            raise self.refused(
                node,
                f"the {node.type.replace('_', ' ')} ({shown(node)}) is not allowed",
                "declarations, assignments, calls, if, switch, loops, return and throw are",
            )
        step = compile_(node)
        self.layout.leave()
        return step

    def refused(self, node: Node, message: str, hint: str = "") -> ExpressionRefused:
        if "\n" in self.layout.text.strip():
            message = f"line {node.start_point[0] + 1}: {message}"
        return self.layout.refused(message, hint)

    def name(self, node: Node) -> str:
        """The name of a variable."""
        name = text_of(node)
        if "\\" in name:
            raise self.refused(node, "an escape within a name is not allowed")
        return self.field_name(node, name)

    def field_name(self, node: Node, name: str) -> str:
        if name.startswith("__") or name in _REFUSED_FIELDS:
            raise self.refused(node, f"the name {name!r} is not allowed")
        return name

    def declare(self, node: Node, *, is_constant: bool = False) -> Local:
        """A variable of the innermost scope, by the node of its name."""
        if node.type != "identifier":
            raise self.refused(node, "a declaration names one variable at a time")
        name = self.name(node)
        if self.layout.is_declared_here(name):
            raise self.refused(node, f"{name!r} is declared twice")
        return self.layout.declare(name, is_constant=is_constant)

    def written(self, node: Node, name: str, by: str) -> None:
        """Notes that a variable of the machine is changed, where that is allowed."""
        if name in self.declared:
            raise self.refused(node, f"the function {name!r} can't be changed")
        if not self.layout.may_write and by != LOCATION:
            raise self.refused(node, f"{by} changes data, which only a script may do")
        self.layout.uses.writes.add(name)

    def variable(self, name: str, *, makes: bool) -> Location:
        """A variable of the machine that gets a value."""
        kind = self.declared.objects.get(name)
        return variable(name, makes=makes) if kind is None else object_variable(kind, makes=makes)

    def owner(self, node: Node) -> Owner | None:
        """The object of the document that a name or ``this`` stands for."""
        if node.type not in ("identifier", "this"):
            return None
        name, layout = text_of(node), self.layout
        local = layout.local(name)
        if local is None:
            kind = self.declared.objects.get(name)
            return None if kind is None else Owner(kind, name, constant(kind.object))
        if layout.kind is None or not (local is layout.this_of_method or local.role == "itself"):
            return None
        return Owner(layout.kind, THIS, self.object_of())

    def object_of(self) -> Code:
        """Which object a method is called on."""
        assert self.layout.object is not None
        slot = self.layout.slot(self.layout.object)
        return lambda frame: frame.local[slot][0]

    def method(self, node: Node) -> tuple[Owner, str] | None:
        """The method of an object of the document that a member is, by its full name."""
        owner = self.owner(field(node, "object"))
        full = "" if owner is None else owner.kind.full_name(text_of(field(node, "property")))
        return (owner, full) if owner is not None and full else None

    def method_value(self, owner: Owner, full: str) -> Code:
        self.declared.use(full, self.layout, owner.name)
        code, object_of = self.declared.code(full), owner.object_of
        return lambda frame: Function(code(frame).code, object_of(frame).cells)

    def key(self, node: Node) -> Code:
        """The key in ``whole[key]``; one that names a method is refused, as no data holds it."""
        whole = field(node, "object")
        key, owner = self.expression(field(node, "index")), self.owner(whole)
        if owner is None:
            return key
        kind, shown_whole = owner.kind, text_of(whole)

        def run(frame: Frame) -> Any:
            found = key(frame)
            if type(found) is str and kind.full_name(found):
                raise EvaluationFailed(
                    f"{found!r} is a method, which is named as one: {shown_whole}.{found}"
                )
            return found

        return run

    def changed(self, node: Node, by: str) -> Code:
        """What is in a variable, or in a part of one, for something that changes it."""
        root = node
        while root.type in ("member_expression", "subscript_expression"):
            root = field(root, "object")
        if root.type not in ("identifier", "this") or has_optional(node):
            raise self.refused(node, f"{by} changes a variable, or a part of one, and nothing else")
        name = self.name(root)
        local = self.layout.local(name)
        if local is not None:
            self.layout.uses.changes_locals = True
            if local.role is not None or local is self.layout.this_of_method:
                self.layout.uses.writes.add(THIS)
            return self.expression(node)
        self.written(node, name, by)
        code = self.expression(node)

        def run(frame: Frame) -> Any:
            frame.writable(name)
            return code(frame)

        return run


def has_optional(node: Node) -> bool:
    """Whether a chain of members and calls holds ``?.``."""
    while node.type in _CHAIN:
        if node.child_by_field_name("optional_chain") is not None:
            return True
        node = field(node, "function" if node.type == "call_expression" else "object")
    return False


def called(node: Node) -> str:
    """A node as a message calls it."""
    return f"{node.type.replace('_', ' ')} ({shown(node)})"


def known(names: Any) -> str:
    """The hint that lists what there is."""
    return "these are: " + ", ".join(sorted(names))


def shown(node: Node) -> str:
    """The beginning of its text, on one line."""
    return " ".join(text_of(node)[:80].split())[:40]


def _way_out(node: Node) -> str:
    return "one expression is meant" if node.type == "sequence_expression" else ""
