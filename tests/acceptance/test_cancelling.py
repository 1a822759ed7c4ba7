"""Cancelling over HTTP, by the client and on the command line: cleaning up, refusals, force."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from statehold.client import AsyncClient
from statehold.engine import Deployments, Engine
from statehold.engine.clock import ManualClock
from statehold.errors import CancelFailed
from statehold.stores import MemoryStore
from tests.acceptance.command_line import Cli
from tests.acceptance.http_orders import problem

pytestmark = pytest.mark.anyio

ROOM = """
statehold: 1
name: room
version: 1
states:
  paid: {initial: true}
  undoing: {}
  undone: {final: true}
transitions:
  undo: {on_cancel: true, to: undoing}
  over: {after: 5m, from: undoing, to: undone}
"""
#: its exit action always fails
STUCK = """
statehold: 1
name: stuck
version: 1
data: {properties: {n: {type: integer, default: 0, maximum: 9}}}
states:
  busy: {initial: true, exit: {set: {n: data.n + 10}}}
"""
WHY = {"reason": "the customer called"}
ONE = "/api/machines/stuck/instances/s-1"


@pytest.fixture
async def engine(clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine(MemoryStore(), [], clock=clock, deployments=Deployments()) as engine:
        await engine.put(ROOM)
        await engine.put(STUCK)
        await engine.start("room", "r-1")
        await engine.start("stuck", "s-1")
        yield engine


async def test_a_refusal_names_the_way_out_and_force_takes_it(http: httpx.AsyncClient) -> None:
    refused = problem(await http.post(f"{ONE}/cancel", json=WHY), 422, "cancel-failed")
    assert "force" in refused["detail"]
    assert (refused["machine"], refused["id"]) == ("stuck", "s-1")
    for wrong in ({"force": "maybe"}, {"forced": True}):
        problem(await http.post(f"{ONE}/cancel", json=wrong), 422, "invalid-payload")
    caller = {"Statehold-Caller": "ann"}
    forced = await http.post(f"{ONE}/cancel", json={**WHY, "force": True}, headers=caller)
    assert (forced.status_code, forced.json()["status"]) == (200, "cancelled")
    line = (await http.get(f"{ONE}/journal")).json()["entries"][-1]
    assert (line["kind"], line["caller"], line["reason"]) == ("cancel", "ann", WHY["reason"])


async def test_an_instance_that_cleans_up_says_so_and_is_ended_by_force(cli: Cli) -> None:
    cancelled = await cli("cancel", "room", "r-1", "--reason", "a mistake")
    assert (cancelled.code, "undoing" in cancelled.out) == (0, True)
    explained = (await cli("explain", "room", "r-1")).out
    assert "It was cancelled (a mistake), and cleans up" in explained
    again = json.loads((await cli("cancel", "room", "r-1", "--json")).out)
    assert (again["status"], again["seq"]) == ("running", 2)
    forced = json.loads((await cli("cancel", "room", "r-1", "--force", "--json")).out)
    assert (forced["status"], forced["state"]) == ("cancelled", ["undoing"])


async def test_the_client_cancels_and_forces(address: str) -> None:
    async with AsyncClient(address) as client:
        reply = await client.cancel("room", "r-1", reason="a mistake")
        assert (reply.status, reply.state) == ("running", ["undoing"])
        assert (await client.explain("room", "r-1")).next[0].event is None
        with pytest.raises(CancelFailed, match="force") as caught:
            await client.cancel("stuck", "s-1")
        assert caught.value.machine == "stuck"
        assert (await client.cancel("stuck", "s-1", force=True)).status == "cancelled"
