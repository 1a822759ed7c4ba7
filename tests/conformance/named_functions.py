"""Functions that do what their names say, so that a chart alone determines what its machine does.

An action is called ``"behaviour:label"`` and writes its label into the data's log, whatever else
it does, so a difference in order shows up as a difference in data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from pydantic import BaseModel

from statehold.chart.effect import Effect
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition, Function
from statehold.chart.model import (
    ROOT,
    Block,
    Chart,
    Initial,
    StateNode,
)
from statehold.chart.values import Shape

EPOCH = datetime(2030, 1, 1, tzinfo=UTC)


class Data(BaseModel):
    n: int = 0
    log: list[str] = []


SHAPE: Shape[Data] = Shape(Data)


def define(chart: Chart) -> Definition[Data]:
    """The chart with the functions that its names describe (see ``behaviour``)."""
    actions = {
        action.name
        for blocks in _all_blocks(chart)
        for block in blocks
        for action in block
        if action.kind == "run"
    }
    guards = {g.name for t in chart.transitions for g in t.guards if g.kind == "function"}
    functions = {name: _action(name) for name in sorted(actions)}
    functions |= {name: _guard(name) for name in sorted(guards)}
    functions |= {
        "delay": Function(lambda data: timedelta(seconds=1 + data.n), 1),
        "moment": Function(lambda data: EPOCH + timedelta(hours=1 + data.n), 1),
        "output": Function(lambda data: {"n": data.n, "steps": len(data.log)}, 1),
        "input": Function(lambda data: {"n": data.n}, 1),
        "failing value": Function(_fail, 1),
    }
    for state in chart.states:
        functions[f"probe {state.id}"] = Function(_probe(state.id), 3)
    effects: dict[str, Effect[Any, Any]] = {
        name: Effect(name, _do_nothing, False) for name in ("work", "detached")
    }
    return Definition(chart, SHAPE, functions=functions, effects=effects, children={"child": CHILD})


def _fail(data: Any) -> Any:
    raise ArithmeticError("no value")


def _probe(state: str) -> Callable[..., timedelta]:
    """A delay or an output that depends on whether the state is active at that moment."""

    def probe(data: Data, event: Any, context: Any) -> timedelta:
        return timedelta(seconds=100 + context.active(state))

    return probe


def _do_nothing(data: Any, call: Any) -> None:
    return None


def _all_blocks(chart: Chart) -> Iterator[tuple[Block, ...]]:
    for state in chart.states:
        yield state.entry
        yield state.exit
        yield tuple(invoke.finalize for invoke in state.invokes)
        yield tuple(invoke.before for invoke in state.invokes)
        if state.initial is not None:
            yield state.initial.actions
    for transition in chart.transitions:
        yield transition.actions


def _action(name: str) -> Function:
    behaviour, _, label = name.partition(":")
    word, _, argument = behaviour.partition(" ")

    def note(data: Data) -> None:
        data.log.append(label)

    def add(data: Data) -> None:
        data.n += 1
        data.log.append(label)

    def zero(data: Data) -> None:
        data.n = 0
        data.log.append(label)

    def replace(data: Data) -> Data:
        return Data(n=data.n, log=[*data.log, label])

    def event(data: Data, event: Any) -> None:
        data.log.append(f"{label} on {describe(event)}")

    def raise_(data: Data, event: Any, context: Any) -> None:
        data.log.append(label)
        data.n += 1
        if data.n < 6:
            context.raise_(NamedEvent(argument, label))

    def send(data: Data, event: Any, context: Any) -> None:
        data.log.append(label)
        to = (None, None) if argument == "self" else ("other", "x")
        context.send(*to, NamedEvent(label), delay=timedelta(seconds=data.n), id=label)

    def cancel(data: Data, event: Any, context: Any) -> None:
        data.log.append(f"{label} at {context.now} in {context.instance}")
        context.cancel(label)

    def emit(data: Data, event: Any, context: Any) -> None:
        data.log.append(label)
        context.emit(NamedEvent(label))

    def probe(data: Data, event: Any, context: Any) -> None:
        data.log.append(f"{label}: {argument} is active: {context.active(argument)}")

    def fail(data: Data) -> None:
        data.log.append(label)
        raise ValueError(label)

    known: dict[str, tuple[Callable[..., Any], int]] = {
        "note": (note, 1), "add": (add, 1), "zero": (zero, 1), "replace": (replace, 1),
        "event": (event, 2), "raise": (raise_, 3), "send": (send, 3), "cancel": (cancel, 3),
        "emit": (emit, 3), "probe": (probe, 3), "fail": (fail, 1),
    }  # fmt: skip
    return Function(*known[word])


def _guard(name: str) -> Function:
    def broken(data: Data) -> bool:
        raise LookupError("no answer")

    known: dict[str, tuple[Callable[..., bool], int]] = {
        "n is even": (lambda data: data.n % 2 == 0, 1),
        "n is odd": (lambda data: data.n % 2 == 1, 1),
        "n below 3": (lambda data: data.n < 3, 1),
        "never": (lambda data: False, 1),
        "event is a": (lambda data, event: describe(event).startswith("a"), 2),
        "broken": (broken, 1),
    }
    if name.startswith("is active "):
        state = name.removeprefix("is active ")
        return Function(lambda data, event, context: context.active(state), 3)
    return Function(*known[name])


def describe(event: Any) -> str:
    """The event's name and what it carries."""
    if event is None:
        return "nothing"
    carried = msgspec.structs.asdict(event) if isinstance(event, msgspec.Struct) else event
    return f"{event.__event__} {carried}"


CHILD: Definition[Data] = Definition(
    Chart(
        "child",
        1,
        (StateNode(ROOT, "compound", initial=Initial(("only",))), StateNode("only", "final", ROOT)),
    ),
    SHAPE,
)
