"""The public names of each public module, as directives of mkdocstrings."""

from __future__ import annotations

import importlib
import inspect

import statehold
from docs.generator.markdown import prose

#: modules whose public names have their place in ``docs/reference/python/``
MODULES = (
    "statehold.define",
    "statehold.interpreter",
    "statehold.engine",
    "statehold.engine.limits",
    "statehold.effects",
    "statehold.errors",
    "statehold.client",
    "statehold.testing",
    "statehold.check",
    "statehold.stores",
    "statehold.store",
    "statehold.deployed",
    "statehold.security",
    "statehold.records",
    "statehold.server",
    "statehold.server.authenticators.oidc",
    "statehold.formats.notation",
    "statehold.formats.native",
    "statehold.formats.scxml",
    "statehold.formats.xstate",
    "statehold.formats.mermaid",
    "statehold.formats.dot",
    "statehold.observe.metrics",
    "statehold.observe.tracing",
)
CLASSES_ONLY = {
    "statehold.deployed",
    "statehold.errors",
    "statehold.records",
    "statehold.security",
    "statehold.store",
}


def names_of(module: str) -> list[str]:
    """The public names of a module: those of ``__all__``, or what it defines."""
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        return [name for name in found.__all__ if not name.startswith("_")]
    # of the errors and of the stores' contract, functions are for the package itself
    kinds = inspect.isclass if module in CLASSES_ONLY else _is_class_or_function
    return [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and kinds(value) and value.__module__ == module
    ]


def _is_class_or_function(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def introduction(name: str) -> str:
    """The docstring of a module."""
    return prose(importlib.import_module(name).__doc__ or "")


def charts() -> str:
    """What ``statehold`` itself gives of ``statehold.chart``: events, effects, the context."""
    return _directives(
        "statehold",
        [
            name
            for name in statehold.__all__
            # of an alias the module that it names is another one
            if statehold._MODULE_OF.get(name, "").startswith("statehold.chart")
        ],
    )


def module(name: str) -> str:
    """Every public name of a module."""
    # a name that the package itself gives is imported from there, and linked so
    return _directives(name, names_of(name))


def _directives(prefix: str, names: list[str]) -> str:
    return "\n".join(
        f"::: {'statehold' if name in statehold.__all__ else prefix}.{name}\n"
        for name in sorted(names, key=str.lower)
    )
