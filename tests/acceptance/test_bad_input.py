"""A refusal leaves the store byte for byte as it was, and the next request works.

The engine on a SQLite file; what the same requests come to over HTTP stands in ``test_http.py``.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, always, on
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import (
    ActionFailed,
    EndlessLoop,
    GuardFailed,
    InstanceExists,
    InvalidPayload,
    KeyReused,
    NotAllowed,
    StaleSeq,
    StateholdError,
    StoreInUse,
    StoreUnavailable,
    TooLarge,
    UnknownEvent,
    UnknownIncident,
    UnknownInstance,
    UnknownMachine,
)
from statehold.stores import SqliteStore

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
TABLES = ("instances", "configurations", "journal", "mailbox", "lookups", "charts")


class Ledger(BaseModel):
    total: int = 0
    notes: list[str] = []
    spinning: bool = False


class Book(Event):
    amount: int
    text: str = ""


class Raise(Event):
    pass


class Doubt(Event):
    pass


class Spin(Event):
    pass


class Chatter(Event):
    pass


class Bloat(Event):
    pass


class Spoil(Event):
    pass


class Shut(Event):
    pass


def book(ledger: Ledger, event: Book) -> None:
    ledger.total += event.amount


def fall_over(ledger: Ledger) -> None:
    ledger.total = -1
    ledger.notes.append("never seen")
    raise ZeroDivisionError("by nothing")


def doubtful(ledger: Ledger) -> bool:
    raise LookupError("who knows")


def spin(ledger: Ledger) -> None:
    ledger.spinning = True


def spins(ledger: Ledger) -> bool:
    return ledger.spinning


def chatter(ledger: Ledger, event: Chatter, context: Context) -> None:
    context.raise_(event)


def bloat(ledger: Ledger) -> None:
    ledger.notes = ["x" * 1000] * 10


def spoil(ledger: Ledger) -> None:
    ledger.total = "not a number"  # type: ignore[assignment]


class LedgerFlow(Machine[Ledger], name="ledger", version=1):
    indexes = ("total",)

    open = State(initial=True)
    one = State()
    other = State()
    shut = Final()

    booking = on(Book, open, do=book)
    raising = on(Raise, open >> shut, do=fall_over)
    doubting = on(Doubt, open >> shut, when=doubtful)
    spinning = on(Spin, open >> one, do=spin)
    there = always(one >> other, when=spins)
    back = always(other >> one, when=spins)
    chattering = on(Chatter, open, do=chatter)
    bloating = on(Bloat, open, do=bloat)
    spoiling = on(Spoil, open, do=spoil)
    shutting = on(Shut, one >> shut)


Bad = Callable[[Engine], Awaitable[Any]]
LIMITS = Limits(data_bytes=2000, event_bytes=500, grace_seconds=0.0)


def everything(path: Path) -> list[Any]:
    """All that the store has."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        found = [db.execute(f"SELECT rowid, * FROM {table}").fetchall() for table in TABLES[:4]]
        found += [db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES[4:]]
    db.close()
    return found


@pytest.fixture
async def engine(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Engine]:
    async with Engine(SqliteStore(tmp_path / "bad.db"), [LedgerFlow], limits=LIMITS) as engine:
        await engine.start(LedgerFlow, "l-1", key="s")
        await engine.send(LedgerFlow, "l-1", Book(amount=5), key="k")
        yield engine


def send(event: Any, id: str = "l-1", **more: Any) -> Bad:
    return lambda engine: engine.send(LedgerFlow, id, event, **more)


def start(data: Any, id: str | None = "l-2", **more: Any) -> Bad:
    return lambda engine: engine.start(LedgerFlow, id, data, **more)


DEEP: Any = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("bad", "error", "result"),
    [
        (lambda e: e.start("none", "l-2"), UnknownMachine, "ledger"),
        (lambda e: e.send("none", "l-1", Book(amount=1)), UnknownMachine, "ledger"),
        (send(Book(amount=1), "l-9"), UnknownInstance, "l-9"),
        (lambda e: e.pause(LedgerFlow, "l-9"), UnknownInstance, "l-9"),
        (lambda e: e.retry("ledger/l-1/1.1"), UnknownIncident, "1.1"),
        (send({"type": "Nothing"}), UnknownEvent, "Book"),
        (send({"type": "Book"}), InvalidPayload, "amount"),
        (send({"type": "Book", "amount": "a", "text": 1, "more": 2}), InvalidPayload, "text"),
        (send({"type": "Book", "amount": "a", "text": 1, "more": 2}), InvalidPayload, "more"),
        (send(b"\xff"), InvalidPayload, "not JSON"),
        (send({"type": "Book", "amount": 1, "text": DEEP}), InvalidPayload, "event"),
        (send(b'{"type":"Book","amount":' + b"[" * 200 + b"]" * 200 + b"}"), InvalidPayload, ""),
        (start({"total": "a", "notes": 5}), InvalidPayload, "notes"),
        (start({"total": "a", "notes": 5}), InvalidPayload, "total"),
        (start(b"{"), InvalidPayload, "data"),
        (start(None, "no/slash"), InvalidPayload, "the id"),
        (start(None, "l-1"), InstanceExists, "l-1"),
        (start(None, "l-1", key="other"), InstanceExists, "l-1"),
        (send(Book(amount=1), expected_seq=1), StaleSeq, "at seq 2"),
        (send(Book(amount=1), expected_seq=99), StaleSeq, "at seq 2"),
        (send(Book(amount=1), key="k"), KeyReused, "'k'"),
        (send(Book(amount=1), key="x" * 201), TooLarge, "201"),
        (send(Shut()), NotAllowed, "allowed now: Book"),
        (send(Book(amount=1, text="x" * 500)), TooLarge, "limit is 500"),
        (send(Bloat()), TooLarge, "limit is 2000"),
        (start(Ledger(notes=["x" * 2000])), TooLarge, "limit is 2000"),
        (send(Raise()), ActionFailed, "ZeroDivisionError: by nothing"),
        (send(Doubt()), GuardFailed, "LookupError: who knows"),
        (send(Spin()), EndlessLoop, "other, one"),
        (send(Chatter()), EndlessLoop, "without coming to rest"),
        (send(Spoil()), InvalidPayload, "total"),
    ],
)
async def test_a_refused_request_changes_no_byte_and_the_next_one_works(
    engine: Engine, tmp_path: Path, bad: Bad, error: type[StateholdError], result: str
) -> None:
    path = tmp_path / "bad.db"
    before = everything(path)
    with pytest.raises(error) as refused:
        await bad(engine)
    assert result in str(refused.value)
    assert everything(path) == before
    # in company of a good one it is refused alone
    good, again = await asyncio.gather(
        engine.send(LedgerFlow, "l-1", Book(amount=2)), bad(engine), return_exceptions=True
    )
    assert not isinstance(good, BaseException)
    assert (good.seq, good.view.total) == (3, 7)
    assert isinstance(again, error)
    assert (await engine.start(LedgerFlow, "l-3")).seq == 1


