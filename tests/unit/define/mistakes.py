"""Classes with one mistake, and how it is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from pydantic import BaseModel

import statehold
from statehold import (
    DefinitionError,
    Event,
    Machine,
    TimerFired,
    effect,
)

# type checkers refuse most of what follows, as tests/typing shows; here it has to reach run time
State: Any = statehold.State
on: Any = statehold.on
after: Any = statehold.after
always: Any = statehold.always
on_done: Any = statehold.on_done
on_result: Any = statehold.on_result
on_failure: Any = statehold.on_failure


class Order(BaseModel):
    reason: str | None = None


class Go(Event):
    n: int = 0


class Stop(Event):
    pass


@effect
async def charge(order: Order) -> int:
    return 1


@effect
async def unused(order: Order) -> None: ...


async def waits(order: Order) -> None: ...


def note(order: Order) -> None: ...


def of_go(order: Order, event: Go) -> None: ...


def of_timer(order: Order, event: TimerFired) -> None: ...


def of_other_data(order: Go) -> None: ...


def four(order: Order, event: Go, context: Any, more: Any) -> None: ...


def none() -> None: ...


class Other(Machine[Order], name="other", version=1):
    elsewhere = State(initial=True)


def two_events_of_one_name() -> tuple[Any, Any]:
    def make() -> Any:
        class Twin(Event):
            pass

        return Twin

    return make(), make()


def mistakes(build: Callable[..., Any]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        build()
    return caught.value


Case: TypeAlias = tuple[Callable[[], Any], str]


def check_mistake(build: Callable[[], Any], expected: str) -> None:
    """The class has one mistake, which is reported with its place and a hint."""
    error = mistakes(build)
    whole = str(error)
    assert len(error.problems) == 1, whole
    (problem,) = error.problems
    assert any(part in whole for part in expected.split("|")), whole
    assert problem.hint, whole
    assert problem.place.startswith("effect") or "Wrong" in problem.place, whole


def by_text(cases: list[Case]) -> list[str]:
    """Names of the cases for pytest."""
    return [f"{number}-{expected[:40]}" for number, (_, expected) in enumerate(cases)]
