"""Tokens: one for an id, found by it, revoked and rotated once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from statehold.records import AuditEntry
from statehold.security import AuditQuery, StoredToken
from statehold.store import Store
from tests.stores.build import at
from tests.stores.conftest import Shared

pytestmark = pytest.mark.anyio


def a_token(id: str = "t1", **fields: Any) -> StoredToken:
    given: dict[str, Any] = {
        "id": id,
        "name": "billing",
        "digest": b"d" * 32,
        "roles": ("ops", "a\0b"),
        "teams": (),
        "machines": None,
        "created_at": at(0),
        "created_by": "ada",
        "expires_at": at(100),
    }
    return StoredToken(**{**given, **fields})


def an_act(action: str, number: int) -> AuditEntry:
    return AuditEntry(at(1), "ada", True, "", action, "", "", "done", "t1", 1, number)


async def acts(store: Store) -> list[str]:
    return [entry.action for entry in (await store.audit(AuditQuery())).entries]


async def test_a_token_is_read_back_as_it_was_added(store: Store) -> None:
    tokens = [
        a_token("t1"),
        a_token("t2", machines=(), teams=("north",), roles=()),
        a_token("t3", machines=("order", "shop.*"), name="n\0\1\n☃", created_by=""),
    ]
    for token in tokens:
        assert await store.add_token(token, 10)
    assert await store.tokens_of(["t3", "t1", "none"]) == {"t1": tokens[0], "t3": tokens[2]}
    assert await store.tokens_of([]) == {}
    assert await store.tokens("", 10) == tokens
    assert await store.tokens("t1", 1) == tokens[1:2]


async def test_an_id_is_given_once_and_no_more_are_kept_than_allowed(store: Store) -> None:
    kept = a_token()
    assert await store.add_token(kept, 2, [an_act("token.create", 1)])
    assert not await store.add_token(a_token(digest=b"x" * 32), 2, [an_act("another", 2)])
    assert await store.add_token(a_token("t2"), 2)
    assert not await store.add_token(a_token("t3"), 2, [an_act("another", 3)])
    assert (await store.tokens_of(["t1"]))["t1"] == kept
    assert [token.id for token in await store.tokens("", 10)] == ["t1", "t2"]
    assert await acts(store) == ["token.create"]


async def test_a_token_is_revoked_once(store: Store) -> None:
    await store.add_token(a_token(), 10)
    revoked = replace(a_token(), revoked_at=at(5))
    assert await store.revoke_token("t1", at(5), [an_act("token.revoke", 1)]) == revoked
    assert await store.revoke_token("t1", at(6), [an_act("again", 2)]) is None
    assert await store.revoke_token("none", at(6), [an_act("again", 3)]) is None
    assert await store.tokens_of(["t1"]) == {"t1": revoked}
    assert await acts(store) == ["token.revoke"]


async def test_a_rotation_needs_the_digest_before_it(store: Store) -> None:
    await store.add_token(a_token(), 10)
    await store.tokens_used({"t1": at(3)})
    rotated = a_token(
        digest=b"e" * 32, old_digest=b"d" * 32, old_until=at(9), expires_at=at(500), used_at=at(3)
    )
    assert await store.rotate_token(rotated, b"d" * 32, [an_act("token.rotate", 1)])
    assert not await store.rotate_token(a_token(digest=b"f" * 32), b"d" * 32, [an_act("no", 2)])
    assert await store.tokens_of(["t1"]) == {"t1": rotated}
    await store.revoke_token("t1", at(5))
    assert not await store.rotate_token(a_token(), b"e" * 32, [an_act("no", 3)])
    assert not await store.rotate_token(a_token("none"), b"d" * 32, [an_act("no", 4)])
    assert await acts(store) == ["token.rotate"]


async def test_the_last_use_never_goes_back(store: Store) -> None:
    for id in ("t1", "t2"):
        await store.add_token(a_token(id), 10)
    await store.tokens_used({"t1": at(5), "none": at(5)})
    await store.tokens_used({"t1": at(4), "t2": at(4)})
    await store.tokens_used({})
    found = await store.tokens_of(["t1", "t2", "none"])
    assert {id: token.used_at for id, token in found.items()} == {"t1": at(5), "t2": at(4)}


async def test_tokens_that_expired_long_ago_are_purged(store: Store) -> None:
    for n in range(3):
        await store.add_token(a_token(f"t{n}", expires_at=at(n)), 10)
    assert await store.purge_tokens(at(1)) == 1
    assert [token.id for token in await store.tokens("", 10)] == ["t1", "t2"]


async def test_of_workers_that_revoke_or_rotate_at_once_one_succeeds(shared: Shared) -> None:
    stores = [await shared.hire(f"w{n}") for n in range(4)]
    added = await asyncio.gather(*(store.add_token(a_token(), 10) for store in stores))
    assert sorted(added) == [False, False, False, True]
    rotated = await asyncio.gather(
        *(
            store.rotate_token(
                a_token(digest=bytes([n]) * 32, old_digest=b"d" * 32, old_until=at(9)), b"d" * 32
            )
            for n, store in enumerate(stores)
        )
    )
    assert sorted(rotated) == [False, False, False, True]
    kept = (await stores[0].tokens_of(["t1"]))["t1"]
    assert kept.digest == bytes([rotated.index(True)]) * 32
    revoked = await asyncio.gather(*(store.revoke_token("t1", at(5)) for store in stores))
    assert [one is None for one in revoked].count(False) == 1
