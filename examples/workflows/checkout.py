"""A checkout that waits to be called back: signs of life are due, and an end in time."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    hours,
    minutes,
    on,
    on_cancel,
    on_failure,
    on_result,
    silence,
)


class Cart(BaseModel):
    cents: int
    payment: str | None = None
    receipt: str | None = None


class Working(Event, label="Still working"): ...


class Paid(Event):
    receipt: str


class Declined(Event): ...


class Provider(ABC):
    @abstractmethod
    async def begin(self, cents: int, call_back: str, key: str) -> str: ...
    @abstractmethod
    async def void(self, call_back: str, key: str) -> None: ...


@effect(attempts=5)
async def begin(cart: Cart, call: Call, provider: Provider) -> str:
    return await provider.begin(cart.cents, call.instance, call.key)


@effect(attempts=20)
async def void(cart: Cart, call: Call, provider: Provider) -> None:
    await provider.void(call.instance, call.key)


def keep(cart: Cart, event: Paid) -> None:
    cart.receipt = event.receipt


class Checkout(Machine[Cart, Working | Paid | Declined], name="checkout", version=1):
    voiding = State(invoke=void)
    paid = Final()
    unpaid = Final()

    class paying(Compound, initial=True):
        beginning = State(initial=True, invoke=begin)
        waiting = State(owner="provider")

        begun = on_result(begin, beginning >> waiting, into="payment")
        alive = on(Working, waiting >> waiting, reenter=True, by="provider")
        silent = after(minutes(2), waiting >> (lambda: Checkout.voiding))

    refuse = on_failure(begin, paying >> voiding)
    pay = on(Paid, paying >> paid, do=keep, by="provider")
    decline = on(Declined, paying >> unpaid, by="provider")
    too_long = after(hours(1), paying >> voiding)
    cancel = on_cancel(paying >> voiding)
    voided = on_result(void, voiding >> unpaid)

    silences = (silence("unhandled-failure", voiding, because="an operator decides"),)
