"""A machine and its instances, changed without an engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from pydantic import BaseModel

from statehold import (
    Compound,
    Context,
    Event,
    Final,
    Machine,
    Result,
    State,
    after,
    child,
    effect,
    hours,
    on,
    on_result,
)
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.limits import InstanceLimits
from statehold.instance.loaded import Loaded
from statehold.instance.turn import Assigner, OneWorker, Turn
from statehold.interpreter.step import start, step
from statehold.records import Entry, JournalBody, Parent, Ref, Write

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
REF = Ref("parcel", "p-1")


class Parcel(BaseModel):
    weight: int = 1
    notes: list[str] = []
    label: str | None = None


class Weigh(Event):
    weight: int


class Note(Event):
    text: str


class Print(Event):
    pass


class Ship(Event):
    pass


class Post(Event):
    to: str
    seconds: float = 0
    id: str | None = None


class Recall(Event):
    id: str


class Inspect(Event):
    pass


class Return(Event):
    pass


def weigh(parcel: Parcel, event: Weigh) -> None:
    parcel.weight = event.weight


def note(parcel: Parcel, event: Note) -> None:
    parcel.notes.append(event.text)


def keep_label(parcel: Parcel, event: Result[str]) -> None:
    parcel.label = event.value


def post(parcel: Parcel, event: Post, context: Context) -> None:
    delay = timedelta(seconds=event.seconds)
    context.send("parcel", event.to, Note(text="hello"), delay=delay, id=event.id)


def recall(parcel: Parcel, event: Recall, context: Context) -> None:
    context.cancel(event.id)


def summary(parcel: Parcel) -> dict[str, int]:
    return {"weight": parcel.weight}


def in_two_days(parcel: Parcel) -> timedelta:
    return timedelta(days=2)


def is_light(parcel: Parcel) -> bool:
    return parcel.weight < 100


@effect(attempts=3)
async def print_label(parcel: Parcel) -> str:
    return "a label"


class Inspection(Machine[Parcel], name="inspection", version=1):
    looking = State(initial=True)


class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    indexes = ("weight",)

    class desk(Compound, initial=True):
        open = State(initial=True, owner="clerk", tags=("waiting",), deadline=in_two_days)
        printing = State(invoke=print_label)
        inspecting = State(invoke=child(Inspection))
        print_ = on(Print, open >> printing)
        printed = on_result(print_label, printing >> open, do=keep_label)
        inspect = on(Inspect, open >> inspecting)
        back = on(Return, (printing | inspecting) >> open)

    shipped = Final(output=summary)

    weighing = on(Weigh, desk, do=weigh, when=is_light)
    noting = on(Note, desk, do=note)
    posting = on(Post, desk, do=post)
    recalling = on(Recall, desk, do=recall)
    ship = on(Ship, desk >> shipped)
    lapse = after(hours(1), desk >> shipped)


def turn(
    now: datetime = NOW,
    limits: InstanceLimits = InstanceLimits(),  # noqa: B008 - frozen
    assigner: Assigner = OneWorker(),  # noqa: B008 - has no state
) -> Turn:
    return Turn(now, "w1", limits, assigner)


def begun(
    data: BaseModel | None = None,
    *,
    parent: Parent | None = None,
    machine: Any = ParcelFlow,
    at: Turn | None = None,
) -> Draft:
    """A draft of an instance that has just started."""
    definition = machine.definition
    draft = Draft(Ref(definition.name, "p-1"), definition, None, at or turn())
    taken = start(definition, data or Parcel(), draft.now, instance="p-1")
    draft.begin(taken, Origin("start"), parent)
    return draft


def committed(draft: Draft) -> Loaded:
    return draft.write()[1]


def drafted(loaded: Loaded, at: Turn | None = None) -> Draft:
    """The next draft of the instance."""
    instance = loaded.instance
    return Draft(instance.ref, instance.definition, loaded, at or turn(LATER))


def send(draft: Draft, event: Event, **origin: Any) -> None:
    assert draft.instance.snapshot is not None
    taken = step(draft.definition, draft.instance.snapshot, event, draft.now)
    assert taken.accepted
    draft.advance(taken, Origin("event", {"type": event.__event__}, **origin))


def written(draft: Draft) -> Write:
    return draft.write()[0]


def body_of(entry: Entry) -> JournalBody:
    return msgspec.json.decode(entry.body, type=JournalBody)


def json_of(raw: bytes) -> Any:
    return msgspec.json.decode(raw)
