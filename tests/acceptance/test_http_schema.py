"""What the OpenAPI document promises is what the server does, for requests nobody thought of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from statehold import role
from statehold.chart.access import RIGHTS, Access, ServerAccess
from statehold.engine import Engine
from statehold.security import StoredToken
from statehold.server import Tokens, create_app
from statehold.server.authenticators.token_text import new_token
from statehold.stores import MemoryStore
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def make_app() -> FastAPI:
    return create_app(lambda: Engine(MemoryStore(), [OrderFlow]))


# an event stream has no end and is tested by itself
schema = schemathesis.openapi.from_dict(make_app().openapi()).exclude(path_regex="/stream$")


TOKENS = {name: new_token() for name in ("customer", "operator")}


async def keep_tokens(store: MemoryStore) -> None:
    """As `statehold token create` would."""
    now = datetime.now(UTC)
    for name, made in TOKENS.items():
        roles = ("operator", "restaurant") if name == "operator" else (name,)
        token = StoredToken(
            id=made.id, name=name, digest=made.digest, roles=roles, teams=(), machines=None,
            created_at=now, created_by="tests", expires_at=now + timedelta(hours=1),
        )  # fmt: skip
        assert await store.add_token(token, most=10)


def make_closed_app(store: MemoryStore) -> FastAPI:
    """Who has no token is nobody, and a customer may do less than an operator."""
    anybody, operators = role("customer") | role("operator"), role("operator")
    grants = dict.fromkeys(RIGHTS, operators) | {"start": anybody, "read": anybody}
    access = ServerAccess(unstated=Access(**grants), audit=operators, metrics=operators)
    return create_app(lambda: Engine(store, [OrderFlow]), authenticate=Tokens(), access=access)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with in_a_thread(make_app) as address:
        yield address


@pytest.fixture(scope="module")
def closed_address() -> Iterator[str]:
    store = MemoryStore()
    with in_a_thread(lambda: make_closed_app(store), store) as address:
        yield address


@contextmanager
def in_a_thread(make: Callable[[], FastAPI], store: MemoryStore | None = None) -> Iterator[str]:
    """A server in a thread, since schemathesis asks without an event loop. Its store, if it is
    given, gets the tokens."""
    answer: list[str] = []
    up, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with listening(make()) as address:
            if store is not None:
                await keep_tokens(store)
            answer.append(address)
            up.set()
            await asyncio.to_thread(stop.wait)

    server = threading.Thread(target=lambda: asyncio.run(run()))
    server.start()
    try:
        assert up.wait(30)
        # the instances of the document's examples, so that some requests find one
        for id in ("o-1", "o-2"):
            instances = f"{answer[0]}/api/machines/order/instances"
            assert httpx.post(instances, json={"id": id}, headers=OPERATOR).status_code == 201
        yield answer[0]
    finally:
        stop.set()
        server.join()


OPERATOR = {"Authorization": f"Bearer {TOKENS['operator'].text}"}


@schema.parametrize()
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_promises(case: Any, address: str) -> None:
    case.call_and_validate(base_url=address, checks=PROMISES, timeout=10)


@schema.parametrize()
@settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_so_it_is_where_callers_are_authenticated(case: Any, closed_address: str) -> None:
    for token in ("", TOKENS["customer"].text, TOKENS["operator"].text):
        headers = {"Authorization": f"Bearer {token}"}
        answer = case.call(base_url=closed_address, headers=headers, timeout=10)
        case.validate_response(answer, checks=PROMISES)
        is_open = case.path in ("/health", "/ready", "/api/sign-in")
        assert is_open or token or answer.status_code in (400, 401, 405)


def test_the_document_names_every_route_of_the_design() -> None:
    paths = make_app().openapi()["paths"]
    one = "/api/machines/{machine}/instances/{id}"
    promised = {
        "/api/machines": "get",
        "/api/machines/{machine}": "get",
        "/api/machines/{machine}/diagram": "get",
        "/api/machines/{machine}/instances": "post",
        one: "get",
        f"{one}/events": "post",
        "/api/events": "post",
        f"{one}/journal": "get",
        f"{one}/explain": "get",
        f"{one}/stream": "get",
        **{f"{one}/{act}": "post" for act in ("pause", "resume", "cancel", "upgrade")},
        "/api/incidents": "get",
        **{f"/api/incidents/{{incident}}/{act}": "post" for act in ("retry", "skip", "resolve")},
        "/health": "get",
        "/ready": "get",
    }
    missing = [path for path, method in promised.items() if method not in paths.get(path, {})]
    assert not missing
    send = paths[f"{one}/events"]["post"]
    assert {"200", "202", "404", "409", "413", "422", "503"} <= set(send["responses"])
    assert {"Idempotency-Key", "If-Match"} <= {p["name"] for p in send["parameters"]}
