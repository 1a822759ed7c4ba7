"""The context that all parts of an engine share: machines, clock, limits and identity."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from statehold.chart.machine import Definition
from statehold.engine.background.capacity import Capacity
from statehold.engine.clock import Clock
from statehold.engine.limits import Limits
from statehold.engine.machines.compatibility import UpgradePlans
from statehold.engine.observer import Observer, Tracer
from statehold.errors import MachineUnserved, UnknownMachine
from statehold.instance.turn import Turn


@dataclass(slots=True)
class Identity:
    """The identity of this worker. ``worker`` is a name that no other worker ever had. The worker
    gets a new one when it joins again, after it lost its lease or its engine was closed; ``joined``
    counts that. ``name`` stays the same."""

    name: str
    worker: str
    joined: int = 0
    #: the workers that were alive at the last heartbeat
    alive: frozenset[str] = frozenset()
    #: the engine is open, and does not stop yet
    takes_requests: bool = False

    @property
    def is_alone(self) -> bool:
        """No other worker was alive at the last heartbeat."""
        return len(self.alive) <= 1


@dataclass(frozen=True, slots=True)
class EngineContext:
    definitions: Mapping[str, Definition[Any]]
    clock: Clock
    limits: Limits
    identity: Identity
    chance: random.Random
    upgrade_plans: UpgradePlans
    capacity: Capacity
    observer: Observer | None = None
    tracer: Tracer | None = None
    #: deployed machines that can't run here: the version, and why
    unserved: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def worker(self) -> str:
        return self.identity.worker

    @property
    def machines(self) -> tuple[str, ...]:
        """The names of those that run now; more may be deployed while the engine runs."""
        return tuple(self.definitions)

    def turn(self) -> Turn:
        """Begins a turn: the time, worker and limits that all of its changes share."""
        self.capacity.begin_turn()
        return Turn(self.now(), self.worker, self.limits, self.capacity)

    def now(self) -> datetime:
        return self.clock.now()

    def definition(self, machine: str) -> Definition[Any]:
        try:
            return self.definitions[machine]
        except KeyError:
            if machine in self.unserved:
                raise MachineUnserved(machine, *self.unserved[machine]) from None
            raise UnknownMachine(machine, tuple(self.definitions)) from None
