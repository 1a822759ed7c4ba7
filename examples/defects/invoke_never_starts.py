"""An effect of a state that is left in the step that enters it."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, always, effect, on, on_failure, on_result


class Order(BaseModel):
    total: int


class Placed(Event): ...


@effect
async def tell_the_shop(order: Order) -> None: ...


class Shop(Machine[Order, Placed], name="invoke-never-starts", version=1):
    basket = State(initial=True)
    telling = State(invoke=tell_the_shop)
    placed = Final()

    place = on(Placed, basket >> telling)
    onward = always(telling >> placed)
    fail = on_failure(tell_the_shop, telling >> basket)


class Mended(Machine[Order, Placed], name="invoke-never-starts-mended", version=1):
    basket = State(initial=True)
    telling = State(invoke=tell_the_shop)
    placed = Final()

    place = on(Placed, basket >> telling)
    onward = on_result(tell_the_shop, telling >> placed)
    fail = on_failure(tell_the_shop, telling >> basket)
