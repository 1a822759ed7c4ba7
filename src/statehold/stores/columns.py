"""Converts between values and the columns that all SQL stores have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, get_args, overload

import msgspec

from statehold.errors import StoreRefused
from statehold.records import Row, Status
from statehold.store import Group, Rollup, StoredChart
from statehold.stores.paging import microseconds, moment

_encode = msgspec.json.encode
_decode_indexes = msgspec.json.Decoder(dict[str, str]).decode
_STATUSES = frozenset(get_args(Status))

#: names as :class:`StoredConfiguration` and ``held_by`` have them, from JSON
names_of = msgspec.json.Decoder(tuple[str, ...]).decode


class StoredConfiguration(NamedTuple):
    """The columns by which instances are counted and listed, stored once; rows have its number."""

    machine: str
    version: int
    status: Status
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]


class DamagedConfiguration(StoredConfiguration):
    """Stands in for one that can't be read: of version 0, which no machine has, in no state."""

    damage: str

    def __new__(cls, machine: str, damage: str) -> DamagedConfiguration:
        made = super().__new__(cls, machine, 0, "running", (), (), ())
        made.damage = damage
        return made


def configuration_columns(of: StoredConfiguration) -> tuple[str, int, str, str, str, str]:
    state, tags, owners = (_encode(names).decode() for names in (of.state, of.tags, of.owners))
    return (of.machine, of.version, of.status, state, tags, owners)


def configuration_number(of: StoredConfiguration) -> int:
    """What rows refer to it by: 63 bits of a hash of its content, so that no counter has to be
    asked. 1 to 2**63 - 1."""
    content = [of.machine, of.version, of.status, of.state, of.tags, of.owners]
    return int.from_bytes(sha256(_encode(content)).digest()[:8], "big") >> 1 or 1


def is_intact(number: int, stored: StoredConfiguration, wanted: StoredConfiguration) -> bool:
    """Whether ``stored``, found under the number of ``wanted``, is the same. If not, it was
    damaged, as its own number is another one, and is to be replaced. Raises ``StoreRefused`` if
    both have this number."""
    if stored == wanted:
        return True
    if isinstance(stored, DamagedConfiguration) or configuration_number(stored) != number:
        return False
    raise StoreRefused(
        f"two configurations have the number {number}, which is a hash of them: {tuple(stored)} is "
        f"stored, {tuple(wanted)} can't be; rename a state or a tag of the second"
    )


def configuration_of(
    machine: str, version: int, status: Status, state: str, tags: str, owners: str
) -> StoredConfiguration:
    """From columns in the order of :func:`configuration_columns`."""
    try:
        if status in _STATUSES:
            return StoredConfiguration(
                machine, version, status, names_of(state), names_of(tags), names_of(owners)
            )
        damage = f"its status is {status!r}, which this release does not know"
    except msgspec.MsgspecError as error:
        damage = f"its state, tags or owners can't be read: {error}"
    return DamagedConfiguration(machine, damage)


def counts_of(
    counted: Iterable[tuple[StoredConfiguration, int]],
) -> dict[tuple[int, Status, tuple[str, ...]], int]:
    """How many instances there are by version, status and state, from those by configuration."""
    counts: Counter[tuple[int, Status, tuple[str, ...]]] = Counter()
    for of, instances in counted:
        counts[of.version, of.status, of.state] += instances
    return dict(counts)


def groups_of(counted: Iterable[tuple[StoredConfiguration, int]]) -> dict[Group, int]:
    """How many there are by everything that a configuration has but its machine."""
    # those that stand in for what can't be read are alike
    groups: Counter[Group] = Counter()
    for of, instances in counted:
        groups[Group(*of[1:])] += instances
    return dict(groups)


