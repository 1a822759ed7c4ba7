"""Simulated people: customers, restaurants, couriers, and an operator who retries incidents.

Customers arrive by themselves. Restaurants and couriers act only on offers that they receive.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

from examples.order_v3.flow import (
    CourierAccepted,
    CourierRejected,
    Delivered,
    RestaurantAccepted,
    RestaurantRejected,
)
from statehold import Event, NotAllowed, Unavailable
from statehold.client import AsyncClient
from statehold.wire.instances import Reply

T = TypeVar("T")

RESTAURANTS = ("napoli", "bombay", "golden-duck", "el-sol", "grandma")
DISHES = ("pizza", "dal", "duck", "tacos", "soup", "salad", "noodles", "pie")
CUSTOMERS = ("ann", "bob", "cem", "dora", "eli", "fatma", "gus")
COURIERS = ("zoe", "yuri", "xena", "will")

#: running orders; above it customers wait
LIVE_LIMIT = 300
#: newcomers in all: each instance waits for a day, longer than any demo
NEWCOMER_LIMIT = 200
#: incidents that the operator leaves to look at
INCIDENTS_LEFT = 3
#: people who wait before their next action
WAITING_LIMIT = 2_000


class Traffic:
    """Sample traffic; ``pace`` 2 is twice as fast. :meth:`run` ends when it is cancelled."""

    def __init__(self, url: str, pace: float, chance: random.Random) -> None:
        self._url = url
        self._pace = pace
        self._chance = chance
        self._clients: dict[str, AsyncClient] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._waiting = 0
        self._named = 0
        #: the id of the order that was started last
        self.latest = ""
        #: counts: started, sent, refused, unavailable, retried, newcomers
        self.figures: Counter[str] = Counter()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._order(), name="customers")
                self._tasks.create_task(self._join(), name="newcomers")
                self._tasks.create_task(self._operate(), name="operator")
        finally:
            self._tasks = None
            for client in self._clients.values():
                await client.close()

    def hear(self, path: str, offer: dict[str, Any]) -> None:
        """Called when an offer has reached its system: someone there answers after a while."""
        if path == "/couriers/offers":
            self._begin(self._as_courier(offer["order"]))
        elif path.startswith("/restaurants/"):
            self._begin(self._as_restaurant(offer["order"]))

    # --- people ---

    async def _order(self) -> None:
        customers = self._client("customer")
        while True:
            await self._wait(0.4, 1.6)
            if not await self._has_room():
                continue
            customer = self._chance.choice(CUSTOMERS)
            data = {
                "items": self._chance.choices(DISHES, k=self._chance.randint(1, 4)),
                "restaurant": self._chance.choice(RESTAURANTS),
                "customer": customer,
                "address": f"{self._chance.randint(1, 99)} Market St",
                "delivery": self._chance.choices(
                    ["standard", "courier", "restaurant"], weights=[6, 2, 2]
                )[0],
            }
            id = self._name("order")
            if await self._try(customers.start("order", id, data)):
                self.figures["started"] += 1
                self.latest = id

    async def _join(self) -> None:
        growth = self._client("growth")
        while self.figures["newcomers"] < NEWCOMER_LIMIT:
            await self._wait(2, 6)
            id = self._name("newcomer")
            if await self._try(growth.start("onboarding", id, {"email": f"{id}@example.org"})):
                self.figures["newcomers"] += 1

    async def _as_restaurant(self, order: str) -> None:
        restaurant = self._client("restaurant")
        await self._wait(0.5, 3)
        if self._chance.random() < 0.12:
            await self._send(restaurant, order, RestaurantRejected(reason="no dough left"))
            return
        seconds = self._chance.uniform(2, 8) / self._pace
        accepted = RestaurantAccepted(prep_minutes=seconds / 60)
        reply = await self._send(restaurant, order, accepted)
        if reply is None:
            return
        delivers_itself = reply.state == ["restaurant_driven.accepted"]
        if self._chance.random() < 0.04:
            await self._wait(0.5, 1.5)
            await self._send(restaurant, order, RestaurantRejected(reason="the oven broke"))
            return
        if delivers_itself:
            await asyncio.sleep(seconds)
            await self._wait(3, 8)
            await self._send(restaurant, order, Delivered())

    async def _as_courier(self, order: str) -> None:
        courier = self._client("courier")
        await self._wait(0.5, 3)
        if self._chance.random() < 0.08:
            await self._send(courier, order, CourierRejected(reason="nobody is near"))
            return
        if self._chance.random() < 0.1:
            # pressed the wrong button: not before it is on the way
            await self._send(courier, order, Delivered())
        accepted = CourierAccepted(courier=self._chance.choice(COURIERS))
        if await self._send(courier, order, accepted):
            await self._wait(2, 8)
            await self._send(courier, order, Delivered())

    async def _operate(self) -> None:
        """Retries incidents, the oldest first, except for a few."""
        operator = self._client("operator")
        while True:
            await self._wait(4, 8)
            found = await self._try(operator.incidents())
            incidents = [] if found is None else found.incidents
            for incident in incidents[: max(len(incidents) - INCIDENTS_LEFT, 0)]:
                retry = operator.retry(incident.id, reason="the partner says it is fixed")
                self.figures["retried"] += await self._try(retry) is not None

    # --- requests ---

    def _begin(self, person: Coroutine[Any, Any, None]) -> None:
        """Starts a person, unless the demo is ending or too many are active."""
        if self._tasks is None or self._waiting >= WAITING_LIMIT:
            person.close()
            return
        self._waiting += 1
        self._tasks.create_task(person).add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._waiting -= 1

    async def _send(self, who: AsyncClient, order: str, event: Event) -> Reply | None:
        """The reply, or None if the event was refused."""
        reply = await self._try(who.send("order", order, event))
        self.figures["sent"] += reply is not None
        return reply

    async def _try(self, request: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await request
        except NotAllowed:
            self.figures["refused"] += 1
        except Unavailable:
            self.figures["unavailable"] += 1
        return None

    async def _has_room(self) -> bool:
        page = await self._try(self._client("customer").page("order", tag="open", limit=LIVE_LIMIT))
        return page is not None and len(page.instances) < LIVE_LIMIT

    def _client(self, role: str) -> AsyncClient:
        if role not in self._clients:
            self._clients[role] = AsyncClient(self._url, caller=role, roles=[role])
        return self._clients[role]

    def _name(self, what: str) -> str:
        self._named += 1
        # a store that was kept has orders of earlier runs
        return f"{what}-{self._chance.randrange(16**6):06x}-{self._named}"

    async def _wait(self, least: float, most: float) -> None:
        await asyncio.sleep(self._chance.uniform(least, most) / self._pace)
