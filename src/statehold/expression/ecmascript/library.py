"""The functions that a document declares: in the scripts of its root, and as values of ``<data>``.

1. They belong to the document. Each is compiled once, without variables around it: what it reads
   beside its own variables is the machine's data, as it is when it is called.
   One that uses what ``let`` or ``const`` declares beside it is refused: that is gone when the
   script ends.
2. One that is refused fails when it is called; the others are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from statehold.expression.ecmascript.compiler import Compiler
from statehold.expression.ecmascript.function import Function
from statehold.expression.ecmascript.functions import Functions
from statehold.expression.ecmascript.layout import Layout, Uses
from statehold.expression.ecmascript.syntax import (
    field as part_of,
)
from statehold.expression.ecmascript.syntax import (
    parsed_expression,
    parsed_script,
    parts,
    text_of,
)
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from statehold.expression.source import checked

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

#: functions of one document
FUNCTION_LIMIT = 1_000

_FUNCTIONS = ("function_expression", "arrow_function")


@dataclass(slots=True)
class _Declared:
    """One function: where it stands, what it was compiled to, and what it depends on."""

    script: str
    start: int
    function: Function | None = None
    why: str = ""
    uses: Uses = field(default_factory=Uses)
    calls: set[str] = field(default_factory=set)


class Library:
    """``names`` are the functions, each with the reason why it fails, which is mostly empty."""

    def __init__(self) -> None:
        self._functions: dict[str, _Declared] = {}
        self._compiling: _Declared | None = None

    @property
    def names(self) -> Mapping[str, str]:
        return {name: one.why for name, one in self._functions.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def is_declared_by(self, name: str, node: Node, script: str) -> bool:
        found = self._functions.get(name)
        return found is not None and (found.script, found.start) == (script, node.start_byte)

    def use(self, name: str, layout: Layout) -> None:
        found = self._functions[name]
        if self._compiling is not None:
            # what that one uses is known once all are compiled
            self._compiling.calls.add(name)
            return
        if found.uses.writes and not layout.may_write:
            written = ", ".join(sorted(found.uses.writes))
            raise layout.refused(f"{name!r} changes {written}, which only a script may do")
        layout.uses.add(found.uses)

    def code(self, name: str) -> Code:
        found = self._functions[name]

        def run(frame: Frame) -> Function:
            if found.function is None:
                raise EvaluationFailed(f"the function {name!r} is not allowed: {found.why}")
            return found.function

        return run

    def declare(
        self,
        scripts: Iterable[str],
        values: Mapping[str, str],
        compiler_of: Callable[[Layout], Compiler],
    ) -> None:
        """Compiles all functions of a document; those of ``values`` go by the variables' names."""
        nodes: dict[str, tuple[str, Node, Tree]] = {}
        for text in scripts:
            nodes.update(_in_script(text))
        for name, text in values.items():
            nodes.update(_in_value(name, text))
        if len(nodes) > FUNCTION_LIMIT:
            nodes = dict(list(nodes.items())[:FUNCTION_LIMIT])
        self._functions = {
            name: _Declared(text, node.start_byte) for name, (text, node, _) in nodes.items()
        }
        for name, (text, node, _) in nodes.items():
            self._compile(self._functions[name], compiler_of(Layout(text, may_write=True)), node)
        self._spread_uses()

    def _compile(self, declared: _Declared, compiler: Compiler, node: Node) -> None:
        self._compiling = declared
        try:
            code, _ = Functions(compiler).compiled(node)
            declared.function = Function(code)
        except ExpressionRefused as error:
            declared.why = error.message
        finally:
            self._compiling = None
        declared.uses = compiler.layout.uses
        hidden = (declared.uses.reads | declared.uses.writes) & _script_locals(node)
        if hidden and declared.function is not None:
            declared.function = None
            declared.why = (
                f"it uses {', '.join(map(repr, sorted(hidden)))} of its script, which is gone when "
                "the script ends; 'var' declares a variable of the machine"
            )

    def _spread_uses(self) -> None:
        """A function depends on what those depend on that it calls."""
        changed = True
        while changed:
            changed = False
            for one in self._functions.values():
                before = one.uses.size()
                for name in one.calls:
                    one.uses.add(self._functions[name].uses)
                changed |= one.uses.size() != before


def _in_script(text: str) -> dict[str, tuple[str, Node, Tree]]:
    """What a script declares on its first level; none where it can't be parsed."""
    try:
        tree, root = parsed_script(checked(text, "a script"))
    except ExpressionRefused:
        # the script is refused where it stands
        return {}
    found: dict[str, tuple[str, Node, Tree]] = {}
    for node in parts(root):
        if node.type == "function_declaration":
            found[text_of(part_of(node, "name"))] = (text, node, tree)
        elif node.type in ("lexical_declaration", "variable_declaration"):
            for declarator in parts(node):
                value = declarator.child_by_field_name("value")
                if value is not None and value.type in _FUNCTIONS:
                    found[text_of(part_of(declarator, "name"))] = (text, value, tree)
    return found


def _script_locals(node: Node) -> set[str]:
    """What ``let`` and ``const`` declare beside a function, on the first level of its script."""
    root = node
    while root.parent is not None:
        root = root.parent
    return {
        text_of(part_of(declarator, "name"))
        for declaration in parts(root)
        if declaration.type == "lexical_declaration"
        for declarator in parts(declaration)
    }


def _in_value(name: str, text: str) -> dict[str, tuple[str, Node, Tree]]:
    """The function that a text is; none where it is something else."""
    try:
        tree, node = parsed_expression(checked(text))
    except ExpressionRefused:
        return {}
    while node.type == "parenthesized_expression":
        node = parts(node)[0]
    return {name: (text, node, tree)} if node.type in _FUNCTIONS else {}
