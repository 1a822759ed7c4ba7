"""An engine for tests, on a manual clock and with fakes for effects."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, overload

from msgspec import UNSET, UnsetType

from statehold.chart.effect import DATA_AND_CALL, Effect
from statehold.chart.machine import (
    AMachine,
    Definition,
    E,
    I,
    MachineClass,
    MachineName,
    Plain,
    V,
)
from statehold.check.simulate.hand_stepped import DUE_LIMIT, EPOCH, Roles
from statehold.engine import Engine
from statehold.engine.background.message_dispatcher import concerns
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.engine.resources.providers import Resources
from statehold.errors import StateholdError
from statehold.instance.reply import InstanceReply
from statehold.instance.stored import decode_document
from statehold.records import Caller, Row
from statehold.store import Store
from statehold.stores import open_store
from statehold.testing.fakes import Fake

#: seconds of real time that :meth:`EngineKit.settle` waits for effects and commits
SETTLE_SECONDS = 10.0
#: rounds of the event loop without a pause, before it waits between rounds
_EAGER_ROUNDS = 200
_PAGE = 1_000
#: a test gives the same however slow its machine is
_UNTIMED = Limits(grace_seconds=0.0, step_seconds=math.inf)

#: by effect or its name; a mapping's keys are invariant, so only ``Any`` takes all effects
Fakes = Mapping[Any, Fake]


class NotSettled(StateholdError):
    """The engine does not come to rest: an effect does not return, or timers go on without end."""

    code = "not-settled"


class EngineKit:
    """A real engine on a manual clock.

    ::

        async with EngineKit(OrderFlow, fakes={offer: fail(times=2)}) as kit:
            await kit.start(OrderFlow, "o-1", {"items": ["pizza"]})
            await kit.advance(minutes(1))
            assert (await kit.read(OrderFlow, "o-1")).state == ["creating"]

    ``fakes`` replace effects, by the effect or its name; other effects run for real. ``store`` is a
    store, its address, or None for one in memory. A closed kit leaves its store and ``clock`` as
    they are: another kit, for example with the next version of the machine, can go on with both.
    ``resources`` are those of the effects that run for real (:func:`.replacing` puts fakes among
    those of a server).

    ``engine`` is the engine, for everything that the kit has no method for.
    """

    def __init__(
        self,
        *machines: AMachine,
        fakes: Fakes | None = None,
        store: Store | str | None = None,
        clock: ManualClock | None = None,
        limits: Limits = _UNTIMED,
        seed: int = 0,
        resources: Resources = (),
    ) -> None:
        self.clock = clock or ManualClock(EPOCH)
        self.fakes = _by_name(fakes or {})
        address = "memory:" if store is None else store
        self.store: Store = open_store(address) if isinstance(address, str) else address
        definitions, self._names = _with_fakes(machines, self.fakes)
        self.engine = Engine(
            self.store,
            definitions,
            clock=self.clock,
            limits=limits,
            seed=seed,
            resources=resources,
        )

    async def __aenter__(self) -> Self:
        await self.engine.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.engine.close()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @overload
    async def start(
        self, machine: type[MachineClass[Any, I, V]], id: str | None = None,
        data: I | Plain | UnsetType | None = UNSET, **more: Any,
    ) -> InstanceReply[V]: ...  # fmt: skip
    @overload
    async def start(
        self, machine: Definition[Any] | str, id: str | None = None, data: Any = UNSET, **more: Any
    ) -> InstanceReply: ...
    async def start(
        self, machine: AMachine | str, id: str | None = None, data: Any = UNSET, **more: Any
    ) -> InstanceReply:
        """As :meth:`Engine.start`; effects go on in the background: see :meth:`settle`."""
        return await self.engine.start(machine, id, data, **more)

    @overload
    async def send(
        self, machine: type[MachineClass[E, Any, V]], id: str, event: E | Plain, *,
        roles: Roles = None, **more: Any,
    ) -> InstanceReply[V]: ...  # fmt: skip
    @overload
    async def send(
        self, machine: Definition[Any] | str, id: str, event: Any, *,
        roles: Roles = None, **more: Any,
    ) -> InstanceReply: ...  # fmt: skip
    async def send(
        self,
        machine: AMachine | str,
        id: str,
        event: Any,
        *,
        roles: Roles = None,
        **more: Any,
    ) -> InstanceReply:
        """As :meth:`Engine.send`; ``roles`` None is trusted code."""
        held = frozenset([roles]) if isinstance(roles, str) else roles
        caller = Caller("test", None if held is None else frozenset(held))
        return await self.engine.send(machine, id, event, caller=caller, **more)

    async def read(self, machine: MachineName[V], id: str) -> InstanceReply[V]:
        return await self.engine.read(machine, id)

    async def settle(self) -> None:
        """Returns once nothing is due or running, except what fakes hold.

        Retries and timers that are due later wait for :meth:`advance`. Raises ``NotSettled`` after
        ``SETTLE_SECONDS`` of real time.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_SECONDS
        rounds = 0
        while busy := await self._busy():
            if loop.time() > until:
                raise NotSettled(
                    f"after {SETTLE_SECONDS:g} s there is still {busy}; an effect that must not "
                    "return is faked by hold()"
                )
            rounds += 1
            # effects in threads need real time
            await asyncio.sleep(0 if rounds < _EAGER_ROUNDS else 0.001)

    async def advance(self, by: timedelta) -> None:
        """Moves the clock, and settles at each time at which something is due.

        Raises ``NotSettled`` after ``DUE_LIMIT`` of them.
        """
        target = self.now + by
        await self.settle()
        for _ in range(DUE_LIMIT):
            due = await self.store.next_wake(self._names)
            if due is None or due > target:
                self.clock.set(target)
                await self.settle()
                return
            self.clock.set(max(due, self.now))
            await self.settle()
        raise NotSettled(
            f"{DUE_LIMIT} timers or retries were due before {target}, and more are; advance by less"
        )

    async def _busy(self) -> str:
        """What is due or running, in words; empty if nothing is."""
        due = await self.store.due(self._names, self.now, 1)
        if due:
            return f"something due at {due[0].machine}/{due[0].id}"
        # as the message dispatcher asks: a message without a receiver returns to its sender
        machines = None if self.store.exclusive else self._names
        for message in await self.store.mail(machines, self.now, None, _PAGE):
            if concerns(message, self._names):
                return f"a message to {message.to.machine}/{message.to.id}"
        held = {key for fake in self.fakes.values() for key in fake.waiting}
        # with no worker alive, every row with a running effect is an orphan
        for row in await self.store.orphans(self._names, (), _PAGE):
            running = _running(row) - held
            if running:
                return f"an effect running, {min(running)}"
        return ""


