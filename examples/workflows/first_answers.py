"""Three are asked at once; the first answers are enough, and the others are stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import BaseModel, Field

from statehold import (
    Final,
    Machine,
    Result,
    State,
    always,
    effect,
    on_failure,
    on_result,
)

ASKED = 3


class Question(BaseModel):
    text: str
    wanted: int = Field(default=1, ge=1, le=ASKED)
    answers: list[str] = []
    silent: int = 0


class Source(ABC):
    @abstractmethod
    async def ask(self, name: str, text: str) -> str: ...


@effect(attempts=3)
async def archive(question: Question, source: Source) -> str:
    return await source.ask("archive", question.text)


@effect(attempts=3)
async def library(question: Question, source: Source) -> str:
    return await source.ask("library", question.text)


@effect(attempts=3)
async def expert(question: Question, source: Source) -> str:
    return await source.ask("expert", question.text)


def keep(question: Question, event: Result[str]) -> None:
    question.answers.append(event.value)


def count(question: Question) -> None:
    question.silent += 1


def is_enough(question: Question) -> bool:
    return len(question.answers) >= question.wanted


def is_hopeless(question: Question) -> bool:
    return ASKED - question.silent < question.wanted


class FirstAnswers(Machine[Question], name="first-answers", version=1):
    asking = State(initial=True, invoke=(archive, library, expert))
    answered = Final()
    unanswered = Final()

    from_archive = on_result(archive, asking, do=keep)
    from_library = on_result(library, asking, do=keep)
    from_expert = on_result(expert, asking, do=keep)
    no_archive = on_failure(archive, asking, do=count)
    no_library = on_failure(library, asking, do=count)
    no_expert = on_failure(expert, asking, do=count)
    enough = always(asking >> answered, when=is_enough)
    hopeless = always(asking >> unanswered, when=is_hopeless)
