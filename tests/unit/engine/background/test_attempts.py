"""One attempt is one attempt, whatever the function raises, returns or does to its task."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    after,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.engine import Engine
from statehold.engine.background.attempt import AttemptRun
from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.limits import Limits
from statehold.engine.raised import by_signal
from statehold.errors import ActionFailed
from tests.unit.engine.world import (
    PATIENCE,
    World,
    entry,
    journal,
    quiet,
    state,
)
from tests.unit.engine.world import (
    signal as signalled,
)

pytestmark = pytest.mark.anyio

SHORT = timedelta(milliseconds=20)
LONG = timedelta(seconds=30)


@pytest.fixture
async def place(tmp_path: Path, anyio_backend: str) -> AsyncIterator[World]:
    made = World("memory", tmp_path / "engine.db")
    yield made
    await made.close()


class Job(BaseModel):
    said: str | None = None


class Leave(Event):
    pass


def say(job: Job, event: Result[Any]) -> None:
    job.said = f"{event.value}"


def say_error(job: Job, event: Failure) -> None:
    job.said = f"{event.error}: {event.message} ({event.attempts})"


runs: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def nothing_has_run() -> None:
    runs.clear()


def performing(function: Callable[..., Any], **policy: Any) -> type[Machine[Job]]:
    """A machine that performs this function once it has started; ``runs`` counts its runs."""
    if asyncio.iscoroutinefunction(function):

        async def run(job: Job, call: Call) -> Any:
            runs[call.instance] += 1
            return await function(call)
    else:

        def run(job: Job, call: Call) -> Any:  # type: ignore[misc]
            runs[call.instance] += 1
            return function(call)

    run.__name__ = function.__name__
    work: Any = effect(**policy)(run)

    class Performing(Machine[Job], name=function.__name__.replace("_", "-"), version=1):
        working = State(initial=True, invoke=work)
        left = State()
        over = Final()
        good = on_result(work, working >> over, do=say)
        bad = on_failure(work, working >> over, do=say_error)
        leaving = on(Leave, working >> left)

    return Performing


async def said(engine: Engine, machine: Any, id: str = "x") -> str:
    """What came of it."""
    await state(engine, machine, id, "over")
    text: str = (await engine.read(machine, id)).view.said
    return text


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


async def test_the_members_of_a_group_are_told_with_it(place: World) -> None:
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


async def test_a_coroutine_that_nobody_awaits_is_told_with_the_way_out(place: World) -> None:
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
def test_what_a_signals_handler_raises_is_told_from_what_code_raises(handler: Any) -> None:
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


# --- its time -------------------------------------------------------------------------------------


class Door:
    """Where functions wait until the test lets them go on."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.loop = asyncio.get_running_loop()
        self.inside = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    def wait(self) -> str:
        """In a thread."""
        self.loop.call_soon_threadsafe(self.inside.set)
        assert self.opened.wait(PATIENCE)
        return "gone on"


@pytest.fixture
async def door(anyio_backend: str) -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.opened.set()


async def times_out(call: Call) -> None:
    await asyncio.Event().wait()


async def test_time_spent_in_wait_for_a_thread_does_not_count(place: World, door: Door) -> None:
    def quick(call: Call) -> str:
        return "in time"

    def occupies(call: Call) -> str:
        return door.wait()

    first = performing(occupies, attempts=1, timeout=LONG)
    second = performing(quick, attempts=1, timeout=SHORT / 4)
    clock = performing(times_out, attempts=1, timeout=SHORT)
    async with place.running(first, second, clock, limits=Limits(threads=1)) as engine:
        await engine.start(first, "x")
        await signalled(door.inside)
        await engine.start(second, "x")
        # four times as long as the second one has
        await engine.start(clock, "x")
        await said(engine, clock)
        door.opened.set()
        assert await said(engine, second) == "in time"


async def test_calls_whose_time_is_up_give_their_threads_places_to_others(
    place: World, door: Door, freed: asyncio.Event
) -> None:
    def hangs(call: Call) -> str:
        return door.wait()

    def quick(call: Call) -> str:
        return "done"

    hanging = performing(hangs, attempts=1, timeout=SHORT)
    other = performing(quick, attempts=1)
    async with place.running(hanging, other, limits=Limits(threads=1, hung=2)) as engine:
        for id in ("x", "y"):
            await engine.start(hanging, id)
            assert await said(engine, hanging, id) == "TimeoutError: no answer within 0.02 s (1)"
            if id == "x":
                await engine.start(other, "x")
                assert await said(engine, other) == "done"
        # no more threads are given for lost
        await engine.start(other, "y")
        assert (await said(engine, other, "y")).startswith("TooManyHung: 2 calls of a plain")
        assert runs["y"] == 1
        door.opened.set()
        await signalled(freed)
        await engine.start(other, "z")
        assert await said(engine, other, "z") == "done"


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> asyncio.Event:
    """Set once a call that went on behind its attempt has ended, and no other does."""
    event = asyncio.Event()
    original = EffectRunner._freed

    def after(effect_runner: EffectRunner, attempt: AttemptRun) -> None:
        was_hung = attempt.is_hung
        original(effect_runner, attempt)
        if was_hung and not effect_runner._leaving:
            event.set()

    monkeypatch.setattr(EffectRunner, "_freed", after)
    return event


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


