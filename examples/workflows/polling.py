"""An export is asked for, and looked at each minute until it is there."""

from __future__ import annotations

import httpx
from pydantic import BaseModel

from statehold import (
    Call,
    Final,
    Machine,
    Retry,
    State,
    effect,
    minutes,
    on_failure,
    on_result,
)


class Export(BaseModel):
    query: str
    job: str = ""
    url: str = ""


class NotReady(Exception): ...


@effect
async def order(export: Export, call: Call, http: httpx.AsyncClient) -> str:
    answer = await http.post("/exports", json={"query": export.query, "key": call.key})
    return answer.raise_for_status().text


@effect(attempts=3, errors={NotReady: Retry(attempts=60, first=minutes(1), factor=1)})
async def look(export: Export, call: Call, http: httpx.AsyncClient) -> str:
    answer = await http.get(f"/exports/{export.job}")
    if answer.status_code == 202:
        raise NotReady(export.job)
    return answer.raise_for_status().text


def url_of(export: Export) -> str:
    return export.url


class Polling(Machine[Export], name="polling", version=1):
    asking = State(initial=True, invoke=order)
    waiting = State(invoke=look)
    ready = Final(output=url_of)
    late, failed = Final(label="Took too long"), Final()

    asked = on_result(order, asking >> waiting, into="job")
    come = on_result(look, waiting >> ready, into="url")
    give_up = on_failure(look, waiting >> late, error=NotReady)
    fail = on_failure(look, waiting >> failed)
    refused = on_failure(order, asking >> failed)
