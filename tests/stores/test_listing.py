"""Lists and counts: every filter, the order, and pages that stay stable while rows change."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from statehold.errors import InvalidPayload
from statehold.records import Row
from statehold.store import Query, Store
from statehold.stores.sqlite import lists as sqlite
from tests.stores.build import CONFLICT, LEASE, a_row, at, change, ids, new, read, started, written

pytestmark = pytest.mark.anyio

ROWS = [
    a_row("1", created_at=at(1), state=("a",), tags=("hot",), owners=("kitchen",)),
    a_row("2", created_at=at(2), state=("a.b",), indexes={"city": "Köln", "kind": "x"}),
    a_row("3", created_at=at(3), state=("a.b.c", "d"), version=2, indexes={"city": "Köln"}),
    a_row("4", created_at=at(4), state=("ab",), tags=("cold", "hot"), since=at(-100)),
    a_row("5", created_at=at(5), state=("a-b",), status="paused", owners=("night shift",)),
    a_row("6", created_at=at(6), state=("d",), status="done", incidents=1, since=at(-50)),
    a_row("7", created_at=at(6), state=("d",), status="done", indexes={"city": "Bonn"}),
    a_row("8", created_at=at(6), state=("d",), machine="courier", indexes={"city": "Köln"}),
]


async def everything(store: Store, query: Query) -> list[Row]:
    """All pages; each but the last has as many rows as were asked for."""
    found: list[Row] = []
    while True:
        page = await store.list(query)
        found += page.rows
        if page.cursor is None:
            return found
        assert len(page.rows) == query.limit
        query = replace(query, cursor=page.cursor)


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "7654321"),
        ({"state": "a"}, "321"),
        ({"state": "a.b"}, "32"),
        ({"state": "d"}, "763"),
        ({"state": "nowhere"}, ""),
        ({"state": ""}, "7654321"),
        ({"tag": "hot"}, "41"),
        ({"tag": "ho"}, ""),
        ({"owner": "night shift"}, "5"),
        ({"status": "done"}, "76"),
        ({"version": 2}, "3"),
        ({"version": 1, "state": "a.b"}, "2"),
        ({"where": {"city": "Köln"}}, "32"),
        ({"where": {"city": "Köln", "kind": "x"}}, "2"),
        ({"where": {"kind": "x", "city": "Köln"}}, "2"),
        ({"where": {"city": "Köln", "kind": "y"}}, ""),
        ({"where": {"city": "Köln"}, "version": 2}, "3"),
        ({"where": {"city": "Bonn"}, "incidents": True}, ""),
        ({"where": {"nothing": "Köln"}}, ""),
        ({"in_state_since": at(-50)}, "64"),
        ({"in_state_since": at(-50.000001)}, "4"),
        ({"in_state_since": at(-50), "state": "d"}, "6"),
        ({"in_state_since": at(-50), "where": {"city": "Köln"}}, ""),
        ({"along": ("city", "Köln")}, "32"),
        ({"along": ("city", "Köln"), "version": 2}, "3"),
        ({"along": ("city", "Köln"), "where": {"kind": "x"}}, "2"),
        ({"along": ("city", "Köln"), "order": "since"}, "32"),
        ({"along": ("city", "Köln"), "prefix": "3"}, "3"),
        ({"along": ("city", "Köln"), "prefix": "nothing"}, ""),
        ({"along": ("city", "Köln"), "incidents": True}, ""),
        ({"along": ("city", "nowhere")}, ""),
        ({"incidents": True}, "6"),
        ({"incidents": True, "state": "a"}, ""),
        ({"incidents": True, "in_state_since": at(-51)}, ""),
        ({"machine": "courier"}, "8"),
        ({"machine": "nothing"}, ""),
    ],
)
async def test_each_filter_narrows_the_list_newest_first(
    store: Store, filters: Mapping[str, Any], expected: str, limit: int
) -> None:
    await started(store, *ROWS)
    query = Query(**{"machine": "order", "limit": limit, **filters})
    assert "".join(ids(await everything(store, query))) == expected


async def test_the_last_page_has_no_cursor_even_if_it_is_full(store: Store) -> None:
    await started(store, *(a_row(f"o-{n}") for n in range(4)))
    first = await store.list(Query("order", limit=2))
    second = await store.list(Query("order", limit=2, cursor=first.cursor))
    assert (len(first.rows), len(second.rows), second.cursor) == (2, 2, None)


async def test_many_configurations_are_merged_in_order(store: Store) -> None:
    rows = [a_row(f"o-{n:03}", created_at=at(n % 50), state=(f"s.{n % 37}",)) for n in range(300)]
    await started(store, *rows)
    found = await everything(store, Query("order", state="s", limit=41))
    expected = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    assert ids(found) == ids(expected)
    few = await everything(store, Query("order", state="s.3", limit=2))
    assert ids(few) == [row.id for row in expected if row.state == ("s.3",)]


async def test_a_page_may_come_from_one_of_many_configurations_alone(store: Store) -> None:
    few = [a_row(f"few-{n}", created_at=at(n), state=(f"s.{n}",)) for n in range(11)]
    many = [a_row(f"many-{n}", created_at=at(100 + n), state=("s.x",)) for n in range(60)]
    await started(store, *few, *many, a_row("other", state=("t",)))
    page = await store.list(Query("order", state="s", limit=50))
    assert ids(page.rows) == [f"many-{n}" for n in range(59, 9, -1)]


@pytest.mark.parametrize("count", [500, 501])
async def test_the_few_that_stand_still_are_listed_as_the_many_are(
    store: Store, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_FEW", 500)
    rows = [
        a_row(f"o-{n:04}", created_at=at(n // 3), since=at(n % 7), state=(f"s.{n % 3}",))
        for n in range(count)
    ]
    newer = [a_row(f"n-{n}", created_at=at(5000), since=at(8), state=("s.0",)) for n in range(9)]
    await started(store, *rows, *newer)
    found = await everything(store, Query("order", in_state_since=at(7), limit=100))
    expected = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    assert ids(found) == ids(expected)
    query = Query("order", in_state_since=at(2), state="s.1", limit=20)
    assert ids(await everything(store, query)) == [
        row.id for row in expected if row.state == ("s.1",) and row.since <= at(2)
    ]


async def test_pages_stay_stable_while_rows_change(store: Store) -> None:
    rows = [a_row(f"o-{n}", created_at=at(n)) for n in range(6)]
    await started(store, *rows)
    first = await store.list(Query("order", limit=3))
    await written(store, *(change(row, state=("b",), changed_at=at(99)) for row in rows))
    await started(store, a_row("newer", created_at=at(100)))
    second = await store.list(Query("order", limit=3, cursor=first.cursor))
    assert ids([*first.rows, *second.rows]) == ["o-5", "o-4", "o-3", "o-2", "o-1", "o-0"]


async def test_a_list_follows_the_rows(store: Store) -> None:
    row = a_row(indexes={"city": "Köln", "kind": "x"})
    await started(store, row)
    await written(store, change(row, state=("b",), tags=("t",), indexes={"city": "Bonn"}))
    for gone in ({"state": "open"}, {"where": {"city": "Köln"}}, {"where": {"kind": "x"}}):
        assert (await store.list(Query("order", **gone))).rows == ()
    for there in ({"state": "b"}, {"tag": "t"}, {"where": {"city": "Bonn"}}):
        assert ids((await store.list(Query("order", **there))).rows) == ["o-1"]
    now = await read(store)
    assert now is not None
    await written(store, change(now, indexes={}))
    assert (await store.list(Query("order", where={"city": "Bonn"}))).rows == ()


def _cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "Ünicode",
        "x" * 5000,
        _cursor("[]"),
        _cursor('["a","b"]'),
        _cursor("[1,2]"),
        _cursor('[1,"a","b"]'),
        _cursor('[99999999999999999999,"a"]'),
    ],
)
async def test_a_bad_cursor_is_refused_by_name(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        await store.list(Query("order", cursor=cursor))
    assert "leave it out" in refused.value.fields["cursor"]


async def test_counts_are_by_version_status_and_state(store: Store) -> None:
    await started(store, *ROWS)
    assert await store.count("order") == {
        (1, "running", ("a",)): 1,
        (1, "running", ("a.b",)): 1,
        (2, "running", ("a.b.c", "d")): 1,
        (1, "running", ("ab",)): 1,
        (1, "paused", ("a-b",)): 1,
        (1, "done", ("d",)): 2,
    }
    assert await store.count("nothing") == {}


async def test_counts_of_different_tags_and_owners_are_added(store: Store) -> None:
    await started(store, a_row("1", tags=("x",)), a_row("2", owners=("y",)), a_row("3"))
    assert await store.count("order") == {(1, "running", ("open",)): 3}


async def test_counts_follow_the_rows_that_were_written_and_no_others(store: Store) -> None:
    rows = [a_row(f"o-{n}") for n in range(4)]
    await started(store, *rows)
    await written(store, change(rows[0], state=("b",)))
    outcomes = await store.commit(
        [change(rows[0], state=("c",)), change(rows[1], state=("b",)), new(rows[2])]
    )
    assert outcomes.count(CONFLICT) == 2
    assert await store.count("order") == {
        (1, "running", ("open",)): 2,
        (1, "running", ("b",)): 2,
    }


async def test_counts_are_right_after_reopening(store: Store) -> None:
    rows = [a_row(f"o-{n}", indexes={"n": str(n)}) for n in range(3)]
    await started(store, *rows)
    await store.close()
    await store.open("w2")
    await store.join("w2", LEASE)
    await written(store, change(rows[0], state=("b",), indexes={"n": "9"}), new(a_row("o-9")))
    assert await store.count("order") == {
        (1, "running", ("open",)): 3,
        (1, "running", ("b",)): 1,
    }
    assert (await store.list(Query("order", where={"n": "0"}))).rows == ()
    assert ids((await store.list(Query("order", where={"n": "9"}))).rows) == ["o-0"]
