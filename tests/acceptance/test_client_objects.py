"""Objects that clients send arrive as they are, and are the same request, defaults aside."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, computed_field
from pydantic.alias_generators import to_camel

from statehold import Event, Machine, State, on
from statehold.client import AsyncClient
from statehold.engine import Engine
from statehold.errors import InvalidPayload, KeyReused
from statehold.server import create_app
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio


class Item(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")
    item_no: uuid.UUID = Field(default_factory=uuid.uuid4)
    unit_price: float = 1.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def price_with_tax(self) -> float:
        return self.unit_price * 1.2


class Basket(Item):
    items: list[Item] = []
    seen: list[list[str]] = []


class Change(Event):
    note: str | None = None
    price: float | None = None
    item: Item = Field(default_factory=Item)


class Renamed(BaseModel):
    """Its alias leads out and not in."""

    size: int = Field(default=0, serialization_alias="s")


class Sizes(BaseModel):
    sizes: dict[str, Renamed] = {}


class Measuring(Machine[Sizes], name="measuring", version=1):
    open = State(initial=True)


async def test_an_object_within_plain_values_has_the_form_that_it_has_alone() -> None:
    engine = Engine("memory:", [Measuring])
    async with (
        listening(create_app(engine, access=OPEN)) as address,
        AsyncClient(address) as client,
    ):
        sizes = Sizes(sizes={"a": Renamed(size=4)})
        for number, data in enumerate((sizes, {"sizes": sizes.sizes})):
            reply = await client.start("measuring", f"m-{number}", data)
            assert reply.view == {"sizes": {"a": {"size": 4}}}
            assert (await client.get(Measuring, f"m-{number}")).view == sizes


class Sealed(BaseModel):
    token: SecretStr = SecretStr("hunter2")


def see(basket: Basket, event: Change) -> None:
    basket.seen.append(sorted(event.model_fields_set))


class Shopping(Machine[Basket], name="shopping", version=1):
    open = State(initial=True)
    change = on(Change, open, do=see)


async def test_objects_arrive_unchanged_and_made_again_are_the_same_request() -> None:
    engine = Engine("memory:", [Shopping])
    async with (
        listening(create_app(engine, access=OPEN)) as address,
        AsyncClient(address) as client,
    ):
        first = Basket(items=[Item(unit_price=2.5), Item()])
        started = await client.start(Shopping, "b", first, key="s")
        assert started.view == first
        plainly = await client.get("shopping", "b")
        assert plainly.view["itemNo"] == str(first.item_no)
        assert plainly.view["items"][0]["priceWithTax"] == 3.0
        anew = Basket(items=[Item(unit_price=2.5), Item()])
        again = await client.start(Shopping, "b", anew, key="s")
        assert again == started
        with pytest.raises(KeyReused):
            await client.start(Shopping, "b", Basket(items=[Item(), Item()]), key="s")

        changed = await client.send(Shopping, "b", Change(price=2.0), key="c")
        assert changed.view.seen == [["price"]]
        assert await client.send(Shopping, "b", Change(price=2.0), key="c") == changed
        plain = {"type": "Change", "price": 2}
        assert await client.send(Shopping, "b", plain, key="c") == changed
        with pytest.raises(KeyReused):
            await client.send(Shopping, "b", Change(price=2.0, note=None), key="c")
        await client.pause(Shopping, "b")
        assert (await client.send(Shopping, "b", Change(note="x"), key="h")).held
        assert (await client.send(Shopping, "b", Change(note="x"), key="h")).held
        resumed = await client.resume(Shopping, "b")
        assert resumed.view.seen == [["price"], ["note"]]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (Sealed(), "token"),
        ({"a": [SecretStr("x")]}, "a.0"),
        ({"unitPrice": float("nan")}, "unitPrice"),
        (Basket(items=[Basket()]), "items.0"),
    ],
)
async def test_what_would_arrive_as_something_else_is_not_sent(data: Any, place: str) -> None:
    async with AsyncClient("http://127.0.0.1:9") as client:
        with pytest.raises(InvalidPayload) as caught:
            await client.start(Shopping, "b", data)
        assert list(caught.value.fields) == [place]


async def test_a_header_that_names_nothing_is_refused_or_passed_over() -> None:
    engine = Engine("memory:", [Shopping])
    async with listening(create_app(engine, access=OPEN)) as address, httpx.AsyncClient() as plain:
        url = f"{address}/api/machines/shopping/instances"
        for number, named in enumerate(["[]", "x", '{"a":', "3"]):
            answer = await plain.post(
                url, json={"id": f"n-{number}"}, headers={"Statehold-Left-Out": named}
            )
            assert (answer.status_code, answer.json()["where"]) == (400, "Statehold-Left-Out")
        for number, named in enumerate(["{}", '{"nobody":null,"items":{"7":{"x":null}},"seen":3}']):
            answer = await plain.post(
                url, json={"id": f"o-{number}"}, headers={"Statehold-Left-Out": named}
            )
            assert answer.status_code == 201
