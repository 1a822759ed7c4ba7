"""Machines and histories of events, made by Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import strategies as st

from statehold.chart.event import Event, done_event, failure_event, result_event, timer_event
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
    Policy,
    StateNode,
    Transition,
    Trigger,
)
from tests.conformance.named_functions import Data, define

EVENTS = ("a", "b", "c", "a.b")
TOKENS = (
    "a",
    "a.",
    "a.*",
    "a.b",
    "b",
    "c",
    "*",
    "done",
    "done.state",
    "error",
    "after.*",
    "nothing",
)
MOST_STATES = 16


class a(Event):
    """An event with a class of its own; the others are values of ``NamedEvent``."""

    n: int = 0


@dataclass(frozen=True)
class Stimulus:
    """What happens next; ``choice`` picks among what is running when its turn comes."""

    kind: str
    name: str
    choice: int
    roles: tuple[str, ...] | None


def machines() -> st.SearchStrategy[Definition[Data]]:
    """Valid machines of up to about ``MOST_STATES`` states, with every feature of the model."""
    return _machines()


def stimuli() -> st.SearchStrategy[list[Stimulus]]:
    """A history of up to twelve events, timers and outcomes, some of them stale."""
    kinds = ["event"] * 8 + ["timer"] * 4 + ["result", "result", "failure", "stale timer", "stale"]
    roles = st.sampled_from([None, None, None, (), ("cook",), ("cook", "courier")])
    one = st.builds(
        Stimulus, st.sampled_from(kinds), st.sampled_from(EVENTS), st.integers(0, 3), roles
    )
    return st.lists(one, min_size=5, max_size=12)


# --- structure -----------------------------------------------------------------------------


@dataclass
class _Sketch:
    """A state while the chart is being drawn."""

    id: str
    kind: str
    children: list[_Sketch] = field(default_factory=list)
    histories: list[_Sketch] = field(default_factory=list)
    deep: bool = False
    initial: tuple[str, ...] = ()

    def walk(self) -> Iterator[tuple[_Sketch, _Sketch | None]]:
        """Every state with its parent, in document order."""
        yield self, None
        for child in [*self.histories, *self.children]:
            for state, parent in child.walk():
                yield state, parent or self


@st.composite
def _machines(draw: st.DrawFn) -> Definition[Data]:
    return _Artist(draw).machine()


#: made once, because a chart takes hundreds of draws
_BELOW = [st.nothing(), *(st.integers(0, most) for most in range(64))]


class _Artist:
    """Draws one machine; of the choices offered, a smaller chart takes the first."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0
        self.labels = 0
        self.invokes: list[str] = []

    def choose(self, *options: Any) -> Any:
        return options[self.draw(_BELOW[len(options)])]

    def often(self, of_ten: int) -> bool:
        # false is the smaller value, so shrinking takes features away
        return bool(self.draw(_BELOW[10]) >= 10 - of_ten)

    def machine(self) -> Definition[Data]:
        self.policy = Policy(
            matching=self.choose("exact", "token", "wildcard"),
            errors=self.choose("refuse", "event"),
            nesting=self.choose("scxml", "scxml", "xstate"),
        )
        #: no effects and nothing asked of the context: the interpreter has a short way for those
        self.plain = not self.often(6)
        self.breaks = self.often(2)
        self.endless = self.often(1)
        #: every region can end, so that parallel states inside others are done now and then
        self.ends = self.often(3)
        root = _Sketch(ROOT, "parallel" if self.often(1) else "compound")
        self.add_children(root, depth=0)
        self.all = [(state, parent) for state, parent in root.walk()]
        self.ids = [s.id for s, _ in self.all if s.kind != "history" and s.id != ROOT]
        for state, _ in self.all:
            if state.kind == "compound":
                state.initial = self.within(state)
            elif state.kind == "history":
                state.initial = self.default_of(state)
        nodes = tuple(self.node(state, parent) for state, parent in self.all)
        transitions = tuple(self.transition(n) for n in range(self.draw(st.integers(3, 16))))
        chart = Chart("random", 1, nodes, transitions, policy=self.policy)
        return define(chart)

    def add_children(self, state: _Sketch, depth: int) -> None:
        parallel = state.kind == "parallel"
        inside = self.ends and state.id != ROOT
        count = 2 if inside else self.draw(st.integers(2 if parallel else 1, 3))
        for number in range(count):
            self.count += 1
            options = ["atomic"] * (2 if parallel else 3)
            if not parallel and (depth > 0 or self.often(2)):
                options += ["final"]
            if depth < 3 and self.count < MOST_STATES:
                options += ["compound", "compound", "parallel"]
                if self.ends and depth < 2:
                    options += ["parallel"] * 4
            if inside and parallel:
                options = ["compound", *(kind for kind in options if kind == "parallel")]
            elif inside and number == 1:
                options = ["final"]
            child = _Sketch(f"s{self.count}", self.choose(*options))
            state.children.append(child)
            if child.kind in ("compound", "parallel"):
                self.add_children(child, depth + 1)
        if state.id != ROOT:
            for _ in range(self.choose(0, 0, 1, 2)):
                self.count += 1
                history = _Sketch(f"h{self.count}", "history", deep=self.choose(False, True))
                state.histories.append(history)

    def within(self, state: _Sketch, histories: bool = True) -> tuple[str, ...]:
        """Targets inside a state that can be active together."""
        if histories and state.histories and self.often(2):
            return (self.choose(*state.histories).id,)
        if state.kind == "parallel":
            regions = [region for region in state.children if self.often(5)]
            regions = regions or [self.choose(*state.children)]
            return tuple(target for region in regions for target in self.at_or_within(region))
        return self.at_or_within(self.choose(*state.children))

    def at_or_within(self, state: _Sketch) -> tuple[str, ...]:
        if state.children and self.often(4):
            return self.within(state)
        return (state.id,)

    def default_of(self, history: _Sketch) -> tuple[str, ...]:
        parent = next(parent for state, parent in self.all if state is history)
        assert parent is not None
        if history.deep:
            return self.within(parent, histories=False)
        children = parent.children if parent.kind == "parallel" else [self.choose(*parent.children)]
        return tuple(child.id for child in children)

    def node(self, state: _Sketch, parent: _Sketch | None) -> StateNode:
        plain = state.kind != "history"
        initial = (
            Initial(state.initial, self.blocks("initial", state.id)) if state.initial else None
        )
        output = self.value("output") if state.kind == "final" and self.often(5) else None
        return StateNode(
            id=state.id,
            kind=state.kind,  # type: ignore[arg-type]
            parent=None if parent is None else parent.id,
            initial=initial,
            entry=self.blocks("entry", state.id) if plain else (),
            exit=self.blocks("exit", state.id) if plain else (),
            invokes=self.invokes_of(state) if plain and state.kind != "final" else (),
            deep=state.deep,
            output=output,
            deadline=self.delay() if plain and self.often(1) else None,
        )

    # --- what hangs on the structure -------------------------------------------------------

    def invokes_of(self, state: _Sketch) -> tuple[Invoke, ...]:
        found = []
        for _ in range(0 if self.plain else self.choose(0, 0, 0, 1, 2)):
            id = f"i{len(self.invokes)}"
            self.invokes.append(id)
            kind = self.choose("effect", "machine")
            found.append(
                Invoke(
                    id,
                    "child" if kind == "machine" else "work",
                    kind,
                    input=self.value("input") if kind == "machine" and self.often(5) else None,
                    finalize=self.block("finalize", state.id) if self.often(2) else (),
                )
            )
        return tuple(found)

    def blocks(self, what: str, where: str) -> tuple[Block, ...]:
        many = self.choose(0, 0, 1, 1, 1, 2)
        return tuple(self.block(f"{what} {n}", where) for n in range(many))

    def block(self, what: str, where: str) -> Block:
        return tuple(self.action(what, where) for _ in range(self.choose(1, 1, 2)))

    def action(self, what: str, where: str) -> Action:
        behaviours = ["note"] * 3 + ["add", "add", "event", "event", "replace"]
        if not self.plain:
            behaviours += ["send self", "send other", "cancel", "emit", "detached"]
            behaviours += ["raise", "raise", "probe", "probe"]
        behaviours += ["zero"] * self.endless + ["fail"] * self.breaks
        behaviour = self.choose(*behaviours)
        if behaviour == "raise":
            behaviour = f"raise {self.choose(*EVENTS)}"
        elif behaviour == "probe":
            behaviour = f"probe {self.choose(*self.ids)}"
        if behaviour == "detached":
            return Action("detached", "effect")
        self.labels += 1
        return Action(f"{behaviour}:{what} of {where or 'root'} #{self.labels}")

    def guards(self) -> tuple[Guard, ...]:
        found = []
        for _ in range(self.choose(0, 0, 0, 1, 1, 2)):
            kind = self.choose("function", "function", "in", "by")
            if kind == "in":
                found.append(Guard(self.choose(*self.ids), "in"))
            elif kind == "by":
                found.append(Guard(self.choose("cook", "courier", "cook,courier"), "by"))
            else:
                probe = f"is active {self.choose(*self.ids)}"
                names = ["n is even", "n is odd", "n below 3", "never", "event is a", probe]
                names += ["broken"] * self.breaks
                found.append(Guard(self.choose(*names)))
        return tuple(found)

    def value(self, *names: str) -> str:
        """A function that gives a delay, an input or an output."""
        names += (f"probe {self.choose(*self.ids)}",)
        return str(self.choose(*names, *["failing value"] * self.breaks))

    def delay(self) -> Delay:
        if self.often(5):
            return Delay(function=self.value("delay", "moment"))
        return Delay(seconds=self.choose(0.0, 1.5, 60.0))

    def transition(self, number: int) -> Transition:
        id = f"t{number}"
        ending = [s for s, _ in self.all if any(c.kind == "final" for c in s.children)]
        parallels = [s for s, _ in self.all if s.kind == "parallel" and s.id != ROOT]
        if self.ends and parallels and self.often(3):
            listener = self.choose(*parallels)
            trigger = Trigger("done", (done_event(listener.id),))
            return Transition(id, ROOT, trigger, actions=self.blocks("do", id))
        if self.ends and ending and self.often(6):
            source = self.choose(*ending)
            final = next(child for child in source.children if child.kind == "final")
            trigger = Trigger("event", (self.choose(*EVENTS),))
            return Transition(id, source.id, trigger, (final.id,), internal=self.often(7))
        able = [s for s, _ in self.all if s.kind not in ("history", "final")]
        source = self.choose(*able)
        trigger, guards = self.trigger(id), self.guards()
        if trigger.kind in ("always", "done") and not self.endless:
            guards = (Guard("n below 3"), *guards)
        targets: tuple[str, ...] = ()
        if not self.often(2):
            around = source if source.children and self.often(4) else self.all[0][0]
            targets = self.within(around)
            if source.histories and self.often(5):
                targets = (self.choose(*source.histories).id,)
        return Transition(
            id=id,
            source=source.id,
            trigger=trigger,
            targets=targets,
            guards=guards,
            actions=self.blocks("do", id),
            internal=self.often(4),
        )

    def trigger(self, id: str) -> Trigger:
        kind = self.choose(
            *["event"] * 6, "always", "after", "after", "done", "done", "any", "outcome"
        )
        if kind == "any" and self.policy.matching != "token":
            return Trigger("any")
        if kind == "always":
            return Trigger("always")
        if kind == "after":
            return Trigger("after", (timer_event(id),), self.delay())
        if kind == "done":
            able = [s.id for s, p in self.all if p and s.kind in ("compound", "parallel")]
            return Trigger("done", (done_event(self.choose("nowhere", *able)),))
        if kind == "outcome":
            invoke = self.choose("detached", *self.invokes)
            if self.often(5):
                return Trigger("failure", (failure_event(invoke),))
            return Trigger("result", (result_event(invoke),))
        if self.policy.matching != "exact":
            return Trigger(
                "event", tuple(self.choose(*TOKENS) for _ in range(self.choose(1, 1, 2)))
            )
        names = (*EVENTS, "error.execution") if self.policy.errors == "event" else EVENTS
        return Trigger(
            "event", tuple({self.choose(*names): None for _ in range(self.choose(1, 1, 2))})
        )


def drawing(chart: Chart) -> str:
    """The chart for a person to read, one line a state or transition."""
    depth = {ROOT: 0}
    lines = [f"{chart.policy.matching} events, errors {chart.policy.errors}"]
    for state in chart.states:
        depth[state.id] = 0 if state.parent is None else depth[state.parent] + 1
        lines.append("  " * depth[state.id] + f"{state.kind} {state.id!r} {_told(state)}")
    lines += [f"{t.id}: {t.source!r} -> {t.targets} {_told(t)}" for t in chart.transitions]
    return "\n".join(lines)


def _told(struct: msgspec.Struct) -> str:
    """The fields that are not at their defaults, save those that the drawing shows anyway."""
    shown = {"id", "kind", "parent", "source", "targets"}
    plain = msgspec.to_builtins(struct)
    return str({name: value for name, value in plain.items() if name not in shown})
