"""An event that is accepted and changes nothing: its sender expects an effect."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Reminded(Event): ...


class Answered(Event): ...


class Survey(Machine[None, Reminded | Answered], name="does-nothing", version=1):
    sent = State(initial=True)
    answered = Final()

    remind = on(Reminded, sent)
    answer = on(Answered, sent >> answered)


class Mended(Machine[None, Answered], name="does-nothing-mended", version=1):
    sent = State(initial=True)
    answered = Final()

    answer = on(Answered, sent >> answered)
