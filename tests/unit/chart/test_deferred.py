"""Functions that give a coroutine, a generator or a future instead of a value are refused."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Definition,
    DefinitionError,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    always,
    child,
    on,
)
from statehold.chart.deferred import is_deferred, settled, truth
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Function
from statehold.errors import ActionFailed, GuardFailed, StepFailed
from statehold.formats.native import read_native
from statehold.formats.notation import Offered
from statehold.formats.xstate import read_xstate
from statehold.interpreter import Step, start, step
from statehold.testing import EngineKit, Harness
from tests.conformance.chart_builder import SCXML, Running, machine, state
from tests.conformance.chart_builder import on as transition
from tests.conformance.named_functions import EPOCH


class Data(BaseModel):
    n: int = 0

    def is_ready(self) -> bool:
        return False


class Go(Event):
    pass


class Sub(Machine[Data], name="sub", version=1):
    only = State(initial=True)
    end = Final()
    go = on(Go, only >> end)


async def coroutine(data: Any) -> Any:
    return False


def generator(data: Any) -> Any:
    yield False


async def async_generator(data: Any) -> Any:
    yield False


def gives_awaitable(data: Any) -> Awaitable[bool]:
    return coroutine(data)


def gives_iterator(data: Any) -> Iterator[bool]:
    return iter(())


def gives_async_iterator(data: Any) -> AsyncIterator[bool]:
    raise NotImplementedError


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as people write them: it knows nothing of what it is put on."""

    @functools.wraps(function)
    def run(*arguments: Any) -> Any:
        return function(*arguments)

    return run


class Callables:
    async def method(self, data: Any) -> Any:
        return False

    def generating(self, data: Any) -> Any:
        yield False

    @staticmethod
    async def static(data: Any) -> Any:
        return False

    @classmethod
    async def of_class(cls, data: Any) -> Any:
        return False


class Asked:
    async def __call__(self, data: Any) -> Any:
        return False


class AskedToo(Asked):
    pass


VISIBLE: dict[str, Any] = {
    "coroutine": coroutine,
    "generator": generator,
    "async generator": async_generator,
    "awaitable, by annotation": gives_awaitable,
    "iterator, by annotation": gives_iterator,
    "async iterator, by annotation": gives_async_iterator,
    "partial": functools.partial(coroutine),
    "partial of a partial": functools.partial(functools.partial(generator)),
    "wrapped": logged(coroutine),
    "wrapped twice": logged(logged(async_generator)),
    "partial of a wrapped one": functools.partial(logged(coroutine)),
    "wrapped partial": logged(functools.partial(coroutine)),
    "method": Callables().method,
    "generating method": Callables().generating,
    "static method": Callables.static,
    "class method": Callables.of_class,
    "callable object": Asked(),
    "inherited call": AskedToo(),
    "lambda that yields": lambda data: (yield data),
}


