"""Machines that say what no order says: an input, labels, a clean-up, children, uses of a state."""

from __future__ import annotations

from pydantic import BaseModel, Field

from statehold import (
    Call,
    Compound,
    Context,
    Effect,
    Event,
    Final,
    Machine,
    Parallel,
    State,
    anywhere,
    child,
    effect,
    on,
    on_cancel,
    on_done,
    on_failure,
    on_result,
    parameter,
)


class NewTrip(BaseModel):
    city: str = Field(min_length=2)
    nights: int = Field(ge=1, title="How many nights")


class Part(BaseModel):
    what: str
    checked: int = 0
    known: bool | None = None


class Trip(BaseModel):
    city: str
    days: int
    flight: Part
    hotel: Part
    paid: str | None = None


class Judge(Event, label="Say if it can be had"):
    """Where nobody answers, a person says so."""

    free: bool = Field(title="There is room")


class Looked(Event, internal=True, label="Looked at one more"):
    count: int


class Pay(Event, label="Pay for the trip"):
    amount: int = Field(title="How much", ge=1)


class Return(Event, label="Come home"): ...


class GiveUp(Event): ...


class PaidBack(Event, label="The money is back"): ...


class LegEnded(Event):
    miles: int


class Leg(BaseModel):
    miles: int = 0


class NewLeg(BaseModel):
    to: str


def leg_of(new: NewLeg) -> Leg:
    return Leg()


def miles(leg: Leg, event: LegEnded) -> None:
    leg.miles = event.miles


class Journey(Machine[Leg, LegEnded, NewLeg], name="leg", version=1):
    under_way = State(initial=True, label="On the way")
    arrived = Final(output=lambda leg: leg.miles)
    arrive = on(LegEnded, under_way >> arrived, do=miles)
    input = leg_of


@effect(attempts=1)
async def search(part: Part, call: Call) -> bool:
    for count in (1, 2):
        await call.send(Looked(count=count), key=str(count))
    if part.what == "hotel":
        raise ConnectionError("the hotel does not answer")
    return True


@effect
async def charge(trip: Trip, event: Pay) -> str:
    return f"{event.amount} for {trip.city}"


def judge(part: Part, event: Judge) -> None:
    part.known = event.free


def trip_of(new: NewTrip, context: Context) -> Trip:
    if new.city == "Atlantis":
        raise ValueError("nobody goes there")
    return Trip(
        city=new.city, days=new.nights + 1, flight=Part(what="flight"), hotel=Part(what="hotel")
    )


def looked(part: Part, event: Looked) -> None:
    part.checked = event.count


class Check(Compound):
    """Asks for room; a person says so where nobody answers."""

    ask: Effect[Part, bool] = parameter()

    asking = State(initial=True, invoke=ask)
    unclear = State(owner="agent", label="Nobody answers")
    known = Final(label="There is an answer")

    count = on(Looked, asking, do=looked)
    answer = on_result(ask, asking >> known)
    fail = on_failure(ask, asking >> unclear)
    judged = on(Judge, unclear >> known, do=judge, by="agent")


TripEvents = Judge | Looked | Pay | Return | GiveUp | PaidBack


class TripFlow(Machine[Trip, TripEvents, NewTrip], name="trip", version=1, label="Journeys"):
    """A trip, from the search to the return."""

    class checking(Parallel, initial=True, label="Looking for room"):
        flight = Check(ask=search, data="flight")
        hotel = Check(ask=search, data="hotel")

    unpaid = State(owner="agent", label="Waiting for the money")
    paying = State(invoke=charge)
    travelling = State(
        label="On the road",
        invoke=(
            out := child(Journey, id="out", input=lambda trip: NewLeg(to=trip.city)),
            back := child(Journey, id="back", input=lambda trip: NewLeg(to="home")),
        ),
    )
    undoing = State(label="Paying back")
    home = Final()
    given_up = Final()

    checked = on_done(checking >> unpaid)
    pay = on(Pay, unpaid >> paying, by="agent")
    pay_done = on_result(charge, paying >> travelling, into="paid")
    came_out = on_result(out, travelling)
    came_back = on_result(back, travelling)
    come_home = on(Return, travelling >> home)
    undo = on_cancel(anywhere >> undoing)
    paid_back = on(PaidBack, undoing >> given_up)
    give_up = on(GiveUp, anywhere >> given_up)
    input = trip_of


class Papers(BaseModel):
    owner: str


class Found(Event, label="The papers were found"): ...


def hand_in(papers: Papers) -> None:
    raise ValueError("the papers are lost")


class PapersFlow(Machine[Papers, Found], name="papers", version=1):
    """Its exit action fails: it ends by force alone."""

    kept = State(initial=True, exit=hand_in)
    given = Final()
    find = on(Found, kept >> given)
