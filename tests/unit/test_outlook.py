"""What could happen next, and why something did not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, Snapshot, State, on, start, step
from statehold.interpreter.outlook import allowed, prospects, refusal


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


def test_a_transitions_prospect_tells_what_stops_it() -> None:
    told = {p.transition.id: (p.possible, p.stopped_by) for p in prospects(ShelfFlow, shelf(0))}
    assert told == {
        "take": (None, ()),
        "lend": (False, ("has_stock says no",)),
        "close": (
            False,
            ("raises raised ZeroDivisionError: integer division or modulo by zero",),
        ),
    }


def test_an_instance_that_has_ended_has_no_prospects() -> None:
    over = step(ShelfFlow, shelf(1), Close(), NOW).snapshot
    assert over.done
    assert allowed(ShelfFlow, over) == ()
    assert prospects(ShelfFlow, over) == ()


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
    assert refusal(ShelfFlow, shelf(stock), event, roles) == (reasons, roles_alone)


def test_a_guard_that_takes_the_context_is_named_only_where_nothing_else_stopped_it() -> None:
    assert not step(ShelfFlow, shelf(1), Lend(), NOW).accepted
    assert refusal(ShelfFlow, shelf(1), Lend()) == (("opens_today says no",), False)
    assert refusal(ShelfFlow, shelf(0), Lend()) == (("has_stock says no",), False)


def test_whether_roles_alone_stood_in_the_way_is_not_claimed_where_a_guard_was_not_asked() -> None:
    assert refusal(ShelfFlow, shelf(1), Take(), {"visitor"}) == (
        ("only clerk may do this",),
        False,
    )


def test_an_event_that_no_active_state_has_a_transition_for_is_refused_without_a_reason() -> None:
    empty = step(ShelfFlow, shelf(1), Lend(), datetime(2026, 1, 5, tzinfo=UTC)).snapshot
    assert empty.state == ("empty",)
    assert refusal(ShelfFlow, empty, Take()) == ((), False)
