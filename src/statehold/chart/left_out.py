"""Which fields of an event its sender left out.

A pydantic model knows which of its fields were given, and a machine may use only those:
``event.model_dump(exclude_unset=True)``. The written form has every field, so those that were left
out are kept beside it, as a tree: the name of a field that was left out maps to None, the name of
another field, or the index of an item, to the tree of its parts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeAlias

from pydantic import BaseModel

LeftOut: TypeAlias = dict[str, Any]

#: types without fields, which most values have
_ATOMS = frozenset({str, int, float, bool, type(None)})


def left_out_of(value: Any) -> LeftOut:
    """Empty where every field was given."""
    found: LeftOut = {}
    if isinstance(value, BaseModel) and not value.__pydantic_fields_set__ >= value.__dict__.keys():
        missing = type(value).__pydantic_fields__.keys() - value.__pydantic_fields_set__
        found = dict.fromkeys(name for name in value.__dict__ if name in missing)
    for name, part in _parts(value):
        if type(part) not in _ATOMS and name not in found:
            below = left_out_of(part)
            if below:
                found[str(name)] = below
    return found


def leave_out(value: Any, tree: LeftOut) -> None:
    """Marks the fields of a value that was read from its written form. A name that the value does
    not have is skipped: it may be of a newer version."""
    if not tree:
        return
    parts = {str(name): part for name, part in _parts(value)}
    for name, below in tree.items():
        if below is None:
            if isinstance(value, BaseModel):
                value.__pydantic_fields_set__.discard(name)
        elif name in parts and isinstance(below, dict):
            leave_out(parts[name], below)


def _parts(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, list | tuple):
        return enumerate(value)
    if isinstance(value, dict):
        return enumerate(value.values())
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        return getattr(value, "__dict__", {}).items()
    return ()
