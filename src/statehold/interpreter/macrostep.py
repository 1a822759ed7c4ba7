"""One step under way, the long way: whatever a step may have to do (SCXML Appendix D).

The queue of internal events, timers, effects, completions, the end of the instance. It is made
for one step, changed while that lasts, and comes to a :class:`.Step`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET

from statehold.chart.deferred import settled, truth
from statehold.chart.event import (
    AnEvent,
    Done,
    ErrorEvent,
    Event,
    ExecutionError,
    Failure,
    NamedEvent,
    Result,
    TimerFired,
)
from statehold.chart.model import Block, Delay, Invoke
from statehold.chart.moment import in_utc, later
from statehold.errors import ActionFailed, EndlessLoop, GuardFailed, TooLarge, name_of, text_of
from statehold.expression.allowance import is_used_up
from statehold.interpreter.command import (
    ID_LIMIT,
    SEND_ID_LIMIT,
    CancelEffect,
    CancelTimer,
    Command,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
    child_instance,
)
from statehold.interpreter.configuration import Ask, Node
from statehold.interpreter.context import StepContext
from statehold.interpreter.plan import Arrival, Completion, Do, Operation, Plan
from statehold.interpreter.program import Program
from statehold.interpreter.snapshot import Deadline, InFlight, Microstep, Snapshot, Step, Timer
from statehold.plain.text import name_fault

#: microsteps in one step; a chart that needs more is going round in circles
MICROSTEP_LIMIT = 1000
#: events that the functions of one step raise, send and show, and sends that they cancel
ASKED_LIMIT = 10_000
#: how many states an error about an endless loop names
LOOP_STATES_TOLD = 20


class Macrostep:
    """One step under way: the parts of the next snapshot, and the queue of internal events."""

    def __init__(
        self, program: Program[Any], before: Snapshot[Any], event: AnEvent | None, now: datetime
    ) -> None:
        self.program = program
        self.before = before
        self.event = event
        self.now = now
        self.seq = before.seq + 1
        self.configuration = before.configuration
        self.data = before.data
        self.history = before.history
        self.timers = before.timers
        self.effects = before.effects
        self.deadlines = before.deadlines
        self.output: Any = None
        self.ended = before.done
        self.commands: list[Command] = []
        self.trace: list[Microstep] = []
        self.queue: deque[AnEvent] = deque()
        self.to_invoke: dict[str, None] = {}
        self.context = StepContext(self)
        self.copied = False
        #: a transition was taken, or the event was of use without one
        self.accepted = False
        #: the step counts, accepted or not
        self.moved = False
        self.microsteps = 0
        #: the last round took immediate transitions and changed nothing, so the next would be alike
        self.idle = False
        #: guards that raised since the last transition
        self.broken: set[str] = set()
        #: keys that were given out
        self.asked = 0
        #: the invoke whose arguments are evaluated
        self.starting: str | None = None
        self.sent = 0
        #: events that functions asked for
        self.events = 0

    # --- before selection ---

    def take_out(self, event: AnEvent) -> bool:
        """Removes the timer or effect that is over with this event; False if it was over before."""
        if isinstance(event, TimerFired):
            left = tuple(timer for timer in self.timers if timer.id != event.timer)
            if len(left) == len(self.timers):
                return False
            self.timers = left
            self.moved = True
        elif isinstance(event, Result | Failure):
            running = tuple(effect for effect in self.effects if effect.key != event.key)
            if len(running) == len(self.effects):
                return False
            self.effects = running
        return True

    def prepare(self, event: AnEvent) -> None:
        """``finalize`` and ``autoforward`` of running invokes (SCXML 6.4, 6.5)."""
        program = self.program
        if program.is_plain:
            return
        origin = event.invoke if isinstance(event, Result | Failure | NamedEvent) else ""
        invoke = program.invoke_by_id.get(origin)
        if isinstance(event, NamedEvent) and self.child(origin) is None:
            # what comes from a child that is over concerns nobody's invoke
            invoke = None
        if invoke is not None and invoke.finalize:
            self.accepted = self.moved = True
            self.run(program.block(invoke.finalize, self.configuration.active), event)
        if program.forwarding and isinstance(event, Event | NamedEvent | Result):
            for invoke in program.forwarding:
                self.forward(invoke, event)

    def forward(self, invoke: Invoke, event: Event | NamedEvent | Result[Any]) -> None:
        """A copy for the child; whose invoke it came from means nothing there."""
        child = self.child(invoke.id)
        if child is None:
            return
        self.accepted = self.moved = True
        if isinstance(event, Result):
            event = NamedEvent(event.__event__, event.value)
        elif isinstance(event, NamedEvent):
            event = NamedEvent(event.name, event.data, event.origin, "", event.sendid)
        self.send(*child, event, None, None)

    def child(self, invoke: str) -> tuple[str, str] | None:
        """Machine and id of the instance that the invoke runs now."""
        for running in self.effects:
            if running.invoke == invoke and running.kind == "machine":
                return running.name, child_instance(self.before.instance, running.key)
        return None

    def invoked(self, invoke: str) -> str | None:
        """The key of what the invoke runs, or is about to start."""
        if invoke == self.starting:
            return f"{self.seq}.{self.asked + 1}"
        return next((one.key for one in self.effects if one.invoke == invoke), None)

    # --- rounds ---

    def decide(
        self, node: Node, event: AnEvent | None, roles: Collection[str] | None = None
    ) -> Node:
        """Asks what the decision tree wants to know; gives the leaf."""
        while ask := node.ask:
            if ask == Ask.HISTORY:
                node = node.variant(self.history)
                continue
            if ask == Ask.ROLE:
                answer = roles is None or not node.call.isdisjoint(roles)
            else:
                answer = self.answer(node, event)
            node = (node.yes if answer else node.no) or node.branch(answer)
        return node

    def answer(self, node: Node, event: AnEvent | None) -> bool:
        try:
            if node.ask == Ask.DATA:
                return truth(node.call(self.data))
            if node.ask == Ask.DATA_EVENT:
                return truth(node.call(self.data, event))
            self.context.states = self.configuration.states
            return truth(node.call(self.data, event, self.context))
        except Exception as error:
            if not self.program.errors_are_events:
                raise GuardFailed(node.what, error) from error
            # told once until a transition is taken: an immediate transition's guard is asked
            # again after each internal event, so its own error would keep the step going for ever
            if node.what not in self.broken:
                self.broken.add(node.what)
                self.fail(node.what, error)
            return False

    def settle(self) -> None:
        """Comes to rest, and asks for what the states entered on the way invoke."""
        self.stabilize()
        while self.to_invoke and not self.ended:
            order = self.program.tree.index
            states, self.to_invoke = sorted(self.to_invoke, key=order.__getitem__), {}
            self.context.states = self.configuration.states
            for state in states:
                for invoke in self.program.invokes[state]:
                    self.invoke(state, invoke)
            # an input that raised may have queued its error
            self.stabilize()

    def stabilize(self) -> None:
        """Takes immediate transitions and internal events until there are none."""
        while not self.ended:
            configuration = self.configuration
            if not configuration.rests and not self.idle:
                node = self.decide(configuration.eventless, self.event)
                if node.plan is not None:
                    self.trace.extend(node.trace)
                    self.take_immediate(node.plan)
                    continue
            if not self.queue:
                break
            self.idle = False
            self.event = self.queue.popleft()
            node = self.decide(configuration.row(self.event.__event__), self.event)
            if node.plan is not None:
                self.trace.extend(node.trace)
                self.take(node.plan, self.event)

    def take_immediate(self, plan: Plan) -> None:
        """One microstep of immediate transitions; notes whether it changed nothing."""
        settles = (
            self.program.settles
            and plan.target is self.configuration
            and plan.history.items() <= self.history.items()
        )
        before = self.data
        if settles and plan.operations:
            # the actions work on what they are given, so it can't be compared with itself
            self.data, self.copied = self.program.copy(before), True
        self.take(plan, self.event)
        self.idle = settles and self.data == before

    def take(self, plan: Plan, event: AnEvent | None) -> None:
        """One microstep."""
        self.microsteps += 1
        if self.microsteps > MICROSTEP_LIMIT:
            raise EndlessLoop(self.program.definition.name, self.states_of_late(), MICROSTEP_LIMIT)
        self.accepted = self.moved = True
        self.broken.clear()
        if plan.history:
            self.history = {**self.history, **plan.history}
        for state in plan.left:
            self.to_invoke.pop(state, None)
        self.run(plan.operations, event)
        self.configuration = plan.target
        self.to_invoke.update(dict.fromkeys(plan.entered))
        if plan.ends is not None:
            self.end(plan.ends, event)

    def states_of_late(self) -> tuple[str, ...]:
        late = self.trace[-LOOP_STATES_TOLD:]
        entered = dict.fromkeys(state for microstep in late for state in microstep.entered)
        return tuple(entered) or self.configuration.leaves

    def end(self, final: str, event: AnEvent | None) -> None:
        """A top-level final state was entered: everything that is active is exited."""
        tree = self.program.tree
        node = tree.states[tree.index[final]]
        self.ended = True
        self.queue.clear()
        self.to_invoke.clear()
        if node.output is not None:
            self.context.states = self.configuration.states
            self.output = self.value(node.output, event)
        self.run(self.program.ending(self.configuration), event)

    # --- operations ---

    def run(self, operations: tuple[Operation, ...], event: AnEvent | None) -> None:
        for operation in operations:
            code, subject, name, active = operation
            if code <= Do.RUN_DATA_EVENT_CONTEXT:
                self.act(code, subject, name, active, event)
            elif code == Do.LEAVE:
                self.leave(subject)
            elif code == Do.ENTER:
                self.context.states = active
                self.arrive(subject, event)
            elif code == Do.ASK_EFFECT:
                self.ask_effect(subject, subject, None)
            elif code == Do.DONE:
                self.context.states = active
                self.complete(subject, event)
            else:
                self.block(subject, event)

    def act(
        self,
        takes: int,
        call: Any,
        name: str,
        active: frozenset[str],
        event: AnEvent | None,
    ) -> None:
        if not self.copied:
            self.data = self.program.copy(self.data)
            self.copied = True
        try:
            if takes == Do.RUN_DATA:
                changed = call(self.data)
            elif takes == Do.RUN_DATA_EVENT:
                changed = call(self.data, event)
            else:
                self.context.states = active
                changed = call(self.data, event, self.context)
            if changed is not None and type(changed) is not type(self.data):
                settled(changed)
        except Exception as error:
            raise ActionFailed(name, error) from error
        if changed is not None:
            self.data = changed

    def block(self, operations: tuple[Operation, ...], event: AnEvent | None) -> None:
        """An error ends the block and becomes an event (SCXML 4.9, 3.12.2)."""
        try:
            self.run(operations, event)
        except ActionFailed as failed:
            self.fail(failed.action, failed.cause)

    def fail(self, where: str, error: BaseException) -> None:
        """An error becomes an event; one that comes of doing too much drops the whole step."""
        if self.events > ASKED_LIMIT or is_used_up():
            raise ActionFailed(where, error.__cause__ or error) from error
        self.queue.append(
            error.event
            if isinstance(error, ErrorEvent)
            else ExecutionError(where, name_of(error), text_of(error))
        )

    def value(self, function: str, event: AnEvent | None) -> Any:
        """What a delay or an output comes to; None where an error became an event."""
        try:
            return self.evaluate(function, event)
        except ActionFailed as failed:
            if not self.program.errors_are_events:
                raise
            self.fail(function, failed.cause)
            return None

    def evaluate(self, function: str, event: AnEvent | None) -> Any:
        known = self.program.functions[function]
        arguments = (self.data, event, self.context)[: known.takes]
        try:
            return settled(known.call(*arguments))
        except Exception as error:
            raise ActionFailed(function, error) from error

    def leave(self, state: str) -> None:
        for timer in self.timers:
            if timer.state == state:
                self.commands.append(CancelTimer(timer.id))
        self.timers = tuple(timer for timer in self.timers if timer.state != state)
        for effect in self.effects:
            if effect.state == state:
                self.commands.append(CancelEffect(effect.key, effect.invoke))
        self.effects = tuple(effect for effect in self.effects if effect.state != state)
        self.deadlines = tuple(one for one in self.deadlines if one.state != state)

    def arrive(self, arrival: Arrival, event: AnEvent | None) -> None:
        for timer, delay in arrival.timers:
            due = self.due(delay, timer, event)
            if due is not None:
                self.timers = (*self.timers, Timer(timer, arrival.state, due))
                self.commands.append(SetTimer(timer, due))
        if arrival.deadline is not None:
            due = self.due(arrival.deadline, arrival.state, event)
            if due is not None:
                self.deadlines = (*self.deadlines, Deadline(arrival.state, due))

    def due(self, delay: Delay, what: str, event: AnEvent | None) -> datetime | None:
        try:
            if delay.function is None:
                return _moment(timedelta(seconds=delay.seconds or 0), self.now)
            return _moment(self.evaluate(delay.function, event), self.now)
        except ActionFailed as failed:
            where, error = failed.action, failed.cause
        except (TypeError, ValueError, OverflowError) as raised:
            where, error = delay.function or what, raised
        if not self.program.errors_are_events:
            raise ActionFailed(where, error) from error
        self.fail(where, error)
        return None

    def complete(self, completion: Completion, event: AnEvent | None) -> None:
        done = completion.event
        if completion.output is not None:
            done = Done(done.state, self.value(completion.output, event))
        self.queue.append(done)

    # --- what is asked of the outside ---

    def ask_effect(self, invoke: str, effect: str, state: str | None) -> None:
        key = self.key()
        self.commands.append(StartEffect(key, invoke, effect, state))
        self.effects = (
            *self.effects,
            InFlight(key, invoke, effect, "effect", state, self.now),
        )

    def invoke(self, state: str, invoke: Invoke) -> None:
        if invoke.kind == "effect":
            self.ask_effect(invoke.id, invoke.name, state)
            return
        self.starting = invoke.id
        try:
            name = self.chosen(invoke)
            input = UNSET if invoke.input is None else self.evaluate(invoke.input, self.event)
            self.run_plain(invoke.before)
        except ActionFailed as failed:
            # nothing is started then (SCXML 6.4.1)
            if not self.program.errors_are_events:
                raise
            self.fail(failed.action, failed.cause)
            return
        finally:
            self.starting = None
        key = self.key()
        self.commands.append(StartChild(key, invoke.id, name, state, input))
        self.effects = (
            *self.effects,
            InFlight(key, invoke.id, name, "machine", state, self.now),
        )

    def chosen(self, invoke: Invoke) -> str:
        """The machine that the invoke starts."""
        if invoke.choice is None:
            return invoke.name
        name = self.evaluate(invoke.choice, self.event)
        known = self.program.definition.children
        if name not in known:
            shown = f"chose {name!r}; it can start {', '.join(sorted(known)) or 'none'}"
            raise ActionFailed(invoke.choice, LookupError(shown))
        return str(name)

    def run_plain(self, block: Block) -> None:
        """Runs a block whose error is its caller's."""
        active = self.configuration.active
        self.run(tuple(self.program.operation(one, active) for one in block), self.event)

    def ask(self) -> None:
        """One more event. Raises ``TooLarge``, as an error of the function that asks."""
        self.events += 1
        if self.events > ASKED_LIMIT:
            raise TooLarge("what the step asks for", self.events, ASKED_LIMIT, "events")

    def key(self) -> str:
        self.asked += 1
        return f"{self.seq}.{self.asked}"

    def send(
        self,
        machine: str | None,
        instance: str | None,
        event: AnEvent,
        delay: timedelta | None,
        id: str | None,
        *,
        parent: bool = False,
    ) -> str:
        for what, name, most in (
            ("machine", machine, ID_LIMIT),
            ("instance", instance, ID_LIMIT),
            ("id", id, SEND_ID_LIMIT),
        ):
            # a store could not keep the message, nor anything else of its turn
            fault = None if name is None else name_fault(name, most)
            if fault is not None:
                raise ValueError(f"the {what} of what is sent: {fault}")
        if delay is not None:
            later(self.now, delay)
        self.sent += 1
        send_id = id or f"{self.seq}.send.{self.sent}"
        self.commands.append(Send(machine, instance, event, delay, send_id, parent))
        return send_id

    # --- the end of the step ---

    def finish(self) -> Step[Any]:
        before = self.before
        if not self.moved and self.effects is before.effects:
            return Step(before, (), tuple(self.trace), False)
        after = Snapshot(
            self.configuration,
            self.data,
            self.seq if self.moved else before.seq,
            before.instance,
            self.history,
            self.timers,
            self.pinned() if self.copied else self.effects,
            self.deadlines,
            self.ended,
            self.output if self.ended and not before.done else before.output,
        )
        return Step(after, tuple(self.commands), tuple(self.trace), self.accepted)

    def pinned(self) -> tuple[InFlight, ...]:
        """Effects asked for before keep the data that they were asked with."""
        if not self.effects:
            return ()
        known = {effect.key for effect in self.before.effects}
        return tuple(
            InFlight(
                effect.key,
                effect.invoke,
                effect.name,
                effect.kind,
                effect.state,
                effect.asked_at,
                self.before.data,
            )
            if effect.data is None and effect.key in known
            else effect
            for effect in self.effects
        )


def _moment(after: Any, now: datetime) -> datetime:
    """The moment that a delay comes to; a duration below zero counts as none."""
    if isinstance(after, timedelta):
        return later(now, after)
    if isinstance(after, datetime):
        return in_utc(after)
    raise TypeError(f"a delay gave {after!r}; it has to be a timedelta or an aware datetime")
