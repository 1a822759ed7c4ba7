"""What the machine's own code has raised: where, and whether it was meant for the process."""

from __future__ import annotations

import dis
import signal
import sysconfig
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from statehold.errors import ActionFailed, Refused, name_of, storable

#: frames of one traceback that are kept: so many of the outermost, where the machine's own code is,
#: and of the innermost, where it was raised
OUTERMOST = 5
INNERMOST = 5
#: exceptions that one text tells of: what was raised, its causes and the members of groups
CHAINED = 4
#: characters of such a text
TRACE_CHARS = 4_000

_OURS = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_RAISE = dis.opmap["RAISE_VARARGS"]


def trace_of(error: BaseException) -> str:
    """Where it was raised, then file, line and function of each frame, and the same of what it came
    of; bounded, and without any value: neither messages nor lines of source. Empty where no code of
    the machine's was on the way."""
    lines: list[str] = []
    for number, (relation, one) in enumerate(_chain(error)):
        if number == CHAINED:
            lines.append("…")
            break
        place = _place(one)
        lines.append(f"{relation}{name_of(one)}{f' at {place}' if place else ''}")
        lines += _frames(one)
    has_frames = any(line.startswith(" ") for line in lines)
    return storable("\n".join(lines), TRACE_CHARS) if has_frames else ""


def step_trace(error: BaseException) -> str:
    """The same of what an error that stands for another was raised for."""
    cause = getattr(error, "cause", None) or _cause_of(error)
    return trace_of(cause) if isinstance(cause, BaseException) else ""


def refusal_of(error: BaseException, what: str) -> Refused:
    """What an act makes of what a step raised: a refusal as it is, and what is no plain exception,
    such as ``SystemExit``, as the machine's own failure. Raises everything else."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Exception) or by_signal(error):
        raise error
    return ActionFailed(what, error)


def at(trace: str) -> str:
    """`` (at file:line in function)`` by the first line of such a text, for a line of the log."""
    place = trace.partition("\n")[0].partition(" at ")[2]
    return f" (at {place})" if place else ""


def by_signal(error: BaseException) -> bool:
    """Whether a signal's handler raised it, and not the code that it came out of.

    A handler runs in the main thread, between any two instructions. Its exception is the process's
    and goes on; the same one raised by an effect or an action, as by ``sys.exit()``, is a failure.
    """
    if isinstance(error, Exception) or threading.current_thread() is not threading.main_thread():
        return False
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {code for handler in handlers if (code := _code_of(handler)) is not None}
    steps, last = _traceback(error), None
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


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """It, what it came of and what it is a group of; none twice."""
    pending, seen = [("", error)], {id(error)}
    while pending:
        relation, one = pending.pop(0)
        yield relation, one
        cause = _cause(one)
        more = [] if cause is None else [("came of ", cause)]
        more += [("with ", member) for member in members(one)]
        for relation, other in more:
            if id(other) not in seen:
                seen.add(id(other))
                pending.append((relation, other))


def _place(error: BaseException) -> str:
    """``file:line in function`` where it was raised, of the machine's own code if there is any."""
    found = ""
    for code, line in _steps(_traceback(error)):
        if not found or not code.co_filename.startswith(_LIBRARIES):
            found = f"{code.co_filename}:{line} in {code.co_qualname}"
    return found


# an exception's class may have properties in the place of these, which may raise

_traceback: Callable[[BaseException], TracebackType | None]
_traceback = BaseException.__dict__["__traceback__"].__get__
_cause_of: Callable[[BaseException], BaseException | None]
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of: Callable[[BaseException], BaseException | None]
_context_of = BaseException.__dict__["__context__"].__get__
_is_alone: Callable[[BaseException], bool]
_is_alone = BaseException.__dict__["__suppress_context__"].__get__
_exceptions: Callable[[BaseException], tuple[BaseException, ...]]
_exceptions = BaseExceptionGroup.__dict__["exceptions"].__get__


def _cause(error: BaseException) -> BaseException | None:
    return _cause_of(error) or (None if _is_alone(error) else _context_of(error))


def members(error: BaseException) -> tuple[BaseException, ...]:
    """The first of a group."""
    return _exceptions(error)[:CHAINED] if isinstance(error, BaseExceptionGroup) else ()


def _frames(error: BaseException) -> list[str]:
    first: list[str] = []
    last: list[str] = []
    left_out = 0
    for code, line in _steps(_traceback(error)):
        told = f'  File "{code.co_filename}", line {line}, in {code.co_qualname}'
        if len(first) < OUTERMOST:
            first.append(told)
            continue
        last.append(told)
        if len(last) > INNERMOST:
            del last[0]
            left_out += 1
    return [*first, *([f"  … {left_out} frames"] if left_out else []), *last]


def _steps(trace: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    """Frames from the outside in, but for those of this package that only led there."""
    is_outside = True
    while trace is not None:
        code = trace.tb_frame.f_code
        is_outside = is_outside and code.co_filename.startswith(_OURS)
        if not is_outside:
            yield code, trace.tb_lineno or 0
        trace = trace.tb_next
