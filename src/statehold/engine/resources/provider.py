"""One resource: a value, or a function that opens and closes one.

1. A provider is an async context manager function, whose annotation names the type of what it
   yields: ``@asynccontextmanager async def client(settings: Settings) -> AsyncIterator[Client]``.
   Its parameters are resources, too.
2. Anything else is a plain value, whose type is its class. A function or a class in its place is
   refused: more likely a call, or a decorator, was forgotten.
3. Where a type stands beside it, as in a mapping, that is its type.
4. No message shows a value: it may be a secret.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, _GeneratorContextManagerBase
from dataclasses import dataclass, field
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, TypeVar

from statehold.chart.effect import Parameter
from statehold.define.function import UNKNOWN, annotated_parameters, annotated_result, name_of
from statehold.errors import Problem

#: what the annotation of a provider may give one of
_GIVEN_BY = (AsyncIterator, AsyncGenerator, AbstractAsyncContextManager)
#: values of these classes say nothing about what they are for
_PLAIN = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset, type(None))
#: what calling a provider, or what should be one, gives
_CALLED = (CoroutineType, GeneratorType, AsyncGeneratorType, _GeneratorContextManagerBase)
_YIELDS = "annotate what it yields: -> AsyncIterator[Client]"
_DECORATE = "write it as @asynccontextmanager async def, and yield the resource"


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """``open`` gives an async context manager, called with the resources that it ``needs``; None
    for a plain ``value``."""

    name: str
    type: Any
    needs: tuple[Parameter, ...] = ()
    open: Callable[..., AbstractAsyncContextManager[Any]] | None = None
    value: Any = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """``http_client (AsyncClient)``."""
        type_ = name_of(self.type)
        return type_ if self.name == type_ else f"{self.name} ({type_})"


def provider_of(given: Any, type_: Any = UNKNOWN) -> Provider | Problem:
    """What was given as a resource, for this type if one stands beside it."""
    is_typed = type_ is not UNKNOWN
    if isinstance(type_, str | bytes | int | float | None):
        return Problem(
            "resources",
            f"a mapping has a key of type {type(type_).__name__}, which is no type",
            "its keys are types; for settings, give an object of a class of their own",
        )
    if isinstance(given, _CALLED):
        if isinstance(given, CoroutineType):
            given.close()
        return Problem(
            f"a resource of type {type(given).__name__}",
            "it is the result of a call, which opens nothing by itself",
            "give the function, without calling it: resources=[http_client]",
        )
    function = given.func if isinstance(given, functools.partial) else given
    if isinstance(function, type) and not is_typed:
        return Problem(
            f"resource {function.__name__}",
            "it is a class, and not an object of it",
            f"give {function.__name__}(...), or a function that opens one: {_DECORATE}",
        )
    if inspect.isroutine(function):
        complaint = _complaint(function)
        if complaint is None:
            return _read(given, function, type_)
        if not is_typed or inspect.isasyncgenfunction(function):
            return Problem(f"resource {_called(function)}", *complaint)
    if not is_typed:
        type_ = type(given)
        if type_ in _PLAIN:
            return Problem(
                f"a resource of type {type_.__name__}",
                "that type does not say what it is for",
                "put it into an object of a class of its own, or name its type in a mapping: "
                "resources={Token: ...} with Token = NewType('Token', str)",
            )
    return Provider(name_of(type_), type_, value=given)


def _complaint(function: Any) -> tuple[str, str] | None:
    """Why the function does not open a resource."""
    inner = inspect.unwrap(function)
    if inspect.isasyncgenfunction(function):
        return "it is an async generator", "put @asynccontextmanager above it"
    if inspect.isasyncgenfunction(inner):
        return None
    if inspect.isgeneratorfunction(inner):
        return (
            "it opens its resource in a plain generator, which holds the event loop up",
            f"{_DECORATE}; what blocks goes through asyncio.to_thread",
        )
    if inspect.iscoroutinefunction(inner):
        return "it is a coroutine function, which can't close what it opens", _DECORATE
    if _given_by(annotated_result(function, _names_in(inner))) is not None:
        return None
    return (
        "it is a function that opens nothing",
        f"give its value, or {_DECORATE}",
    )


def _read(given: Any, function: Any, type_: Any) -> Provider | Problem:
    inner = inspect.unwrap(function)
    place = f"resource {_called(function)}"
    names = _names_in(inner)
    if type_ is UNKNOWN:
        type_ = _given_by(annotated_result(function, names))
    if type_ is None or type_ in (UNKNOWN, Any, object) or isinstance(type_, str | TypeVar):
        hint = _YIELDS
        if isinstance(type_, str):
            hint += f"; import {type_} outside of 'if TYPE_CHECKING:'"
        return Problem(place, "the type of what it yields is not known", hint)
    if not _is_hashable(type_):
        return Problem(place, f"its type {name_of(type_)} has no hash", "give it another type")
    signature = inspect.signature(given)
    required = {
        name for name, one in signature.parameters.items()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }  # fmt: skip
    needs = [
        Parameter(parameter.name, "resource", found)
        for parameter, found in annotated_parameters(given, names)
        if parameter.name in required
    ]
    for one in needs:
        if one.type in (UNKNOWN, Any, object) or isinstance(one.type, str | TypeVar):
            return Problem(
                place,
                f"the type of its parameter {one.name} is not known",
                "annotate it with the type of another resource, which is imported at run time",
            )
    if strange := required - {one.name for one in needs}:
        return Problem(
            place, f"its parameter {min(strange)} is not taken by position", "take it by position"
        )
    return Provider(_called(function), type_, tuple(needs), given)


def _given_by(annotation: Any) -> Any:
    """X of ``AsyncIterator[X]``; None where the annotation is none of those of a provider."""
    if typing.get_origin(annotation) not in _GIVEN_BY:
        return None
    return typing.get_args(annotation)[0]


def _names_in(function: Any) -> dict[str, Any]:
    """The names that the function has from the functions around it."""
    code = getattr(function, "__code__", None)
    cells = getattr(function, "__closure__", None) or ()
    found: dict[str, Any] = {}
    for name, cell in zip(getattr(code, "co_freevars", ()), cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            # it is assigned later
            continue
    return found


def _called(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _is_hashable(type_: Any) -> bool:
    try:
        hash(type_)
    except TypeError:
        return False
    return True


def secrets_in(providers: Iterable[Provider]) -> frozenset[str]:
    """Texts of plain values that no message may show: texts that are resources themselves, and the
    secrets of settings (``get_secret_value``, as pydantic's ``SecretStr`` has it)."""
    found: set[Any] = set()
    for value in (one.value for one in providers if one.open is None):
        attributes = getattr(value, "__dict__", {})
        for one in (value, *(attributes.values() if isinstance(attributes, dict) else ())):
            if one is value and isinstance(one, str | bytes):
                found.add(one)
            elif callable(reveal := getattr(type(one), "get_secret_value", None)):
                found.add(reveal(one))
    texts = (one.decode(errors="replace") if isinstance(one, bytes) else one for one in found)
    return frozenset(one for one in texts if isinstance(one, str) and len(one) >= _SHORTEST_SECRET)


#: shorter ones would blot out parts of other words
_SHORTEST_SECRET = 4
