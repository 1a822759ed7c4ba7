"""Pages of the audit log, and its columns, as all SQL stores have them.

A statement walks along the index that fits best, over a bounded number of entries, and gives back
those that fit the rest of the query, and the last one that it looked at.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from statehold.records import AuditEntry
from statehold.security import AuditPage, AuditQuery
from statehold.store import LOOKED_AT, partition_of
from statehold.stores.columns import plain, text
from statehold.stores.paging import (
    EARLIEST,
    LATEST,
    cursor_of,
    decoded,
    microseconds,
    moment,
    page_size,
)

_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: where an entry stands in the log: its time, its number
Position = tuple[_Integer, _Integer]
_POSITION: msgspec.json.Decoder[Position] = msgspec.json.Decoder(Position)


def position_in_audit(cursor: str) -> Position:
    """Where a page of the audit log goes on; raises ``InvalidPayload`` naming ``cursor``."""
    return decoded(cursor, _POSITION)


def cursor_behind(entry: AuditEntry) -> str:
    """The cursor of a page that begins with what follows this entry, as it was read."""
    return cursor_of((microseconds(entry.at), entry.number))


def numbered(entry: AuditEntry) -> AuditEntry:
    """With a random number, unless it has one."""
    if entry.number:
        return entry
    return msgspec.structs.replace(entry, number=secrets.randbits(63) or 1)


def about(entry: AuditEntry) -> int:
    """The partition of an entry."""
    return partition_of(entry.machine, entry.id)


def audit_columns(entry: AuditEntry) -> tuple[Any, ...]:
    """In the order of ``add_audit``, without the partition."""
    one = numbered(entry)
    return (
        microseconds(one.at),
        one.number,
        text(one.caller),
        one.proved,
        text(one.address),
        text(one.action),
        text(one.machine),
        text(one.id),
        one.outcome,
        text(one.detail),
        one.times,
    )


class Looked(NamedTuple):
    """One row of a page: whether it fits, the how many-th it is of ``looked`` that were looked
    at."""

    entry: AuditEntry
    fits: bool
    place: int
    looked: int

    @property
    def position(self) -> Position:
        return (microseconds(self.entry.at), self.entry.number)


def looked_of(columns: Sequence[Any]) -> Looked:
    (at, number, caller, proved, address, action, machine, id_, outcome, detail, times,
     fits, place, looked) = columns  # fmt: skip
    entry = AuditEntry(
        moment(at),
        plain(caller) or "",
        bool(proved),
        plain(address) or "",
        plain(action) or "",
        plain(machine) or "",
        plain(id_) or "",
        outcome,
        plain(detail) or "",
        times,
        number,
    )
    return Looked(entry, bool(fits), place, looked)


class Walk(NamedTuple):
    """How a page is found: the statement, what it is given, and how many entries it looks at."""

    statement: str
    arguments: Mapping[str, Any]
    size: int
    looks: int


def walk_of(query: AuditQuery) -> Walk:
    """Raises ``InvalidPayload`` for a cursor of another list."""
    size = page_size(query.limit)
    since = EARLIEST if query.since is None else microseconds(query.since)
    until = LATEST if query.until is None else microseconds(query.until)
    if query.oldest_first:
        begin = (since, EARLIEST)
        at, number = max(begin, position_in_audit(query.cursor)) if query.cursor else begin
        name, used = "audit_by_time_up", set[str]()
    else:
        begin = (until, EARLIEST)
        at, number = min(begin, position_in_audit(query.cursor)) if query.cursor else begin
        name, used = _index_of(query)
    rest = {
        "machine": None if query.machine is None else text(query.machine),
        "id": None if query.id is None else text(query.id),
        "caller": None if query.caller is None else text(query.caller),
        "action": None if query.action is None else text(query.action),
        "outcome": query.outcome,
    }
    is_exact = all(value is None or name in used for name, value in rest.items())
    looks = size + 1 if is_exact else LOOKED_AT
    edge = until if query.oldest_first else since
    arguments = {"at": at, "number": number, "edge": edge, **rest, "looks": looks, "most": size + 1}
    return Walk(name, arguments, size, looks)


def _index_of(query: AuditQuery) -> tuple[str, set[str]]:
    """The statement, and the conditions that its index has."""
    if query.machine is not None and query.id is not None:
        return "audit_of_instance", {"machine", "id"}
    if query.caller is not None:
        return "audit_of_caller", {"caller"}
    if query.machine is not None:
        return "audit_of_machine", {"machine"}
    return "audit_by_time", set()


def page_of(pieces: Iterable[Sequence[Looked]], walk: Walk, *, oldest_first: bool) -> AuditPage:
    """One page of the pieces that partitions gave, each in the order of the page. What follows a
    piece that is not at its end is not known, so the page goes no further than each of these."""
    fitting: list[Looked] = []
    ends: list[Position] = []
    for piece in pieces:
        own = [one for one in piece if one.fits]
        fitting += own
        if len(own) > walk.size:
            ends.append(own[-1].position)
        elif piece and piece[-1].looked >= walk.looks:
            ends.append(piece[-1].position)
    fitting.sort(key=lambda one: one.position, reverse=not oldest_first)
    end = min(ends, default=None) if oldest_first else max(ends, default=None)
    if end is not None:
        fitting = [
            one for one in fitting if (one.position <= end if oldest_first else one.position >= end)
        ]
    entries = tuple(one.entry for one in fitting[: walk.size])
    if len(fitting) > walk.size:
        return AuditPage(entries, cursor_behind(entries[-1]))
    return AuditPage(entries, None if end is None else cursor_of(end))
