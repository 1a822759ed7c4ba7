"""Rules 1 and 2: a write happens whole or not at all, and losers are named."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold.errors import StoreUnavailable
from statehold.records import Ref, Write
from statehold.store import Store
from tests.stores.build import (
    CONFLICT,
    KEY_USED,
    WRITTEN,
    a_message,
    a_row,
    an_entry,
    at,
    change,
    mailbox,
    new,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio


async def test_a_row_comes_back_as_it_was_written(store: Store) -> None:
    row = a_row(
        version=3,
        seq=7,
        rev=9,
        status="paused",
        state=("a.b", "a.c d"),
        tags=('quo"ted', "night shift"),
        owners=("restaurant", "küche"),
        indexes={"city": "Köln", "empty": ""},
        created_at=at(-5),
        since=at(-4),
        changed_at=at(-3.000001),
        wake_at=at(60),
        held_by=("w1", "w 2"),
        incidents=2,
        deadline=at(3600),
        document=b"\x00\xff{}",
    )
    await started(store, row)
    assert await read(store) == row


async def test_what_is_none_or_empty_comes_back_as_none_or_empty(store: Store) -> None:
    await started(store, a_row(state=()))
    assert await read(store) == a_row(state=())


async def test_load_gives_the_rows_that_exist(store: Store) -> None:
    await started(store, a_row("o-1"), a_row("o-2"), a_row("o-1", machine="courier"))
    refs = [Ref("order", "o-2"), Ref("order", "o-9"), Ref("courier", "o-1")]
    assert set(await store.load(refs)) == {refs[0], refs[2]}


async def test_an_empty_commit_has_no_answers(store: Store) -> None:
    assert await store.commit([]) == []


async def test_a_write_with_the_row_s_rev_is_written(store: Store) -> None:
    await started(store, a_row())
    (after,) = await written(store, change(a_row(), state=("closed",)))
    assert await read(store) == after


async def test_a_write_with_an_older_rev_is_a_conflict_and_changes_nothing(store: Store) -> None:
    await started(store, a_row())
    (current,) = await written(store, change(a_row(), state=("closed",)))
    late = change(a_row(), state=("lost",), parts={"messages": [a_message()]})
    assert await store.commit([late]) == [CONFLICT]
    assert await read(store) == current
    assert len(await store.journal(current.ref)) == 2
    assert await mailbox(store) == []


async def test_a_write_to_a_row_that_is_not_there_is_a_conflict(store: Store) -> None:
    assert await store.commit([change(a_row())]) == [CONFLICT]
    assert await read(store) is None


async def test_starting_an_instance_that_exists_is_a_conflict(store: Store) -> None:
    await started(store, a_row())
    assert await store.commit([new(a_row(state=("other",)))]) == [CONFLICT]
    assert await read(store) == a_row()


async def test_losers_of_a_batch_are_named_in_its_order_and_the_others_are_written(
    store: Store,
) -> None:
    rows = [a_row(f"o-{n}") for n in range(6)]
    await started(store, *rows)
    await written(store, change(rows[1]))
    await written(store, replace(change(rows[4]), entries=[an_entry(rows[4], seq=2, key="k")]))
    fourth = await read(store, "o-4")
    assert fourth is not None
    outcomes = await store.commit(
        [
            change(rows[0], key="k"),
            change(rows[1]),
            change(rows[2]),
            new(rows[3]),
            change(fourth, key="k"),
            change(rows[5]),
            new(a_row("o-6")),
        ]
    )
    assert outcomes == [WRITTEN, CONFLICT, WRITTEN, CONFLICT, KEY_USED, WRITTEN, WRITTEN]
    found = await store.load([Ref("order", f"o-{n}") for n in range(7)])
    assert [row.rev for row in found.values()] == [2, 2, 2, 1, 2, 2, 1]
    lengths = [len(await store.journal(ref)) for ref in found]
    assert lengths == [2, 2, 2, 1, 2, 2, 1]


async def test_a_batch_with_an_instance_twice_is_a_mistake_of_the_caller(store: Store) -> None:
    with pytest.raises(ValueError, match="once"):
        await store.commit([new(a_row()), change(a_row())])
    assert await read(store) is None


async def test_a_key_brought_again_is_named_and_the_write_dropped(store: Store) -> None:
    await written(store, new(a_row(), key="k1"))
    assert await store.commit([change(a_row(), key="k1")]) == [KEY_USED]
    assert await read(store) == a_row()
    assert len(await store.journal(a_row().ref)) == 1


async def test_a_key_brought_twice_in_one_write_is_used(store: Store) -> None:
    entries = [an_entry(a_row(), key="k"), an_entry(a_row(), part=1, key="k")]
    assert await store.commit([new(a_row(), entries=entries)]) == [KEY_USED]
    assert await read(store) is None


async def test_a_key_belongs_to_one_instance(store: Store) -> None:
    other = a_row(machine="courier")
    await written(store, new(a_row("o-1"), key="k"))
    await written(store, new(a_row("o-2"), key="k"), new(other, key="k"))
    found = await store.replies([(a_row("o-2").ref, "k"), (other.ref, "k")])
    assert set(found) == {(a_row("o-2").ref, "k"), (other.ref, "k")}


async def test_a_lost_row_counts_before_a_used_key(store: Store) -> None:
    await written(store, new(a_row(), key="k"))
    await written(store, change(a_row()))
    assert await store.commit([change(a_row(), key="k")]) == [CONFLICT]


async def test_an_entry_s_place_in_the_journal_is_taken_once(store: Store) -> None:
    await started(store, a_row())
    again = replace(change(a_row()), entries=[an_entry(a_row())])
    assert await store.commit([again]) == [CONFLICT]
    assert await read(store) == a_row()


async def test_a_write_may_bring_no_entry_and_several(store: Store) -> None:
    await started(store, a_row())
    (quiet,) = await written(store, Write(a_row(rev=2), 1))
    notes = [an_entry(quiet, part=part) for part in (1, 2)]
    await written(store, Write(replace(quiet, rev=3), 2, notes))
    assert [(e.seq, e.part) for e in await store.journal(quiet.ref)] == [(1, 0), (1, 1), (1, 2)]


async def test_replies_come_back_as_they_were_written(store: Store) -> None:
    entry = an_entry(a_row(), key="k1", reply=b"\x00reply")
    await written(store, new(a_row(), entries=[entry]))
    asked = [(a_row().ref, "k1"), (a_row().ref, "k2"), (a_row("o-9").ref, "k1")]
    assert await store.replies(asked) == {asked[0]: entry}


async def test_a_closed_store_is_unavailable_and_opened_again_has_its_rows(store: Store) -> None:
    await started(store, a_row())
    await store.close()
    for answer in (store.ping(), store.load([a_row().ref]), store.commit([change(a_row())])):
        with pytest.raises(StoreUnavailable, match="first"):
            await answer
    await store.open("w2")
    await store.ping()
    assert await read(store) == a_row()


async def test_closing_twice_is_no_error(store: Store) -> None:
    await store.close()
    await store.close()
    await store.open("w2")
