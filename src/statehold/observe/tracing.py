"""OpenTelemetry traces: from a request to its step, to the effects and messages that the step asks
for, to the steps that those cause, in this process or in another one later.

::

    send Accept                        the caller waits for this
    └── step order                     applied and committed: seq, event, state before and after
        ├── effect charge              one attempt; another is beside it
        │   └── step order             the step that its result causes
        └── step parcel                a message to another instance

A timer's step begins a trace of its own. What a step causes is stored with the step's
``traceparent``; tracestate and baggage go no farther than the request.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import msgspec
from opentelemetry import context as contexts
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import (
    NoOpTracerProvider,
    ProxyTracerProvider,
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    get_current_span,
    get_tracer,
    get_tracer_provider,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from statehold.engine.observer import ObservedRequest, Tracer
from statehold.engine.requests.external import SendEvent, StartInstance
from statehold.engine.requests.operator import OperatorRequest
from statehold.errors import Refused, StateholdError, StepFailed
from statehold.instance.attempts import Ending
from statehold.instance.draft import Draft
from statehold.interpreter.snapshot import InFlight
from statehold.records import Entry, Ref

_propagator = TraceContextTextMapPropagator()


class Tracing(Tracer):
    """Given to an engine as its ``tracer``, and to the application that takes its requests::

        tracing = Tracing()
        app = create_app(Engine(store, machines, tracer=tracing), tracing=tracing)

    Spans go to ``provider``, or to the one that is set for the whole process.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("statehold", version("statehold"), provider)

    def asked(self, request: ObservedRequest) -> None:
        span: Span | None = None
        if isinstance(request, (StartInstance, SendEvent, OperatorRequest)):
            parent = contexts.get_current()
            from_outside = get_current_span(parent).get_span_context().is_remote
            span = self._tracer.start_span(
                _name(request),
                parent,
                SpanKind.SERVER if from_outside else SpanKind.INTERNAL,
                _about(request.ref),
            )
            parent = set_span_in_context(span, parent)
        else:
            parent = _context(request.trace())
        request.span = followed = _Followed(span, parent)
        # whatever way it is answered, and committed by then if it is
        request.future.add_done_callback(partial(_ended, followed))

    def applying(self, request: ObservedRequest, draft: Draft) -> str:
        followed: _Followed | None = request.span
        if followed is None:
            return ""
        if followed.step is None:
            followed.step = self._tracer.start_span(
                f"step {request.ref.machine}", followed.parent, attributes=_about(request.ref)
            )
            followed.step.set_attribute("statehold.worker", draft.turn.worker)
        else:
            followed.step.add_event("conflict", {"statehold.conflicts": request.conflicts})
        followed.entries = len(draft.entries)
        followed.before = draft.instance.state
        return _traceparent(followed.step)

    def applied(self, request: ObservedRequest, draft: Draft) -> None:
        followed: _Followed | None = request.span
        if followed is None or followed.step is None or not followed.step.is_recording():
            return
        span = followed.step
        entries = draft.entries[followed.entries :]
        span.set_attribute("statehold.version", draft.instance.version)
        span.set_attribute("statehold.state.before", followed.before)
        span.set_attribute("statehold.state.after", draft.instance.state)
        if not entries:
            return
        for name, value in _told(entries[0]).items():
            span.set_attribute(name, value)
        for entry in entries[1:]:
            # several timers at once, or all that waited for a resumption
            span.add_event("step" if not entry.part else entry.kind, _told(entry))

    def performing(self, ref: Ref, effect: InFlight, attempt: int, caused_by: str) -> Any:
        parent = _context(caused_by)
        attributes: dict[str, str | int] = {
            **_about(ref),
            "statehold.effect": effect.name,
            "statehold.effect.key": effect.key,
            "statehold.attempt": attempt,
        }
        span = self._tracer.start_span(f"effect {effect.name}", parent, attributes=attributes)
        # for the spans of what the effect does; it runs in a task of its own
        contexts.attach(set_span_in_context(span, parent))
        return span

    def performed(self, span: Any, ending: Ending | None) -> str:
        if span is None:
            return ""
        if ending is None:
            span.set_attribute("statehold.outcome", "cancelled")
        elif ending.error is not None:
            span.set_attribute("statehold.outcome", "failed")
            span.set_attribute("error.type", ending.error)
            span.set_status(StatusCode.ERROR, ending.message)
        else:
            span.set_attribute("statehold.outcome", "done")
        span.end()
        return _traceparent(span)


def configured() -> Tracing | None:
    """Traces for the process's own provider; None where none is set."""
    provider = get_tracer_provider()
    if isinstance(provider, (ProxyTracerProvider, NoOpTracerProvider)):
        return None
    return Tracing()


class Incoming:
    """ASGI middleware: a request's trace goes on, where nothing before it has seen to that."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or get_current_span().get_span_context().is_valid:
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        token = contexts.attach(propagate.extract(headers))
        try:
            await self._app(scope, receive, send)
        finally:
            contexts.detach(token)


class _Followed:
    """The spans of one request, and what to record of its step."""

    __slots__ = ("before", "entries", "parent", "request", "step")

    def __init__(self, request: Span | None, parent: Context) -> None:
        self.request = request
        self.parent = parent
        self.step: Span | None = None
        self.entries = 0
        self.before: Sequence[str] = ()


class _Event(msgspec.Struct):
    type: str = ""


class _Body(msgspec.Struct):
    """The little that is read of a :class:`statehold.records.JournalBody`."""

    event: _Event | None = None


_body = msgspec.json.Decoder(_Body).decode


def _told(entry: Entry) -> dict[str, Any]:
    event = _body(entry.body).event
    attributes: dict[str, Any] = {"statehold.seq": entry.seq, "statehold.kind": entry.kind}
    if event is not None and event.type:
        attributes["statehold.event"] = event.type
    return attributes


def _ended(followed: _Followed, future: Future[Any]) -> None:
    error = None if future.cancelled() else future.exception()
    for span in (followed.step, followed.request):
        if span is None:
            continue
        if error is not None:
            name = error.code if isinstance(error, StateholdError) else type(error).__name__
            span.set_attribute("error.type", name)
            if _is_failure(error):
                span.set_status(StatusCode.ERROR, str(error))
        span.end()


def _is_failure(error: BaseException) -> bool:
    """A refusal is a normal answer, unless the machine's own code has failed."""
    return isinstance(error, StepFailed) or not isinstance(error, Refused)


def _name(request: ObservedRequest) -> str:
    if isinstance(request, SendEvent):
        return f"send {request.event.__event__}"
    return request.label.replace("_", "")


def _about(ref: Ref) -> dict[str, str]:
    return {"statehold.machine": ref.machine, "statehold.instance": ref.id}


def _context(traceparent: str) -> Context:
    """A context of its own, whatever the task is that asks; in the trace, if there is one."""
    return _propagator.extract({"traceparent": traceparent}, Context())


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get("traceparent", "")
