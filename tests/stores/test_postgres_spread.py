"""What only the form has in which each statement takes one partition: messages on their way to
other partitions, and commits in several transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import count, islice
from typing import Any, cast

import asyncpg
import pytest

from statehold.errors import LeaseLost, StoreUnavailable
from statehold.records import Message, Ref, Write
from statehold.store import FIRST_ID, Unwritable, WriteResult, partition_of
from statehold.stores.postgres.batch import PendingWrite
from statehold.stores.postgres.statements import Statements
from statehold.stores.postgres.store import PostgresStore
from statehold.stores.postgres.writer import Writer
from tests.stores.build import (
    CONFLICT,
    LEASE,
    OURS,
    WRITTEN,
    a_message,
    a_row,
    at,
    change,
    id_in,
    id_of,
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio

NOW, UNTIL = at(100), at(110)
HERE, THERE = 7, 41
SENDER, RECEIVER = id_in(HERE), id_in(THERE)


@pytest.fixture
async def store(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[PostgresStore]:
    made = await opened(migrated_dsn, "w1")
    yield made
    await made.close()


@pytest.fixture
async def other(migrated_dsn: str, anyio_backend: str) -> AsyncIterator[PostgresStore]:
    made = await opened(migrated_dsn, "w2")
    yield made
    await made.close()


@pytest.fixture
async def db(
    migrated_dsn: str, anyio_backend: str
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(migrated_dsn)
    yield connection
    await connection.close()


async def opened(dsn: str, worker: str) -> PostgresStore:
    made = PostgresStore(dsn, spread=True)
    await made.open(worker)
    await made.join(worker, LEASE)
    return made


def keys_of(messages: list[Message]) -> list[tuple[int, int, int]]:
    return [(id_of(one).writer, id_of(one).rev, id_of(one).ordinal) for one in messages]


async def test_a_message_waits_with_its_writer_and_is_delivered_where_its_receiver_is(
    store: PostgresStore,
) -> None:
    sent = await posted(store, *[a_message(RECEIVER)] * 3, sender=a_row(SENDER))
    assert {id_of(message).partition for message in sent} == {HERE}
    delivered = await store.mail(OURS, NOW, None, 10, UNTIL)
    assert {id_of(message).partition for message in delivered} == {THERE}
    assert keys_of(delivered) == keys_of(sent), "each is the same for ever"
    assert await mailbox(store) == delivered
    assert await store.still_there([id_of(message) for message in sent]) == set()
    await started(store, a_row(RECEIVER))
    first = {"consumed": [id_of(delivered[0])]}
    await written(store, change(a_row(RECEIVER), parts=first))
    assert await store.mail(OURS, NOW, FIRST_ID, 10, UNTIL) == delivered[1:]


async def test_one_with_a_delay_stays_where_its_writer_can_take_it_back(
    store: PostgresStore,
) -> None:
    ref = Ref("order", SENDER)
    late = a_message(RECEIVER, sender=ref, send_id="s", due_at=at(105))
    (sent,) = await posted(store, late, sender=a_row(SENDER))
    assert await store.mail(OURS, NOW, None, 10, UNTIL) == []
    assert await mailbox(store) == [sent]
    row = await read(store, SENDER)
    assert row is not None
    await written(store, change(row, parts={"recalled": ["s"]}))
    assert await mailbox(store) == []


async def test_what_comes_later_is_delivered_later_though_its_clock_is_behind(
    store: PostgresStore,
) -> None:
    sender = a_row(SENDER)
    first = await posted(store, a_message(RECEIVER), sender=sender, changed_at=at(50))
    assert keys_of(await store.mail(OURS, NOW, None, 10, UNTIL)) == keys_of(first)
    second = await posted(store, a_message(RECEIVER), sender=sender, changed_at=at(40))
    found = await store.mail(OURS, NOW, None, 10, UNTIL)
    assert keys_of(found) == keys_of(first) + keys_of(second)


async def test_another_worker_delivers_what_was_moved_to_a_partition_of_its_own(
    store: PostgresStore, other: PostgresStore
) -> None:
    ours = await posted(store, a_message(RECEIVER), sender=a_row(RECEIVER))
    assert await other.mail(OURS, NOW, None, 10, UNTIL) == ours
    theirs = await posted(store, a_message(RECEIVER), sender=a_row(SENDER))
    assert await store.mail(OURS, NOW, None, 10, UNTIL) == []
    found = await other.mail(OURS, NOW, FIRST_ID, 10, UNTIL)
    assert sorted(keys_of(found)) == sorted(keys_of(ours) + keys_of(theirs))


async def test_a_returned_message_is_consumed_in_the_other_partition(store: PostgresStore) -> None:
    await posted(store, a_message(RECEIVER), a_message(RECEIVER), sender=a_row(SENDER))
    one, two = await store.mail(OURS, NOW, None, 10, UNTIL)
    sender = await read(store, SENDER)
    assert sender is not None
    (sender,) = await written(store, change(sender, parts={"consumed": [id_of(one)]}))
    assert await mailbox(store) == [two]
    gone = change(sender, parts={"consumed": [id_of(one)]})
    assert await store.commit([gone]) == [CONFLICT]


async def test_a_buried_worker_moves_nothing(
    store: PostgresStore, other: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    sent = await posted(other, a_message(RECEIVER), sender=a_row(SENDER))
    assert len(await db.fetch("SELECT 1 FROM fences WHERE worker = 'w1'")) == 64
    assert len(await store.mail(OURS, NOW, None, 10)) == 1
    await db.execute("UPDATE workers SET lease_until = now() - interval '1 s' WHERE id = 'w1'")
    async with db.transaction():
        # as a commit of w1 in one partition would
        await db.fetch("SELECT 1 FROM fences WHERE worker = 'w1' AND partition = 3 FOR KEY SHARE")
        assert (await other.beat(LEASE)).alive == ("w1", "w2")
    assert (await other.beat(LEASE)).alive == ("w2",)
    assert await db.fetch("SELECT 1 FROM fences WHERE worker = 'w1'") == []
    assert await store.mail(OURS, NOW, None, 10, UNTIL) == []
    assert await mailbox(other) == sent
    with pytest.raises(LeaseLost):
        await store.commit([change(a_row(SENDER))])


async def test_where_one_partition_fails_the_others_are_written(store: PostgresStore) -> None:
    rows = [a_row(SENDER), a_row(RECEIVER)]
    await started(store, *rows)
    fits, too_high = Write(a_row(SENDER, rev=2), 1), Write(a_row(RECEIVER, rev=2, seq=2**70), 1)
    assert await store.commit([fits, too_high]) == [WRITTEN, CONFLICT]
    with pytest.raises(Unwritable):
        await store.commit([too_high])
    assert await read(store, RECEIVER) == rows[1]


async def test_what_does_not_fit_keeps_no_other_of_its_partition_from_being_written(
    store: PostgresStore,
) -> None:
    there = (f"y-{n}" for n in count() if partition_of("order", f"y-{n}") == THERE)
    ids = [SENDER, *islice(there, 5)]
    await started(store, *map(a_row, ids))
    writes = [change(a_row(id)) for id in ids]
    writes[2] = Write(a_row(ids[2], rev=2, seq=2**70), 1)
    outcomes = await store.commit(writes)
    assert outcomes == [WRITTEN, WRITTEN, CONFLICT, WRITTEN, WRITTEN, WRITTEN]


async def test_all_of_an_instance_is_in_its_partition(
    store: PostgresStore, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    row = a_row(SENDER, indexes={"city": "Ghent"})
    await started(store, row)
    await posted(store, a_message(SENDER, held=True), sender=row)
    there = partition_of("order", SENDER)
    for table in ("instances", "journal", "lookups", "mailbox", "counts"):
        found = await db.fetch(f"SELECT DISTINCT partition FROM {table}")
        assert [partition for (partition,) in found] == [there], table


async def test_the_clock_of_a_heartbeat_is_read_after_burials(
    store: PostgresStore,
    other: PostgresStore,
    db: asyncpg.Connection[asyncpg.Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await db.execute("UPDATE workers SET lease_until = now() WHERE id = 'w2'")
    bury = store._leases._bury
    buried_at: list[datetime] = []

    async def bury_and_look(
        link: asyncpg.Connection[asyncpg.Record], workers: Sequence[str]
    ) -> set[str]:
        dead = await bury(link, workers)
        buried_at.append(await db.fetchval("SELECT clock_timestamp()"))
        return dead

    monkeypatch.setattr(store._leases, "_bury", bury_and_look)
    heartbeat = await store.beat(LEASE)
    assert heartbeat.alive == ("w1",)
    assert heartbeat.now is not None
    assert heartbeat.now > buried_at[0]


async def test_that_a_write_may_be_there_counts_more_than_that_another_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever gets `LeaseLost` or `Unwritable` takes it that nothing was written."""
    ends: dict[int, BaseException] = {
        3: Unwritable("it is too large"),
        9: StoreUnavailable("the connection was lost at COMMIT"),
        20: LeaseLost("w1"),
    }

    async def commit(self: Writer, pending: Any, partition: int) -> dict[Any, WriteResult]:
        raise ends[partition]

    monkeypatch.setattr(Writer, "_commit_group", commit)
    writer = Writer(cast(Any, None), Statements(spread=True), cast(Any, None))
    ids = [id_in(partition) for partition in ends]
    pending = [PendingWrite("order", id, 1, new(a_row(id))) for id in ids]
    with pytest.raises(StoreUnavailable, match="at COMMIT"):
        await writer._commit_groups(pending)
