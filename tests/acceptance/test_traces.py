"""Traces: from a request over its step to everything that comes of it, in any process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from statehold import Final, Machine, State, effect, on_result
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import NotAllowed
from statehold.observe.tracing import Tracing, configured
from statehold.server import create_app, router
from statehold.stores import Memory, MemoryStore
from tests.acceptance import parcels
from tests.acceptance.parcels import Driver, Parcel, ParcelFlow, Ship, ShopFlow
from tests.unit.engine.world import PATIENCE, entry, kind, quiet, state

pytestmark = pytest.mark.anyio

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
LIMITS = Limits(grace_seconds=0.0)


class Spans:
    """What was traced, once it has ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(self.provider)

    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def tree(self) -> list[str]:
        """Names, each under its parent, in the order in which they began."""
        spans = sorted(self.all(), key=lambda span: span.start_time or 0)
        known = {span_id(span) for span in spans}
        lines: list[str] = []

        def draw(parent: int | None, depth: int) -> None:
            for span in spans:
                above = None if span.parent is None else span.parent.span_id
                if above == parent or (parent is None and above not in known):
                    lines.append("  " * depth + span.name)
                    draw(span_id(span), depth + 1)

        draw(None, 0)
        return lines

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.all() if span.name == name]
        return found

    def traces(self) -> set[str]:
        return {f"{context(span).trace_id:032x}" for span in self.all()}


def context(span: ReadableSpan) -> trace.SpanContext:
    found = span.get_span_context()
    assert found is not None
    return found


def span_id(span: ReadableSpan) -> int:
    return context(span).span_id


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture(autouse=True)
def driver() -> Driver:
    parcels.driver.__init__()  # type: ignore[misc]
    return parcels.driver


def an_engine(
    spans: Spans, store: MemoryStore | None = None, clock: ManualClock | None = None
) -> Engine:
    return Engine(
        store or MemoryStore(),
        [ParcelFlow, ShopFlow],
        clock=clock or ManualClock(),
        limits=LIMITS,
        tracer=spans.tracing,
    )


async def test_a_trace_goes_from_a_request_over_effects_and_messages_to_another_instance(
    spans: Spans,
) -> None:
    engine = an_engine(spans)
    app = create_app(engine, tracing=spans.tracing)
    async with app.router.lifespan_context(app):
        await engine.start(ShopFlow, "s-1")
        await engine.start(ParcelFlow, "p-1")
        spans.exporter.clear()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            answer = await http.post(
                "/api/machines/parcel/instances/p-1/events",
                json={"type": "Ship"},
                headers={"traceparent": TRACEPARENT},
            )
        assert answer.status_code == 200
        await kind(engine, ShopFlow, "s-1", "event")
        await quiet()
        journal = [
            *(await engine.journal(ParcelFlow, "p-1", after=1)).entries,
            *(await engine.journal(ShopFlow, "s-1", after=1)).entries,
        ]
    assert spans.tree() == [
        "send Ship",
        "  step parcel",
        "    effect carry",
        "      step parcel",
        "        step shop",
    ]
    assert spans.traces() == {TRACE_ID}
    request = spans.named("send Ship")
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert request.kind is SpanKind.SERVER
    steps = [span for span in spans.all() if span.name.startswith("step")]
    stored = [f"00-{TRACE_ID}-{span_id(span):016x}-01" for span in steps]
    assert [line.trace for line in journal] == stored, "the journal leads to the trace"
    effect = dict(spans.named("effect carry").attributes or {})
    assert effect == {
        "statehold.machine": "parcel",
        "statehold.instance": "p-1",
        "statehold.effect": "carry",
        "statehold.effect.key": "2.1",
        "statehold.attempt": 1,
        "statehold.outcome": "done",
    }


async def test_a_steps_span_says_what_the_step_did(spans: Spans) -> None:
    async with an_engine(spans) as engine:
        await engine.start(ParcelFlow, "p-1")
        spans.exporter.clear()
        await engine.send(ParcelFlow, "p-1", Ship())
        await state(engine, ParcelFlow, "p-1", "delivered")
        await quiet()
        worker = engine._parts.context.worker
    step = next(span for span in spans.all() if span.name == "step parcel")
    assert dict(step.attributes or {}) == {
        "statehold.machine": "parcel",
        "statehold.instance": "p-1",
        "statehold.worker": worker,
        "statehold.version": 1,
        "statehold.state.before": ("packed",),
        "statehold.state.after": ("under_way",),
        "statehold.seq": 2,
        "statehold.kind": "event",
        "statehold.event": "Ship",
    }


