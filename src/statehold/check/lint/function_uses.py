"""The fields of the data that a function uses, the events that it raises, by its source.

An expression has them (:class:`~statehold.chart.machine.Uses`). Python is read by its syntax tree
and never runs here. What can't be determined is marked as unknown, and the checks conclude nothing
from it.
"""

from __future__ import annotations

import ast
import dataclasses
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

from statehold.chart.machine import ITSELF, PARENT, Definition, Function
from statehold.define.narrowing import Narrowed

#: files of source whose trees are kept
FILE_LIMIT = 64
#: characters of one file; a longer one is not read
SOURCE_LIMIT = 1_000_000

_CLOCKS = frozenset({"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns"})
_CLOCK_MODULES = frozenset({"time", "datetime", "date"})
_OUTSIDE_MODULES = frozenset({"random", "secrets", "requests", "httpx", "socket", "subprocess"})
_OUTSIDE_CALLS = frozenset({"open", "input", "uuid1", "uuid4", "urandom", "sleep"})
#: methods that change what they are called on
_CHANGING = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
        "popleft", "remove", "reverse", "setdefault", "sort", "update",
    }
)  # fmt: skip


@dataclass(slots=True)
class FunctionUses:
    """``reads`` and ``writes`` are the data's own fields; ``stores`` those of the written ones
    that are assigned to, and not changed by a method. ``raises`` are names of events that it
    queues or sends to its own instance, ``surely`` those that it queues whenever it runs. ``sends``
    are machines (:data:`.chart.machine.ITSELF`, :data:`.PARENT`) and names of events sent there.

    ``known`` is False where it may touch more than is said. ``outside`` names what it calls that
    is no part of a pure step. ``constant`` holds its value, where that is always the same.
    ``constants`` are the literal values in it.
    """

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    raises: set[str] = field(default_factory=set)
    surely: set[str] = field(default_factory=set)
    sends: set[tuple[str, str]] = field(default_factory=set)
    outside: list[str] = field(default_factory=list)
    constant: tuple[Any] | None = None
    constants: set[Any] = field(default_factory=set)
    known: bool = True
    #: gives a value that, from an action, takes the place of the data
    gives: bool = False


UNKNOWN = FunctionUses(known=False)


def read(function: Function) -> FunctionUses:
    """Reads the uses that an expression declares, or the source of a Python function."""
    if isinstance(function.call, Narrowed):
        return _of_part(function.call, function.takes)
    uses = function.uses
    if uses is not None:
        return FunctionUses(
            reads={name.partition(".")[0] for name in uses.reads},
            writes={name.partition(".")[0] for name in uses.writes},
            stores={name.partition(".")[0] for name in uses.writes},
            raises=set(uses.raises),
            surely=set(uses.raises),
            sends=set(uses.sends),
        )
    code = getattr(function.call, "__code__", None)
    if not isinstance(code, CodeType):
        return UNKNOWN
    node = _node_of(code)
    if node is None:
        return UNKNOWN
    parameters = [*node.args.posonlyargs, *node.args.args]
    if not parameters:
        return UNKNOWN
    context = parameters[2].arg if len(parameters) > 2 else None
    if _is_rebound(node, parameters[0].arg):
        return UNKNOWN
    found = _Reader(parameters[0].arg, context, lambda name: _value_of(name, function.call, code))
    found.function(node)
    return found.reading


def _of_part(function: Narrowed, takes: int) -> FunctionUses:
    """What sees a part of the data uses the field that has it; through functions, any fields."""
    inner = function.__wrapped__
    found = read(Function(inner, takes, getattr(inner, "uses", None)))
    field_name = function.narrowing.field
    if field_name is None:
        return FunctionUses(
            raises=found.raises,
            surely=found.surely,
            sends=found.sends,
            outside=found.outside,
            constant=found.constant,
            known=False,
        )
    return dataclasses.replace(
        found,
        reads={field_name} if found.reads or found.writes else set(),
        writes={field_name} if found.writes or found.gives else set(),
        stores=set(),
        gives=False,
    )


def _value_of(name: str, call: Any, code: CodeType) -> Any:
    """What a name in a function stands for that is no local of it; None where it is not known."""
    if name in code.co_varnames:
        return None
    cells = dict(zip(code.co_freevars, getattr(call, "__closure__", None) or (), strict=False))
    if name not in cells:
        return getattr(call, "__globals__", {}).get(name)
    try:
        return cells[name].cell_contents
    except ValueError:
        # it is assigned to later
        return None


