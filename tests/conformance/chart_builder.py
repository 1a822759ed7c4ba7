"""Charts written down as they nest, for tests that need one of a certain shape.

Actions and guards are named after what they do, see :mod:`.named_functions`; an action
without a behaviour, ``"exit a"``, writes itself into the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from statehold.chart.event import NamedEvent, done_event, timer_event
from statehold.chart.machine import Definition
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Chart,
    Delay,
    Guard,
    Initial,
    Invoke,
    Kind,
    Policy,
    StateNode,
    Transition,
    Trigger,
)
from statehold.interpreter import Snapshot, Step, start, step
from statehold.interpreter.command import Command
from tests.conformance.named_functions import EPOCH, Data, define

CLASS_NOTATION = Policy("exact", "refuse")
SCXML = Policy("token", "event")
XSTATE = Policy("wildcard", nesting="xstate")


@dataclass(frozen=True)
class Drawn:
    """A state and what stands in it."""

    node: StateNode
    children: tuple[Drawn, ...] = ()

    def nodes(self, parent: str) -> Iterator[StateNode]:
        yield msgspec.structs.replace(self.node, parent=parent)
        for child in self.children:
            yield from child.nodes(self.node.id)


def state(
    id: str,
    *children: Drawn,
    initial: str = "",
    initial_do: Iterable[str] = (),
    entry: Iterable[str] = (),
    exit: Iterable[str] = (),
    invokes: tuple[Invoke, ...] = (),
    kind: Kind | None = None,
) -> Drawn:
    """Atomic or, with children, compound; ``initial`` names several targets with spaces."""
    kind = kind or ("compound" if children else "atomic")
    default = None
    if kind == "compound":
        first = next(c.node.id for c in children if c.node.kind != "history")
        default = Initial(tuple(initial.split()) or (first,), block(initial_do))
    node = StateNode(
        id, kind, initial=default, entry=block(entry), exit=block(exit), invokes=invokes
    )
    return Drawn(node, children)


def parallel(
    id: str, *children: Drawn, entry: Iterable[str] = (), exit: Iterable[str] = ()
) -> Drawn:
    return state(id, *children, entry=entry, exit=exit, kind="parallel")


def final(id: str, *, entry: Iterable[str] = (), output: str | None = None) -> Drawn:
    return Drawn(StateNode(id, "final", entry=block(entry), output=output))


def history(id: str, targets: str, *, deep: bool = False, do: Iterable[str] = ()) -> Drawn:
    default = Initial(tuple(targets.split()), block(do))
    return Drawn(StateNode(id, "history", initial=default, deep=deep))


def on(
    event: str,
    path: str,
    *,
    when: Iterable[str | Guard] = (),
    do: Iterable[str] = (),
    internal: bool = False,
    trigger: Trigger | None = None,
    id: str = "",
) -> Transition:
    """``path`` is ``"source > target other-target"``; ``"source"`` alone is targetless."""
    source, _, targets = path.partition(" > ")
    return Transition(
        id or f"{event or 'always'}: {path}",
        source,
        trigger or Trigger("event", tuple(event.split())),
        tuple(targets.split()),
        tuple(Guard(g) if isinstance(g, str) else g for g in when),
        block(do),
        internal,
    )


def always(path: str, *, when: Iterable[str | Guard] = (), do: Iterable[str] = ()) -> Transition:
    return on("", path, when=when, do=do, trigger=Trigger("always"))


def on_any(path: str, *, do: Iterable[str] = ()) -> Transition:
    return on("any", path, do=do, trigger=Trigger("any"))


def on_done(state: str, path: str, *, do: Iterable[str] = ()) -> Transition:
    return on("done", path, do=do, trigger=Trigger("done", (done_event(state),)))


def after(id: str, seconds: float, path: str, *, do: Iterable[str] = ()) -> Transition:
    trigger = Trigger("after", (timer_event(id),), Delay(seconds))
    return on("after", path, do=do, trigger=trigger, id=id)


def block(names: Iterable[str]) -> tuple[Block, ...]:
    """One block of these actions, or none at all; ``"detached"`` asks for that effect."""
    actions = tuple(
        Action(name, "effect")
        if name == "detached"
        else Action(name if ":" in name else f"note:{name}")
        for name in names
    )
    return (actions,) if actions else ()


def machine(
    *states: Drawn,
    transitions: Iterable[Transition] = (),
    policy: Policy = CLASS_NOTATION,
    kind: Kind = "compound",
    entry: Iterable[str] = (),
    exit: Iterable[str] = (),
) -> Definition[Data]:
    """A machine whose root holds these states; the first is its initial state."""
    root = state(ROOT, *states, kind=kind, entry=entry, exit=exit)
    nodes = [msgspec.structs.replace(root.node, parent=None)]
    for child in states:
        nodes.extend(child.nodes(ROOT))
    return define(Chart("drawn", 1, tuple(nodes), tuple(transitions), policy=policy))


class Running:
    """One instance, led through events; keeps the last step."""

    def __init__(self, machine: Definition[Data], now: datetime = EPOCH) -> None:
        self.machine = machine
        self.last: Step[Data] = start(machine, Data(), now)
        self.log: list[str] = list(self.last.snapshot.data.log)

    def send(
        self, event: Any, now: datetime = EPOCH, roles: tuple[str, ...] | None = None
    ) -> Running:
        """Takes a step; ``log`` is then what this step's actions wrote. A name is an event too."""
        if isinstance(event, str):
            event = NamedEvent(event)
        before = self.snapshot
        self.last = step(self.machine, before, event, now, roles=roles)
        self.log = self.snapshot.data.log[len(before.data.log) :]
        return self

    @property
    def snapshot(self) -> Snapshot[Data]:
        return self.last.snapshot

    @property
    def leaves(self) -> set[str]:
        return set(self.snapshot.state)

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.last.commands
