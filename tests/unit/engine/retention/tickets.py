"""Machines whose finished instances are purged; what is found in the store and in an archive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Failure,
    Final,
    Machine,
    State,
    child,
    days,
    effect,
    on,
    on_failure,
    on_result,
    seconds,
)
from statehold.engine import Engine, Retention
from statehold.instance.data_diff import apply_change
from statehold.records import Ref
from tests.unit.engine.works import lever
from tests.unit.engine.world import (
    PATIENCE,
    quiet,
)

MONTH = Retention(days(30))


NOW = Retention(timedelta())


class Ticket(BaseModel):
    notes: list[str] = []


class Write(Event):
    text: str


class Close(Event):
    pass


class CloseAndBill(Event):
    pass


def write(ticket: Ticket, event: Write) -> None:
    ticket.notes.append(event.text)


@effect(attempts=2, first=seconds(1), jitter=0)
async def bill(ticket: Ticket, call: Call) -> None:
    await lever.pull(ticket, call)


class TicketFlow(Machine[Ticket], name="ticket", version=1):
    open = State(initial=True)
    closed = Final()

    writing = on(Write, open, do=write)
    closing = on(Close, open >> closed)
    billing = on(CloseAndBill, open >> closed, do=bill)


class Desk(BaseModel):
    outcome: str = ""


class Leave(Event):
    pass


def keep_failure(desk: Desk, event: Failure) -> None:
    desk.outcome = event.error


class DeskFlow(Machine[Desk], name="desk", version=1):
    """Waits for its ticket to be closed."""

    waiting = State(initial=True, invoke=child(TicketFlow))
    served = State()
    failed = State()
    left = Final()

    serve = on_result(TicketFlow, waiting >> served)
    fail = on_failure(TicketFlow, waiting >> failed, do=keep_failure)
    leave = on(Leave, (waiting | served | failed) >> left)


async def closed(engine: Engine, *ids: str, notes: int = 1) -> None:
    for id in ids:
        await engine.start(TicketFlow, id)
        for n in range(notes):
            await engine.send(TicketFlow, id, Write(text=f"{id} {n}"))
        await engine.send(TicketFlow, id, Close())


async def there(engine: Engine, machine: str = "ticket") -> set[str]:
    rows = await engine._parts.store.load([Ref(machine, f"t-{n}") for n in range(1, 10)])
    return {ref.id for ref in rows}


async def until_there(engine: Engine, *ids: str) -> None:
    """The task has come so far; what it does in threads takes real time."""
    async with asyncio.timeout(PATIENCE):
        while await there(engine) != set(ids):
            await quiet()
    # and asleep again
    await quiet()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def text_of(directory: Path) -> str:
    return "".join((directory / name).read_text("utf-8") for name in names_in(directory))


def lines(directory: Path) -> list[dict[str, Any]]:
    """Every line of every file, in the order of the files' names."""
    return [json.loads(line) for line in text_of(directory).splitlines()]


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [line["id"] for line in found]


def fold(line: dict[str, Any]) -> tuple[int, list[str], Any]:
    """What an archived journal comes to."""
    data: Any = None
    steps = [entry for entry in line["journal"] if entry["part"] == 0]
    for entry in steps:
        body = entry["body"]
        if "data" in body:
            data = body["data"]
        elif body.get("change"):
            data = apply_change(data, body["change"])
    assert [entry["seq"] for entry in steps] == list(range(1, len(steps) + 1))
    return steps[-1]["seq"], steps[-1]["body"]["state"], data