async def test_each_attempt_of_an_effect_is_a_child_of_the_step_that_requested_it(
    spans: Spans, driver: Driver
) -> None:
    clock = ManualClock()
    driver.failures = 1
    async with an_engine(spans, clock=clock) as engine:
        await engine.start(ShopFlow, "s-1")
        await engine.start(ParcelFlow, "p-1")
        spans.exporter.clear()
        await engine.send(ParcelFlow, "p-1", Ship())
        await kind(engine, ParcelFlow, "p-1", "tried")
        clock.advance(timedelta(seconds=10))
        await state(engine, ParcelFlow, "p-1", "delivered")
        await quiet()
    asked = next(span for span in spans.all() if span.name == "step parcel")
    tries = [span for span in spans.all() if span.name == "effect carry"]
    assert [(span.attributes or {})["statehold.outcome"] for span in tries] == ["failed", "done"]
    assert [(span.attributes or {})["statehold.attempt"] for span in tries] == [1, 2]
    assert {span.parent.span_id for span in tries if span.parent} == {span_id(asked)}
    assert tries[0].status.status_code is StatusCode.ERROR
    assert tries[0].status.description == "a flat tyre"


async def test_another_process_that_takes_an_effect_over_goes_on_with_its_trace(
    driver: Driver,
) -> None:
    clock = ManualClock()
    memory = Memory(clock.now)
    first, second = Spans(), Spans()
    driver.there.clear()
    one = an_engine(first, MemoryStore(memory), clock=clock)
    await one.open()
    await one.start(ShopFlow, "s-1")
    await one.start(ParcelFlow, "p-1")
    await one.send(ParcelFlow, "p-1", Ship())
    async with asyncio.timeout(PATIENCE):
        await driver.called.wait()
    # it stops, and hands the effect back
    await one.close()
    driver.there.set()
    async with an_engine(second, MemoryStore(memory), clock=clock) as other:
        await state(other, ParcelFlow, "p-1", "delivered")
        await kind(other, ShopFlow, "s-1", "event")
        await quiet()
    asked = next(
        span for span in first.all()
        if span.name == "step parcel" and (span.attributes or {}).get("statehold.seq") == 2
    )  # fmt: skip
    effect = second.named("effect carry")
    assert effect.parent is not None
    assert effect.parent.span_id == span_id(asked)
    assert context(effect).trace_id == context(asked).trace_id
    assert context(second.named("step shop")).trace_id == context(asked).trace_id
    broken_off = first.named("effect carry")
    assert (broken_off.attributes or {})["statehold.outcome"] == "cancelled"


async def test_a_request_that_is_repeated_after_a_conflict_says_so(spans: Spans) -> None:
    clock = ManualClock()
    memory = Memory(clock.now)
    async with (
        an_engine(spans, MemoryStore(memory), clock) as one,
        an_engine(Spans(), MemoryStore(memory), clock) as other,
    ):
        await one.start(ParcelFlow, "p-1")
        await other.pause(ParcelFlow, "p-1")
        await other.resume(ParcelFlow, "p-1")
        spans.exporter.clear()
        # what the first one remembers is old by now
        await one.send(ParcelFlow, "p-1", Ship())
        await state(one, ParcelFlow, "p-1", "delivered")
        await quiet()
    step = next(span for span in spans.all() if span.name == "step parcel")
    assert [event.name for event in step.events] == ["conflict"]
    assert (step.attributes or {})["statehold.seq"] == 4


