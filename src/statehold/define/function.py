"""Signatures of functions: how many arguments a function takes, and of which types."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from statehold.chart.event import Result

#: an annotation that is not there, or that can't be resolved at run time
UNKNOWN: Any = object()


def positional(function: Callable[..., Any]) -> int | None:
    """How many arguments to call it with; None where it can't be called with positional ones.

    Parameters with defaults keep them, as in ``lambda data, n=3: ...``. A bare ``*args`` counts as
    three.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    required = sum(p.default is p.empty for p in plain)
    if required or not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return required or min(len(plain), 1)
    return 3


def parameter_types(function: Callable[..., Any]) -> list[Any]:
    """The types of the positional parameters in order, ``UNKNOWN`` where they can't be resolved.

    Each is resolved separately: a name that is imported for type checkers only must not keep the
    others from being checked.
    """
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    return [
        _resolve(parameter.annotation, scope)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def annotated_parameters(
    function: Callable[..., Any], names: Mapping[str, Any]
) -> list[tuple[inspect.Parameter, Any]]:
    """The parameters that it is called with, as :func:`positional` counts them, and the type of
    each: ``UNKNOWN`` where it has none, and its annotation, a string, where that can't be resolved.

    ``names``, those of the functions around it, come before its module's. What ``Annotated`` adds
    is kept.
    """
    parameters = list(inspect.signature(function).parameters.values())[: positional(function) or 0]
    while isinstance(function, functools.partial):
        function = function.func
    call = function if inspect.isroutine(function) else type(function).__call__
    scope = {**getattr(inspect.unwrap(call), "__globals__", {}), **names}
    found = []
    for parameter in parameters:
        type_ = _resolve(parameter.annotation, scope, extras=True)
        is_unresolved = isinstance(parameter.annotation, str) and type_ is UNKNOWN
        found.append((parameter, parameter.annotation if is_unresolved else type_))
    return found


def annotated_result(function: Callable[..., Any], names: Mapping[str, Any]) -> Any:
    """Its annotated result, as :func:`annotated_parameters` gives types."""
    annotation = inspect.signature(function).return_annotation
    scope = {**getattr(inspect.unwrap(function), "__globals__", {}), **names}
    found = _resolve(annotation, scope, extras=True)
    return annotation if isinstance(annotation, str) and found is UNKNOWN else found


def returned_type(function: Callable[..., Any]) -> Any:
    """The annotated type of its result, ``UNKNOWN`` where it can't be resolved."""
    while isinstance(function, functools.partial):
        function = function.func
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        found = _resolve(inspect.signature(function).return_annotation, scope)
    except (TypeError, ValueError):
        return UNKNOWN
    # object and a type variable say no more than nothing
    is_known = found is not object and not isinstance(found, TypeVar)
    return (type(None) if found is None else found) if is_known else UNKNOWN


def is_async(function: Any) -> bool:
    """A coroutine function, an async generator, or an object whose call is one of them."""
    call = None if inspect.isroutine(function) else getattr(type(function), "__call__", None)  # noqa: B004
    return any(
        inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f) for f in (function, call)
    )


def result_of(annotations: Sequence[Any]) -> Any:
    """X of the first ``Result[X]`` among them, also within a union; None where X is anything."""
    for annotation in map(_plain, annotations):
        members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
        for member in members:
            arguments = typing.get_args(member)
            known = typing.get_origin(member) is Result and not isinstance(arguments[0], TypeVar)
            if known and arguments[0] not in (Any, object):
                return arguments[0]
    return None


def accepts(annotation: Any, actual: Any) -> bool:
    """Whether a parameter with this annotation takes a value of the actual type.

    Says yes where it does not know: type checkers know more, this catches plain mistakes.
    """
    if annotation in (UNKNOWN, Any, object) or actual in (UNKNOWN, Any, object):
        return True
    if isinstance(annotation, TypeVar) or isinstance(actual, TypeVar):
        return True
    annotation, actual = _plain(annotation), _plain(actual)
    if annotation == actual:
        return True
    if _is_union(annotation):
        return any(accepts(member, actual) for member in typing.get_args(annotation))
    if _is_union(actual):
        return any(accepts(annotation, member) for member in typing.get_args(actual))
    (wide, wide_parts), (narrow, narrow_parts) = _parts(annotation), _parts(actual)
    if wide is float and narrow is int:
        # as type checkers have it
        return True
    if not (isinstance(wide, type) and isinstance(narrow, type)):
        return True
    try:
        fits = issubclass(narrow, wide)
    except TypeError:
        # protocols and typed dictionaries refuse the question
        return True
    if not fits or wide is not narrow:
        return fits
    return all(accepts_all(a, b) for a, b in zip(wide_parts, narrow_parts, strict=False))


def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A generic type and what it is of; pydantic makes a class of each."""
    made = getattr(hint, "__pydantic_generic_metadata__", None) or {}
    origin = made.get("origin") or typing.get_origin(hint) or hint
    return origin, made.get("args") or typing.get_args(hint)


def accepts_all(annotation: Any, actual: Any) -> bool:
    """Of a union that something holds, each member may come."""
    actual = _plain(actual)
    members = typing.get_args(actual) if _is_union(actual) else (actual,)
    return all(accepts(annotation, member) for member in members)


def name_of(type_: Any) -> str:
    """As one would write it, where its names are imported."""
    origin, parts = typing.get_origin(type_), typing.get_args(type_)
    if type_ is None or type_ is type(None):
        return "None"
    if origin is Annotated:
        return name_of(parts[0])
    if _is_union(type_):
        return " | ".join(map(name_of, parts))
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    if isinstance(type_, list):
        return f"[{', '.join(map(name_of, type_))}]"
    if type_ is ...:
        return "..."
    named = getattr(origin if parts else type_, "__name__", None)
    if named is None:
        return str(type_).replace("typing.", "")
    return f"{named}[{', '.join(map(name_of, parts))}]" if parts else str(named)


def members_of(hint: Any) -> tuple[Any, ...]:
    """The members of a union, each once, and of aliases and unions in it; of ``Never`` none."""
    found: dict[Any, None] = {}
    seen: set[int] = set()
    left = [hint]
    while left:
        member = left.pop()
        if id(member) in seen:
            # an alias of itself
            continue
        seen.add(id(member))
        if _is_union(member):
            left += reversed(typing.get_args(member))
        elif hasattr(member, "__value__"):
            left.append(member.__value__)
        elif typing.get_origin(member) is Annotated:
            left.append(typing.get_args(member)[0])
        elif member not in (typing.Never, typing.NoReturn):
            found[member] = None
    return tuple(found)


def is_any(hint: Any) -> bool:
    """Whether it is ``Any``, or an alias of it."""
    return members_of(hint) == (Any,)


def union_of(types_: Iterable[Any]) -> Any:
    """The union of types that are known at run time only."""
    return typing.Union[tuple(types_)]  # noqa: UP007


def _plain(hint: Any) -> Any:
    if hint is None:
        return type(None)
    if typing.get_origin(hint) is Annotated:
        return _plain(typing.get_args(hint)[0])
    return _plain(hint.__value__) if hasattr(hint, "__value__") else hint


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _resolve(annotation: Any, scope: dict[str, Any], *, extras: bool = False) -> Any:
    if annotation is inspect.Parameter.empty:
        return UNKNOWN
    if not isinstance(annotation, str):
        return annotation
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, globalns=scope, include_extras=extras)["it"]
    except (NameError, TypeError, AttributeError, SyntaxError):
        return UNKNOWN
