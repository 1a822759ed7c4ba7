"""Tokens that were made to get in, or to hurt."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from statehold.server.problems import Unauthorized
from tests.unit.server.authenticators.oidc.issuer import (
    AUDIENCE,
    EC,
    ED,
    GOOD,
    ISSUER,
    OTHER_RSA,
    RSA,
    START,
    Issuer,
    bearing,
    public,
    request_with,
    signed,
)

pytestmark = pytest.mark.anyio


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_claims(**changed: Any) -> dict[str, Any]:
    """Those of a good token, but for these; ``...`` leaves one out."""
    return {k: v for k, v in {**GOOD, **changed}.items() if v is not ...}


def by_secret(secret: bytes) -> str:
    """Signed with HS256, as the library would not do it with a public key."""
    text = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(GOOD)}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"


def without_signature(header: dict[str, Any]) -> str:
    return f"{part(header)}.{part(GOOD)}."


NESTED = b'{"iss":"' + ISSUER.encode() + b'","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
WITH_JWK = {"jwk": public(OTHER_RSA, "rsa"), "kid": "rsa"}
TWICE = json.dumps(GOOD)[:-1].encode() + b',"sub":"root"}'

TOKENS: dict[str, tuple[str, str]] = {
    # --- the algorithm -------------------------------------------------------------------------
    "alg none": (without_signature({"alg": "none"}), "compact form"),
    "alg none with a signature": (without_signature({"alg": "none"}) + "AAAA", "'none'"),
    "alg None": (without_signature({"alg": "NoNe"}) + "AAAA", "'NoNe'"),
    "the public key as HS256's secret": (
        by_secret(RSA.as_pem(private=False)),
        "'HS256' is not allowed",
    ),
    "an algorithm that is a list": (without_signature({"alg": ["RS256"]}) + "AAAA", "not allowed"),
    "an algorithm that is no text": (without_signature({"alg": {}}) + "AAAA", "not allowed"),
    "no algorithm": (without_signature({"kid": "rsa"}) + "AAAA", "not allowed"),
    "RS512": (signed(alg="RS512"), "'RS512' is not allowed"),
    "ES256 by the id of an RSA key": (signed(key=EC, alg="ES256"), "no key 'rsa'"),
    # --- the key -------------------------------------------------------------------------------
    "a key of somebody else": (signed(key=OTHER_RSA), "signature"),
    "a key that the token brings": (signed(key=OTHER_RSA, **WITH_JWK), "signature"),
    "a key that the token points to": (
        signed(key=OTHER_RSA, jku="https://evil.example/keys", x5u="https://evil.example/x"),
        "signature",
    ),
    "a kid that is a path": (signed(kid="../../../dev/null"), "no key"),
    "a kid with SQL": (signed(kid="rsa' or '1'='1"), "no key"),
    "a kid that is a number": (signed(kid=1), "kid is no text"),
    "an endless kid": (signed(kid="k" * 301), "kid is no text"),
    "an empty kid": (signed(kid=""), "kid is no text"),
    "another key's id": (signed(kid="ec"), "no key"),
    # --- its form ------------------------------------------------------------------------------
    "nothing of a JWT": ("hunter2", "compact form"),
    "two parts": (".".join(signed().split(".")[:2]), "compact form"),
    "a JWE": (".".join([part({"alg": "RSA-OAEP", "enc": "A256GCM"}), *["AAAA"] * 4]), "compact"),
    "two signatures": (
        json.dumps({"payload": part(GOOD), "signatures": [{"signature": "AA"}] * 2}),
        "compact",
    ),
    "1 MB": ("A" * 1_000_000, "1000000 characters, the limit is 16000"),
    "1 MB of header": (part({"x": "a" * 9_000}) + ".AAAA.AAAA", "header is longer"),
    "a header of nested lists": (part(b"[" * 2_900) + ".AAAA.AAAA", "JSON in base64url"),
    "a header that is a list": (part([]) + ".AAAA.AAAA", "no JSON object"),
    "a header with a key twice": (
        part(b'{"alg":"RS256","alg":"none"}') + ".AAAA.AAAA",
        "stands twice",
    ),
    "a header that is no UTF-8": (part(b'{"alg":"\xff"}') + ".AAAA.AAAA", "base64url"),
    "base64 of an impossible length": ("A.AAAA.AAAA", "base64url"),
    "crit": (signed(crit=["exp"]), "demands extensions"),
    "an unencoded payload": (
        f"{part({'alg': 'RS256', 'kid': 'rsa', 'b64': False})}.AAAA.AAAA",
        "demands extensions",
    ),
    "10,000 levels deep": (signed(NESTED), "no JSON"),
    "a payload that is a list": (signed([1]), "no JSON object"),
    "a payload that is no JSON": (signed(b"exp=1"), "no JSON"),
    "a claim twice": (signed(TWICE), "stands twice"),
    "a signature that was cut": (signed()[:-10], "signature"),
    "a signature of zeros": (signed().rpartition(".")[0] + ".AAAA", "signature"),
    # --- whose it is ---------------------------------------------------------------------------
    "another issuer": (signed(with_claims(iss="https://evil.example")), "iss"),
    "the issuer with a slash": (signed(with_claims(iss=ISSUER + "/")), "iss"),
    "the issuer in capitals": (signed(with_claims(iss=ISSUER.upper())), "iss"),
    "issuers in a list": (signed(with_claims(iss=[ISSUER])), "iss"),
    "no issuer": (signed(with_claims(iss=...)), "iss"),
    "another audience": (signed(with_claims(aud="bank")), "aud"),
    "a part of the audience": (signed(with_claims(aud="state")), "aud"),
    "other audiences": (signed(with_claims(aud=["bank", "statehold2"])), "aud"),
    "audiences that are no texts": (signed(with_claims(aud=[AUDIENCE, 1])), "aud"),
    "an audience in an object": (signed(with_claims(aud={AUDIENCE: 1})), "aud"),
    "no audience": (signed(with_claims(aud=...)), "aud"),
    # --- its times -----------------------------------------------------------------------------
    "no exp": (signed(with_claims(exp=...)), "no exp"),
    "exp is null": (signed(with_claims(exp=None)), "no exp"),
    "exp is a text": (signed(with_claims(exp="1900000000")), "exp is no number"),
    "exp is true": (signed(with_claims(exp=True)), "exp is no number"),
    "exp is negative": (signed(with_claims(exp=-1)), "exp is no time"),
    "exp is huge": (signed(with_claims(exp=1e300)), "exp is no time"),
    "exp has 400 digits": (signed(with_claims(exp=10**400)), "exp is no time"),
    "exp has 5,000 digits": (
        signed(json.dumps(GOOD)[:-1].encode() + b"," + b'"n":' + b"9" * 5_000 + b"}"),
        "no JSON",
    ),
    "exp is Infinity": (signed(with_claims(exp=float("inf"))), "no JSON"),
    "exp is NaN": (signed(with_claims(exp=float("nan"))), "no JSON"),
    "expired": (signed(with_claims(exp=START - 60)), "expired"),
    "not good yet": (signed(with_claims(nbf=START + 61)), "nbf"),
    "issued in the future": (signed(with_claims(iat=START + 61)), "iat"),
    "nbf is a list": (signed(with_claims(nbf=[1])), "nbf is no number"),
    # --- another kind of token -----------------------------------------------------------------
    "an ID token": (signed(with_claims(nonce="n", at_hash="h"), typ="JWT"), "nonce, at_hash"),
    "an ID token without a type": (signed(with_claims(nonce="n"), typ=None), "nonce"),
    "Keycloak's ID token": (signed(with_claims(typ="ID"), typ="JWT"), "'ID'"),
    "Keycloak's refresh token": (signed(with_claims(typ="Refresh"), typ="JWT"), "'Refresh'"),
    "Cognito's ID token": (signed(with_claims(token_use="id"), typ=None), "'id'"),
    "a logout token": (signed(with_claims(events={}), typ="logout+jwt"), "typ"),
    "a logout token without a type": (signed(with_claims(events={}), typ=None), "events"),
    "a DPoP proof": (signed(typ="dpop+jwt"), "typ"),
    "a type that is no text": (signed(typ=["at+jwt"]), "typ"),
    "a token bound to a key": (signed(with_claims(cnf={"jkt": "x"})), "cnf"),
    # --- who it says it is ---------------------------------------------------------------------
    "no sub": (signed(with_claims(sub=...)), "sub is no text"),
    "an empty sub": (signed(with_claims(sub="")), "sub is no text"),
    "a sub that is a number": (signed(with_claims(sub=7)), "sub is no text"),
    "a sub with a line end": (signed(with_claims(sub="ada\nroot")), "sub is no text"),
    "an endless sub": (signed(with_claims(sub="a" * 201)), "sub is no text"),
    "roles that are an object": (signed(with_claims(roles={"ops": 1})), "roles is no list"),
    "roles that are numbers": (signed(with_claims(roles=[1])), "roles has a value"),
    "roles within roles": (signed(with_claims(roles=[["ops"]])), "roles has a value"),
    "too many roles": (signed(with_claims(roles=["r"] * 501)), "501 values"),
    "an endless role": (signed(with_claims(roles=["r" * 201])), "roles has a value"),
    "an empty role": (signed(with_claims(roles=[""])), "roles has a value"),
    "a machine as a role": (signed(with_claims(roles=["ops", "machine:order"])), "a machine"),
    "teams that are numbers": (signed(with_claims(groups=[1])), "groups has a value"),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_a_hostile_token_is_refused_with_its_reason(name: str) -> None:
    token, why = TOKENS[name]
    oidc = Issuer().oidc()
    await oidc.open()
    with pytest.raises(Unauthorized, match=r"(?s).*") as refused:
        await oidc(bearing(token))
    assert why in str(refused.value)
    assert refused.value.scheme == 'Bearer error="invalid_token"'
    # the log and the answer may be read by others
    assert token not in str(refused.value)
    await oidc.close()


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ((), "send an access token"),
        (("Basic YTpi",), "no Bearer token"),
        (("Bearer",), "no Bearer token"),
        (("Bearer  ",), "no Bearer token"),
        ((f"Bearer {signed()}", f"Bearer {signed()}"), "twice"),
        ((f"Bearer {signed()} {signed()}",), "compact form"),
        (("Bearer \xff\xfe",), "compact form"),
    ],
)
async def test_a_request_without_one_bearer_token_is_refused(
    headers: tuple[str, ...], why: str
) -> None:
    oidc = Issuer().oidc()
    await oidc.open()
    with pytest.raises(Unauthorized, match=why):
        await oidc(request_with(*headers))
    await oidc.close()


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(typ="JWT"),
        signed(typ=None),
        signed(typ="application/at+jwt"),
        signed(alg="PS256"),
        signed(key=EC, alg="ES256", kid="ec"),
        signed(key=ED, alg="EdDSA", kid="ed"),
        signed(key=ED, alg="Ed25519", kid="ed"),
        # the only key that there is for this algorithm
        signed(key=EC, alg="ES256", kid=None),
        signed(with_claims(aud=["bank", AUDIENCE])),
        signed(with_claims(exp=START + 0.5)),
        signed(with_claims(exp=START - 59)),
        signed(with_claims(nbf=START + 59, iat=START + 59)),
        signed(with_claims(iat=...)),
        signed(with_claims(typ="Bearer"), typ="JWT"),
        signed(x5t="abc", jku="https://evil.example", vendor={"a": 1}),
    ],
)
async def test_a_good_token_names_its_caller(token: str) -> None:
    oidc = Issuer().oidc()
    await oidc.open()
    caller = await oidc(bearing(token))
    assert caller.name == "ada"
    assert caller.roles == frozenset({"ops"})
    assert caller.teams == frozenset({"kitchen"})
    assert caller.proved
    assert caller.machines is None
    await oidc.close()


async def test_where_the_audience_is_the_client_a_token_has_to_say_its_kind() -> None:
    oidc = Issuer().oidc(client_id=AUDIENCE)
    await oidc.open()
    for good in (signed(typ="at+jwt"), signed(with_claims(typ="Bearer"), typ="JWT")):
        assert (await oidc(bearing(good))).name == "ada"
    with pytest.raises(Unauthorized, match="can't be distinguished from an ID token"):
        await oidc(bearing(signed(typ="JWT")))
    await oidc.close()


async def test_an_algorithm_that_is_not_chosen_is_refused() -> None:
    oidc = Issuer().oidc(algorithms=("ES256",))
    await oidc.open()
    with pytest.raises(Unauthorized, match="allowed are ES256"):
        await oidc(bearing(signed()))
    await oidc.close()


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"},
        public(RSA, "rsa", use="enc"),
        public(RSA, "rsa", key_ops=["encrypt"]),
        public(RSA, "rsa", alg="RSA-OAEP"),
        public(ECKey.generate_key("P-384"), "rsa"),
        {"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "rsa"},
        {"kty": "EC", "kid": "rsa", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
        {"kty": ["RSA"], "kid": "rsa"},
        {"kty": "RSA", "kid": {}, "n": 1, "e": 2},
        {"kty": "RSA", "kid": "rsa", "n": "A" * 20_000, "e": "AQAB"},
        "rsa",
        None,
    ],
)
async def test_a_key_that_can_not_be_used_is_left_out_and_the_others_are_used(key: Any) -> None:
    issuer = Issuer()
    issuer.keys[0] = key
    oidc = issuer.oidc()
    await oidc.open()
    assert (await oidc(bearing(signed(key=ED, alg="EdDSA", kid="ed")))).name == "ada"
    with pytest.raises(Unauthorized, match="no key"):
        await oidc(bearing(signed()))
    await oidc.close()


async def test_a_weak_rsa_key_of_the_provider_verifies_nothing() -> None:
    with pytest.warns(match="Key size"):
        weak = RSAKey.generate_key(1024)
    issuer = Issuer()
    issuer.keys[0] = public(weak, "rsa")
    oidc = issuer.oidc()
    await oidc.open()
    with pytest.raises(Unauthorized, match="no key"):
        await oidc(bearing(signed(key=weak)))
    await oidc.close()