async def test_an_effects_own_spans_stand_under_it_in_a_thread_too(spans: Spans) -> None:
    tracer = spans.provider.get_tracer("client")

    @effect
    def call_carrier(parcel: Parcel) -> None:
        with tracer.start_as_current_span("POST /carriers"):
            pass

    class Plain(Machine[Parcel], name="plain", version=1):
        calling = State(initial=True, invoke=call_carrier)
        called = Final()
        done = on_result(call_carrier, calling >> called)

    async with Engine(MemoryStore(), [Plain], tracer=spans.tracing) as engine:
        await engine.start(Plain, "p-1")
        await state(engine, Plain, "p-1", "called")
        await quiet()
    assert spans.tree() == [
        "start",
        "  step plain",
        "    effect call_carrier",
        "      POST /carriers",
        "      step plain",
    ]


async def test_a_tracer_that_fails_keeps_nothing_from_going_on(
    spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(SpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            raise RuntimeError("no spans today")

    spans.provider.add_span_processor(Broken())
    async with an_engine(spans) as engine:
        await engine.start(ShopFlow, "s-1")
        await engine.start(ParcelFlow, "p-1")
        await engine.send(ParcelFlow, "p-1", Ship())
        await kind(engine, ShopFlow, "s-1", "event")
    assert "no spans today" in caplog.text


async def test_a_timers_step_begins_a_trace_of_its_own(spans: Spans) -> None:
    clock = ManualClock()
    async with an_engine(spans, clock=clock) as engine:
        await engine.start(ParcelFlow, "p-1")
        clock.advance(timedelta(minutes=10))
        await state(engine, ParcelFlow, "p-1", "forgotten")
        await quiet()
    assert spans.tree() == ["start", "  step parcel", "step parcel"]
    assert len(spans.traces()) == 2


async def test_a_refusal_is_recorded_and_is_no_failure(spans: Spans) -> None:
    async with an_engine(spans) as engine:
        await engine.start(ParcelFlow, "p-1")
        await engine.cancel(ParcelFlow, "p-1")
        with pytest.raises(NotAllowed):
            await engine.send(ParcelFlow, "p-1", Ship())
        await quiet()
    refused = spans.named("send Ship")
    assert (refused.attributes or {})["error.type"] == "not-allowed"
    assert refused.status.status_code is StatusCode.UNSET


async def test_a_span_that_the_caller_is_in_is_the_requests_parent(spans: Spans) -> None:
    tracer = spans.provider.get_tracer("caller")
    async with an_engine(spans) as engine:
        with tracer.start_as_current_span("checkout"):
            await engine.start(ParcelFlow, "p-1")
        await quiet()
    assert spans.tree() == ["checkout", "  start", "    step parcel"]
    assert spans.named("start").kind is SpanKind.INTERNAL


async def test_the_span_of_a_framework_is_gone_on_with(spans: Spans) -> None:
    engine = an_engine(spans)
    app = FastAPI(telemetry={"tracer_provider": spans.provider, "operation_spans": False})
    app.include_router(router(engine))
    transport = httpx.ASGITransport(app)
    async with engine, httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        answer = await http.post(
            "/api/machines/shop/instances",
            json={"id": "s-1"},
            headers={"traceparent": TRACEPARENT},
        )
        assert answer.status_code == 201
        await quiet()
    assert [line.strip() for line in spans.tree()][1:] == ["start", "step shop"]
    assert spans.traces() == {TRACE_ID}


async def test_an_unsampled_trace_is_not_in_the_journal() -> None:
    spans = Spans()
    quiet_ones = Tracing(TracerProvider(sampler=ALWAYS_OFF))
    store = MemoryStore()
    async with Engine(store, [ShopFlow], limits=LIMITS, tracer=quiet_ones) as engine:
        await engine.start(ShopFlow, "s-1")
        line = await entry(engine, ShopFlow, "s-1", lambda line: line.kind == "start")
    assert line.trace is None
    assert spans.all() == ()


def test_there_are_no_traces_where_nobody_asked_for_them() -> None:
    assert configured() is None


def test_a_provider_that_is_set_for_the_process_is_found(tmp_path: Path) -> None:
    script = (
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from statehold.observe.tracing import configured\n"
        "trace.set_tracer_provider(TracerProvider())\n"
        "print(type(configured()).__name__)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result.stdout == "Tracing\n"


@pytest.fixture(autouse=True)
def _no_span_is_left_behind() -> Iterator[None]:
    yield
    assert not trace.get_current_span().get_span_context().is_valid
