"""Reads the SQL of a dialect: named queries, and the migrations in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)\s*$")
#: ``:here(table)`` and ``:partition(expression)``; two colons are a cast
_HERE = re.compile(r"(?<!:):here\((\w+)\)")
_PARTITION = re.compile(r"(?<!:):partition\(([\w.]+)\)")
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
    """The form that takes rows of any partitions."""
    return _PARTITION.sub(r"\1", _HERE.sub("true", statement))


def of_one_partition(statement: str) -> str:
    """The form that takes one partition, which is a parameter after all others."""
    if not takes_partition(statement):
        return statement
    last = max((int(number) for number in _PARAMETER.findall(statement)), default=0) + 1
    here = _HERE.sub(rf"\1.partition = ${last}", statement)
    return _PARTITION.sub(f"${last}::smallint", here)


def parse_queries(text: str) -> dict[str, str]:
    """Splits at lines ``-- name: some_name``; raises ``ValueError`` naming the line."""
    queries: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NAME.match(line):
            if match[1] in queries:
                raise ValueError(f"line {number}: a second query is called {match[1]!r}")
            current = queries[match[1]] = []
        elif line.strip() and not line.lstrip().startswith("--"):
            if current is None:
                raise ValueError(f"line {number}: a statement before the first '-- name:' line")
            current.append(line)
    empty = [name for name, lines in queries.items() if not lines]
    if empty:
        raise ValueError(f"no statement follows the name of {', '.join(empty)}")
    return {name: "\n".join(lines) for name, lines in queries.items()}


def _read(dialect: str, name: str) -> str:
    return (files("statehold.stores") / dialect / name).read_text("utf-8")
