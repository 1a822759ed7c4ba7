"""Rule 4: whatever has anything left to do is found. And what else is read by: journal, charts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold.errors import InvalidPayload
from statehold.records import Message, Row, Write
from statehold.store import PAGE_LIMIT, Query, Store, StoredChart
from tests.stores.build import (
    CONFLICT,
    OURS,
    a_message,
    a_row,
    an_entry,
    at,
    change,
    id_of,
    ids,
    new,
    posted,
    started,
    written,
)

pytestmark = pytest.mark.anyio


async def test_due_gives_rows_whose_time_has_come_earliest_first(store: Store) -> None:
    times = {"a": 30, "b": 10, "c": None, "d": 20, "e": 20.000001, "f": 30.000001}
    rows = [a_row(i, wake_at=None if t is None else at(t)) for i, t in times.items()]
    await started(store, *rows)
    assert ids(await store.due(OURS, at(30), 10)) == ["b", "d", "e", "a"]
    assert ids(await store.due(OURS, at(30), 2)) == ["b", "d"]
    assert await store.due(OURS, at(9.999999), 10) == []


async def test_due_follows_the_row(store: Store) -> None:
    await started(store, a_row("o-1", wake_at=at(1)), a_row("o-2", wake_at=at(1)))
    await written(
        store,
        change(a_row("o-1"), wake_at=at(50)),
        change(a_row("o-2"), wake_at=None),
    )
    assert await store.due(OURS, at(49), 10) == []
    assert ids(await store.due(OURS, at(50), 10)) == ["o-1"]


async def test_a_write_that_lost_does_not_move_its_wake(store: Store) -> None:
    await started(store, a_row(wake_at=at(1)))
    await written(store, change(a_row(), wake_at=at(2)))
    assert await store.commit([change(a_row(), wake_at=at(9))]) == [CONFLICT]
    assert await store.next_wake(OURS) == at(2)


async def test_a_page_of_what_is_due_is_shared_by_machines(store: Store) -> None:
    rows = [a_row(f"o-{n}", wake_at=at(n)) for n in range(6)]
    rows += [a_row(f"c-{n}", machine="courier", wake_at=at(50 + n)) for n in range(2)]
    await started(store, *rows)
    both = ("order", "courier")
    assert ids(await store.due(both, at(99), 4)) == ["o-0", "o-1", "c-0", "c-1"]
    assert ids(await store.due(both, at(99), 5)) == ["o-0", "o-1", "o-2", "c-0", "c-1"]
    assert ids(await store.due(both, at(99), 2, at(200))) == ["o-0", "c-0"]
    assert ids(await store.due(both, at(99), 3, at(200))) == ["o-1", "o-2", "c-1"]
    assert ids(await store.due(both, at(99), 3, at(200))) == ["o-3", "o-4", "o-5"]


async def test_what_is_due_at_several_machines_comes_in_one_order(store: Store) -> None:
    machines = ["order", "courier", "order", "bill", "courier", "order"]
    rows = [a_row(str(n), machine=m, wake_at=at(9 - n)) for n, m in enumerate(machines)]
    await started(store, *rows)
    asked = ("order", "courier", "order", "nobody")
    assert ids(await store.due(asked, at(9), 10)) == ["5", "4", "2", "1", "0"]
    assert ids(await store.due(asked, at(9), 2)) == ["5", "4"]


async def test_rows_of_one_time_are_due_together_in_any_order(store: Store) -> None:
    rows = [a_row(f"o-{n}", wake_at=at(1)) for n in range(6)]
    await started(store, *rows)
    assert {row.id for row in await store.due(OURS, at(1), 10)} == {row.id for row in rows}
    pages = [ids(await store.due(OURS, at(1), 4, at(9))) for _ in range(2)]
    assert [len(page) for page in pages] == [4, 2]
    assert sorted(id for page in pages for id in page) == [row.id for row in rows]


async def test_nothing_is_due_of_no_machine(store: Store) -> None:
    await started(store, a_row(wake_at=at(1)))
    assert await store.due((), at(9), 10) == []


async def test_what_another_machine_has_to_do_never_keeps_ours_from_being_found(
    store: Store,
) -> None:
    others = [
        a_row(f"c-{n:04}", machine="courier", wake_at=at(0), held_by=("w0",)) for n in range(1500)
    ]
    for first in range(0, len(others), 500):
        await started(store, *others[first : first + 500])
    theirs = [Message(row.ref, "event", b"{}", due) for row in others for due in (None, at(0))]
    await posted(store, *theirs[: len(theirs) // 2], sender=a_row("s-1"))
    await posted(store, *theirs[len(theirs) // 2 :], sender=a_row("s-2"))
    ours = a_row(wake_at=at(20), held_by=("w0",))
    await started(store, ours)
    await posted(store, *(a_message(due_at=due) for due in (None, at(15), at(10))))
    assert await store.due(OURS, at(20), 1000) == [ours]
    assert await store.orphans(OURS, ["w1"], 1000) == [ours]
    sent = await store.mail(OURS, at(20), None, 1000)
    assert [message.due_at for message in sent] == [None, at(10), at(15)]
    assert await store.next_wake(OURS) == at(10)
    assert await store.next_wake(["courier"]) == at(0)
    assert await store.next_wake([]) is None
    assert len(await store.mail(None, at(20), None, 1000)) == 1000
    assert await store.mail(OURS, at(20), id_of(sent[0]), 1000) == sent[1:]


async def test_next_wake_is_the_earliest_of_rows_and_messages(store: Store) -> None:
    assert await store.next_wake(OURS) is None
    await posted(store, a_message(), a_message(held=True, due_at=at(1)))
    assert await store.next_wake(OURS) is None, "neither has a moment to wait for"
    await started(store, a_row("o-1", wake_at=at(30)), a_row("o-2", wake_at=at(20)))
    assert await store.next_wake(OURS) == at(20)
    await posted(store, a_message(due_at=at(10)))
    assert await store.next_wake(OURS) == at(10)


async def test_orphans_are_rows_held_by_workers_that_are_not_alive(store: Store) -> None:
    await started(
        store,
        a_row("nobody's"),
        a_row("mine", held_by=("w1",)),
        a_row("dead", held_by=("w0",)),
        a_row("both", held_by=("w0", "w1")),
        a_row("other", held_by=("w2",), machine="courier"),
    )
    both = ["order", "courier"]
    assert sorted(ids(await store.orphans(both, ["w1", "w2"], 10))) == ["both", "dead"]
    assert sorted(ids(await store.orphans(both, [], 10))) == ["both", "dead", "mine", "other"]
    assert sorted(ids(await store.orphans(OURS, [], 10))) == ["both", "dead", "mine"]
    assert len(await store.orphans(both, [], 3)) == 3
    assert await store.orphans(both, ["w0", "w1", "w2"], 10) == []
    assert await store.orphans([], [], 10) == []


async def test_a_row_that_is_let_go_is_no_orphan(store: Store) -> None:
    await started(store, a_row(held_by=("w0",)))
    await written(store, change(a_row(), held_by=()))
    assert await store.orphans(OURS, ["w1"], 10) == []


async def test_incidents_come_oldest_change_first_page_by_page(store: Store) -> None:
    rows = [a_row(f"o-{n}", incidents=1, changed_at=at(n // 2)) for n in (3, 0, 2, 1)]
    other = a_row("o-1", machine="courier", incidents=3, changed_at=at(0))
    await started(store, *rows, other, a_row("fine"))
    found: list[Row] = []
    cursor: str | None = None
    while True:
        page = await store.incidents(None, 2, cursor)
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            break
    keys = [(row.machine, row.id) for row in found]
    assert keys == [
        ("courier", "o-1"), ("order", "o-0"), ("order", "o-1"), ("order", "o-2"), ("order", "o-3")
    ]  # fmt: skip
    assert ids((await store.incidents("courier", 10, None)).rows) == ["o-1"]
    assert (await store.incidents("nothing", 10, None)).rows == ()


async def test_a_settled_incident_is_no_longer_among_them(store: Store) -> None:
    await started(store, a_row(incidents=1))
    await written(store, change(a_row(), incidents=0))
    assert (await store.incidents(None, 10, None)).rows == ()


async def test_a_bad_cursor_of_incidents_is_refused(store: Store) -> None:
    await started(store, *(a_row(f"o-{n}", incidents=1) for n in range(3)))
    of_a_list = (await store.list(Query("order", limit=1))).cursor
    assert of_a_list is not None
    for cursor in ("", "!", of_a_list):
        with pytest.raises(InvalidPayload) as refused:
            await store.incidents(None, 10, cursor)
        assert "cursor" in refused.value.fields


async def test_the_journal_is_read_in_order_from_any_place(store: Store) -> None:
    await started(store, a_row())
    await written(store, Write(a_row(rev=2), 1, [an_entry(a_row(), part=p) for p in (1, 2)]))
    await written(store, Write(a_row(rev=3, seq=2), 2, [an_entry(a_row(seq=2))]))
    await written(store, Write(a_row(rev=4, seq=3), 3, [an_entry(a_row(seq=3))]))

    async def places(after: tuple[int, int], limit: int) -> list[tuple[int, int]]:
        return [(e.seq, e.part) for e in await store.journal(a_row().ref, after, limit)]

    whole = [(1, 0), (1, 1), (1, 2), (2, 0), (3, 0)]
    assert [(e.seq, e.part) for e in await store.journal(a_row().ref)] == whole
    for first, after in enumerate([(0, -1), *whole]):
        for limit in (1, 2, 3, 100):
            assert await places(after, limit) == whole[first : first + limit]
    assert await places((1, 7), 100) == whole[3:]
    assert await places((2, -1), 100) == whole[3:]
    assert await places((4, -1), 100) == []


async def test_the_journal_of_an_unknown_instance_is_empty(store: Store) -> None:
    assert await store.journal(a_row("o-9").ref) == []
    assert await store.journal_before(a_row("o-9").ref, 5) == []


async def test_steps_before_a_seq_come_newest_first_without_notes(store: Store) -> None:
    await started(store, a_row(), a_row("o-2"))
    row = a_row()
    for _ in range(4):
        write = change(row)
        note = an_entry(write.row, part=1)
        (row,) = await written(store, replace(write, entries=[*write.entries, note]))
    found = await store.journal_before(row.ref, 4, 3)
    assert [(e.seq, e.part) for e in found] == [(4, 0), (3, 0), (2, 0)]


async def test_an_entry_comes_back_as_it_was_written(store: Store) -> None:
    entry = an_entry(a_row(changed_at=at(0.000001)), key="k", reply=b"\xff")
    bare = an_entry(a_row(), part=1)
    await written(store, new(a_row(), entries=[bare, entry]))
    assert await store.journal(a_row().ref) == [entry, bare]


async def test_no_answer_is_longer_than_the_page_limit(store: Store) -> None:
    count = PAGE_LIMIT + 5
    rows = [a_row(f"o-{n:04}", wake_at=at(0), held_by=("w0",), incidents=1) for n in range(count)]
    for first in range(0, count, 500):
        await started(store, *rows[first : first + 500])
    await posted(store, *(a_message() for _ in range(count)))
    many = 10**9
    assert len(await store.due(OURS, at(1), many)) == PAGE_LIMIT
    assert len(await store.orphans(OURS, [], many)) == PAGE_LIMIT
    assert len(await store.mail(OURS, at(1), None, many)) == PAGE_LIMIT
    assert len((await store.incidents(None, many, None)).rows) == PAGE_LIMIT
    assert len((await store.list(Query("order", limit=many))).rows) == PAGE_LIMIT
    assert len((await store.list(Query("order", limit=0))).rows) == 1


async def test_charts_come_oldest_version_first_and_the_first_one_stays(store: Store) -> None:
    first = StoredChart("order", 1, b'{"v":1}', at(1))
    tenth = StoredChart("order", 10, b'{"v":10}', at(3))
    second = StoredChart("order", 2, b'{"v":2}', at(2.5))
    for chart in (first, tenth, second, StoredChart("courier", 1, b"{}", at(0))):
        await store.add_chart(chart)
    await store.add_chart(StoredChart("order", 1, b"changed", at(9)))
    assert await store.charts("order") == [first, second, tenth]
    assert await store.charts("nothing") == []
