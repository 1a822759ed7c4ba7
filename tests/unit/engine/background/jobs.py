"""Machines that are made of one function, performed as an effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.engine import Engine
from tests.unit.engine.world import (
    state,
)

SHORT = timedelta(milliseconds=20)


LONG = timedelta(seconds=30)


class Job(BaseModel):
    said: str | None = None


class Leave(Event):
    pass


def say(job: Job, event: Result[Any]) -> None:
    job.said = f"{event.value}"


def say_error(job: Job, event: Failure) -> None:
    job.said = f"{event.error}: {event.message} ({event.attempts})"


runs: Counter[str] = Counter()


def performing(function: Callable[..., Any], **policy: Any) -> type[Machine[Job]]:
    """A machine that performs this function once it has started; ``runs`` counts its runs."""
    if asyncio.iscoroutinefunction(function):

        async def run(job: Job, call: Call) -> Any:
            runs[call.instance] += 1
            return await function(call)
    else:

        def run(job: Job, call: Call) -> Any:  # type: ignore[misc]
            runs[call.instance] += 1
            return function(call)

    run.__name__ = function.__name__
    work: Any = effect(**policy)(run)

    class Performing(Machine[Job], name=function.__name__.replace("_", "-"), version=1):
        working = State(initial=True, invoke=work)
        left = State()
        over = Final()
        good = on_result(work, working >> over, do=say)
        bad = on_failure(work, working >> over, do=say_error)
        leaving = on(Leave, working >> left)

    return Performing


async def said(engine: Engine, machine: Any, id: str = "x") -> str:
    """What its outcome was."""
    await state(engine, machine, id, "over")
    text: str = (await engine.read(machine, id)).view.said
    return text
