"""One attempt is one attempt, whatever the function raises, returns or does to its task."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold import (
    Call,
)
from statehold.engine.raised import by_signal
from tests.unit.engine.background.jobs import performing, runs, said
from tests.unit.engine.world import (
    World,
)

pytestmark = pytest.mark.anyio


# --- whatever is raised ---------------------------------------------------------------------------


class Mute(Exception):
    """Its text can't be had."""

    def __str__(self) -> str:
        raise AttributeError("no text")


class Quits(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Odd(Exception):
    def __str__(self) -> str:
        return 7  # type: ignore[return-value]


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("nameless")


class Nameless(Exception, metaclass=Meta):
    pass


class Own(BaseException):
    pass


class Unruly(Exception):
    """Whatever is asked of it raises."""

    def _raise(self) -> Any:
        raise SystemExit(5)

    __traceback__ = __cause__ = __context__ = __suppress_context__ = property(_raise)
    args = property(_raise)
    __repr__ = __str__ = _raise


class UnrulyGroup(ExceptionGroup[Exception]):
    exceptions = property(Unruly._raise)


RAISED: dict[str, Callable[[], BaseException]] = {
    "group": lambda: BaseExceptionGroup("tasks", [ValueError("a"), GeneratorExit()]),
    "plain-group": lambda: ExceptionGroup("tasks", [ValueError("a")]),
    "generator-exit": GeneratorExit,
    "system-exit": lambda: SystemExit(2),
    "interrupt": KeyboardInterrupt,
    "own": lambda: Own("mine"),
    "cancelled": lambda: asyncio.CancelledError("not by us"),
    "stop-iteration": lambda: StopIteration(4),
    "stop-async-iteration": lambda: StopAsyncIteration(4),
    "mute": Mute,
    "quits": Quits,
    "odd": Odd,
    "nameless": Nameless,
    "unruly": Unruly,
    "unruly-group": lambda: UnrulyGroup("all", [ValueError("a")]),
    "large-group": lambda: ExceptionGroup("all", [ValueError("x" * 9_999)] * 1_000),
    "long": lambda: ValueError("x" * 5_000_000),
    "surrogate": lambda: ValueError("\ud800 and \0"),
    "long-name": lambda: type("E" * 100_000, (Exception,), {})(),
    "recursion": RecursionError,
    "memory": MemoryError,
}


async def raises(call: Call) -> None:
    raise RAISED[call.instance]()


def raises_in_a_thread(call: Call) -> None:
    raise RAISED[call.instance]()


@pytest.mark.parametrize("function", [raises, raises_in_a_thread])
async def test_one_attempt_is_made_and_has_failed_whatever_is_raised(
    world: World, function: Callable[..., Any]
) -> None:
    machine = performing(function, attempts=1)
    async with world.running(machine) as engine:
        for id in RAISED:
            await engine.start(machine, id)
        for id in RAISED:
            text = await said(engine, machine, id)
            assert text.endswith("(1)")
            assert len(text) < 2_500
            text.encode()
            assert "\0" not in text
        assert runs == dict.fromkeys(RAISED, 1)
        assert (await engine.incidents()).incidents == []


async def test_attempts_are_counted_whatever_is_raised(place: World) -> None:
    machine = performing(raises, attempts=3, first=timedelta(0), longest=timedelta(0))
    async with place.running(machine) as engine:
        for id in RAISED:
            await engine.start(machine, id)
            assert (await said(engine, machine, id)).endswith("(3)")
        assert runs == dict.fromkeys(RAISED, 3)


async def test_the_members_of_a_group_are_reported_with_it(place: World) -> None:
    machine = performing(raises, attempts=1)
    async with place.running(machine) as engine:
        await engine.start(machine, "group")
        text = await said(engine, machine, "group")
        assert text == (
            "BaseExceptionGroup: tasks (2 sub-exceptions): ValueError: a; GeneratorExit:  (1)"
        )


async def cancels_its_task(call: Call) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel("by itself")
    await asyncio.Event().wait()


async def cancels_its_task_and_returns(call: Call) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return "done all the same"


async def waits_for_a_cancelled_task(call: Call) -> None:
    inner = asyncio.ensure_future(asyncio.Event().wait())
    inner.cancel()
    await inner


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (cancels_its_task, "CancelledError: by itself (1)"),
        (cancels_its_task_and_returns, "done all the same"),
        (waits_for_a_cancelled_task, "CancelledError: it cancelled itself (1)"),
    ],
)
async def test_what_a_function_does_to_its_task_ends_its_attempt_alone(
    place: World, function: Callable[..., Any], says: str
) -> None:
    machine = performing(function, attempts=1)
    async with place.running(machine) as engine:
        await engine.start(machine, "x")
        assert await said(engine, machine) == says
        assert runs["x"] == 1


async def leave_the_process() -> None:
    raise SystemExit(3)


async def in_a_task_that_is_waited_for(call: Call) -> None:
    await asyncio.wait_for(asyncio.create_task(leave_the_process()), 5)


async def in_a_group_of_tasks(call: Call) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(leave_the_process())


async def in_tasks_that_are_gathered(call: Call) -> None:
    await asyncio.gather(leave_the_process(), asyncio.sleep(0))


@pytest.mark.parametrize(
    "function", [in_a_task_that_is_waited_for, in_a_group_of_tasks, in_tasks_that_are_gathered]
)
async def test_an_exit_in_a_task_that_the_effect_starts_ends_one_attempt_and_no_worker(
    world: World, function: Callable[..., Any]
) -> None:
    machine = performing(function, attempts=1)
    async with world.running(machine) as engine:
        await engine.start(machine, "x")
        assert "SystemExit: 3" in await said(engine, machine)
        assert runs["x"] == 1


