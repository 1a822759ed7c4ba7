"""A store may keep documents whose patterns an earlier release ran."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from statehold.engine import Deployments, Engine
from statehold.errors import DocumentRefused, MachineUnserved
from statehold.store import StoredDocument
from statehold.stores import Memory, MemoryStore

pytestmark = pytest.mark.anyio

OTHER = """
statehold: 1
name: ticket
states: {open: {initial: true}}
"""

HEAVY = """
statehold: 1
name: heavy
data: {properties: {code: {type: string, default: "", pattern: "[ab]*a[ab]{10000}c|^$"}}}
states: {open: {initial: true}}
"""
LIGHT = HEAVY.replace("{10000}", "{100}").replace("name: heavy", "name: heavy\nversion: 2")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_stored_document_whose_pattern_is_refused_now_leaves_others_running() -> None:
    memory = Memory()
    async with Engine(MemoryStore(memory), [], deployments=Deployments()) as engine:
        await engine.put(OTHER)
        with pytest.raises(DocumentRefused, match=r"data\.properties\.code\.pattern"):
            await engine.put(HEAVY)
    store = MemoryStore(memory)
    await store.open("earlier")
    put_at = datetime(2026, 1, 1, tzinfo=UTC)
    there = StoredDocument("heavy", 1, "native", HEAVY.encode(), put_at)
    assert await store.add_document(there, 10)
    await store.close()
    async with Engine(MemoryStore(memory), [], deployments=Deployments()) as engine:
        await engine.start("ticket", "t-1")
        assert list(engine.unserved()) == ["heavy"]
        assert "more than 1,000 times" in engine.unserved()["heavy"][1]
        with pytest.raises(MachineUnserved, match="more than 1,000 times"):
            await engine.start("heavy", "h-1")
        await engine.put(LIGHT)
        assert not engine.unserved()
        await engine.start("heavy", "h-1", {"code": "a" * 101 + "c"})
