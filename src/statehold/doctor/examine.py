"""Runs all checks, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from statehold.chart.machine import Definition
from statehold.doctor.finding import Finding
from statehold.doctor.http import examine_http
from statehold.doctor.sqlite import examine_sqlite
from statehold.doctor.work import Pause
from statehold.engine import Engine
from statehold.errors import StoreRefused
from statehold.stores import MemoryStore, StoreOptions, open_store
from statehold.stores.address import is_shared


async def examine(
    store: str | None,
    machines: Sequence[Definition[Any]] = (),
    server: str | None = None,
    *,
    options: StoreOptions | None = None,
    headers: Mapping[str, str] | None = None,
    local_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Pause = asyncio.sleep,
) -> list[Finding]:
    """``store`` and ``server`` are addresses; None skips their checks; ``options`` are the store's.
    ``headers`` are sent to the server, such as one with a token.

    Raises ``StoreRefused`` for an address that no store has, for ``options`` that
    the store has no use for, and for a store in the memory of
    another process.
    """
    # with the machines that they invoke, as an engine finds them
    definitions = Engine(MemoryStore(), machines).machines
    found: list[Finding] = []
    served: set[str] = set()
    if server is not None:
        found, served = await examine_http(server.rstrip("/"), definitions, headers=headers)
    if store is None:
        return found
    options = options or StoreOptions()
    options.check(store)
    if is_shared(store):
        # asyncpg is an extra, which SQLite does not need
        from statehold.doctor.postgres import examine_postgres

        return found + await examine_postgres(
            options.server(store), definitions, served, local_now, pause, schema=options.schema
        )
    if store == "memory:":
        raise StoreRefused("memory: exists in its own process only; check its server: --server")
    open_store(store)
    path = Path(store.removeprefix("sqlite:///"))
    return found + await examine_sqlite(path, definitions, served, local_now(), pause)
