"""Which fields of an event its sender left out.

A pydantic model knows which of its fields were given, and a machine may act on those alone:
``event.model_dump(exclude_unset=True)``. The written form has every field, so those that were left
out stand beside it, as a tree: the name of a field that was left out leads to None, that of another
one, or the position of an item, to the tree of what is in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

Tree: TypeAlias = dict[str, Any]

_HOLDERS = (BaseModel, list, tuple, dict)


def left_out_of(value: Any) -> Tree:
    """Empty where every field was given."""
    found: Tree = {}
    given = value.__pydantic_fields_set__ if isinstance(value, BaseModel) else None
    for name, part in _parts(value).items():
        if given is not None and name not in given:
            found[name] = None
        elif isinstance(part, _HOLDERS) or dataclasses.is_dataclass(part):
            below = left_out_of(part)
            if below:
                found[name] = below
    return found


def leave_out(value: Any, tree: Tree) -> None:
    """Marks the fields of a value that was read from its written form. A name that is not there is
    passed over: the value may be of a newer version."""
    if not tree:
        return
    parts = _parts(value)
    for name, below in tree.items():
        if below is None:
            if isinstance(value, BaseModel):
                value.__pydantic_fields_set__.discard(name)
        elif name in parts and isinstance(below, dict):
            leave_out(parts[name], below)


def _parts(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list | tuple):
        return {str(number): item for number, item in enumerate(value)}
    if isinstance(value, dict):
        return {str(number): item for number, item in enumerate(value.values())}
    if isinstance(value, BaseModel):
        return {name: value.__dict__[name] for name in type(value).model_fields}
    return getattr(value, "__dict__", {})
