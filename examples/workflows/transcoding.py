"""A film in two sizes: two children of one machine, side by side, that report how far they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from pydantic import BaseModel, Field

from statehold import (
    Call,
    Event,
    Final,
    Machine,
    State,
    always,
    child,
    effect,
    hours,
    on,
    on_cancel,
    on_failure,
    on_result,
    seconds,
    silence,
)


class Job(BaseModel):
    file: str
    height: int
    percent: int = 0
    url: str = ""


class Progress(Event, internal=True):
    percent: int = Field(ge=0, le=100)


class Encoder(ABC):
    @abstractmethod
    def run(self, file: str, height: int, key: str) -> AsyncIterator[int | str]:
        """Percents, and at last the address."""

    @abstractmethod
    async def discard(self, file: str, height: int) -> None: ...


@effect(attempts=3, timeout=hours(1), heartbeat=seconds(30))
async def encode(job: Job, call: Call, encoder: Encoder) -> str:
    async for step in encoder.run(job.file, job.height, call.key):
        if isinstance(step, str):
            return step
        await call.send(Progress(percent=step), key=f"{call.attempt}.{step}")
    raise EOFError("the encoder ended without an address")


@effect
async def discard(job: Job, encoder: Encoder) -> None:
    await encoder.discard(job.file, job.height)


def note(job: Job, event: Progress) -> None:
    job.percent = event.percent


def url_of(job: Job) -> str:
    return job.url


class Rendition(Machine[Job, Progress, Job, str], name="rendition", version=1):
    encoding = State(initial=True, invoke=encode)
    discarding = State(invoke=discard)
    made = Final(output=url_of)

    progress = on(Progress, encoding, do=note)
    finish = on_result(encode, encoding >> made, into="url")
    clean_up = on_cancel(encoding >> discarding)
    cleaned = on_result(discard, discarding >> made)

    silences = (silence("unhandled-failure", because="an operator decides"),)


class Film(BaseModel):
    file: str
    small: str = ""
    large: str = ""


def small_job(film: Film) -> Job:
    return Job(file=film.file, height=480)


def large_job(film: Film) -> Job:
    return Job(file=film.file, height=1080)


def has_both(film: Film) -> bool:
    return bool(film.small and film.large)


class Transcoding(Machine[Film], name="transcoding", version=1):
    small = child(Rendition, id="small", input=small_job)
    large = child(Rendition, id="large", input=large_job)
    encoding = State(initial=True, invoke=(small, large))
    published = Final()
    failed = Final()

    have_small = on_result(small, encoding, into="small")
    have_large = on_result(large, encoding, into="large")
    publish = always(encoding >> published, when=has_both)
    fail = on_failure(Rendition, encoding >> failed)
