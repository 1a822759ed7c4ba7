"""Resources in tests: some of a server's, replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statehold.engine.resources.providers import Providers, Resources
from statehold.errors import ResourcesInvalid


def replacing(resources: Resources, fakes: Mapping[Any, Any]) -> dict[Any, Any]:
    """The resources, with these in place of those that give their types.

    ::

        EngineKit(OrderFlow, resources=replacing(app.resources, {httpx.AsyncClient: client}))

    ``fakes`` are values or functions that open one, by type. Raises ``ResourcesInvalid`` where the
    resources have mistakes, ``ValueError`` for a type that none of them gives.
    """
    known = Providers(resources)
    if known.problems:
        raise ResourcesInvalid(known.problems)
    kept = {one.type: one.value if one.open is None else one.open for one in known.ordered}
    for type_ in fakes:
        found = known.find(type_)
        if found is None:
            names = ", ".join(str(one) for one in known.types) or "none"
            raise ValueError(f"no resource here gives {type_}; there are {names}")
        kept.pop(found.type, None)
    return {**kept, **fakes}
