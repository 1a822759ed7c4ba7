"""Where in the user's source a state, a rule or an effect is declared."""

from __future__ import annotations

import sys
from types import FrameType

_PACKAGE = "statehold.define"


def caller() -> str:
    """``orders.py:41``: the first line up the stack that does not belong to this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return ""
    return f"{frame.f_code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{frame.f_lineno}"
