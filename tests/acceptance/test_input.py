"""A start that takes an input, over HTTP, through the clients and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from statehold import Access, role
from statehold.chart.access import ServerAccess, anyone
from statehold.client import AsyncClient, Client
from statehold.engine import Engine
from statehold.errors import ActionFailed, InvalidPayload, KeyReused
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.acceptance.command_line import run
from tests.acceptance.http_orders import problem
from tests.acceptance.serving import listening
from tests.access import OPEN
from tests.unit.engine.requests.test_input import BasketFlow, NewParcel, ParcelFlow

pytestmark = pytest.mark.anyio

MACHINE = "/api/machines/parcel"
INSTANCES = f"{MACHINE}/instances"
#: who starts parcels sees nothing else of them
CLERKS = ServerAccess(
    unstated=Access(start=role("clerk"), read=anyone, inspect=role("support"), send=anyone)
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(MemoryStore(), [ParcelFlow, BasketFlow]) as engine:
        yield engine


@pytest.fixture
async def address(engine: Engine) -> AsyncIterator[str]:
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        yield address


async def test_a_start_over_http_takes_the_input(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        body = {"id": "p-1", "data": {"to": "ann", "grams": 200}}
        answer = await http.post(INSTANCES, json=body)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["view"]["to"], answer.json()["view"]["price"]) == ("ANN", 20)


async def test_what_does_not_fit_is_a_problem_with_the_paths_of_the_input(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        answer = await http.post(INSTANCES, json={"data": {"grams": "many", "price": 3}})
        found = problem(answer, 422, "invalid-payload")
        assert found["fields"].keys() == {"to", "grams"}
        assert "the input" in found["detail"]


async def test_a_function_that_raises_is_a_problem_that_names_it(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        body = {"id": "p-1", "data": {"to": "ann", "grams": 5_000}}
        found = problem(await http.post(INSTANCES, json=body), 422, "action-failed")
        assert (found["action"], found["cause"]) == ("parcel_of", "ValueError: too heavy")
        problem(await http.get(f"{INSTANCES}/p-1"), 404, "unknown-instance")


async def test_forms_are_made_from_the_schema_of_the_input(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        shown = (await http.get(MACHINE)).json()
        assert list(shown["input_schema"]["properties"]) == ["to", "grams"]
        assert shown["input_schema"]["required"] == ["to"]
        assert list(shown["data_schema"]["properties"]) == ["to", "price", "label", "log"]
        assert shown["chart"]["input"] == "parcel_of"
        # where there is none, a start takes the data
        other = (await http.get("/api/machines/basket")).json()
        assert other["input_schema"] == other["data_schema"]
        assert "input" not in other["chart"]


async def test_who_only_starts_sees_the_input_and_not_the_data(engine: Engine) -> None:
    async with (
        listening(create_app(engine, owns_engine=False, access=CLERKS)) as address,
        httpx.AsyncClient(base_url=address) as http,
    ):
        clerk = {"Statehold-Roles": "clerk"}
        shown = (await http.get(MACHINE, headers=clerk)).json()
        assert list(shown["input_schema"]["properties"]) == ["to", "grams"]
        assert shown["data_schema"] is None
        assert not {"data_schema", "meta"} & shown["chart"].keys()
        # the function's name is no business of theirs
        assert shown["chart"]["input"] == "computed"
        other = (await http.get(MACHINE)).json()
        assert (other["input_schema"], other["data_schema"]) == (None, None)
        # one whose start takes the data
        basket = (await http.get("/api/machines/basket", headers=clerk)).json()
        assert basket["input_schema"] == basket["data_schema"]


async def test_clients_send_the_input_and_its_object_is_the_same_request(address: str) -> None:
    async with AsyncClient(address) as client:
        first = await client.start(ParcelFlow, None, NewParcel(to="ann"), key="k")
        again = await client.start(ParcelFlow, None, {"to": "ann"}, key="k")
        assert (again.id, again.seq) == (first.id, first.seq)
        with pytest.raises(KeyReused):
            await client.start(ParcelFlow, None, {"to": "bob"}, key="k")
        with pytest.raises(InvalidPayload) as caught:
            await client.start("parcel", None, {"grams": 3})
        assert caught.value.fields.keys() == {"to"}
        with pytest.raises(ActionFailed, match="parcel_of"):
            await client.start(ParcelFlow, None, NewParcel(to="ann", grams=3_000))

    def blocking() -> int:
        with Client(address) as client:
            reply = client.start(ParcelFlow, "p-2", NewParcel(to="cid", grams=30))
            return reply.view.price

    assert await asyncio.to_thread(blocking) == 3


async def test_the_command_line_asks_for_the_input(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATEHOLD_URL", address)
    ran = await asyncio.to_thread(run, "start", "parcel", "p-1", "to=ann", "grams=50", "--json")
    assert ran.code == 0, ran
    assert json.loads(ran.out)["view"]["price"] == 5
    ran = await asyncio.to_thread(run, "start", "parcel", "p-2", "grams=50")
    assert ran.code != 0
    assert "the input" in ran.err
    assert "to: is missing" in ran.err
