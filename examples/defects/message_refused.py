"""A machine sends an event that its receiver takes from a role alone: the message is sent back."""

from __future__ import annotations

from statehold import Context, Event, Final, Machine, State, machine, on


class Packed(Event): ...


class Ready(Event): ...


def tell(data: None, event: Packed, context: Context) -> None:
    context.send("message-refused", context.instance, Ready())
    context.send("message-refused-mended", context.instance, Ready())


class Kitchen(Machine[None, Packed], name="kitchen", version=1):
    cooking = State(initial=True)
    done = Final()

    pack = on(Packed, cooking >> done, do=tell, by="cook")


class Order(Machine[None, Ready], name="message-refused", version=1):
    waiting = State(initial=True)
    over = Final()

    ready = on(Ready, waiting >> over, by="cook")


class Mended(Machine[None, Ready], name="message-refused-mended", version=1):
    waiting = State(initial=True)
    over = Final()

    ready = on(Ready, waiting >> over, by=("cook", machine("kitchen")))
