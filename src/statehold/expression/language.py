"""The interface of expression languages, so that a notation need not know which one it reads.

1. Text is parsed once, when a chart is read. What the language does not allow is refused then, by
   :class:`ExpressionRefused`, not when a machine runs.
2. An expression reads what its :class:`Scope` holds and nothing else: no files, no attributes of
   Python objects, and no clock but the moment that the scope names.
3. Time and memory are bounded: by the length and depth of the text, and by a budget of work for
   each evaluation, which ends it with :class:`EvaluationFailed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from statehold.errors import StateholdError

#: characters of one expression
EXPRESSION_LIMIT = 4_000
#: characters of one script
SCRIPT_LIMIT = 20_000
#: how deep expressions may be nested
DEPTH_LIMIT = 64


class ExpressionRefused(StateholdError):
    """The text is not an expression of the language, or is not allowed."""

    code = "expression"

    def __init__(self, text: str, message: str, hint: str = "", at: int | None = None) -> None:
        self.text = text
        self.message = message
        self.hint = hint
        #: where in the text, counted in characters from 0
        self.at = at
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        super().__init__(f"{shown!r}: {message}" + (f" (hint: {hint})" if hint else ""))


class EvaluationFailed(Exception):
    """An expression could not be evaluated: an unknown name, a wrong type, too much work."""


@dataclass(slots=True)
class Scope:
    """What an expression can see.

    ``variables`` are the machine's data: names that may be read, and assigned to. ``system`` are
    names that may be read only (``_event``, ``_sessionid``); assigning to one fails. ``functions``
    are what may be called (``In``), beside those that the language itself has. ``now`` is the
    moment of the step, aware; None where no step is taken, and then asking for the time fails.
    """

    variables: MutableMapping[str, Any]
    system: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    now: datetime | None = None


class Expression(Protocol):
    """``reads`` and ``writes`` are the names of variables that it may read and change; ``asks`` the
    functions of the scope that it may call, and ``Date`` where it asks for the time."""

    @property
    def text(self) -> str: ...

    @property
    def reads(self) -> frozenset[str]: ...

    @property
    def writes(self) -> frozenset[str]: ...

    @property
    def asks(self) -> frozenset[str]: ...

    def __call__(self, scope: Scope) -> Any:
        """Plain values; raises ``EvaluationFailed``."""
        ...


class Location(Protocol):
    """Something that can be assigned to: ``name``, ``name.field``, ``name[0]``."""

    @property
    def text(self) -> str: ...

    @property
    def name(self) -> str:
        """The variable that holds it."""
        ...

    def read(self, scope: Scope) -> Any: ...

    def assign(self, scope: Scope, value: Any) -> None:
        """Raises ``EvaluationFailed`` where the variable is not there, or is a system variable."""
        ...


class Script(Protocol):
    """Statements, for what they change."""

    @property
    def text(self) -> str: ...

    @property
    def reads(self) -> frozenset[str]: ...

    @property
    def writes(self) -> frozenset[str]: ...

    def run(self, scope: Scope) -> None: ...


class Language(Protocol):
    """A module's front. All raise ``ExpressionRefused``."""

    @property
    def name(self) -> str:
        """As a notation calls it, ``ecmascript`` or ``cel``."""
        ...

    @property
    def functions(self) -> Mapping[str, str]:
        """The functions of a document (:meth:`with_functions`), each with the reason why it fails
        when it is called; empty where it does not."""
        ...

    def with_functions(
        self, scripts: Iterable[str], values: Mapping[str, str], others: Iterable[str] = ()
    ) -> Language:
        """The language with the functions that a document declares: in its own ``scripts``, and
        as ``values`` of variables, by their names, as far as those are functions. ``others`` are
        scripts within states, which may give a method to an object.

        They belong to the document and not to an instance's data, so nothing can be assigned to
        them.
        """
        ...

    def expression(self, text: str, *, may_write: bool = False) -> Expression:
        """``may_write``: it is evaluated where data may be changed, so it may assign."""
        ...

    def location(self, text: str) -> Location: ...

    def script(self, text: str) -> Script: ...

    def truth(self, value: Any) -> bool:
        """Whether a value counts as a yes."""
        ...
