"""The table of who may do what, cell by cell: over HTTP, in streams, by the client, in process."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from docs.generator.hooks import GENERATED
from docs.generator.permissions import KINDS, ORDER, SERVER, OrderFlow, expected, names, page
from docs.generator.site_map import ROOT
from statehold import minutes
from statehold.client import AsyncClient
from statehold.engine import Deployments, Engine, Retention
from statehold.engine.clock import ManualClock
from statehold.engine.requests.messages import Deliver
from statehold.errors import Forbidden, InvalidPayload, NotAllowed, StateholdError
from statehold.observe.metrics import Metrics
from statehold.records import Caller, Message, Ref
from statehold.security import AuditQuery
from statehold.server import create_app
from statehold.server.problems import Unauthorized
from statehold.server.routes import ROUTES
from statehold.store import Query
from statehold.stores import MemoryStore
from statehold.wire.operations import SendRequest
from tests.acceptance.serving import listening

pytestmark = pytest.mark.anyio

EVENTS = ("Pay", "Approve", "Settle", "Failed")
OVER_HTTP = [kind for kind in KINDS if kind not in ("message", "the program")]
IN_PROCESS = [kind for kind in KINDS if kind not in ("message", "no credentials")]
NOVEL = """
statehold: 1
name: novel
version: 1
data: {properties: {}}
events: {Close: {}}
states: {open: {initial: true}, closed: {final: true}}
transitions: {close: {on: Close, from: open, to: closed}}
"""


def by_kind(request: Request) -> Caller:
    caller = KINDS.get(request.headers.get("x-kind", ""))
    if caller is None:
        raise Unauthorized("the test gave no credentials")
    return caller


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def engine(metrics: Metrics) -> AsyncIterator[Engine]:
    made = Engine(
        MemoryStore(),
        [OrderFlow],
        clock=ManualClock(),
        observer=metrics,
        deployments=Deployments(),
    )
    async with made:
        yield made


@pytest.fixture
async def app(engine: Engine, metrics: Metrics) -> AsyncIterator[FastAPI]:
    made = create_app(
        engine, owns_engine=False, authenticate=by_kind, access=SERVER, metrics=metrics
    )
    async with made.router.lifespan_context(made):
        yield made


class Instances:
    """New instances of ann's, so that no cell depends on another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._number = 0

    async def new(self) -> str:
        self._number += 1
        id = f"o-{self._number}"
        await self._engine.start(ORDER, id)
        return id


def cell_of(status: int, body: bytes, name: str) -> str:
    """What a response says of the caller's right."""
    if status == 401:
        return "401"
    if status == 403:
        return "no"
    if name in ("start", "send") and status < 300:
        return "yes" if json.loads(body)["state"] else "blind"
    if name == "list":
        return "some" if json.loads(body)["instances"] else "none"
    if name in ("machines", "search"):
        return "yes" if json.loads(body)["machines"] else "nothing"
    return "yes"


