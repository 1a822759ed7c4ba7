"""A step that takes longer than the limit: refused where it can be, else logged and counted."""

from __future__ import annotations

import time

import pytest

from statehold import Machine, State, on
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.engine.observer import ObservedRequest, Observer
from statehold.errors import StepFailed
from statehold.formats.native import read_native
from statehold.stores import MemoryStore
from tests.unit.engine.sample_machines import Add, Tally

pytestmark = pytest.mark.anyio

DOCUMENT = """
statehold: 1
name: asking
data: {properties: {n: {type: integer, default: 0}}}
events: {Go: {}}
states: {here: {initial: true}, there: {}}
transitions: {go: {on: Go, from: here, to: there, when: data.n == 0}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Delays(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, float]] = []

    def delayed(self, request: ObservedRequest, seconds: float) -> None:
        self.seen.append((request.ref.id, request.label, seconds))


def take_long(tally: Tally, event: Add) -> None:
    # as long as the processor needs for it, however slow it is
    began = time.thread_time()
    while time.thread_time() - began < event.n / 1000:
        tally.count += 1


class Slow(Machine[Tally], name="slow", version=1):
    here = State(initial=True)

    taking_long = on(Add, here, do=take_long)


async def test_a_step_of_expressions_whose_time_is_up_is_refused_and_says_why() -> None:
    machine = read_native(DOCUMENT).definition
    async with Engine(MemoryStore(), [machine], limits=Limits(step_seconds=0.0)) as engine:
        await engine.start(machine, "a-1")
        with pytest.raises(StepFailed, match=r"more than 0 s of the processor's time") as caught:
            await engine.send(machine, "a-1", {"type": "Go"})
        assert "the step was dropped" in str(caught.value)
        assert (await engine.read(machine, "a-1")).state == ["here"]


async def test_python_code_that_takes_long_is_done_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    delays = Delays()
    limits = Limits(step_seconds=0.05)
    async with Engine(MemoryStore(), [Slow], limits=limits, observer=delays) as engine:
        await engine.start(Slow, "s-1")
        await engine.send(Slow, "s-1", Add(n=60))
    (one,) = delays.seen
    assert one[:2] == ("s-1", "send")
    assert one[2] >= 0.06
    assert "slow/s-1 held the event loop for" in caplog.text
    assert "keep what takes long in an effect" in caplog.text
