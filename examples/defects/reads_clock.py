"""An action that reads the clock: run again, it gives another time."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, on


class Letter(BaseModel):
    at: datetime | None = None


class Posted(Event): ...


def stamp(letter: Letter) -> None:
    letter.at = datetime.now(UTC)


def note_time(letter: Letter, event: Posted, context: Context) -> None:
    letter.at = context.now


class Post(Machine[Letter, Posted], name="reads-clock", version=1):
    written = State(initial=True)
    posted = Final()

    post = on(Posted, written >> posted, do=stamp)


class Mended(Machine[Letter, Posted], name="reads-clock-mended", version=1):
    written = State(initial=True)
    posted = Final()

    post = on(Posted, written >> posted, do=note_time)
