"""``--offer`` and ``--allow-host``: the functions and hosts that machines as data may use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from statehold.chart.effect import Call, Effect
from statehold.chart.machine import AMachine
from statehold.cli.modules import definition_of, load_module
from statehold.cli.outcome import UsageError
from statehold.formats.notation import HttpCall, Offered


def check_hosts(allowed: Sequence[str]) -> None:
    """Raises ``UsageError`` for an entry that is no host."""
    if allowed:
        # httpx is an extra
        from statehold.effects.hosts import Hosts

        try:
            Hosts(allowed)
        except ValueError as error:
            raise UsageError(f"--allow-host: {error}") from None


def offer_to_machines(modules: Sequence[str], hosts: Sequence[str]) -> Offered:
    """What a process offers to its machines; :func:`close_offered` closes the connections."""
    if not hosts:
        return load_offered(modules, None)
    from statehold.effects.hosts import Hosts
    from statehold.effects.http import Requests

    return load_offered(modules, Requests(Hosts(hosts)))


async def close_offered(offered: Offered) -> None:
    """Closes the connections for declared requests."""
    close = getattr(offered.http, "close", None)
    if close is not None:
        await close()


def _any_host(call: HttpCall) -> Callable[..., Any]:
    """For commands that read a machine and perform nothing."""

    async def unsent(data: Any, call: Call) -> Any:
        raise AssertionError("a command that only reads a machine sends no request")

    return unsent


def load_offered(
    modules: Sequence[str], http: Callable[[HttpCall], Callable[..., Any]] | None = _any_host
) -> Offered:
    """Effects, machines and functions that the modules define themselves, by their names.

    Names that are no Python names are keys of a dictionary of the module, called ``functions`` or
    ``effects``. By default a declared request may go to any host, since none is sent. Raises
    ``NotFound``, ``TargetFailed``, and ``UsageError`` for two of one name.
    """
    functions: dict[str, Callable[..., Any]] = {}
    effects: dict[str, Effect[Any, Any]] = {}
    machines: dict[str, AMachine] = {}
    for where in modules:
        module = load_module(where)
        for word, value in vars(module).items():
            definition = definition_of(value)
            if isinstance(value, Effect):
                _add(effects, value.name, value)
            elif definition is not None:
                if getattr(value, "__module__", module.__name__) == module.__name__:
                    _add(machines, definition.name, definition)
            elif word in ("functions", "effects") and isinstance(value, dict):
                for name, one in value.items():
                    _add(effects if isinstance(one, Effect) else functions, str(name), one)
            elif _is_own_function(word, value, module.__name__):
                _add(functions, word, value)
    return Offered(functions, effects, machines, http)


def _is_own_function(word: str, value: Any, module: str) -> bool:
    """Whether the module defines the function, and does not import it."""
    return inspect.isfunction(value) and not word.startswith("_") and value.__module__ == module


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    if found.setdefault(name, value) is not value:
        raise UsageError(f"--offer: two things are called {name!r}; rename one")
