"""Keeps the machine's data and the event from changes through a function's own variables.

A local variable may refer to a part of the data or of the event. A script may change the data so,
but nothing changes the event; and where nothing may be changed, as in a guard, such a change fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from statehold.expression.ecmascript.values import strictly_equal
from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import copied


def shielded(code: Code, *, may_write: bool) -> Code:
    """``code``, run on copies of what it may not change."""

    def run(frame: Frame) -> Any:
        frame.system = _Shield(frame, frame.system)
        if may_write:
            return code(frame)
        variables = _Shield(frame, frame.variables)
        frame.variables = variables
        result = code(frame)
        variables.check()
        return result

    return run


class _Shield(MutableMapping[str, Any]):
    """Copies of the values that are read; each is made once."""

    def __init__(self, frame: Frame, values: Mapping[str, Any]) -> None:
        self._frame = frame
        self._values = values
        self._copies: dict[str, Any] = {}

    def check(self) -> None:
        """Raises ``EvaluationFailed`` if a copy has changed."""
        for name, copy in self._copies.items():
            if not strictly_equal(self._frame, self._values[name], copy):
                raise EvaluationFailed(f"changes {name!r}, which only a script may do")

    def __getitem__(self, name: str) -> Any:
        if name not in self._copies:
            self._copies[name] = copied(self._frame, self._values[name])
        return self._copies[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setitem__(self, name: str, value: Any) -> None:
        raise EvaluationFailed(f"{name!r} can be read only")

    def __delitem__(self, name: str) -> None:
        raise EvaluationFailed(f"{name!r} can be read only")
