"""One running evaluation: what it can read, and how much work it may still do.

1. Work is counted in units: about one for each part of the text that is evaluated in a loop or a
   function, for each item that is visited, copied or built, and for sixteen characters of text that
   are made.
2. What is outside of loops and functions is bounded by the length of the text and is not counted.
3. The evaluations of a step together are bounded too (:mod:`.allowance`): the length of each text
   counts there.
4. Work is charged before it is done, so that no limit is noticed too late.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from statehold.expression.allowance import begin
from statehold.expression.language import EvaluationFailed, Scope

#: units of work of one evaluation; some tens of milliseconds
WORK_LIMIT = 100_000
#: units of an allowance that one of these takes: about 0.4 µs, where the allowance's are 0.15 µs
_OF_ALLOWANCE = 3
#: characters of a text that an expression makes
TEXT_LIMIT = 100_000
#: items of a list or a mapping that an expression makes
ITEM_LIMIT = 50_000
#: how deep calls may be nested, counted in the nested parts of the functions that wait for them; at
#: less than a frame of Python's stack for each, what was on the stack before still has room
CALL_DEPTH_LIMIT = 640


class Frame:
    """``local`` holds the cells of the variables of what runs now, the text or a function of it, by
    the slots of the compiler's layout; ``result`` what a function is about to return; ``made`` the
    objects of constructors by their ids: they may hold functions, as they are no data yet."""

    __slots__ = (
        "_allowance", "_scope", "depth", "local", "made", "result", "system", "variables", "work"
    )  # fmt: skip

    def __init__(self, scope: Scope, text: str, size: int = 0) -> None:
        self._allowance = begin(text)
        self._scope = scope
        self.variables = scope.variables
        self.system = scope.system
        self.local: list[Any] = [None] * size
        self.result: Any
        self.depth = 0
        self.made: dict[int, Any] = {}
        self.work = WORK_LIMIT

    def close(self) -> None:
        """Ends the evaluation, also a failed one; its work counts for its step."""
        if self._allowance is not None:
            self._allowance.left -= _OF_ALLOWANCE * (WORK_LIMIT - self.work)

    def spend(self, units: int) -> None:
        self.work -= units
        if self.work < 0:
            raise EvaluationFailed(
                f"takes more than {WORK_LIMIT:,} units of work, the most for one evaluation"
            )

    def spend_text(self, characters: int) -> None:
        """Charges a text that is about to be made."""
        if characters > TEXT_LIMIT:
            raise EvaluationFailed(
                f"would make a text of {characters:,} characters; the limit is {TEXT_LIMIT:,}"
            )
        self.spend(1 + (characters >> 4))

    def spend_items(self, items: int) -> None:
        """Charges a list or a mapping that is about to be made."""
        if items > ITEM_LIMIT:
            raise EvaluationFailed(
                f"would make a list of {items:,} items; the limit is {ITEM_LIMIT:,}"
            )
        self.spend(1 + items)

    def moment(self) -> datetime:
        """The moment of the step (SCXML has no other clock); fails where no step is taken."""
        now = self._scope.now
        if now is None:
            raise EvaluationFailed("asks for the time, which only a step has")
        return now

    def variable(self, name: str) -> Any:
        """The value of a variable, system ones first; fails where there is none."""
        if name in self.system:
            return self.system[name]
        try:
            return self.variables[name]
        except KeyError:
            raise EvaluationFailed(f"there is no variable {name!r}") from None

    def has(self, name: str) -> bool:
        """Whether there is such a variable."""
        return name in self.system or name in self.variables

    def writable(self, name: str) -> None:
        """Raises for what can be read only."""
        if name in self.system:
            raise EvaluationFailed(f"{name!r} can be read only")

    def assign(self, name: str, value: Any) -> None:
        """Assigns a value that is already a copy, to a new or an existing variable."""
        self.writable(name)
        self.variables[name] = value

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Calls a function of the scope."""
        functions = self._scope.functions
        function = functions.get(name)
        if function is None:
            known = ", ".join(sorted(functions)) or "none"
            raise EvaluationFailed(f"there is no function {name!r}; these can be called: {known}")
        return function(*arguments)


#: a compiled part of a text
Code: TypeAlias = Callable[[Frame], Any]
