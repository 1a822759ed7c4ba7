"""Version 2: the welcome depends on where the newcomer came from, which is looked up first.

Running instances skip the look-up, and nobody gets an email twice: states and effects keep their
names, so effects in flight continue under their keys.
"""

from __future__ import annotations

from typing import Any, Literal, Never, get_args

import httpx
from pydantic import BaseModel

from examples.outside import post
from statehold import (
    Call,
    Final,
    Machine,
    Permanent,
    Result,
    State,
    Upgrade,
    after,
    days,
    effect,
    on_result,
    seconds,
    silence,
)

Channel = Literal["direct", "friend", "advert"]
#: of those who came before the channel was asked for
DEFAULT_CHANNEL: Channel = "direct"


class Newcomer(BaseModel):
    email: str
    channel: Channel | None = None


@effect(attempts=8, timeout=seconds(15))
async def get_acquisition_channel(
    newcomer: Newcomer, call: Call, http: httpx.AsyncClient
) -> Channel:
    answer = await post(http, "/channels", {"email": newcomer.email}, call)
    if answer is None:
        return DEFAULT_CHANNEL
    channel: Channel = answer.get("channel", DEFAULT_CHANNEL)
    if channel not in get_args(Channel):
        raise Permanent(f"{newcomer.email} came by {channel!r}, an unknown channel")
    return channel


@effect(attempts=8, timeout=seconds(15))
async def send_welcome_email(newcomer: Newcomer, call: Call, http: httpx.AsyncClient) -> None:
    template = f"welcome-{newcomer.channel}"
    await post(http, "/emails", {"to": newcomer.email, "template": template}, call)


@effect(attempts=8, timeout=seconds(15))
async def send_first_drip_email(newcomer: Newcomer, call: Call, http: httpx.AsyncClient) -> None:
    await post(http, "/emails", {"to": newcomer.email, "template": "drip-1"}, call)


def note_channel(newcomer: Newcomer, result: Result[Channel]) -> None:
    newcomer.channel = result.value


def from_version_1(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "channel": DEFAULT_CHANNEL}


class Onboarding(Machine[Newcomer, Never], name="onboarding", version=2):
    """Two emails to a new customer, a day apart; the first fits where they came from."""

    asking = State(initial=True, invoke=get_acquisition_channel, owner="growth")
    welcoming = State(invoke=send_welcome_email, owner="growth")
    waiting = State(doc="A day, so that the second email is not a nuisance.")
    dripping = State(invoke=send_first_drip_email, owner="growth")
    onboarded = Final()

    asked = on_result(get_acquisition_channel, asking >> welcoming, do=note_channel)
    welcomed = on_result(send_welcome_email, welcoming >> waiting)
    rested = after(days(1), waiting >> dripping)
    dripped = on_result(send_first_drip_email, dripping >> onboarded)

    # states, timers and effects keep their names, so there is nothing else to map
    upgrades = (Upgrade(from_version=1, data=from_version_1),)

    silences = (
        silence(
            "unhandled-failure",
            because="what can't be sent or asked is an incident: a person looks at it",
        ),
    )
