"""Money moves between two accounts of a bank, and goes back where it could not arrive."""

from __future__ import annotations

from typing import Never

import httpx
from pydantic import BaseModel, Field

from statehold import (
    Call,
    Final,
    Machine,
    Retry,
    State,
    effect,
    minutes,
    on_cancel,
    on_failure,
    on_result,
    seconds,
    silence,
)


class NewTransfer(BaseModel):
    source: str
    target: str
    cents: int = Field(gt=0)


class Transfer(NewTransfer):
    credited: str
    receipt: str | None = None


class Refused(Exception): ...


class Busy(Exception): ...


errors: dict[type[BaseException], Retry] = {
    Refused: Retry(attempts=1),
    Busy: Retry(attempts=20, first=seconds(30)),
}


async def book(bank: httpx.AsyncClient, call: Call, account: str, cents: int) -> str:
    answer = await bank.post("/bookings", json={"to": account, "cents": cents, "key": call.key})
    if answer.status_code in (402, 429):
        raise Refused(account) if answer.status_code == 402 else Busy(account)
    return answer.raise_for_status().text


@effect(attempts=5, errors=errors)
async def withdraw(transfer: Transfer, call: Call, bank: httpx.AsyncClient) -> str:
    return await book(bank, call, transfer.source, -transfer.cents)


@effect(attempts=5, errors=errors)
async def deposit(transfer: Transfer, call: Call, bank: httpx.AsyncClient) -> str:
    return await book(bank, call, transfer.credited, transfer.cents)


refund = deposit.use("refund", attempts=1000, longest=minutes(60), errors={})


def open_transfer(new: NewTransfer) -> Transfer:
    return Transfer(**new.model_dump(), credited=new.target)


def back(transfer: Transfer) -> None:
    transfer.credited = transfer.source


def is_stopped(transfer: Transfer) -> bool:
    return transfer.credited == transfer.source


class Saga(Machine[Transfer, Never, NewTransfer], name="saga", version=1):
    withdrawing = State(initial=True, invoke=withdraw)
    depositing = State(invoke=deposit)
    refunding = State(invoke=refund, owner="bank")
    moved, given_back, refused = Final(), Final(), Final()

    stopped = on_result(withdraw, withdrawing >> refunding, when=is_stopped)
    withdrawn = on_result(withdraw, withdrawing >> depositing)
    short = on_failure(withdraw, withdrawing >> refused)
    deposited = on_result(deposit, depositing >> moved, into="receipt")
    bounced = on_failure(deposit, depositing >> refunding, do=back)
    stop = on_cancel(withdrawing, do=back)
    too_late = on_cancel(depositing | refunding)
    refunded = on_result(refund, refunding >> given_back, into="receipt")
    input = open_transfer
    silences = (silence("unhandled-failure", refunding, because="the bank decides"),)
