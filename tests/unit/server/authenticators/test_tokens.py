"""Tokens of the store: what is let in, for how long, and what a flood of others costs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.requests import Request

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.errors import Overloaded, StoreUnavailable
from statehold.records import Caller
from statehold.security import StoredToken
from statehold.server.authenticators import tokens as module
from statehold.server.authenticators.token_text import LENGTH, digest_of, id_of, new_token
from statehold.server.authenticators.tokens import STALE_SECONDS, Tokens
from statehold.server.problems import Unauthorized
from statehold.stores import MemoryStore

pytestmark = pytest.mark.anyio


class Counted(MemoryStore):
    """Counts what is asked for, and may be away."""

    asked = 0
    is_away = False
    is_broken = False
    noted: dict[str, Any]

    async def tokens_of(self, ids: Sequence[str]) -> dict[str, StoredToken]:
        if self.is_away:
            raise StoreUnavailable("the test has taken it away")
        if self.is_broken:
            raise RuntimeError("a driver's own error")
        self.asked += 1
        await asyncio.sleep(0)
        return await super().tokens_of(ids)


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Counted()
        self.seconds = 0.0
        self.tokens = Tokens(monotonic=lambda: self.seconds)
        self.engine = Engine(self.store, [], clock=self.clock)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(timedelta(seconds=seconds))

    async def token(self, **fields: Any) -> str:
        made, now = new_token(), self.clock.now()
        given: dict[str, Any] = {
            "id": made.id,
            "name": "billing",
            "digest": made.digest,
            "roles": ("ops",),
            "teams": ("north",),
            "machines": ("shop.*",),
            "created_at": now,
            "created_by": "ada",
            "expires_at": now + timedelta(days=90),
        }
        assert await self.store.add_token(StoredToken(**{**given, **fields}), 10)
        return made.text

    async def ask(self, *headers: str | bytes) -> Caller:
        sent = [
            (b"authorization", one if isinstance(one, bytes) else one.encode()) for one in headers
        ]
        return await self.tokens(Request({"type": "http", "headers": sent}))

    async def stored(self, token: str) -> StoredToken:
        id = id_of(token.encode())
        assert id is not None
        return (await self.store.tokens_of([id]))[id]


@pytest.fixture
async def bench(anyio_backend: str) -> AsyncIterator[Bench]:
    made = Bench()
    async with made.engine:
        await made.tokens.open(made.engine)
        yield made
        await made.tokens.close()


async def test_a_token_is_its_caller_and_is_asked_of_the_store_once(bench: Bench) -> None:
    text = await bench.token()
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = await bench.ask(f"{scheme} {text}")
        assert caller == Caller(
            "billing", frozenset({"ops"}), frozenset({"north"}), ("shop.*",), proved=True
        )
    assert bench.store.asked == 1


def wrong(text: str) -> list[tuple[str, tuple[str | bytes, ...]]]:
    other = new_token().text
    return [
        ("none", ()),
        ("twice", (f"Bearer {text}", f"Bearer {text}")),
        ("two that differ", (f"Bearer {other}", f"Bearer {text}")),
        ("Basic", ("Basic YWRhOnNlY3JldA==",)),
        ("the token as Basic", (f"Basic {text}",)),
        ("no scheme", (text,)),
        ("no token", ("Bearer",)),
        ("an empty token", ("Bearer  ",)),
        ("truncated", (f"Bearer {text[:-1]}",)),
        ("longer", (f"Bearer {text}0",)),
        ("with NUL", (f"Bearer {text}".encode() + b"\0",)),
        ("NUL in it", (f"Bearer {text[:20]}\0{text[21:]}",)),
        ("a megabyte", (f"Bearer {text}" + "A" * 1_000_000,)),
        ("unicode digits", (f"Bearer {text[:-1]}٣",)),
        ("two tokens", (f"Bearer {text}, {text}",)),
        ("another case", (f"Bearer {text.swapcase()}",)),
        ("another prefix", (f"Bearer sTh{text[3:]}",)),
        ("another secret", (f"Bearer {new_token(text[4:16]).text}",)),
        ("of another store", (f"Bearer {other}",)),
        ("a JSON web token", ("Bearer eyJhbGciOiJub25lIn0.e30.",)),
        ("not UTF-8", (b"Bearer \xff\xfe",)),
    ]


@pytest.mark.parametrize("what", [name for name, _ in wrong(new_token().text)])
async def test_whatever_is_no_good_token_is_refused_and_not_repeated(
    bench: Bench, what: str
) -> None:
    text = await bench.token()
    headers = dict(wrong(text))[what]
    with pytest.raises(Unauthorized) as refused:
        await bench.ask(*headers)
    assert text[17:] not in str(refused.value)
    assert "sth_" not in str(refused.value).replace("Bearer sth_…", "")
    assert (await bench.ask(f"Bearer {text}")).name == "billing"


async def test_malformed_tokens_are_not_looked_up(bench: Bench) -> None:
    text = new_token().text
    for bad in (text[:-1] + ("0" if text[-1] != "0" else "1"), text.lower(), "x" * LENGTH):
        with pytest.raises(Unauthorized):
            await bench.ask(f"Bearer {bad}")
    assert bench.store.asked == 0


async def test_a_revoked_token_is_refused_within_its_bound_by_every_server(bench: Bench) -> None:
    text = await bench.token()
    await bench.ask(f"Bearer {text}")
    # as another process does it
    await bench.store.revoke_token((await bench.stored(text)).id, bench.clock.now())
    bench.pass_(STALE_SECONDS - 0.1)
    assert (await bench.ask(f"Bearer {text}")).name == "billing"
    bench.pass_(0.1)
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {text}")


async def test_a_refresh_sees_that_a_token_was_revoked_and_asks_once_for_all(bench: Bench) -> None:
    texts = [await bench.token() for _ in range(5)]
    for text in texts:
        await bench.ask(f"Bearer {text}")
    await bench.store.revoke_token((await bench.stored(texts[0])).id, bench.clock.now())
    asked = bench.store.asked
    await bench.tokens.refresh()
    assert bench.store.asked == asked + 1
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {texts[0]}")
    for text in texts[1:]:
        await bench.ask(f"Bearer {text}")
    assert bench.store.asked == asked + 1


async def test_nobody_is_let_in_once_what_is_known_is_stale_and_the_store_is_away(
    bench: Bench,
) -> None:
    text = await bench.token()
    await bench.ask(f"Bearer {text}")
    bench.store.is_away = True
    with pytest.raises(StoreUnavailable):
        await bench.tokens.refresh()
    assert (await bench.ask(f"Bearer {text}")).name == "billing"
    bench.pass_(STALE_SECONDS)
    with pytest.raises(StoreUnavailable):
        await bench.ask(f"Bearer {text}")
    bench.store.is_away = False
    bench.pass_(1)
    assert (await bench.ask(f"Bearer {text}")).name == "billing"


async def test_a_token_expires_to_the_moment_and_stays_so_when_the_clock_goes_back(
    bench: Bench,
) -> None:
    text = await bench.token(expires_at=bench.clock.now() + timedelta(seconds=2))
    bench.pass_(1.9)
    await bench.ask(f"Bearer {text}")
    bench.pass_(0.1)
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {text}")
    bench.clock._now -= timedelta(hours=1)
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {text}")


async def test_after_a_rotation_the_secret_before_is_good_until_its_time(bench: Bench) -> None:
    before = await bench.token()
    token = await bench.stored(before)
    after = new_token(token.id)
    until = bench.clock.now() + timedelta(seconds=3)
    rotated = replace(token, digest=after.digest, old_digest=token.digest, old_until=until)
    assert await bench.store.rotate_token(rotated, token.digest)
    bench.pass_(2.9)
    for text in (before, after.text):
        assert (await bench.ask(f"Bearer {text}")).name == "billing"
    bench.pass_(0.1)
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {before}")
    assert (await bench.ask(f"Bearer {after.text}")).name == "billing"


async def test_the_last_use_is_noted_about_once_a_minute_in_the_background(bench: Bench) -> None:
    text = await bench.token()
    first = bench.clock.now()
    await bench.ask(f"Bearer {text}")
    assert (await bench.stored(text)).used_at is None
    await bench.tokens.refresh()
    assert (await bench.stored(text)).used_at == first
    bench.pass_(4)
    await bench.ask(f"Bearer {text}")
    await bench.tokens.refresh()
    assert (await bench.stored(text)).used_at == first
    bench.pass_(56)
    await bench.ask(f"Bearer {text}")
    await bench.tokens.close()
    assert (await bench.stored(text)).used_at == first + timedelta(seconds=60)
    await bench.tokens.open(bench.engine)


async def test_a_flood_of_unknown_tokens_costs_few_queries_and_bounded_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKUPS", 1e9)
    known = await bench.token()
    await bench.ask(f"Bearer {known}")
    bench.store.asked = 0
    refused, overloaded = 0, 0
    # more than are remembered
    rounds = 12
    for _ in range(rounds):
        flood = [bench.ask(f"Bearer {new_token().text}") for _ in range(2_000)]
        ended = await asyncio.gather(*flood, return_exceptions=True)
        refused += sum(isinstance(one, Unauthorized) for one in ended)
        overloaded += sum(isinstance(one, Overloaded) for one in ended)
        # whose token is known waits for none of them
        assert (await bench.ask(f"Bearer {known}")).name == "billing"
    assert refused + overloaded == rounds * 2_000
    assert refused == rounds * module.WAITING > module.REMEMBERED
    # full batches, and one that is not in each round
    assert bench.store.asked <= refused / module.LOOKED_UP + rounds
    assert len(bench.tokens._unknown) <= module.REMEMBERED
    assert len(bench.tokens._known) == 1
    assert not bench.tokens._asked


async def test_an_unknown_token_that_comes_again_is_not_looked_up_again(bench: Bench) -> None:
    text = new_token().text
    for _ in range(1_000):
        with pytest.raises(Unauthorized):
            await bench.ask(f"Bearer {text}")
    assert bench.store.asked == 1
    bench.pass_(STALE_SECONDS)
    with pytest.raises(Unauthorized):
        await bench.ask(f"Bearer {text}")
    assert bench.store.asked == 2


async def test_one_that_hangs_up_takes_the_answer_from_no_other(bench: Bench) -> None:
    text = await bench.token()
    gone = asyncio.create_task(bench.ask(f"Bearer {text}"))
    stays = asyncio.create_task(bench.ask(f"Bearer {text}"))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).name == "billing"
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_token_that_is_idle_is_forgotten_and_found_again(bench: Bench) -> None:
    text = await bench.token()
    await bench.ask(f"Bearer {text}")
    bench.pass_(module.IDLE_SECONDS + 1)
    await bench.tokens.refresh()
    assert not bench.tokens._known
    assert (await bench.ask(f"Bearer {text}")).name == "billing"


def test_tokens_have_their_form_a_checksum_and_256_bits() -> None:
    made = [new_token() for _ in range(200)]
    assert len({one.id for one in made}) == 200
    for one in made:
        assert len(one.text) == LENGTH
        assert id_of(one.text.encode()) == one.id
        assert one.digest == digest_of(one.text.encode())
        place = secrets.randbelow(LENGTH)
        other = "1" if one.text[place] == "0" else "0"
        assert id_of((one.text[:place] + other + one.text[place + 1 :]).encode()) is None
    again = new_token(made[0].id)
    assert again.id == made[0].id
    assert again.digest != made[0].digest


async def test_an_error_that_nobody_expects_reaches_all_who_wait(bench: Bench) -> None:
    text = await bench.token()
    bench.store.is_broken = True
    asked = [asyncio.create_task(bench.ask(f"Bearer {text}")) for _ in range(3)]
    found = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
    assert {type(one) for one in found} == {RuntimeError}
    bench.store.is_broken = False
    assert (await asyncio.wait_for(bench.ask(f"Bearer {text}"), 10)).name == "billing"
