"""Rules 6 and 7: only workers with a lease write, and claimed work goes to no other worker."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from statehold.errors import LeaseLost
from statehold.records import Ref
from statehold.store import Hint, partition_of
from tests.stores.build import (
    CONFLICT,
    LEASE,
    OURS,
    WRITTEN,
    a_message,
    a_row,
    at,
    change,
    id_of,
    ids,
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)
from tests.stores.conftest import Shared

pytestmark = pytest.mark.anyio

NO_LEASE = timedelta(0)
#: real seconds in which a hint that is not lost arrives
PATIENCE = 10.0


# --- leases ---------------------------------------------------------------------------------------


async def test_a_worker_is_alive_from_its_joining_until_it_leaves(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    assert not one.exclusive
    assert sorted(await one.workers()) == sorted(await two.workers()) == ["w1", "w2"]
    await one.leave()
    assert list(await two.workers()) == ["w2"]
    with pytest.raises(LeaseLost, match="w1"):
        await one.commit([new(a_row())])
    assert await read(two) is None


async def test_the_next_heartbeat_after_a_lease_expired_removes_its_worker(shared: Shared) -> None:
    one, two = await shared.hire("w1", NO_LEASE), await shared.hire("w2")
    assert sorted(await two.workers()) == ["w1", "w2"], "no heartbeat yet"
    assert await one.commit([new(a_row())]) == [WRITTEN], "not removed yet"
    heartbeat = await two.beat(LEASE)
    assert (heartbeat.alive, heartbeat.next_end) == (("w2",), None)
    assert list(await two.workers()) == ["w2"]


async def test_a_removed_worker_writes_nothing_and_can_not_renew_its_lease(shared: Shared) -> None:
    one, two = await shared.hire("w1", NO_LEASE), await shared.hire("w2")
    await started(two, a_row())
    await two.beat(LEASE)
    with pytest.raises(LeaseLost):
        await one.commit([change(a_row()), new(a_row("o-2"))])
    with pytest.raises(LeaseLost):
        await one.beat(LEASE)
    assert await read(two) == a_row()
    assert await read(two, "o-2") is None
    assert len(await two.journal(a_row().ref)) == 1


async def test_a_removed_worker_reads_and_joins_again_under_another_name(shared: Shared) -> None:
    one, two = await shared.hire("w1", NO_LEASE), await shared.hire("w2")
    await started(two, a_row())
    await two.beat(LEASE)
    assert await read(one) == a_row()
    await one.join("w1#2", LEASE)
    assert sorted(await two.workers()) == ["w1#2", "w2"]
    assert await one.commit([change(a_row())]) == [WRITTEN]
    assert sorted((await one.beat(LEASE)).alive) == ["w1#2", "w2"]


async def test_a_worker_that_returns_with_an_expired_lease_removes_no_other(shared: Shared) -> None:
    """Where the store was away, all come back so, one after the other."""
    one, two = await shared.hire("w1", NO_LEASE), await shared.hire("w2", NO_LEASE)
    assert sorted((await one.beat(LEASE)).alive) == ["w1", "w2"]
    assert sorted((await two.beat(LEASE)).alive) == ["w1", "w2"]
    assert await one.commit([new(a_row("o-1"))]) == [WRITTEN]
    assert await two.commit([new(a_row("o-2"))]) == [WRITTEN]


async def test_a_heartbeat_renews_the_own_lease_and_no_other(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2", 2 * LEASE)
    heartbeat = await one.beat(4 * LEASE)
    assert sorted(heartbeat.alive) == ["w1", "w2"]
    assert heartbeat.now is not None
    assert heartbeat.now.utcoffset() == timedelta(0)
    assert abs(heartbeat.now - datetime.now(UTC)) < timedelta(minutes=1)
    assert heartbeat.next_end is not None
    assert LEASE < heartbeat.next_end - heartbeat.now <= 2 * LEASE
    other = await two.beat(LEASE)
    assert other.now is not None
    assert other.next_end is not None
    assert 3 * LEASE < other.next_end - other.now <= 4 * LEASE


async def test_orphans_are_held_by_workers_that_are_alive_no_longer(shared: Shared) -> None:
    one, two = await shared.hire("w1", NO_LEASE), await shared.hire("w2")
    await started(
        two,
        a_row("dead", held_by=("w1",)),
        a_row("ours", held_by=("w2",)),
        a_row("both", held_by=("w1", "w2")),
        a_row("left", held_by=("w3",)),
    )
    assert ids(await two.orphans(OURS, None, 10)) == ["left"]
    await two.beat(LEASE)
    assert sorted(ids(await two.orphans(OURS, None, 10))) == ["both", "dead", "left"]
    assert await one.orphans(OURS, ["w1", "w2", "w3"], 10) == []


# --- claims ---------------------------------------------------------------------------------------


async def test_what_one_worker_has_claimed_is_not_due_for_another(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    await started(one, *(a_row(f"o-{n}", wake_at=at(n)) for n in range(5)))
    assert ids(await one.due(OURS, at(9), 2, at(20))) == ["o-0", "o-1"]
    assert ids(await two.due(OURS, at(9), 2, at(20))) == ["o-2", "o-3"]
    assert ids(await one.due(OURS, at(9), 9, at(20))) == ["o-4"]
    assert await two.due(OURS, at(9), 9, at(20)) == []
    assert len(await two.due(OURS, at(9), 9)) == 5, "a question claims nothing and minds none"


async def test_a_claim_on_a_row_ends_with_its_time_and_with_a_write(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    rows = [a_row(f"o-{n}", wake_at=at(1)) for n in range(2)]
    await started(one, *rows)
    assert len(await one.due(OURS, at(2), 9, at(10))) == 2
    await written(two, change(rows[0], wake_at=at(3)))
    assert ids(await two.due(OURS, at(9), 9, at(20))) == ["o-0"]
    assert ids(await two.due(OURS, at(10), 9, at(20))) == ["o-1"]


async def test_a_write_that_lost_leaves_a_claim_as_it_is(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    await started(one, a_row(wake_at=at(1)))
    assert len(await one.due(OURS, at(2), 9, at(10))) == 1
    assert await two.commit([change(a_row(rev=7))]) == [CONFLICT]
    assert await two.due(OURS, at(9), 9, at(20)) == []


async def test_two_that_claim_at_once_get_each_row_once(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    await started(one, *(a_row(f"o-{n:02}", wake_at=at(n % 3)) for n in range(40)))
    rounds = [store.due(OURS, at(9), 5, at(20)) for _ in range(10) for store in (one, two)]
    claimed = [id for rows in await asyncio.gather(*rounds) for id in ids(rows)]
    claimed += ids(await one.due(OURS, at(9), 100, at(20)))
    assert sorted(claimed) == [f"o-{n:02}" for n in range(40)]


async def test_a_message_is_taken_out_by_one_of_two_that_bring_it(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    await started(one, a_row("a"), a_row("b"))
    (message,) = await posted(one, a_message("a"))
    id = id_of(message)
    parts = {"consumed": [id]}
    assert await one.still_there([id, replace(id, rev=10**9)]) == {id}
    assert await one.commit([change(a_row("a"), parts=parts)]) == [WRITTEN]
    assert await two.still_there([id]) == set()
    assert await two.commit([change(a_row("b"), parts=parts)]) == [CONFLICT]
    assert await mailbox(two) == []
    assert await two.still_there([]) == set()


async def test_a_refused_message_returns_to_its_sender_wherever_it_waits(shared: Shared) -> None:
    """One that is due may have been moved to its receiver's partition."""
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sender = a_row("s-1")
    assert partition_of("order", "s-1") != partition_of("order", "a")
    (sent,) = await posted(one, a_message("a", sender=sender.ref), sender=sender)
    # the first calls may move it
    pages = [await one.mail(OURS, at(0), None, 10, at(10)) for _ in range(3)]
    (refused,) = pages[-1]
    assert replace(refused, id=None) == replace(sent, id=None)
    id = id_of(refused)
    assert str(id) == str(sent.id)
    back = a_message("s-1", kind="end", sender=Ref("order", "a"))
    write = change(sender, parts={"consumed": [id], "messages": [back]})
    assert await two.commit([write]) == [WRITTEN]
    assert await one.still_there([id]) == set()
    (left,) = await mailbox(two)
    assert replace(left, id=None) == back
    again = change(replace(sender, seq=2, rev=2), parts={"consumed": [id]})
    assert await one.commit([again]) == [CONFLICT]


# --- hints ----------------------------------------------------------------------------------------


async def test_a_hint_reaches_the_other_workers_alone(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    heard: list[tuple[str, Hint]] = []
    arrived = asyncio.Event()

    def hear(hint: Hint) -> None:
        heard.append(("w2", hint))
        arrived.set()

    one.listen(lambda hint: heard.append(("w1", hint)))
    two.listen(hear)
    for store in (one, two):
        # some listen from the next heartbeat on
        await store.beat(LEASE)
    hint = Hint((Ref("order", "o-1"), Ref("order", "o-2")), mail=True, due=True)
    await one.notify(hint)
    async with asyncio.timeout(PATIENCE):
        await arrived.wait()
    assert heard == [("w2", hint)]


async def test_a_hint_that_names_too_much_says_so_and_keeps_the_rest(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    heard: asyncio.Queue[Hint] = asyncio.Queue()
    two.listen(heard.put_nowait)
    await two.beat(LEASE)
    many = tuple(Ref("order", f"{'o' * 190}-{n}") for n in range(100))
    await one.notify(Hint(many, mail=True, due=True))
    async with asyncio.timeout(PATIENCE):
        hint = await heard.get()
    assert (hint.mail, hint.due) == (True, True)
    assert hint.changed in (None, many)
