"""A class's ``access``, its views by role, and whom ``by=`` names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

import statehold
from statehold import Access, Event, Machine, State, anyone, index, machine, nobody, on, role, when
from statehold.chart.access import UNSTATED, AnyOf, HasRole, OwnsIndex, When
from statehold.define.access import GRANT_LIMIT
from statehold.define.options import VIEW_LIMIT
from tests.unit.define.mistakes import mistakes


class Parcel(BaseModel):
    customer: str = ""


class Go(Event):
    pass


class Paid(Event, internal=True):
    pass


class PaidTwice(Paid):
    pass


class Told(Paid, internal=False):
    pass


def is_own(parcel: Parcel, caller: Any) -> bool:
    return bool(caller.name == parcel.customer)


def see(parcel: Parcel) -> str:
    return parcel.customer


class Sent(Machine[Parcel], name="sent", version=1):
    here = State(initial=True)
    go = on(Go, here, by=("clerk", machine("lead")))
    paid = on(Paid, here)
    twice = on(PaidTwice, here)
    told = on(Told, here)

    indexes = ("customer",)
    access = Access(
        start="customer",
        read=index("customer", of="caller") | role("support") | "auditor",
        inspect=role("ops"),
        send=when(is_own) | "ops",
        act="ops",
        put=nobody,
        erase=anyone,
    )
    views = {"courier": see, "support": staticmethod(see)}  # noqa: RUF012 - as users write it


def test_a_class_holds_its_access_and_its_views_by_role() -> None:
    definition = Sent.definition
    access = definition.access
    assert access.start == HasRole("customer")
    assert access.read == AnyOf(
        (OwnsIndex("customer", "caller"), HasRole("support"), HasRole("auditor"))
    )
    assert access.send == AnyOf((When(is_own), HasRole("ops")))
    assert (access.put, access.erase, access.upgrade) == (nobody, anyone, None)
    assert list(definition.views) == ["courier", "support"]
    assert definition.views["support"](Parcel(customer="ann")) == "ann"


def test_a_class_without_access_leaves_it_to_the_server() -> None:
    class Plain(Machine[Parcel], name="plain", version=1):
        here = State(initial=True)

    assert Plain.definition.access is UNSTATED
    assert Plain.definition.views == {}


def test_grants_within_grants_stand_side_by_side() -> None:
    class Deep(Machine[Parcel], name="deep", version=1):
        here = State(initial=True)
        indexes = ("customer",)
        access = Access(read=AnyOf((AnyOf((index("customer"), role("a"))), role("a"))))

    assert Deep.definition.access.read == AnyOf((OwnsIndex("customer"), HasRole("a")))


def test_who_may_send_is_in_the_chart() -> None:
    guards = {one.id: one.guards for one in Sent.chart.transitions}
    assert [guard.name for guard in guards["go"]] == ["clerk,machine:lead"]
    assert machine(Sent) == "machine:sent"


def test_an_internal_event_and_what_derives_from_it_are_marked() -> None:
    assert Sent.definition.internal == {"Paid", "PaidTwice"}
    assert {event.name for event in Sent.chart.events if event.internal} == {"Paid", "PaidTwice"}


def test_whether_an_event_is_internal_is_yes_or_no() -> None:
    wrong: Any = "yes"
    with pytest.raises(TypeError, match="internal is 'yes'"):

        class Unsure(Event, internal=wrong):
            pass


def test_what_is_no_grant_is_refused_at_once() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="5 grants nothing; write a role"):
        Access(read=wrong)


async def waits(parcel: Parcel, caller: Any) -> bool:
    return True


State_: Any = statehold.State


def of(access: Any = None, views: Any = None, by: Any = ()) -> Callable[[], Any]:
    """A class with these options."""

    def build() -> Any:
        body: Any = {"access": access, "views": views, "indexes": ("customer",)}
        here = State(initial=True)
        body |= {"here": here, "go": on(Go, here, by=by), "__module__": __name__}
        body["__orig_bases__"] = (Machine[Parcel],)
        make: Any = type(Machine)
        return make("Wrong", (Machine,), body, name="wrong", version=1)

    return build


@pytest.mark.parametrize(
    ("build", "place", "message"),
    [
        (of("ops"), "access", "is 'ops', no Access"),
        (of(Access(read=index("custmer"))), "access.read", "no index 'custmer'"),
        (of(Access(put=index("customer"))), "access.put", "asks for the index"),
        (of(Access(read=index("customer", of="all"))), "access.read", "is of 'all'"),  # type: ignore[arg-type]
        (of(Access(read=when(is_own))), "access.read", "has a condition"),
        (of(Access(inspect=role("x") | when(is_own))), "access.inspect", "has a condition"),
        (of(Access(put=is_own)), "access.put", "has a condition"),
        (of(Access(upgrade=is_own)), "access.upgrade", "has a condition"),
        (of(Access(erase=is_own)), "access.erase", "has a condition"),
        (of(Access(send=when(see))), "access.send", "does not take two arguments"),  # type: ignore[arg-type]
        (of(Access(act=when(waits))), "access.act", "its condition"),
        (of(Access(read="machine:lead")), "access.read", "a machine has no rights"),
        (of(Access(act=machine("lead"))), "access.act", "a machine has no rights"),
        (of(Access(read="")), "access.read", "names the role ''"),
        (of(Access(read="a,b")), "access.read", "names the role 'a,b'"),
        (of(Access(read="anyone")), "access.read", "names the role 'anyone'"),
        (of(Access(read="x\n")), "access.read", "names the role 'x\\n'"),
        (of(Access(read=statehold.chart.access.Grant())), "access.read", "grants nothing"),
        (
            of(Access(read=AnyOf(tuple(role(f"r{n}") for n in range(GRANT_LIMIT + 1))))),
            "access.read",
            f"the limit is {GRANT_LIMIT}",
        ),
        (of(views=["courier"]), "views", "is no mapping"),
        (of(views={"machine:lead": see}), "views['machine:lead']", "a machine has no rights"),
        (of(views={5: see}), "views[5]", "names the role 5"),
        (of(views={"courier": 5}), "views['courier']", "not a plain function"),
        (of(views={"courier": waits}), "views['courier']", "coroutine|async|plain function"),
        (
            of(views={f"r{n}": see for n in range(VIEW_LIMIT + 1)}),
            "views",
            f"the limit is {VIEW_LIMIT}",
        ),
        (of(by=machine("No Name")), "go", "names the machine 'No Name'"),
        (of(by="machine:"), "go", "names the machine ''"),
        (of(by=("clerk", 5)), "go", "names the role 5"),
    ],
)
def test_wrong_access_is_refused_at_the_class_with_its_place_and_a_hint(
    build: Callable[[], Any], place: str, message: str
) -> None:
    (problem,) = mistakes(build).problems
    assert problem.place.startswith(f"Wrong.{place}")
    assert any(part in problem.message for part in message.split("|")), problem
    assert problem.hint
