"""An expense that is looked at by as many people as its amount asks for, and then paid."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, Field

from statehold import (
    Call,
    Compound,
    Event,
    Final,
    Machine,
    State,
    after,
    always,
    days,
    effect,
    on,
    on_done,
    on_failure,
    on_result,
    parameter,
)


class NewExpense(BaseModel):
    what: str
    cents: int = Field(gt=0, le=10_000_000)


class Expense(NewExpense):
    why: str | None = None
    receipt: str | None = None


class Approved(Event): ...


class Rejected(Event):
    why: str = Field(min_length=3)


class PaidByHand(Event):
    receipt: str


@effect
async def remind(expense: Expense, call: Call, http: httpx.AsyncClient) -> None:
    (await http.post("/mails", json={"text": expense.what, "key": call.key})).raise_for_status()


@effect(attempts=5)
async def pay(expense: Expense, call: Call, http: httpx.AsyncClient) -> str:
    answer = await http.post("/payments", json={"cents": expense.cents, "key": call.key})
    return answer.raise_for_status().text


def open_expense(new: NewExpense) -> Expense:
    return Expense(**new.model_dump())


def is_small(expense: Expense) -> bool:
    return expense.cents < 5_000


def is_large(expense: Expense) -> bool:
    return expense.cents > 100_000


def note_why(expense: Expense, event: Rejected) -> None:
    expense.why = event.why


def note_receipt(expense: Expense, event: PaidByHand) -> None:
    expense.receipt = event.receipt


class Review(Compound):
    role: str = parameter()
    looking = State(initial=True, owner=role)
    agreed, refused = Final(), Final()

    agree = on(Approved, looking >> agreed, by=role)
    refuse = on(Rejected, looking >> refused, do=note_why, by=role)
    late = after(days(2), looking >> looking, do=remind, reenter=True)


class ExpenseFlow(
    Machine[Expense, Approved | Rejected | PaidByHand, NewExpense], name="expense", version=1
):
    entered = State(initial=True)
    manager = Review(role="manager")
    director = Review(role="director")
    paying = State(invoke=pay)
    by_hand = State(owner="accounting", label="To be paid by hand")
    paid, rejected = Final(), Final()

    small = always(entered >> paying, when=is_small)
    ask = always(entered >> manager)
    no = on_done((manager.refused | director.refused) >> rejected)
    more = on_done(manager.agreed >> director, when=is_large)
    yes = on_done((manager.agreed | director.agreed) >> paying)
    done = on_result(pay, paying >> paid, into="receipt")
    stuck = on_failure(pay, paying >> by_hand)
    settle = on(PaidByHand, by_hand >> paid, do=note_receipt, by="accounting")
    input = open_expense
