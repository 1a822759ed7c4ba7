"""What is fuzzed: something that reads bytes from outside, and documents to begin with.

A module in ``targets/`` holds :class:`Target` objects; they need no registration.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.fuzz import targets


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes one document and may raise ``StateholdError`` and nothing else.

    ``seeds`` gives documents that are sound, or wrong in an interesting way; ``notation`` tells
    which mutations know their structure; ``words`` are put into documents (keys, names, operators);
    ``generate`` makes a document of its own, the same one for the same state of the ``Random``.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    notation: Literal["json", "xml", "text", "bytes"] = "bytes"
    words: tuple[str, ...] = ()
    generate: Callable[[random.Random], bytes] | None = None


def places() -> dict[str, str]:
    """Where each target stands, as ``module:attribute``, by its name."""
    found: dict[str, str] = {}
    for module in sorted(pkgutil.iter_modules(targets.__path__), key=lambda module: module.name):
        place = f"{targets.__name__}.{module.name}"
        for attribute, value in vars(importlib.import_module(place)).items():
            if isinstance(value, Target):
                if value.name in found:
                    raise ValueError(f"two targets are called {value.name!r}")
                found[value.name] = f"{place}:{attribute}"
    return found


def target_at(place: str) -> Target:
    module, _, attribute = place.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    assert isinstance(target, Target)
    return target
