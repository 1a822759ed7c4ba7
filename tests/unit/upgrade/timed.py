"""A machine with timers, and functions that carry its instances over an upgrade."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Raw
from pydantic import BaseModel

from statehold import (
    DefinitionError,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    minutes,
    on,
)
from statehold.chart.event import NamedEvent
from statehold.interpreter.program import compile_program
from statehold.interpreter.step import start, step
from statehold.upgrade.carry import Carried, Stored, carry
from statehold.upgrade.plan import UpgradePlan, plan

NOW = datetime(2030, 5, 1, tzinfo=UTC)
LATER = NOW + minutes(1)


class Data(BaseModel):
    n: int = 0


class Go(Event):
    pass


class One(Machine[Data], name="m", version=1):
    waiting = State(initial=True)
    busy = State()
    end = Final()
    go = on(Go, waiting >> busy)
    lapse = after(minutes(10), waiting >> end)
    remind = after(minutes(3), waiting)


def planned(old: Any, new: Any, **how: Any) -> UpgradePlan:
    return plan(old.definition.chart, new.definition, new.definition.upgrades[0], **how)


def carried(old: Any, new: Any, *events: str, **how: Any) -> Carried:
    """One minute after its start, and after these events."""
    machine = old.definition
    snapshot = start(machine, machine.data.parse("{}"), NOW).snapshot
    for name in events:
        snapshot = step(machine, snapshot, NamedEvent(name), NOW).snapshot
    stored = Stored(
        snapshot.state,
        snapshot.seq,
        "i",
        Raw(machine.data.dump(snapshot.data)),
        dict(snapshot.history),
        snapshot.timers,
        (),
        (),
    )
    program = compile_program(new.definition)
    return carry(planned(old, new, **how), stored, LATER, program.configuration)


def dues(found: Carried) -> dict[str, timedelta]:
    return {timer.id: timer.due - NOW for timer in found.snapshot.timers}


def refused(old: Any, new: Any) -> str:
    with pytest.raises(DefinitionError) as raised:
        planned(old, new)
    return "\n".join(f"{p.place}: {p.message} | {p.hint}" for p in raised.value.problems)


class Renamed(Machine[Data], name="m", version=2):
    waiting = State(initial=True)
    busy = State()
    end = Final()
    go = on(Go, waiting >> busy)
    lapse = after(minutes(10), waiting >> end)
    escalate = after(minutes(30), waiting)
    upgrades = (Upgrade(1),)
