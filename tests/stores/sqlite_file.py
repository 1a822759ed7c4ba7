"""What the tests of SQLite's file have in common."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.store import Store
from statehold.stores import SqliteStore
from tests.stores.build import a_message, a_row, change, mailbox, new, read, written

BIG = b"x" * 200_000


def connection(store: SqliteStore) -> sqlite3.Connection:
    """The store's own connection, to bring about what can't be had from outside."""
    assert store._open is not None
    return store._open.db


async def refused(path: Path, error: type[Exception] = StoreRefused) -> str:
    store = SqliteStore(path)
    with pytest.raises(error) as raised:
        await store.open("w1")
    return str(raised.value)


async def nothing_was_written(store: Store) -> None:
    assert await read(store) == a_row()
    assert len(await store.journal(a_row().ref)) == 1
    assert await mailbox(store) == []
    assert await store.count("order") == {(1, "running", ("open",)): 1}


async def everything_works_again(store: Store) -> None:
    await store.ping()
    parts = {"messages": [a_message()]}
    await written(store, change(a_row(), state=("new",), parts=parts), new(a_row("o-2")))
    assert await store.count("order") == {
        (1, "running", ("new",)): 1,
        (1, "running", ("open",)): 1,
    }
    assert len(await mailbox(store)) == 1


async def fails(store: Store) -> str:
    """A commit that touches every table, and needs room."""
    parts = {"messages": [a_message()]}
    with pytest.raises(StoreUnavailable) as raised:
        await store.commit([change(a_row(), state=("new",), document=BIG, parts=parts)])
    return str(raised.value)
