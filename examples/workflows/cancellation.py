"""Tests run on a rented host, which is given back whenever and however they end."""

from __future__ import annotations

import httpx
from pydantic import BaseModel

from statehold import (
    Call,
    Final,
    Machine,
    Result,
    State,
    after,
    child,
    effect,
    hours,
    on_cancel,
    on_failure,
    on_result,
    silence,
)


class Host(BaseModel):
    size: str = "small"
    address: str = ""


class Suite(BaseModel):
    branch: str = "main"
    size: str = "small"


@effect
async def rent(host: Host, call: Call, http: httpx.AsyncClient) -> str:
    answer = await http.put(f"/rents/{call.instance}", json={"size": host.size})
    return answer.raise_for_status().text


@effect
async def run(host: Host, call: Call, http: httpx.AsyncClient) -> None:
    (await http.post("/runs", json={"on": host.address, "key": call.key})).raise_for_status()


@effect(attempts=100)
async def give_back(host: Host, call: Call, http: httpx.AsyncClient) -> None:
    (await http.delete(f"/rents/{call.instance}")).raise_for_status()


@effect
async def unlock(suite: Suite, call: Call, http: httpx.AsyncClient) -> None:
    (await http.delete(f"/locks/{suite.branch}")).raise_for_status()


class HostFlow(Machine[Host], name="host", version=1):
    renting = State(initial=True, invoke=rent)
    running = State(invoke=run)
    returning, failing = State(invoke=give_back), State(invoke=give_back)
    passed, failed = Final(output=lambda host: True), Final(output=lambda host: False)

    rented = on_result(rent, renting >> running, into="address")
    over = on_result(run, running >> returning)
    broken = on_failure(rent, renting >> failing)
    red = on_failure(run, running >> failing)
    stop = on_cancel((renting | running) >> returning)
    returns_already = on_cancel(returning | failing)
    returned = on_result(give_back, returning >> passed)
    given_up = on_result(give_back, failing >> failed)
    silences = (
        silence("unhandled-failure", returning, failing, because="an operator looks for the host"),
    )


def host_of(suite: Suite) -> Host:
    return Host(size=suite.size)


def has_passed(suite: Suite, event: Result[bool]) -> bool:
    return event.value


class SuiteFlow(Machine[Suite], name="suite", version=1):
    testing = State(initial=True, invoke=child(HostFlow, input=host_of), exit=unlock)
    green, red, late = Final(), Final(), Final()

    passed = on_result(HostFlow, testing >> green, when=has_passed)
    failed = on_result(HostFlow, testing >> red)
    broken = on_failure(HostFlow, testing >> red)
    overdue = after(hours(1), testing >> late)
