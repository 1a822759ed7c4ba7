"""A document that was accepted is served by every opening of its store, whatever is in it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statehold.chart.model import Chart
from statehold.engine import Deployments, Engine
from statehold.engine.limits import Limits
from statehold.errors import StateholdError, Unavailable
from statehold.store import Query, Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.fuzz.mutate_json import mutate_json

pytestmark = pytest.mark.anyio

BASE: dict[str, Any] = {
    "statehold": 1,
    "name": "leave",
    "version": 1,
    "doc": "A day off, asked for and granted.",
    "meta": {"colour": "red", "at": [1, 2.5, {"x": None}]},
    "data": {
        "properties": {
            "who": {"type": "string", "default": "ann"},
            "days": {"type": "integer", "minimum": 1, "maximum": 30, "default": 2},
            "rate": {"type": "number", "default": 1.5},
            "notes": {"type": "array", "items": {"type": "string"}, "default": []},
        },
    },
    "events": {
        "Grant": {"doc": "yes", "properties": {"by": {"type": "string"}}},
        "Refuse": {"properties": {"why": {"type": "string"}}, "required": ["why"]},
    },
    "states": {
        "asked": {
            "initial": True, "owner": "lead", "tags": ["new", "open"], "deadline": "3d",
            "doc": "waits", "meta": {"x": 1},
        },
        "granted": {"final": True, "output": "data.who"},
        "refused": {"final": True},
    },
    "transitions": {
        "grant": {"on": "Grant", "from": "asked", "to": "granted", "by": "lead", "doc": "why not"},
        "refuse": {
            "on": "Refuse", "from": "asked", "to": "refused", "when": "event.why != 'x'",
            "do": {"set": {"who": "event.why"}},
        },
        "lapse": {"after": "14d", "from": "asked", "to": "refused"},
    },
    "view": {"who": "data.who", "days": "data.days"},
    "indexes": ["who", "days"],
    "silence": [{"code": "dead-end", "reason": "meant", "place": "asked"}],
}  # fmt: skip
#: what no JSON library writes of itself, put in for a value of the text
TOKENS = [
    "1e999",
    "-1e999",
    '"\\ud800"',
    '"\\u0000"',
    '"a\\udfffb"',
    "2147483648",
    "1e308",
    "-0.0",
    str(10**30),
]
DOCUMENTS = 40


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    if request.param == "memory":
        kept = MemoryStore()
        return lambda: kept
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "put.db")
    dsn = request.getfixturevalue("migrated_dsn")
    return lambda: PostgresStore(dsn)


def documents(seed: int) -> list[bytes]:
    chance = random.Random(seed)
    words = ["who", "asked", "data.who", "Grant", "14d", "string", "number", "leave"]
    found = []
    for number in range(DOCUMENTS):
        plain = json.loads(json.dumps(BASE))
        plain["name"] = f"leave-{number}"
        raw = json.dumps(plain).encode()
        for _ in range(chance.randrange(3)):
            raw = mutate_json(raw, raw, words, chance)
        if chance.random() < 0.5:
            # the value of a member, or a key
            spots = [*re.finditer(rb'(?<=: )("[^"\\]*"|-?[\d.]+|null|true)|"\w+"(?=:)', raw)]
            spot = chance.choice(spots) if spots else None
            if spot is not None:
                token = chance.choice(TOKENS).encode()
                raw = raw[: spot.start()] + token + raw[spot.end() :]
        found.append(raw)
    return found


async def test_an_accepted_document_is_served_and_read_after_every_reopening(
    make_store: Callable[[], Store], request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(10**6)
    accepted: dict[str, tuple[int, bytes]] = {}
    wrong: list[str] = []

    def note(what: str, raw: bytes, error: BaseException) -> None:
        wrong.append(f"seed {seed}, {what}: {type(error).__name__}: {error!s:.200}\n {raw!r:.3000}")

    limits = Limits(put_seconds=60, documents=10_000)
    async with Engine(make_store(), [], deployments=Deployments(), limits=limits) as engine:
        for raw in documents(seed):
            try:
                report = await engine.put(raw)
            except StateholdError as error:
                if isinstance(error, Unavailable):
                    note("put", raw, error)
                str(error).encode()
                continue
            except Exception as error:  # noqa: BLE001 - every one is reported
                note("put", raw, error)
                continue
            accepted[report.machine] = (report.version, raw)
        # how many is chance
        assert accepted
    for opening in (1, 2):
        async with Engine(make_store(), [], deployments=Deployments(), limits=limits) as engine:
            assert not engine.unserved()
            assert engine.machines.keys() == accepted.keys()
            for machine, (version, raw) in accepted.items():
                try:
                    await _use(engine, machine, version, raw, f"i-{opening}")
                except Exception as error:  # noqa: BLE001 - every one is reported
                    note("use", raw, error)
    assert not wrong, "\n".join(wrong)


async def _use(engine: Engine, machine: str, version: int, raw: bytes, id: str) -> None:
    chart = engine.machines[machine].chart
    assert Chart.from_json(chart.to_json()) == chart
    assert (await engine.document(machine)).text == raw
    assert not (await engine.put(raw)).added
    json.loads((await engine.machine_detail(machine)).model_dump_json())
    try:
        await engine.start(machine, id)
    except Unavailable:
        raise
    except StateholdError:
        # its data, or its own functions, may not let it begin
        return
    answer = await engine.read(machine, id)
    assert (answer.version, json.loads(answer.json())["id"]) == (version, id)
    assert (await engine.list(Query(machine))).instances
    await engine.explain(machine, id)
    json.loads((await engine.journal(machine, id, data=True)).model_dump_json())
