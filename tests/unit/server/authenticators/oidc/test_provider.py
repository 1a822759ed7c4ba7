"""The provider's keys: found, renewed, kept, and asked for no more often than they have to be."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from statehold.server.authenticators.oidc import ProviderUnavailable, WrongSettings, documents
from statehold.server.authenticators.oidc.authenticator import REMEMBERED
from statehold.server.authenticators.oidc.provider import ASK_EVERY, KEEP_FOR, RENEW_AFTER
from statehold.server.problems import Unauthorized
from tests.unit.server.authenticators.oidc.issuer import (
    GOOD,
    ISSUER,
    OTHER_RSA,
    RSA,
    START,
    Issuer,
    bearing,
    public,
    signed,
)

pytestmark = pytest.mark.anyio

DISCOVERY = "/realm/.well-known/openid-configuration"
KEYS = "/realm/keys"


async def settled(oidc: Any) -> None:
    """What was begun in the background is done."""
    if oidc.provider._asking is not None:
        await oidc.provider._asking


async def test_the_keys_are_asked_for_once_and_not_at_each_token() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    for number in range(20):
        await oidc(bearing(signed({**GOOD, "jti": str(number)})))
    assert issuer.asked == [DISCOVERY, KEYS]
    await oidc.close()


async def test_a_new_key_is_found_at_its_first_token() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    issuer.keys[0] = public(OTHER_RSA, "rsa-2")
    issuer.pass_time(ASK_EVERY)
    assert (await oidc(bearing(signed(key=OTHER_RSA, kid="rsa-2")))).name == "ada"
    assert issuer.asked == [DISCOVERY, KEYS, KEYS]
    await oidc.close()


async def test_a_flood_of_unknown_keys_asks_the_provider_once_in_five_seconds() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    issuer.pass_time(ASK_EVERY)
    for number in range(500):
        issuer.pass_time(ASK_EVERY / 100)
        with pytest.raises(Unauthorized, match="no key"):
            await oidc(bearing(signed(key=OTHER_RSA, kid=f"k{number}")))
    # 500 tokens in 25 seconds
    assert issuer.asked.count(KEYS) <= 2 + 500 // 100
    await oidc.close()


async def test_all_who_need_the_keys_at_once_wait_for_one_request() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    issuer.pass_time(ASK_EVERY)
    issuer.keys[0] = public(OTHER_RSA, "rsa-2")
    issuer.gate = asyncio.Event()
    token = signed(key=OTHER_RSA, kid="rsa-2")
    waiting = [asyncio.create_task(oidc(bearing(token))) for _ in range(50)]
    await issuer.held_back.wait()
    # one who gives up takes nobody else's answer with it
    waiting[0].cancel()
    issuer.gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert {one.name for one in found[1:] if not isinstance(one, BaseException)} == {"ada"}
    assert issuer.asked.count(KEYS) == 2
    await oidc.close()


async def test_a_withdrawn_key_verifies_nothing_once_the_keys_are_renewed() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    token = signed({**GOOD, "exp": START + 10_000})
    await oidc(bearing(token))
    issuer.keys[0] = public(OTHER_RSA, "rsa-2")
    issuer.pass_time(RENEW_AFTER + 1)
    # renewed beside this request, which does not wait
    await oidc(bearing(token))
    await settled(oidc)
    with pytest.raises(Unauthorized, match="no key"):
        await oidc(bearing(token))
    await oidc.close()


async def test_a_key_that_is_replaced_under_its_old_id_verifies_nothing() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    token = signed({**GOOD, "exp": START + 10_000})
    await oidc(bearing(token))
    issuer.keys[0] = public(OTHER_RSA, "rsa")
    issuer.pass_time(RENEW_AFTER + 1)
    await oidc(bearing(token))
    await settled(oidc)
    with pytest.raises(Unauthorized, match="signature"):
        await oidc(bearing(token))
    await oidc.close()


async def test_a_provider_that_is_down_at_the_start_is_asked_again_at_the_first_token() -> None:
    issuer = Issuer()
    was = issuer.answers.pop(DISCOVERY)
    issuer.answers[DISCOVERY] = httpx.ConnectError("refused")
    oidc = issuer.oidc()
    await oidc.open()
    for _ in range(10):
        with pytest.raises(ProviderUnavailable, match="does not answer") as unavailable:
            await oidc(bearing(signed()))
    assert unavailable.value.retry_after_seconds == 5
    assert issuer.asked == [DISCOVERY]
    issuer.answers[DISCOVERY] = was
    issuer.pass_time(ASK_EVERY)
    assert (await oidc(bearing(signed()))).name == "ada"
    await oidc.close()


async def test_keys_are_kept_while_the_provider_is_down_but_not_for_ever() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    known = signed({**GOOD, "exp": START + 100_000})
    await oidc(bearing(known))
    issuer.answers[KEYS] = httpx.ReadError("cut")
    issuer.pass_time(KEEP_FOR - 10)
    fresh = {**GOOD, "exp": START + 100_000, "jti": "2"}
    assert (await oidc(bearing(signed(fresh)))).name == "ada"
    await settled(oidc)
    # the new key of a provider that is down may be good: that is no refusal
    with pytest.raises(ProviderUnavailable):
        await oidc(bearing(signed(fresh, key=OTHER_RSA, kid="rsa-2")))
    issuer.pass_time(11)
    for token in (known, signed({**fresh, "jti": "3"})):
        with pytest.raises(ProviderUnavailable):
            await oidc(bearing(token))
    await oidc.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b'{"keys": [' + b" " * 10_000_000 + b"]}", "more than 256000 bytes"),
        (httpx.Response(302, headers={"location": "https://evil.example/keys"}), "status 302"),
        (httpx.Response(500), "status 500"),
        (httpx.Response(404), "status 404"),
        (
            httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"\x1f\x8b"),
            "compressed",
        ),
        (b"<html>", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no object"),
        (b'{"keys": {}}', "no list of keys"),
        ({"keys": [public(RSA, str(n)) for n in range(101)]}, "101 keys"),
        (httpx.ReadTimeout("slow"), "slow"),
    ],
)
async def test_an_answer_that_is_no_set_of_keys_gives_none_and_is_logged(
    answer: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer()
    issuer.answers[KEYS] = answer
    oidc = issuer.oidc()
    await oidc.open()
    assert why in caplog.text
    with pytest.raises(ProviderUnavailable):
        await oidc(bearing(signed()))
    assert "evil" not in " ".join(issuer.asked)
    await oidc.close()


async def test_a_provider_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(documents, "FETCH_SECONDS", 0.01)
    issuer = Issuer()
    issuer.gate = asyncio.Event()
    oidc = issuer.oidc()
    await oidc.open()
    assert "has not answered within 0.01 s" in caplog.text
    with pytest.raises(ProviderUnavailable):
        await oidc(bearing(signed()))
    await oidc.close()


@pytest.mark.parametrize("said", [ISSUER + "/", "https://evil.example", None, [ISSUER]])
async def test_a_provider_that_is_another_issuer_stops_the_start(said: Any) -> None:
    issuer = Issuer()
    issuer.answers[DISCOVERY]["issuer"] = said
    oidc = issuer.oidc()
    with pytest.raises(WrongSettings, match="says that it is"):
        await oidc.open()
    # and lets nobody in where it is found out later
    with pytest.raises(ProviderUnavailable):
        await oidc(bearing(signed()))
    await oidc.close()


async def test_keys_at_a_plain_http_address_stop_the_start() -> None:
    issuer = Issuer()
    issuer.answers[DISCOVERY]["jwks_uri"] = "http://id.example/keys"
    oidc = issuer.oidc()
    with pytest.raises(WrongSettings, match=r"jwks_uri of .* is not https"):
        await oidc.open()
    await oidc.close()


async def test_a_provider_of_oauth_alone_is_found_by_rfc_8414() -> None:
    issuer = Issuer()
    issuer.answers["/.well-known/oauth-authorization-server/realm"] = issuer.answers.pop(DISCOVERY)
    oidc = issuer.oidc()
    await oidc.open()
    assert (await oidc(bearing(signed()))).name == "ada"
    await oidc.close()


async def test_a_token_without_a_key_id_is_refused_where_two_keys_fit() -> None:
    issuer = Issuer()
    issuer.keys.append(public(OTHER_RSA, "rsa-2"))
    oidc = issuer.oidc()
    await oidc.open()
    with pytest.raises(Unauthorized, match="no key None"):
        await oidc(bearing(signed(kid=None)))
    await oidc.close()


async def test_a_known_token_costs_no_signature_and_ends_at_its_time() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    request = bearing(signed())
    assert await oidc(request) is await oidc(request)
    issuer.pass_time(360)
    with pytest.raises(Unauthorized, match="expired"):
        await oidc(request)
    await oidc.close()


async def test_no_more_tokens_are_remembered_than_the_bound() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    caller = await oidc(bearing(signed()))
    for number in range(REMEMBERED - 1):
        oidc._known[number.to_bytes(32)] = (caller, START, "")
    for number in range(3):
        await oidc(bearing(signed({**GOOD, "jti": str(number)})))
        assert len(oidc._known) == REMEMBERED
    await oidc.close()


async def test_a_provider_that_is_closed_leaves_nothing_running() -> None:
    issuer = Issuer()
    oidc = issuer.oidc()
    await oidc.open()
    issuer.gate = asyncio.Event()
    issuer.pass_time(RENEW_AFTER + 1)
    await oidc(bearing(signed({**GOOD, "exp": START + 10_000})))
    await oidc.close()
    assert oidc.provider._asking is None
