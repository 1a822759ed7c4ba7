"""The journal: nothing is missing in it, and everything can be read back from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, effect, on, on_failure
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.engine.queries import journals
from statehold.errors import BeyondEnd, InvalidPayload, Refused, TooLarge, UnknownInstance
from statehold.records import Entry, Ref, Write
from statehold.store import WriteResult
from statehold.stores import SqliteStore
from tests.unit.engine.sample_machines import Add, Counter, Note, Shut, Tally
from tests.unit.engine.world import PATIENCE, World, journal, kinds, quiet, signal

pytestmark = pytest.mark.anyio


async def test_watching_gives_every_line_once_from_any_seq_while_events_go_on(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        for number in range(10):
            await engine.send(Counter, "c-1", Note(text=str(number)))

        async def watch(after: int) -> list[tuple[int, int]]:
            return [
                (line.seq, line.part) async for line in engine.watch(Counter, "c-1", after=after)
            ]

        watching = [asyncio.ensure_future(watch(after)) for after in (-1, 0, 1, 5, 11)]
        for number in range(40):
            await asyncio.gather(
                *(engine.send(Counter, "c-1", Note(text=str(n))) for n in range(number % 7 + 1))
            )
        last = (await engine.send(Counter, "c-1", Shut())).seq
        async with asyncio.timeout(PATIENCE):
            told = await asyncio.gather(*watching)
        for after, lines in zip((0, 0, 1, 5, 11), told, strict=True):
            assert lines == [(seq, 0) for seq in range(after + 1, last + 1)]


@pytest.mark.parametrize("after", [2, 30, 2**63])
async def test_a_position_beyond_the_last_step_is_refused(world: World, after: int) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(BeyondEnd, match=f"at seq 1 and has no step {after}"):
            await anext(engine.watch(Counter, "c-1", after=after))
        with pytest.raises(BeyondEnd, match=f"at seq 1 and has no step {after}"):
            await engine.journal(Counter, "c-1", after=after)


async def test_watching_shows_notes_between_two_steps_too(world: World) -> None:
    @effect(attempts=3, first=timedelta(0))
    async def failing(tally: Tally) -> None:
        raise RuntimeError("busy")

    class Failing(Machine[Tally], name="failing", version=1):
        open = State(initial=True, invoke=failing)
        over = Final()
        bad = on_failure(failing, open >> over)

    async with world.running(Failing) as engine:
        await engine.start(Failing, "f-1")
        async with asyncio.timeout(PATIENCE):
            lines = [(e.seq, e.part, e.kind) async for e in engine.watch(Failing, "f-1")]
        assert lines == [(1, 0, "start"), (1, 1, "tried"), (1, 2, "tried"), (2, 0, "failure")]


async def test_watching_gets_past_more_notes_under_one_step_than_a_page_holds(
    world: World,
) -> None:
    @effect(attempts=250, first=timedelta(0), longest=timedelta(0))
    async def failing(tally: Tally) -> None:
        raise RuntimeError("busy")

    class Failing(Machine[Tally], name="failing", version=1):
        open = State(initial=True, invoke=failing)
        over = Final()
        bad = on_failure(failing, open >> over)

    async with world.running(Failing) as engine:
        await engine.start(Failing, "f-1")
        async with asyncio.timeout(PATIENCE):
            lines = [(e.seq, e.part) async for e in engine.watch(Failing, "f-1")]
        assert lines == [(1, part) for part in range(250)] + [(2, 0)]
        again = [(e.seq, e.part) async for e in engine.watch(Failing, "f-1")]
        assert again == lines


async def test_watching_an_unknown_instance_says_so(world: World) -> None:
    async with world.running(Counter) as engine:
        with pytest.raises(UnknownInstance):
            async for _ in engine.watch(Counter, "none"):
                pass


async def test_watchers_end_when_the_engine_stops(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    began = asyncio.Event()

    async def watch() -> int:
        count = 0
        async for _ in engine.watch(Counter, "c-1"):
            count += 1
            began.set()
        return count

    watching = asyncio.ensure_future(watch())
    await signal(began)
    await world.stop(engine)
    async with asyncio.timeout(PATIENCE):
        assert await watching == 1


async def test_a_page_of_the_journal_leads_to_the_next_one(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        for number in range(25):
            await engine.send(Counter, "c-1", Note(text=str(number)))
        seqs: list[int] = []
        after: int | None = 0
        pages = 0
        while after is not None:
            page = await engine.journal(Counter, "c-1", after=after, limit=10)
            seqs += [line.seq for line in page.entries]
            after = page.after
            pages += 1
        assert seqs == list(range(1, 27))
        assert pages == 3


@pytest.mark.parametrize("data", [False, True])
async def test_a_page_of_many_bytes_has_fewer_lines_and_no_line_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, data: bool
) -> None:
    monkeypatch.setattr(journals, "PAGE_BYTES", 20_000)
    monkeypatch.setattr(journals, "FIRST_LINES", 2)
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        for number in range(40):
            await engine.send(Counter, "c-1", Note(text=f"{number}" + "x" * 1000))
        seqs: list[int] = []
        after: int | None = 0
        pages = 0
        while after is not None:
            page = await engine.journal(Counter, "c-1", after=after, limit=1000, data=data)
            assert len(page.entries) == 1 or len(page.model_dump_json()) < 60_000
            seqs += [line.seq for line in page.entries]
            if data:
                whole = await engine.at(Counter, "c-1", page.entries[-1].seq)
                assert page.entries[-1].data == whole.data
            after = page.after
            pages += 1
        assert seqs == list(range(1, 42))
        assert pages > 2
        explained = await engine.explain(Counter, "c-1")
        assert explained.because is not None


async def with_notes(world: World, engine: Engine, count: int) -> list[tuple[int, int]]:
    """Five steps with so many notes under the third; gives the place of every line."""
    await engine.start(Counter, "c-1")
    for number in range(4):
        await engine.send(Counter, "c-1", Note(text=str(number)))
        if number == 1:
            row = (await world.rows(engine, ("counter", "c-1")))[Ref("counter", "c-1")]
            body = b'{"version":1,"state":["open"]}'
            notes = [
                Entry("counter", "c-1", 3, part, row.changed_at, "tried", body)
                for part in range(1, count + 1)
            ]
            write = Write(replace(row, rev=row.rev + 1), row.rev, notes)
            assert await engine._parts.store.commit([write]) == [WriteResult.WRITTEN]
    return [(1, 0), (2, 0), *((3, part) for part in range(count + 1)), (4, 0), (5, 0)]


@pytest.mark.parametrize("count", [0, 96, 97, 98, 99, 100, 998, 999, 1098, 1099, 2500])
async def test_no_line_is_lost_between_pages_however_many_notes_a_step_has(
    world: World, count: int
) -> None:
    async with world.running(Counter) as engine:
        lines = await with_notes(world, engine, count)
        pages: list[list[tuple[int, int]]] = []
        after: int | None = 0
        while after is not None:
            page = await engine.journal(Counter, "c-1", after=after, limit=100)
            pages.append([(line.seq, line.part) for line in page.entries])
            after = page.after
        assert [line for page in pages for line in page] == lines
        assert all(len({seq for seq, _ in page}) == 1 for page in pages if len(page) > 100)
        assert len(pages) <= 3


@pytest.mark.parametrize("after", [0, 2, 3, 4])
async def test_watching_gives_every_note_of_a_step_that_has_more_than_a_page(
    world: World, after: int
) -> None:
    async with world.running(Counter) as engine:
        lines = await with_notes(world, engine, 2500)
        await engine.send(Counter, "c-1", Shut())
        watching = engine.watch(Counter, "c-1", after=after)
        watched = [(line.seq, line.part) async for line in watching]
        assert watched == [line for line in [*lines, (6, 0)] if line > (after, 0)]


async def test_a_step_with_more_lines_than_can_be_answered_is_refused_by_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "STEP_LINES", 1500)
    async with world.running(Counter) as engine:
        await with_notes(world, engine, 1500)
        with pytest.raises(TooLarge, match="step 3 of counter/c-1, which can only be watched"):
            await engine.journal(Counter, "c-1", after=2, limit=100)
        beyond = await engine.journal(Counter, "c-1", after=3)
        assert [line.seq for line in beyond.entries] == [4, 5]


async def test_the_journal_has_what_a_step_took_asked_and_changed(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.send(Counter, "c-1", Add(n=2), key="k")
        page = await engine.journal(Counter, "c-1", after=1, data=True)
        (line,) = page.entries
        assert (line.kind, line.key, line.state) == ("event", "k", ["open"])
        assert line.event == {"type": "Add", "n": 2}
        assert line.change == {"set": {"count": 2}}
        assert line.data == {"count": 2, "notes": []}
        (microstep,) = line.steps
        assert microstep["event"] == "Add"
        assert [tuple(guard) for guard in microstep["guards"]] == [("is_small", True)]


async def test_only_seqs_that_were_reached_can_be_looked_back_at(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        for seq in (0, 2, -1):
            with pytest.raises(InvalidPayload, match="1 to 1"):
                await engine.at(Counter, "c-1", seq)


# --- the fold -----------------------------------------------------------------------------------


class Box(BaseModel):
    value: Any = None
    table: dict[str, Any] = {}
    items: list[int] = []
    big: int = 0


class Put(Event):
    value: Any


class Set(Event):
    name: str
    value: Any


class Unset(Event):
    name: str


class Push(Event):
    n: int


class Grow(Event):
    n: int


class Fail(Event):
    pass


class Flip(Event):
    pass


class End(Event):
    pass


def put(box: Box, event: Put) -> None:
    box.value = event.value


def set_(box: Box, event: Set) -> None:
    box.table[event.name] = event.value


def unset(box: Box, event: Unset) -> None:
    box.table.pop(event.name, None)


def push(box: Box, event: Push) -> None:
    box.items.append(event.n)
    if len(box.items) > 5:
        box.items = []


def grow(box: Box, event: Grow) -> Box:
    return Box(value=box.value, table=box.table, items=box.items, big=event.n)


def fail(box: Box) -> None:
    box.value = "never seen"
    raise RuntimeError("no")


class BoxFlow(Machine[Box], name="box", version=1):
    up = State(initial=True)
    down = State()
    gone = Final()

    putting = on(Put, up | down, do=put)
    setting = on(Set, up | down, do=set_)
    unsetting = on(Unset, up | down, do=unset)
    pushing = on(Push, up | down, do=push)
    growing = on(Grow, up | down, do=grow)
    failing = on(Fail, up | down, do=fail)
    flip = on(Flip, up >> down)
    flop = on(Flip, down >> up)
    end = on(End, down >> gone)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(["a", "b", "a/b", "~", "~1", "", "é", "0"])
requests = st.one_of(
    st.builds(Put, value=plain),
    st.builds(Set, name=names, value=plain),
    st.builds(Unset, name=names),
    st.builds(Push, n=st.integers(0, 9)),
    st.builds(Grow, n=st.integers(0, 2**80)),
    st.builds(Fail),
    st.builds(Flip),
    st.sampled_from(["pause", "resume", "restart", "restart"]),
    st.lists(st.builds(Push, n=st.integers(0, 9)), min_size=2, max_size=5),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(requests, max_size=40), st.booleans())
def test_state_and_data_at_every_seq_are_what_was_answered_then(
    tmp_path_factory: pytest.TempPathFactory, script: list[Any], crowd: bool
) -> None:
    path = tmp_path_factory.mktemp("fold") / "box.db"
    asyncio.run(replayed(path, script, 70 if crowd else 0))


async def replayed(path: Path, script: Sequence[Any], crowd: int) -> None:
    answered: dict[int, tuple[list[str], str, Any]] = {}

    def note(answer: Any) -> None:
        if not answer.held and answer.seq not in answered:
            answered[answer.seq] = (
                answer.state,
                answer.status,
                answer.view.model_dump(mode="json"),
            )

    engine = Engine(SqliteStore(path), [BoxFlow], limits=Limits(grace_seconds=0.0))
    await engine.open()
    note(await engine.start(BoxFlow, "b"))
    # past the seqs at which the journal keeps the data whole
    for number in range(crowd):
        note(await engine.send(BoxFlow, "b", Push(n=number)))
    for request in script:
        try:
            if request == "restart":
                await engine.close()
                engine = Engine(SqliteStore(path), [BoxFlow], limits=Limits(grace_seconds=0.0))
                await engine.open()
            elif request == "pause":
                note(await engine.pause(BoxFlow, "b"))
            elif request == "resume":
                note(await engine.resume(BoxFlow, "b"))
                await quiet()
            elif isinstance(request, list):
                for answer in await asyncio.gather(
                    *(engine.send(BoxFlow, "b", event) for event in request)
                ):
                    note(answer)
            else:
                note(await engine.send(BoxFlow, "b", request))
        except Refused:
            continue
    last = await engine.read(BoxFlow, "b")
    lines = await journal(engine, BoxFlow, "b")
    steps = [line.seq for line in lines if line.part == 0]
    assert steps == list(range(1, last.seq + 1))
    for seq, (state, status, data) in answered.items():
        past = await engine.at(BoxFlow, "b", seq)
        assert (list(past.state), past.status, past.data) == (state, status, data)
    past = await engine.at(BoxFlow, "b", last.seq)
    assert past.data == last.view.model_dump(mode="json")
    whole = await engine.journal(BoxFlow, "b", after=0, limit=1000, data=True)
    told = {line.seq: line.data for line in whole.entries if line.part == 0}
    assert {seq: told[seq] for seq in answered} == {s: data for s, (_, _, data) in answered.items()}
    await engine.close()


async def test_the_fold_reaches_back_over_pauses_and_upgrades_that_carry_no_data(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally(count=-500))
        for _ in range(70):
            await engine.pause(Counter, "c-1")
            await engine.resume(Counter, "c-1")
        await engine.send(Counter, "c-1", Add())
        assert (await engine.at(Counter, "c-1", 141)).data["count"] == -500
        assert (await engine.at(Counter, "c-1", 142)).data["count"] == -499
        assert len(await kinds(engine, Counter, "c-1")) == 142
