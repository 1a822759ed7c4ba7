"""What kinds an error is of: names of its classes, by which policies and rules are chosen.

The name of a class is that of its module and its own, ``builtins.TimeoutError``. An error that has
the ``status`` of an answer over HTTP is of the kinds ``404`` and ``4xx`` before all others.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from statehold.chart.event import Failure
from statehold.errors import Permanent, StateholdError, storable

#: classes of one error, and characters of a name; more are of no use to anyone
KINDS, KIND_CHARS = 32, 200

_NO_KIND = (BaseException, object)


def kind_of(error: type[BaseException]) -> str:
    """The name of the class."""
    module, name = error.__module__, error.__qualname__
    return storable(f"{module}.{name}", KIND_CHARS)


def kinds_of(error: BaseException) -> tuple[str, ...]:
    """The kinds that an error is of, the most specific first."""
    mro = type(error).__mro__[:KINDS]
    kinds = [kind_of(one) for one in mro if issubclass(one, BaseException) and one not in _NO_KIND]
    status = getattr(error, "status", None) if isinstance(error, StateholdError) else None
    if isinstance(status, int):
        return (str(status), f"{status // 100}xx", *kinds)
    return tuple(kinds)


#: an effect that raises it fails at once
PERMANENT = kind_of(Permanent)


def entry_for(kinds: Iterable[str], entries: Container[str]) -> str | None:
    """The first of the kinds that is among the ``entries``, under its full or its short name; None
    where there is none before :data:`PERMANENT`."""
    for kind in kinds:
        if kind in entries:
            return kind
        short = kind.rpartition(".")[2]
        if short in entries:
            return short
        if kind == PERMANENT:
            return None
    return None


@dataclass(frozen=True)
class ErrorIs:
    """The guard of ``on_failure(..., error=...)``: whether the error is of this class."""

    error: type[BaseException]

    def __post_init__(self) -> None:
        if not isinstance(self.error, type) or not issubclass(self.error, BaseException):
            raise TypeError(f"error is {self.error!r}; give a class of errors: TimeoutError")

    @property
    def __name__(self) -> str:
        return f"error_is_{self.error.__name__}"

    def __call__(self, data: Any, event: Failure) -> bool:
        if not event.kinds:
            # one that was given by name, in a test or a simulation
            return event.error == self.error.__name__
        return kind_of(self.error) in event.kinds
