"""Rule 3: a message goes out with the write it caused, once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold.records import Message, MessageId, Ref, Write
from statehold.store import FIRST_ID, Store, partition_of
from statehold.stores.paging import microseconds
from tests.stores.build import (
    CONFLICT,
    KEY_USED,
    LEASE,
    OURS,
    WRITTEN,
    a_message,
    a_row,
    an_entry,
    at,
    change,
    id_of,
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio

SENDER = Ref("order", "sender")


async def test_a_message_comes_back_as_it_was_written_with_an_id(store: Store) -> None:
    sent = a_message(
        "sender",
        kind="outcome",
        body=b"\x00{}",
        due_at=at(5),
        sender=SENDER,
        send_id="s1",
        key="k1",
    )
    (there,) = await posted(store, sent)
    assert replace(there, id=None) == sent


async def test_an_id_says_when_it_is_delivered_and_whose_write_it_was_part_of(store: Store) -> None:
    first, late, last = await posted(
        store, a_message(), a_message(due_at=at(5)), a_message("o-2"), rev=7, changed_at=at(2)
    )
    ids = [id_of(message) for message in (first, late, last)]
    assert [id.at for id in ids] == [microseconds(at(seconds)) for seconds in (2, 5, 2)]
    assert [(id.rev, id.ordinal) for id in ids] == [(7, 0), (7, 1), (7, 2)]
    assert {id.partition for id in ids} == {partition_of("order", "sender")}
    (other,) = await posted(store, a_message(), sender=a_row("other"))
    writers = {id.writer for id in ids}
    assert len(writers) == 1
    assert id_of(other).writer not in writers
    assert min(*writers, id_of(other).writer) > 0


async def test_ids_of_one_writer_rise_also_when_the_clock_goes_back(store: Store) -> None:
    sent = []
    for seconds in (10, 7, 30, 8.5):
        sent += await posted(store, a_message(), a_message("o-2"), changed_at=at(seconds))
    ids = [id_of(message) for message in sent]
    assert ids == sorted(ids)
    assert [id.at for id in ids[::2]] == [microseconds(at(s)) for s in (10, 10, 30, 30)]
    # what was delivered holds up no later one
    await store.discard(ids)
    (late,) = await posted(store, a_message(), changed_at=at(1))
    assert id_of(late).at == microseconds(at(1))


async def test_a_message_with_a_delay_holds_up_none_that_goes_at_once(store: Store) -> None:
    (late,) = await posted(store, a_message(due_at=at(60)), changed_at=at(1))
    (now,) = await posted(store, a_message(), changed_at=at(2))
    assert await mailbox(store) == [now, late]
    assert id_of(now).at == microseconds(at(2))


async def test_no_id_is_given_again_after_reopening_or_to_another_of_the_same_name(
    store: Store,
) -> None:
    over = a_row("sender", status="done")
    (first,) = await posted(store, a_message(), sender=over)
    await store.discard([id_of(first)])
    assert await store.forget([over]) == [True]
    await store.close()
    await store.open("w2")
    await store.join("w2", LEASE)
    (second,) = await posted(store, a_message(), sender=over)
    assert id_of(second).rev == id_of(first).rev
    assert id_of(second).writer != id_of(first).writer
    assert await store.still_there([id_of(first)]) == set()


async def test_mail_is_what_is_due_and_not_held_in_the_order_of_the_ids(store: Store) -> None:
    await posted(
        store,
        a_message(send_id="late", due_at=at(10)),
        a_message(send_id="now"),
        a_message(send_id="held", held=True),
        a_message(send_id="early", due_at=at(5)),
        a_message(send_id="held and due", held=True, due_at=at(5)),
        sender=a_row(),
    )
    assert [m.send_id for m in await store.mail(OURS, at(4.9), None, 10)] == ["now"]
    assert [m.send_id for m in await store.mail(OURS, at(5), None, 10)] == ["now", "early"]
    assert [m.send_id for m in await store.mail(OURS, at(99), None, 10)] == ["now", "early", "late"]


async def test_what_goes_at_once_is_due_whatever_a_clock_says(store: Store) -> None:
    (ahead,) = await posted(store, a_message(), changed_at=at(99))
    assert await store.mail(OURS, at(0), None, 10) == [ahead]


async def test_mail_is_asked_for_machines_or_for_all(store: Store) -> None:
    to = ["order", "courier", "bill", "order", "courier"]
    messages = [a_message(due_at=at(5) if n % 2 else None) for n in range(len(to))]
    named = [replace(m, to=Ref(machine, "x")) for m, machine in zip(messages, to, strict=True)]
    held = replace(named[0], to=Ref("paused", "x"), held=True)
    await posted(store, held, sender=a_row("x", machine="paused"))
    sent = await posted(store, *named)

    async def found(machines: list[str] | None) -> list[int]:
        return [sent.index(message) for message in await store.mail(machines, at(9), None, 10)]

    assert await found(None) == [0, 2, 4, 1, 3]
    assert await found(["order"]) == [0, 3]
    assert await found(["courier", "order", "courier", "paused"]) == [0, 4, 1, 3]
    assert await found([]) == []
    assert await store.mail(["courier", "bill"], at(9), None, 2) == [sent[2], sent[4]]


async def test_mail_is_read_by_pages_without_a_gap(store: Store) -> None:
    due = [None, at(1), None, at(2), at(0), None, at(99)]
    sent = await posted(store, *(a_message(due_at=moment) for moment in due))
    sent += await posted(store, *(a_message() for _ in range(3)), sender=a_row("other"))
    read_: list[Message] = []
    after: MessageId | None = None
    while page := await store.mail(OURS, at(3), after, 2):
        assert len(page) <= 2
        read_ += page
        after = id_of(page[-1])
    there = sorted((message for message in sent if message.due_at != at(99)), key=id_of)
    assert read_ == there
    assert await store.mail(OURS, at(3), FIRST_ID, 100) == there


async def test_a_message_is_consumed_with_the_write_it_caused(store: Store) -> None:
    await started(store, a_row())
    (message,) = await posted(store, a_message())
    await written(store, change(a_row(), parts={"consumed": [id_of(message)]}))
    assert await mailbox(store) == []


async def test_a_message_that_was_taken_makes_a_write_a_conflict(store: Store) -> None:
    await started(store, a_row("o-1"), a_row("o-2"), a_row("o-3"))
    one, two = await posted(store, a_message(), a_message("o-2"))
    await store.discard([id_of(one)])
    outcomes = await store.commit(
        [
            change(a_row("o-1"), parts={"consumed": [id_of(one)]}),
            change(a_row("o-2"), parts={"consumed": [id_of(two)]}),
            change(a_row("o-3")),
        ]
    )
    assert outcomes == [CONFLICT, WRITTEN, WRITTEN]
    assert await read(store, "o-1") == a_row("o-1")
    assert await mailbox(store) == []


async def test_of_two_writes_that_consume_one_message_the_first_gets_it(store: Store) -> None:
    await started(store, a_row("o-1"), a_row("o-2"))
    (message,) = await posted(store, a_message())
    both = [change(a_row(i), parts={"consumed": [id_of(message)]}) for i in ("o-1", "o-2")]
    assert await store.commit(both) == [WRITTEN, CONFLICT]


async def test_a_write_that_lost_leaves_the_messages_it_would_have_consumed(store: Store) -> None:
    await started(store, a_row())
    (message,) = await posted(store, a_message())
    await written(store, change(a_row()))
    late = change(a_row(), parts={"consumed": [id_of(message)]})
    assert await store.commit([late]) == [CONFLICT]
    assert await mailbox(store) == [message]


async def test_a_write_may_consume_several_messages(store: Store) -> None:
    await started(store, a_row())
    sent = await posted(store, a_message(), a_message(), a_message("o-2"))
    parts = {"consumed": [id_of(m) for m in sent[:2]]}
    await written(store, change(a_row(), parts=parts))
    assert await mailbox(store) == [sent[2]]


async def test_a_sender_takes_back_its_own_messages_only(store: Store) -> None:
    other = Ref("order", "other")
    kept = await posted(
        store,
        a_message(send_id="x", sender=other),
        a_message(send_id="y", sender=SENDER),
        a_message(send_id=None, sender=SENDER),
        a_message(send_id="x"),
        a_message(send_id="x", sender=SENDER, due_at=at(50)),
        a_message("o-2", send_id="x", sender=SENDER),
    )
    sender = await read(store, "sender")
    assert sender is not None
    await written(store, change(sender, parts={"recalled": ["x", "never sent"]}))
    assert await mailbox(store) == kept[:4]


async def test_a_recall_takes_what_was_sent_before_not_what_the_same_write_sends(
    store: Store,
) -> None:
    old = a_message(send_id="x", sender=SENDER, body=b"old")
    await posted(store, old)
    sender = await read(store, "sender")
    assert sender is not None
    sent = [replace(old, body=b"new")]
    await written(store, change(sender, parts={"recalled": ["x"], "messages": sent}))
    assert [m.body for m in await mailbox(store)] == [b"new"]


async def test_an_instance_may_recall_the_message_that_it_consumes(store: Store) -> None:
    (message,) = await posted(store, a_message("sender", send_id="x", sender=SENDER))
    sender = await read(store, "sender")
    assert sender is not None
    parts = {"recalled": ["x"], "consumed": [id_of(message)]}
    await written(store, change(sender, parts=parts))
    assert await mailbox(store) == []


@pytest.mark.parametrize("recall_first", [True, False])
async def test_a_message_is_recalled_or_consumed_whichever_comes_first(
    store: Store, recall_first: bool
) -> None:
    await started(store, a_row())
    (message,) = await posted(store, a_message(send_id="x", sender=SENDER))
    sender = await read(store, "sender")
    assert sender is not None
    recall = change(sender, parts={"recalled": ["x"]})
    consume = change(a_row(), parts={"consumed": [id_of(message)]})
    if recall_first:
        assert await store.commit([recall, consume]) == [WRITTEN, CONFLICT]
    else:
        assert await store.commit([consume, recall]) == [WRITTEN, WRITTEN]


async def test_a_release_makes_the_instance_s_held_messages_deliverable(store: Store) -> None:
    await started(store, a_row())
    held = [a_message(held=True, body=b"1"), a_message(held=True, body=b"2")]
    await posted(store, *held, sender=a_row())
    await posted(store, a_message("o-2", held=True, body=b"3"), sender=a_row("o-2"))
    assert await mailbox(store) == []
    assert [m.body for m in await store.held_mail(a_row().ref, 10)] == [b"1", b"2"]
    paused = await read(store)
    assert paused is not None
    await written(store, change(paused, parts={"released": True}))
    assert [m.body for m in await mailbox(store)] == [b"1", b"2"]
    assert await store.held_mail(a_row().ref, 10) == []


async def test_a_release_leaves_what_the_same_write_holds(store: Store) -> None:
    await started(store, a_row())
    parts = {"released": True, "messages": [a_message(held=True)]}
    await written(store, change(a_row(), parts=parts))
    assert await mailbox(store) == []


async def test_a_held_message_s_key_is_known_until_the_message_is_consumed(store: Store) -> None:
    keys = [(Ref("order", "o-1"), "k1"), (Ref("order", "o-1"), "k2"), (Ref("order", "o-2"), "k1")]
    await written(store, new(a_row(), messages=[a_message(held=True, key="k1")]))
    assert set(await store.mail_of_keys(keys)) == {keys[0]}
    await written(store, change(a_row(), parts={"released": True}))
    assert set(await store.mail_of_keys(keys)) == {keys[0]}, "it was not delivered yet"
    (message,) = await mailbox(store)
    now = await read(store)
    assert now is not None
    await written(store, change(now, key="k1", parts={"consumed": [id_of(message)]}))
    assert await store.mail_of_keys(keys) == {}
    assert set(await store.replies(keys)) == {keys[0]}


async def test_a_held_message_s_key_is_used_if_the_journal_has_it(store: Store) -> None:
    await written(store, new(a_row(), key="k"))
    hold = change(a_row(), parts={"messages": [a_message(held=True, key="k")]})
    assert await store.commit([hold]) == [KEY_USED]
    assert await read(store) == a_row()


async def test_a_held_message_s_key_is_used_if_another_held_message_has_it(store: Store) -> None:
    await written(store, new(a_row(), messages=[a_message(held=True, key="k")]))
    hold = change(a_row(), parts={"messages": [a_message(held=True, key="k")]})
    assert await store.commit([hold]) == [KEY_USED]
    both = [a_message("o-2", held=True, key="k")] * 2
    assert await store.commit([new(a_row("o-2"), messages=both)]) == [KEY_USED]


async def test_an_entry_s_key_is_used_if_a_held_message_has_it(store: Store) -> None:
    await written(store, new(a_row(), messages=[a_message(held=True, key="k")]), new(a_row("o-2")))
    outcomes = await store.commit([change(a_row(), key="k"), change(a_row("o-2"), key="k")])
    assert outcomes == [KEY_USED, WRITTEN]


async def test_a_write_that_lost_puts_nothing_into_the_mailbox(store: Store) -> None:
    await written(store, new(a_row(), key="k"))
    both = Write(a_row(rev=2), 1, [an_entry(a_row(), part=1, key="k")], [a_message()])
    assert await store.commit([both]) == [KEY_USED]
    assert await mailbox(store) == []


async def test_discard_takes_out_what_is_there_and_minds_nothing_else(store: Store) -> None:
    one, two = await posted(store, a_message(key="k"), a_message(), sender=a_row())
    await store.discard([id_of(one), replace(id_of(two), rev=10**6)])
    assert await mailbox(store) == [two]
    assert await store.mail_of_keys([(one.to, "k")]) == {}
