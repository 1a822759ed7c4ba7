"""What SQL stores have in columns: configurations, lists of names and declared indexes, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from statehold.store import Rollup, Status
from statehold.stores.paging import microseconds, moment

_encode = msgspec.json.encode
_decode_indexes = msgspec.json.Decoder(dict[str, str]).decode

#: names as :class:`Configuration` and ``held_by`` have them, from JSON
names_of = msgspec.json.Decoder(tuple[str, ...]).decode


class Configuration(NamedTuple):
    """What instances are counted and listed by; a row refers to it by number."""

    machine: str
    version: int
    status: Status
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]


def configuration_columns(of: Configuration) -> tuple[str, int, str, str, str, str]:
    state, tags, owners = (_encode(names).decode() for names in (of.state, of.tags, of.owners))
    return (of.machine, of.version, of.status, state, tags, owners)


def configuration_of(
    machine: str, version: int, status: Status, state: str, tags: str, owners: str
) -> Configuration:
    """From columns in the order of :func:`configuration_columns`."""
    return Configuration(
        machine, version, status, names_of(state), names_of(tags), names_of(owners)
    )


def rollup_columns(rollup: Rollup) -> tuple[str, int, int, int, str, bytes]:
    of, start = rollup, microseconds(rollup.start)
    return (of.machine, of.version, of.span, start, of.source, of.body)


def rollup_of(
    machine: str, version: int, span: int, start: int, source: str, body: bytes
) -> Rollup:
    """From columns in the order of :func:`rollup_columns`."""
    return Rollup(machine, version, span, moment(start), source, body)


def names_text(names: tuple[str, ...]) -> str | None:
    """JSON, or None for none; equal names give equal texts."""
    return _encode(names).decode() if names else None


def indexes_text(indexes: Mapping[str, str]) -> str | None:
    """JSON in the order of the names, or None for none: equal indexes give equal texts."""
    return _encode(dict(indexes), order="sorted").decode() if indexes else None


def indexes_of(text: str | None) -> dict[str, str]:
    return {} if text is None else _decode_indexes(text)
