"""The play, broken off at one moment after another: each time it goes on, and is audited."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.acceptance.chaos import scenario
from tests.acceptance.chaos.bugs import SPREAD_VARIABLE
from tests.acceptance.chaos.endpoint import Asked
from tests.acceptance.chaos.failpoints import NEVER
from tests.servers.postgres import PostgresServer
from tests.simulation.auditor import Ledger, audit, audit_at_rest
from tests.simulation.images import Image

#: how often the process that goes on dies as well
AGAIN = 0.25

ROOT = Path(__file__).parents[3]

#: gives the address of an empty database, below the folder or on a server, and takes it away again
Stage = Callable[[Path], "Iterator[str]"]


@dataclass
class Deaths:
    """``tried``: moments; ``died``: how often a process did."""

    tried: int = 0
    died: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.tried} moments tried, {self.died} deaths, {len(self.violations)} violations"


def on_sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'play.db'}"


def on_postgres(server: PostgresServer, template: str) -> Stage:
    def stage(folder: Path) -> Iterator[str]:
        dsn = server.create_database(template=template)
        yield dsn
        server.drop_database(dsn)

    return stage


class Player:
    """A process of its own that forks the performances off: one at a time, in milliseconds. With
    ``spread``, each statement of its PostgreSQL store takes one partition."""

    def __init__(self, *, spread: bool = False) -> None:
        self._environment = {SPREAD_VARIABLE: "1" if spread else ""}

    def __enter__(self) -> Player:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.chaos.player"],
            cwd=ROOT, env={**os.environ, **self._environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def perform(self, dsn: str, folder: Path, at: int, name: str) -> int:
        """The exit status; negative for a signal."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([dsn, str(folder), at, name]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def count_moments(stage: Stage, player: Player) -> list[str]:
    """The moments' names, in order; raises where the play itself goes wrong."""
    with _folder() as folder, contextmanager(stage)(folder) as dsn:
        status = player.perform(dsn, folder, NEVER, "p0")
        findings = _findings(dsn, folder)
        if status or findings:
            raise AssertionError(f"undisturbed, it ended with {status}: {findings} {_log(folder)}")
        return (folder / "moments-p0").read_text().splitlines()


def die_at(stage: Stage, players: Sequence[Player], moments: Sequence[int], seed: int) -> Deaths:
    """Plays once for each of these moments, with so many players at a time."""
    deaths = Deaths()
    free: SimpleQueue[Player] = SimpleQueue()
    for player in players:
        free.put(player)

    def play(moment: int) -> tuple[int, list[str]]:
        player = free.get()
        try:
            return _die_at(stage, player, moment, seed)
        finally:
            free.put(player)

    with ThreadPoolExecutor(len(players)) as pool:
        for died, found in pool.map(play, moments):
            deaths.tried += 1
            deaths.died += died
            deaths.violations += found
    return deaths


def _die_at(stage: Stage, player: Player, moment: int, seed: int) -> tuple[int, list[str]]:
    """How often a process died, and what is wrong afterwards."""
    chance = random.Random(f"{seed} {moment}")
    ends = [moment]
    if chance.random() < AGAIN:
        ends.append(chance.randrange(1, 60))
    with _folder() as folder, contextmanager(stage)(folder) as dsn:
        died = 0
        for number, at in enumerate([*ends, NEVER]):
            status = player.perform(dsn, folder, at, f"p{number}")
            died += status == -signal.SIGKILL
            if status not in (0, -signal.SIGKILL) or (at == NEVER and status):
                where = f"seed {seed}, moments {ends}: performance {number} ended with {status}"
                return died, [f"{where}: {_log(folder)}"]
        names = (folder / "moments-p0").read_text().splitlines()
        where = f"seed {seed}, moments {ends} ({names[-1]})"
        return died, [f"{where}: {finding}" for finding in _findings(dsn, folder)]


def _log(folder: Path) -> str:
    logs = [folder / "play.log", folder / "stderr"]
    return "\n".join(log.read_text()[-2000:] for log in logs if log.exists())


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="statehold-play-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


# --- the audit ------------------------------------------------------------------------------------


def _findings(dsn: str, folder: Path) -> list[str]:
    image = asyncio.run(scenario.image_of(dsn))
    told = scenario.lines_of(folder / "told")
    ledger = Ledger()
    replies: dict[str, dict[str, Any]] = {}
    findings: list[str] = []
    for line in told:
        if line["what"] == "refused":
            ledger.refused.add(line["key"])
        if line["what"] != "acknowledged":
            continue
        key, reply = line["key"], line["reply"]
        ledger.acknowledged.add(key)
        first = replies.setdefault(key, reply)
        # the answer that it is held says nothing of the step that it comes to; that is told later
        if first != reply and not first["held"]:
            findings.append(f"{key} was answered {first} and then {reply}")
        replies[key] = reply
    findings += audit(image, ledger)
    calls = _calls(folder)
    findings += audit_at_rest(image, calls, recalls=scenario.RECALLS)
    findings += _ends(image)
    return findings


def _calls(folder: Path) -> list[Asked]:
    calls: list[Asked] = []
    for line in scenario.lines_of(folder / "calls"):
        at = datetime.fromisoformat(line["at"])
        if line["ended"]:
            begun = next(c for c in reversed(calls) if c.key == line["key"] and c.ended is None)
            begun.ended = at
        else:
            calls.append(Asked(line["key"], at))
    return calls


def _ends(image: Image) -> Iterator[str]:
    """The play has one end, however often it was broken off."""
    found = {one.name: (one.status, list(one.state)) for one in image.instances}
    wanted = {
        "hub/hub-1": ("running", ["open"]),
        "order/o-1": ("done", ["delivered"]),
        "order/o-2": ("cancelled", ["refunded"]),
        "parcel/p-1": ("done", ["gone"]),
    }
    for name, end in wanted.items():
        if found.get(name) != end:
            yield f"{name} is {found.get(name)}, and not {end}"
    for one in image.instances:
        data = one.document["data"]
        if one.name == "hub/hub-1":
            heard = Counter(data["heard"])
            if heard != Counter({"offered": 2, "delivered": 1}):
                yield f"the hub has heard {dict(heard)}"
        elif one.name == "order/o-1" and data["notes"] != ["held"]:
            yield f"o-1 has the notes {data['notes']}"
        elif one.name == "order/o-2" and data["notes"] != ["undone"]:
            yield f"o-2 has the notes {data['notes']}"
        elif one.name.startswith("check/"):
            asked = [
                record["name"]
                for line in one.lines
                for record in line.body.get("effects", ())
                if record["what"] == "asked"
            ]
            # each has tidied up once, the one that was cancelled too
            if Counter(asked) != Counter(["look", "tidy"]):
                yield f"{one.name} has asked for {asked}"