# --- one at a time --------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [{"timeout": SHORT}, {"heartbeat": SHORT, "timeout": LONG}])
async def test_an_attempt_is_waited_for_while_it_cleans_up(
    place: World, policy: dict[str, Any]
) -> None:
    cleaned_up, cleaning, inside = asyncio.Event(), asyncio.Event(), [0, 0]

    async def cleans_up(call: Call) -> str:
        inside[0] += 1
        inside[1] = max(inside)
        try:
            if call.attempt == 2:
                return "second"
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await cleaned_up.wait()
            inside[0] -= 1
        return "first"

    machine = performing(cleans_up, attempts=2, first=timedelta(0), longest=timedelta(0), **policy)
    async with place.running(machine) as engine:
        await engine.start(machine, "x")
        await signalled(cleaning)
        await quiet()
        assert [line.kind for line in await journal(engine, machine, "x")] == ["start"]
        cleaned_up.set()
        assert await said(engine, machine) == "second"
        assert inside == [0, 1]


async def test_an_attempt_that_ignores_its_cancellation_is_not_joined_by_the_next_one(
    place: World, freed: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = asyncio.Event()

    async def ignores(call: Call) -> str:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        return f"attempt {call.attempt}"

    machine = performing(
        ignores, attempts=3, timeout=SHORT, first=timedelta(seconds=1), factor=1, jitter=0
    )
    limits = Limits(cancel_seconds=0.02, grace_seconds=0.0)
    async with place.running(machine, limits=limits) as engine:
        await engine.start(machine, "x")
        first = await _nth(engine, machine, 1)
        assert "ignores its cancellation and runs on" in first.effects[0]["error"]
        assert "ignores of ignores/x ignores its cancellation" in caplog.text
        place.clock.advance(timedelta(seconds=1))
        second = await _nth(engine, machine, 2)
        assert second.effects[0]["error"].startswith("StillRunning: attempt 1 goes on here")
        assert runs["x"] == 1
        go_on.set()
        await signalled(freed)
        place.clock.advance(timedelta(seconds=1))
        assert await said(engine, machine) == "attempt 3"
        assert runs["x"] == 2


async def _nth(engine: Engine, machine: Any, number: int) -> Any:
    """The failed attempt of this number."""

    def is_it(line: Any) -> bool:
        return line.kind == "tried" and bool(line.effects[0]["attempt"] == number)

    return await entry(engine, machine, "x", is_it)


async def test_a_swallowed_cancellation_hangs_neither_stop_nor_close(
    place: World, caplog: pytest.LogCaptureFixture
) -> None:
    inside = asyncio.Event()
    ended = asyncio.Event()

    async def swallows(call: Call) -> None:
        try:
            while True:
                try:
                    inside.set()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue
        finally:
            ended.set()

    machine = performing(swallows, attempts=1, timeout=LONG)
    limits = Limits(cancel_seconds=0.02, grace_seconds=0.0)
    async with asyncio.timeout(PATIENCE):
        async with place.running(machine, limits=limits) as engine:
            await engine.start(machine, "left")
            await signalled(inside)
            # its state is left, and its place is free for others all the same
            await engine.send(machine, "left", Leave())
            assert (await engine.read(machine, "left")).state == ["left"]
            inside.clear()
            await engine.start(machine, "running")
            await signalled(inside)
    assert "swallows of swallows/running ignores its cancellation" in caplog.text
    # else the loop that it runs in could not end either
    assert ended.is_set()
    async with place.running(machine, limits=limits) as engine:
        await quiet()
        assert runs["running"] == 2


async def test_a_clean_up_that_takes_a_while_is_waited_for_at_the_engines_end(
    place: World,
) -> None:
    inside, cleaning, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def rolls_back(call: Call) -> None:
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await cleaned.wait()
            done.append("rolled back")

    machine = performing(rolls_back, attempts=1, heartbeat=LONG, timeout=LONG)
    engine = await place.open(machine)
    await engine.start(machine, "x")
    await signalled(inside)
    closing = asyncio.ensure_future(place.stop(engine))
    await signalled(cleaning)
    await quiet()
    assert not closing.done()
    cleaned.set()
    await closing
    assert done == ["rolled back"]


# --- as many as there is room for -----------------------------------------------------------------


async def test_what_finds_no_room_waits_in_the_store_and_is_performed_in_the_end(
    world: World,
) -> None:
    go_on = asyncio.Event()
    at_once: list[int] = [0, 0]

    async def crowded(call: Call) -> str:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await go_on.wait()
        at_once[0] -= 1
        return "done"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=2, effects_waiting=1, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        for number in range(12):
            await engine.start(machine, f"x-{number}")
        await quiet()
        assert engine.stats().effects == 3
        rows = await world.rows(engine, *((machine.definition.name, f"x-{n}") for n in range(12)))
        held = Counter(row.held_by for row in rows.values())
        assert held[("(waiting)",)] == 9
        # shown as what waits, and not as what runs
        explained = await engine.explain(machine, "x-11")
        assert explained.effects[0].status == "waiting"
        go_on.set()
        for number in range(12):
            await state(engine, machine, f"x-{number}", "over")
        assert at_once[1] <= 2
        assert set(runs.values()) == {1}


async def test_what_waits_in_the_store_is_found_after_a_crash(world: World) -> None:
    async def crowded(call: Call) -> str:
        if call.instance == "x-0" and runs["x-0"] == 1:
            await asyncio.Event().wait()
        return f"attempt {call.attempt}"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    engine = await world.open(machine, limits=limits)
    for number in range(4):
        await engine.start(machine, f"x-{number}")
    await world.crash(engine)
    async with world.running(machine, limits=limits) as engine:
        for number in range(4):
            assert await said(engine, machine, f"x-{number}") == "attempt 1"
        assert runs == {"x-0": 2, "x-1": 1, "x-2": 1, "x-3": 1}


async def test_retries_wait_for_a_place_as_first_attempts_do(world: World) -> None:
    go_on = asyncio.Event()

    async def fails_once(call: Call) -> str:
        if call.attempt == 1:
            raise ValueError("once")
        await go_on.wait()
        return f"attempt {call.attempt}"

    machine = performing(fails_once, attempts=2, first=timedelta(seconds=1), jitter=0)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        for number in range(3):
            await engine.start(machine, f"x-{number}")
            await entry(engine, machine, f"x-{number}", lambda line: line.kind == "tried")
        world.clock.advance(timedelta(seconds=1))
        await quiet()
        assert engine.stats().effects == 1
        go_on.set()
        for number in range(3):
            assert await said(engine, machine, f"x-{number}") == "attempt 2"


async def test_an_effect_that_waits_in_the_store_is_forgotten_with_its_state(
    world: World,
) -> None:
    go_on = asyncio.Event()

    async def crowded(call: Call) -> str:
        await go_on.wait()
        return "done"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        await engine.start(machine, "x-0")
        await engine.start(machine, "x-1")
        await engine.send(machine, "x-1", Leave())
        go_on.set()
        await state(engine, machine, "x-0", "over")
        await quiet()
        row = (await world.rows(engine, (machine.definition.name, "x-1"))).popitem()[1]
        assert (row.held_by, row.wake_at) == ((), None)
        assert runs["x-1"] == 0


# --- guards and actions ---------------------------------------------------------------------------


class Ask(Event):
    pass


def quits(job: Job) -> None:
    if not mended:
        raise SystemExit(1)


mended: list[bool] = []


class Quitting(Machine[Job], name="quitting", version=1):
    """Its action calls ``sys.exit()``, on an event, a timer and a result."""

    idle = State(initial=True)
    timed = State()
    working = State()
    over = Final()

    asking = on(Ask, idle >> over, do=quits)
    leaving = on(Leave, idle >> timed)
    lapsing = after(timedelta(seconds=1), timed >> over, do=quits)


@effect(attempts=1)
async def quick(job: Job) -> int:
    return 1


class QuittingOnResult(Machine[Job], name="quitting-on-result", version=1):
    working = State(initial=True, invoke=quick)
    over = Final()
    good = on_result(quick, working >> over, do=quits)


async def test_an_action_that_exits_fails_its_step_and_not_the_engine(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mended.clear()
    limits = Limits(timer_attempts=2, grace_seconds=0.0)
    async with world.running(Quitting, QuittingOnResult, limits=limits) as engine:
        await engine.start(Quitting, "asked")
        await engine.start(Quitting, "timed")
        with pytest.raises(ActionFailed, match="SystemExit"):
            await engine.send(Quitting, "asked", Ask())
        await engine.send(Quitting, "timed", Leave())
        await engine.start(QuittingOnResult, "x")
        for _ in range(3):
            await quiet()
            world.clock.advance(timedelta(seconds=400))
        await quiet()
        found = {one.instance: one.error for one in (await engine.incidents()).incidents}
        assert set(found) == {"timed", "x"}
        assert all("SystemExit" in error for error in found.values())
        mended.append(True)
        for incident in (await engine.incidents()).incidents:
            await engine.retry(incident.id)
        await state(engine, Quitting, "timed", "over")
        await state(engine, QuittingOnResult, "x", "over")
