"""The audit log: entries are added in bulk or with what they are about, listed by pages, purged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from statehold.errors import InvalidPayload
from statehold.records import AuditEntry, Message, Ref
from statehold.security import AuditPage, AuditQuery
from statehold.store import LOOKED_AT, Store, StoredDocument
from statehold.stores.audit import cursor_behind
from tests.stores.build import (
    CONFLICT,
    WRITTEN,
    a_row,
    at,
    change,
    new,
    posted,
    read,
    started,
    written,
)
from tests.stores.conftest import Shared

pytestmark = pytest.mark.anyio


def an_act(seconds: float, number: int = 0, **fields: Any) -> AuditEntry:
    given: dict[str, Any] = {
        "at": at(seconds),
        "caller": "ada",
        "proved": True,
        "address": "192.0.2.7",
        "action": "pause",
        "machine": "order",
        "id": "o-1",
        "outcome": "done",
        "number": number,
    }
    return AuditEntry(**{**given, **fields})


async def pages(store: Store, query: AuditQuery) -> list[AuditPage]:
    found = [await store.audit(query)]
    while (cursor := found[-1].cursor) is not None:
        assert len(found) < 50
        found.append(await store.audit(replace(query, cursor=cursor)))
    return found


async def listed(store: Store, **query: Any) -> list[AuditEntry]:
    found = await pages(store, AuditQuery(**query))
    return [entry for page in found for entry in page.entries]


async def test_an_entry_is_read_back_as_it_was_added(store: Store) -> None:
    whole = AuditEntry(
        at(1), "a\0da\1\n☃", False, "::1", "token.revoke", "", "", "refused", "line\n\0two", 7, 5
    )
    await store.add_audit([whole])
    assert await listed(store) == [whole]


async def test_an_entry_without_a_number_gets_one(store: Store) -> None:
    await store.add_audit([an_act(1), an_act(1)])
    found = await listed(store)
    assert len({entry.number for entry in found}) == 2
    assert all(entry.number > 0 for entry in found)
    assert [replace(entry, number=0) for entry in found] == [an_act(1)] * 2


async def test_an_entry_that_is_added_again_under_its_number_is_there_once(store: Store) -> None:
    await store.add_audit([an_act(1, 5), an_act(1, 5)])
    await store.add_audit([an_act(1, 5), an_act(2, 6)])
    assert await listed(store) == [an_act(2, 6), an_act(1, 5)]


async def test_pages_are_newest_first_and_equal_times_are_on_one_page_each_once(
    store: Store,
) -> None:
    entries = [an_act(n // 10, n + 1, id=f"o-{n}") for n in range(35)]
    await store.add_audit(entries)
    found = await pages(store, AuditQuery(limit=4))
    assert [entry for page in found for entry in page.entries] == entries[::-1]
    assert max(len(page.entries) for page in found) == 4
    up = await pages(store, AuditQuery(limit=4, oldest_first=True))
    assert [entry for page in up for entry in page.entries] == entries


async def test_a_page_of_exactly_what_there_is_is_the_last(store: Store) -> None:
    await store.add_audit([an_act(n, n) for n in range(1, 4)])
    assert (await store.audit(AuditQuery(limit=3))).cursor is None
    assert (await store.audit(AuditQuery(limit=2))).cursor is not None
    assert await store.audit(AuditQuery(machine="courier")) == AuditPage((), None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"machine": "order"}, {1, 2, 4}),
        ({"machine": "order", "id": "o-1"}, {1, 4}),
        ({"machine": "order", "id": "o-1", "caller": "bob"}, {4}),
        ({"caller": "bob"}, {3, 4}),
        ({"caller": "bob", "machine": "courier"}, {3}),
        ({"id": "o-2"}, {2, 3}),
        ({"action": "resume"}, {2}),
        ({"outcome": "refused"}, {4}),
        ({"since": at(2), "until": at(4)}, {2, 3}),
        ({"machine": "order", "since": at(2)}, {2, 4}),
        ({"caller": "bob", "until": at(4)}, {3}),
        ({"caller": "bo"}, set()),
    ],
)
@pytest.mark.parametrize("oldest_first", [False, True])
async def test_each_condition_leaves_entries_out(
    store: Store, query: dict[str, Any], expected: set[int], oldest_first: bool
) -> None:
    await store.add_audit(
        [
            an_act(1, 1),
            an_act(2, 2, id="o-2", action="resume"),
            an_act(3, 3, machine="courier", id="o-2", caller="bob"),
            an_act(4, 4, caller="bob", outcome="refused"),
        ]
    )
    for limit in (1, 10):
        found = await listed(store, **query, oldest_first=oldest_first, limit=limit)
        numbers = [entry.number for entry in found]
        assert numbers == sorted(expected, reverse=not oldest_first)


async def test_pages_while_entries_are_added_repeat_none_and_leave_none_out(store: Store) -> None:
    first = [an_act(10 + n, n + 1, id=f"o-{n}") for n in range(30)]
    await store.add_audit(first)
    seen: list[AuditEntry] = []
    cursor, added = None, 0
    while True:
        page = await store.audit(AuditQuery(limit=5, cursor=cursor))
        seen += page.entries
        cursor = page.cursor
        if cursor is None:
            break
        added += 1
        # one that is newer, and one that is written late
        await store.add_audit([an_act(100 + added, 100 + added), an_act(25.5, 200 + added)])
    numbers = [entry.number for entry in seen if entry.number <= 30]
    assert numbers == list(range(30, 0, -1))
    assert len({entry.number for entry in seen}) == len(seen)


async def test_a_walk_goes_on_behind_any_entry_that_was_read(store: Store) -> None:
    entries = [an_act(n // 3, n + 1, id=f"o-{n}") for n in range(9)]
    await store.add_audit(entries)
    for n, entry in enumerate(entries):
        rest = await listed(store, oldest_first=True, cursor=cursor_behind(entry))
        assert rest == entries[n + 1 :]


async def test_what_fits_rarely_is_found_though_a_page_looks_at_few(store: Store) -> None:
    many = LOOKED_AT + 500
    rare = an_act(-1, 1, action="resume")
    for begin in range(0, many, 1000):
        await store.add_audit(
            [an_act(n, n + 2, id=f"o-{n % 7}") for n in range(begin, min(begin + 1000, many))]
        )
    await store.add_audit([rare])
    found = await pages(store, AuditQuery(action="resume", limit=2))
    assert [entry for page in found for entry in page.entries] == [rare]
    up = await pages(store, AuditQuery(action="resume", limit=2, oldest_first=True))
    assert [entry for page in up for entry in page.entries] == [rare]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsIngiXQ", "a" * 5000])
async def test_a_cursor_of_another_list_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidPayload, match="cursor"):
        await store.audit(AuditQuery(cursor=cursor))


async def test_old_entries_are_purged_a_bounded_number_at_a_time(store: Store) -> None:
    await store.add_audit([an_act(n, n + 1) for n in range(10)])
    gone = [await store.purge_audit(at(7), 3)]
    assert 0 < gone[0] <= 3
    while gone[-1]:
        gone.append(await store.purge_audit(at(7), 3))
    assert sum(gone) == 7
    assert [entry.number for entry in await listed(store)] == [10, 9, 8]


# --- with what they are about ----------------------------------------------------------------


async def test_a_write_brings_its_entries(store: Store) -> None:
    row = a_row()
    await written(store, new(row, audit=[an_act(1, 1)]))
    await written(store, change(row, parts={"audit": [an_act(2, 2), an_act(2, 3)]}))
    assert [entry.number for entry in await listed(store)] == [3, 2, 1]


async def test_a_write_that_fails_brings_none_and_the_others_of_its_batch_theirs(
    store: Store,
) -> None:
    rows = [a_row(f"o-{n}") for n in range(4)]
    await started(store, *rows)
    lost = change(replace(rows[1], rev=7), parts={"audit": [an_act(1, 1, id="o-1")]})
    won = [change(rows[n], parts={"audit": [an_act(1, 2 + n, id=f"o-{n}")]}) for n in (0, 2, 3)]
    assert await store.commit([won[0], lost, *won[1:]]) == [WRITTEN, CONFLICT, WRITTEN, WRITTEN]
    assert {entry.number for entry in await listed(store)} == {2, 4, 5}


async def test_a_plain_write_with_an_entry_keeps_it(store: Store) -> None:
    row = a_row()
    await started(store, row)
    # the second write of a row that the store knows is written by the short way
    first = change(row)
    (row,) = await written(store, first)
    await written(store, change(row, parts={"audit": [an_act(3, 9)]}))
    assert await listed(store, machine="order", id="o-1") == [an_act(3, 9)]


async def test_a_write_has_entries_about_its_own_instance_only(store: Store) -> None:
    with pytest.raises(ValueError, match="its own instance"):
        await store.commit([new(a_row(), audit=[an_act(1, id="o-2")])])
    assert await read(store) is None


async def test_a_document_brings_its_entries_if_it_is_kept(store: Store) -> None:
    put = an_act(1, 1, action="put", id="")
    document = StoredDocument("order", 1, "native", b"{}", at(1), covers=("shop.*", "order"))
    assert await store.add_document(document, 10, [put])
    assert not await store.add_document(document, 10, [replace(put, number=2)])
    assert await listed(store) == [put]
    assert await store.document("order", 1) == document
    bare = StoredDocument("order", 2, "native", b"{}", at(1), covers=())
    await store.add_document(bare, 10)
    assert await store.document("order", 2) == bare


async def test_an_erasure_brings_its_entries_if_the_instance_is_gone(store: Store) -> None:
    over = [a_row("o-1", status="done"), a_row("o-2", status="done"), a_row("o-3")]
    await started(store, *over)
    await posted(store, Message(Ref("order", "o-2"), "event", b"{}"))
    audit = [an_act(1, n, id=f"o-{n}", action="erase") for n in (1, 2, 3)]
    assert await store.forget(over, audit) == [True, False, False]
    assert await listed(store) == audit[:1]


async def test_workers_add_at_once(shared: Shared) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(4)]
    await asyncio.gather(
        *(
            store.add_audit([an_act(k, 1 + 10 * n + k, id=f"o-{k}") for k in range(10)])
            for n, store in enumerate(stores)
        )
    )
    assert len(await listed(stores[0])) == 40
    gone = await asyncio.gather(*(store.purge_audit(at(100), 1000) for store in stores))
    left = await listed(stores[0])
    assert sum(gone) + len(left) == 40
