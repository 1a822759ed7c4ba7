"""``--resources``: what effects take by type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from statehold.cli.modules import load_module
from statehold.cli.outcome import UsageError
from statehold.errors import NotFound


def load_resources(names: Sequence[str]) -> list[Any]:
    """The resources of the lists that are named, ``module:name`` or ``path.py:name``.

    Raises ``NotFound``, ``TargetFailed``, and ``UsageError`` for what is no list.
    """
    found: list[Any] = []
    for name in names:
        where, _, word = name.rpartition(":")
        # a drive letter's colon is none of ours
        if not where or not word.isidentifier():
            raise UsageError(f"--resources {name}: name a list in a module, as module:name")
        module = load_module(where)
        if not hasattr(module, word):
            raise NotFound(f"--resources {name}: {where} has no {word}")
        value = getattr(module, word)
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            # its value may be a secret
            raise UsageError(
                f"--resources {name}: {word} is of type {type(value).__name__}; make it a list of "
                "resources"
            )
        found += [value] if isinstance(value, Mapping) else value
    return found
