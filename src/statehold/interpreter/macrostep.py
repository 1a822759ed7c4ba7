"""One step, in general: the complete algorithm of SCXML's Appendix D.

It handles the queue of internal events, timers, effects, completions and the end of the instance. A
:class:`Macrostep` is made for one step, changed while that lasts, and gives a :class:`.Step`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET

from statehold.chart.asking import kept_event
from statehold.chart.deferred import settled, truth
from statehold.chart.event import (
    CANCEL_EVENT,
    AnEvent,
    Cancellation,
    Done,
    ErrorEvent,
    Event,
    ExecutionError,
    Failure,
    NamedEvent,
    Result,
    TimerFired,
)
from statehold.chart.model import Action, Delay, Invoke
from statehold.chart.moment import later, later_or_last, moment_after
from statehold.errors import ActionFailed, EndlessLoop, GuardFailed, name_of, text_of
from statehold.expression.allowance import is_used_up
from statehold.interpreter.command import CancelEffect, CancelTimer, SetTimer
from statehold.interpreter.configuration import Ask, Configuration, DecisionNode
from statehold.interpreter.context import StepContext
from statehold.interpreter.outbox import Outbox
from statehold.interpreter.plan import (
    TIMER_AFTER_TIMER,
    Arrival,
    Completion,
    Do,
    Operation,
    Plan,
    action_operations,
    block_operations,
    ending,
)
from statehold.interpreter.snapshot import (
    Deadline,
    InFlight,
    Snapshot,
    Step,
    Timer,
    with_cancellation,
)
from statehold.interpreter.tables import Tables
from statehold.interpreter.trace import Microstep

#: microsteps in one step; a chart that needs more than these has a cycle
MICROSTEP_LIMIT = 1000
#: how many states an error about an endless loop names
LOOP_STATES_SHOWN = 20

_OUTCOMES = (Result, Failure)
# plain numbers: each use of an enum's member is a look-up in its metaclass
_RUN_DATA_EVENT_CONTEXT = int(Do.RUN_DATA_EVENT_CONTEXT)
_LEAVE, _ENTER, _ASK_EFFECT, _DONE = map(int, (Do.LEAVE, Do.ENTER, Do.ASK_EFFECT, Do.DONE))
_DATA, _DATA_EVENT, _ROLE, _HISTORY = map(int, (Ask.DATA, Ask.DATA_EVENT, Ask.ROLE, Ask.HISTORY))


class Macrostep:
    """The parts of the next snapshot while a step is taken."""

    def __init__(
        self, tables: Tables[Any], before: Snapshot[Any], event: AnEvent | None, now: datetime
    ) -> None:
        self.tables = tables
        self.before = before
        self.event = event
        self.now = now
        self.configuration: Configuration = before.configuration
        self.data = before.data
        self.history = before.history
        self.timers = before.timers
        self.deadlines = before.deadlines
        self.output: Any = None
        self.ended = before.done
        self.trace: list[Microstep] = []
        #: commands, effects in flight and the internal queue
        self.outbox = Outbox(before, now)
        self.context = StepContext(self.outbox)
        #: states whose invokes are to start, each with the event that it was entered by
        self.to_invoke: dict[str, AnEvent | None] = {}
        #: the event by which the present microstep asks for effects
        self.asked_by: AnEvent | None = None
        self.copied = False
        #: a transition was taken, or an invoke used the event
        self.accepted = False
        #: the step counts, accepted or not
        self.moved = False
        self.microsteps = 0
        #: the last round took immediate transitions that changed nothing: the next would be alike
        self.idle = False
        #: guards that raised since the last transition
        self.broken: set[str] = set()

    # --- before selection ---

    def take_out(self, event: AnEvent) -> bool:
        """Removes the timer or effect that ends with this event; False if it ended before."""
        if isinstance(event, TimerFired):
            left = tuple(timer for timer in self.timers if timer.id != event.timer)
            if len(left) == len(self.timers):
                return False
            self.timers = left
            self.moved = True
        elif isinstance(event, _OUTCOMES):
            effects = self.outbox.effects
            running = tuple(effect for effect in effects if effect.key != event.key)
            if len(running) == len(effects):
                return False
            self.outbox.effects = running
        return True

    def prepare(self, event: AnEvent) -> None:
        """``finalize`` and ``autoforward`` of running invokes (SCXML 6.4, 6.5)."""
        tables = self.tables
        if tables.is_plain:
            return
        origin = event.invoke if isinstance(event, Result | Failure | NamedEvent) else ""
        invoke = tables.invoke_by_id.get(origin)
        if isinstance(event, NamedEvent) and self.outbox.child(origin) is None:
            # the child that sent it has ended, so its invoke is not running any more
            invoke = None
        if invoke is not None and invoke.finalize:
            self.accepted = self.moved = True
            self.run(block_operations(tables, invoke.finalize, self.configuration.active), event)
        if tables.forwarding and isinstance(event, Event | NamedEvent | Result):
            for invoke in tables.forwarding:
                self.forward(invoke, event)

    def forward(self, invoke: Invoke, event: Event | NamedEvent | Result[Any]) -> None:
        """Sends a copy to the child, without the invoke that the event came from."""
        child = self.outbox.child(invoke.id)
        if child is None:
            return
        self.accepted = self.moved = True
        if isinstance(event, Result):
            event = NamedEvent(event.__event__, event.value)
        elif isinstance(event, NamedEvent):
            event = NamedEvent(event.name, event.data, event.origin, "", event.sendid)
        self.outbox.forward(*child, event)

    # --- rounds ---

    def decide(
        self, node: DecisionNode, event: AnEvent | None, roles: Collection[str] | None = None
    ) -> DecisionNode:
        """The leaf of the decision tree that the guards' answers lead to."""
        while ask := node.ask:
            if ask == _HISTORY:
                node = node.variant(self.history)
                continue
            if ask == _ROLE:
                answer = roles is None or not node.call.isdisjoint(roles)
            else:
                answer = self.answer(node, event)
            node = (node.yes if answer else node.no) or node.branch(answer)
        return node

    def answer(self, node: DecisionNode, event: AnEvent | None) -> bool:
        try:
            if node.ask == _DATA:
                return truth(node.call(self.data))
            if node.ask == _DATA_EVENT:
                return truth(node.call(self.data, event))
            self.context.states = self.configuration.states
            return truth(node.call(self.data, event, self.context))
        except Exception as error:
            if not self.tables.errors_are_events:
                raise GuardFailed(node.what, error) from error
            # queued once until a transition is taken: an immediate transition's guard is asked
            # again after each internal event, so its own error would keep the step going for ever
            if node.what not in self.broken:
                self.broken.add(node.what)
                self.fail(node.what, error)
            return False

    def settle(self) -> None:
        """Runs until nothing is enabled, then starts what the states entered on the way invoke."""
        self.stabilize()
        while self.to_invoke and not self.ended:
            order = self.tables.tree.index
            entered, self.to_invoke = self.to_invoke, {}
            self.context.states = self.configuration.states
            for state in sorted(entered, key=order.__getitem__):
                self.asked_by = entered[state]
                for invoke in self.tables.invokes[state]:
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
                    self.take_immediate(node, node.plan)
                    continue
            if not self.outbox.queue:
                break
            self.idle = False
            self.event = self.outbox.queue.popleft()
            node = self.decide(configuration.row(self.event.__event__), self.event)
            self.take(node, self.event, self.event)

    def take_immediate(self, leaf: DecisionNode, plan: Plan) -> None:
        """One microstep of immediate transitions; notes whether it changed nothing."""
        settles = (
            self.tables.settles
            and leaf.target is self.configuration
            and plan.history.items() <= self.history.items()
        )
        before = self.data
        if settles and plan.operations:
            # the actions change the object that they are given: compare it with the one before
            self.data, self.copied = self.tables.copy(before), True
        self.take(leaf, self.event, None)
        self.idle = settles and self.data == before

    def take(self, leaf: DecisionNode, event: AnEvent | None, asked_by: AnEvent | None) -> None:
        """One microstep; none where the leaf has no plan. ``asked_by`` is the event that effects
        get which it asks for."""
        plan, target = leaf.plan, leaf.target
        if plan is None or target is None:
            return
        self.trace.extend(leaf.trace)
        self.microsteps += 1
        if self.microsteps > MICROSTEP_LIMIT:
            name = self.tables.definition.name
            raise EndlessLoop(name, self.recently_entered(), MICROSTEP_LIMIT)
        self.accepted = self.moved = True
        self.asked_by = asked_by
        self.broken.clear()
        if plan.history:
            self.history = {**self.history, **plan.history}
        for state in plan.left:
            self.to_invoke.pop(state, None)
        self.run(plan.operations, event)
        self.configuration = target
        if plan.entered:
            self.to_invoke.update(dict.fromkeys(plan.entered, asked_by))
        if plan.ends is not None:
            self.end(plan.ends, event)

    def recently_entered(self) -> tuple[str, ...]:
        recent = self.trace[-LOOP_STATES_SHOWN:]
        entered = dict.fromkeys(state for microstep in recent for state in microstep.entered)
        return tuple(entered) or self.configuration.leaves

    def cancel(self, cancellation: Cancellation) -> None:
        """Takes the cancellation, or exits everything that is active (``exitInterpreter``)."""
        self.history = with_cancellation(self.history, cancellation)
        if self.tables.takes_cancellation:
            node = self.decide(self.configuration.row(CANCEL_EVENT), cancellation)
            if node.plan is not None:
                self.take(node, cancellation, cancellation)
                self.settle()
                return
            self.trace.extend(node.trace)
        self.accepted = self.moved = self.ended = True
        with_actions = self.tables.policy.cancelling_exits
        self.run(
            ending(self.tables, self.configuration.active, with_actions=with_actions), cancellation
        )

    def end(self, final: str, event: AnEvent | None) -> None:
        """A top-level final state was entered: everything that is active is exited."""
        tree = self.tables.tree
        node = tree.states[tree.index[final]]
        self.ended = True
        self.outbox.queue.clear()
        self.to_invoke.clear()
        if node.output is not None:
            self.context.states = self.configuration.states
            self.output = self.value(node.output, event)
        self.run(ending(self.tables, self.configuration.active), event)

    # --- operations ---

    def run(self, operations: tuple[Operation, ...], event: AnEvent | None) -> None:
        for operation in operations:
            code, subject, name, active = operation
            if code <= _RUN_DATA_EVENT_CONTEXT:
                self.act(code, subject, name, active, event)
            elif code == _LEAVE:
                self.leave(subject)
            elif code == _ENTER:
                self.context.states = active
                self.arrive(subject, event)
            elif code == _ASK_EFFECT:
                self.ask(subject, subject, None)
            elif code == _DONE:
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
            self.data = self.tables.copy(self.data)
            self.copied = True
        try:
            if takes == 1:
                changed = call(self.data)
            elif takes == 2:
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
        """An error becomes an event; one for exceeding a limit drops the whole step."""
        if self.outbox.is_full or is_used_up():
            raise ActionFailed(where, error.__cause__ or error) from error
        self.outbox.queue.append(
            error.event
            if isinstance(error, ErrorEvent)
            else ExecutionError(where, name_of(error), text_of(error))
        )

    def value(self, function: str, event: AnEvent | None) -> Any:
        """The value of an output; None where an error became an event."""
        try:
            return self.evaluate(function, event)
        except ActionFailed as failed:
            if not self.tables.errors_are_events:
                raise
            self.fail(function, failed.cause)
            return None

    def evaluate(self, function: str, event: AnEvent | None) -> Any:
        known = self.tables.functions[function]
        arguments = (self.data, event, self.context)[: known.takes]
        try:
            return settled(known.call(*arguments))
        except Exception as error:
            raise ActionFailed(function, error) from error

    def leave(self, state: str) -> None:
        outbox = self.outbox
        if self.timers:
            for timer in self.timers:
                if timer.state == state:
                    outbox.commands.append(CancelTimer(timer.id))
            self.timers = tuple([timer for timer in self.timers if timer.state != state])
        if outbox.effects:
            for effect in outbox.effects:
                if effect.state == state:
                    outbox.commands.append(CancelEffect(effect.key, effect.invoke))
            outbox.effects = tuple([one for one in outbox.effects if one.state != state])
        if self.deadlines:
            self.deadlines = tuple([one for one in self.deadlines if one.state != state])

    def arrive(self, arrival: Arrival, event: AnEvent | None) -> None:
        for timer, delay in arrival.timers:
            due = self.due(delay, timer, event)
            if due is not None:
                if isinstance(self.event, TimerFired):
                    due = max(due, later_or_last(self.now, TIMER_AFTER_TIMER))
                self.timers = (*self.timers, Timer(timer, arrival.state, due))
                self.outbox.commands.append(SetTimer(timer, due))
        if arrival.deadline is not None:
            due = self.due(arrival.deadline, arrival.state, event)
            if due is not None:
                self.deadlines = (*self.deadlines, Deadline(arrival.state, due))

    def due(self, delay: Delay, what: str, event: AnEvent | None) -> datetime | None:
        try:
            if delay.function is None:
                return later(self.now, timedelta(seconds=delay.seconds or 0))
            return moment_after(self.evaluate(delay.function, event), self.now)
        except ActionFailed as failed:
            where, error = failed.action, failed.cause
        except (TypeError, ValueError, OverflowError) as raised:
            where, error = delay.function or what, raised
        if not self.tables.errors_are_events:
            raise ActionFailed(where, error) from error
        self.fail(where, error)
        return None

    def complete(self, completion: Completion, event: AnEvent | None) -> None:
        done = completion.event
        if completion.output is not None:
            done = Done(done.state, self.value(completion.output, event))
        self.outbox.queue.append(done)

    # --- invokes ---

    def invoke(self, state: str, invoke: Invoke) -> None:
        outbox = self.outbox
        if invoke.kind == "effect":
            self.ask(invoke.id, invoke.name, state)
            return
        outbox.starting = invoke.id
        try:
            machine = self.chosen(invoke)
            input = UNSET if invoke.input is None else self.evaluate(invoke.input, self.event)
            self.run_unguarded(invoke.before)
        except ActionFailed as failed:
            # nothing is started then (SCXML 6.4.1)
            if not self.tables.errors_are_events:
                raise
            self.fail(failed.action, failed.cause)
            return
        finally:
            outbox.starting = None
        outbox.start_child(invoke.id, machine, state, input)

    def ask(self, invoke: str, effect: str, state: str | None) -> None:
        taking = self.tables.taking_event
        event = kept_event(taking[effect], self.asked_by) if effect in taking else None
        self.outbox.start_effect(invoke, effect, state, event)

    def chosen(self, invoke: Invoke) -> str:
        """The machine that the invoke starts."""
        if invoke.choice is None:
            return invoke.name
        name = self.evaluate(invoke.choice, self.event)
        known = self.tables.definition.children
        if name not in known:
            shown = f"chose {name!r}; it can start {', '.join(sorted(known)) or 'none'}"
            raise ActionFailed(invoke.choice, LookupError(shown))
        return str(name)

    def run_unguarded(self, actions: Iterable[Action]) -> None:
        """Runs actions whose error the caller handles."""
        self.run(action_operations(self.tables, actions, self.configuration.active), self.event)

    # --- the end of the step ---

    def finish(self) -> Step[Any]:
        before, effects = self.before, self.outbox.effects
        if not self.moved and effects is before.effects:
            return Step(before, (), tuple(self.trace), False)
        after = Snapshot(
            self.configuration,
            self.data,
            self.outbox.seq if self.moved else before.seq,
            before.instance,
            self.history,
            self.timers,
            self.pinned(effects) if self.copied else effects,
            self.deadlines,
            self.ended,
            self.output if self.ended and not before.done else before.output,
        )
        return Step(after, tuple(self.outbox.commands), tuple(self.trace), self.accepted)

    def pinned(self, effects: tuple[InFlight, ...]) -> tuple[InFlight, ...]:
        """Effects that a step before asked for keep the data that they were asked with."""
        if not effects:
            return ()
        known, data = {one.key for one in self.before.effects}, self.before.data
        return tuple(
            InFlight(
                one.key, one.invoke, one.name, one.kind, one.state, one.asked_at, data, one.event
            )
            if one.data is None and one.key in known
            else one
            for one in effects
        )