def row_of(columns: Sequence[Any], of: StoredConfiguration) -> Row:
    """From the columns of a row, in the order of the queries that read rows, and its
    configuration."""
    (
        machine, id_, _, seq, rev, indexes, created_at, since, changed_at, wake_at, held_by,
        incidents, deadline, document,
    ) = columns  # fmt: skip
    named, holders, lists = lists_of(indexes, held_by)
    # by position: keywords take ten times as long
    return Row(
        machine,
        id_,
        of.version,
        seq,
        rev,
        of.status,
        of.state,
        of.tags,
        of.owners,
        named,
        moment(created_at),
        moment(since),
        moment(changed_at),
        None if wake_at is None else moment(wake_at),
        holders,
        incidents,
        None if deadline is None else moment(deadline),
        document,
        damage_of(of, lists),
    )


def chart_of(columns: Sequence[Any]) -> StoredChart:
    machine, version, chart, stored_at = columns
    return StoredChart(machine, version, chart, moment(stored_at))


def counted_as(version: int, status: Status, state: str) -> tuple[int, Status, tuple[str, ...]]:
    """What instances are counted by, from columns of a configuration."""
    return configuration_of("", version, status, state, "[]", "[]")[1:4]


def no_configuration(number: int) -> StoredConfiguration:
    """Stands in for one that is not there."""
    return DamagedConfiguration("", f"its configuration {number} is not there")


def lists_of(
    indexes: str | None, held_by: str | None
) -> tuple[dict[str, str], tuple[str, ...], str]:
    """A row's indexes, its holders, and what of them can't be read, usually nothing."""
    try:
        named = {} if indexes is None else _decode_indexes(indexes)
        return named, names_of(held_by) if held_by else (), ""
    except msgspec.MsgspecError as error:
        return {}, holders_of(held_by), f"its indexes or its holders can't be read: {error}"


def holders_of(text: str | None) -> tuple[str, ...]:
    """The workers that hold a row; if that can't be read, one that does not exist."""
    try:
        return names_of(text) if text else ()
    except msgspec.MsgspecError:
        return ("?",)


def damage_of(of: StoredConfiguration, lists: str) -> str | None:
    """What of a row's columns can't be read; None if all can."""
    if isinstance(of, DamagedConfiguration):
        return "; ".join(filter(None, (of.damage, lists)))
    return lists or None


def rollup_columns(rollup: Rollup) -> tuple[str, int, int, int, str, bytes]:
    of, start = rollup, microseconds(rollup.start)
    return (of.machine, of.version, of.span, start, of.source, of.body)


def rollup_of(
    machine: str, version: int, span: int, start: int, source: str, body: bytes
) -> Rollup:
    """From columns in the order of :func:`rollup_columns`."""
    return Rollup(machine, version, span, moment(start), source, body)


@overload
def text(value: str) -> str: ...


@overload
def text(value: None) -> None: ...


def text(value: str | None) -> str | None:
    """For columns, and functions of a database, that hold every character but U+0000: it is written
    as two others."""
    if value is None or ("\0" not in value and "\1" not in value):
        return value
    return value.replace("\1", "\1b").replace("\0", "\1a")


def plain(value: str | None) -> str | None:
    """What :func:`text` was given."""
    if value is None or "\1" not in value:
        return value
    return value.replace("\1a", "\0").replace("\1b", "\1")


def looked_up(indexes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and values of indexes as SQLite looks them up: its JSON ends text at U+0000."""
    return [(name, text(value)) for name, value in indexes.items()]


def names_text(names: tuple[str, ...]) -> str | None:
    """JSON, or None for none; equal names give equal texts."""
    return _encode(names).decode() if names else None


def indexes_text(indexes: Mapping[str, str]) -> str | None:
    """JSON in the order of the names, or None for none: equal indexes give equal texts."""
    return _encode(dict(indexes), order="sorted").decode() if indexes else None


def indexes_of(text: str | None) -> dict[str, str]:
    """Declared indexes from their column; none where it can't be read."""
    try:
        return {} if text is None else _decode_indexes(text)
    except msgspec.MsgspecError:
        return {}
