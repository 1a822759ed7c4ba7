"""Where the machine's own code raised an error, as a text without values, for an incident."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, TracebackType

from statehold.errors import name_of, storable

#: frames of one traceback that are kept: of the outermost, which are the machine's own code, and of
#: the innermost, where it was raised
OUTERMOST = 5
INNERMOST = 5
#: exceptions in one text: the one that was raised, its causes and the members of groups
CHAINED = 4
#: characters of such a text
TRACE_CHARS = 4_000

_OURS = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def trace_of(error: BaseException) -> str:
    """Where the error was raised, the file, line and function of each frame, and the same for its
    causes. It is bounded and has no values: neither messages nor source lines. Empty if no frame is
    of the machine's code."""
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
    """The same for the cause of an error of this package that wraps another one."""
    cause = getattr(error, "cause", None) or _cause_of(error)
    return trace_of(cause) if isinstance(cause, BaseException) else ""


def at(trace: str) -> str:
    """`` (at file:line in function)`` from the first line of such a text, for the log."""
    place = trace.partition("\n")[0].partition(" at ")[2]
    return f" (at {place})" if place else ""


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """The error, its causes and the members of groups, each once."""
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
    """``file:line in function`` where it was raised, in the machine's own code if possible."""
    found = ""
    for code, line in _steps(traceback_of(error)):
        if not found or not code.co_filename.startswith(_LIBRARIES):
            found = f"{code.co_filename}:{line} in {code.co_qualname}"
    return found


# an exception's class may have properties of these names, which may raise

traceback_of: Callable[[BaseException], TracebackType | None]
traceback_of = BaseException.__dict__["__traceback__"].__get__
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
    """The first exceptions of a group."""
    return _exceptions(error)[:CHAINED] if isinstance(error, BaseExceptionGroup) else ()


def _frames(error: BaseException) -> list[str]:
    first: list[str] = []
    last: list[str] = []
    left_out = 0
    for code, number in _steps(traceback_of(error)):
        line = f'  File "{code.co_filename}", line {number}, in {code.co_qualname}'
        if len(first) < OUTERMOST:
            first.append(line)
            continue
        last.append(line)
        if len(last) > INNERMOST:
            del last[0]
            left_out += 1
    return [*first, *([f"  … {left_out} frames"] if left_out else []), *last]


def _steps(trace: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    """Frames from the outermost in, without those of this package that led to the first other."""
    is_outside = True
    while trace is not None:
        code = trace.tb_frame.f_code
        is_outside = is_outside and code.co_filename.startswith(_OURS)
        if not is_outside:
            yield code, trace.tb_lineno or 0
        trace = trace.tb_next
