"""Both clients, against a real server behind a real socket."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from statehold.client import AsyncClient, Client, ClientClosed, RefusedByServer
from statehold.client.blocking import _Loop
from statehold.client.transport import Backoff
from statehold.engine import Engine
from statehold.errors import (
    ActionFailed,
    BeyondEnd,
    InvalidPayload,
    NotAllowed,
    StaleSeq,
    StateholdError,
    Unavailable,
    UnknownInstance,
    UnknownMachine,
)
from statehold.server import create_app
from statehold.stores import MemoryStore
from statehold.wire.base import Problem
from statehold.wire.operations import SendRequest
from tests.acceptance.orders import Accept, Arrived, Order, OrderFlow, Packed, Pay, Reject
from tests.acceptance.serving import listening

pytestmark = pytest.mark.anyio

SOON = Backoff(tries=3, first_seconds=0.0, longest_seconds=0.0)


async def test_an_order_goes_its_way(address: str) -> None:
    async with AsyncClient(address, caller="ada") as client:
        started = await client.start(OrderFlow, "o-1", Order(items=["soup"]))
        assert (started.seq, started.view["items"]) == (1, ["soup"])
        accepted = await client.send("order", "o-1", Accept(prep_minutes=3), expected_seq=1)
        assert set(accepted.allowed) == {"Reject", "Packed", "Arrived"}
        await client.send(OrderFlow, "o-1", {"type": "Packed"})
        done = await client.send(OrderFlow, "o-1", Arrived())
        assert (done.status, done.state) == ("done", ["delivered"])
        assert await client.get(OrderFlow, "o-1") == done
        journal = await client.journal(OrderFlow, "o-1", data=True)
        assert [entry.seq for entry in journal.entries] == [1, 2, 3, 4]
        assert journal.entries[1].caller == "ada"
        assert (await client.explain(OrderFlow, "o-1")).instance.id == "o-1"
        assert [one.name for one in await client.machines()] == ["order"]
        assert (await client.machine(OrderFlow)).counts == {"delivered": 1}
        assert "stateDiagram" in await client.mermaid(OrderFlow, "o-1")
        assert (await client.upgrade(OrderFlow)).version == 1


async def test_a_list_goes_over_all_pages(address: str) -> None:
    async with AsyncClient(address) as client:
        for number in range(5):
            await client.start(OrderFlow, f"o-{number}", {"city": "Oslo"})
        found = [one.id async for one in client.list(OrderFlow, page_size=2)]
        assert sorted(found) == [f"o-{number}" for number in range(5)]
        assert [one async for one in client.list(OrderFlow, where={"city": "Rome"})] == []


async def test_many_events_are_answered_with_replies_and_errors(address: str) -> None:
    async with AsyncClient(address) as client:
        await client.start(OrderFlow, "o-1")
        event = {"type": "Accept", "prep_minutes": 1}
        moved, refused = await client.send_many(
            [
                SendRequest(machine="order", id="o-1", event=event),
                SendRequest(machine="order", id="o-2", event=event),
            ]
        )
        assert not isinstance(moved, StateholdError)
        assert moved.seq == 2
        assert isinstance(refused, UnknownInstance)


async def test_a_person_settles_and_pauses(engine: Engine, address: str) -> None:
    async with AsyncClient(address) as client:
        await client.start(OrderFlow, "o-1")
        await client.send(OrderFlow, "o-1", Pay())
        async for entry in client.watch(OrderFlow, "o-1"):
            if entry.kind == "incident":
                break
        (incident,) = (await client.incidents(OrderFlow)).incidents
        assert (await client.resolve(incident.id, "ch_1", reason="by hand")).status == "done"
        await client.start(OrderFlow, "o-2")
        assert (await client.pause(OrderFlow, "o-2")).status == "paused"
        assert (await client.send(OrderFlow, "o-2", Accept(prep_minutes=1))).held
        assert (await client.resume(OrderFlow, "o-2")).id == "o-2"
        assert (await client.cancel(OrderFlow, "o-2", reason="enough")).status == "cancelled"


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.get("none", "o-1"), UnknownMachine),
        (lambda c: c.get("order", "nobody"), UnknownInstance),
        (lambda c: c.send("order", "o-1", Packed()), NotAllowed),
        (lambda c: c.send("order", "o-1", {"type": "Accept"}), InvalidPayload),
        (lambda c: c.send("order", "o-1", {"type": "Break"}), ActionFailed),
        (lambda c: c.send("order", "o-1", Packed(), expected_seq=9), StaleSeq),
        (lambda c: c.send("order", "o-1", Packed(), key="ü"), InvalidPayload),
        (lambda c: c.get("order", ".."), InvalidPayload),
    ],
)
async def test_a_problem_comes_back_as_the_engines_error(
    engine: Engine,
    address: str,
    ask: Callable[[AsyncClient], Any],
    kind: type[StateholdError],
) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address) as client:
        with pytest.raises(kind) as caught:
            await ask(client)
    assert caught.value.code == kind.code
    assert str(caught.value)


async def test_the_errors_details_are_the_engines(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    with pytest.raises(NotAllowed) as here:
        await engine.send(OrderFlow, "o-1", Packed())
    async with AsyncClient(address) as client:
        with pytest.raises(NotAllowed) as there:
            await client.send(OrderFlow, "o-1", Packed())
    assert str(there.value) == str(here.value)
    assert there.value.details() == here.value.details()


async def test_a_missing_role_is_forbidden_there_too(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, roles=["courier"]) as client:
        with pytest.raises(NotAllowed) as caught:
            await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
    assert caught.value.forbidden


# --- what goes wrong on the way -----------------------------------------------------------------


class Flaky(httpx.AsyncBaseTransport):
    """Fails so many times, in one way or after the server has answered, and then no more."""

    def __init__(self, times: int, fail: str) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.times = times
        self.fail = fail
        self.keys: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("idempotency-key"))
        failing = len(self.keys) <= self.times
        if failing and self.fail == "unreached":
            raise httpx.ConnectError("no route")
        if failing and self.fail == "503":
            problem = Problem(
                type="urn:statehold:problem:overloaded", title="t", status=503, detail="too many"
            )
            return httpx.Response(
                503, content=problem.model_dump_json(), headers={"Retry-After": "0"}
            )
        answer = await self.inner.handle_async_request(request)
        if failing:
            await answer.aclose()
            raise httpx.ReadError("cut off")
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("fail", ["unreached", "503", "answer lost"])
async def test_an_event_is_sent_again_with_its_key_and_applied_once(
    engine: Engine, address: str, fail: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    flaky = Flaky(2, fail)
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        assert (await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))).seq == 2
    assert len(flaky.keys) == 3
    assert len(set(flaky.keys)) == 1
    assert flaky.keys[0]
    assert (await engine.read(OrderFlow, "o-1")).seq == 2


async def test_tries_are_bounded(address: str) -> None:
    flaky = Flaky(99, "503")
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(OrderFlow, "o-1", Packed())
    assert (len(flaky.keys), caught.value.code, str(caught.value)) == (3, "overloaded", "too many")


async def test_what_has_no_key_is_not_sent_again_once_it_may_have_been_taken(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    flaky = Flaky(1, "answer lost")
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await client.cancel(OrderFlow, "o-1")
    assert len(flaky.keys) == 1


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with AsyncClient("http://127.0.0.1:1", backoff=SOON) as client:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
            await client.machines()


async def test_a_server_that_is_none_of_ours_is_told_as_such() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="<html>")

    async with AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(StateholdError, match="not as a Statehold server does"):
            await client.machines()


async def test_an_unknown_problem_keeps_its_code_and_members() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        problem = {
            "type": "urn:statehold:problem:teapot", "title": "t", "status": 418, "detail": "short",
            "handle": "left",
        }  # fmt: skip
        return httpx.Response(418, json=problem)

    async with AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(RefusedByServer, match="short") as caught:
            await client.machines()
    assert caught.value.code == "teapot"
    assert caught.value.details() == {"handle": "left"}


class CutStreams(httpx.AsyncBaseTransport):
    """Cuts every stream after some bytes, so that it has to be taken up again."""

    def __init__(self, chunks: int) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.chunks = chunks
        self.resumed: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.resumed.append(request.headers.get("last-event-id"))
        answer = await self.inner.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Cut(answer, self))

    async def aclose(self) -> None:
        await self.inner.aclose()


class _Cut(httpx.AsyncByteStream):
    def __init__(self, answer: httpx.Response, transport: CutStreams) -> None:
        self.answer = answer
        self.left = transport.chunks

    async def __aiter__(self) -> Any:
        assert isinstance(self.answer.stream, httpx.AsyncByteStream)
        async for chunk in self.answer.stream:
            if self.left == 0:
                raise httpx.ReadError("cut off")
            self.left -= 1
            yield chunk

    async def aclose(self) -> None:
        await self.answer.aclose()


async def test_a_watch_survives_lost_connections_without_gap_or_repetition(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    await engine.send(OrderFlow, "o-1", Accept(prep_minutes=1))
    await engine.send(OrderFlow, "o-1", Packed())
    await engine.send(OrderFlow, "o-1", Reject(reason="dropped"))
    cut = CutStreams(chunks=2)
    async with AsyncClient(address, backoff=SOON, transport=cut) as client:
        seen = [entry.seq async for entry in client.watch(OrderFlow, "o-1")]
    assert seen == [1, 2, 3, 4]
    assert len(cut.resumed) > 1
    assert cut.resumed[0] is None


async def test_a_watch_that_gets_nothing_gives_up(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, backoff=SOON, transport=CutStreams(chunks=0)) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await anext(client.watch(OrderFlow, "o-1"))


class LostAnswers(httpx.AsyncBaseTransport):
    """Passes requests on, and gives no answer back while ``losing``."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.losing = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        if self.losing:
            await answer.aclose()
            raise httpx.RemoteProtocolError("the proxy went away")
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