async def asked(
    app: FastAPI, method: str, path: str, kind: str, body: Any, query: str
) -> tuple[int, bytes]:
    """The status and the body of a response; of a stream, the status alone."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    sent = iter([{"type": "http.request", "body": raw if method == "POST" else b""}])
    came: list[dict[str, Any]] = []
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for message in sent:
            return message
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        came.append(message)
        is_stream = b"text/event-stream" in dict(came[0]["headers"]).get(b"content-type", b"")
        if is_stream or (message["type"] == "http.response.body" and not message.get("more_body")):
            done.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"x-kind", kind.encode()),
                    (b"content-type", b"application/json")],
        "state": {},
    }  # fmt: skip
    task = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(10):
        await done.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    body_ = b"".join(m.get("body", b"") for m in came if m["type"] == "http.response.body")
    return came[0]["status"], body_


def request_of(name: str, path: str, id: str) -> tuple[str, Any, str]:
    """Path, body and query of a request that is right but for the caller."""
    plain = path.replace(":path}", "}")
    filled = plain.format_map(_Parts(machine="order", id=id, seq="1", incident=f"order/{id}/1.0"))
    bodies: dict[str, Any] = {
        "start": {"data": {}},
        "send": {"type": "Pay"},
        "send_many": [{"machine": "order", "id": id, "event": {"type": "Pay"}}],
        "put": NOVEL,
        "repair": {"data": {}},
        "reschedule_timer": {"seconds": 1},
    }
    queries = {"search": "q=order", "put": "dry_run=true"}
    return filled, bodies.get(name, {}), queries.get(name, "")


class _Parts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "x"


def wanted(name: str, kind: str, event: str = "Pay") -> str:
    found: str = expected(name, kind, event)
    if name == "list":
        # of instances that are ann's
        is_own = kind == "customer, own"
        return {"yes": "some", "own": "some" if is_own else "none"}.get(found, found)
    return found


def test_every_route_and_every_method_that_takes_a_caller_is_in_the_table() -> None:
    assert {route.name for route in ROUTES} <= names()
    methods = {
        name
        for name, method in inspect.getmembers(Engine, inspect.isfunction)
        if not name.startswith("_") and "caller" in inspect.signature(method).parameters
    }
    # one that only notes a refusal shows nothing
    assert methods - {"refused"} <= names()
    # the others show nothing of an instance, or are for the process itself
    others = {
        name
        for name, method in inspect.getmembers(Engine, inspect.isfunction)
        if not name.startswith("_") and name not in methods
    }
    assert others <= {
        "open", "close", "check_ready", "now", "unserved", "troubles", "stats", "store_counts",
        "definition",
    }  # fmt: skip
    assert names() - methods - {route.name for route in ROUTES} <= {"metrics", "audit"}


def test_the_guide_has_the_table_as_the_policy_makes_it() -> None:
    guide = (ROOT / "docs" / "guides" / "security.md").read_text(encoding="utf-8")
    made = [one for one in GENERATED.finditer(guide) if one["part"] == "permissions"]
    assert len(made) == 1
    shown = made[0].group().partition("-->\n")[2].removesuffix("<!-- end -->")
    assert shown == page(), "python -m docs.generator.permissions writes it again"


@pytest.mark.parametrize("kind", OVER_HTTP)
async def test_over_http_and_in_streams(app: FastAPI, engine: Engine, kind: str) -> None:
    instances, wrong = Instances(engine), []
    cells = [(one.name, one.method, one.path) for one in ROUTES]
    for name, method, path in [*cells, ("metrics", "GET", "/metrics")]:
        for event in EVENTS if name == "send" else ("Pay",):
            id = await instances.new()
            filled, body, query = request_of(name, path, id)
            if name == "send":
                body = {"type": event}
            status, answer = await asked(app, method, filled, kind, body, query)
            if name == "send_many" and status == 200:
                ((said,),) = (json.loads(answer)["answers"],)
                status = said["problem"]["status"] if "problem" in said else 200
            if name == "incidents":
                wanted_here = "401" if kind == "no credentials" else "yes"
            else:
                wanted_here = wanted(name, kind, event)
            if name == "upgrade" and status == 200:
                assert json.loads(answer)["failed"] == {}
            found = cell_of(status, answer, name)
            if found != wanted_here:
                wrong.append((name, event, found, wanted_here, status, answer[:200]))
    assert wrong == []


Call = Callable[[AsyncClient, str], Any]
ON = ("order",)

CLIENT: dict[str, tuple[str, Call]] = {
    "start": ("start", lambda c, id: c.start(*ON, data={})),
    "send": ("send", lambda c, id: c.send(*ON, id, {"type": "Pay"})),
    "send_many": (
        "send_many",
        lambda c, id: c.send_many([SendRequest(machine="order", id=id, event={"type": "Pay"})]),
    ),
    "get": ("read", lambda c, id: c.get(*ON, id)),
    "page": ("list", lambda c, id: c.page(*ON)),
    "journal": ("journal", lambda c, id: c.journal(*ON, id)),
    "explain": ("explain", lambda c, id: c.explain(*ON, id)),
    "watch": ("watch", lambda c, id: c.watch(*ON, id)),
    "watch_view": ("watch_view", lambda c, id: c.watch_view(*ON, id)),
    "watch_machine": ("watch_machine", lambda c, id: c.watch_machine(*ON)),
    "watch_machines": ("watch_machines", lambda c, id: c.watch_machines()),
    "machine": ("machine", lambda c, id: c.machine(*ON)),
    "mermaid": ("diagram", lambda c, id: c.mermaid(*ON)),
    "flows": ("flows", lambda c, id: c.flows(*ON)),
    "document": ("document", lambda c, id: c.document(*ON)),
    "put": ("put", lambda c, id: c.put(NOVEL.encode(), dry_run=True)),
    "me": ("me", lambda c, id: c.me()),
    "pause": ("pause", lambda c, id: c.pause(*ON, id)),
    "resume": ("resume", lambda c, id: c.resume(*ON, id)),
    "cancel": ("cancel", lambda c, id: c.cancel(*ON, id)),
    "repair": ("repair", lambda c, id: c.repair(*ON, id, {})),
    "fire_timer": ("fire_timer", lambda c, id: c.fire_timer(*ON, id, "t")),
    "cancel_timer": ("cancel_timer", lambda c, id: c.cancel_timer(*ON, id, "t")),
    "reschedule_timer": (
        "reschedule_timer",
        lambda c, id: c.reschedule_timer(*ON, id, "t", seconds=1),
    ),
    "retry_effect": ("retry_effect", lambda c, id: c.retry_effect(*ON, id, "1.0")),
    "skip_effect": ("skip_effect", lambda c, id: c.skip_effect(*ON, id, "1.0")),
    "resolve_effect": ("resolve_effect", lambda c, id: c.resolve_effect(*ON, id, "1.0")),
    "upgrade": ("upgrade", lambda c, id: c.upgrade(*ON, id)),
    "retry": ("retry", lambda c, id: c.retry(f"order/{id}/1.0")),
    "skip": ("skip", lambda c, id: c.skip(f"order/{id}/1.0")),
    "resolve": ("resolve", lambda c, id: c.resolve(f"order/{id}/1.0")),
}
#: they show what the caller may read and refuse nobody, or are the client's own
WITHOUT_REFUSALS = {
    "close", "machines", "search", "list", "incidents", "audit",
}  # fmt: skip


def test_every_method_of_the_client_is_tried() -> None:
    methods = {
        name
        for name, _ in inspect.getmembers(AsyncClient, inspect.isfunction)
        if not name.startswith("_")
    }
    assert methods <= CLIENT.keys() | WITHOUT_REFUSALS


async def answer_of(asked: Any) -> str:
    """What a call says of the caller's right."""
    try:
        if isinstance(asked, AsyncIterator):
            async for _ in asked:
                break
            return "yes"
        async with asyncio.timeout(10):
            answer = await asked
    except Forbidden:
        return "no"
    except StateholdError as error:
        if error.code == "unauthorized":
            return "401"
        return "no" if isinstance(error, NotAllowed) and error.forbidden else "yes"
    if isinstance(answer, list) and answer and isinstance(answer[0], Forbidden):
        return "no"
    if type(answer).__name__ in ("Reply", "InstanceReply") and not answer.state:
        return "blind"
    if type(answer).__name__ == "Instances":
        return "some" if answer.instances else "none"
    return "yes"


