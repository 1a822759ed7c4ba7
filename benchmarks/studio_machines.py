"""The machines that the studio is measured with, as documents, and the instances in them."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from statehold.client import AsyncClient
from statehold.wire.operations import SendRequest

#: the tickets on a busy team's board
TICKETS = 10_000
ENTRIES = 10_000
STAGES = ("new", "triaged", "working", "waiting", "done_soon")
#: groups of states, each a row of nine in which one comes after the other
GROUPS, IN_GROUP = 10, 9
_AT_ONCE = 64
_BATCH = 1000


def write_machines(folder: Path) -> list[Path]:
    paths = []
    for machine in (tickets(), meter(), large()):
        path = folder / f"{machine['name']}.json"
        path.write_text(json.dumps({"statehold": 1, "version": 1, **machine}), encoding="utf-8")
        paths.append(path)
    return paths


def tickets() -> dict[str, Any]:
    """A row of states to move cards along."""
    steps = list(pairwise(STAGES))
    return {
        "name": "ticket",
        "data": {"properties": {"about": {"type": "string", "default": "a parcel"}}},
        "events": {"Next": {}, "Close": {}},
        "states": {
            **{stage: {"owner": "desk"} for stage in STAGES},
            STAGES[0]: {"initial": True, "owner": "desk"},
            "closed": {"final": True},
        },
        "transitions": {
            **{f"to_{to}": {"on": "Next", "from": of, "to": to} for of, to in steps},
            "close": {"on": "Close", "from": list(STAGES), "to": "closed"},
        },
    }


def meter() -> dict[str, Any]:
    """Takes as many events as one likes."""
    sum_ = "data.total + event.amount"
    return {
        "name": "meter",
        "data": {"properties": {"total": {"type": "integer", "default": 0}}},
        "events": {"Add": {"properties": {"amount": {"type": "integer"}}, "required": ["amount"]}},
        "states": {"counting": {"initial": True}, "over": {"final": True}},
        "transitions": {
            "add": {"on": "Add", "from": "counting", "do": {"set": {"total": sum_}}},
            "end": {"after": "365d", "from": "counting", "to": "over"},
        },
    }  # fmt: skip


def large() -> dict[str, Any]:
    """100 states: groups in a row, with ways back and out."""
    groups: dict[str, Any] = {}
    transitions: dict[str, Any] = {}
    for group in range(GROUPS):
        inner: dict[str, Any] = {f"step_{n}": {} for n in range(IN_GROUP)}
        inner["step_0"] = {"initial": True}
        name = f"group_{group}"
        groups[name] = {"states": inner, **({"initial": True} if group == 0 else {})}
        for n in range(IN_GROUP - 1):
            of = f"{name}.step_{n}"
            transitions[f"on_{group}_{n}"] = {"on": "Go", "from": of, "to": f"{name}.step_{n + 1}"}
        transitions[f"again_{group}"] = {
            "on": "Again", "from": f"{name}.step_{IN_GROUP - 1}", "to": f"{name}.step_0",
        }  # fmt: skip
        to = f"group_{group + 1}" if group + 1 < GROUPS else "end"
        transitions[f"leave_{group}"] = {"on": "Leave", "from": name, "to": to}
    return {
        "name": "large",
        "events": {"Go": {}, "Again": {}, "Leave": {}},
        "states": {**groups, "end": {"final": True}},
        "transitions": transitions,
    }


async def fill(url: str) -> None:
    """Starts the instances and sends them on, so that all states have some."""
    async with AsyncClient(url, caller="benchmark") as client:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def start(machine: str, id: str) -> None:
            async with gate:
                await client.start(machine, id=id)

        names = [f"t-{number:05}" for number in range(TICKETS)]
        await asyncio.gather(start("meter", "m-1"), start("large", "l-1"))
        await asyncio.gather(*(start("ticket", name) for name in names))
        moves = [
            SendRequest(machine="ticket", id=name, event={"type": "Next"})
            for number, name in enumerate(names)
            for _ in range(number % len(STAGES))
        ]
        adds = [
            SendRequest(machine="meter", id="m-1", event={"type": "Add", "amount": n})
            for n in range(ENTRIES - 1)
        ]
        for sent in (moves, adds):
            for first in range(0, len(sent), _BATCH):
                await client.send_many(sent[first : first + _BATCH])
