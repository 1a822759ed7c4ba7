"""Machines whose data is bounded, to be searched."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    on,
    on_failure,
    on_result,
    seconds,
)


class Insert(Event):
    coin: Literal[1, 2]


class Press(Event):
    pass


class Kick(Event):
    pass


class Coins(BaseModel):
    paid: int = 0


def price_is_paid(coins: Coins) -> bool:
    return coins.paid >= 3


def has_room(coins: Coins) -> bool:
    return coins.paid < 3


def add(coins: Coins, event: Insert) -> None:
    coins.paid += event.coin


def give_back(coins: Coins) -> None:
    coins.paid = 0


@effect(attempts=2)
async def brew(coins: Coins) -> bool:
    return True


def is_hot(coins: Coins, event: object) -> bool:
    return bool(getattr(event, "value", False))


class Coffee(Machine[Coins], name="coffee", version=1):
    """Three coins, a press, a cup. What lies in the slot for 10 seconds is given back."""

    idle = State(initial=True)
    brewing = State(invoke=brew)
    served = Final()
    broken = Final()

    insert = on(Insert, idle, do=add, when=has_room)
    press = on(Press, idle >> brewing, when=price_is_paid)
    lapse = after(seconds(10), idle >> idle, do=give_back, reenter=True)
    serve = on_result(brew, brewing >> served, when=is_hot)
    cold = on_result(brew, brewing >> broken)
    jam = on_failure(brew, brewing >> broken)


def break_(coins: Coins) -> None:
    raise ZeroDivisionError("kicked too hard")


class Fragile(Machine[Coins], name="fragile", version=1):
    idle = State(initial=True)
    shaken = State()
    off = Final()

    kick = on(Kick, idle >> shaken)
    again = on(Kick, shaken >> off, do=break_)
    leave = after(seconds(5), shaken >> off, do=break_)


def count(coins: Coins) -> None:
    coins.paid += 1


class Endless(Machine[Coins], name="endless", version=1):
    """Its data has no bound."""

    idle = State(initial=True)
    press = on(Press, idle, do=count)


def remind(coins: Coins, event: object, context: Context) -> None:
    context.send(None, None, Kick(), delay=seconds(4))


class Reminding(Machine[Coins], name="reminding", version=1):
    """It sends itself a message, which races with a timer."""

    idle = State(initial=True)
    waiting = State()
    kicked = Final()
    lapsed = Final()

    press = on(Press, idle >> waiting, do=remind)
    kick = on(Kick, waiting >> kicked)
    lapse = after(seconds(3), waiting >> lapsed)
