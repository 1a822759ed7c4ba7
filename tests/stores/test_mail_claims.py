"""Rule 7: one worker at a time delivers what waits in a partition for a machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from statehold.records import Message, Ref
from statehold.store import FIRST_ID, PARTITIONS, Store, partition_of
from tests.stores.build import (
    LEASE,
    OURS,
    a_row,
    at,
    change,
    id_of,
    posted,
    read,
    written,
)
from tests.stores.conftest import Shared

pytestmark = pytest.mark.anyio

#: from when claims run
NOW = at(100)
UNTIL = at(110)


def id_in(partition: int, machine: str = "order") -> str:
    """The id of an instance in this partition."""
    return next(f"i-{n}" for n in count() if partition_of(machine, f"i-{n}") == partition)


async def waiting(
    store: Store,
    partitions: Sequence[int],
    *,
    each: int = 1,
    machines: Sequence[str] = OURS,
    **message: Any,
) -> list[Message]:
    """Puts messages into each of these partitions, to instances in the same one; those in the
    first have waited longest."""
    sent: list[Message] = []
    for seconds, partition in enumerate(partitions):
        to = [Ref(machine, id_in(partition, machine)) for machine in machines]
        messages = [Message(ref, "event", b"{}", **message) for ref in to] * each
        sender = a_row(id_in(partition))
        sent += await posted(store, *messages, sender=sender, changed_at=at(seconds))
    return sent


async def claimed(
    store: Store, limit: int = 1000, until: datetime = UNTIL, machines: Sequence[str] = OURS
) -> list[int]:
    """The partitions of the messages that a walk's first call returns, each once."""
    page = await store.mail(machines, NOW, None, limit, until)
    return list(dict.fromkeys(id_of(message).partition for message in page))


async def test_what_waits_in_a_partition_is_given_to_one_worker_at_a_time(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sent = await waiting(one, [3, 9], each=2)
    assert await one.mail(OURS, NOW, None, 10, UNTIL) == sent[:2]
    assert await two.mail(OURS, NOW, None, 10, UNTIL) == sent[2:]
    more = await waiting(two, [3, 9])
    assert await one.mail(OURS, NOW, FIRST_ID, 10, UNTIL) == [*sent[:2], more[0]]
    assert await two.mail(OURS, NOW, FIRST_ID, 10, UNTIL) == [*sent[2:], more[1]]
    assert len(await two.mail(OURS, NOW, None, 10)) == 6, "a question claims nothing and minds none"


async def test_a_worker_takes_its_share_and_what_has_waited_longest_first(shared: Shared) -> None:
    one, two, three = [await shared.hire(f"w{n}") for n in range(3)]
    await waiting(one, [8, 2, 60, 31, 5])
    assert await claimed(two) == [8, 2]
    assert await claimed(one) == [60, 31]
    assert await claimed(three) == [5]
    assert await claimed(await shared.hire("w4")) == []


async def test_four_workers_share_all_partitions(shared: Shared) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(4)]
    await waiting(stores[0], range(PARTITIONS))
    shares = [await claimed(store) for store in stores]
    assert [len(share) for share in shares] == [16] * 4
    assert sorted(partition for share in shares for partition in share) == list(range(PARTITIONS))


async def test_four_that_claim_at_once_get_each_message_once(shared: Shared) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(4)]
    sent = await waiting(stores[0], range(0, PARTITIONS, 3), each=2)
    pages = await asyncio.gather(*(one.mail(OURS, NOW, None, 1000, UNTIL) for one in stores))
    got = [message for page in pages for message in page]
    assert len({message.id for message in got}) == len(got)
    for page in pages:
        assert page == sorted(page, key=id_of)
        # whole partitions
        mine = {id_of(message).partition for message in page}
        assert page == [message for message in sent if id_of(message).partition in mine]
    # what one lost to another at the same moment it gets the next time
    rest = [await one.mail(OURS, NOW, FIRST_ID, 1000, UNTIL) for one in stores]
    assert {message.id for page in rest for message in page} == {message.id for message in got}


async def test_partitions_that_were_claimed_longest_ago_come_first(shared: Shared) -> None:
    """What can't be delivered there waits longer than all else, and keeps nothing else waiting."""
    one, other = await shared.hire("w1"), await shared.hire("w2")
    await waiting(other, [8, 2, 60, 31])
    for _ in range(2):
        assert await claimed(one) == [8, 2]
        assert await claimed(one) == [60, 31]
    await waiting(other, [40, 41])
    # sent at the same time as the message in 8: their order is that of random numbers
    assert sorted(await claimed(one)) == [8, 40, 41], "the never claimed come before all"


