"""Start and step: pure functions that run a machine to completion (SCXML Appendix D).

1. Same arguments, same result. A step reads its arguments alone and changes none of them.
2. A step happens whole or not at all: if anything raises, the snapshot stays as it was.
3. An action gets a copy of the data, made once in a step, before its first action.
4. Internal events come before external ones, immediate transitions before both; what a state
   invokes starts once neither is left.
5. ``MICROSTEP_LIMIT`` (:mod:`.macrostep`) and ``REQUEST_LIMIT`` (:mod:`.outbox`) bound a step; an
   allowance (:mod:`statehold.expression.allowance`) bounds what its expressions do together.

Most steps ask a guard or two and run an action or two: they take a shortcut, which does just that,
and those that are taken often a function that is written for them (:mod:`.hot_path`). Everything
else is done by :class:`Macrostep`. All three give the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar, overload

from statehold.chart.context import Context
from statehold.chart.deferred import settled, truth
from statehold.chart.event import AnEvent, Cancellation, Event, Occurrence
from statehold.chart.machine import AMachine, Definition, E, I, MachineClass, Maker
from statehold.errors import ActionFailed
from statehold.expression.allowance import is_open, step_allowance
from statehold.interpreter.configuration import Ask, DecisionNode
from statehold.interpreter.hot_path import written_out
from statehold.interpreter.macrostep import Macrostep
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Snapshot, Step
from statehold.interpreter.tables import Tables

D = TypeVar("D")

#: a function is written for a shortcut that was taken so often
HOT = 50
#: what errors call the result of the function that makes the data
_MADE = "the data that it gives"

# plain numbers: each use of an enum's member is a look-up in its metaclass
_DATA, _DATA_EVENT, _ROLE = int(Ask.DATA), int(Ask.DATA_EVENT), int(Ask.ROLE)


@overload
def start(
    machine: type[MachineClass[Any, I, Any, Any, D]], input: I, now: datetime, *, instance: str = ""
) -> Step[D]: ...
@overload
def start(
    machine: Definition[Any], input: Any, now: datetime, *, instance: str = ""
) -> Step[Any]: ...
def start(
    machine: AMachine,
    input: Any,
    now: datetime,
    *,
    instance: str = "",
) -> Step[Any]:
    """The first step: enters the machine's initial states with this data, or with the data that
    the machine makes of this input.

    ::

        first = start(OrderFlow, Order(items=["pizza"]), now)
        next = step(OrderFlow, first.snapshot, Accept(prep_minutes=12), now)

    ``now`` is aware; ``instance`` is the instance's id. Raises a ``StepFailed`` where one of the
    machine's functions raises, or where the step does not come to rest.
    """
    program = machine.program or compile_program(machine)
    beginning = program.beginning()
    assert beginning.target is not None
    before = Snapshot(beginning.target, input, 0, instance, {}, (), (), (), False, None)
    macrostep = Macrostep(program, before, None, now)
    maker = program.definition.maker
    with step_allowance():
        if maker is not None:
            macrostep.data = _made(program.definition, maker, input, macrostep.context)
        macrostep.take(beginning, None, None)
        macrostep.settle()
    return macrostep.finish()


def _made(definition: Definition[Any], maker: Maker, input: Any, context: Context) -> Any:
    """The data, as it is read back from the store. The function gets a copy of the input, which a
    start that is tried again needs."""
    name, function = definition.chart.input or "", maker.function
    try:
        made = settled(function.call(*(maker.input.copy(input), context)[: function.takes]))
        return definition.data.settle(definition.data.check(made, _MADE), _MADE)[1]
    except Exception as error:
        raise ActionFailed(name, error) from error


def cancel(
    machine: AMachine,
    snapshot: Snapshot[D],
    now: datetime,
    cancellation: Cancellation = Cancellation(),  # noqa: B008 - frozen
) -> Step[D]:
    """Cancels the instance: the chart takes the cancellation, or it is over.

    An ``on_cancel`` transition of an active state takes it; the instance then goes on until it ends
    by itself. Where none does, the exit actions of all active states run, innermost first, and the
    snapshot is ``done``. Its configuration stays, so that a reader sees where it ended. A snapshot
    that is done, or was cancelled before, stays as it is: the step is not accepted. Raises what
    :func:`step` does.
    """
    program = machine.program or compile_program(machine)
    if snapshot.configuration.tables is not program:
        raise ValueError("the snapshot belongs to another machine, or to another version of it")
    if snapshot.done or snapshot.cancellation is not None:
        return Step(snapshot, (), (), False)
    macrostep = Macrostep(program, snapshot, cancellation, now)
    with step_allowance():
        macrostep.cancel(cancellation)
    return macrostep.finish()


def settle(machine: AMachine, snapshot: Snapshot[D], now: datetime) -> Step[D]:
    """Takes the immediate transitions that are enabled in a snapshot that no step has ended in.

    After a step there are none; after an upgrade there may be.
    """
    program = machine.program or compile_program(machine)
    macrostep = Macrostep(program, snapshot, None, now)
    with step_allowance():
        macrostep.settle()
    return macrostep.finish()


@overload
def step(
    machine: type[MachineClass[E, Any, Any, Any, D]],
    snapshot: Snapshot[D],
    event: E | Occurrence,
    now: datetime,
    *,
    roles: Collection[str] | None = None,
) -> Step[D]: ...
@overload
def step(
    machine: Definition[Any],
    snapshot: Snapshot[D],
    event: AnEvent,
    now: datetime,
    *,
    roles: Collection[str] | None = None,
) -> Step[D]: ...
def step(
    machine: AMachine,
    snapshot: Snapshot[D],
    event: AnEvent,
    now: datetime,
    *,
    roles: Collection[str] | None = None,
) -> Step[D]:
    """Gives the machine one event and runs it to completion; changes nothing that it is given.

    ``now`` is aware. ``roles`` are the sender's; None, for trusted code, has every role. The step's
    ``accepted`` is False where no transition was enabled for the event. Raises a ``StepFailed``
    where one of the machine's functions raises or where the step does not come to rest,
    ``ValueError`` for a snapshot of another machine or of another version.
    """
    configuration = snapshot.configuration
    hot_path = configuration.hot_paths.get(type(event))
    if hot_path is not None and configuration.tables is machine.program:
        taken: Step[D] | None = hot_path(snapshot, event, roles)
        if taken is not None:
            return taken
    program = machine.program or compile_program(machine)
    if configuration.tables is not program:
        raise ValueError("the snapshot belongs to another machine, or to another version of it")
    if not program.is_charged or is_open():
        return _step(program, snapshot, event, now, roles)
    with step_allowance():
        return _step(program, snapshot, event, now, roles)


def _step(
    program: Tables[D],
    snapshot: Snapshot[D],
    event: AnEvent,
    now: datetime,
    roles: Collection[str] | None,
) -> Step[D]:
    """The general way to take a step, by the shortcut of the decision tree if there is one."""
    configuration = snapshot.configuration
    root = node = configuration.by_class.get(type(event)) or configuration.row_of(event)
    data = snapshot.data
    try:
        while ask := node.ask:
            if ask == _DATA:
                answer = truth(node.call(data))
            elif ask == _DATA_EVENT:
                answer = truth(node.call(data, event))
            elif ask == _ROLE:
                answer = roles is None or not node.call.isdisjoint(roles)
            else:
                break
            node = (node.yes if answer else node.no) or node.branch(answer)
    except Exception:  # noqa: BLE001 - not swallowed:
        # the macrostep asks again, once it knows that the event is not stale, and reports it
        return _macrostep(program, snapshot, event, node, now, roles)
    if node.refuses and not snapshot.done:
        return Step(snapshot, (), node.trace, False)
    if node.shortcut is None or snapshot.effects or snapshot.done:
        if node.shortcut is None and configuration.hot_paths:
            # it would ask the guards in vain
            configuration.hot_paths.pop(type(event), None)
        if not program.is_plain:
            node = root
        return _macrostep(program, snapshot, event, node, now, roles)
    node.taken += 1
    if node.taken == HOT and not program.is_charged and isinstance(event, Event):
        hot_path = written_out(root, program.definition.data)
        if hot_path is not None:
            configuration.hot_paths[type(event)] = hot_path
    target, calls, trace = node.shortcut
    if calls:
        data = program.copy(data)
        changed: D | None
        action = ""
        try:
            for takes, call, action in calls:  # noqa: B007 - named by the error below
                changed = call(data) if takes == 1 else call(data, event)
                if changed is not None:
                    if type(changed) is not type(data):
                        settled(changed)
                    data = changed
        except Exception as error:
            raise ActionFailed(action, error) from error
    return Step(
        Snapshot(
            target,
            data,
            snapshot.seq + 1,
            snapshot.instance,
            snapshot.history,
            snapshot.timers,
            (),
            snapshot.deadlines,
            False,
            None,
        ),
        (),
        trace,
        True,
    )


def _macrostep(
    program: Tables[D],
    snapshot: Snapshot[D],
    event: AnEvent,
    node: DecisionNode,
    now: datetime,
    roles: Collection[str] | None,
) -> Step[D]:
    """The long way; goes on from the node that the guards asked so far led to."""
    macrostep = Macrostep(program, snapshot, event, now)
    if not macrostep.take_out(event):
        return Step(snapshot, (), (), False)
    if not snapshot.done:
        macrostep.prepare(event)
        node = macrostep.decide(node, event, roles)
        macrostep.take(node, event, event)
        if node.plan is None:
            macrostep.trace.extend(node.trace)
            # the step before ended at rest, and an event that nothing takes changes nothing
            macrostep.idle = program.settles
        macrostep.settle()
    return macrostep.finish()
