"""Observers and tracers are called for what an engine does, and can do it no harm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from statehold.chart.machine import Definition
from statehold.engine.limits import Limits
from statehold.engine.observer import ObservedRequest, Observer, Tracer
from statehold.errors import NotAllowed, Overloaded
from statehold.instance.attempts import Ending
from statehold.instance.draft import Draft
from statehold.interpreter.snapshot import InFlight
from statehold.records import ANYONE, Ref
from statehold.store import WriteResult
from tests.unit.engine.sample_machines import Add, Counter, Shut
from tests.unit.engine.works import Drop, Lever, Shipping
from tests.unit.engine.world import World, journal, kind, quiet, signal, state

pytestmark = pytest.mark.anyio

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Notebook(Observer):
    def __init__(self) -> None:
        self.machines: list[str] = []
        self.written: list[str] = []
        self.lost: list[str] = []
        self.told: list[str] = []
        self.answers: list[str] = []
        self.waits: list[float] = []
        self.turned_away = 0
        self.lags: list[tuple[str, float]] = []
        self.tries: list[tuple[str, str, str | None]] = []

    def opened(self, machines: Mapping[str, Definition[Any]]) -> None:
        self.machines = list(machines)

    def committed(
        self, drafts: Sequence[Draft], outcomes: Sequence[WriteResult], seconds: float
    ) -> None:
        assert seconds >= 0
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if outcome is WriteResult.WRITTEN:
                self.written += [entry.kind for entry in draft.entries]
                self.told += [record.what for record in draft.effects]
            else:
                self.lost.append(draft.ref.id)

    def answered(self, requests: Sequence[ObservedRequest], moment: float) -> None:
        self.answers += [type(request).__name__ for request in requests]
        self.waits += [moment - request.asked_at for request in requests]

    def overloaded(self, request: ObservedRequest) -> None:
        self.turned_away += 1

    def fired(self, lags: Sequence[tuple[str, float]]) -> None:
        self.lags += lags

    def performed(self, machine: str, effect: str, seconds: float, ending: Ending) -> None:
        assert seconds >= 0
        self.tries.append((machine, effect, ending.error))


class Broken(Observer):
    def committed(self, *_: object) -> None:
        raise RuntimeError("out of ink")

    answered = opened = performed = committed  # type: ignore[assignment]


class OneTrace(Tracer):
    """Everything is at one place of one trace."""

    def __init__(self, trace: str = TRACE) -> None:
        self.trace = trace
        self.causes: list[tuple[str, str]] = []

    def asked(self, act: ObservedRequest) -> None:
        self.causes.append((type(act).__name__, act.trace()))

    def applying(self, act: ObservedRequest, draft: Draft) -> str:
        return self.trace

    def performing(self, ref: Ref, effect: InFlight, attempt: int, caused_by: str) -> None:
        self.causes.append((effect.name, caused_by))

    def performed(self, span: object, ending: Ending | None) -> str:
        return self.trace


async def test_an_observer_is_called_for_commits_answers_and_effects(
    world: World, lever: Lever
) -> None:
    book = Notebook()
    lever.answers.extend([RuntimeError("busy"), "L-1"])
    async with world.running(Shipping, observer=book) as engine:
        await engine.start(Shipping, "p-1")
        await kind(engine, Shipping, "p-1", "tried")
        world.clock.advance(timedelta(seconds=12))
        await state(engine, Shipping, "p-1", "labelled")
        await quiet()
    assert book.machines == ["shipping"]
    assert book.written == ["start", "tried", "result"]
    assert book.told == ["asked", "tried", "done"]
    assert book.answers == ["StartInstance", "EndAttempt", "Wake", "EndAttempt"]
    assert all(0 <= wait < 60 for wait in book.waits)
    assert book.tries == [
        ("shipping", "buy_label", "RuntimeError"),
        ("shipping", "buy_label", None),
    ]
    ((machine, lag),) = book.lags
    assert machine == "shipping"
    assert 0 <= lag <= 12


async def test_an_observer_is_called_for_refusals_and_lost_writes(world: World) -> None:
    books = Notebook(), Notebook()
    async with (
        world.running(Counter, shared=True, observer=books[0]) as one,
        world.running(Counter, shared=True, observer=books[1]) as other,
    ):
        await one.start(Counter, "c")
        await other.send(Counter, "c", Add())
        # what the first one remembers is old by now
        assert (await one.send(Counter, "c", Add())).seq == 3
        await one.send(Counter, "c", Shut())
        with pytest.raises(NotAllowed):
            await one.send(Counter, "c", Add())
    assert books[0].lost == ["c"]
    assert books[0].written == ["start", "event", "event"]
    assert books[0].answers == ["StartInstance", "SendEvent", "SendEvent", "SendEvent"]


async def test_an_observer_is_called_for_requests_that_find_the_queue_full(world: World) -> None:
    book = Notebook()
    limits = Limits(waiting=1, grace_seconds=0.0)
    async with world.running(Counter, observer=book, limits=limits) as engine:
        await engine.start(Counter, "c")
        await engine.send(Counter, "c", Add())
        tried = [
            engine._parts.intake._send(Counter, "c", Add(), None, None, ANYONE, None)
            for _ in range(3)
        ]
        engine._parts.intake._submit(tried[0])
        for act in tried[1:]:
            with pytest.raises(Overloaded):
                engine._parts.intake._submit(act)
        await tried[0].future
    assert book.turned_away == 2


async def test_effects_that_are_taken_over_are_reported(world: World, lever: Lever) -> None:
    lever.answers.append(asyncio.Event())
    engine = await world.open(Shipping)
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    await world.crash(engine)
    book = Notebook()
    lever.answers[0] = "L-1"
    async with world.running(Shipping, observer=book) as engine:
        await state(engine, Shipping, "p-1", "labelled")
    assert book.told == ["taken-over", "done"]


async def test_an_observer_that_fails_keeps_nothing_from_going_on(
    world: World, lever: Lever, caplog: pytest.LogCaptureFixture
) -> None:
    lever.answers.append("L-1")
    async with world.running(Shipping, observer=Broken()) as engine:
        assert (await engine.start(Shipping, "p-1")).seq == 1
        await state(engine, Shipping, "p-1", "labelled")
    failed = [line for line in caplog.records if line.exc_info]
    assert failed
    assert all("out of ink" in str(line.exc_info) for line in failed)


async def test_what_a_step_causes_is_stored_with_the_steps_trace(
    world: World, lever: Lever
) -> None:
    tracer = OneTrace()
    lever.answers.append("L-1")
    async with world.running(Shipping, tracer=tracer) as engine:
        await engine.start(Shipping, "p-1")
        await state(engine, Shipping, "p-1", "labelled")
        await quiet()
        assert [line.trace for line in await journal(engine, Shipping, "p-1")] == [TRACE, TRACE]
    assert tracer.causes == [("StartInstance", ""), ("buy_label", TRACE), ("EndAttempt", TRACE)]


async def test_another_process_goes_on_with_the_trace(world: World, lever: Lever) -> None:
    lever.answers.append(asyncio.Event())
    engine = await world.open(Shipping, tracer=OneTrace())
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    await world.crash(engine)
    tracer = OneTrace()
    lever.answers[0] = "L-1"
    async with world.running(Shipping, tracer=tracer) as engine:
        await state(engine, Shipping, "p-1", "labelled")
    assert ("buy_label", TRACE) in tracer.causes


async def test_a_trace_that_is_not_kept_is_passed_on_but_not_kept_in_the_journal(
    world: World, lever: Lever
) -> None:
    unsampled = TRACE[:-1] + "0"
    tracer = OneTrace(unsampled)
    lever.answers.append("L-1")
    async with world.running(Shipping, tracer=tracer) as engine:
        await engine.start(Shipping, "p-1")
        await state(engine, Shipping, "p-1", "labelled")
        assert [line.trace for line in await journal(engine, Shipping, "p-1")] == [None, None]
    assert ("buy_label", unsampled) in tracer.causes


async def test_without_a_tracer_nothing_of_a_trace_is_stored(world: World, lever: Lever) -> None:
    lever.answers.append(asyncio.Event())
    async with world.running(Shipping) as engine:
        await engine.start(Shipping, "p-1")
        await signal(lever.called)
        row = (await world.rows(engine, ("shipping", "p-1")))[Ref("shipping", "p-1")]
        entries = await engine._parts.store.journal(Ref("shipping", "p-1"))
        assert list(msgspec.json.decode(row.document)["tries"]["1.1"]) == ["worker"]
        assert "trace" not in msgspec.json.decode(entries[0].body)
        await engine.send(Shipping, "p-1", Drop())


async def test_lines_of_the_log_say_what_they_are_about(
    world: World, lever: Lever, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "statehold.engine")
    lever.answers.append(RuntimeError("busy"))
    async with world.running(Shipping, worker="w-1") as engine:
        await engine.start(Shipping, "p-1")
        await kind(engine, Shipping, "p-1", "tried")
    (line,) = [line for line in caplog.records if line.msg.startswith("%s failed at attempt")]
    fields = {
        "worker": "w-1",
        "machine": "shipping",
        "instance": "p-1",
        "seq": 1,
        "effect": "buy_label",
        "attempt": 1,
    }
    assert {name: getattr(line, name) for name in fields} == fields
