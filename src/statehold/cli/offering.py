"""``--offer`` and ``--allow-host``: what is lent to machines that come as data."""

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
    """Raises ``UsageError`` for what is no host."""
    if allowed:
        # httpx is an extra
        from statehold.effects.hosts import Hosts

        try:
            Hosts(allowed)
        except ValueError as error:
            raise UsageError(f"--allow-host: {error}") from None


def lend(modules: Sequence[str], hosts: Sequence[str]) -> Offered:
    """What a process that runs machines lends them; :func:`take_back` ends it."""
    if not hosts:
        return load_offered(modules, None)
    from statehold.effects.hosts import Hosts
    from statehold.effects.http import Requests

    return load_offered(modules, Requests(Hosts(hosts)))


async def take_back(offered: Offered) -> None:
    """Ends the connections that requests were sent over."""
    close = getattr(offered.http, "close", None)
    if close is not None:
        await close()


def _any_host(call: HttpCall) -> Callable[..., Any]:
    """For commands that look at a machine and perform nothing."""

    async def unsent(data: Any, told: Call) -> Any:
        raise AssertionError("a command that looks at a machine sends no request")

    return unsent


def load_offered(
    modules: Sequence[str], http: Callable[[HttpCall], Callable[..., Any]] | None = _any_host
) -> Offered:
    """Effects, machines and functions that the modules define themselves, by their names.

    What has a name in a chart that is no Python name stands in a dictionary of the module, called
    ``functions`` or ``effects``. Without ``http``, a declared request may go to any host, as none
    is ever sent. Raises ``NotFound``, ``TargetFailed``, and ``UsageError`` for two
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
