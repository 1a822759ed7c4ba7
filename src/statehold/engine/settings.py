"""The arguments of an engine, checked once and used for each of its openings."""

from __future__ import annotations

import importlib
import os
import random
import socket
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.machine import AMachine, Definition
from statehold.engine.clock import Clock, SystemClock
from statehold.engine.limits import Limits
from statehold.engine.machines.loader import Deployments
from statehold.engine.observer import Observer, Tracer
from statehold.engine.requests.context import Identity
from statehold.engine.requests.texts import NAME_LIMIT
from statehold.engine.resources.providers import Providers, Resources
from statehold.engine.retention.policy import Retention, by_machine
from statehold.errors import DefinitionError, Problem
from statehold.plain.text import name_fault
from statehold.store import Store


@dataclass(frozen=True, slots=True)
class Settings:
    """``coded`` are the machines that are given by code, with those that they invoke."""

    store: Store
    coded: Mapping[str, Definition[Any]]
    clock: Clock
    limits: Limits
    identity: Identity
    chance: random.Random
    observer: Observer | None
    tracer: Tracer | None
    retention: Retention | Mapping[str, Retention] | None
    deployments: Deployments | None
    #: without its values in any text
    resources: Providers = field(repr=False)


def settings_of(
    store: Store | str,
    machines: Iterable[AMachine],
    *,
    schema: str | None,
    direct_store: str | None,
    read_store: str | None,
    clock: Clock | None,
    limits: Limits | None,
    seed: int | None,
    worker: str | None,
    observer: Observer | None,
    tracer: Tracer | None,
    retention: Retention | Mapping[str, Retention] | None,
    deployments: Deployments | None,
    resources: Resources,
) -> Settings:
    """Raises ``ValueError`` for a worker's name that can't be one and for options of an address
    beside a store, ``StoreRefused`` for an address that no store has, ``DefinitionError`` for two
    machines of one name, and for a retention of a machine that can't run here."""
    lent = [] if deployments is None else deployments.offered.machines.values()
    coded = _by_name([*machines, *lent])
    name = _worker_name(worker)
    by_machine(retention, coded, open_ended=deployments is not None)
    return Settings(
        _store_of(store, schema=schema, direct_store=direct_store, read_store=read_store),
        coded,
        clock or SystemClock(),
        limits or Limits(),
        Identity(name, name),
        random.Random(seed),
        observer,
        tracer,
        retention,
        deployments,
        Providers(resources),
    )


def _worker_name(worker: str | None) -> str:
    if worker is not None and worker.startswith("("):
        raise ValueError(f"a worker can't be called {worker!r}: a name begins with no parenthesis")
    name = worker or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    fault = name_fault(name, NAME_LIMIT)
    if fault is not None:
        raise ValueError(f"the worker's name: {fault}")
    return name


def _store_of(store: Store | str, **options: str | None) -> Store:
    """The store, or that of an address; the modules of stores are imported only for that."""
    if not isinstance(store, str):
        if given := [name for name, value in options.items() if value is not None]:
            raise ValueError(
                f"{' and '.join(given)} goes with the address of a store, and this one is a store: "
                "give it to the store instead"
            )
        return store
    stores = importlib.import_module("statehold.stores")
    made: Store = stores.open_store(store, stores.StoreOptions(**options))
    return made


def _by_name(machines: Iterable[AMachine]) -> dict[str, Definition[Any]]:
    """The machines and, with them, those that they invoke."""
    found: dict[str, Definition[Any]] = {}
    pending = [machine.definition for machine in machines]
    while pending:
        definition = pending.pop(0)
        known = found.get(definition.name)
        if known is definition:
            continue
        if known is not None:
            raise DefinitionError(
                definition.name,
                [
                    Problem(
                        f"versions {known.version} and {definition.version}",
                        "two machines of one name were given to one engine",
                        "give the newest version alone, with its upgrades, or another name",
                    )
                ],
            )
        found[definition.name] = definition
        pending += [child.definition for child in definition.children.values()]
    return found
