"""The client for code without an event loop: threads, forks and the end of a process."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from contextlib import aclosing

import pytest

from statehold.client import AsyncClient, Client, ClientClosed
from statehold.client.blocking import _Loop
from statehold.engine import Engine
from statehold.errors import (
    NotAllowed,
    UnknownInstance,
    UnknownMachine,
)
from tests.acceptance.orders import Accept, OrderFlow, Reject

pytestmark = pytest.mark.anyio


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
        with Client(address, caller="ada", roles=["restaurant"]) as client:
            client.start(OrderFlow, "o-1")
            client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            with pytest.raises(NotAllowed):
                client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            assert [one.id for one in client.list(OrderFlow)] == ["o-1"]
            first = next(client.watch(OrderFlow, "o-1"))
            client.send(OrderFlow, "o-1", Reject(reason="dropped"))
            return [first.seq, *(e.seq for e in client.watch(OrderFlow, "o-1", after=1))]

    assert await asyncio.to_thread(work) == [1, 2, 3]


async def test_plain_iterators_raise_errors(address: str) -> None:
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


async def test_closing_a_client_ends_calls_in_other_threads(engine: Engine, address: str) -> None:
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
