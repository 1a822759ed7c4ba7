"""Who may put a machine: the server says it of new ones, the version that runs of the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_
from datetime import timedelta
from typing import Any

import pytest

from statehold import Engine, Final, Machine, State, on
from statehold.chart.access import CLOSED, Access, ServerAccess, role
from statehold.chart.event import Event
from statehold.engine import Deployments, Retention
from statehold.engine.clock import ManualClock
from statehold.errors import DocumentRefused, Forbidden, PutRefused, UnknownMachine
from statehold.records import Caller
from statehold.security import AuditQuery
from statehold.stores import MemoryStore

pytestmark = pytest.mark.anyio

TAKES = ServerAccess(unstated=Access(put=role("deployer")))
FIRST = """
statehold: 1
name: shop-cart
version: 1
data: {properties: {}}
events: {Close: {}}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  close: {on: Close, from: open, to: closed}
"""
SECOND = FIRST.replace("version: 1", "version: 2") + "upgrades: [{from: 1}]\n"


class Shut(Event):
    pass


class Door(Machine[dict[str, Any]], name="door", version=1):
    open = State(initial=True)
    closed = Final()
    shut = on(Shut, open >> closed)


def caller(*roles: str, machines: tuple[str, ...] | None = None) -> Caller:
    return Caller(
        "dan", frozenset(roles), machines=machines, server=TAKES, proved=True, address="10.1.1.1"
    )


DEPLOYER = caller("deployer")

Opened = Callable[[], Engine]


@pytest.fixture
def opened() -> Opened:
    kept = MemoryStore()
    return lambda: Engine(kept, [Door], clock=ManualClock(), deployments=Deployments())


async def lines(engine: Engine, **what: Any) -> list[tuple[str, str, str, str]]:
    page = await engine._parts.store.audit(AuditQuery(oldest_first=True, **what))
    return [(one.caller, one.action, one.machine, one.id) for one in page.entries]


async def test_a_new_machine_is_put_by_those_to_whom_the_server_permits_it(opened: Opened) -> None:
    async with opened() as engine:
        for other in (
            caller("ops"),
            caller("deployer", machines=("shop-till", "other*")),
            caller("deployer", machines=()),
            Caller("dan", frozenset({"deployer"}), server=CLOSED),
        ):
            with pytest.raises(Forbidden):
                await engine.put(FIRST, caller=other)
            with pytest.raises(Forbidden):
                await engine.put(FIRST, caller=other, dry_run=True)
        assert await lines(engine, outcome="done") == []
        assert (await engine.put(FIRST, caller=caller("deployer", machines=("shop-*",)))).added
        (found,) = (await engine._parts.store.audit(AuditQuery(outcome="done"))).entries
        assert (found.caller, found.action, found.machine) == ("dan", "put", "shop-cart")
        assert (found.proved, found.address, found.detail) == (True, "10.1.1.1", "version 1")


async def test_what_may_not_be_put_is_not_read(opened: Opened) -> None:
    async with opened() as engine:
        with pytest.raises(Forbidden):
            await engine.put("{ no document", caller=caller("ops"))
        with pytest.raises(DocumentRefused):
            await engine.put("{ no document", caller=DEPLOYER)


async def test_the_version_that_runs_says_who_puts_the_next(opened: Opened) -> None:
    async with opened() as engine:
        await engine.put(FIRST, caller=DEPLOYER)
        running = engine._parts.context.definitions
        owned = with_(running["shop-cart"], access=Access(put="owner"))
        running["shop-cart"] = owned  # type: ignore[index]
        with pytest.raises(Forbidden):
            await engine.put(SECOND, caller=DEPLOYER)
        assert (await engine.put(SECOND, caller=caller("owner"))).added


async def test_a_refusal_comes_before_what_is_stored_is_compared(opened: Opened) -> None:
    async with opened() as engine:
        coded = FIRST.replace("shop-cart", "door")
        with pytest.raises(Forbidden):
            await engine.put(coded, caller=caller("deployer", machines=("shop-*",)))
        with pytest.raises(PutRefused):
            await engine.put(coded, caller=DEPLOYER)


async def test_instances_are_erased_by_hand_by_those_who_may_and_each_has_a_line() -> None:
    door = with_(Door.definition, access=Access(erase="registrar"))
    kept, clock = MemoryStore(), ManualClock()
    async with Engine(kept, [door], clock=clock) as engine:
        for id in ("d-1", "d-2", "d-3"):
            await engine.start("door", id)
        for id in ("d-1", "d-2"):
            await engine.send("door", id, Shut())
        clock.advance(timedelta(days=2))
        keep, by = Retention(finished_for=timedelta(days=1)), caller("registrar")
        for other in (caller("ops"), caller("registrar", machines=("shop-*",))):
            with pytest.raises(Forbidden):
                await engine.purge("door", keep, caller=other)
        assert (await engine.purge("door", keep, caller=by, dry_run=True)).purged == 2
        assert await lines(engine, outcome="done") == []
        assert (await engine.purge("door", keep, caller=by)).purged == 2
        assert sorted(await lines(engine, outcome="done")) == [
            ("dan", "erase", "door", "d-1"),
            ("dan", "erase", "door", "d-2"),
        ]
        # a machine that does not exist is as one that the caller does not see
        with pytest.raises(Forbidden):
            await engine.purge("doors", keep, caller=caller("registrar"))
        with pytest.raises(UnknownMachine):
            await engine.purge("doors", keep)


async def test_each_act_has_one_line_in_the_commit_that_does_it() -> None:
    kept = MemoryStore()
    ops = Caller("olga", frozenset(), proved=True, address="::1")
    async with Engine(kept, [Door], clock=ManualClock()) as engine:
        await engine.start("door", "d-1")
        await engine.start("door", "d-2")
        assert await lines(engine) == []
        await engine.pause("door", "d-1", reason="a storm", caller=ops)
        await engine.pause("door", "d-1", caller=ops)
        await engine.resume("door", "d-1", caller=ops)
        await engine.upgrade("door", reason="all", caller=ops)
        await engine.cancel("door", "d-1")
        page = await kept.audit(AuditQuery(oldest_first=True))
        said = sorted((one.action, one.id, one.caller, one.detail) for one in page.entries)
        assert said == [
            ("cancel", "d-1", "", ""),
            ("pause", "d-1", "olga", "a storm"),
            ("resume", "d-1", "olga", ""),
            ("upgrade", "", "olga", "all"),
        ]
        assert {one.outcome for one in page.entries} == {"done"}
