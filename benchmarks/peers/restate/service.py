"""The parcel as a virtual object: Restate keeps its state, and gives it one event at a time.

Run by hypercorn in the environment of the peers, which has no Statehold.
"""

from __future__ import annotations

from typing import Any

import restate

parcel = restate.VirtualObject("Parcel")

NEW: dict[str, Any] = {
    "state": "standing",
    "customer": "customer-0017",
    "street": "12 Harbour Lane",
    "city": "Rotterdam",
    "items": ["lamp", "bulb", "cable"],
    "weight_grams": 1250,
    "moves": 0,
    "last_place": None,
    "last_reading": 0,
}
NEXT = {"standing": "moving", "moving": "standing"}


@parcel.handler()
async def scan(context: restate.ObjectContext, event: dict[str, Any]) -> dict[str, Any]:
    found = await context.get("parcel", type_hint=dict[str, Any]) or NEW
    after = {
        **found,
        "state": NEXT[found["state"]],
        "moves": found["moves"] + 1,
        "last_place": event["place"],
        "last_reading": event["reading"],
    }
    context.set("parcel", after)
    return after


app = restate.app(services=[parcel])
