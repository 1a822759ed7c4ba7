"""Attacks a server for a while, looks whether it still serves others, and what is left after it."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fuzz.sockets.attacks import ATTACKS, Aim

if TYPE_CHECKING:
    from tests.fuzz.sockets.server import Served

#: attacks at once
AT_ONCE = 24
#: what is left may be above what was there before: connections of the looks, and pools
SLACK = 15


@dataclass
class Report:
    """``findings`` are what must not be; ``slowest``: seconds of the look that took longest."""

    seconds: float = 0.0
    attacks: int = 0
    connections: int = 0
    looks: int = 0
    slowest: float = 0.0
    peak_megabytes: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)


async def attack(server: Served, *, seed: int, seconds: float, bound: float) -> Report:
    """``bound``: seconds within which another client's request for ``/health`` has to be answered.
    The order of attacks is the seed's; what they meet depends on the machine."""
    report, aim = Report(), Aim(server.port)
    files, tasks = server.files(), server.tasks()
    # its process is none of the attacks', which would keep it waiting
    looking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz.sockets.look", str(server.port)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    started = time.monotonic()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(_keep_attacking(aim, random.Random(f"{seed} {number}"), report, over))
        await asyncio.sleep(seconds)
        over.set()
    report.seconds = time.monotonic() - started
    looks = json.loads((await looking.communicate(b""))[0])
    report.looks, report.slowest = looks["looks"], looks["slowest"]
    report.findings += [f"another client was answered {one}" for one in looks["wrong"]]
    if report.slowest > bound:
        report.findings.append(f"a look took {report.slowest:.2f} s, more than {bound:g}")
    report.connections, report.statuses = aim.connections, aim.statuses
    report.failed = aim.failed[:3]
    report.peak_megabytes = server.megabytes()
    if aim.failed:
        report.findings.append(f"{len(aim.failed)} requests were answered with 500")
    report.findings += [f"the log says: {line.strip()}" for line in server.errors()[:5]]
    if server.process.poll() is not None:
        report.findings.append(f"the server is gone: {server.said()}")
        return report
    await _settle(server, files + SLACK, tasks + SLACK, report)
    return report


async def _keep_attacking(
    aim: Aim, chance: random.Random, report: Report, over: asyncio.Event
) -> None:
    while not over.is_set():
        await chance.choice(ATTACKS)(aim, chance)
        report.attacks += 1


async def _settle(server: Served, files: int, tasks: int, report: Report) -> None:
    """Waits until what the attacks left behind is gone, longer than any time of the server."""
    until = time.monotonic() + 60
    while server.files() > files or server.tasks() > tasks:
        if time.monotonic() > until:
            report.findings.append(
                f"{server.files()} files and {server.tasks()} tasks are left, "
                f"{files} and {tasks} are allowed for: {server.said()}"
            )
            return
        await asyncio.sleep(0.5)
