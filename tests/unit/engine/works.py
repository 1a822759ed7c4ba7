"""Effects that do as the test says, and machines that ask for them."""

from __future__ import annotations

import asyncio
from collections import deque
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
    seconds,
)


class Lever:
    """What the effects do next: each call takes one of ``answers``, the last one stays.

    An exception is raised, an event is waited for, anything else is the result.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.seen: list[Any] = []
        self.answers: deque[Any] = deque()
        self.called = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.mended = False

    def note(self, data: Any, call: Call) -> Any:
        self.calls.append(call)
        self.seen.append(data.model_dump())
        self.called.set()
        if not self.answers:
            return None
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]

    async def pull(self, data: Any, call: Call) -> Any:
        answer = self.note(data, call)
        if isinstance(answer, asyncio.Event):
            try:
                await answer.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def keys(self) -> list[str]:
        return [call.key for call in self.calls]

    @property
    def attempts(self) -> list[int]:
        return [call.attempt for call in self.calls]


lever = Lever()


class Parcel(BaseModel):
    weight: int = 1
    label: str | None = None
    error: str | None = None
    notes: list[str] = []


class Weigh(Event):
    weight: int


class Drop(Event):
    pass


class Stamp(Event):
    pass


class Fix(Event):
    pass


@effect(attempts=3, first=seconds(10), factor=3, longest=seconds(25), jitter=0.5)
async def buy_label(parcel: Parcel, call: Call) -> str:
    label: str = await lever.pull(parcel, call)
    return label


@effect(attempts=2, first=seconds(10), jitter=0)
async def tell_customer(parcel: Parcel, call: Call) -> None:
    await lever.pull(parcel, call)


def weigh(parcel: Parcel, event: Weigh) -> None:
    parcel.weight = event.weight


def keep_label(parcel: Parcel, event: Result[str]) -> None:
    if event.value == "unreadable" and not lever.mended:
        raise ValueError("can't read the label")
    parcel.label = event.value


def keep_error(parcel: Parcel, event: Failure) -> None:
    parcel.error = f"{event.error}: {event.message} ({event.attempts})"


class Shipping(Machine[Parcel], name="shipping", version=1):
    """Its label is bought while it is labelling."""

    labelling = State(initial=True, invoke=buy_label)
    labelled = State()
    failed = State()
    dropped = State()

    weighing = on(Weigh, labelling, do=weigh)
    label = on_result(buy_label, labelling >> labelled, do=keep_label)
    fail = on_failure(buy_label, labelling >> failed, do=keep_error)
    drop = on(Drop, (labelling | labelled | failed) >> dropped)
    again = on(Fix, (dropped | failed) >> labelling)


class Unhandled(Machine[Parcel], name="unhandled", version=1):
    """Nobody handles the failure of its effect."""

    labelling = State(initial=True, invoke=buy_label)
    labelled = Final()

    weighing = on(Weigh, labelling, do=weigh)
    label = on_result(buy_label, labelling >> labelled, do=keep_label)


class Detached(Machine[Parcel], name="detached", version=1):
    """Asks for an effect that belongs to no state, and is over."""

    open = State(initial=True)
    sent = Final()

    weighing = on(Weigh, open, do=weigh)
    stamp = on(Stamp, open >> sent, do=tell_customer)
