"""Deferred values: coroutines, generators, futures, functions.

A step awaits nothing and iterates nothing, and any of these would count as true. So no function
of a machine may return one. If its definition shows that it would, the machine is refused
(:func:`deferral`); every other function is checked when it is called (:func:`truth`,
:func:`settled`).
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncContextDecorator, ContextDecorator
from typing import Any, TypeVar

T = TypeVar("T")

#: wrappers around wrappers that are followed
_DEPTH_LIMIT = 100
_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    functools.partial,
)
#: attributes of values that are awaited, iterated, or asked for a result later
_MARKS = ("__await__", "__next__", "__anext__", "add_done_callback")


def deferral(function: Any) -> str | None:
    """Why a call gives a deferred value, as "is an async function"; None: it may not.

    Looks through partials, methods, callable objects and ``functools.wraps``. A plain function
    that wraps a generator may collect what it yields; one that wraps an async function can't run
    it.
    """
    wraps = False
    for _ in range(_DEPTH_LIMIT):
        if isinstance(function, functools.partial | functools.partialmethod):
            function = function.func
        elif isinstance(function, types.MethodType | staticmethod | classmethod):
            function = function.__func__
        elif inspect.iscoroutinefunction(function):
            return "wraps an async function" if wraps else "is an async function"
        elif inspect.isasyncgenfunction(function):
            return "wraps an async generator" if wraps else "is an async generator function"
        elif inspect.isgeneratorfunction(function) and not wraps:
            return "is a generator function"
        elif inner := getattr(function, "__wrapped__", None):
            function, wraps = inner, True
        elif inspect.isroutine(function) or isinstance(function, type):
            return None if wraps else _annotated(function)
        else:
            # a callable object; its class may have inherited the method
            function = getattr(type(function), "__call__", None)  # noqa: B004
            if function is None:
                return None
    return None


def is_deferred(value: Any) -> bool:
    kind = type(value)
    return kind in _FUNCTIONS or any(hasattr(kind, mark) for mark in _MARKS)


def settled(value: T) -> T:
    """The value itself; raises ``TypeError`` for a deferred one."""
    if not is_deferred(value):
        return value
    shown = f"a {type(value).__name__}"
    if type(value) in _FUNCTIONS:
        raise TypeError(f"it gave {shown} instead of a value; call it: {value!r}")
    close = getattr(value, "close", None)
    if isinstance(value, types.CoroutineType | types.GeneratorType) and close is not None:
        # else Python warns of a coroutine that was never awaited
        close()
    raise TypeError(
        f"it gave {shown} instead of a value; a step waits for nothing: return the value, or make "
        "it an @effect and take its outcome with on_result"
    )


def truth(answer: Any) -> bool:
    """A guard's answer as yes or no; raises ``TypeError`` for a deferred one."""
    if isinstance(answer, bool):
        return answer
    if isinstance(settled(answer), ContextDecorator | AsyncContextDecorator):
        # a generator under contextlib.contextmanager, whose value would never be read
        shown = type(answer).__name__
        raise TypeError(f"it gave a {shown}, which is to be entered, instead of a value")
    return bool(answer)


def _annotated(function: Any) -> str | None:
    try:
        hint = typing.get_type_hints(function).get("return")
    except (NameError, TypeError, AttributeError, SyntaxError):
        # a name that only type checkers resolve
        return None
    kind = typing.get_origin(hint) or hint
    if not isinstance(kind, type) or not issubclass(kind, Awaitable | Iterator | AsyncIterator):
        return None
    return f"is annotated to give {kind.__name__}"
