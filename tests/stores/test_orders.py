"""Lists by id and by how long instances have been where they are, and what is counted by tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from statehold.errors import InvalidPayload
from statehold.records import Row
from statehold.store import Group, Query, Store
from statehold.stores.postgres import lists as postgres_lists
from statehold.stores.sqlite import lists as sqlite_lists
from tests.stores.build import a_row, at, ids, started

pytestmark = pytest.mark.anyio

ROWS = [
    a_row("o-1", since=at(5), state=("a",), tags=("hot",), owners=("kitchen",)),
    a_row("o-10", since=at(3), state=("a.b",), indexes={"city": "Köln", "kind": "x"}),
    a_row("o-11", since=at(4), state=("a.b",), indexes={"city": "Köln"}, incidents=2),
    a_row("o-2", since=at(1), state=("d",), tags=("hot", "cold"), status="paused"),
    a_row("p-1", since=at(1), state=("d",), status="done", incidents=1),
    a_row("o-1", since=at(0), state=("a",), machine="courier", tags=("hot",)),
]


async def everything(store: Store, query: Query) -> list[Row]:
    """All pages, of which any may be short."""
    found: list[Row] = []
    while True:
        page = await store.list(query)
        assert len(page.rows) <= query.limit
        found += page.rows
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"prefix": "o-"}, ["o-1", "o-10", "o-11", "o-2"]),
        ({"prefix": "o-1"}, ["o-1", "o-10", "o-11"]),
        ({"prefix": "o-1", "order": "since"}, ["o-1", "o-10", "o-11"]),
        ({"prefix": "o-10"}, ["o-10"]),
        ({"prefix": "o-3"}, []),
        ({"prefix": "O-"}, []),
        ({"prefix": "%"}, []),
        ({"prefix": "o-", "state": "a.b"}, ["o-10", "o-11"]),
        ({"prefix": "o-", "incidents": True}, ["o-11"]),
        ({"prefix": "o-", "where": {"city": "Köln", "kind": "x"}}, ["o-10"]),
        ({"prefix": "o-", "in_state_since": at(3)}, ["o-10", "o-2"]),
        ({"order": "since"}, ["o-2", "p-1", "o-10", "o-11", "o-1"]),
        ({"order": "since", "state": "a"}, ["o-10", "o-11", "o-1"]),
        ({"order": "since", "tag": "hot"}, ["o-2", "o-1"]),
        ({"order": "since", "status": "done"}, ["p-1"]),
        ({"order": "since", "incidents": True}, ["p-1", "o-11"]),
        ({"order": "since", "where": {"city": "Köln"}}, ["o-10", "o-11"]),
        ({"order": "since", "in_state_since": at(3)}, ["o-2", "p-1", "o-10"]),
    ],
)
async def test_each_filter_narrows_the_list_in_either_order(
    store: Store, filters: Mapping[str, Any], expected: list[str], limit: int
) -> None:
    await started(store, *ROWS)
    query = Query(**{"machine": "order", "limit": limit, **filters})
    assert ids(await everything(store, query)) == expected


async def test_a_page_ends_early_where_too_much_was_looked_at_and_the_next_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite_lists, postgres_lists):
        monkeypatch.setattr(module, "LOOKED_AT", 7)
    rows = [a_row(f"o-{n:02}", since=at(n), incidents=int(n % 10 == 9)) for n in range(30)]
    await started(store, *rows)
    for filters in ({"prefix": "o-"}, {"order": "since"}):
        query = Query(machine="order", incidents=True, limit=2, **filters)  # type: ignore[arg-type]
        assert ids(await everything(store, query)) == ["o-09", "o-19", "o-29"]


@pytest.mark.parametrize("filters", [{"prefix": "o"}, {"order": "since"}])
async def test_a_cursor_of_another_list_is_refused(
    store: Store, filters: Mapping[str, Any]
) -> None:
    for cursor in ("rubbish", "bnVsbA"):
        with pytest.raises(InvalidPayload, match="cursor"):
            await store.list(Query(machine="order", cursor=cursor, **filters))


async def test_instances_are_counted_by_all_that_they_are_listed_by(store: Store) -> None:
    await started(store, *ROWS, replace(ROWS[0], id="o-3"))
    assert await store.groups("order") == {
        Group(1, "running", ("a",), ("hot",), ("kitchen",)): 2,
        Group(1, "running", ("a.b",), (), ()): 2,
        Group(1, "paused", ("d",), ("hot", "cold"), ()): 1,
        Group(1, "done", ("d",), (), ()): 1,
    }
    assert await store.groups("nothing") == {}


async def test_what_waits_for_a_person_is_counted_by_machine(store: Store) -> None:
    await started(store, *ROWS)
    assert await store.count_incidents("order") == 3
    assert await store.count_incidents("courier") == 0
