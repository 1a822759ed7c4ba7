"""Events of machines whose notation has no classes for them: any name may be sent, but for some."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from statehold import Call, effect
from statehold.errors import InvalidPayload
from statehold.formats.notation import Offered
from statehold.formats.xstate import read_xstate
from statehold.testing import EngineKit

pytestmark = pytest.mark.anyio

KILN = {
    "id": "kiln",
    "initial": "hot",
    "states": {
        "hot": {
            "invoke": {"id": "w", "src": "watch", "onDone": "cold", "onError": "broken"},
            "after": {"60000": "cold"},
            "on": {"OPEN": "broken", "*": {"actions": []}},
        },
        "cold": {"initial": "x", "onDone": "broken", "states": {"x": {"type": "final"}}},
        "broken": {},
    },
}


@effect
async def watch(data: Any, call: Call) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "name",
    ["after.hot.after 60000", "done.invoke.w", "error.invoke.w", "done.state.cold", "done.invoke"],
)
async def test_no_caller_sends_a_timer_or_an_outcome_by_its_name(name: str) -> None:
    offered = Offered(effects={"watch": watch})
    definition = read_xstate(json.dumps(KILN), offered).definition
    heard = {event for t in definition.chart.transitions for event in t.trigger.events}
    assert name in heard or name == "done.invoke"
    async with EngineKit(definition) as kit:
        before = await kit.start(definition, "k-1")
        for event in ({"type": name}, json.dumps({"type": name}).encode()):
            with pytest.raises(InvalidPayload, match="can't be sent"):
                await kit.send(definition, "k-1", event)
        after = await kit.read(definition, "k-1")
        assert (after.state, after.seq) == (before.state, before.seq)
        assert (await kit.send(definition, "k-1", {"type": "OPEN"})).state == ["broken"]