async def test_a_lost_answer_leaves_the_key_with_the_caller(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    lossy = LostAnswers()
    accept = Accept(prep_minutes=1)
    batch = [SendRequest(machine="order", id="o-1", event={"type": "Packed"})]
    async with AsyncClient(address, backoff=SOON, transport=lossy) as client:
        with pytest.raises(Unavailable) as start:
            await client.start(OrderFlow, data=Order(items=["soup"]))
        with pytest.raises(Unavailable) as send:
            await client.send(OrderFlow, "o-1", accept)
        with pytest.raises(Unavailable) as many:
            await client.send_many(batch)
        lossy.losing = False
        started = await client.start(OrderFlow, data=Order(items=["soup"]), key=start.value.key)
        assert (await client.send(OrderFlow, "o-1", accept, key=send.value.key)).seq == 2
        (key,) = many.value.keys
        again = [batch[0].model_copy(update={"key": key})]
        (answer,) = await client.send_many(again)
        assert not isinstance(answer, StateholdError)
        assert answer.seq == 3
        # the steps that were committed before the answers were lost are the only ones
        assert (await client.get(OrderFlow, "o-1")).seq == 3
        listed = {one.id async for one in client.list(OrderFlow)}
        assert listed == {"o-1", started.id}


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_event_is_sent_again_where_a_proxy_has_no_server(
    engine: Engine, address: str, status: int
) -> None:
    await engine.start(OrderFlow, "o-1")
    pages = [httpx.Response(status, text="<html>"), httpx.Response(200, text="<html>")]
    inner = httpx.AsyncHTTPTransport()

    class Proxy(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return pages.pop(0) if pages else await inner.handle_async_request(request)

    async with inner, AsyncClient(address, backoff=SOON, transport=Proxy()) as client:
        # a page in the place of an answer says nothing of the event
        with pytest.raises(Unavailable, match="is not a Statehold server's") as caught:
            await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
        assert pages == []
        again = await client.send(OrderFlow, "o-1", Accept(prep_minutes=1), key=caught.value.key)
    assert again.seq == 2


def test_the_default_backoff_outlasts_a_restart_of_five_seconds() -> None:
    backoff = Backoff()
    shortest = sum(
        min(backoff.first_seconds * 2**n, backoff.longest_seconds) / 2
        for n in range(backoff.tries - 1)
    )
    waited = [sum(backoff.delay_seconds(n) for n in range(1, backoff.tries)) for _ in range(200)]
    assert 5 < 2 * 5 <= shortest <= min(waited)
    assert max(waited) < backoff.total_seconds


async def test_no_attempt_begins_once_the_time_for_all_of_them_is_over() -> None:
    flaky = Flaky(99, "unreached")
    backoff = Backoff(tries=50, first_seconds=0.01, longest_seconds=0.01, total_seconds=0.05)
    async with AsyncClient(backoff=backoff, transport=flaky) as client:
        with pytest.raises(Unavailable):
            await client.machines()
    assert 2 <= len(flaky.keys) <= 11


# --- streams that come back ---------------------------------------------------------------------


class QuietStreams(httpx.AsyncBaseTransport):
    """Opens a stream, and ends it with nothing but a comment in it, until ``give`` is set."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.opened = 0
        self.give = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.give:
            return await self.inner.handle_async_request(request)
        self.opened += 1
        self.give = self.opened == 20
        return httpx.Response(200, content=b": stream\n\n")

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("whole", [False, True])
async def test_streams_that_were_opened_do_not_count_as_failures(
    engine: Engine, address: str, whole: bool
) -> None:
    await engine.start(OrderFlow, "o-1")
    quiet = QuietStreams()
    async with AsyncClient(address, backoff=SOON, transport=quiet) as client:
        watching: Any = client.watch_machine(OrderFlow) if whole else client.watch(OrderFlow, "o-1")
        assert await anext(watching)
        await watching.aclose()
    assert quiet.opened == 20


async def _orders(count: int, minutes: int) -> Engine:
    """An engine with an order that has so many steps."""
    engine = Engine(MemoryStore(), [OrderFlow])
    await engine.open()
    await engine.start(OrderFlow, "o-1")
    if count > 1:
        await engine.send(OrderFlow, "o-1", Accept(prep_minutes=minutes))
    if count > 2:
        await engine.send(OrderFlow, "o-1", Packed())
    if count > 3:
        await engine.send(OrderFlow, "o-1", Reject(reason="dropped"))
    return engine


@pytest.mark.parametrize("restored_steps", [1, 2, 3, 4])
async def test_a_watch_begins_anew_where_the_history_is_another_one(restored_steps: int) -> None:
    before, after = await _orders(3, 1), await _orders(restored_steps, 2)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    seen: list[int] = []
    patient = Backoff(tries=100, first_seconds=0.01, longest_seconds=0.05)
    try:
        async with AsyncClient(f"http://127.0.0.1:{port}", backoff=patient) as client:
            watching = client.watch(OrderFlow, "o-1")
            async with listening(create_app(before, owns_engine=False), port=port):
                seen += [(await anext(watching)).seq for _ in range(3)]
            async with listening(create_app(after, owns_engine=False), port=port):
                if restored_steps < 4:
                    # the next step may be the first sign of it
                    await after.cancel(OrderFlow, "o-1")
                async with asyncio.timeout(30):
                    rest = [entry.seq async for entry in watching]
    finally:
        await before.close()
        await after.close()
    assert seen == [1, 2, 3]
    last = 4 if restored_steps == 4 else restored_steps + 1
    assert rest == list(range(1, last + 1))


async def test_a_watch_from_beyond_the_end_is_refused_by_name(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, backoff=SOON) as client:
        with pytest.raises(BeyondEnd, match="at seq 1 and has no step 7") as caught:
            await anext(client.watch(OrderFlow, "o-1", after=7))
        assert caught.value.details() == {"machine": "order", "id": "o-1", "after": 7, "seq": 1}
        with pytest.raises(BeyondEnd):
            await client.journal(OrderFlow, "o-1", after=7)
    async with httpx.AsyncClient(base_url=address) as http:
        for headers, params in (({"Last-Event-ID": "7"}, {}), ({}, {"after": 7})):
            answer = await http.get(
                "/api/machines/order/instances/o-1/stream", headers=headers, params=params
            )
            assert answer.status_code == 409
            assert answer.json()["type"] == "urn:statehold:problem:beyond-end"


# --- for code without an event loop -------------------------------------------------------------


async def test_event_loops_use_one_client_after_another(address: str) -> None:
    client = AsyncClient(address)

    async def ask() -> int:
        # a connection stays open, of this loop
        machines = await client.machines()
        started = await client.start(OrderFlow)
        async with aclosing(client.watch(OrderFlow, started.id)) as entries:
            first = await anext(entries)
        return len(machines) + first.seq

    for _ in range(3):
        assert await asyncio.to_thread(asyncio.run, ask()) == 2
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.to_thread(asyncio.run, ask())


async def test_plain_code_has_the_same_client(engine: Engine, address: str) -> None:
    def work() -> list[int]:
        with Client(address, caller="ada") as client:
            client.start(OrderFlow, "o-1")
            client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            with pytest.raises(NotAllowed):
                client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            assert [one.id for one in client.list(OrderFlow)] == ["o-1"]
            first = next(client.watch(OrderFlow, "o-1"))
            client.send(OrderFlow, "o-1", Reject(reason="dropped"))
            return [first.seq, *(e.seq for e in client.watch(OrderFlow, "o-1", after=1))]

    assert await asyncio.to_thread(work) == [1, 2, 3]


async def test_plain_iterators_raise_what_is_wrong(address: str) -> None:
    def work() -> None:
        with Client(address) as client:
            with pytest.raises(UnknownInstance):
                next(client.watch(OrderFlow, "nobody"))
            with pytest.raises(UnknownMachine):
                list(client.list("none"))

    await asyncio.to_thread(work)


def test_both_clients_have_the_same_methods() -> None:
    public = {name for name in vars(AsyncClient) if not name.startswith("_")}
    assert public <= set(vars(Client))


async def script(address: str, lines: str) -> list[str]:
    """What a Python process prints that has a blocking client and does not close it."""
    program = f"""
import os, signal, sys, threading
from statehold.client import Client
client_url = {address!r}
client = Client(client_url)
def ask():
    return client.get("order", "o-1").seq
{lines}
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail("the process has not ended")
    assert (process.returncode, err.decode()) == (0, "")
    return out.decode().split()


#: half of one is read and it is kept; a thread that waits for news is there at the end
HALF_READ = """
kept = client.watch("order", "o-1")
print(next(kept).seq)
for entry in client.watch("order", "o-1"):
    print(entry.seq)
    break
threading.Thread(target=lambda: next(kept, None), daemon=True).start()
"""

LAST_CALL = """
import atexit
atexit.register(lambda: print(ask()))
print(ask())
"""


@pytest.mark.parametrize("use", [HALF_READ, LAST_CALL])
async def test_a_process_ends_though_its_client_was_not_closed(
    engine: Engine, address: str, use: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    assert await script(address, use) == ["1", "1"]


FORK = """
def fork(work):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        # sys.exit runs what the parent has registered for its end
        work()
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


#: forked before the first call, after it, by a child, and while threads ask and one iterates
FORKS = """
import httpx
fork(lambda: print(ask()))
print(ask())
fork(lambda: (print(ask()), fork(lambda: print(ask()))))
entries = client.watch("order", "o-1")
print(next(entries).seq)
stop = threading.Event()
def busy():
    while not stop.is_set():
        ask()
threads = [threading.Thread(target=busy) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(5):
    fork(lambda: print(ask()))
stop.set()
print(ask())
client = Client(client_url, transport=httpx.AsyncHTTPTransport())
def refused():
    try:
        ask()
    except Exception as error:
        print(str(error).count("belong to the process"))
print(ask())
fork(refused)
"""

POOL = """
import multiprocessing
ask()
with multiprocessing.get_context("fork").Pool(2) as pool:
    for job in [pool.apply_async(ask) for _ in range(4)]:
        print(job.get(50))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(("use", "asked"), [(FORKS, 13), (POOL, 4)])
async def test_a_client_made_before_a_fork_works_in_the_child(
    engine: Engine, address: str, use: str, asked: int
) -> None:
    await engine.start(OrderFlow, "o-1")
    assert await script(address, FORK + use) == ["1"] * asked


async def test_threads_share_one_client(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    with Client(address) as client:
        found = await asyncio.gather(
            *(asyncio.to_thread(client.get, OrderFlow, "o-1") for _ in range(32))
        )
    assert [one.seq for one in found] == [1] * 32


async def test_closing_a_client_ends_what_waits_in_other_threads(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    client = Client(address)
    entries = client.watch(OrderFlow, "o-1")
    assert (await asyncio.to_thread(next, entries)).seq == 1
    waiting = asyncio.create_task(asyncio.to_thread(next, entries))
    await asyncio.to_thread(client.close)
    with pytest.raises(ClientClosed):
        await waiting
    with pytest.raises(ClientClosed):
        client.get(OrderFlow, "o-1")
    client.close()


async def test_a_client_that_nobody_has_any_more_ends_its_thread(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    client = Client(address)
    await asyncio.to_thread(client.get, OrderFlow, "o-1")
    (thread,) = [one for one in threading.enumerate() if one.name == "statehold-client"]
    del client
    gc.collect()
    await asyncio.to_thread(thread.join, 30)
    assert not thread.is_alive()


def test_what_an_iterator_leaves_is_closed_where_the_clients_loop_has_ended_already() -> None:
    async def nothing() -> None:
        pass

    loop = _Loop(AsyncClient("http://127.0.0.1:9"))
    loop.begin(nothing()).result()
    loop.stop()
    loop.join()
    closed: list[str] = []
    loop.soon(lambda: closed.append("stream"))
    assert closed == ["stream"]
