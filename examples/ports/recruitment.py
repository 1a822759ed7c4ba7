"""A candidate on the way to being hired or not; every step notes when it happened."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, anywhere, on


class Candidate(BaseModel):
    name: str = ""
    interviews: int = 0
    updated_at: datetime | None = None


class Screened(Event, label="Passed the screening"): ...


class Interviewed(Event): ...


class Offered(Event, label="Make an offer"): ...


class Accepted(Event, label="Accept the offer"): ...


class Rejected(Event): ...


class Withdrawn(Event): ...


def touch(candidate: Candidate, event: object, context: Context) -> None:
    candidate.updated_at = context.now


def count(candidate: Candidate) -> None:
    candidate.interviews += 1


def was_interviewed(candidate: Candidate) -> bool:
    return candidate.interviews >= 2


class Recruitment(
    Machine[Candidate, Screened | Interviewed | Offered | Accepted | Rejected | Withdrawn],
    name="recruitment",
    version=1,
):
    applied = State(initial=True, owner="recruiter")
    interviewing = State(owner="manager", label="In interviews")
    offered = State(owner="candidate", label="Has an offer")
    hired = Final()
    not_hired = Final()

    screen = on(Screened, applied >> interviewing, by="recruiter")
    interview = on(Interviewed, interviewing, do=count, by="manager")
    offer = on(Offered, interviewing >> offered, when=was_interviewed, by="manager")
    accept = on(Accepted, offered >> hired, by="candidate")
    stop = on((Rejected, Withdrawn), anywhere >> not_hired)
    do = touch