def unmarked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that leaves no trace of what it is put on."""

    def run(data: Any) -> Any:
        return function(data)

    return run


def pending(data: Any) -> Any:
    return Future[bool]()


#: what only a call shows
HIDDEN: dict[str, Any] = {
    "lambda": lambda data: coroutine(data),
    "lambda of a generator": lambda data: generator(data),
    "lambda of an async generator": lambda data: async_generator(data),
    "generator expression": lambda data: (one for one in (False,)),
    "map": lambda data: map(bool, ()),
    "unmarked decorator": unmarked(coroutine),
    "wrapped generator": logged(generator),
    "future": pending,
    "method that is not called": lambda data: data.is_ready,
    "function that is not called": lambda data: coroutine,
    "partial that is not called": lambda data: functools.partial(coroutine, data),
}


def machine_with(role: str, function: Any) -> Any:
    if role == "view":
        namespace: dict[str, Any] = {"view": staticmethod(function)}
    elif role == "index":
        namespace = {"indexes": {"one": function}}
    elif role == "upgrade":
        namespace = {"upgrades": [Upgrade(1, data=function)]}
    else:
        namespace = {}

    class Tried(Machine[Data], name="tried", version=2):
        vars().update(namespace)
        a = State(initial=True, exit=function if role == "exit" else None)
        b = State(
            entry=function if role == "entry" else None,
            deadline=function if role == "deadline" else None,
            invoke=child(Sub, input=function) if role == "input" else None,
        )
        end = Final(output=function if role == "output" else None)
        go = on(
            Go,
            a >> b,
            when=function if role == "guard" else None,
            do=function if role == "action" else None,
        )
        if role == "immediate guard":
            at_once = always(b >> end, when=function)
        if role == "delay":
            late = after(function, b >> end)
        stop = on(Go, b >> end)

    return Tried


IN_A_STEP = [
    "guard",
    "immediate-guard",
    "action",
    "entry",
    "exit",
    "delay",
    "deadline",
    "input",
    "output",
    "view",
    "index",
]
ROLES = [role.replace("-", " ") for role in [*IN_A_STEP, "upgrade"]]


@pytest.mark.parametrize("kind", VISIBLE)
@pytest.mark.parametrize("role", ROLES)
def test_what_a_definition_shows_is_refused_with_the_class(role: str, kind: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        machine_with(role, VISIBLE[kind])
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize("kind", HIDDEN)
@pytest.mark.parametrize("role", ROLES[:-1])
def test_what_only_a_call_shows_drops_the_step(role: str, kind: str) -> None:
    deferring = machine_with(role, HIDDEN[kind])
    if role in ("view", "index"):
        # the start itself is refused: it asks them, too
        with pytest.raises(ActionFailed, match="it gave a"):
            Harness(deferring, Data())
        return
    harness = Harness(deferring, Data())
    if role == "output":
        harness.send(Go())
    state = harness.state
    with pytest.raises(StepFailed, match="it gave a") as refused:
        harness.send(Go())
    assert isinstance(refused.value, GuardFailed if "guard" in role else ActionFailed)
    assert harness.state == state
    assert harness.data == Data()


@pytest.mark.parametrize("kind", [*HIDDEN, *VISIBLE])
def test_none_of_them_is_ever_an_answer(kind: str) -> None:
    if "annotation" in kind:
        return
    with pytest.raises(TypeError, match="it gave a"):
        truth({**VISIBLE, **HIDDEN}[kind](Data()))


@pytest.mark.parametrize(
    "value", [True, False, 0, 1, "", "yes", [], [0], {}, None, Data(), 1.5, Path()]
)
def test_plain_values_answer_as_they_always_did(value: Any) -> None:
    assert truth(value) is bool(value)
    assert settled(value) is value
    assert not is_deferred(value)


def test_a_context_manager_made_of_a_generator_is_no_answer() -> None:
    held = contextlib.contextmanager(generator)
    harness = Harness(machine_with("guard", held), Data())
    with pytest.raises(GuardFailed, match="is to be entered"):
        harness.send(Go())
    with pytest.raises(TypeError, match="is to be entered"):
        truth(contextlib.asynccontextmanager(async_generator)(Data()))


def test_a_decorator_may_collect_what_a_generator_gives() -> None:
    def every(function: Callable[..., Iterator[bool]]) -> Callable[..., bool]:
        @functools.wraps(function)
        def run(data: Data) -> bool:
            return all(function(data))

        return run

    @every
    def is_fine(data: Data) -> Iterator[bool]:
        yield data.n == 0
        yield data.n < 3

    harness = Harness(machine_with("guard", is_fine), Data())
    assert harness.send(Go()).state == ["b"]


def test_the_error_names_what_came_and_the_way_out() -> None:
    harness = Harness(machine_with("guard", lambda data: coroutine(data)), Data())
    with pytest.raises(GuardFailed, match=r"coroutine instead of a value.*@effect"):
        harness.send(Go())
    harness = Harness(machine_with("guard", lambda data: data.is_ready), Data())
    with pytest.raises(GuardFailed, match=r"method instead of a value; call it"):
        harness.send(Go())


# --- functions that documents name ------------------------------------------------------------

XSTATE = {
    "id": "m",
    "initial": "a",
    "states": {
        "a": {"on": {"GO": {"target": "b", "guard": "lent"}, "SET": {"actions": "lent"}}},
        "b": {},
    },
}
NOT_LENT = {"type": "xstate.not", "guards": ["lent"]}
NOT_XSTATE = {
    "id": "m",
    "initial": "a",
    "states": {
        "a": {"on": {"GO": {"target": "b", "guard": NOT_LENT}}},
        "b": {},
    },
}
NATIVE = """
statehold: 1
name: m
events: {GO: {}, SET: {}}
states: {a: {initial: true}, b: {}}
transitions:
  go: {on: GO, from: a, to: b, when: {function: lent}}
  set: {on: SET, from: a, do: {function: lent}}
"""


@pytest.mark.parametrize("kind", VISIBLE)
def test_documents_are_refused_functions_that_defer(kind: str) -> None:
    lent = Offered(functions={"lent": VISIBLE[kind]})
    with pytest.raises(DefinitionError, match="lent"):
        read_xstate(XSTATE, lent)
    with pytest.raises(DefinitionError, match="lent"):
        read_native(NATIVE, lent)


@pytest.mark.parametrize("kind", HIDDEN)
@pytest.mark.parametrize("read", [read_native, read_xstate])
def test_a_function_that_a_document_names_defers_in_no_step(read: Any, kind: str) -> None:
    if "method" in kind:
        return
    lent = Offered(functions={"lent": HIDDEN[kind]})
    definition = read(NATIVE if read is read_native else XSTATE, lent).definition
    for name in ("GO", "SET"):
        with pytest.raises(StepFailed, match="it gave a"):
            sent(definition, name)


def test_the_opposite_of_a_coroutine_is_no_answer_either() -> None:
    lent = Offered(functions={"lent": HIDDEN["lambda"]})
    definition = read_xstate(NOT_XSTATE, lent).definition
    with pytest.raises(GuardFailed, match="it gave a coroutine"):
        sent(definition, "GO")


def sent(definition: Definition[Any], name: str) -> Step[Any]:
    begun = start(definition, definition.data.parse("{}"), EPOCH)
    return step(definition, begun.snapshot, NamedEvent(name), EPOCH)


def test_where_errors_are_events_the_answer_is_no_and_the_error_is_an_event() -> None:
    drawn = machine(
        state("a"),
        state("b"),
        transitions=[
            transition("go", "a > b", when=["never"]),
            transition("error.execution", "a", do=["event:caught"]),
        ],
        policy=SCXML,
    )
    deferring = Function(HIDDEN["lambda"], 1)
    replaced = dataclasses.replace(drawn, functions={**drawn.functions, "never": deferring})
    run = Running(replaced).send("go")
    assert run.leaves == {"a"}
    assert "it gave a coroutine" in run.log[0]


@pytest.mark.anyio
async def test_an_engine_commits_nothing_of_a_step_whose_guard_gives_a_coroutine() -> None:
    deferring = machine_with("guard", HIDDEN["lambda"])
    async with EngineKit(deferring) as kit:
        await kit.start(deferring, "i")
        with pytest.raises(GuardFailed, match="it gave a coroutine"):
            await kit.send(deferring, "i", Go())
        assert (await kit.read(deferring, "i")).seq == 1
