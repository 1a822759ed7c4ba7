"""An effect whose result no transition uses."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, Result, State, effect, on, on_failure, on_result


class Applicant(BaseModel):
    name: str
    score: int | None = None


class Decided(Event): ...


@effect
async def credit_score(applicant: Applicant) -> int:
    return len(applicant.name)


def note_score(applicant: Applicant, result: Result[int]) -> None:
    applicant.score = result.value


class Credit(Machine[Applicant, Decided], name="result-unused", version=1):
    scoring = State(initial=True, invoke=credit_score)
    decided = Final()

    decide = on(Decided, scoring >> decided)
    fail = on_failure(credit_score, scoring >> decided)


class Mended(Machine[Applicant, Decided], name="result-unused-mended", version=1):
    scoring = State(initial=True, invoke=credit_score)
    scored = State()
    decided = Final()

    score = on_result(credit_score, scoring >> scored, do=note_score)
    decide = on(Decided, scored >> decided)
    fail = on_failure(credit_score, scoring >> decided)
