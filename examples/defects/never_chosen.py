"""A transition after one without a guard: a big claim is paid like any other."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Claim(BaseModel):
    amount: int


class Filed(Event): ...


class Examined(Event): ...


class Doubted(Event): ...


def is_big(claim: Claim) -> bool:
    return claim.amount > 1_000


class Insurance(Machine[Claim, Filed | Doubted | Examined], name="never-chosen", version=1):
    new = State(initial=True)
    examined = State()
    paid = Final()

    pay = on(Filed, new >> paid)
    examine = on(Filed, new >> examined, when=is_big)
    doubt = on(Doubted, new >> examined)
    settle = on(Examined, examined >> paid)


class Mended(Machine[Claim, Filed | Examined], name="never-chosen-mended", version=1):
    new = State(initial=True)
    examined = State()
    paid = Final()

    examine = on(Filed, new >> examined, when=is_big)
    pay = on(Filed, new >> paid)
    settle = on(Examined, examined >> paid)
