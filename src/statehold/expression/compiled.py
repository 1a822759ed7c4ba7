"""Compiled expressions, locations and scripts: runs them, and converts their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed, Scope
from statehold.expression.values import copied

#: what Python's own operations raise for values of a wrong kind
_WRONG_VALUES = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Location:
    """A target of assignments. ``refer`` evaluates the reference, once; ``get`` and ``put`` take
    its result."""

    refer: Code
    get: Callable[[Frame, Any], Any]
    put: Callable[[Frame, Any, Any], None]


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """Gives copies: nobody can change the machine's data through what comes back."""

    text: str
    code: Code
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    size: int = 0

    def __call__(self, scope: Scope) -> Any:
        frame = Frame(scope, self.text, self.size)
        try:
            return copied(frame, self.code(frame))
        except (EvaluationFailed, *_WRONG_VALUES) as error:
            raise _failed(self.text, error) from error
        finally:
            frame.close()


@dataclass(frozen=True, slots=True)
class CompiledLocation:
    text: str
    name: str
    location: Location
    size: int = 0

    def read(self, scope: Scope) -> Any:
        frame = Frame(scope, self.text, self.size)
        try:
            return copied(frame, self.location.get(frame, self.location.refer(frame)))
        except (EvaluationFailed, *_WRONG_VALUES) as error:
            raise _failed(self.text, error) from error
        finally:
            frame.close()

    def assign(self, scope: Scope, value: Any) -> None:
        frame = Frame(scope, self.text, self.size)
        try:
            frame.writable(self.name)
            # fails for a variable that is not there: only a script or a declaration makes one
            frame.variable(self.name)
            self.location.put(frame, self.location.refer(frame), value)
        except (EvaluationFailed, *_WRONG_VALUES) as error:
            raise _failed(self.text, error) from error
        finally:
            frame.close()


@dataclass(frozen=True, slots=True)
class CompiledScript:
    """Changes made before a script fails stay; the caller works on a copy."""

    text: str
    code: Code
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    size: int = 0

    def run(self, scope: Scope) -> None:
        frame = Frame(scope, self.text, self.size)
        try:
            self.code(frame)
        except (EvaluationFailed, *_WRONG_VALUES) as error:
            raise _failed(self.text, error) from error
        finally:
            frame.close()


def _failed(text: str, error: Exception) -> EvaluationFailed:
    shown = " ".join(text[:200].split())
    shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
    said = str(error) if isinstance(error, EvaluationFailed) else _described(error)
    return EvaluationFailed(f"{shown!r}: {said}")


def _described(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deep to be evaluated"
    if isinstance(error, MemoryError):
        return "needs too much memory"
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]!r}" if error.args else "there is no such key"
    return str(error) or type(error).__name__