async def test_the_task_factory_of_the_loop_makes_the_tasks_and_stays(world: World) -> None:
    made = []

    def own(loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> asyncio.Task[Any]:
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **how)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(own)
    try:
        machine = performing(in_a_group_of_tasks, attempts=1)
        async with world.running(machine) as engine:
            await engine.start(machine, "x")
            assert "SystemExit: 3" in await said(engine, machine)
        assert made
        assert loop.get_task_factory() is own
    finally:
        loop.set_task_factory(None)


# --- whatever is returned -------------------------------------------------------------------------


async def never_awaited() -> int:
    return 1


def endless() -> Iterator[int]:
    while True:
        yield 1


async def endless_too() -> AsyncIterator[int]:
    while True:
        yield 1


def knot() -> list[Any]:
    tied: list[Any] = []
    tied.append(tied)
    return tied


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


RETURNED: dict[str, Callable[[], Any]] = {
    "coroutine": never_awaited,
    "generator": endless,
    "async-generator": endless_too,
    "function": lambda: never_awaited,
    "object": object,
    "knot": knot,
    "deep": deep,
    "huge": lambda: "x" * 2_000_000,
    "surrogate": lambda: "\ud800",
    "bytes": lambda: b"\xff",
}


async def returns(call: Call) -> Any:
    return RETURNED[call.instance]()


def returns_in_a_thread(call: Call) -> Any:
    return RETURNED[call.instance]()


@pytest.mark.parametrize("function", [returns, returns_in_a_thread])
async def test_a_result_that_can_not_be_kept_is_a_failure_for_good(
    place: World, function: Callable[..., Any]
) -> None:
    machine = performing(function, attempts=3, first=timedelta(0), longest=timedelta(0))
    async with place.running(machine) as engine:
        for id in RETURNED:
            await engine.start(machine, id)
            assert (await said(engine, machine, id)).endswith("(1)")
        # the work itself is done, and is not done again for its result
        assert runs == dict.fromkeys(RETURNED, 1)


async def test_a_coroutine_that_is_not_awaited_is_reported_with_the_way_out(place: World) -> None:
    machine = performing(returns_in_a_thread, attempts=1)
    async with place.running(machine) as engine:
        await engine.start(machine, "coroutine")
        assert "declare it with async def" in await said(engine, machine, "coroutine")


# --- a signal's exception is not the function's ---------------------------------------------------


class _Handler:
    def __call__(self, *_: Any) -> None:
        raise SystemExit(4)

    def method(self, *_: Any) -> None:
        raise KeyboardInterrupt


def _exits(*_: Any) -> None:
    sys.exit(4)


@pytest.mark.parametrize(
    "handler", [_exits, _Handler(), _Handler().method, signal.default_int_handler]
)
def test_what_a_signals_handler_raises_differs_from_what_code_raises(handler: Any) -> None:
    before = signal.signal(signal.SIGUSR1, handler)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(BaseException) as raised:  # noqa: PT011 - any of them
            signal.raise_signal(signal.SIGUSR1)
        assert by_signal(raised.value)
        for error in (SystemExit, KeyboardInterrupt, GeneratorExit, ValueError):
            with pytest.raises(error) as plain:
                raise error
            assert not by_signal(plain.value)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.signal(signal.SIGINT, interrupt)


ENDED_BY_A_SIGNAL = """
import asyncio, os, signal, sys
from pydantic import BaseModel
from statehold import Call, Engine, Final, Machine, State, effect, on_failure, on_result

class D(BaseModel): pass

@effect(attempts=1)
async def stopped(d: D, call: Call) -> int:
    if "first" in sys.argv:
        os.kill(os.getpid(), signal.SIGTERM)
    return call.attempt

class M(Machine[D], name="m", version=1):
    a = State(initial=True, invoke=stopped)
    z = Final()
    bad = Final()
    ok = on_result(stopped, a >> z)
    no = on_failure(stopped, a >> bad)

def stop(*_):
    sys.exit(7)

async def main():
    async with Engine(sys.argv[1], [M]) as engine:
        if "first" in sys.argv:
            await engine.start(M, "x")
        async for line in engine.watch(M, "x"):
            if line.seq == 2:
                print(line.kind, line.state)
                return

signal.signal(signal.SIGTERM, stop)
asyncio.run(main())
"""


def test_a_signal_ends_the_process_and_is_no_failed_attempt(tmp_path: Path) -> None:
    script = tmp_path / "ended.py"
    script.write_text(ENDED_BY_A_SIGNAL)
    address = f"sqlite:///{tmp_path}/x.db"
    first = subprocess.run(
        [sys.executable, script, address, "first"], capture_output=True, timeout=60, check=False
    )
    assert first.returncode == 7
    second = subprocess.run(
        [sys.executable, script, address], capture_output=True, timeout=60, check=True, text=True
    )
    assert second.stdout == "result ['z']\n"


def test_a_process_ends_though_a_call_in_a_thread_does_not(tmp_path: Path) -> None:
    script = tmp_path / "hung.py"
    script.write_text(
        ENDED_BY_A_SIGNAL.replace("async def stopped", "def stopped")
        .replace(
            'if "first" in sys.argv:\n        os.kill(os.getpid(), signal.SIGTERM)',
            "import threading; threading.Event().wait()",
        )
        .replace("attempts=1", "attempts=1, timeout=__import__('datetime').timedelta(0, 0.02)")
    )
    done = subprocess.run(
        [sys.executable, script, f"sqlite:///{tmp_path}/x.db", "first"],
        capture_output=True, timeout=60, check=True, text=True,
    )  # fmt: skip
    assert done.stdout == "failure ['bad']\n"
