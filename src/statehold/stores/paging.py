"""Rules of lists that all stores share: the size of a page, cursors, which rows match a query."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec

from statehold.chart.moment import FIRST, LAST
from statehold.errors import InvalidPayload
from statehold.records import AuditEntry, Row, Status, Write
from statehold.store import PAGE_LIMIT, Query

P = TypeVar("P")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: a cursor holds a time, a machine's name and an id; anything longer was not made by a store
CURSOR_LIMIT = 4096

#: microseconds since the epoch, as databases keep them; any of their integers
_Moment = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: an id or a machine's name, in which no store has to look for U+0000
_Name = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*\Z")]
#: the place in a list of instances after which a page begins: created_at, id
Position = tuple[_Moment, _Name]
#: the same among ids that begin alike
IdPosition = _Name
#: the same in a list of incidents: changed_at, machine, id
IncidentPosition = tuple[_Moment, _Name, _Name]
#: the same among what is over: since, and the number that the store gave to the row
FinishedPosition = tuple[_Moment, _Moment]


#: above every time and below every time that a row can have
LATEST, EARLIEST = 2**63 - 1, -(2**63)
#: of several wanted indexes the rarest is walked along; how far each is counted to find it
RARE_ENOUGH = 1000


def page_size(limit: int) -> int:
    """``limit``, cut to what one answer may hold; at least 1, so that every page advances."""
    return max(1, min(limit, PAGE_LIMIT))


def cursor_of(position: Position | IdPosition | IncidentPosition | FinishedPosition) -> str:
    """An opaque text that is safe in addresses."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Where a list of instances goes on; raises ``InvalidPayload`` naming ``cursor``."""
    return decoded(cursor, _POSITION)


def begin_of(query: Query) -> Position:
    """Where a page begins that is newest first; raises ``InvalidPayload`` naming ``cursor``."""
    if query.after is not None:
        return microseconds(query.after[0]), query.after[1]
    return (LATEST, "") if query.cursor is None else position_of(query.cursor)


def id_position_of(cursor: str) -> IdPosition:
    """Where a list of ids that begin alike goes on; raises ``InvalidPayload`` naming ``cursor``."""
    return decoded(cursor, _ID_POSITION)


def incident_position_of(cursor: str) -> IncidentPosition:
    """Where a list of incidents goes on; raises ``InvalidPayload`` naming ``cursor``."""
    return decoded(cursor, _INCIDENT_POSITION)


def finished_position_of(cursor: str) -> FinishedPosition:
    """Where a walk along what is over goes on; raises ``InvalidPayload`` naming ``cursor``."""
    return decoded(cursor, _FINISHED_POSITION)


def beyond(prefix: str) -> str:
    """Above every id that begins with this: ids have nothing above ``z``."""
    return prefix + "\x7f"


def check_once_each(writes: Sequence[Write]) -> None:
    """Raises ``ValueError`` where a batch has two writes for one instance."""
    if len({(write.row.machine, write.row.id) for write in writes}) != len(writes):
        raise ValueError("a commit writes an instance once; put the second write in the next one")
    for write in writes:
        if write.audit and any(
            (entry.machine, entry.id) != (write.row.machine, write.row.id) for entry in write.audit
        ):
            raise ValueError("a write has audit entries about its own instance only")


def audit_of_gone(
    audit: Sequence[AuditEntry], rows: Sequence[Row], gone: Sequence[bool]
) -> list[AuditEntry]:
    """The entries about those of the rows that are gone."""
    if not audit:
        return []
    places = {(row.machine, row.id) for row, is_gone in zip(rows, gone, strict=True) if is_gone}
    return [entry for entry in audit if (entry.machine, entry.id) in places]


def rests(row: Row) -> bool:
    """By its columns, it has nothing left to do."""
    return row.wake_at is None and not row.held_by and not row.incidents


def microseconds(moment: datetime) -> int:
    """Since the epoch, exact for every aware time; raises ``TypeError`` for a naive one."""
    delta = moment - EPOCH
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def moment(microseconds_: int) -> datetime:
    """The moment that a column holds, or the nearest that there is: an older release has kept
    moments beyond the years of a ``datetime``, and a row must be read whatever is in it."""
    try:
        # by position: a page of rows has some two hundred, and a keyword takes half as long again
        return EPOCH + timedelta(0, 0, microseconds_)
    except OverflowError:
        return LAST if microseconds_ > 0 else FIRST


def is_in(state: Iterable[str], wanted: str) -> bool:
    """One of the leaves is the wanted state or stands below it."""
    below = wanted + "."
    return any(leaf == wanted or leaf.startswith(below) for leaf in state)


def fits(
    query: Query,
    version: int,
    status: Status,
    state: tuple[str, ...],
    tags: tuple[str, ...],
    owners: tuple[str, ...],
) -> bool:
    """Whether instances of this combination belong to the answer."""
    return (
        (query.version is None or query.version == version)
        and (query.status is None or query.status == status)
        and (not query.state or is_in(state, query.state))
        and (not query.tag or query.tag in tags)
        and (not query.owner or query.owner in owners)
    )


_POSITION: msgspec.json.Decoder[Position] = msgspec.json.Decoder(Position)
_ID_POSITION: msgspec.json.Decoder[IdPosition] = msgspec.json.Decoder(IdPosition)
_INCIDENT_POSITION: msgspec.json.Decoder[IncidentPosition] = msgspec.json.Decoder(IncidentPosition)
_FINISHED_POSITION: msgspec.json.Decoder[FinishedPosition] = msgspec.json.Decoder(FinishedPosition)


def decoded(cursor: str, decoder: msgspec.json.Decoder[P]) -> P:
    """What a cursor holds; raises ``InvalidPayload`` naming ``cursor``."""
    try:
        if len(cursor) > CURSOR_LIMIT:
            raise ValueError("too long")
        return decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.MsgspecError):
        shown = cursor if len(cursor) <= 60 else cursor[:60] + "…"
        raise InvalidPayload(
            "the query",
            {"cursor": f"{shown!r} is no cursor of this list; leave it out for the first page"},
        ) from None
