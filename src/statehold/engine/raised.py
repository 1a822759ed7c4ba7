"""Decides what an exception from a machine's code is: a refusal, or an exit of the process."""

from __future__ import annotations

import dis
import signal
import threading
from functools import partial
from types import CodeType
from typing import Any

from statehold.errors import ActionFailed, Refused
from statehold.instance.tracebacks import traceback_of

_RAISE = dis.opmap["RAISE_VARARGS"]


def refusal_of(error: BaseException, what: str) -> Refused:
    """The refusal that a request answers with when a step raised ``error``.

    A :class:`Refused` is returned as it is. ``SystemExit``, and whatever else is not an
    :class:`Exception`, becomes :class:`ActionFailed`. Raises ``error`` itself if it is any other
    exception, or if a signal's handler raised it.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, Exception) or by_signal(error):
        raise error
    return ActionFailed(what, error)


def by_signal(error: BaseException) -> bool:
    """Whether a signal's handler raised it, and not the code that was interrupted.

    A handler runs in the main thread, between any two instructions. Its exception is the process's
    and goes on; the same one raised by an effect or an action, as by ``sys.exit()``, is a failure.
    """
    if isinstance(error, Exception) or threading.current_thread() is not threading.main_thread():
        return False
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {code for handler in handlers if (code := _code_of(handler)) is not None}
    steps, last = traceback_of(error), None
    while steps is not None:
        if steps.tb_frame.f_code in codes:
            return True
        steps, last = steps.tb_next, steps
    if not isinstance(error, KeyboardInterrupt) or signal.default_int_handler not in handlers:
        return False
    # that handler has no frame: what no statement has raised came from outside
    return last is None or last.tb_frame.f_code.co_code[last.tb_lasti] != _RAISE


def _code_of(handler: Any) -> CodeType | None:
    while isinstance(handler, partial):
        handler = handler.func
    function = getattr(handler, "__func__", handler)
    if not hasattr(function, "__code__"):
        # an object that can be called
        function = getattr(type(handler), "__call__", None)  # noqa: B004 - not asked, but looked at
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
