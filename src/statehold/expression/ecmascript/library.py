"""The functions that a document declares: in the scripts of its root, and as values of ``<data>``;
and the methods of its objects, by ``object.method`` or ``Constructor.method``.

1. They belong to the document. Each is compiled once, without variables around it: what it reads
   beside its own variables is the machine's data, as it is when it is called.
   One that uses what ``let`` or ``const`` declares beside it is refused: that is gone when the
   script ends.
2. One that is refused fails when it is called; the others are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from statehold.expression.ecmascript.compiler import Compiler
from statehold.expression.ecmascript.dependencies import USES_LIMIT, Dependency, add_called
from statehold.expression.ecmascript.function import Function
from statehold.expression.ecmascript.functions import Functions
from statehold.expression.ecmascript.kinds import THIS, Kind, Origin
from statehold.expression.ecmascript.layout import Layout, Uses
from statehold.expression.ecmascript.objects import FUNCTIONS, Objects, Source, objects_of
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
    from tree_sitter import Node

#: functions of one document
FUNCTION_LIMIT = 1_000


@dataclass(slots=True)
class _Declared:
    """One function: where it stands, what it was compiled to, and what it depends on. ``calls`` are
    other functions, each with the object that a method is called on."""

    origin: Origin
    function: Function | None = None
    why: str = ""
    uses: Uses = field(default_factory=Uses)
    calls: set[tuple[str, str]] = field(default_factory=set)


class Library:
    """``names`` are the functions, each with the reason why it fails, which is mostly empty."""

    def __init__(self) -> None:
        self._functions: dict[str, _Declared] = {}
        self._objects = Objects()
        self._compiling: _Declared | None = None
        self._used: dict[frozenset[str], frozenset[str]] = {}

    @property
    def names(self) -> Mapping[str, str]:
        return {name: one.why for name, one in self._functions.items()}

    @property
    def objects(self) -> Mapping[str, Kind]:
        return self._objects.by_name

    @property
    def given(self) -> Set[Origin]:
        return self._objects.given

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def is_declared_by(self, name: str, node: Node, script: str) -> bool:
        found = self._functions.get(name)
        return found is not None and found.origin == (script, node.start_byte)

    def use(self, name: str, layout: Layout, owner: str = "") -> None:
        found = self._functions[name]
        if self._compiling is not None:
            # what that one uses is known once all are compiled
            self._compiling.calls.add((name, owner))
            return
        if found.uses.writes and not layout.may_write:
            written = ", ".join(sorted(owner if one == THIS else one for one in found.uses.writes))
            raise layout.refused(f"{name!r} changes {written}, which only a script may do")
        layout.uses.add(found.uses, owner)

    def frozen(self, used: set[str]) -> frozenset[str]:
        """The names that a text uses. Many texts may use the same ones, by a function that all of
        them call; these are kept once."""
        found = frozenset(used)
        return self._used.setdefault(found, found) if self._functions else found

    def code(self, name: str) -> Code:
        found = self._functions[name]

        def run(frame: Frame) -> Function:
            if found.function is None:
                raise EvaluationFailed(f"the function {name!r} is not allowed: {found.why}")
            return found.function

        return run

    def prototype(self, name: str, layout: Layout) -> Sequence[tuple[str, Code]]:
        if layout.local(name) is not None:
            return ()
        found = []
        for key in self._objects.prototypes.get(name, ()):
            full = _on_prototype(name, key)
            self.use(full, layout)
            found.append((key, self.code(full)))
        return found

    def declare(
        self,
        scripts: Iterable[str],
        values: Mapping[str, str],
        others: Iterable[str],
        compiler_of: Callable[[Layout], Compiler],
    ) -> None:
        """Compiles all functions of a document; those of ``values`` go by the variables' names.

        ``others`` are scripts within states: they may give a method to an object.
        """
        roots = _parsed(scripts)
        sources: dict[str, Source] = {}
        for root in roots:
            sources |= _in_script(root)
        for name, text in values.items():
            sources |= _in_value(name, text)
        sources = dict(list(sources.items())[:FUNCTION_LIMIT])
        objects = self._objects = objects_of(roots, _parsed(others), sources)
        for constructor, fields in objects.prototypes.items():
            for key, source in fields.items():
                sources[_on_prototype(constructor, key)] = source
        methods = {name: one.source for name, one in objects.methods.items()}
        self._functions = {
            name: _Declared(source.origin) for name, source in (sources | methods).items()
        }
        for name, source in sources.items():
            self._compile(name, compiler_of(Layout(source.text, may_write=True)), source.node)
        for name, (kind, method, source) in objects.methods.items():
            layout = Layout(source.text, may_write=True)
            layout.begin_method(kind, method.around)
            self._compile(name, compiler_of(layout), source.node)
        self._add_called()

    def _compile(self, name: str, compiler: Compiler, node: Node) -> None:
        declared = self._compiling = self._functions[name]
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

    def _add_called(self) -> None:
        """A function depends on what those depend on that it calls."""
        at = {name: position for position, name in enumerate(self._functions)}
        found = [
            Dependency(
                one.uses,
                {at[name] for name, owner in one.calls if owner in ("", THIS)},
                {(at[name], owner) for name, owner in one.calls if owner not in ("", THIS)},
            )
            for one in self._functions.values()
        ]
        for one, fits in zip(self._functions.values(), add_called(found), strict=True):
            if not fits and one.function is not None:
                one.function = None
                one.why = f"it uses more than {USES_LIMIT:,} variables, with what it calls"


def _on_prototype(constructor: str, key: str) -> str:
    return f"{constructor}.prototype.{key}"


def _parsed(scripts: Iterable[str]) -> list[Source]:
    """The scripts that can be parsed; the others are refused where they stand."""
    found = []
    for text in scripts:
        with suppress(ExpressionRefused):
            tree, root = parsed_script(checked(text, "a script"))
            found.append(Source(text, root, tree))
    return found


def _in_script(source: Source) -> dict[str, Source]:
    """The functions that a script declares on its first level."""
    found: dict[str, Source] = {}
    for node in parts(source.node):
        if node.type == "function_declaration":
            found[text_of(part_of(node, "name"))] = source.at(node)
        elif node.type in ("lexical_declaration", "variable_declaration"):
            for declarator in parts(node):
                value = declarator.child_by_field_name("value")
                if value is not None and value.type in FUNCTIONS:
                    found[text_of(part_of(declarator, "name"))] = source.at(value)
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


def _in_value(name: str, text: str) -> dict[str, Source]:
    """The function that a text is; none where it is something else."""
    try:
        tree, node = parsed_expression(checked(text))
    except ExpressionRefused:
        return {}
    while node.type == "parenthesized_expression":
        node = parts(node)[0]
    return {name: Source(text, node, tree)} if node.type in FUNCTIONS else {}
