"""What the OpenAPI document promises is what the server does, for requests nobody thought of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
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

from statehold.engine import Engine
from statehold.server import create_app
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server in a thread, since schemathesis asks without an event loop."""
    answer: list[str] = []
    up, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with listening(make_app()) as address:
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
            assert httpx.post(instances, json={"id": id}).status_code == 201
        yield answer[0]
    finally:
        stop.set()
        server.join()


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
