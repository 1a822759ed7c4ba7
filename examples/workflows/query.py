"""A query is started and asked for until it has ended; what each kind of error means is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta

from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    Final,
    Machine,
    Result,
    Retry,
    State,
    after,
    effect,
    hours,
    minutes,
    on_cancel,
    on_failure,
    on_result,
    seconds,
    silence,
)


class Throttled(Exception): ...


class Malformed(Exception): ...


class Lost(Exception): ...


class Query(BaseModel):
    sql: str
    id: str = ""
    polls: int = 0
    rows: int | None = None


class Warehouse(ABC):
    @abstractmethod
    async def start(self, sql: str, key: str) -> str: ...
    @abstractmethod
    async def rows(self, id: str) -> int | None:
        """None while the query runs."""

    @abstractmethod
    async def stop(self, id: str) -> None: ...


PATIENT: dict[type[BaseException], Retry] = {Throttled: Retry(attempts=20, first=seconds(30))}


@effect(attempts=3, errors={**PATIENT, Malformed: Retry(attempts=1)})
async def start(query: Query, call: Call, warehouse: Warehouse) -> str:
    return await warehouse.start(query.sql, call.key)


@effect(attempts=3, errors={**PATIENT, Lost: Retry(attempts=1)})
async def poll(query: Query, call: Call, warehouse: Warehouse) -> int | None:
    return await warehouse.rows(query.id)


@effect(attempts=3, errors=PATIENT)
async def stop(query: Query, call: Call, warehouse: Warehouse) -> None:
    if query.id:
        await warehouse.stop(query.id)


def count(query: Query) -> None:
    query.polls += 1


def pause(query: Query) -> timedelta:
    return min(seconds(2**query.polls), minutes(1))


def has_ended(query: Query, event: Result[int | None]) -> bool:
    return event.value is not None


class QueryFlow(Machine[Query], name="query", version=1):
    stopping = State(invoke=stop)
    malformed = Final()
    failed = Final()
    done = Final()

    class running(Compound, initial=True):
        starting = State(initial=True, invoke=start)
        waiting = State(entry=count)
        polling = State(invoke=poll)

        started = on_result(start, starting >> waiting, into="id")
        ask = after(pause, waiting >> polling)
        end = on_result(poll, polling >> (lambda: QueryFlow.done), into="rows", when=has_ended)
        go_on = on_result(poll, polling >> waiting)
        again = on_failure(poll, polling >> starting, error=Lost)

    refuse = on_failure(start, running >> malformed, error=Malformed)
    fail = on_failure(start, running >> failed)
    give_up = on_failure(poll, running >> stopping)
    too_long = after(hours(1), running >> stopping)
    cancel = on_cancel(running >> stopping)
    stopped = on_result(stop, stopping >> failed)

    silences = (silence("unhandled-failure", stopping, because="an operator decides"),)
