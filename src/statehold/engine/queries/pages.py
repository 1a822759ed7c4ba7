"""Pages of a list, as far as a caller may read it.

1. Of those who may read all instances, and inspect them, the store's own list, with its cursor.
2. Of those who may read some, the store has one list for each index and value that make an instance
   theirs. Each is walked along its index, newest first, and they are merged by that order. No row
   of another is read, so that neither the length of a page nor its cost depends on others.
3. Those who may not inspect get cursors that have the id of the last row alone: when an instance
   began is not theirs to know. The row has to be there, and be theirs, when the list goes on.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque

from msgspec.structs import replace

from statehold.engine.queries.rights import Scope
from statehold.errors import InvalidPayload
from statehold.records import Ref, Row
from statehold.store import PAGE_LIMIT, Page, Query, Reads, Store

#: rows that one of many merged lists is asked for at once, at least
_FEW = 8
#: what a cursor here begins with: no cursor of a store does
_MARK = "i."


async def begin(store: Store, query: Query, scope: Scope) -> Query:
    """The query, with the place where it goes on in place of a cursor that this module has made.

    It is read from the store itself: a standby may not have the row yet. Raises ``InvalidPayload``
    with the same words for a cursor that is malformed and for one of a row that is not the
    caller's, or not any more.
    """
    if query.cursor is None or takes_store_cursor(query, scope):
        return query
    cursor, ref = query.cursor, None
    if cursor.startswith(_MARK):
        try:
            ref = Ref(query.machine, urlsafe_b64decode(cursor[len(_MARK) :] + "==").decode())
        except ValueError:
            ref = None
    row = None if ref is None or "\0" in ref.id else (await store.load([ref])).get(ref)
    if row is None or not scope.may_read(row):
        why = "it is no cursor of yours, or its instance is gone; leave it out for the first page"
        raise InvalidPayload("the query", {"cursor": why})
    return replace(query, cursor=None, after=(row.created_at, row.id))


def takes_store_cursor(query: Query, scope: Scope) -> bool:
    """Whether a cursor shows no more than the caller may know: a list by id has ids alone."""
    return scope.pairs is None and (scope.inspects is None or bool(query.prefix))


async def page(reads: Reads, query: Query, scope: Scope) -> Page:
    """``query`` as :func:`begin` gives it."""
    if takes_store_cursor(query, scope):
        return await reads.list(query)
    if scope.pairs is None:
        found = await reads.list(query)
        rows, more = list(found.rows), found.cursor is not None
    else:
        rows, more = await _merged(reads, query, sorted(scope.pairs))
    return Page(tuple(rows), _cursor_of(rows[-1]) if more and rows else None)


def _cursor_of(row: Row) -> str:
    return _MARK + urlsafe_b64encode(row.id.encode()).decode().rstrip("=")


async def _merged(
    reads: Reads, query: Query, pairs: list[tuple[str, str]]
) -> tuple[list[Row], bool]:
    """The first rows of all the lists, each once, and whether there are more."""
    size = max(1, min(query.limit, PAGE_LIMIT))
    chunk = size + 1 if len(pairs) <= 2 else max(_FEW, 2 * size // len(pairs))
    walks = [
        _Walk(reads, replace(query, along=(name, value), limit=min(chunk, PAGE_LIMIT)))
        for name, value in pairs
        if query.where.get(name, value) == value
    ]
    found: dict[str, Row] = {}
    while len(found) <= size:
        heads = [(row.created_at, row.id, walk) for walk in walks if (row := await walk.head())]
        if not heads:
            break
        _, id, walk = max(heads, key=lambda head: head[:2])
        found.setdefault(id, walk.take())
    rows = list(found.values())
    return rows[:size], len(rows) > size


class _Walk:
    """The list of one index and value, read as far as it is asked for."""

    def __init__(self, reads: Reads, query: Query) -> None:
        assert query.along is not None
        self._reads = reads
        self._query: Query | None = query
        self._name, self._value = query.along
        self._rows: deque[Row] = deque()

    async def head(self) -> Row | None:
        """The next row; None: there is none."""
        while not self._rows and self._query is not None:
            page = await self._reads.list(self._query)
            # one that changed hands between the store's two queries for a page is not the caller's
            self._rows += [row for row in page.rows if row.indexes.get(self._name) == self._value]
            more = page.cursor
            self._query = None if more is None else replace(self._query, after=None, cursor=more)
        return self._rows[0] if self._rows else None

    def take(self) -> Row:
        return self._rows.popleft()
