"""A request that two offices look at side by side; one refusal is enough."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Compound, Event, Final, Machine, Parallel, State, on, on_done


class Request(BaseModel):
    subject: str = ""


class Finance(Event, label="Finance agrees"): ...


class Legal(Event, label="Legal agrees"): ...


class Refused(Event): ...


class Approval(Machine[Request, Finance | Legal | Refused], name="approval", version=1):
    class offices(Parallel, initial=True):
        class finance(Compound):
            looking = State(initial=True, owner="finance")
            agreed = Final()
            agree = on(Finance, looking >> agreed, by="finance")

        class legal(Compound):
            looking = State(initial=True, owner="legal")
            agreed = Final()
            agree = on(Legal, looking >> agreed, by="legal")

    approved = Final()
    refused = Final()

    approve = on_done(offices >> approved)
    refuse = on(Refused, offices >> refused, by=("finance", "legal"))
