"""Tables of the fields of dataclasses, with the comments that stand above them (``#: …``)."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from typing import Any

from docs.generator.markdown import code, prose, sentence, table


def comments_of(kind: type) -> dict[str, str]:
    """What the ``#:`` comment above each field of a class and its bases says."""
    found: dict[str, str] = {}
    for base in reversed([one for one in kind.__mro__ if dataclasses.is_dataclass(one)]):
        lines = inspect.getsource(base).splitlines()
        (declared,) = ast.parse("\n".join(lines)).body
        assert isinstance(declared, ast.ClassDef)
        for node in declared.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found[node.target.id] = comment_above(lines, node.lineno)
    return found


def comment_above(lines: list[str], number: int) -> str:
    """The ``#:`` comment that ends in the line before this one (counted from 1)."""
    said: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.strip().startswith("#:"):
            break
        said.insert(0, line.strip().removeprefix("#:").strip())
    return " ".join(said)


def fields_table(kind: type) -> str:
    """Name, default and meaning of each field of a dataclass."""
    said = comments_of(kind)
    return table(
        ["field", "default", "meaning"],
        (
            [code(field.name), code(_shown(field.default)), sentence(prose(said[field.name]))]
            for field in dataclasses.fields(kind)
        ),
    )


def _shown(default: Any) -> str:
    if isinstance(default, int) and not isinstance(default, bool) and default >= 10_000:
        return f"{default:,}"
    return str(default)
