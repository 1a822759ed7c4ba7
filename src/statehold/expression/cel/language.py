"""CEL, the Common Expression Language, as its own project implements it.

1. An :class:`Environment` declares variables with their types. Undeclared names, types that do not
   fit, and fields that a declared object does not have are refused when the text is compiled.
2. CEL's standard functions and macros are available, and the extensions ``strings`` and ``math``.
   No function reads a clock, a file or a random number.
3. A pattern of ``matches`` is a literal, and bounded: see :mod:`statehold.expression.pattern`.
4. No evaluation takes much more than a tenth of a second; see :mod:`.cost`.
   Text that the library would not read whole (with U+0000) fails the evaluation.
5. Results are plain JSON values, and ``timedelta`` for durations. Moments are RFC 3339 text.

Needs the package ``cel-expr-python``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings

from statehold.expression.allowance import begin
from statehold.expression.cel.cost import Work
from statehold.expression.cel.tree import Call, Constant, Name, Node, Select, read_tree, walk
from statehold.expression.language import (
    DEPTH_LIMIT,
    EXPRESSION_LIMIT,
    EvaluationFailed,
    ExpressionRefused,
)
from statehold.expression.near import nearest
from statehold.expression.pattern import Pattern, PatternRefused

#: compiled expressions that an environment caches; beyond, all are compiled again
CACHE_LIMIT = 1_000

KindName = Literal[
    "bool", "int", "double", "string", "timestamp", "duration", "null", "list", "map", "dyn",
    "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a variable or of a result. ``item`` is what a list or a map holds."""

    name: KindName
    item: Kind | None = None

    def __str__(self) -> str:
        if self.item is None:
            return self.name
        held = f"string, {self.item}" if self.name == "map" else str(self.item)
        return f"{self.name}({held})"

    def fits(self, wanted: Kind) -> bool:
        """Whether a value of this kind can stand where ``wanted`` is; a ``dyn`` may."""
        if "dyn" in (self.name, wanted.name):
            return True
        if self.name == "int" and wanted.name == "double":
            return True
        if self.name != wanted.name:
            return False
        return self.item is None or wanted.item is None or self.item.fits(wanted.item)


DYN = Kind("dyn")
BOOL, INT, DOUBLE, STRING = Kind("bool"), Kind("int"), Kind("double"), Kind("string")
TIMESTAMP, DURATION, NULL = Kind("timestamp"), Kind("duration"), Kind("null")


def list_of(item: Kind) -> Kind:
    return Kind("list", item)


def map_of(item: Kind) -> Kind:
    """Keys are strings, as in JSON."""
    return Kind("map", item)


class Environment:
    """Declared variables, by dotted name: ``data.total``.

    ``closed`` are variables that are objects whose fields are all declared too, one by one.
    """

    def __init__(self, variables: Mapping[str, Kind], closed: Collection[str] = ()) -> None:
        self.variables = dict(variables)
        self.closed = frozenset(closed)
        self._env = cel.NewEnv(
            variables={name: _type_of(kind) for name, kind in variables.items()},
            extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()],
        )
        self._compiled: dict[str, CelExpression] = {}

    def compile(self, text: str) -> CelExpression:
        """Raises ``ExpressionRefused``."""
        known = self._compiled.get(text)
        if known is None:
            if len(self._compiled) >= CACHE_LIMIT:
                self._compiled.clear()
            known = self._compiled[text] = self._compile(text)
        return known

    def has_compiled(self, text: str) -> bool:
        return text in self._compiled

    def _compile(self, text: str) -> CelExpression:
        if len(text) > EXPRESSION_LIMIT:
            raise ExpressionRefused(
                text,
                f"it has {len(text)} characters; the limit is {EXPRESSION_LIMIT}",
                "split it over several fields of the data",
            )
        try:
            text.encode()
            compiled = self._env.compile(text)
            tree = read_tree(compiled.serialize())
        except UnicodeEncodeError:
            raise ExpressionRefused(text, "it has half of a surrogate pair") from None
        except (RuntimeError, ValueError) as error:
            raise self._refused(text, str(error)) from None
        for name in _ASKED.findall(text):
            # the checker resolves a declared name to its value, not to a field that has() tests:
            # has(data.paid) would be false where it is present and false
            if name in self.variables:
                raise ExpressionRefused(
                    text, f"has({name}) says nothing: {name} is declared", f"write {name} != null"
                )
        programs: dict[str, int] = {}
        for node in walk(tree):
            pattern = self._check(text, node)
            if pattern is not None:
                programs[pattern.text] = pattern.size
        return CelExpression(text, compiled, tree, self.variables, programs)

    def _refused(self, text: str, message: str) -> ExpressionRefused:
        found = _COMPLAINT.search(message)
        if "recursion" in message:
            return ExpressionRefused(
                text, "it is nested too deep, or has too many terms", "use fewer parentheses"
            )
        if found is None:
            return ExpressionRefused(text, message.partition("\n")[0])
        at = int(found["column"]) - 1 if found["line"] == "1" else None
        complaint = found["what"].removesuffix(" (in container '')")
        undeclared = _UNDECLARED.search(complaint)
        if undeclared is None:
            return ExpressionRefused(text, complaint, _hint_for(complaint), at)
        return ExpressionRefused(
            text, f"there is no {undeclared[1]!r}", self._near(undeclared[1]), at
        )

    def _near(self, name: str) -> str:
        near = nearest(name, self.variables, 0.5)
        if near is not None:
            return f"did you mean {near}?"
        return f"there are {', '.join(sorted(self.variables)[:20])}" if self.variables else ""

    def _check(self, text: str, node: Node) -> Pattern | None:
        """The pattern that the node matches something against."""
        match node:
            case Select(Name(name), field) if name in self.closed:
                raise ExpressionRefused(
                    text, f"there is no '{name}.{field}'", self._near(f"{name}.{field}")
                )
            case Call("matches", arguments):
                return _check_pattern(text, arguments[-1])
            case _:
                return None


