"""Resources that are opened for one call, as in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from statehold.chart.effect import Parameter
from statehold.engine.resources.provider import Provider
from statehold.engine.resources.providers import Providers


@asynccontextmanager
async def opened(
    providers: Providers, wanted: Iterable[Parameter]
) -> AsyncIterator[Callable[[Any], Any]]:
    """Gives a function from a type to its resource, for these parameters. What they need is opened
    first, and all is closed at the end; each of them can be found (:meth:`.Providers.check`)."""
    needed: set[Provider] = set()
    pending = list(wanted)
    while pending:
        provider = providers.find(pending.pop().type)
        if provider is not None and provider not in needed:
            needed.add(provider)
            pending += provider.needs
    values: dict[Provider | None, Any] = {}
    stack = AsyncExitStack()
    try:
        for provider in providers.ordered:
            if provider not in needed:
                continue
            if provider.open is None:
                values[provider] = provider.value
                continue
            arguments = [values[providers.find(one.type)] for one in provider.needs]
            values[provider] = await stack.enter_async_context(provider.open(*arguments))
        yield lambda type_: values[providers.find(type_)]
    finally:
        # as in an engine, a provider does not see the errors of the effect
        await stack.aclose()
