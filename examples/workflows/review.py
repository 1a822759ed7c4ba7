"""A text that a person reviews: a reminder after a day, the chief after two, back to its author."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import BaseModel, Field

from statehold import (
    Call,
    Compound,
    Event,
    Final,
    Machine,
    State,
    after,
    anywhere,
    days,
    effect,
    on,
)


class Text(BaseModel):
    title: str
    remarks: list[str] = []


class Approve(Event): ...


class Improve(Event, label="Ask for another draft"):
    remark: str = Field(min_length=1)


class Submit(Event):
    title: str


class Withdraw(Event): ...


class Post(ABC):
    @abstractmethod
    async def write(self, to: str, about: str, key: str) -> None: ...


@effect
async def remind(text: Text, call: Call, post: Post) -> None:
    await post.write("editor", text.title, call.key)


@effect
async def alarm(text: Text, call: Call, post: Post) -> None:
    await post.write("chief", text.title, call.key)


def note(text: Text, event: Improve) -> None:
    text.remarks.append(event.remark)


def rename(text: Text, event: Submit) -> None:
    text.title = event.title


class Review(Machine[Text, Approve | Improve | Submit | Withdraw], name="review", version=1):
    approved = Final()
    expired = Final()
    withdrawn = Final()
    drafting = State(owner="author")

    class reviewing(Compound, initial=True):
        by_editor = State(initial=True, owner="editor", deadline=days(2))
        by_chief = State(owner="chief", deadline=days(5), entry=alarm)

        nudge = after(days(1), by_editor, do=remind)
        escalate = after(days(2), by_editor >> by_chief)
        expire = after(days(5), by_chief >> (lambda: Review.expired))
        approve = on(Approve, by_editor >> (lambda: Review.approved), by=("editor", "chief"))
        decide = on(Approve, by_chief >> (lambda: Review.approved), by="chief")

    improve = on(Improve, reviewing >> drafting, do=note, by=("editor", "chief"))
    submit = on(Submit, drafting >> reviewing, do=rename, by="author")
    withdraw = on(Withdraw, anywhere >> withdrawn, by="author")
