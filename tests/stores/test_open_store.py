"""How a store is found by its address, and how its SQL is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.store import PAGE_LIMIT
from statehold.stores import FORMS, Memory, MemoryStore, SqliteStore, open_store
from statehold.stores.paging import page_size
from statehold.stores.queries import load_migrations, load_queries, parse_queries

pytestmark = pytest.mark.anyio


def test_memory_names_a_store_of_its_own_each_time() -> None:
    one, two = open_store("memory:"), open_store("memory:")
    assert isinstance(one, MemoryStore)
    assert one is not two


async def test_three_slashes_name_a_file_below_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///orders.db")
    assert isinstance(store, SqliteStore)
    await store.open("w1")
    await store.close()
    assert (tmp_path / "orders.db").is_file()


async def test_four_slashes_name_a_file_anywhere(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/orders.db")
    await store.open("w1")
    await store.close()
    assert (tmp_path / "orders.db").is_file()


@pytest.mark.parametrize(
    "dsn",
    [
        "", "orders.db", "memory", "memory://", "sqlite:", "sqlite://", "sqlite://orders.db",
        "sqlite:///", "sqlite:///:memory:", "sqlite:///a/", "sqlite:///a.db?mode=ro", "mysql://h/d",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_with_the_forms_there_are(dsn: str) -> None:
    with pytest.raises(StoreRefused, match=re.escape(FORMS)):
        open_store(dsn)


async def test_a_server_that_does_not_answer_is_reported_without_the_password() -> None:
    store = open_store("postgresql://u:secret@127.0.0.1:1/d")
    with pytest.raises(StoreUnavailable) as away:
        await store.open("w1")
    assert "secret" not in str(away.value)


@pytest.mark.parametrize("dsn", ["postgresql://[bad", "postgresql://u:secret@h:port/d"])
async def test_an_address_that_is_none_is_refused_without_the_password(dsn: str) -> None:
    with pytest.raises(StoreRefused) as refused:
        await open_store(dsn).open("w1")
    assert "secret" not in str(refused.value)


def test_a_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(StoreRefused) as refused:
        open_store("mysql://user:secret@host/db")
    assert "secret" not in str(refused.value)


async def test_a_memory_store_is_opened_once_unless_it_is_shared() -> None:
    memory = Memory()
    alone, first, second = MemoryStore(), MemoryStore(memory), MemoryStore(memory)
    assert (alone.exclusive, first.exclusive) == (True, False)
    await alone.open("w1")
    with pytest.raises(StoreRefused, match="shared Memory"):
        await alone.open("w2")
    await first.open("w1")
    await second.open("w2")
    await first.close()
    await second.ping()


def test_a_page_is_between_one_row_and_the_limit() -> None:
    assert [page_size(n) for n in (-1, 0, 1, PAGE_LIMIT, PAGE_LIMIT + 1)] == [
        1, 1, 1, PAGE_LIMIT, PAGE_LIMIT
    ]  # fmt: skip


def test_named_queries_are_split_and_their_comments_left_out() -> None:
    text = "-- about the file\n\n-- name: one\n-- why\nSELECT 1\n\n-- name: two\nSELECT\n  2\n"
    assert parse_queries(text) == {"one": "SELECT 1", "two": "SELECT\n  2"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1\n-- name: one\nSELECT 1", "line 1: a statement before"),
        ("-- name: one\nSELECT 1\n-- name: one\nSELECT 2", "line 3: a second query"),
        ("-- name: one\n-- nothing\n-- name: two\nSELECT 2", "no statement follows .* one"),
    ],
)
def test_a_malformed_file_of_queries_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_queries(text)


def test_queries_and_migrations_are_read_once() -> None:
    assert load_queries("sqlite") is load_queries("sqlite")
    assert load_migrations("sqlite") is load_migrations("sqlite")
    assert load_migrations("sqlite")[0].number == 1
