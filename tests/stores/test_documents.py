"""Rule 9: documents of machines are only added, each newer than all before it; the newest of a
machine can be replaced by one of its version."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from statehold.records import AuditEntry
from statehold.security import AuditQuery
from statehold.store import NewestDocument, Store, StoredDocument
from statehold.stores.postgres.store import PostgresStore
from tests.stores.build import at
from tests.stores.conftest import Shared

pytestmark = pytest.mark.anyio


def a_document(machine: str, version: int, text: bytes = b"{}") -> StoredDocument:
    return StoredDocument(machine, version, "native", text, at(version), "ada", "a \0 change")


async def test_a_document_is_read_back_as_it_was_put(store: Store) -> None:
    first = StoredDocument("order", 1, "native", b'{"name": "order"}\n\0\xff', at(1))
    second = StoredDocument(
        "order", 2, "native", b"{}", at(2), "a\0da\1", "the \0 kitchen \1 moved"
    )
    assert await store.add_document(first, 10)
    assert await store.add_document(second, 10)
    assert await store.document("order", 1) == first
    assert await store.document("order", 2) == second
    assert await store.document("order", 3) is None
    assert await store.document("courier", 1) is None


async def test_the_newest_version_of_each_machine_is_reported(store: Store) -> None:
    assert await store.documents() == {}
    for machine, version in (("order", 9), ("order", 10), ("courier", 3)):
        assert await store.add_document(a_document(machine, version), 10)
    assert await store.documents() == {
        "order": NewestDocument(10, at(10)),
        "courier": NewestDocument(3, at(3)),
    }


@pytest.mark.parametrize("version", [1, 2])
async def test_a_document_that_is_not_newer_than_all_changes_nothing(
    store: Store, version: int
) -> None:
    kept = a_document("order", 2, b"kept")
    await store.add_document(kept, 10)
    assert not await store.add_document(a_document("order", version, b"another"), 10)
    assert await store.document("order", 2) == kept
    assert await store.document("order", 1) is None


async def test_no_more_machines_have_documents_than_are_allowed(store: Store) -> None:
    assert await store.add_document(a_document("order", 1), 2)
    assert await store.add_document(a_document("courier", 1), 2)
    assert not await store.add_document(a_document("refund", 1), 2)
    assert await store.add_document(a_document("order", 2), 2)
    assert await store.documents() == {
        "order": NewestDocument(2, at(2)),
        "courier": NewestDocument(1, at(1)),
    }


async def test_of_two_workers_that_add_one_version_at_once_one_is_refused(shared: Shared) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(6)]
    texts = [f"{n}".encode() for n in range(6)]
    added = await asyncio.gather(
        *(
            store.add_document(a_document("order", 1, text), 10)
            for store, text in zip(stores, texts, strict=True)
        )
    )
    assert sorted(added) == [False] * 5 + [True]
    kept = await stores[0].document("order", 1)
    assert kept is not None
    assert kept.text == texts[added.index(True)]


ENTRY = AuditEntry(at(1), "ada", True, "", "put", "order", "", "done")


async def test_the_newest_document_is_replaced_by_one_of_its_version(store: Store) -> None:
    before = a_document("order", 2, b"before")
    await store.add_document(a_document("order", 1), 10)
    await store.add_document(before, 10)
    after = StoredDocument("order", 2, "native", b"after", at(3), "bob", None, ("courier", "order"))
    assert await store.replace_document(after, before, [ENTRY])
    assert await store.document("order", 2) == after
    assert await store.documents() == {"order": NewestDocument(2, at(3))}
    assert len((await store.audit(AuditQuery())).entries) == 1
    # once only
    assert not await store.replace_document(after, before, [ENTRY])
    assert len((await store.audit(AuditQuery())).entries) == 1


async def test_what_is_not_there_or_not_the_newest_is_not_replaced(store: Store) -> None:
    first, second = a_document("order", 1), a_document("order", 2)
    another = StoredDocument("order", 1, "native", b"x", at(9))
    assert not await store.replace_document(another, first)
    await store.add_document(first, 10)
    other_text = StoredDocument("order", 1, "native", b"other", first.put_at)
    other_time = StoredDocument("order", 1, "native", first.text, at(8))
    assert not await store.replace_document(another, other_text)
    assert not await store.replace_document(another, other_time)
    await store.add_document(second, 10)
    assert not await store.replace_document(another, first)
    assert await store.document("order", 1) == first
    assert await store.document("order", 2) == second


async def test_of_two_workers_that_replace_one_document_at_once_one_is_refused(
    shared: Shared,
) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(4)]
    before = a_document("order", 1)
    await stores[0].add_document(before, 10)
    replaced = await asyncio.gather(
        *(
            one.replace_document(
                StoredDocument("order", 1, "native", f"{n}".encode(), at(2 + n)), before
            )
            for n, one in enumerate(stores)
        )
    )
    assert sorted(replaced) == [False] * 3 + [True]
    kept = await stores[0].document("order", 1)
    assert kept is not None
    assert kept.text == f"{replaced.index(True)}".encode()


async def test_what_an_older_release_puts_beside_this_one_covers_all_machines(
    migrated_dsn: str, anyio_backend: str
) -> None:
    db = await asyncpg.connect(migrated_dsn)
    await db.execute(
        "INSERT INTO documents (machine, version, notation, text, put_at, put_by, reason) "
        "VALUES ('order', 1, 'native', '{}', 1, 'ada', NULL)"
    )
    await db.close()
    store = PostgresStore(migrated_dsn)
    await store.open("w1")
    document = await store.document("order", 1)
    await store.close()
    assert document is not None
    assert (document.put_by, document.covers) == ("ada", None)
