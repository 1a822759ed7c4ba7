"""Reads the SQL of a dialect: named queries, and the migrations in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_NAME = re.compile(r"^-- (name|part): (\w+)\s*$")
#: ``:part(name)``: the text of that part of several statements
_PART = re.compile(r"(?<!:):part\((\w+)\)")
#: ``:here(table)``, ``:place(table)``, ``:partition(expression)``, ``:with_fence``; two colons
#: are a cast
_HERE = re.compile(r"(?<!:):here\((\w+)\)")
_PLACE = re.compile(r"(?<!:):place\((\w+)\)")
_PARTITION = re.compile(r"(?<!:):partition\(([\w.]+)\)")
_FENCE = re.compile(r"(?<!:)\s*:with_fence\b")
_PARAMETER = re.compile(r"\$(\d+)")
_FILE = re.compile(r"^(\d{4})_\w+\.sql$")


class Migration(NamedTuple):
    """``number`` is the schema's version after it: 1, 2, 3 … without a gap."""

    number: int
    name: str
    sql: str


@cache
def load_queries(dialect: str, file: str = "queries.sql") -> Mapping[str, str]:
    """Name to statement, comments left out. Raises ``ValueError`` where the file is malformed."""
    return MappingProxyType(parse_queries(_read(dialect, file)))


@cache
def load_migrations(dialect: str) -> tuple[Migration, ...]:
    """In the order to be applied. Raises ``ValueError`` where a number is missing or twice."""
    folder = files("statehold.stores") / dialect / "migrations"
    found: list[Migration] = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if match := _FILE.match(file.name):
            found.append(Migration(int(match[1]), file.name, file.read_text("utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(
            f"migrations of {dialect} must be numbered 0001, 0002 … without a gap; found "
            f"{', '.join(migration.name for migration in found) or 'none'}"
        )
    return tuple(found)


def load_schema(dialect: str) -> str:
    """The schema as it stands after all migrations, for reading and for tests."""
    return _read(dialect, "schema.sql")


def takes_partition(statement: str) -> bool:
    """Whether it has the macros of which two forms are made."""
    return bool(_HERE.search(statement) or _PARTITION.search(statement))


def of_any_partition(statement: str) -> str:
    """The form that takes rows of any partitions. A message's place is its receiver's partition."""
    statement = _PLACE.sub(r"\1.to_partition", statement)
    return _FENCE.sub("", _PARTITION.sub(r"\1", _HERE.sub("true", statement)))


def takes_fence(statement: str) -> bool:
    """Whether its form of one partition takes the worker too, whose fence it joins."""
    return bool(_FENCE.search(statement))


def of_one_partition(statement: str) -> str:
    """The form that takes one partition, which is a parameter after all others; before it comes the
    worker where the statement joins its fence. A message's place is the partition that it is in."""
    if not takes_partition(statement):
        return statement
    last = max((int(number) for number in _PARAMETER.findall(statement)), default=0) + 1
    value = f"${last}::smallint"
    if takes_fence(statement):
        worker, last, value = last, last + 1, "fence.partition"
        fence = f"\nJOIN fences AS fence ON fence.worker = ${worker} AND fence.partition = ${last}"
        statement = _FENCE.sub(fence, statement)
    statement = _PLACE.sub(r"\1.partition", statement)
    return _PARTITION.sub(value, _HERE.sub(rf"\1.partition = ${last}", statement))


def parse_queries(text: str) -> dict[str, str]:
    """Splits at lines ``-- name: some_name``. A part, which begins with ``-- part: name``, is put
    in where a statement says ``:part(name)``. Raises ``ValueError`` naming the line."""
    queries: dict[str, list[str]] = {}
    parts: set[str] = set()
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NAME.match(line):
            kind, name = match.groups()
            if name in queries:
                raise ValueError(f"line {number}: a second query is called {name!r}")
            current = queries[name] = []
            if kind == "part":
                parts.add(name)
        elif line.strip() and not line.lstrip().startswith("--"):
            if current is None:
                raise ValueError(f"line {number}: a statement before the first '-- name:' line")
            current.append(line)
    empty = [name for name, lines in queries.items() if not lines]
    if empty:
        raise ValueError(f"no statement follows the name of {', '.join(empty)}")
    texts = {name: "\n".join(lines) for name, lines in queries.items()}
    return {
        name: _PART.sub(lambda match: texts[match[1]], text)
        for name, text in texts.items()
        if name not in parts
    }


def _read(dialect: str, name: str) -> str:
    return (files("statehold.stores") / dialect / name).read_text("utf-8")