@pytest.mark.parametrize("kind", OVER_HTTP)
async def test_by_the_client(app: FastAPI, engine: Engine, kind: str) -> None:
    instances, wrong = Instances(engine), []
    async with listening(app) as address:
        client = AsyncClient(address, headers={"x-kind": kind})
        try:
            for method, (name, call) in CLIENT.items():
                # one that is over: its streams end
                id = await instances.new()
                found = await answer_of(call(client, id))
                if found != wanted(name, kind):
                    wrong.append((method, found, wanted(name, kind)))
        finally:
            await client.close()
    assert wrong == []


ENGINE: dict[str, Callable[[Engine, str, Caller], Any]] = {
    "start": lambda e, id, c: e.start(ORDER, data={}, caller=c),
    "send": lambda e, id, c: e.send(ORDER, id, {"type": "Pay"}, caller=c),
    "send_many": lambda e, id, c: e.send_many(
        [SendRequest(machine="order", id=id, event={"type": "Pay"})], caller=c
    ),
    "read": lambda e, id, c: e.read(ORDER, id, caller=c),
    "list": lambda e, id, c: e.list(Query("order"), caller=c),
    "journal": lambda e, id, c: e.journal(ORDER, id, caller=c),
    "at": lambda e, id, c: e.at(ORDER, id, 1, caller=c),
    "explain": lambda e, id, c: e.explain(ORDER, id, caller=c),
    "watch": lambda e, id, c: e.watch(ORDER, id, caller=c),
    "watch_view": lambda e, id, c: e.watch_view(ORDER, id, caller=c),
    "watch_machine": lambda e, id, c: e.watch_machine(ORDER, caller=c),
    "watch_machines": lambda e, id, c: e.watch_machines(caller=c),
    "machine_detail": lambda e, id, c: e.machine_detail(ORDER, caller=c),
    "chart": lambda e, id, c: e.chart(ORDER, caller=c),
    "flows": lambda e, id, c: e.flows(ORDER, caller=c),
    "document": lambda e, id, c: e.document(ORDER, caller=c),
    "put": lambda e, id, c: e.put(NOVEL, dry_run=True, caller=c),
    "pause": lambda e, id, c: e.pause(ORDER, id, caller=c),
    "resume": lambda e, id, c: e.resume(ORDER, id, caller=c),
    "cancel": lambda e, id, c: e.cancel(ORDER, id, caller=c),
    "repair": lambda e, id, c: e.repair(ORDER, id, {}, caller=c),
    "fire_timer": lambda e, id, c: e.fire_timer(ORDER, id, "t", caller=c),
    "cancel_timer": lambda e, id, c: e.cancel_timer(ORDER, id, "t", caller=c),
    "reschedule_timer": lambda e, id, c: e.reschedule_timer(ORDER, id, "t", seconds=1, caller=c),
    "retry_effect": lambda e, id, c: e.retry_effect(ORDER, id, "1.0", caller=c),
    "skip_effect": lambda e, id, c: e.skip_effect(ORDER, id, "1.0", caller=c),
    "resolve_effect": lambda e, id, c: e.resolve_effect(ORDER, id, "1.0", caller=c),
    "upgrade": lambda e, id, c: e.upgrade(ORDER, id, caller=c),
    "retry": lambda e, id, c: e.retry(f"order/{id}/1.0", caller=c),
    "skip": lambda e, id, c: e.skip(f"order/{id}/1.0", caller=c),
    "resolve": lambda e, id, c: e.resolve(f"order/{id}/1.0", caller=c),
    "audit": lambda e, id, c: e.audit(AuditQuery(), caller=c),
    "purge": lambda e, id, c: e.purge(ORDER, Retention(minutes(1)), dry_run=True, caller=c),
}
#: they refuse nobody
ALWAYS = {"incidents", "machine_list", "search"}


