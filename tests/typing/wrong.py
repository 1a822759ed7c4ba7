"""What type checkers have to refuse: each marked line, and no other, is an error for both.

mypy leaves the options of a class with a metaclass unchecked; Python itself refuses those.
"""

from __future__ import annotations

from pydantic import BaseModel

from statehold import (
    Access,
    Compound,
    Effect,
    Event,
    Final,
    Machine,
    Result,
    State,
    TimerFired,
    active,
    after,
    anywhere,
    effect,
    index,
    minutes,
    on,
    on_cancel,
    on_done,
    on_failure,
    on_result,
    parameter,
    silence,
)


class Order(BaseModel):
    reason: str = ""


class Accept(Event):
    prep_minutes: int


class Reject(Event):
    reason: str


@effect
async def charge(order: Order) -> int:
    return len(order.reason)


class Bank:
    pass


@effect(attempts=2)
async def pay(order: Order, bank: Bank) -> int:
    return len(order.reason)


of_accept: Effect[Accept, int] = pay  # E: mypy,pyright
gives_text: Effect[Order, str] = pay  # E: mypy,pyright


@effect  # E: mypy,pyright
def no_data() -> None: ...


def note_prep_time(order: Order, event: Accept) -> None: ...


def is_quick(order: Order, event: Accept) -> bool:
    return event.prep_minutes < 10


def note_text(order: Order, event: Result[str]) -> None: ...


def note_timer(order: Order, event: TimerFired) -> None: ...


def four(order: Order, event: Accept, context: object, more: object) -> None: ...


def says_text(order: Order) -> str:
    return order.reason


Accept(prep_minutes="twelve")  # E: mypy,pyright
Accept(minutes=12)  # E: mypy,pyright
Accept()  # E: mypy,pyright
Access(read=5)  # E: mypy,pyright
Access(reed="clerk")  # E: mypy,pyright
index("customer", of="all")  # E: mypy,pyright


class Wrong(Machine[Order], name="wrong", version=1):
    idle = State(initial=True, invoke=charge)
    over = Final()
    odd = State(initialy=True)  # E: mypy,pyright
    early = State(deadline=says_text)  # E: mypy,pyright

    class busy(Compound):
        one = State(initial=True)

    class bad(Compound, inital=True):  # E: pyright
        one = State(initial=True)

    fine = on(Accept, idle >> over, when=is_quick, do=note_prep_time)
    action = on(Reject, idle >> over, do=note_prep_time)  # E: mypy,pyright
    among = on(Reject, idle >> over, do=(note_prep_time, charge))  # E: mypy,pyright
    guard = on(Reject, idle >> over, when=is_quick)  # E: mypy,pyright
    text = on(Reject, idle >> over, when=says_text)  # E: mypy,pyright
    guarded = on(Reject, idle >> over, when=charge)  # E: mypy,pyright
    params = on(Accept, idle >> over, do=four)  # E: mypy,pyright
    member = on(Accept, idle >> busy.tow)  # E: mypy,pyright
    name = on(Accept, idel >> over)  # noqa: F821  # E: mypy,pyright
    target = on(Accept, idle >> "over")  # E: mypy,pyright
    source = on(Accept, (idle | "busy") >> over)  # E: mypy,pyright
    no_event = on(Order, idle >> over)  # E: mypy,pyright
    instance = on(Accept(prep_minutes=1), idle >> over)  # E: mypy,pyright
    option = on(Accept, idle >> over, wehn=is_quick)  # E: mypy,pyright
    number = after(10, idle >> over)  # E: mypy,pyright
    timer = after(minutes(1), idle >> over, do=note_prep_time)  # E: mypy,pyright
    done = on_done(busy >> over, do=note_timer)  # E: mypy,pyright
    result = on_result(charge, idle >> over, do=note_text)  # E: mypy,pyright
    failure = on_failure(charge, idle >> over, do=note_text)  # E: mypy,pyright
    no_effect = on_result(is_quick, idle >> over)  # E: mypy,pyright

    silences = (
        silence("dead-end", idle, fine, because="fine"),
        silence("dead-ends", idle, because="no such code"),  # E: mypy,pyright
        silence("dead-end", idel, because="misspelt"),  # noqa: F821  # E: mypy,pyright
        silence("dead-end", idle),  # E: mypy,pyright
        silence("dead-end", 12, because="no place"),  # E: mypy,pyright
    )


class Untitled(Machine[Order], name="untitled", vresion=1):  # E: mypy,pyright
    only = State(initial=True)


def note_either(order: Order, event: Accept | Reject) -> None: ...


class Rules(Machine[Order], name="rules", version=1):
    cancelled = Final()

    class form(Compound, initial=True):
        one = State(initial=True, invoke=charge)
        two = State()
        fine = on((Accept, Reject), one >> two, do=note_either)
        several = on((Accept, Reject), one >> two, do=note_prep_time)  # E: mypy,pyright
        among = on((Accept, Reject), one >> two, do=(note_either, note_timer))  # E: mypy,pyright
        guards = on((Reject, Accept), one >> two, when=is_quick)  # E: mypy,pyright
        no_events = on((Accept, Order), one >> two)  # E: mypy,pyright
        late = on(Accept, one >> (lambda: Rules.canceled))  # E: mypy,pyright
        no_state = on(Accept, one >> (lambda: "cancelled"))  # E: mypy,pyright
        takes = on(Accept, one >> (lambda data: Rules.cancelled))  # E: mypy,pyright
        target = on(Accept, one >> anywhere)  # E: mypy,pyright
        source = on(Accept, (one | anywhere) >> two)  # E: mypy,pyright
        asks = on(Accept, one >> two, when=active(lambda: Rules.canceled))  # E: mypy,pyright
        field = on_result(charge, one >> two, into=5)  # E: mypy,pyright
        action = on_result(charge, one >> two, into="reason", do=note_text)  # E: mypy,pyright
        event = on(Accept, one >> two, into="reason")  # E: mypy,pyright
        cancelled_by = on_cancel(one >> two, do=note_prep_time)  # E: mypy,pyright
        by_whom = on_cancel(one >> two, by="ops")  # E: mypy,pyright

    do = 5  # E: mypy,pyright


class Asks(Compound):
    ask: Effect[Order, int] = parameter()
    office: str = parameter(default="ops")
    asking = State(initial=True, invoke=ask, owner=office)
    failed = Final()
    fail = on_failure(ask, asking >> failed, do=note_text)  # E: mypy,pyright
    accept = on(office, asking >> failed)  # E: mypy,pyright
    narrow = State(deadline=office)  # E: mypy,pyright
    default: int = parameter(default="one")  # E: mypy,pyright


class Uses(Machine[Order], name="uses", version=1):
    ask_missing = Asks()  # E: mypy,pyright
    other_effect = Asks(ask=gives_text)  # E: mypy,pyright
    function = Asks(ask=is_quick)  # E: mypy,pyright
    misspelt = Asks(ask=charge, offise="b")  # E: mypy,pyright
    positional = Asks(charge)  # E: mypy,pyright
    whole = Asks(ask=charge, data=3)  # E: mypy,pyright
    one = Asks(ask=charge)

    state = on(Accept, one.asking >> one.fialed)  # E: mypy,pyright
    result = on_result(one.ask, one.asking >> one.failed, do=note_text)  # E: mypy,pyright
    unset = on_failure(one.aks, one.asking >> one.failed)  # E: mypy,pyright
