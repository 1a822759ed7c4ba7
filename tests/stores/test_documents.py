"""Rule 9: documents of machines are only added, each newer than all before it."""

from __future__ import annotations

import asyncio

import pytest

from statehold.store import Store, StoredDocument
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
    assert await store.documents() == {"order": 10, "courier": 3}


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
    assert await store.documents() == {"order": 2, "courier": 1}


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
