"""The auditor finds nothing in a sound store, and each fault that is planted in one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.store import Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.simulation.auditor import Ledger, audit, audit_at_rest
from tests.simulation.images import (
    Image,
    Instance,
    Letter,
    Line,
    read_memory,
    read_postgres,
    read_sqlite,
)
from tests.simulation.machines import (
    MACHINES,
    Approve,
    HubFlow,
    JobFlow,
    LedgerFlow,
    Note,
    Outside,
    Performed,
    Put,
    hub_of,
    outside,
)
from tests.unit.engine.world import entry, kind, signal, state

pytestmark = pytest.mark.anyio

HUB = f"hub/{hub_of('j-1')}"
OTHER_HUB = f"hub/{hub_of('j-4')}"


@dataclass(frozen=True)
class Scene:
    """A store in the middle of its work, what callers know of it, and what endpoints saw."""

    image: Image
    ledger: Ledger
    calls: list[Performed]


@asynccontextmanager
async def played(store: Store) -> AsyncIterator[Outside]:
    """One job is over, one waits for its child, one for an effect and one for a timer; a paused hub
    holds a message."""
    clock = ManualClock()
    made = Outside(1, clock.now, lambda: "w1")
    made.is_kind = True
    made.pause = lambda _: asyncio.sleep(0)
    outside.set(made)
    limits = Limits(grace_seconds=0.0)
    async with Engine(store, MACHINES, clock=clock, limits=limits, seed=1, worker="w1") as engine:
        await play(engine, clock, made)
        yield made


async def play(engine: Engine, clock: ManualClock, made: Outside) -> None:
    for hub in ("hub-0", "hub-1"):
        await engine.start(HubFlow, hub)
    await engine.start(LedgerFlow, "l-1")
    await engine.send(LedgerFlow, "l-1", Put(n=3), key="put")
    await engine.start(JobFlow, "j-1", {"amount": 7}, key="start")
    await state(engine, JobFlow, "j-1", "paid")
    await engine.send(JobFlow, "j-1", Note(text="one"), key="note")
    await engine.send(JobFlow, "j-1", Note(text="two"))
    await engine.send(JobFlow, "j-1", Approve(), key="approve")
    await kind(engine, JobFlow, "j-1", "done")
    for text in ("later", "over"):
        clock.advance(timedelta(seconds=4))
        await heard(engine, hub_of("j-1"), text)
    await engine.start(JobFlow, "j-4")
    await state(engine, JobFlow, "j-4", "paid")
    await engine.pause(HubFlow, hub_of("j-4"))
    await engine.send(JobFlow, "j-4", Note(text="held"))
    await engine.start(JobFlow, "j-2")
    await state(engine, JobFlow, "j-2", "paid")
    begun = asyncio.Event()

    async def for_ever(_: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    made.pause = for_ever
    await engine.send(JobFlow, "j-2", Approve())
    await signal(begun)
    begun.clear()
    await engine.start(JobFlow, "j-3")
    await signal(begun)


async def heard(engine: Engine, hub: str, text: str) -> None:
    await entry(engine, HubFlow, hub, lambda line: _text(line.event) == text)


def _text(event: Any) -> str | None:
    return event.get("text") if isinstance(event, dict) else None


@pytest.fixture
async def scene(anyio_backend: str) -> AsyncIterator[Scene]:
    """In memory."""
    store = MemoryStore()
    async with played(store) as made:
        yield seen(read_memory(store._memory), made)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def every_scene(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Scene]:
    """The same on each store, read while its engine runs."""
    if request.param == "memory":
        store = MemoryStore()
        async with played(store) as made:
            yield seen(read_memory(store._memory), made)
    elif request.param == "sqlite":
        path = tmp_path / "s.db"
        async with played(SqliteStore(path)) as made:
            yield seen(read_sqlite(path), made)
    else:
        dsn = request.getfixturevalue("postgres_dsn")
        async with played(PostgresStore(dsn)) as made:
            yield seen(await read_postgres(dsn), made)


def seen(image: Image, made: Outside) -> Scene:
    acknowledged = {"start", "note", "approve", "put"}
    return Scene(image, Ledger(acknowledged, {"never"}, {"perhaps"}), made.calls)


async def test_a_sound_store_has_no_findings(every_scene: Scene) -> None:
    assert audit(every_scene.image, every_scene.ledger) == []
    told = audit_at_rest(every_scene.image, every_scene.calls)
    assert [one for one in told if "performed" in one] == []


async def test_what_is_not_at_rest_is_reported(every_scene: Scene) -> None:
    findings = "\n".join(audit_at_rest(every_scene.image, every_scene.calls))
    for finding in (
        "job/j-4: it is due at 2026-01-01",
        "job/j-3: ['w1'] hold it and are dead",
        "job/j-3: effect 1.1 is neither over nor an incident",
        f"(event) is still on its way to {OTHER_HUB}",
    ):
        assert finding in findings
    held = "\n".join(audit_at_rest(every_scene.image, every_scene.calls, alive=["w1"]))
    assert "hold it" not in held
    assert "j-3: effect 1.1" not in held


async def test_every_reader_reads_the_same(every_scene: Scene, scene: Scene) -> None:
    def told(image: Image) -> dict[str, object]:
        return {
            one.name: (
                one.seq, one.version, one.status, one.state, one.wake_at, list(one.held_by),
                one.incidents, one.document,
                [(line.seq, line.part, line.at, line.kind, line.body, line.key)
                 for line in one.lines],
            )
            for one in image.instances
            # in which order timers and messages come there, engines may choose
            if one.name != HUB
        }  # fmt: skip

    assert told(every_scene.image) == told(scene.image)
    (letter,), (same,) = every_scene.image.mail, scene.image.mail
    assert letter == replace(same, id=letter.id)


# --- faults: each changes an image of a sound store -----------------------------------------------


def instance(image: Image, name: str) -> Instance:
    return next(one for one in image.instances if one.name == name)


def edited(image: Image, name: str, **fields: Any) -> Image:
    """The image with other fields of one instance."""
    return replace(
        image,
        instances=[replace(one, **fields) if one.name == name else one for one in image.instances],
    )


def with_line(
    image: Image, name: str, change: Callable[[Line], Line | None], seq: int, part: int = 0
) -> Image:
    """The image with another line in a journal, or without it."""
    lines = [
        change(line) if (line.seq, line.part) == (seq, part) else line
        for line in instance(image, name).lines
    ]
    return edited(image, name, lines=[line for line in lines if line is not None])


def with_body(image: Image, name: str, seq: int, **fields: Any) -> Image:
    return with_line(image, name, lambda line: replace(line, body={**line.body, **fields}), seq)


def with_tries(image: Image, name: str, tries: dict[str, Any]) -> Image:
    document = {**instance(image, name).document, "tries": tries}
    return edited(image, name, document=document)


def seq_of(image: Image, name: str, is_it: Callable[[Line], bool]) -> int:
    return next(line.seq for line in instance(image, name).lines if is_it(line))


def lose_an_entry(image: Image) -> Image:
    return with_line(image, "job/j-1", lambda line: None, 3)


def repeat_a_key(image: Image) -> Image:
    (*_, last) = instance(image, "ledger/l-1").lines
    lines = [*instance(image, "ledger/l-1").lines, replace(last, part=1, kind="done")]
    return edited(image, "ledger/l-1", lines=lines)


def number_notes_wrong(image: Image) -> Image:
    (*_, last) = instance(image, "ledger/l-1").lines
    lines = [*instance(image, "ledger/l-1").lines, replace(last, part=2, key=None)]
    return edited(image, "ledger/l-1", lines=lines)


def change_the_data(image: Image) -> Image:
    document = {**instance(image, "ledger/l-1").document, "data": {"balance": 4}}
    return edited(image, "ledger/l-1", document=document)


def change_the_state(image: Image) -> Image:
    return edited(image, "ledger/l-1", state=["shut"])


def change_the_status(image: Image) -> Image:
    return edited(image, "ledger/l-1", status="done")


def change_the_version(image: Image) -> Image:
    return edited(image, "ledger/l-1", version=2)


def move_the_seq(image: Image) -> Image:
    return edited(image, "ledger/l-1", seq=3)


def go_back_in_time(image: Image) -> Image:
    def earlier(line: Line) -> Line:
        return replace(line, at=line.at - timedelta(seconds=9))

    return with_line(image, "ledger/l-1", earlier, 2)


def record_an_end_twice(image: Image) -> Image:
    ends = [{"key": "1.1", "name": "charge", "what": "done"}] * 2
    return with_body(image, "job/j-1", 2, effects=ends)


def record_an_effect_that_was_not_asked_for(image: Image) -> Image:
    effects = [{"key": "9.1", "name": "charge", "what": "done"}]
    return with_body(image, "ledger/l-1", 2, effects=effects)


def forget_an_effect_in_flight(image: Image) -> Image:
    document = {**instance(image, "job/j-3").document, "effects": []}
    return edited(image, "job/j-3", document=document)


def fire_a_timer_early(image: Image) -> Image:
    seq = seq_of(image, "job/j-1", lambda line: line.kind == "timer")
    timer = _line(image, "job/j-1", seq).body["event"]["timer"]
    return with_body(image, "job/j-1", seq - 1, timers={timer: "2026-01-01T09:00:00Z"})


def fire_a_timer_of_a_state_that_was_left(image: Image) -> Image:
    seq = seq_of(image, "job/j-1", lambda line: line.kind == "timer")
    timer = _line(image, "job/j-1", seq).body["event"]["timer"]
    return with_body(image, "job/j-1", seq - 1, timers={timer: None})


def forget_a_timer(image: Image) -> Image:
    document = {**instance(image, "job/j-4").document, "timers": []}
    return edited(image, "job/j-4", document=document)


def let_a_timer_sleep(image: Image) -> Image:
    return edited(image, "job/j-4", wake_at=None)


def hide_who_performs(image: Image) -> Image:
    return edited(image, "job/j-3", held_by=[])


def lose_a_try(image: Image) -> Image:
    return edited(with_tries(image, "job/j-3", {}), "job/j-3", held_by=[])


def let_nobody_try(image: Image) -> Image:
    return edited(with_tries(image, "job/j-3", {"1.1": {}}), "job/j-3", held_by=[])


def miscount_incidents(image: Image) -> Image:
    return edited(image, "job/j-3", incidents=1)


def lose_a_child(image: Image) -> Image:
    return replace(image, instances=[i for i in image.instances if i.name != "check/j-2:3.1"])


def hold_a_message_for_nobody(image: Image) -> Image:
    letter = Letter("9.9.0", "ledger/l-1", "event", {}, None, None, held=True, key=None)
    return replace(image, mail=[*image.mail, letter])


def _line(image: Image, name: str, seq: int) -> Line:
    return next(line for line in instance(image, name).lines if line.seq == seq)


def bring_a_message_twice(image: Image) -> Image:
    first = _line(image, HUB, 2).body["cause"]
    return with_body(image, HUB, 3, cause=first)


def bring_messages_in_another_order(image: Image) -> Image:
    one, two = (_line(image, HUB, seq).body["cause"] for seq in (2, 3))
    return with_body(with_body(image, HUB, 2, cause=two), HUB, 3, cause=one)


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (lose_an_entry, "job/j-1: its steps are [1, 2, 4"),
        (repeat_a_key, "key put is in its journal 2 times"),
        (number_notes_wrong, "the notes under seq 2 are numbered [0, 2]"),
        (change_the_data, "its data is {'balance': 4}, its journal comes to {'balance': 3}"),
        (change_the_state, "it is in ['shut'], its journal ends in ['open']"),
        (change_the_status, "it is done, its journal ends running"),
        (change_the_version, "it is of version 2, its journal ends in 1"),
        (move_the_seq, "and not 1 to 3"),
        (go_back_in_time, "its journal goes back in time"),
        (record_an_end_twice, "effect 1.1 ended more than once"),
        (record_an_effect_that_was_not_asked_for, "and not asked for once and first"),
        (forget_an_effect_in_flight, "effects [] are in flight, its journal says ['1.1']"),
        (fire_a_timer_early, "and was due at 2026-01-01 09:00:00"),
        (fire_a_timer_of_a_state_that_was_left, "and was not set"),
        (forget_a_timer, "timers [] are set, its journal says"),
        (let_a_timer_sleep, "it is to be woken at"),
        (hide_who_performs, "['w1'] perform it, its row says []"),
        (lose_a_try, "effect 1.1 is in flight and nobody tries it"),
        (let_nobody_try, "nobody performs it or will try it again"),
        (miscount_incidents, "it has 0 incidents, its row says 1"),
        (lose_a_child, "it waits for its child check/j-2:3.1, which is over or was never started"),
        (hold_a_message_for_nobody, "message 9.9.0 is held for it, and it is not paused"),
        (bring_a_message_twice, f"arrived at {HUB} and were not sent"),
        (bring_messages_in_another_order, "arrived after that of job/j-1#"),
    ],
)
async def test_a_planted_fault_is_found(
    scene: Scene, fault: Callable[[Image], Image], finding: str
) -> None:
    found = audit(fault(scene.image), scene.ledger)
    assert any(finding in one for one in found), found


async def test_a_message_that_got_lost_is_found_at_rest(scene: Scene) -> None:
    seq = seq_of(scene.image, HUB, lambda line: _text(line.body.get("event")) == "one")
    lost = with_body(scene.image, HUB, seq, cause=None)
    assert any(
        one.startswith("1 of the messages of job/j-1#") and one.endswith("did not arrive")
        for one in audit_at_rest(lost)
    )
    # it was not delayed, so nothing can have taken it back
    assert any("did not arrive" in one for one in audit_at_rest(lost, recalls={"Approve"}))


async def test_the_store_is_compared_with_what_callers_were_answered(scene: Scene) -> None:
    wrong = Ledger(acknowledged={"lost"}, refused={"put"}, unknown={"note", "nothing"})
    assert audit(scene.image, wrong) == [
        "lost was acknowledged and is in the journal 0 times",
        "put was refused and is in the journal",
    ]
    twice = repeat_a_key(scene.image)
    assert "put is in the journal 2 times" in audit(twice, Ledger(unknown={"put"}))


async def test_what_was_acknowledged_and_is_held_is_not_lost(scene: Scene) -> None:
    (letter,) = scene.image.mail
    image = replace(scene.image, mail=[replace(letter, key="held")])
    assert audit(image, Ledger(acknowledged={"held"})) == []


async def test_the_store_is_held_against_what_endpoints_saw(scene: Scene) -> None:
    broken_off = [replace(call, ended=None) for call in scene.calls]
    told = audit_at_rest(scene.image, broken_off)
    assert "job/j-1/1.1 is done and was never performed to its end" in told
    unasked = replace(scene.calls[0], key="job/j-1/77.1")
    told = audit_at_rest(scene.image, [*scene.calls, unasked])
    assert "job/j-1/77.1 was performed 1 times and was never asked for" in told


async def test_clocks_may_be_apart_as_far_as_is_said(scene: Scene) -> None:
    back = go_back_in_time(scene.image)
    assert audit(back, skew=timedelta(seconds=10)) == []
    assert len(audit(back, skew=timedelta(seconds=8))) == 1
