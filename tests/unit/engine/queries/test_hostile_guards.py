"""Reading an instance asks the guards of all its transitions: a tenth of a second for all of them,
whatever their machine and its data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statehold.engine import Deployments, Engine
from statehold.engine.limits import Limits
from statehold.stores import MemoryStore
from tests.timing import measured

pytestmark = pytest.mark.anyio

#: seconds of the processor; a quiet machine takes a tenth of it
LONGEST = 0.4
TEXTS = {
    "t": {"type": "string", "default": "aab" * 30_000},
    "u": {"type": "string", "default": "a" * 45_000 + "b"},
}
NUMBERS = {"l": {"type": "array", "items": {"type": "integer"}, "default": list(range(9_000))}}
GUARDS: dict[str, tuple[str, dict[str, Any]]] = {
    "search": ("data.t.contains(data.u + '#')", TEXTS),
    "search from the end": ("data.t.lastIndexOf(data.u + '#') > 0", TEXTS),
    "pattern": ("data.t.matches('[ab]*a[ab]{#}c')", TEXTS),
    "program": ("'#'.matches('[ab]*a[ab]{900}c')", TEXTS),
    "replacing": ("data.t.replace('', data.u, 99999) == '#'", TEXTS),
    "comparison": ("data.l == [] && data.l.size() > #", NUMBERS),
    "loop": ("data.l.exists(x, x == -#)", NUMBERS),
    "loop in a loop": ("data.l.all(x, data.l.exists(y, y == x + #))", NUMBERS),
    "many": ("data.l.size() == #", NUMBERS),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(("guard", "fields"), GUARDS.values(), ids=GUARDS)
async def test_a_read_takes_a_tenth_of_a_second(guard: str, fields: dict[str, Any]) -> None:
    document = {
        "statehold": 1,
        "name": "asked",
        "data": {"properties": fields},
        "events": {f"E{n}": {} for n in range(300)},
        "states": {"a": {"initial": True}, "b": {}},
        "transitions": {
            f"t{n}": {"on": f"E{n}", "from": "a", "to": "b", "when": guard.replace("#", str(n))}
            for n in range(300)
        },
    }
    limits = Limits(check_steps=0, put_seconds=100)
    async with Engine(MemoryStore(), [], deployments=Deployments(), limits=limits) as engine:
        await engine.put(json.dumps(document))
        await engine.start("asked", "a-1")
        with measured() as read:
            reply = await engine.read("asked", "a-1")
        assert len(reply.allowed) <= 300
        assert read.seconds < LONGEST
        with measured() as explained:
            await engine.explain("asked", "a-1")
        assert explained.seconds < LONGEST
