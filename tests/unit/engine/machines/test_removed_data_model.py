"""A store may keep documents in a data model that an earlier release read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from statehold.engine import Deployments, Engine
from statehold.errors import MachineUnserved
from statehold.formats.notation import Imported, Offered
from statehold.formats.scxml import read_scxml
from statehold.store import StoredDocument
from statehold.stores import Memory, MemoryStore

pytestmark = pytest.mark.anyio

OTHER = """
statehold: 1
name: ticket
states: {open: {initial: true}}
"""

PYTHON = b"""
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="tally" datamodel="python">
  <datamodel><data id="n" expr="[1]"/></datamodel>
  <state id="a"/>
</scxml>
"""


def read(raw: bytes, offered: Offered) -> Imported:
    return read_scxml(raw, offered=offered)


async def test_a_stored_document_in_a_removed_data_model_leaves_others_running() -> None:
    deployments = Deployments(readers={**Deployments().readers, "scxml": read})
    memory = Memory()
    async with Engine(MemoryStore(memory), [], deployments=deployments) as engine:
        await engine.put(OTHER)
    store = MemoryStore(memory)
    await store.open("earlier")
    put_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert await store.add_document(StoredDocument("tally", 1, "scxml", PYTHON, put_at), 10)
    await store.close()
    async with Engine(MemoryStore(memory), [], deployments=deployments) as engine:
        await engine.start("ticket", "t-1")
        assert list(engine.unserved()) == ["tally"]
        with pytest.raises(MachineUnserved, match="write its expressions in ECMAScript"):
            await engine.start("tally", "t-1")