def _running(row: Row) -> set[str]:
    """The keys of the calls that run or wait in a worker."""
    attempts = decode_document(row.document).attempts
    return {f"{row.machine}/{row.id}/{key}" for key, one in attempts.items() if one.worker}


def _by_name(fakes: Fakes) -> dict[str, Fake]:
    return {what if isinstance(what, str) else what.name: fake for what, fake in fakes.items()}


def _with_fakes(
    machines: Sequence[AMachine], fakes: Mapping[str, Fake]
) -> tuple[list[Definition[Any]], tuple[str, ...]]:
    """The machines and those that they invoke, with fakes in place of effects, and the names of
    all. Raises ``ValueError`` for a fake of an unknown effect."""
    done: dict[int, Definition[Any]] = {}
    known: set[str] = set()

    def faked(machine: AMachine) -> Definition[Any]:
        definition = machine.definition
        if id(definition) not in done:
            known.update(definition.effects)
            done[id(definition)] = dataclasses.replace(
                definition,
                effects={
                    name: _faked(effect, fakes[name]) if name in fakes else effect
                    for name, effect in definition.effects.items()
                },
                children={name: faked(child) for name, child in definition.children.items()},
                # the program was compiled for the real effects
                program=None,
            )
        return done[id(definition)]

    definitions = [faked(machine) for machine in machines]
    strange = sorted(set(fakes) - known)
    if strange:
        raise ValueError(
            f"no machine here has an effect {strange[0]!r}; there are "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    return definitions, tuple({definition.name for definition in done.values()})


def _faked(effect: Effect[Any, Any], fake: Fake) -> Effect[Any, Any]:
    # a held call must not time out: timeouts are in real time
    return dataclasses.replace(
        effect,
        run=fake.perform,
        is_async=True,
        parameters=DATA_AND_CALL,
        timeout=timedelta(days=1),
        heartbeat=None,
    )
