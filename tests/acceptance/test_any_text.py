"""Any text in any request: kept whole, or that request is refused; others of its turn go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Failure,
    Final,
    Machine,
    Permanent,
    State,
    after,
    effect,
    hours,
    on,
    on_failure,
)
from statehold.engine import Deployments, Engine
from statehold.errors import InvalidPayload, StateholdError, Unavailable
from statehold.records import Caller
from statehold.server import create_app
from statehold.store import Query, Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio

HALF = "\ud800"
#: text that some store, driver or format can't hold, and what is no text at all
TEXTS: list[Any] = [
    f"a{HALF}b", "\udfff\ud800", "a\0b", "\0", "\x01\x1e", "\x1e" + "0" * 32 + "k", "😀\u2028",
    "é" * 150, "x" * 5_000, "", "%00", 5, b"x", ["x"], float("nan"), 2**70,
]  # fmt: skip


class Words(BaseModel):
    text: str = ""
    heard: list[str] = []


class Say(Event):
    text: str


class Tell(Event):
    machine: str | None = None
    instance: str | None = None
    id: str | None = None
    delay: bool = False


class Take(Event):
    id: str


class Try(Event):
    pass


def say(words: Words, event: Say) -> None:
    words.text = event.text


def tell(words: Words, event: Tell, context: Context) -> None:
    delay = timedelta(hours=1) if event.delay else None
    context.send(event.machine, event.instance, Say(text="told"), delay=delay, id=event.id)


def tell_anything(words: Words, event: Tell, context: Context) -> None:
    """What a program makes of a text that JSON could carry."""
    made = {
        name: None if text is None else text.encode().decode("unicode-escape")
        for name, text in (
            ("machine", event.machine),
            ("instance", event.instance),
            ("id", event.id),
        )
    }
    delay = timedelta(hours=1) if event.delay else None
    context.send(made["machine"], made["instance"], Say(text="x"), delay=delay, id=made["id"])


def take(words: Words, event: Take, context: Context) -> None:
    context.cancel(event.id.encode().decode("unicode-escape"))


@effect(attempts=1)
async def fail(words: Words, call: Call) -> None:
    raise Permanent(words.text.encode().decode("unicode-escape"))


def hear(words: Words, event: Failure) -> None:
    words.heard = [*words.heard, event.message]


def index(words: Words) -> str:
    return words.text.encode().decode("unicode-escape")


class Flow(Machine[Words], name="flow", version=1):
    indexes = {"text": lambda words: words.text, "made": index}  # noqa: RUF012

    open = State(initial=True, owner="a\0team", tags=("a\0tag", "😀"))
    trying = State(invoke=fail)
    closed = Final()

    say = on(Say, open, do=say)
    tell = on(Tell, open, do=tell_anything)
    take = on(Take, open, do=take)
    attempt = on(Try, open >> trying)
    failed = on_failure(fail, trying >> open, do=hear)
    late = after(hours(1), open >> closed)


DOCUMENT = """
statehold: 1
name: guarded
events: {Go: {properties: {who: {type: string}}}}
states: {shut: {initial: true}, open: {}}
transitions: {go: {on: Go, from: shut, to: open, when: event.who == 'admin'}}
"""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    kept = MemoryStore()

    def store() -> Store:
        if request.param == "memory":
            return kept
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "text.db")
        return PostgresStore(request.getfixturevalue("migrated_dsn"))

    @asynccontextmanager
    async def running() -> AsyncIterator[Engine]:
        async with Engine(store(), [Flow], deployments=Deployments()) as engine:
            yield engine

    return running


def requests(engine: Engine, text: Any, number: int) -> dict[str, Awaitable[Any]]:
    """One of every kind, with the text in it."""
    id, e = f"i-{number}", engine
    escaped = text.encode("unicode-escape").decode() if isinstance(text, str) else text
    made: dict[str, Callable[[], Awaitable[Any]]] = {
        "start, id": lambda: e.start(Flow, text),
        "start, key": lambda: e.start(Flow, key=text),
        "start, data": lambda: e.start(Flow, None, {"text": text}),
        "start, data and index": lambda: e.start(Flow, None, {"text": escaped}),
        "start, caller": lambda: e.start(Flow, caller=Caller(text, None)),
        "send, machine": lambda: e.send(text, id, Say(text="x")),
        "send, id": lambda: e.send(Flow, text, Say(text="x")),
        "send, key": lambda: e.send(Flow, id, Say(text="x"), key=text),
        "send, payload": lambda: e.send(Flow, id, {"type": "Say", "text": text}),
        "send, a member": lambda: e.send(Flow, id, {"type": "Say", "text": "x", text: "x"}),
        "send, type": lambda: e.send(Flow, id, {"type": text}),
        "send, index": lambda: e.send(Flow, id, {"type": "Say", "text": escaped}),
        "send, caller": lambda: e.send(Flow, id, Say(text="x"), caller=Caller(text, None)),
        "send, role": lambda: e.send(
            Flow, id, Say(text="x"), caller=Caller("a", frozenset({text}))
        ),
        "send, role and key": lambda: e.send(
            Flow, id, Say(text="x"), caller=Caller(text, frozenset({text})), key="k"
        ),
        "pause, reason": lambda: e.pause(Flow, id, reason=text),
        "resume, reason": lambda: e.resume(Flow, id, reason=text),
        "upgrade, reason": lambda: e.upgrade(Flow, id, reason=text),
        "retry": lambda: e.retry(f"flow/{id}/{text}", reason=text),
        "skip": lambda: e.skip(text),
        "resolve": lambda: e.resolve(f"flow/{id}/1.1", text),
        "timer": lambda: e.fire_timer(Flow, id, text),
        "cancel timer": lambda: e.cancel_timer(Flow, id, "late", reason=text),
        "effect": lambda: e.skip_effect(Flow, id, text),
        "read": lambda: e.read(Flow, text),
        "journal": lambda: e.journal(Flow, text),
        "list, state": lambda: e.list(Query("flow", state=text)),
        "list, tag": lambda: e.list(Query("flow", tag=text)),
        "list, owner": lambda: e.list(Query("flow", owner=text)),
        "list, prefix": lambda: e.list(Query("flow", prefix=text)),
        "list, where": lambda: e.list(Query("flow", where={"text": text})),
        "list, where, by name": lambda: e.list(Query("flow", where={text: "x"})),
        "list, cursor": lambda: e.list(Query("flow", cursor=text)),
        "list, machine": lambda: e.list(Query(text)),
        "incidents": lambda: e.incidents(cursor=text),
        "search": lambda: e.search(text),
        "put, text": lambda: e.put(text),
        "put, notation": lambda: e.put(DOCUMENT, text),
        "put, reason": lambda: e.put(DOCUMENT, reason=text),
        "put, caller": lambda: e.put(DOCUMENT, caller=Caller(text)),
        "document": lambda: e.document(text),
    }
    for member in ("machine", "instance", "id"):
        for late in (False, True):
            event = {"type": "Tell", member: escaped, "delay": late}
            made[f"tell, {member}, {late}"] = partial(e.send, Flow, id, event)
    made["take"] = lambda: e.send(Flow, id, {"type": "Take", "id": escaped})
    found: dict[str, Awaitable[Any]] = {}
    for name, ask in made.items():
        if isinstance(text, str) or name not in OF_TEXT_ALONE:
            found[name] = _asked(ask)
    return found


#: where a program that gives something else has a mistake, which Python names
OF_TEXT_ALONE = {
    "send, machine", "send, a member", "send, role", "send, role and key", "skip", "list, machine",
    "list, where, by name", "put, text", "document",
}  # fmt: skip


async def _asked(ask: Callable[[], Awaitable[Any]]) -> Any:
    return await ask()


async def test_what_can_not_be_kept_is_refused_alone_and_by_name(opened: Callable[[], Any]) -> None:
    wrong: list[str] = []
    count = 0
    async with opened() as engine:
        await engine.start(Flow, "good")
        for number, text in enumerate(TEXTS):
            await engine.start(Flow, f"i-{number}")
            asked = requests(engine, text, number)
            good = [engine.send(Flow, "good", Say(text="x"), key=f"{number}-{n}") for n in range(9)]
            # good ones before, among and behind the others, so that they share turns
            parts = [*good[:3], *asked.values(), *good[3:]]
            answers = await asyncio.gather(*parts, return_exceptions=True)
            ended = dict(zip(asked, answers[3 : 3 + len(asked)], strict=True))
            for one in (*answers[:3], *answers[3 + len(asked) :]):
                assert not isinstance(one, BaseException), (ascii(text), one)
            for name, one in ended.items():
                if isinstance(one, Unavailable) or (
                    isinstance(one, BaseException) and not isinstance(one, StateholdError)
                ):
                    wrong.append(f"{name} {ascii(text)[:40]}: {type(one).__name__}: {one!s:.90}")
                elif isinstance(one, BaseException):
                    str(one).encode()
            count += len(good)
        assert not wrong, "\n".join(wrong)
        assert (await engine.read(Flow, "good")).seq == 1 + count
        await engine.check_ready()
    async with opened() as engine:
        # nothing that was accepted keeps anything from being read
        assert (await engine.read(Flow, "good")).seq == 1 + count
        cursor: str | None = None
        while True:
            page = await engine.list(Query("flow", cursor=cursor, limit=1000))
            for one in page.instances:
                await engine.read(Flow, one.id)
                await engine.journal(Flow, one.id, after=-1, limit=1000, data=True)
                await engine.explain(Flow, one.id)
            cursor = page.cursor
            if cursor is None:
                break
        await engine.incidents()


async def test_text_of_every_character_is_kept_and_found_by(opened: Callable[[], Any]) -> None:
    texts = [
        text
        for text in TEXTS
        if isinstance(text, str) and HALF not in text and "\udfff" not in text
    ]
    async with opened() as engine:
        for number, text in enumerate(texts):
            caller = Caller(text, None)
            await engine.start(Flow, f"t-{number}", {"text": text}, caller=caller)
            await engine.pause(Flow, f"t-{number}", reason=text, caller=caller)
            await engine.resume(Flow, f"t-{number}")
            if 0 < len(text) <= 200:
                for _ in range(2):
                    answer = await engine.send(Flow, f"t-{number}", Say(text=text), key=text)
                    assert answer.seq == 4
    async with opened() as engine:
        for number, text in enumerate(texts):
            assert (await engine.read(Flow, f"t-{number}")).view.text == text
            entries = (await engine.journal(Flow, f"t-{number}", after=0)).entries
            assert (entries[0].caller or "", entries[1].reason) == (text, text)
            if 0 < len(text) <= 200 and not text.startswith("\x1e0"):
                assert entries[3].key == text
            found = await engine.list(Query("flow", where={"text": text}))
            assert f"t-{number}" in [one.id for one in found.instances]
            assert all(one.indexes["text"] == text for one in found.instances)
        for query in (Query("flow", tag="a\0tag"), Query("flow", owner="a\0team")):
            assert len((await engine.list(query)).instances) == len(texts)
            with pytest.raises(InvalidPayload, match="no tag is called 'a'"):
                await engine.list(Query("flow", tag="a"))


async def test_a_guard_in_cel_does_not_take_a_part_of_a_text_for_the_whole(
    opened: Callable[[], Any],
) -> None:
    async with opened() as engine:
        await engine.put(DOCUMENT)
        for number in range(3):
            await engine.start("guarded", f"g-{number}")
        ended: Any = await asyncio.gather(
            engine.send("guarded", "g-0", b'{"type": "Go", "who": "admin"}'),
            engine.send("guarded", "g-1", b'{"type": "Go", "who": "admin\\u0000-not"}'),
            engine.send("guarded", "g-2", b'{"type": "Go", "who": "ann"}'),
            return_exceptions=True,
        )
        whole, part, other = ended
        assert whole.state == ["open"]
        assert isinstance(part, StateholdError)
        assert "U+0000" in str(part)
        assert isinstance(other, StateholdError)
        assert (await engine.read("guarded", "g-1")).state == ["shut"]


JSON = {"Content-Type": "application/json"}
#: as they may stand in an address
PARTS = ["%00", "a%00b", "%ED%A0%80", "%FF", "%F0%9F%98%80", quote("é" * 99)]
BODIES = [
    b'{"type": "Say", "text": "\\ud800"}',
    b'{"type": "Say", "text": "\\u0000"}',
    b'{"type": "\\ud800"}',
    b'{"type": "Say", "\\udc00": 1}',
    b'{"type": "Say", "text": "\xed\xa0\x80"}',
    b'{"type": "Say", "text": "\xff"}',
    b'{"type": "Tell", "instance": "\\ud800"}',
    b'{"type": "Tell", "instance": "\\u0000"}',
    b"\xff",
    b"\x00",
]
STARTS = [
    b'{"id": "\\ud800"}',
    b'{"id": "\\u0000"}',
    b'{"data": {"text": "\\ud800"}}',
    b'{"data": {"text": "\\u0000"}}',
    b'{"data": {"\\ud800": 1}}',
    b'{"id": "a", "data": "\xed\xa0\x80"}',
]
#: the part of an address is put in for ~
READS = [
    "/api/machines/~",
    "/api/machines/~/instances",
    "/api/machines/~/document",
    "/api/machines/~/flows",
    "/~",
    "@/~",
    "@/~/journal",
    "@/~/explain",
    "@?state=~",
    "@?tag=~",
    "@?owner=~",
    "@?where=text=~",
    "@?where=~=x",
    "@?q=~",
    "@?cursor=~",
    "@/good/stream?after=~",
    "/api/search?q=~",
    "/api/incidents?cursor=~",
    "/api/incidents?machine=~",
    "/api/machines/flow/diagram?instance=~",
]
WRITES = [
    "/api/machines/~/instances",
    "@/~/events",
    "@/~/pause",
    "@/good/timers/~/fire",
    "@/good/effects/~/skip",
    "/api/incidents/~/retry",
    "/api/incidents/flow/good/~/skip",
    "/api/machines?notation=~",
    "/api/machines?reason=~",
]


async def test_over_http_each_is_answered_below_500_and_the_others_go_on(
    opened: Callable[[], Any],
) -> None:
    async with opened() as engine:
        await engine.start(Flow, "good")
        app = create_app(engine, owns_engine=False, access=OPEN)
        async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
            at = "/api/machines/flow/instances"
            asked: list[Awaitable[httpx.Response]] = []

            def post(path: str, content: bytes = b"{}", **headers: Any) -> None:
                given = {**JSON, **headers}
                asked.append(http.post(path, content=content, headers=given))

            for part in PARTS:
                for path in READS:
                    asked.append(http.get(path.replace("@", at).replace("~", part)))
                for path in WRITES:
                    post(path.replace("@", at).replace("~", part))
            for body in BODIES:
                post(f"{at}/good/events", body)
                post("/api/events", b'[{"machine": "flow", "id": "good", "event": %b}]' % body)
                post(f"{at}/good/resume", b'{"reason": "\\ud800"}')
            for body in STARTS:
                post(at, body)
            for key in (
                b"\xff\xfe",
                b"\xed\xa0\x80",
                b'"\xf0\x9f\x98\x80"',
                b"\x1e" + b"0" * 32 + b"k",
            ):
                post(
                    f"{at}/good/events", b'{"type": "Say", "text": "x"}', **{"Idempotency-Key": key}
                )
            count = 40
            good = [
                http.post(
                    f"{at}/good/events",
                    json={"type": "Say", "text": "x"},
                    headers={"Idempotency-Key": f"good-{number}"},
                )
                for number in range(count)
            ]
            step = len(asked) // count
            mixed = [
                one for n in range(count) for one in (*asked[n * step : (n + 1) * step], good[n])
            ]
            mixed += asked[count * step :]
            limit = asyncio.Semaphore(60)

            async def bounded(one: Awaitable[httpx.Response]) -> httpx.Response:
                async with limit:
                    return await one

            answers = await asyncio.gather(*map(bounded, mixed))
            wrong = [
                f"{one.request.method} {one.request.url} {one.request.content!r}: {one.status_code}"
                for one in answers
                if one.status_code >= 500
            ]
            assert not wrong, "\n".join(wrong)
            for body in BODIES:
                # one after another: several puts that wait are a reason for 503
                answers.append(await http.post("/api/machines", content=body, headers=JSON))
                assert answers[-1].status_code == 422, body
            for one in answers:
                one.content.decode()
            assert (await http.get("/ready")).status_code == 200
        lines = (await engine.journal(Flow, "good", limit=1000)).entries
        assert len([line for line in lines if (line.key or "").startswith("good-")]) == count
