"""A search that is as plain as can be, to compare the real one with.

It steps the reference interpreter, lets time pass tick by tick instead of reasoning about it, and
looks at every tick. Delays have to be whole seconds: then whole ticks see all that any moments
could show, as no bound here is strict (T. Henzinger, Z. Manna, A. Pnueli, "What good are digital
clocks?", 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from statehold.chart.event import Failure, Result, TimerFired, Undeliverable
from statehold.chart.machine import Definition
from statehold.errors import StepFailed
from statehold.interpreter.command import CancelSend, Send, SetTimer
from tests.conformance.named_functions import EPOCH, Data
from tests.conformance.reference import Outcome, Reference
from tests.conformance.reference_content import Rest

SECOND = timedelta(seconds=1)
#: messages that are on their way to itself at once: a machine that sends more than it receives
#: never ends to be another state, and each is dearer than the one before
MAIL_LIMIT = 20


class TooMany(Exception):
    """More states than the comparison is worth."""


@dataclass(frozen=True)
class State:
    """``mail`` are messages to itself: id, what is left, the event."""

    rest: Rest
    mail: tuple[tuple[str, timedelta, Any], ...] = ()
    waiting: frozenset[str] = frozenset()

    @property
    def key(self) -> Hashable:
        rest = self.rest
        return (
            rest.active,
            rest.data.n,
            tuple(sorted(rest.history.items())),
            tuple(sorted((timer.id, timer.due) for timer in rest.timers)),
            tuple((one.invoke, one.key in self.waiting) for one in rest.effects),
            tuple((left, repr(event)) for _, left, event in self.mail),
            rest.done,
        )

    @property
    def obligations(self) -> frozenset[str]:
        effects = {one.invoke for one in self.rest.effects if one.key not in self.waiting}
        timers = {timer.id for timer in self.rest.timers}
        return frozenset(timers | effects | {id for id, _, _ in self.mail})


@dataclass
class Step:
    """``own`` is None for a tick. ``settled``: kinds of obligations that are over with it."""

    to: int
    own: bool | None
    settled: frozenset[str]


@dataclass
class BruteForce:
    """All states; ``distance`` counts steps, not ticks."""

    definition: Definition[Data]
    events: Sequence[tuple[Any, tuple[str, ...] | None]]
    most: int
    states: list[State] = field(default_factory=list)
    steps: list[list[Step]] = field(default_factory=list)
    distance: list[int] = field(default_factory=list)
    stuck: list[set[str]] = field(default_factory=list)

    def run(self) -> BruteForce:
        self.reference = Reference(self.definition, 50)
        self.numbers: dict[Hashable, int] = {}
        self.levels: list[list[int]] = [[]]
        first = self.reference.start(Data(), EPOCH, instance="i-1")
        self.add(self.after(State(first.rest), first), 0)
        level = 0
        while level < len(self.levels):
            # ticks cost nothing, so they lengthen the very level that is being gone through
            for number in self.levels[level]:
                if self.distance[number] == level and not self.steps[number]:
                    self.visit(number)
            level += 1
        return self

    def add(self, state: State, distance: int) -> int:
        number = self.numbers.get(state.key)
        if number is None:
            if len(self.states) >= self.most:
                raise TooMany
            number = self.numbers[state.key] = len(self.states)
            self.states.append(state)
            self.steps.append([])
            self.stuck.append(set())
            self.distance.append(distance)
        elif distance >= self.distance[number]:
            return number
        self.distance[number] = distance
        while len(self.levels) <= distance:
            self.levels.append([])
        self.levels[distance].append(number)
        return number

    def visit(self, number: int) -> None:
        state = self.states[number]
        rest = state.rest
        if rest.done:
            return
        urgent = [one for one in state.mail if one[1] == timedelta(0)]
        if urgent:
            self.deliver(number, urgent[0])
            return
        due = [timer for timer in rest.timers if timer.due == EPOCH]
        for timer in due:
            self.take(number, TimerFired(timer.id), own=timer.id)
        if not due and (rest.timers or state.mail):
            self.tick(number)
        seen: set[str] = set()
        for one in rest.effects:
            if one.name in seen:
                continue
            seen.add(one.name)
            own = None if one.key in state.waiting else one.invoke
            self.take(number, Result(one.invoke, one.key, None), own=own)
            if own is not None:
                self.fail(number, one)
        for event, roles in self.events:
            self.take(number, event, roles=roles)

    def tick(self, number: int) -> None:
        state = self.states[number]
        timers = tuple(
            msgspec.structs.replace(timer, due=timer.due - SECOND) for timer in state.rest.timers
        )
        mail = tuple((id, left - SECOND, event) for id, left, event in state.mail)
        later = State(replace(state.rest, timers=timers), mail, state.waiting)
        self.steps[number].append(Step(self.add(later, self.distance[number]), None, frozenset()))

    def deliver(self, number: int, letter: tuple[str, timedelta, Any]) -> None:
        state = self.states[number]
        mail = tuple(one for one in state.mail if one is not letter)
        before = replace(state, mail=mail)
        try:
            taken = self.reference.step(before.rest, letter[2], EPOCH)
            if not taken.accepted:
                back = Undeliverable(
                    self.definition.name, "i-1", letter[2].__event__, "it is not allowed now"
                )
                taken = self.reference.step(before.rest, back, EPOCH)
        except StepFailed:
            self.stuck[number].add(letter[0])
            return
        self.reach(number, self.after(before, taken), True, taken)

    def take(self, number: int, event: Any, *, roles: Any = None, own: str | None = None) -> None:
        state = self.states[number]
        try:
            taken = self.reference.step(state.rest, event, EPOCH, roles=roles)
        except StepFailed:
            if own is not None:
                self.stuck[number].add(own)
            return
        if taken.rest is not state.rest:
            self.reach(number, self.after(state, taken), own is not None, taken)

    def fail(self, number: int, one: Any) -> None:
        state = self.states[number]
        failure = Failure(one.invoke, one.key, "Failed", "failed in the script")
        try:
            taken = self.reference.step(state.rest, failure, EPOCH)
        except StepFailed:
            self.stuck[number].add(one.invoke)
            return
        if taken.accepted or one.kind == "machine":
            self.reach(number, self.after(state, taken), True, taken)
        else:
            self.reach(number, replace(state, waiting=state.waiting | {one.key}), True)

    def reach(self, number: int, state: State, own: bool, taken: Outcome | None = None) -> None:
        before = self.states[number]
        left = {one.key for one in state.rest.effects}
        settled = before.obligations - state.obligations
        settled |= {one.invoke for one in before.rest.effects if one.key not in left}
        for command in taken.commands if taken else ():
            # a timer that was set anew is another one
            if isinstance(command, SetTimer) and command.timer in before.obligations:
                settled |= {command.timer}
        to = self.add(state, self.distance[number] + 1)
        self.steps[number].append(Step(to, own, settled))

    def after(self, before: State, taken: Outcome) -> State:
        rest = replace(taken.rest, deadlines=(), data=Data(n=taken.rest.data.n))
        mail = list(before.mail)
        for command in taken.commands:
            if isinstance(command, Send) and command.machine is None:
                mail.append((command.id, command.delay or timedelta(0), command.event))
            elif isinstance(command, CancelSend):
                mail = [one for one in mail if one[0] != command.id]
        if len(mail) > MAIL_LIMIT:
            raise TooMany
        left = frozenset(one.key for one in rest.effects)
        return State(rest, () if rest.done else tuple(mail), before.waiting & left)

    # --- properties ---

    def escapes(self, p: Callable[[State], bool], q: Callable[[State], bool]) -> bool:
        """Whether from some state with ``p`` a fair way avoids ``q`` (E. Emerson, C.-L. Lei)."""
        inside = {n for n, state in enumerate(self.states) if not q(state)}
        rests = {n for n in inside if self.rests(n)}
        obliged = {n: self.states[n].obligations - self.stuck[n] for n in inside}
        every = frozenset[str]().union(*obliged.values()) if obliged else frozenset()
        while True:
            staying = rests | self.backwards(rests, inside)
            fair = set(inside)
            for name in every:
                settling = {
                    n
                    for n in inside
                    for step in self.steps[n]
                    if step.to in inside and (name in step.settled or name not in obliged[n])
                }
                fair &= settling | self.backwards(settling, inside)
            moving = {n for n in inside if any(s.to in inside for s in self.steps[n])}
            kept = inside & (staying | (fair & moving))
            if kept == inside:
                return any(p(self.states[n]) for n in inside)
            inside = kept
            rests &= inside

    def rests(self, number: int) -> bool:
        steps = self.steps[number]
        return not any(step.own or step.own is None for step in steps)

    def backwards(self, goal: set[int], inside: set[int]) -> set[int]:
        """Those inside from which the goal can be reached without leaving."""
        before: dict[int, list[int]] = {}
        for number in inside:
            for step in self.steps[number]:
                before.setdefault(step.to, []).append(number)
        found = set(goal)
        pending = list(goal)
        while pending:
            for number in before.get(pending.pop(), ()):
                if number not in found:
                    found.add(number)
                    pending.append(number)
        return found
