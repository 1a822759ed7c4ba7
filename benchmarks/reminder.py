"""The machine of the timer benchmark: idle, armed for a moment, and idle again after it."""

from __future__ import annotations

from datetime import datetime

from benchmarks.parcel import Parcel
from statehold import Event, Machine, State, after, on


class Reminder(Parcel):
    """As large as a parcel, with the moment."""

    due: datetime | None = None


class Arm(Event):
    due: datetime


class Fired:
    """How many timers' steps have been made in this process, whether or not they are committed."""

    count = 0


def note_due(reminder: Reminder, event: Arm) -> None:
    reminder.due = event.due


def when_due(reminder: Reminder) -> datetime:
    assert reminder.due is not None
    return reminder.due


def note_fired(reminder: Reminder) -> None:
    reminder.moves += 1
    Fired.count += 1


class ReminderFlow(Machine[Reminder], name="reminder", version=1):
    """Idle, waiting, idle …"""

    idle = State(initial=True)
    waiting = State()

    arm = on(Arm, idle >> waiting, do=note_due)
    fire = after(when_due, waiting >> idle, do=note_fired)