def test_every_method_of_the_engine_that_takes_a_caller_is_tried() -> None:
    methods = {
        name
        for name, method in inspect.getmembers(Engine, inspect.isfunction)
        if not name.startswith("_") and "caller" in inspect.signature(method).parameters
    }
    assert methods - {"refused"} <= ENGINE.keys() | ALWAYS


@pytest.mark.parametrize("kind", IN_PROCESS)
async def test_in_process(engine: Engine, kind: str) -> None:
    caller, instances, wrong = KINDS[kind], Instances(engine), []
    assert caller is not None
    for name, call in ENGINE.items():
        id = await instances.new()
        found = await answer_of(call(engine, id, caller))
        if found != wanted(name, kind):
            wrong.append((name, found, wanted(name, kind)))
    for event in EVENTS:
        found = await answer_of(
            engine.send(ORDER, await instances.new(), {"type": event}, caller=caller)
        )
        if kind == "the program":
            assert found == "yes"
        elif found != wanted("send", kind, event):
            wrong.append((event, found, wanted("send", kind, event)))
    assert wrong == []


@pytest.mark.parametrize("event", EVENTS)
async def test_a_message_of_a_machine(engine: Engine, event: str) -> None:
    id = await Instances(engine).new()
    body = msgspec.json.encode({"event": {"type": event}})
    message = Message(Ref("order", id), "event", body, sender=Ref("billing", "b-1"))
    request = Deliver(message)
    found = "yes"
    try:
        await engine._parts.queue.ask(request)
    except NotAllowed:
        found = "no"
    assert found == expected("send", "message", event)
    sender = KINDS["message"]
    assert sender is not None
    # what only an instance may be, no caller can claim
    with pytest.raises((Forbidden, InvalidPayload)):
        await engine.send(ORDER, id, {"type": event}, caller=sender)
