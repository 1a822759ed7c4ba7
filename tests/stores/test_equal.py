"""Whatever is done to them, in whatever order, all stores give the same answers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statehold.records import Entry, Message, Ref, Row, Write
from statehold.store import Query, Store, WriteResult, partition_of
from statehold.stores import MemoryStore, SqliteStore
from tests.stores.build import OURS, a_row, an_entry, at, id_of, mailbox

IDS = ["a", "b", "c", "d"]
#: the last one's is another than the others'
REFS = {id: Ref("courier" if id == "d" else "order", id) for id in IDS}
BOTH = ("order", "courier")
STATES: list[tuple[str, ...]] = [("x",), ("x.y",), ("x.y", "z"), ()]
NAMES: list[tuple[str, ...]] = [(), ("hot",), ("hot", "col d")]
KEYS = ["k1", "k2", "k3"]

seconds = st.integers(0, 6)
maybe_time = st.none() | seconds.map(at)

fields = st.fixed_dictionaries(
    {
        "version": st.integers(1, 2),
        "status": st.sampled_from(["running", "paused", "done"]),
        "state": st.sampled_from(STATES),
        "tags": st.sampled_from(NAMES),
        "owners": st.sampled_from(NAMES),
        "indexes": st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from(["1", "2"])),
        "since": seconds.map(at),
        "changed_at": seconds.map(at),
        "wake_at": maybe_time,
        "held_by": st.sampled_from([(), ("w0",), ("w1",), ("w0", "w1")]),
        "incidents": st.integers(0, 1),
        "deadline": maybe_time,
    }
)

messages = st.builds(
    Message,
    to=st.sampled_from(IDS).map(REFS.__getitem__),
    kind=st.just("event"),
    body=st.just(b"{}"),
    due_at=maybe_time,
    sender=st.none() | st.sampled_from(IDS).map(REFS.__getitem__),
    send_id=st.none() | st.sampled_from(["s1", "s2"]),
    held=st.booleans(),
    key=st.none() | st.sampled_from(KEYS),
).map(lambda message: (message, message.held or message.key is not None))

write_plans = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "fields": fields,
        # mostly the rev that is there, sometimes an older one, sometimes none
        "behind": st.sampled_from([0, 0, 0, 0, 1, None]),
        "key": st.none() | st.sampled_from(KEYS),
        "notes": st.integers(0, 2),
        "same_seq": st.sampled_from([False, False, False, True]),
        "messages": st.lists(messages, max_size=2),
        "consumed": st.lists(st.integers(0, 6), max_size=2),
        "recalled": st.lists(st.sampled_from(["s1", "s2"]), max_size=1),
        "released": st.booleans(),
    }
)
batches = st.lists(write_plans, max_size=4, unique_by=lambda plan: str(plan["id"]))

queries = st.builds(
    Query,
    machine=st.just("order"),
    state=st.sampled_from([None, None, "x", "x.y", "z"]),
    tag=st.sampled_from([None, None, "hot"]),
    owner=st.sampled_from([None, None, "col d"]),
    status=st.sampled_from([None, None, "running"]),
    version=st.sampled_from([None, None, 2]),
    where=st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from(["1", "2"])),
    in_state_since=maybe_time,
    incidents=st.booleans(),
    limit=st.integers(1, 3),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(batches, queries, seconds), max_size=12))
def test_a_sequence_of_commits_and_questions_gives_equal_answers(
    rounds: list[tuple[list[dict[str, Any]], Query, int]],
) -> None:
    asyncio.run(_compare(rounds))


async def _compare(rounds: list[tuple[list[dict[str, Any]], Query, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, real = MemoryStore(), SqliteStore(Path(folder) / "s.db")
        await model.open("w1")
        await real.open("w1")
        try:
            for plans, query, now in rounds:
                # each has ids of its own for the messages
                ours = [await _write(model, plan) for plan in plans]
                theirs = [await _write(real, plan) for plan in plans]
                assert await real.commit(theirs) == await model.commit(ours)
                assert await _answers(real, query, now) == await _answers(model, query, now)
        finally:
            await real.close()


async def _write(store: Store, plan: dict[str, Any]) -> Write:
    ref = REFS[plan["id"]]
    before = (await store.load([ref])).get(ref)
    seq, rev = (before.seq, before.rev) if before else (0, 0)
    seq = max(1, seq if plan["same_seq"] else seq + 1)
    created_at = at(ord(ref.id) // 2)
    row = a_row(
        ref.id, machine=ref.machine, created_at=created_at, seq=seq, rev=rev + 1, **plan["fields"]
    )
    is_start = plan["behind"] is None or before is None
    there = [id_of(message) for message in sorted(await mailbox(store), key=_place)]
    return Write(
        row,
        None if is_start else rev - plan["behind"],
        _entries(row, plan),
        # what is held or has a key, an instance writes to itself
        [replace(message, to=ref) if own else message for message, own in plan["messages"]],
        [there[place] for place in plan["consumed"] if place < len(there)],
        plan["recalled"],
        plan["released"],
    )


def _entries(row: Row, plan: dict[str, Any]) -> list[Entry]:
    notes = [an_entry(row, part=part + 1) for part in range(plan["notes"])]
    return [an_entry(row, key=plan["key"]), *notes]


async def _answers(store: Store, query: Query, now: int) -> dict[str, Any]:
    """Everything that can be asked, with the orders that the contract leaves open taken out."""
    refs = list(REFS.values())
    keyed = [(ref, key) for ref in refs for key in KEYS]
    pages = [await store.list(query)]
    while pages[-1].cursor is not None:
        pages.append(await store.list(replace(query, cursor=pages[-1].cursor)))
    return {
        "rows": await store.load(refs),
        "list": pages,
        "count": await store.count("order"),
        "due": [await _due(store, now, machines) for machines in (OURS, BOTH)],
        "next_wake": [await store.next_wake(machines) for machines in (OURS, BOTH)],
        "orphans": [
            sorted(row.ref for row in await store.orphans(machines, ["w1"], 100))
            for machines in (OURS, BOTH)
        ],
        "mail": [await _mail(store, now, machines) for machines in (OURS, BOTH, None)],
        "mailbox": _told(await mailbox(store)),
        "held": [_told(await store.held_mail(ref, 100)) for ref in refs],
        "replies": await store.replies(keyed),
        "mail_of_keys": {
            key: _told([message]) for key, message in (await store.mail_of_keys(keyed)).items()
        },
        "journal": [await store.journal(ref, (now - 1, now % 3 - 1), 3) for ref in refs],
        "journal_before": [await store.journal_before(ref, now, 3) for ref in refs],
        "incidents": await store.incidents("order", 2, None),
    }


async def _due(store: Store, now: int, machines: Sequence[str]) -> Any:
    """All that is due, and how early the rows of a page are, which at one time are any of these."""
    rows = await store.due(machines, at(now), 100)
    page = await store.due(machines, at(now), 3)
    assert [row.wake_at for row in rows] == sorted(row.wake_at for row in rows if row.wake_at)
    return sorted(rows, key=lambda row: row.ref), [(row.machine, row.wake_at) for row in page]


async def _mail(store: Store, now: int, machines: Sequence[str] | None) -> Any:
    mail = await store.mail(machines, at(now), None, 100)
    assert mail == sorted(mail, key=id_of)
    assert await store.mail(machines, at(now), None, 3) == mail[:3]
    for place, message in enumerate(mail):
        assert await store.mail(machines, at(now), id_of(message), 3) == mail[place + 1 :][:3]
    return _told(mail)


def _place(message: Message) -> tuple[int, ...]:
    """Which message it is, in any store: no two of these instances are in one partition."""
    id = id_of(message)
    return id.at, id.partition, id.rev, id.ordinal


def _told(messages: Sequence[Message]) -> list[tuple[tuple[int, ...], Message]]:
    found = [(_place(message), replace(message, id=None)) for message in messages]
    return sorted(found, key=lambda told: told[0])


def test_no_two_instances_are_in_one_partition() -> None:
    partitions = {partition_of(ref.machine, ref.id) for ref in REFS.values()}
    assert len(partitions) == len(REFS)


def test_the_plans_reach_every_outcome() -> None:
    """A generator that only ever conflicts would prove nothing."""
    seen: set[WriteResult] = set()

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(st.lists(batches, min_size=2, max_size=6))
    def look(rounds: list[list[dict[str, Any]]]) -> None:
        async def run() -> None:
            model = MemoryStore()
            await model.open("w1")
            for plans in rounds:
                seen.update(await model.commit([await _write(model, plan) for plan in plans]))

        asyncio.run(run())

    look()
    assert seen == set(WriteResult)
