"""Looks over a SQLite store from outside: with ``sqlite3`` and ``json``, and no code of the engine.

It knows the tables and the shape of a journal's body, and states what has to hold between them.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INSTANCES = """
SELECT i.number, i.machine, i.id, i.seq, i.held_by, i.incidents, i.document,
       c.status, c.state, c.version
FROM instances AS i JOIN configurations AS c ON c.number = i.configuration
ORDER BY i.number
"""

JOURNAL = "SELECT seq, part, at, kind, body, key FROM journal WHERE instance = ? ORDER BY seq, part"


@dataclass
class Ledger:
    """What the callers know: keys by what became of them."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    #: the connection broke, and nobody asked again
    unknown: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Line:
    seq: int
    part: int
    at: datetime
    kind: str
    body: Mapping[str, Any]
    key: str | None


@dataclass(frozen=True)
class Instance:
    name: str
    seq: int
    status: str
    state: list[str]
    version: int
    held_by: str | None
    incidents: int
    document: Mapping[str, Any]
    lines: tuple[Line, ...]


def audit(path: Path, ledger: Ledger | None = None) -> list[str]:
    """Everything that is wrong, in words; empty where nothing is."""
    instances = list(read(path))
    findings: list[str] = []
    for instance in instances:
        for check in (check_seqs, check_end, check_data, check_effects, check_timers):
            findings += [f"{instance.name}: {finding}" for finding in check(instance)]
    findings += check_messages(instances)
    findings += check_keys(instances, ledger or Ledger())
    return findings


def read(path: Path) -> Iterator[Instance]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for row in db.execute(INSTANCES).fetchall():
            number, machine, id, seq, held_by, incidents, document, status, state, version = row
            lines = tuple(
                Line(s, part, EPOCH + timedelta(microseconds=at), kind, json.loads(body), key)
                for s, part, at, kind, body, key in db.execute(JOURNAL, (number,))
            )
            yield Instance(
                f"{machine}/{id}", seq, status, json.loads(state), version, held_by, incidents,
                json.loads(document), lines,
            )  # fmt: skip
    finally:
        db.close()


def waiting(path: Path) -> int:
    """Messages that are still on their way."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM mailbox").fetchone()[0])
    finally:
        db.close()


def check_seqs(instance: Instance) -> Iterator[str]:
    steps = [line.seq for line in instance.lines if line.part == 0]
    if steps != list(range(1, instance.seq + 1)):
        yield f"its steps are {steps}, and not 1 to {instance.seq}"
    parts: dict[int, list[int]] = defaultdict(list)
    for line in instance.lines:
        parts[line.seq].append(line.part)
    for seq, numbers in parts.items():
        if numbers != list(range(len(numbers))):
            yield f"the notes under seq {seq} are numbered {numbers}"
    times = [line.at for line in instance.lines]
    if times != sorted(times):
        yield "its journal goes back in time"


def check_end(instance: Instance) -> Iterator[str]:
    steps = [line for line in instance.lines if line.part == 0]
    if not steps:
        yield "it has no journal"
        return
    last = steps[-1].body
    if last["state"] != instance.state:
        yield f"it is in {instance.state}, its journal ends in {last['state']}"
    if last.get("status", "running") != instance.status:
        yield f"it is {instance.status}, its journal ends {last.get('status', 'running')}"
    if last["version"] != instance.version:
        yield f"it is of version {instance.version}, its journal ends in {last['version']}"


def check_data(instance: Instance) -> Iterator[str]:
    data: Any = None
    for line in instance.lines:
        if line.part:
            continue
        if "data" in line.body:
            data = line.body["data"]
        elif line.body.get("change"):
            data = changed(data, line.body["change"])
    if json.dumps(data, sort_keys=True) != json.dumps(instance.document["data"], sort_keys=True):
        yield f"its data is {instance.document['data']}, its journal comes to {data}"


def changed(data: Any, change: Mapping[str, Any]) -> Any:
    for path in change.get("unset", ()):
        *above, name = tokens(path)
        del place(data, above)[name]
    for path, value in change.get("set", {}).items():
        if path == "":
            data = value
        else:
            *above, name = tokens(path)
            place(data, above)[name] = value
    return data


def place(data: Any, above: list[str]) -> Any:
    for name in above:
        data = data[name]
    return data


def tokens(path: str) -> list[str]:
    return [
        "" if token == "~2" else token.replace("~1", "/").replace("~0", "~")
        for token in path.split("/")
    ]


def check_effects(instance: Instance) -> Iterator[str]:
    told: dict[str, list[str]] = defaultdict(list)
    for line in instance.lines:
        for record in line.body.get("effects", ()):
            told[record["key"]].append(record["what"])
    ends = {"done", "failed", "cancelled", "skipped", "resolved"}
    for key, history in told.items():
        if key.startswith(("timer:", "message:")):
            continue
        if history.count("asked") != 1 or history[0] != "asked":
            yield f"effect {key} was recorded as {history}, and not asked for once and first"
        over = [what for what in history if what in ends]
        if len(over) > 1:
            yield f"effect {key} ended more than once: {history}"
        if over and history[-1] not in ends:
            yield f"effect {key} went on after its end: {history}"
    flying = {effect["key"] for effect in instance.document.get("effects", ())}
    open_ = {key for key, history in told.items() if not ends & set(history)}
    if flying != {key for key in open_ if not key.startswith(("timer:", "message:"))}:
        yield f"effects {sorted(flying)} are in flight, its journal says {sorted(open_)}"


def check_timers(instance: Instance) -> Iterator[str]:
    due: dict[str, datetime] = {}
    for line in instance.lines:
        event = line.body.get("event")
        if line.kind == "timer" and isinstance(event, dict):
            timer = event["timer"]
            if timer not in due:
                yield f"timer {timer} fired at seq {line.seq} and was not set"
            elif line.at < due[timer]:
                yield f"timer {timer} fired at {line.at} and was due at {due[timer]}"
            due.pop(timer, None)
        for timer, moment in line.body.get("timers", {}).items():
            if moment is None:
                due.pop(timer, None)
            else:
                due[timer] = datetime.fromisoformat(moment)


def check_messages(instances: list[Instance]) -> Iterator[str]:
    """Each message arrived once, or is told about where it came from. Mailbox drained."""
    sent: Counter[tuple[str, str]] = Counter()
    arrived: Counter[tuple[str, str]] = Counter()
    for instance in instances:
        for line in instance.lines:
            for message in line.body.get("sent", ()):
                if "event" in message:
                    sent[f"{instance.name}#{line.seq}", message["to"]] += 1
            cause = line.body.get("cause") or ""
            if line.kind == "event" and "#" in cause:
                arrived[cause, instance.name] += 1
    for (cause, to), times in (sent - arrived).items():
        yield f"{times} of the messages of {cause} to {to} did not arrive"
    for (cause, to), times in (arrived - sent).items():
        yield f"{times} messages of {cause} arrived at {to} and were not sent"


def check_keys(instances: list[Instance], ledger: Ledger) -> Iterator[str]:
    keys: Counter[str] = Counter()
    for instance in instances:
        own = Counter(line.key for line in instance.lines if line.key)
        for key, times in own.items():
            if times > 1:
                yield f"{instance.name}: key {key} is in its journal {times} times"
        keys.update(own)
    for key in ledger.acknowledged:
        if keys[key] != 1:
            yield f"{key} was acknowledged and is in the journal {keys[key]} times"
    for key in ledger.refused:
        if keys[key]:
            yield f"{key} was refused and is in the journal"
    for key in ledger.unknown:
        if keys[key] > 1:
            yield f"{key} is in the journal {keys[key]} times"
