"""Parameters of states: what a state's class leaves to each of its uses."""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from typing import Any, NoReturn, TypeVar, overload
from typing import Final as Constant

from statehold.chart.effect import Effect
from statehold.chart.machine import Definition
from statehold.define.function import UNKNOWN, accepts, name_of, parameter_types, returned_type
from statehold.define.source_line import caller_names
from statehold.define.state import Declared, Source

T = TypeVar("T")

#: in place of a default
MISSING: Constant[Any] = object()


class Parameter(Source):
    """What stands in the body of a class for a value that each use gives.

    It can be put where its value may stand, and nothing else: it has no value itself.
    """

    __slots__ = ("default", "name")

    is_parameter = True

    def __init__(self, default: Any) -> None:
        self._declared = Declared("atomic")
        self.default = default
        self.name = ""

    def __repr__(self) -> str:
        return f"parameter {self.name}" if self.name else "a parameter"

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(
            f"{self!r} has no value while the class is made: hand it to a state or a rule as it "
            "is, and make what is computed from it a parameter too"
        )

    __bool__ = __call__ = __str__ = __format__ = __iter__ = __len__ = __getitem__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __neg__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __float__ = __int__ = __index__ = __contains__ = _refuse


@overload
def parameter() -> Any: ...
@overload
def parameter(*, default: T) -> T: ...
def parameter(*, default: Any = MISSING) -> Any:
    """A parameter of a :class:`Compound` or :class:`Parallel`, in its body::

        class Verify(Compound):
            ask: Effect[Domain, bool] = parameter()
            office: str = parameter(default="ops")

            asking = State(initial=True, invoke=ask)
            unclear = State(owner=office)
            failed = Final()
            unknown = on_failure(ask, asking >> unclear)

    The annotation is the type of its value, which each use gives by name, unless there is a
    ``default``: ``domain = Verify(ask=resolve_domain)``. The body hands the parameter on, to a
    state, a rule or a use of another class, wherever such a value may stand; it can't compute with
    it. A state as a value becomes a state of the use, of the parameter's name.
    """
    return Parameter(default)


def option(*, default: Any, alias: str) -> Any:
    """What every use may be given beside its parameters."""
    return default


def annotation(cls: type, name: str) -> Any:
    """The type of a parameter; ``UNKNOWN`` where it can't be resolved, None without one."""
    written = vars(cls).get("__annotations__")
    if written is None:
        # from Python 3.14 they are evaluated when they are asked for
        try:
            written = cls.__annotations__
        except NameError:
            return UNKNOWN
    if name not in written:
        return None
    if not isinstance(written[name], str):
        return written[name]
    names = {**vars(sys.modules.get(cls.__module__, types)), **caller_names()}
    holder = types.SimpleNamespace(__annotations__={name: written[name]})
    try:
        return typing.get_type_hints(holder, globalns=names)[name]
    except (NameError, TypeError, AttributeError, SyntaxError):
        return UNKNOWN


def fits(hint: Any, value: Any) -> bool:
    """Whether a parameter of this type takes the value.

    Says yes where it does not know: type checkers know more, this catches plain mistakes.
    """
    if isinstance(value, Parameter) or hint in (UNKNOWN, Any) or isinstance(hint, TypeVar):
        return True
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hasattr(hint, "__value__"):
        return fits(hint.__value__, value)
    if origin is typing.Annotated:
        return fits(parts[0], value)
    if origin in (typing.Union, types.UnionType):
        return any(fits(part, value) for part in parts)
    if origin is typing.Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if hint is None or hint is type(None):
        return value is None
    if (origin or hint) is Effect:
        return isinstance(value, Effect) and _effect_fits(parts, value)
    if (origin or hint) is type:
        return _class_fits(parts, value)
    if (origin or hint) is collections.abc.Callable:
        is_function = callable(value) and not isinstance(value, type | Source | Effect)
        return is_function and (len(parts) != 2 or _function_fits(parts, value))
    if origin is tuple:
        return isinstance(value, tuple) and _items_fit(parts, value)
    wanted = origin or hint
    if wanted is float and isinstance(value, int):
        return True
    try:
        return isinstance(value, wanted)
    except TypeError:
        # protocols and typed dictionaries refuse the question
        return True


def value_name(value: Any) -> str:
    """What a value is, for a message."""
    if isinstance(value, Effect):
        taken = parameter_types(value.run)
        given = "?" if value.result_type is None else name_of(value.result_type)
        return f"Effect[{name_of(taken[0]) if taken and taken[0] is not UNKNOWN else '?'}, {given}]"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    shown = ascii(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _effect_fits(parts: tuple[Any, ...], effect: Effect[Any, Any]) -> bool:
    if len(parts) != 2:
        return True
    data, result = parts
    taken = parameter_types(effect.run)
    if taken and not (_open(data) or accepts(taken[0], data)):
        return False
    given = effect.result_type
    return given is None or _open(result) or accepts(result, given)


def _function_fits(parts: tuple[Any, ...], function: Any) -> bool:
    """By its first parameter and what it gives, where both are annotated."""
    wanted, result = parts
    try:
        taken = parameter_types(function)
    except (TypeError, ValueError):
        return True
    first = wanted[0] if isinstance(wanted, list) and wanted and taken else UNKNOWN
    if not _open(first) and not accepts(taken[0], first):
        return False
    given = returned_type(function)
    return given is UNKNOWN or _open(result) or result is type(None) or accepts(result, given)


def _class_fits(parts: tuple[Any, ...], value: Any) -> bool:
    if isinstance(value, Definition):
        return True
    if not isinstance(value, type):
        return False
    if not parts or _open(parts[0]):
        return True
    base = typing.get_origin(parts[0]) or parts[0]
    members = typing.get_args(parts[0]) if not isinstance(base, type) else (base,)
    kinds = [typing.get_origin(member) or member for member in members]
    return any(not isinstance(kind, type) or issubclass(value, kind) for kind in kinds)


def _items_fit(parts: tuple[Any, ...], value: tuple[Any, ...]) -> bool:
    if len(parts) == 2 and parts[1] is ...:
        return all(fits(parts[0], item) for item in value)
    return len(value) == len(parts) and all(map(fits, parts, value))


def _open(hint: Any) -> bool:
    return hint in (Any, UNKNOWN) or isinstance(hint, TypeVar)
