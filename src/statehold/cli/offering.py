"""``--offer``: what Python modules lend to machines that come as data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from statehold.chart.effect import Effect
from statehold.chart.machine import AMachine
from statehold.cli.modules import definition_of, load_module
from statehold.cli.outcome import UsageError
from statehold.formats.notation import HttpCall, Offered

Offer = Annotated[
    list[str] | None,
    typer.Option(
        "--offer",
        metavar="MODULE",
        help="Lend the functions, effects and machines of a module, or of path.py, to machines "
        "that come as data; may be repeated.",
    ),
]


def load_offered(
    modules: Sequence[str], http: Callable[[HttpCall], Callable[..., Any]] | None = None
) -> Offered:
    """Effects, machines and functions that the modules define themselves, by their names.

    What has a name in a chart that is no Python name stands in a dictionary of the module, called
    ``functions`` or ``effects``. Raises ``NotFound``, ``TargetFailed``, and ``UsageError`` for two
    of one name.
    """
    functions: dict[str, Callable[..., Any]] = {}
    effects: dict[str, Effect[Any, Any]] = {}
    machines: dict[str, AMachine] = {}
    for where in modules:
        module = load_module(where)
        for word, value in vars(module).items():
            definition = definition_of(value)
            if isinstance(value, Effect):
                _lend(effects, value.name, value)
            elif definition is not None:
                if getattr(value, "__module__", module.__name__) == module.__name__:
                    _lend(machines, definition.name, definition)
            elif word in ("functions", "effects") and isinstance(value, dict):
                for name, one in value.items():
                    _lend(effects if isinstance(one, Effect) else functions, str(name), one)
            elif _is_own_function(word, value, module.__name__):
                _lend(functions, word, value)
    return Offered(functions, effects, machines, http)


def _is_own_function(word: str, value: Any, module: str) -> bool:
    """One that the module defines for others, not one that it imports."""
    return inspect.isfunction(value) and not word.startswith("_") and value.__module__ == module


def _lend(lent: dict[str, Any], name: str, value: Any) -> None:
    if lent.setdefault(name, value) is not value:
        raise UsageError(f"--offer: two things are called {name!r}; rename one")
