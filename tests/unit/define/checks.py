"""A question with three ends, yes, no and unknown, written once and used under several names."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from statehold import (
    Compound,
    Effect,
    Event,
    Final,
    Machine,
    Parallel,
    Result,
    State,
    active,
    after,
    always,
    effect,
    minutes,
    on,
    on_done,
    on_failure,
    on_result,
    parameter,
)


class Question(BaseModel):
    subject: str = ""
    answer: bool | None = None
    by: str = ""


class Listing(BaseModel):
    domain: Question = Question(subject="example.org")
    phone: Question = Question(subject="112")
    log: list[str] = []


class Judge(Event):
    subject: str
    answer: bool


@effect(attempts=3)
async def resolve_domain(question: Question) -> bool:
    return question.subject.endswith(".org")


@effect
def call_back(question: Question) -> bool:
    return question.subject == "112"


def note_answer(question: Question, event: Result[bool]) -> None:
    question.answer, question.by = event.value, "machine"


def note_judgement(question: Question, event: Judge) -> Question:
    return question.model_copy(update={"answer": event.answer, "by": "person"})


def is_yes(question: Question) -> bool:
    return question.answer is True


def is_about(question: Question, event: Judge) -> bool:
    return question.subject == event.subject


class Check(Compound):
    """A question to an effect; a person answers where the effect has failed."""

    ask: Effect[Question, bool] = parameter()
    office: str = parameter(default="ops")
    patience: timedelta = parameter(default=minutes(30))

    asking = State(initial=True, invoke=ask, tags=("asked", office))
    answered = State()
    unclear = State(owner=office, deadline=patience)
    yes = Final()
    no = Final()
    unknown = Final()

    answer = on_result(ask, asking >> answered, do=note_answer)
    fail = on_failure(ask, asking >> unclear)
    judge = on(Judge, unclear >> answered, when=is_about, do=note_judgement, by=office)
    lapse = after(patience, unclear >> unknown)
    affirm = always(answered >> yes, when=is_yes)
    deny = always(answered >> no)


class ListingFlow(Machine[Listing], name="listing", version=1):
    class checking(Parallel, initial=True):
        domain = Check(ask=resolve_domain, data="domain")
        phone = Check(ask=call_back, office="support", patience=minutes(5), data="phone")

    listed = Final()
    refused = Final()

    refuse = on_done(
        checking >> refused, when=(active(checking.domain.no), active(checking.phone.no))
    )
    list_it = on_done(checking >> listed)
