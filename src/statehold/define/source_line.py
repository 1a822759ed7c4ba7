"""Where in the user's source a state, a rule or an effect is declared."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

_PACKAGE = "statehold.define"


def caller() -> str:
    """``orders.py:41``: the first line up the stack that does not belong to this package."""
    frame = _frame()
    if frame is None:
        return ""
    return f"{frame.f_code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{frame.f_lineno}"


def caller_names(function: Callable[..., Any] | None = None) -> Mapping[str, Any]:
    """What is named where that line stands, in a function too; with ``function`` only if the line
    stands where that is defined."""
    frame = _frame()
    if frame is None:
        return {}
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    return dict(frame.f_locals) if function is None or code in frame.f_code.co_consts else {}


def _frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    return frame
