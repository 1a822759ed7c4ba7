"""What could happen next, and why something did not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, Snapshot, State, on, start, step
from statehold.errors import GuardFailed
from statehold.formats.native import read_native
from statehold.interpreter.enabled import allowed, enablements, refusal


class Shelf(BaseModel):
    stock: int = 0


class Take(Event):
    count: int = 1


class Lend(Event):
    pass


class Close(Event):
    pass


def has_stock(shelf: Shelf) -> bool:
    return shelf.stock > 0


def has_so_many(shelf: Shelf, event: Take) -> bool:
    return shelf.stock >= event.count


def opens_today(shelf: Shelf, event: Event, context: Context) -> bool:
    return context.now.weekday() < 5


def raises(shelf: Shelf) -> bool:
    return bool(1 // shelf.stock)


class ShelfFlow(Machine[Shelf], name="shelf", version=1):
    full = State(initial=True)
    empty = State()
    closed = Final()

    take = on(Take, full >> empty, when=(has_so_many, opens_today), by="clerk")
    lend = on(Lend, full >> empty, when=(has_stock, opens_today))
    close = on(Close, full >> closed, when=raises, by=("clerk", "owner"))
    refill = on(Lend, empty >> full)


NOW = datetime(2026, 1, 3, tzinfo=UTC)


def shelf(stock: int) -> Snapshot[Shelf]:
    return start(ShelfFlow, Shelf(stock=stock), NOW).snapshot


def test_an_event_is_allowed_where_what_is_known_beforehand_does_not_stop_it() -> None:
    assert allowed(ShelfFlow, shelf(1)) == ("Take", "Lend", "Close")
    assert allowed(ShelfFlow, shelf(1), {"visitor"}) == ("Lend",)
    assert allowed(ShelfFlow, shelf(0), {"clerk"}) == ("Take",)


def test_an_enablement_names_what_stops_the_transition() -> None:
    found = {p.transition.id: (p.possible, p.stopped_by) for p in enablements(ShelfFlow, shelf(0))}
    assert found == {
        "take": (None, ()),
        "lend": (False, ("has_stock says no",)),
        "close": (
            False,
            ("raises raised ZeroDivisionError: integer division or modulo by zero",),
        ),
    }


def test_an_instance_that_has_ended_has_no_enablements() -> None:
    over = step(ShelfFlow, shelf(1), Close(), NOW).snapshot
    assert over.done
    assert allowed(ShelfFlow, over) == ()
    assert enablements(ShelfFlow, over) == ()


@pytest.mark.parametrize(
    ("stock", "event", "roles", "reasons", "roles_alone"),
    [
        (1, Take(count=2), {"clerk"}, ("has_so_many says no",), False),
        (0, Lend(), None, ("has_stock says no",), False),
        (1, Close(), {"visitor"}, ("only clerk or owner may do this",), True),
        (
            1,
            Take(count=2),
            {"visitor"},
            ("has_so_many says no", "only clerk may do this"),
            False,
        ),
    ],
)
def test_a_refusal_names_what_said_no(
    stock: int, event: Event, roles: set[str] | None, reasons: tuple[str, ...], roles_alone: bool
) -> None:
    of_roles = tuple(one for one in reasons if one.startswith("only "))
    assert refusal(ShelfFlow, shelf(stock), event, roles) == (reasons, of_roles, roles_alone)


def test_a_guard_that_takes_the_context_is_named_only_where_nothing_else_stopped_it() -> None:
    assert not step(ShelfFlow, shelf(1), Lend(), NOW).accepted
    assert refusal(ShelfFlow, shelf(1), Lend()) == (("opens_today says no",), (), False)
    assert refusal(ShelfFlow, shelf(0), Lend()) == (("has_stock says no",), (), False)


def test_whether_roles_alone_stood_in_the_way_is_not_claimed_where_a_guard_was_not_asked() -> None:
    assert refusal(ShelfFlow, shelf(1), Take(), {"visitor"}) == (
        ("only clerk may do this",),
        ("only clerk may do this",),
        False,
    )


def test_an_event_that_no_active_state_has_a_transition_for_is_refused_without_a_reason() -> None:
    empty = step(ShelfFlow, shelf(1), Lend(), datetime(2026, 1, 5, tzinfo=UTC)).snapshot
    assert empty.state == ("empty",)
    assert refusal(ShelfFlow, empty, Take()) == ((), (), False)


def is_large(shelf: Shelf, event: Take) -> bool:
    return event.count > 10


def test_a_guard_that_raises_stops_only_the_events_that_it_is_asked_about() -> None:
    class Flow(Machine[Shelf], name="shelf", version=1):
        full = State(initial=True)
        closed = Final()
        much = on(Take, full >> closed, when=(is_large, raises))
        some = on(Take, full >> closed)
        lend = on(Lend, full >> closed, when=(raises, opens_today))
        lend_too = on(Lend, full >> closed)

    snapshot = start(Flow, Shelf(stock=0), NOW).snapshot
    assert allowed(Flow, snapshot) == ("Take",)
    assert step(Flow, snapshot, Take(count=1), NOW).accepted
    for event in (Take(count=11), Lend()):
        with pytest.raises(GuardFailed):
            step(Flow, snapshot, event, NOW)


@pytest.mark.timeout(30)
def test_what_is_allowed_is_known_at_once_however_many_transitions_ask_about_the_event() -> None:
    document = {
        "statehold": 1,
        "name": "shelf",
        "data": {"properties": {}},
        "events": {"Take": {"properties": {"count": {"type": "integer"}}, "required": ["count"]}},
        "states": {"full": {"initial": True}, "closed": {"final": True}},
        "transitions": {
            f"take_{n}": {
                "on": "Take", "from": "full", "to": "closed", "by": "clerk",
                "when": f"event.count == {n}",
            }
            for n in range(100)
        },
    }  # fmt: skip
    machine = read_native(json.dumps(document)).definition
    empty: dict[str, Any] = {}
    snapshot = start(machine, empty, NOW).snapshot
    assert allowed(machine, snapshot, {"visitor"}) == ()
    assert allowed(machine, snapshot, {"clerk"}) == ("Take",)


@pytest.mark.timeout(30)
def test_what_would_take_too_long_to_find_out_stays_possible() -> None:
    heavy = "data.many.all(a, data.many.all(b, a + b < 0))"
    document = {
        "statehold": 1,
        "name": "shelf",
        "data": {
            "properties": {"many": {"type": "array", "items": {"type": "integer"}}},
            "required": ["many"],
        },
        "events": {f"Take{n}": {} for n in range(1_000)},
        "states": {"full": {"initial": True}, "closed": {"final": True}},
        "transitions": {
            f"take_{n}": {"on": f"Take{n}", "from": "full", "to": "closed", "when": heavy}
            for n in range(1_000)
        },
    }
    machine = read_native(json.dumps(document)).definition
    snapshot = start(machine, {"many": list(range(100))}, NOW).snapshot
    possible = allowed(machine, snapshot)
    assert 0 < len(possible) < 1_000
    assert possible[-1] == "Take999"
    found = enablements(machine, snapshot)
    assert (found[0].possible, found[-1].possible, found[-1].stopped_by) == (False, None, ())
    with_event = refusal(machine, snapshot, machine.events["Take0"].check({}, "Take0"))
    assert with_event == ((f"{heavy} says no",), (), False)
    # on data that are looked through fast, all of it is known
    short = start(machine, {"many": [1]}, NOW).snapshot
    assert allowed(machine, short) == ()
