"""Rule 3: a message goes out with the write it caused, once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold.records import Ref, Write
from statehold.store import Store
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
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio

SENDER = Ref("order", "sender")


async def test_a_message_comes_back_as_it_was_written_with_a_number(store: Store) -> None:
    sent = a_message(
        kind="outcome", body=b"\x00{}", due_at=at(5), sender=SENDER, send_id="s1", key="k1"
    )
    (there,) = await posted(store, sent)
    assert there.number > 0
    assert replace(there, number=0) == sent


async def test_numbers_rise_and_are_never_given_again(store: Store) -> None:
    first, second = await posted(store, a_message(), a_message())
    assert first.number < second.number
    await store.discard([first.number, second.number])
    (third,) = await posted(store, a_message())
    assert third.number > second.number


async def test_a_taken_message_s_number_is_not_given_again_after_reopening(store: Store) -> None:
    (first,) = await posted(store, a_message())
    await store.discard([first.number])
    await store.close()
    await store.open("w2")
    await store.join("w2", LEASE)
    (second,) = await posted(store, a_message())
    assert second.number > first.number


async def test_mail_is_what_is_due_and_not_held_by_number(store: Store) -> None:
    await posted(
        store,
        a_message(send_id="late", due_at=at(10)),
        a_message(send_id="now"),
        a_message(send_id="held", held=True),
        a_message(send_id="early", due_at=at(5)),
        a_message(send_id="held and due", held=True, due_at=at(5)),
    )
    assert [m.send_id for m in await store.mail(OURS, at(4.9), 0, 10)] == ["now"]
    assert [m.send_id for m in await store.mail(OURS, at(5), 0, 10)] == ["now", "early"]
    assert [m.send_id for m in await store.mail(OURS, at(99), 0, 10)] == ["late", "now", "early"]


async def test_mail_is_asked_for_machines_or_for_all(store: Store) -> None:
    to = ["order", "courier", "bill", "order", "courier"]
    messages = [a_message(due_at=at(5) if n % 2 else None) for n in range(len(to))]
    named = [replace(m, to=Ref(machine, "x")) for m, machine in zip(messages, to, strict=True)]
    held = replace(named[0], to=Ref("paused", "x"), held=True)
    await posted(store, held)
    sent = await posted(store, *named)

    async def found(machines: list[str] | None) -> list[int]:
        return [sent.index(message) for message in await store.mail(machines, at(9), 0, 10)]

    assert await found(None) == [0, 1, 2, 3, 4]
    assert await found(["order"]) == [0, 3]
    assert await found(["courier", "order", "courier", "paused"]) == [0, 1, 3, 4]
    assert await found([]) == []
    assert [m.number for m in await store.mail(["courier", "bill"], at(9), 0, 2)] == [
        sent[1].number,
        sent[2].number,
    ]


async def test_mail_is_read_by_pages_without_a_gap(store: Store) -> None:
    due = [None, at(1), None, at(2), at(0), None, at(99)]
    sent = await posted(store, *(a_message(due_at=moment) for moment in due))
    read_, after = [], 0
    while page := await store.mail(OURS, at(3), after, 2):
        assert len(page) <= 2
        read_ += page
        after = page[-1].number
    assert read_ == sent[:6]


async def test_a_message_is_consumed_with_the_write_it_caused(store: Store) -> None:
    await started(store, a_row())
    (message,) = await posted(store, a_message())
    await written(store, change(a_row(), parts={"consumed": [message.number]}))
    assert await mailbox(store) == []


async def test_a_message_that_was_taken_makes_a_write_a_conflict(store: Store) -> None:
    await started(store, a_row("o-1"), a_row("o-2"), a_row("o-3"))
    one, two = await posted(store, a_message(), a_message("o-2"))
    await store.discard([one.number])
    outcomes = await store.commit(
        [
            change(a_row("o-1"), parts={"consumed": [one.number]}),
            change(a_row("o-2"), parts={"consumed": [two.number]}),
            change(a_row("o-3")),
        ]
    )
    assert outcomes == [CONFLICT, WRITTEN, WRITTEN]
    assert await read(store, "o-1") == a_row("o-1")
    assert await mailbox(store) == []


async def test_of_two_writes_that_consume_one_message_the_first_gets_it(store: Store) -> None:
    await started(store, a_row("o-1"), a_row("o-2"))
    (message,) = await posted(store, a_message())
    both = [change(a_row(i), parts={"consumed": [message.number]}) for i in ("o-1", "o-2")]
    assert await store.commit(both) == [WRITTEN, CONFLICT]


async def test_a_write_that_lost_leaves_the_messages_it_would_have_consumed(store: Store) -> None:
    await started(store, a_row())
    (message,) = await posted(store, a_message())
    await written(store, change(a_row()))
    late = change(a_row(), parts={"consumed": [message.number]})
    assert await store.commit([late]) == [CONFLICT]
    assert await mailbox(store) == [message]


async def test_a_write_may_consume_several_messages(store: Store) -> None:
    await started(store, a_row())
    sent = await posted(store, a_message(), a_message(), a_message("o-2"))
    parts = {"consumed": [m.number for m in sent[:2]]}
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
    parts = {"recalled": ["x"], "consumed": [message.number]}
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
    consume = change(a_row(), parts={"consumed": [message.number]})
    if recall_first:
        assert await store.commit([recall, consume]) == [WRITTEN, CONFLICT]
    else:
        assert await store.commit([consume, recall]) == [WRITTEN, WRITTEN]


async def test_a_release_makes_the_instance_s_held_messages_deliverable(store: Store) -> None:
    await started(store, a_row())
    held = [a_message(held=True, body=b"1"), a_message(held=True, body=b"2")]
    await posted(store, *held, a_message("o-2", held=True, body=b"3"))
    assert await mailbox(store) == []
    await written(store, change(a_row(), parts={"released": True}))
    assert [m.body for m in await mailbox(store)] == [b"1", b"2"]


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
    await written(store, change(now, key="k1", parts={"consumed": [message.number]}))
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
    one_batch = [new(a_row(i), messages=[a_message("o-9", held=True, key="k")]) for i in ("a", "b")]
    assert await store.commit(one_batch) == [WRITTEN, KEY_USED]


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
    one, two = await posted(store, a_message(key="k"), a_message())
    await store.discard([one.number, 10**6])
    assert await mailbox(store) == [two]
    assert await store.mail_of_keys([(one.to, "k")]) == {}