class CelExpression:
    """Called with a function from a variable's name to its value."""

    __slots__ = ("_compiled", "_kinds", "_work", "kind", "reads", "text")

    def __init__(
        self,
        text: str,
        compiled: cel.Expression,
        tree: Node,
        variables: Mapping[str, Kind],
        programs: Mapping[str, int],
    ) -> None:
        self.text = text
        self.kind = _kind_named(compiled.return_type().name())
        named = {node.name for node in walk(tree) if isinstance(node, Name)}
        self.reads = frozenset(named & variables.keys())
        self._kinds = {name: variables[name] for name in self.reads}
        self._compiled = compiled
        self._work = Work(tree, programs)

    def __call__(self, value_of: Callable[[str], Any]) -> Any:
        """A plain value, or a ``timedelta``; raises ``EvaluationFailed``."""
        # before values are read and looked at: once all is spent, that is not done for nothing
        begin(self.text)
        values = {name: _given(value_of(name), kind) for name, kind in self._kinds.items()}
        self._work.check(values)
        try:
            made = self._compiled.eval(data=values)
            plain = made.plain_value()
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise EvaluationFailed(f"{self.text}: {_plain_message(str(error))}") from None
        if made.type() == cel.Type.ERROR:
            raise EvaluationFailed(f"{self.text}: {_plain_message(str(plain))}")
        return plain_of(plain, self.text)


def plain_of(value: Any, text: str, depth: int = 0) -> Any:
    """The result of an expression as JSON values; a ``timedelta`` only as the whole result."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationFailed(f"{text}: its result is {value}, which JSON can't represent")
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta) and depth == 0:
        return value
    if depth > DEPTH_LIMIT:
        raise EvaluationFailed(f"{text}: it is nested more than {DEPTH_LIMIT} levels deep")
    if isinstance(value, list):
        return [plain_of(item, text, depth + 1) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise EvaluationFailed(f"{text}: a map's keys are strings")
        return {key: plain_of(item, text, depth + 1) for key, item in value.items()}
    raise EvaluationFailed(f"{text}: a {type(value).__name__} can't be kept in JSON")


def _given(value: Any, kind: Kind) -> Any:
    """As the library takes it."""
    if kind.name == "timestamp" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise EvaluationFailed(f"{value!r} is no moment: {error}") from None
    if kind.name == "double" and isinstance(value, int):
        return float(value)
    return value


_PLAIN_TYPES: dict[KindName, cel.Type] = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "null": cel.Type.NULL,
}


def _type_of(kind: Kind) -> cel.Type:
    if kind.name == "list":
        return cel.Type.List(_type_of(kind.item or DYN))
    if kind.name == "map":
        return cel.Type.Map(cel.Type.STRING, _type_of(kind.item or DYN))
    return _PLAIN_TYPES.get(kind.name, cel.Type.DYN)


_KINDS: dict[str, Kind] = {
    "BOOL": BOOL,
    "INT": INT,
    "UINT": INT,
    "DOUBLE": DOUBLE,
    "STRING": STRING,
    "TIMESTAMP": TIMESTAMP,
    "DURATION": DURATION,
    "NULL": NULL,
    "DYN": DYN,
}


def _kind_named(name: str) -> Kind:
    """From the library's spelling: ``LIST<MAP<STRING, DYN>>``."""
    if name.startswith("LIST<"):
        return list_of(_kind_named(name[5:-1]))
    if name.startswith("MAP<"):
        return map_of(_kind_named(name[4:-1].partition(", ")[2]))
    return _KINDS.get(name, Kind("other"))


_ASKED = re.compile(r"\bhas\s*\(\s*([\w.]+)\s*\)")
_COMPLAINT = re.compile(r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<what>[^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")


def _hint_for(complaint: str) -> str:
    if "no matching overload" in complaint and "double" in complaint and "int" in complaint:
        return "convert one of them: double(x), int(x); a constant is 2.0 or 2"
    return ""


def _check_pattern(text: str, pattern: Node) -> Pattern:
    if not isinstance(pattern, Constant) or pattern.text is None:
        raise ExpressionRefused(text, "a pattern is computed", "write it as a literal")
    try:
        return Pattern(pattern.text)
    except PatternRefused as error:
        shown = pattern.text if len(pattern.text) <= 60 else f"{pattern.text[:59]}…"
        raise ExpressionRefused(
            text, f"the pattern {shown!r}: {error.message}", error.hint
        ) from None


def _plain_message(message: str) -> str:
    """Without the library's error codes before and after the sentence."""
    return re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", message.partition("\n")[0])
