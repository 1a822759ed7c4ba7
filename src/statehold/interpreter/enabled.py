"""Which transitions are enabled, as far as that is known before an event arrives.

1. A guard of the data alone can be answered without an event. A guard of the event can't; nor is
   any guard answered once expressions have used up their allowance for one reply
   (:mod:`statehold.expression.allowance`). A transition whose guard is unanswered stays possible.
2. Guards only ever prevent transitions. So an event may be taken exactly if it is taken where every
   unanswered guard says yes: one walk through the decision tree, not all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from msgspec import Struct

from statehold.chart.access import in_words, is_outside
from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine, Function
from statehold.chart.model import Guard, Transition
from statehold.expression.allowance import answer_allowance, is_used_up
from statehold.interpreter.configuration import Ask, Configuration, DecisionNode
from statehold.interpreter.program import Program, compile_program
from statehold.interpreter.selection import candidates
from statehold.interpreter.snapshot import Snapshot


class Enablement(Struct, frozen=True):
    """Whether a transition of an active state is enabled.

    ``possible`` is None where that depends on the event. ``stopped_by`` names the guards and roles
    that prevent it, with the error of a guard that raised.
    """

    transition: Transition
    possible: bool | None
    stopped_by: tuple[str, ...]


def allowed(
    machine: AMachine, snapshot: Snapshot[Any], roles: Collection[str] | None = None
) -> tuple[str, ...]:
    """Names of the declared events that some transition may take now, in order of declaration;
    internal ones only for machines and the program's own code."""
    if snapshot.done:
        return ()
    program = compile_program(machine)
    hidden = machine.definition.internal if is_outside(roles) else frozenset()
    configuration = snapshot.configuration
    with _allowance(program):
        return tuple(
            name
            for name in configuration.accepts
            if name not in hidden and _may_take(configuration.row(name), snapshot, roles)
        )


def enablements(
    machine: AMachine, snapshot: Snapshot[Any], roles: Collection[str] | None = None
) -> tuple[Enablement, ...]:
    """Every transition of an active state, in document order, with what prevents it."""
    if snapshot.done:
        return ()
    program = compile_program(machine)
    tree = program.tree
    found = []
    hidden = machine.definition.internal if is_outside(roles) else frozenset()
    with _allowance(program):
        for state in (0, *snapshot.configuration.active):
            for transition in tree.transitions[state]:
                answers = [
                    _answer(program.functions, snapshot, guard, roles)
                    for guard in transition.guards
                ]
                if transition.trigger.kind == "event" and hidden.issuperset(
                    transition.trigger.events
                ):
                    answers.append((False, "only other instances may send it"))
                stopped = tuple(reason for answer, reason in answers if answer is False)
                if transition.trigger.kind == "cancel" and snapshot.cancellation is not None:
                    stopped = ("it was cancelled before",)
                unknown = any(answer is None for answer, _ in answers)
                possible = False if stopped else None if unknown else True
                found.append(Enablement(transition, possible, stopped))
    return tuple(found)


def _allowance(program: Program[Any]) -> AbstractContextManager[object]:
    if program.is_charged:
        return answer_allowance("what may happen next")
    return nullcontext()


def _may_take(node: DecisionNode, snapshot: Snapshot[Any], roles: Collection[str] | None) -> bool:
    tables = snapshot.configuration.tables
    said: bool | Exception | None
    assumed = False
    while node.ask != Ask.LEAF:
        if node.ask == Ask.HISTORY:
            node = node.variant(snapshot.history)
            continue
        if node.ask == Ask.ROLE:
            node = node.branch(roles is None or not node.call.isdisjoint(roles))
            continue
        said = None if node.ask != Ask.DATA else _ask(node.call, snapshot.data)
        if isinstance(said, Exception) and not tables.errors_are_events and not assumed:
            # a step would refuse the event; unless an unanswered guard before it says no
            return False
        assumed = assumed or said is None
        node = node.branch(said is None or said is True)
    return node.plan is not None


def _ask(call: Callable[..., object], *arguments: object) -> bool | Exception | None:
    """The guard's answer, or what it raised; None once the allowance is used up."""
    if is_used_up():
        return None
    try:
        return bool(call(*arguments))
    except Exception as error:  # noqa: BLE001 - returned
        return None if is_used_up() else error


def _answer(
    functions: Mapping[str, Function],
    snapshot: Snapshot[Any],
    guard: Guard,
    roles: Collection[str] | None,
    event: AnEvent | None = None,
) -> tuple[bool | None, str]:
    """The guard's answer, None where only a step has it, and the reason to give for a no."""
    configuration: Configuration = snapshot.configuration
    if guard.kind == "in":
        return guard.name in configuration.states, f"{guard.name} is not active"
    if guard.kind == "by":
        wanted = guard.name.split(",")
        said = roles is None or not set(wanted).isdisjoint(roles)
        return said, f"only {' or '.join(map(in_words, wanted))} may do this"
    function = functions[guard.name]
    no = f"{guard.name} says no"
    if function.takes > 2 or (function.takes == 2 and event is None):
        return None, no
    answer = _ask(function.call, *(snapshot.data, event)[: function.takes])
    if isinstance(answer, Exception):
        return False, f"{guard.name} raised {type(answer).__name__}: {answer}"
    return answer, no


def refusal(
    machine: AMachine,
    snapshot: Snapshot[Any],
    event: AnEvent,
    roles: Collection[str] | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Why no transition took the event: what said no, which of that was roles, and whether some
    transition was prevented by roles alone.

    No reason: no active state has a transition for it. A guard that takes the context can't be
    asked here; it is named where nothing else can have prevented its transition.
    """
    program = compile_program(machine)
    reasons: dict[str, bool] = {}
    roles_alone = False
    with _allowance(program):
        for state in (*reversed(snapshot.configuration.active), 0):
            for transition in candidates(program.tree, state, event.__event__):
                doubtful = [
                    (answer, reason, guard.kind == "by")
                    for guard in transition.guards
                    for answer, reason in [
                        _answer(program.functions, snapshot, guard, roles, event)
                    ]
                    if not answer
                ]
                said_no = [one for one in doubtful if one[0] is False]
                for _, reason, is_role in said_no or doubtful:
                    reasons.setdefault(reason, is_role)
                roles_alone |= bool(doubtful) and all(is_role for _, _, is_role in doubtful)
    of_roles = tuple(reason for reason, is_role in reasons.items() if is_role)
    return tuple(reasons), of_roles, roles_alone