async def test_a_second_engine_on_one_file_is_refused_and_the_first_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "bad.db"
    before = everything(path)
    with pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
        await Engine(SqliteStore(path), [LedgerFlow]).open()
    assert everything(path) == before
    assert (await engine.send(LedgerFlow, "l-1", Book(amount=1))).seq == 3


async def test_another_process_on_one_file_is_refused_and_the_first_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    before = everything(tmp_path / "bad.db")
    code = (
        "import asyncio, sys\n"
        "from statehold import Engine\n"
        "from tests.acceptance.test_bad_input import LedgerFlow\n"
        "asyncio.run(Engine(sys.argv[1], [LedgerFlow]).open())\n"
    )
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, f"sqlite:///{tmp_path / 'bad.db'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert other.returncode == 1
    assert "StoreInUse" in other.stderr
    assert "one SQLite file serves one process" in other.stderr
    assert everything(tmp_path / "bad.db") == before
    assert (await engine.send(LedgerFlow, "l-1", Book(amount=1))).seq == 3


async def test_a_full_database_refuses_what_it_can_not_keep_and_works_again_with_room(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "bad.db"
    store: Any = engine._parts.store
    (pages,) = store._open.db.execute("PRAGMA page_count").fetchone()
    store._open.db.execute(f"PRAGMA max_page_count = {pages}")
    accepted = 2
    full: StoreUnavailable | None = None
    while full is None and accepted < 1000:
        before = everything(path)
        try:
            await engine.send(LedgerFlow, "l-1", Book(amount=1, text="x" * 400))
            accepted += 1
        except StoreUnavailable as error:
            full = error
    assert "full" in str(full)
    assert everything(path) == before
    assert (await engine.read(LedgerFlow, "l-1")).seq == accepted
    store._open.db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    answer = await engine.send(LedgerFlow, "l-1", Book(amount=1))
    assert (answer.seq, answer.view.total) == (accepted + 1, 5 + accepted - 2 + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
async def test_a_disk_that_takes_no_more_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "bad.db"
    code = (
        "import asyncio, resource, signal, sys\n"
        "from statehold import Engine, StoreUnavailable\n"
        "from tests.acceptance.test_bad_input import Book, LedgerFlow\n"
        "async def main():\n"
        "    engine = Engine(sys.argv[1], [LedgerFlow])\n"
        "    await engine.open()\n"
        "    await engine.start(LedgerFlow, 'l-1')\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))\n"
        "    seq = 1\n"
        "    try:\n"
        "        while seq < 5000:\n"
        "            await engine.send(LedgerFlow, 'l-1', Book(amount=1, text='x' * 400))\n"
        "            seq += 1\n"
        "    except StoreUnavailable as error:\n"
        "        print('refused at', seq + 1)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "    answer = await engine.send(LedgerFlow, 'l-1', Book(amount=1))\n"
        "    print('went on at', answer.seq)\n"
        "    await engine.close()\n"
        "asyncio.run(main())\n"
    )
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, f"sqlite:///{path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stderr
    refused, went_on = child.stdout.splitlines()
    assert refused.removeprefix("refused at ") == went_on.removeprefix("went on at ")
    async with Engine(SqliteStore(path), [LedgerFlow]) as engine:
        answer = await engine.read(LedgerFlow, "l-1")
        assert answer.view.total == answer.seq - 1
        assert str(answer.seq) == went_on.removeprefix("went on at ")


async def test_a_database_that_can_not_be_written_refuses_and_works_again_when_it_can(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "bad.db"
    store: Any = engine._parts.store
    before = everything(path)
    store._open.db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match=r"can't be written|readonly"):
        await engine.send(LedgerFlow, "l-1", Book(amount=1))
    with pytest.raises(StoreUnavailable):
        await engine.start(LedgerFlow, "l-2")
    assert everything(path) == before
    assert (await engine.read(LedgerFlow, "l-1")).view.total == 5
    store._open.db.execute("PRAGMA query_only = OFF")
    assert (await engine.send(LedgerFlow, "l-1", Book(amount=1))).view.total == 6
