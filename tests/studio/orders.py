"""Orders to look at."""

from __future__ import annotations

from typing import Any

from tests.studio.served import Served

DATA: dict[str, Any] = {
    "items": ["Margherita", "Tiramisu"],
    "restaurant": "luigi",
    "customer": "c-7",
    "address": "Karl Johans gate 1",
}


def start(served: Served, id: str, **data: Any) -> str:
    """Starts an order, which waits in ``standard.creating``; gives the address of its page."""
    served.client.start("order", id=id, data={**DATA, **data})
    return f"#/machines/order/instances/{id}"


def accept(served: Served, id: str, prep_minutes: float = 30) -> None:
    event = {"type": "RestaurantAccepted", "prep_minutes": prep_minutes}
    served.client.send("order", id, event)
