"""An effect whose failure no transition handles: the order waits for the card for ever."""

from __future__ import annotations

from typing import Never

from pydantic import BaseModel

from statehold import Final, Machine, State, effect, on_failure, on_result


class Order(BaseModel):
    total: int


@effect
async def charge(order: Order) -> None: ...


class Payment(Machine[Order, Never], name="unhandled-failure", version=1):
    paying = State(initial=True, invoke=charge)
    paid = Final()

    pay = on_result(charge, paying >> paid)


class Mended(Machine[Order, Never], name="unhandled-failure-mended", version=1):
    paying = State(initial=True, invoke=charge)
    paid = Final()
    unpaid = Final()

    pay = on_result(charge, paying >> paid)
    decline = on_failure(charge, paying >> unpaid)
