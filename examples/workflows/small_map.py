"""The same for each of a few items, all at once: an effect takes the event that stands for one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import BaseModel, Field

from statehold import (
    Context,
    Event,
    Final,
    Machine,
    Result,
    State,
    always,
    effect,
    on,
    on_failure,
    on_result,
)


class Mapped(BaseModel):
    address: str
    size: int


class Pages(BaseModel):
    addresses: list[str] = Field(max_length=20)
    sizes: list[Mapped] = []
    failed: int = 0


class Item(Event, internal=True):
    address: str


class Web(ABC):
    @abstractmethod
    async def size(self, address: str) -> int: ...


@effect(attempts=3)
async def measure(pages: Pages, event: Item, web: Web) -> Mapped:
    return Mapped(address=event.address, size=await web.size(event.address))


def fan_out(pages: Pages, event: object, context: Context) -> None:
    for address in pages.addresses:
        context.raise_(Item(address=address))


def collect(pages: Pages, event: Result[Mapped]) -> None:
    pages.sizes.append(event.value)


def count(pages: Pages) -> None:
    pages.failed += 1


def is_over(pages: Pages) -> bool:
    return len(pages.sizes) + pages.failed == len(pages.addresses)


class SmallMap(Machine[Pages, Item], name="small-map", version=1):
    mapping = State(initial=True, entry=fan_out)
    over = Final()

    each = on(Item, mapping, do=measure)
    one = on_result(measure, mapping, do=collect)
    not_one = on_failure(measure, mapping, do=count)
    finish = always(mapping >> over, when=is_over)