async def test_a_call_that_goes_on_keeps_to_what_is_claimed(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sent = await waiting(one, [3, 9], each=3)
    first = await one.mail(OURS, NOW, None, 2, UNTIL)
    assert first == sent[:2]
    assert await one.mail(OURS, NOW, id_of(first[-1]), 2, UNTIL) == sent[2:3]
    assert await one.mail(OURS, NOW, id_of(sent[2]), 2, UNTIL) == []
    assert await two.mail(OURS, NOW, None, 10, UNTIL) == sent[3:]


async def test_a_call_that_goes_on_extends_the_claims(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sent = await waiting(one, [3], each=2)
    assert await one.mail(OURS, at(100), None, 1, at(110)) == sent[:1]
    assert await one.mail(OURS, at(109), id_of(sent[0]), 1, at(120)) == sent[1:]
    assert await two.mail(OURS, at(119.9), None, 10, at(130)) == []
    assert await two.mail(OURS, at(120), None, 10, at(130)) == sent


async def test_a_claim_ends_with_its_time_and_goes_to_who_comes_first(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sent = await waiting(one, [3], each=2)
    assert await one.mail(OURS, at(100), None, 10, at(110)) == sent
    assert await two.mail(OURS, at(109.999), None, 10, at(120)) == []
    assert await two.mail(OURS, at(110), None, 10, at(120)) == sent
    assert await one.mail(OURS, at(110), FIRST_ID, 10, at(120)) == [], "another has it now"
    assert await one.mail(OURS, at(110), None, 10, at(120)) == []
    assert await two.mail(OURS, at(110), FIRST_ID, 10, at(120)) == sent


async def test_a_first_call_ends_the_worker_s_claims_for_its_machines_alone(
    shared: Shared,
) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    both = ("order", "courier")
    ours, theirs = await waiting(one, [3], machines=both)
    assert await one.mail(["courier"], NOW, None, 10, UNTIL) == [theirs]
    assert await one.mail(OURS, NOW, None, 10, UNTIL) == [ours]
    assert await two.mail(both, NOW, None, 10, UNTIL) == []
    for message in (ours, theirs):
        await one.discard([id_of(message)])
        assert await one.mail([message.to.machine], NOW, None, 10, UNTIL) == []
        (later,) = await waiting(two, [3], machines=[message.to.machine])
        assert await two.mail(both, NOW, None, 10, UNTIL) == [later]
        await two.discard([id_of(later)])
        assert await two.mail(both, NOW, None, 10, UNTIL) == []


async def test_claims_of_one_machine_s_mail_leave_that_of_another(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    ours, theirs = await waiting(one, [3], machines=["order", "courier"])
    assert await one.mail(OURS, NOW, None, 10, UNTIL) == [ours]
    assert await two.mail(["courier"], NOW, None, 10, UNTIL) == [theirs]


async def test_what_is_sent_to_one_instance_from_anywhere_goes_to_one_worker(
    shared: Shared,
) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    to = Ref("order", id_in(20))
    for seconds, partition in enumerate([3, 9]):
        message = Message(to, "event", b"{}", send_id=f"from {partition}")
        await posted(one, message, sender=a_row(id_in(partition)), changed_at=at(seconds))
    first = await one.mail(OURS, NOW, None, 10, UNTIL)
    assert first[0].send_id == "from 3"
    assert await two.mail(OURS, NOW, None, 10, UNTIL) == []
    both = await one.mail(OURS, NOW, FIRST_ID, 10, UNTIL)
    assert [message.send_id for message in both] == ["from 3", "from 9"]


async def test_mail_that_is_not_due_or_is_held_claims_nothing(shared: Shared) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    late = await waiting(one, [9], due_at=at(105))
    await waiting(one, [9], held=True)
    assert await one.mail(OURS, at(104), None, 10, at(114)) == []
    assert await two.mail(OURS, at(105), None, 10, at(115)) == late
    assert await one.mail(OURS, at(105), None, 10, at(115)) == []


async def test_a_dead_worker_s_claims_are_taken_over(shared: Shared) -> None:
    one = await shared.hire("w1", timedelta(0))
    two = await shared.hire("w2")
    sent = await waiting(two, [3, 9])
    assert await one.mail(OURS, NOW, None, 10, UNTIL) == sent[:1]
    assert list((await two.beat(LEASE)).alive) == ["w2"]
    assert await two.mail(OURS, UNTIL, None, 10, at(120)) == sent


async def test_a_message_that_was_consumed_leaves_the_claim_to_those_behind_it(
    shared: Shared,
) -> None:
    one, two = await shared.hire("w1"), await shared.hire("w2")
    sent = await waiting(one, [3], each=2)
    assert await one.mail(OURS, NOW, None, 1, UNTIL) == sent[:1]
    sender = await read(one, id_in(3))
    assert sender is not None
    await written(one, change(sender, parts={"consumed": [id_of(sent[0])]}))
    assert await two.mail(OURS, NOW, None, 10, UNTIL) == []
    assert await one.mail(OURS, NOW, FIRST_ID, 10, UNTIL) == sent[1:]


async def test_where_one_process_owns_the_store_it_gets_everything_each_time(store: Store) -> None:
    if not store.exclusive:
        pytest.skip("several workers share it")
    sent = await waiting(store, [3, 9, 40], each=2)
    for after in (None, FIRST_ID, None):
        assert await store.mail(OURS, NOW, after, 10, UNTIL) == sent
