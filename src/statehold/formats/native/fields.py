"""Types of data, and the variables that expressions have for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from statehold.expression.cel.language import DYN, Kind

_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
#: words that CEL's grammar keeps for itself
_CEL_WORDS = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)


@dataclass(frozen=True, slots=True)
class Typed:
    """One schema, read. ``schema`` is the same with its defaults written out; ``is_matched``: an
    object some of whose parts have patterns."""

    annotation: Any
    kind: Kind
    schema: dict[str, Any]
    nullable: bool = False
    #: fields of an object that has no others; None for everything else
    fields: Mapping[str, TypedField] | None = None
    is_matched: bool = False


@dataclass(frozen=True, slots=True)
class TypedField:
    """A property. ``always``: it is required, or has a default."""

    typed: Typed
    required: bool
    always: bool


@dataclass(slots=True)
class Fields:
    """The variables below one name, ``data`` for example."""

    #: variables by dotted name
    variables: dict[str, Kind] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    #: the fields that can be assigned to, by the path below the name
    typed: dict[str, TypedField] = field(default_factory=dict)
    _checks: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def check(self, path: str) -> Callable[[Any], Any]:
        """Gives a value back, or raises pydantic's ``ValidationError``; made once for a field."""
        known = self._checks.get(path)
        if known is None:
            adapter: TypeAdapter[Any] = TypeAdapter(self.typed[path].typed.annotation)
            known = self._checks[path] = adapter.validator.validate_python
        return known

    def add(self, name: str, typed: Typed, inside: str = "") -> None:
        self.variables[name] = typed.kind
        if typed.fields is None:
            return
        self.closed.add(name)
        for key, held in typed.fields.items():
            if not _FIELD_NAME.fullmatch(key) or key in _CEL_WORDS:
                # data["odd-name"] reads it
                continue
            path = f"{inside}.{key}" if inside else key
            self.typed[path] = held
            if held.always and not held.typed.nullable:
                self.add(f"{name}.{key}", held.typed, path)
            else:
                # null if it is missing, which a typed variable can't be
                self.variables[f"{name}.{key}"] = DYN
