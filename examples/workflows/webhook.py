"""A partner is called, and answers line by line for as long as it works."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, Field

from statehold import Call, Event, Final, Machine, State, effect, on, on_failure, on_result, seconds


class Job(BaseModel):
    url: str
    percent: int = 0


class Progress(Event, internal=True):
    percent: int = Field(ge=0, le=100)


@effect(attempts=3, timeout=seconds(600), heartbeat=seconds(30))
async def work(job: Job, call: Call, http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": call.key}
    async with http.stream("POST", job.url, headers=headers) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            await call.send(Progress(percent=int(line)), key=line)


def note(job: Job, event: Progress) -> None:
    job.percent = event.percent


class Webhook(Machine[Job, Progress], name="webhook", version=1):
    working = State(initial=True, invoke=work, label="The partner works")
    stuck = Final(label="The partner is silent")
    done, failed = Final(), Final()

    progress = on(Progress, working, do=note)
    finish = on_result(work, working >> done)
    silent = on_failure(work, working >> stuck, error=TimeoutError)
    fail = on_failure(work, working >> failed)