def _is_rebound(node: ast.FunctionDef | ast.Lambda, name: str) -> bool:
    """Whether the name may be something other than the parameter somewhere."""
    body = node.body if isinstance(node, ast.FunctionDef) else [node.body]
    return any(
        (isinstance(inner, ast.Name) and inner.id == name and not isinstance(inner.ctx, ast.Load))
        or (isinstance(inner, ast.arg) and inner.arg == name)
        for statement in body
        for inner in ast.walk(statement)
    )


# --- finding the source --------------------------------------------------------------------


def _node_of(code: CodeType) -> ast.FunctionDef | ast.Lambda | None:
    """The node of the function; None without a source, or where two functions match."""
    found = [
        node
        for node in _functions(code.co_filename).get(code.co_firstlineno, ())
        if _name(node) == code.co_name and _parameters(node) == code.co_varnames[: code.co_argcount]
    ]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=FILE_LIMIT)
def _functions(filename: str) -> dict[int, tuple[ast.FunctionDef | ast.Lambda, ...]]:
    """The functions of a file, by the line that they begin in, decorators included."""
    lines = linecache.getlines(filename)
    if not lines or sum(map(len, lines)) > SOURCE_LIMIT:
        return {}
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[int, list[ast.FunctionDef | ast.Lambda]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            first = node.lineno
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                first = min(first, *(one.lineno for one in node.decorator_list))
            found.setdefault(first, []).append(node)
    return {line: tuple(nodes) for line, nodes in found.items()}


def _name(node: ast.FunctionDef | ast.Lambda) -> str:
    return node.name if isinstance(node, ast.FunctionDef) else "<lambda>"


def _parameters(node: ast.FunctionDef | ast.Lambda) -> tuple[str, ...]:
    return tuple(one.arg for one in (*node.args.posonlyargs, *node.args.args))


# --- reading it ----------------------------------------------------------------------------


class _Reader:
    """``data`` and ``context`` are the names of the function's first and third parameter;
    ``value_of`` gives what another name in it stands for."""

    def __init__(self, data: str, context: str | None, value_of: Callable[[str], Any]) -> None:
        self.data = data
        self.context = context
        self.value_of = value_of
        self.reading = FunctionUses()
        #: uses of the data's name that were understood
        self.understood: set[int] = set()

    def function(self, node: ast.FunctionDef | ast.Lambda) -> None:
        body = node.body if isinstance(node, ast.FunctionDef) else [ast.Return(node.body)]
        statements = [one for one in body if not _is_text(one)]
        for statement in statements:
            for inner in ast.walk(statement):
                self.look(inner)
        for statement in statements:
            if isinstance(statement, ast.Expr) and (name := self.raised(statement.value)):
                self.reading.surely.add(name)
        for statement in statements:
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Name) and inner.id == self.data:
                    self.use(inner)
        if len(statements) == 1 and isinstance(statements[0], ast.Return):
            value = statements[0].value
            if isinstance(value, ast.Constant):
                self.reading.constant = (value.value,)

    def look(self, node: ast.AST) -> None:
        reading = self.reading
        if isinstance(node, ast.Attribute) and self.is_data(node.value):
            self.understood.add(id(node.value))
            self.field(node, node.attr)
        elif isinstance(node, ast.Subscript) and self.is_data(node.value):
            self.understood.add(id(node.value))
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                self.field(node, node.slice.value)
            else:
                reading.known = False
        elif isinstance(node, ast.Return) and node.value is not None:
            self.returned(node.value)
        elif isinstance(node, ast.AugAssign):
            reading.reads.update(self.fields_in(node.target))
        elif isinstance(node, ast.Try | ast.TryStar):
            # it may handle a missing field
            reading.known = False
        elif isinstance(node, ast.Constant):
            reading.constants.add(node.value)
        elif isinstance(node, ast.Call):
            self.call(node)
        if isinstance(node, ast.Attribute | ast.Subscript) and _is_stored(node):
            # ``order.address.street = …`` sets a part of ``address``
            inner = tuple(self.fields_in(node.value))
            reading.writes.update(inner)
            reading.stores.update(inner)

    def field(self, node: ast.Attribute | ast.Subscript, name: str) -> None:
        if _is_stored(node):
            self.reading.writes.add(name)
            self.reading.stores.add(name)
        else:
            self.reading.reads.add(name)

    def call(self, node: ast.Call) -> None:
        reading, called = self.reading, node.func
        if name := self.raised(node):
            reading.raises.add(name)
        elif self.is_context(called, "raise_"):
            reading.known = False
        elif self.is_context(called, "send") and len(node.args) > 2:
            to_itself = all(isinstance(a, ast.Constant) and a.value is None for a in node.args[:2])
            name = _event_made(node.args[2])
            if to_itself and name:
                reading.raises.add(name)
            to = self.machine(node.args[0])
            if to is not None and name:
                reading.sends.add((to, name))
        elif self.is_context(called, "send_parent"):
            made = _event_made(node.args[0]) if node.args else None
            reading.sends.update([] if made is None else [(PARENT, made)])
        if isinstance(called, ast.Attribute):
            if called.attr in _CHANGING:
                reading.writes.update(self.fields_in(called.value))
            if called.attr == "model_copy" and self.is_data(called.value):
                self.copied(node)
        if _called(node) == "replace" and any(map(self.is_data, node.args)):
            self.replaced(node)
        outside = _outside(called)
        if outside and not self.is_in_context(called):
            reading.outside.append(outside)

    def returned(self, value: ast.expr) -> None:
        """Understands copies by ``model_copy`` and ``replace``."""
        if self.is_data(value):
            self.understood.add(id(value))
        elif isinstance(value, ast.Call):
            # methods that change a list in place return None, in a lambda too
            if _called(value) not in {"model_copy", "replace", *_CHANGING}:
                self.reading.gives = True
        elif not (isinstance(value, ast.Constant) and value.value is None):
            self.reading.gives = True

    def copied(self, node: ast.Call) -> None:
        """``data.model_copy(update={"field": …})``"""
        for keyword in node.keywords:
            if keyword.arg == "update" and isinstance(keyword.value, ast.Dict):
                for key in keyword.value.keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        self.reading.writes.add(key.value)
                    else:
                        self.reading.known = False
            elif keyword.arg != "deep":
                self.reading.known = False

    def replaced(self, node: ast.Call) -> None:
        """``dataclasses.replace(data, field=…)``"""
        for argument in node.args:
            if self.is_data(argument):
                self.understood.add(id(argument))
        for keyword in node.keywords:
            if keyword.arg is None:
                self.reading.known = False
            else:
                self.reading.writes.add(keyword.arg)

    def use(self, node: ast.Name) -> None:
        """The data as a whole: passed on, assigned to another name, or returned."""
        if id(node) not in self.understood:
            self.reading.known = False

    def raised(self, node: ast.AST) -> str | None:
        """The event in ``context.raise_(Event(…))``."""
        if isinstance(node, ast.Call) and self.is_context(node.func, "raise_") and node.args:
            return _event_made(node.args[0])
        return None

    def machine(self, node: ast.AST) -> str | None:
        """The machine in ``context.send(machine, …)``, by its name; None where it is not known."""
        if isinstance(node, ast.Constant):
            return ITSELF if node.value is None else str(node.value)
        found: Any = None
        if isinstance(node, ast.Name):
            found = self.value_of(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            holder = self.value_of(node.value.id)
            # nothing else, whose attribute might be code
            found = getattr(holder, node.attr, None) if isinstance(holder, ModuleType) else None
        if isinstance(found, str):
            return found
        definition = getattr(found, "definition", None) if isinstance(found, type) else found
        return definition.name if isinstance(definition, Definition) else None

    def fields_in(self, node: ast.AST) -> Iterator[str]:
        """The data's field that a chain of attributes and subscripts begins with."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            if self.is_data(node.value):
                if isinstance(node, ast.Attribute):
                    yield node.attr
                elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                    yield node.slice.value
                return
            node = node.value

    def is_data(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self.data

    def is_context(self, node: ast.AST, method: str) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == method and self.is_in_context(node)

    def is_in_context(self, node: ast.AST) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return self.context is not None and isinstance(node, ast.Name) and node.id == self.context


def _called(node: ast.Call) -> str:
    """The function's or the method's own name."""
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _event_made(made: ast.AST) -> str | None:
    """``Packed(…)``, ``events.Packed(…)`` or ``NamedEvent("Packed")``, as a name."""
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name | ast.Attribute):
        return None
    name = made.func.id if isinstance(made.func, ast.Name) else made.func.attr
    if name != "NamedEvent":
        # the event of a function that returns one is not known
        return name if name[:1].isupper() else None
    first = made.args[0] if made.args else None
    return str(first.value) if isinstance(first, ast.Constant) else None


def _is_stored(node: ast.Attribute | ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _outside(called: ast.AST) -> str | None:
    """``datetime.now``, where the function that is called reads a clock, chance or the world."""
    if isinstance(called, ast.Name):
        return called.id if called.id in _OUTSIDE_CALLS else None
    if not isinstance(called, ast.Attribute):
        return None
    names = [called.attr]
    inner: ast.AST = called.value
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return None
    names.append(inner.id)
    shown = ".".join(reversed(names))
    if called.attr in _CLOCKS and names[1] in _CLOCK_MODULES:
        return shown
    if inner.id in _OUTSIDE_MODULES or (inner.id in ("uuid", "os") and names[0] in _OUTSIDE_CALLS):
        return shown
    return None
