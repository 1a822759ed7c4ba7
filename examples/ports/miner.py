"""A miner digs until the bag is full, carries it home, and rests when tired; a fall ends it all."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, always, anywhere, on


class Miner(BaseModel):
    bag: int = 0
    bank: int = 0
    tired: int = 0


class Tick(Event): ...


class Fell(Event): ...


def dig(miner: Miner) -> None:
    miner.bag, miner.tired = miner.bag + 1, miner.tired + 1


def deposit(miner: Miner) -> None:
    miner.bank, miner.bag = miner.bank + miner.bag, 0


def rest(miner: Miner) -> None:
    miner.tired -= 1


def is_full(miner: Miner) -> bool:
    return miner.bag >= 3


def is_tired(miner: Miner) -> bool:
    return miner.tired > 4 and not is_full(miner)


def is_rested(miner: Miner) -> bool:
    return miner.tired == 0


class MinerLife(Machine[Miner, Tick | Fell], name="miner", version=1):
    digging = State(initial=True)
    carrying = State()
    resting = State()
    dead = Final()

    strike = on(Tick, digging, do=dig)
    full = always(digging >> carrying, when=is_full)
    home = on(Tick, carrying >> digging, do=deposit)
    weary = always(digging >> resting, when=is_tired)
    sleep = on(Tick, resting, do=rest)
    wake = always(resting >> digging, when=is_rested)
    fall = on(Fell, anywhere >> dead)
