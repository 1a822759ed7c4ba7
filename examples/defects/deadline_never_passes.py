"""A deadline that can never pass: the state is always left before."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, after, hours, minutes, on


class Answered(Event): ...


class Call(Machine[None, Answered], name="deadline-never-passes", version=1):
    ringing = State(initial=True, owner="desk", deadline=hours(1))
    answered = Final()
    missed = Final()

    answer = on(Answered, ringing >> answered)
    give_up = after(minutes(2), ringing >> missed)


class Mended(Machine[None, Answered], name="deadline-never-passes-mended", version=1):
    ringing = State(initial=True, owner="desk", deadline=minutes(1))
    answered = Final()
    missed = Final()

    answer = on(Answered, ringing >> answered)
    give_up = after(minutes(2), ringing >> missed)
