"""A subscription that is charged each month, on a day that the customer may move."""

from __future__ import annotations

from datetime import datetime

import httpx
from pydantic import AwareDatetime, BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Final,
    Machine,
    State,
    after,
    anywhere,
    days,
    effect,
    on,
    on_failure,
    on_result,
)


class Plan(BaseModel):
    cents: int = 900
    next_charge: AwareDatetime
    receipt: str | None = None


class Moved(Event, label="Move the day of the charge"):
    to: AwareDatetime


class CardChanged(Event): ...


class Ended(Event): ...


@effect
async def confirm(plan: Plan, event: Moved, call: Call, http: httpx.AsyncClient) -> None:
    mail = {"text": f"You pay on {event.to:%d %B}.", "key": call.key}
    (await http.post("/mails", json=mail)).raise_for_status()


@effect(attempts=3)
async def charge(plan: Plan, call: Call, http: httpx.AsyncClient) -> str:
    answer = await http.post("/charges", json={"cents": plan.cents, "key": call.key})
    return answer.raise_for_status().text


def due(plan: Plan) -> datetime:
    return plan.next_charge


def move(plan: Plan, event: Moved) -> None:
    plan.next_charge = event.to


def is_ahead(plan: Plan, event: Moved, context: Context) -> bool:
    return context.now < event.to <= plan.next_charge + days(30)


def next_month(plan: Plan) -> None:
    plan.next_charge += days(30)


class Subscription(Machine[Plan, Moved | CardChanged | Ended], name="subscription", version=1):
    active = State(initial=True)
    charging = State(invoke=charge)
    unpaid = State(owner="customer", label="The card was declined")
    ended = Final()

    moved = on(Moved, active >> active, when=is_ahead, do=(move, confirm), reenter=True)
    fall_due = after(due, active >> charging)
    paid = on_result(charge, charging >> active, into="receipt", do=next_month)
    declined = on_failure(charge, charging >> unpaid)
    changed = on(CardChanged, unpaid >> charging)
    lapse = after(days(14), unpaid >> ended)
    end = on(Ended, anywhere >> ended)
