"""What the static checks find when an engine opens."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    DefinitionError,
    Engine,
    Event,
    Final,
    Machine,
    State,
    on,
    silence,
)
from statehold.engine.limits import Limits
from statehold.stores import SqliteStore

pytestmark = pytest.mark.anyio


class Data(BaseModel):
    n: int = 0


class Go(Event): ...


class Other(Event): ...


def is_big(data: Data) -> bool:
    asked.append(data)
    return data.n > 10


#: data that a guard was asked about
asked: list[Data] = []


class Broken(Machine[Data], name="broken", version=1):
    here = State(initial=True)
    over = Final()
    go = on(Go, here >> over)
    never = on(Go, here >> over, when=is_big)


class Silenced(Machine[Data], name="broken", version=1):
    here = State(initial=True)
    over = Final()
    go = on(Go, here >> over)
    never = on(Go, here >> over, when=is_big)
    silences = (silence("never-chosen", never, because="the guard comes with version 2"),)


class Doubtful(Machine[Data], name="doubtful", version=1):
    here = State(initial=True)
    stuck = State()
    over = Final()
    go = on(Go, here >> over)
    stop = on(Other, here >> stuck)


async def opened(machine: Any, store: Any = "memory:", **options: Any) -> None:
    async with Engine(store, [machine], **options):
        pass


async def test_a_machine_that_can_not_do_what_it_says_does_not_start(tmp_path: Any) -> None:
    path = tmp_path / "engine.db"
    with pytest.raises(DefinitionError) as caught:
        await opened(Broken, SqliteStore(path))
    (problem,) = caught.value.problems
    assert problem.place == "never-chosen, transition never"
    assert "silence never-chosen" in problem.hint
    # the store was not even opened
    assert not path.exists()


async def test_what_is_silenced_starts_under_the_version_that_ran_before(tmp_path: Any) -> None:
    path = tmp_path / "engine.db"
    await opened(Broken, SqliteStore(path), limits=Limits(check_steps=0))
    await opened(Silenced, SqliteStore(path))


async def test_warnings_are_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await opened(Doubtful)
    (line,) = [r for r in caplog.records if r.name == "statehold.engine.machines.startup_checks"]
    assert "dead-end (state stuck)" in line.getMessage()
    assert line.__dict__["codes"] == ["dead-end"]
    assert line.__dict__["machine"] == "doubtful"


async def test_no_function_of_the_machine_is_called_at_the_start() -> None:
    asked.clear()
    await opened(Silenced)
    assert asked == []


async def test_what_was_found_is_kept_for_the_next_engine_of_the_process() -> None:
    await opened(Doubtful)
    kept = Doubtful.definition.checked
    await opened(Doubtful)
    assert Doubtful.definition.checked is kept
