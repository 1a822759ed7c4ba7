"""Version 1: a welcome at once, a second email a day later."""

from __future__ import annotations

from typing import Never

import httpx
from pydantic import BaseModel

from examples.outside import post
from statehold import Call, Final, Machine, State, after, days, effect, on_result, seconds, silence


class Newcomer(BaseModel):
    email: str


@effect(attempts=8, timeout=seconds(15))
async def send_welcome_email(newcomer: Newcomer, call: Call, http: httpx.AsyncClient) -> None:
    await post(http, "/emails", {"to": newcomer.email, "template": "welcome"}, call)


@effect(attempts=8, timeout=seconds(15))
async def send_first_drip_email(newcomer: Newcomer, call: Call, http: httpx.AsyncClient) -> None:
    await post(http, "/emails", {"to": newcomer.email, "template": "drip-1"}, call)


class Onboarding(Machine[Newcomer, Never], name="onboarding", version=1):
    """Two emails to a new customer, a day apart."""

    welcoming = State(initial=True, invoke=send_welcome_email, owner="growth")
    waiting = State(doc="A day, so that the second email is not a nuisance.")
    dripping = State(invoke=send_first_drip_email, owner="growth")
    onboarded = Final()

    welcomed = on_result(send_welcome_email, welcoming >> waiting)
    rested = after(days(1), waiting >> dripping)
    dripped = on_result(send_first_drip_email, dripping >> onboarded)

    silences = (
        silence(
            "unhandled-failure",
            because="an email that can't be sent is an incident: a person looks at it",
        ),
    )
