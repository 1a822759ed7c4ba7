"""States that tests use several times, and what they use them in."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from statehold import (
    Compound,
    DefinitionError,
    Effect,
    Event,
    Final,
    Machine,
    Parallel,
    State,
    after,
    effect,
    minutes,
    on,
    on_done,
    on_result,
    parameter,
)
from tests.unit.define.checks import (
    Check,
    Listing,
    Question,
    note_answer,
)


class Go(Event):
    n: int = 0


class Stop(Event):
    pass


@dataclasses.dataclass(frozen=True)
class Inner:
    n: int = 0


@dataclasses.dataclass(frozen=True)
class FrozenOuter:
    part: Inner = Inner()


@dataclasses.dataclass
class OpenOuter:
    part: Inner = dataclasses.field(default_factory=Inner)


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True)
    part: Inner = Inner()


class Typed(TypedDict):
    part: Inner


class Named(NamedTuple):
    part: Inner = Inner()


def more(part: Inner, event: Go) -> Inner:
    return Inner(part.n + event.n)


def is_small(part: Inner) -> bool:
    return part.n < 5


def moment(part: Inner) -> timedelta:
    return timedelta(seconds=10 + part.n)


class Counter(Compound):
    counting = State(initial=True)
    over = Final(output=lambda part: part.n)
    add = on(Go, counting, do=more, when=is_small)
    lapse = after(moment, counting >> over)


class Slot(Compound):
    """The state that does the work is given by each use."""

    work: Compound = parameter()
    last: State = parameter()
    over = Final()
    finish = on_done(work >> last)
    stop = on(Stop, (work | last) >> over)


class Twice(Parallel):
    """Hands its own parameters on."""

    ask: Effect[Question, bool] = parameter()
    patience: timedelta = parameter(default=minutes(7))

    first = Check(ask=ask, patience=patience, data="domain")
    second = Check(ask=ask, office="b", data="phone")
    either = on(Go, first.unclear >> second.unclear)
    known = on_result(first.ask, first.asking, do=note_answer)


@effect
async def charge(data: dict[str, Any]) -> int:
    return 1


def problems_of(build: Callable[[], Any]) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        build()
    return [f"{p.place}: {p.message} ({p.hint})" for p in caught.value.problems]


def machine_with(**uses: Any) -> Callable[[], Any]:
    """Builds a machine of a state and these uses."""

    def build() -> Any:
        idle = State(initial=True)
        body = {"idle": idle, **{name: make() for name, make in uses.items()}}
        return types.new_class(
            "M", (Machine[Listing],), {"name": "m", "version": 1}, lambda names: names.update(body)
        )

    return build
