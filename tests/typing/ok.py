"""What type checkers have to accept: the notation, with everything that it allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from statehold import (
    Access,
    AMachine,
    AnyEvent,
    Call,
    Cancellation,
    Compound,
    Context,
    Definition,
    Done,
    Effect,
    Event,
    Failure,
    Final,
    History,
    Machine,
    Parallel,
    Result,
    State,
    TimerFired,
    Undeliverable,
    Upgrade,
    active,
    after,
    always,
    anyone,
    anywhere,
    child,
    effect,
    index,
    machine,
    minutes,
    nobody,
    on,
    on_cancel,
    on_done,
    on_failure,
    on_result,
    parameter,
    role,
    silence,
    start,
    step,
    when,
)


class Order(BaseModel):
    items: list[str]
    prep_minutes: int | None = None
    reason: str | None = None


class Accept(Event):
    prep_minutes: int


class Reject(Event):
    reason: str


class Packed(Event):
    pass


class PickedUp(Event):
    pass


@effect(attempts=5, timeout=timedelta(seconds=30))
async def offer_to_restaurant(order: Order, call: Call) -> None: ...


@effect
def charge(order: Order) -> int:
    return len(order.items)


@effect
async def refund(order: Order, call: Call) -> bool:
    return bool(order.items)


class Bank:
    async def charge(self, amount: int) -> str:
        return str(amount)


class Settings:
    url = ""


@effect
async def pay(order: Order, call: Call, bank: Bank, settings: Settings) -> str:
    return await bank.charge(len(order.items))


@effect(attempts=2)
def pay_in_a_thread(order: Order, bank: Bank, call: Call) -> int:
    return len(order.items)


@effect(attempts=2)
async def pay_for(order: Order, bank: Bank) -> str:
    return await bank.charge(len(order.items))


paying: Effect[Order, str] = pay
paying_in_a_thread: Effect[Order, int] = pay_in_a_thread
paying_for: Effect[Order, str] = pay_for


def kitchen_is_open(order: Order) -> bool:
    return bool(order.items)


def is_quick(order: Order, event: Accept) -> bool:
    return event.prep_minutes < 10


def note_prep_time(order: Order, event: Accept) -> None:
    order.prep_minutes = event.prep_minutes


def note_reason(order: Order, event: Reject) -> None:
    order.reason = event.reason


def note_timeout(order: Order) -> None:
    order.reason = "no answer"


def note_either(order: Order, event: Accept | Reject) -> None:
    order.reason = type(event).__name__


def note_any(order: Order, event: Event) -> Order:
    return order.model_copy(update={"reason": type(event).__name__})


def note_moment(order: Order, event: Event, context: Context) -> None:
    order.reason = f"{context.instance} at {context.now.isoformat()}"
    context.send(None, None, Packed(), delay=minutes(1))


def note_timer(order: Order, event: TimerFired) -> None:
    order.reason = event.timer


def note_price(order: Order, event: Result[int]) -> None:
    order.prep_minutes = event.value


def note_failure(order: Order, event: Failure) -> None:
    order.reason = event.message


def note_end(order: Order, event: Done) -> None:
    order.reason = event.state


def note_lost(order: Order, event: Undeliverable) -> None:
    order.reason = event.reason


def ready_in(order: Order) -> timedelta:
    return minutes(order.prep_minutes or 10)


def ready_at(order: Order) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


# fmt: off
class OrderFlow(Machine[Order], name="order", version=1):
    """One food order, from checkout to doorstep."""

    offering  = State(initial=True, invoke=offer_to_restaurant, owner="restaurant")
    cancelled = Final()
    delivered = Final()

    class fulfilling(Parallel):
        class kitchen(Compound):
            cooking = State(initial=True)
            packed  = Final()
            pack    = on(Packed, cooking >> packed)

        class courier(Compound):
            waiting = State(initial=True)
            gone = Final()
            pick_up = on(PickedUp, waiting >> gone)

    accept = on(Accept, offering >> fulfilling, when=kitchen_is_open, do=note_prep_time, by="restaurant")  # noqa: E501
    reject = on(Reject, (offering | fulfilling) >> cancelled, do=note_reason, by="restaurant")
    lapse  = after(minutes(10), offering >> cancelled, do=note_timeout)
    finish = on_done(fulfilling >> delivered)
# fmt: on


class Everything(Machine[Order], name="everything", version=2):
    idle = State(initial=True, entry=note_timeout, exit=(note_any, charge), tags=("calm",))
    over = Final(output=lambda order: order.reason)

    class busy(Parallel, invoke=(charge, child(OrderFlow)), deadline=ready_in, tags=("hot",)):
        """At work."""

        class left(Compound, entry=(note_timeout, charge), exit=note_timeout, owner="left"):
            one = State(initial=True, invoke=child(OrderFlow, input=lambda order: order))
            two = Final()
            last = History(deep=True, default=one)
            go = on(Packed, one >> two, when=(kitchen_is_open, lambda order: True))

        class right(Compound):
            one = State(initial=True, deadline=minutes(3))
            two = Final()
            go = on(Packed, one >> two, when=active(one))

        back = on(PickedUp, left >> right.two)

    plain = on(Accept, idle >> busy, when=is_quick, do=(note_prep_time, note_timeout, note_any))
    mixed = on(Accept, idle >> busy.left, do=(note_either, note_moment, refund), by=("a", "b"))
    many = on(Reject, idle >> (busy.left.two, busy.right.two), do=note_either)
    again = on(Reject, busy >> busy.left.last, reenter=True)
    three = on(Reject, (idle | busy | busy.left) >> over, do=lambda order, event: None)
    first = on(Reject, (busy | idle) >> over, do=lambda order: None)
    regions = on(Reject, (busy.left | busy.right) >> over)
    stay = on(Reject, idle, do=note_reason)
    wait = on(Reject, idle | busy, do=note_reason)
    other = on(AnyEvent, idle >> over, do=note_any)
    lost = on(Undeliverable, idle >> over, do=note_lost)
    timed = after(ready_in, idle >> over, do=(note_timer, note_timeout))
    moment = after(ready_at, busy >> over)
    at_once = always(busy >> over, when=kitchen_is_open, do=note_moment)
    priced = on_result(charge, busy >> over, do=note_price)
    failed = on_failure(charge, busy >> over, do=note_failure)
    child_done = on_result(OrderFlow, busy >> over, do=lambda order, event: None)
    child_failed = on_failure(OrderFlow, busy >> over, do=note_failure)
    ended = on_done(busy >> over, do=note_end)

    indexes = {"reason": lambda order: order.reason}  # noqa: RUF012 - as users write it
    upgrades = [Upgrade(1, states={"working": busy.left.one}, data=lambda old: old)]  # noqa: RUF012

    silences = (
        silence("dead-end", idle, busy, busy.left.one, three, because="an example"),
        silence("unheard-event", Accept, because="an example"),
        silence("never-set", "reason", because="an example"),
        silence("no-end", because="an example"),
    )

    @staticmethod
    def view(order: Order) -> dict[str, Any]:
        return {"items": order.items}


class Paid(Event, internal=True):
    receipt: str


class Named(Machine[dict[str, int]], name="named", version=1):
    only = State(initial=True)
    paid = on(Paid, only, by=("clerk", machine("payment"), machine(OrderFlow)))
    indexes = ("customer",)
    access = Access(
        start="customer",
        read=index("customer", of="caller") | role("support") | "auditor",
        send=when(lambda data, caller: caller.name == "ann") | role("desk"),
        put=nobody,
        erase=anyone,
    )
    views = {"courier": lambda data: len(data)}  # noqa: RUF012 - as users write it


Paid(receipt="r-1")


def runs(machine: AMachine) -> str:
    return machine.definition.name


definition: Definition[Any] = OrderFlow.definition
typed: Effect[Order, int] = charge
asynchronous: Effect[Order, bool] = refund
runs(OrderFlow)
runs(definition)
now = datetime(2026, 1, 1, tzinfo=UTC)
begun = start(OrderFlow, Order(items=["pizza"]), now)
moved = step(OrderFlow, begun.snapshot, Accept(prep_minutes=12), now)
path: str = OrderFlow.fulfilling.kitchen.cooking.id


def note_any_result(order: Order, event: Result[object]) -> None: ...


def note_all_ends(order: Order, event: object, context: Context) -> None: ...


def was_asked(order: Order, event: Cancellation) -> bool:
    return bool(event.reason) and not event.by_parent


def note_cancellation(order: Order, event: Cancellation) -> None: ...


def note_all(
    order: Order, event: Accept | Reject | Packed | PickedUp | Cancel | Undeliverable
) -> None: ...


class Cancel(Event):
    pass


left = child(OrderFlow, id="left", input=lambda order: order)


class Rules(Machine[Order], name="rules", version=1):
    cancelled = Final()

    class form(Compound, initial=True):
        one = State(initial=True, invoke=charge)
        two = State(invoke=(left, child(OrderFlow, id="right")))
        failed = Final()
        good = Final()
        next = on((Accept, Reject), one >> two, do=note_either)
        either = on(Accept | Reject, one >> two, do=(note_either, note_any))
        three = on((Accept, Reject, Packed), one >> two, do=note_all)
        four = on((Accept, Reject, Packed, PickedUp), one >> two, do=(note_all, note_any))
        five = on((Accept, Reject, Packed, PickedUp, Cancel), one >> two, do=note_all)
        lost = on((Accept, Undeliverable), one >> two, do=note_all)
        alone = on((Accept,), one >> two, do=note_prep_time)
        out = on(Cancel, one >> (lambda: Rules.cancelled), when=active(lambda: Rules.cancelled))
        stay = on(Cancel, anywhere, do=note_any)
        give_up = on(Cancel, anywhere >> failed)
        finish = on_result(left, two >> good, into="prep_minutes", do=note_any_result)
        paid = on_result(charge, one >> two, into="prep_minutes", do=note_price)
        broken = on_failure(left, two >> failed, do=note_failure)

    fail = on(Cancel, anywhere >> cancelled)
    undo = on_cancel(anywhere >> cancelled, when=was_asked, do=note_cancellation)
    undo_all = on_cancel((form | cancelled) >> cancelled, do=(charge, note_cancellation))
    lapse = after(minutes(1), anywhere >> cancelled)
    at_once = always(anywhere >> cancelled, when=kitchen_is_open)
    refuse = on_done((form.failed | form.good) >> cancelled, do=note_end)

    do = (note_all_ends, charge)


class Asks(Compound):
    ask: Effect[Order, int] = parameter()
    office: str = parameter(default="ops")
    patience: timedelta = parameter(default=minutes(3))
    good: Callable[[Order], bool] = parameter(default=kitchen_is_open)
    event: type[Accept] = parameter(default=Accept)

    asking = State(initial=True, invoke=ask, owner=office, tags=("a", office))
    data = State()
    failed = Final()
    answer = on_result(ask, asking >> data, when=good, do=note_price)
    fail = on_failure(ask, asking >> failed)
    lapse = after(patience, data >> failed)
    accept = on(event, data >> failed, do=note_prep_time, by=office)


class Wraps(Parallel):
    ask: Effect[Order, int] = parameter()
    work: Compound = parameter()

    first = Asks(ask=ask, data="order")
    late = on_failure(first.ask, first.asking >> first.failed)
    over = on_done(work >> first)


class Uses(Machine[Order], name="uses", version=1):
    one = Asks(ask=charge, initial=True)
    two = Asks(ask=charge, office="b", data=(lambda order: order, lambda order, part: part))
    three = Wraps(ask=charge, work=Asks(ask=charge), label="Three", initial=False)

    onward = on_done(one >> two)
    inner = on(Accept, one.failed >> two.data, do=note_prep_time)
    either = on(Reject, (one | two.asking | three) >> three.first.failed)
    into = on(Packed, (two.data | one) >> (three.first, three.work))
    known = on_failure(two.ask, two >> one)
    upgrades = (Upgrade(1, states={"a": two.failed}, effects={"b": two.ask}),)


paid_by: Effect[Order, int] = Uses.one.ask


class Touched(Machine[Order], name="touched", version=1):
    only = State(initial=True)
    do = note_timeout


class TouchedByAll(Machine[Order], name="touched-by-all", version=1):
    only = State(initial=True)
    do = note_all_ends
