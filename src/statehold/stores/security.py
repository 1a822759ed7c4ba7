"""Opens the part of a store that has its tokens and its audit log, for commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from statehold.errors import StoreRefused
from statehold.security import AuditStore, TokenStore
from statehold.stores import open_store
from statehold.stores.address import StoreOptions, is_shared


class SecurityStore(AuditStore, TokenStore, Protocol):
    """Both parts."""


@asynccontextmanager
async def open_security(dsn: str, options: StoreOptions) -> AsyncIterator[SecurityStore]:
    """The tokens and the audit log of the store at an address, also while servers run on it.
    Raises ``StoreRefused`` and ``StoreUnavailable``."""
    store = open_store(dsn, options)
    if is_shared(dsn):
        await store.open("command line")
        try:
            yield store
        finally:
            await store.close()
        return
    if dsn == "memory:":
        raise StoreRefused("memory: is gone with its process; give --store of another store")
    from statehold.stores.sqlite.beside import SqliteBeside

    beside = SqliteBeside(Path(dsn.removeprefix("sqlite:///")))
    await beside.open()
    try:
        yield beside
    finally:
        await beside.close()
