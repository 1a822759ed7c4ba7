"""What could happen next: the same decision trees, walked with what is known beforehand.

A guard that takes the data alone can be answered without an event. One that takes the event too
can't, so both its branches stay open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine, Function
from statehold.chart.model import Guard, Transition
from statehold.interpreter.configuration import Ask, Configuration, Node
from statehold.interpreter.program import compile_program
from statehold.interpreter.selection import candidates
from statehold.interpreter.snapshot import Snapshot


class Prospect(Struct, frozen=True):
    """A transition out of an active state. ``possible`` None: the event will tell.

    ``stopped_by`` names the guards and roles that say no, with the error of one that raised.
    """

    transition: Transition
    possible: bool | None
    stopped_by: tuple[str, ...]


def allowed(
    machine: AMachine, snapshot: Snapshot[Any], roles: Collection[str] | None = None
) -> tuple[str, ...]:
    """Names of the declared events that some transition may take now, in order of declaration."""
    if snapshot.done:
        return ()
    compile_program(machine)
    configuration = snapshot.configuration
    return tuple(
        name
        for name in configuration.accepts
        if _may_take(configuration.row(name), snapshot, roles)
    )


def prospects(
    machine: AMachine, snapshot: Snapshot[Any], roles: Collection[str] | None = None
) -> tuple[Prospect, ...]:
    """Every transition out of an active state, in document order, with what stops it."""
    if snapshot.done:
        return ()
    program = compile_program(machine)
    tree = program.tree
    found = []
    for state in (0, *snapshot.configuration.active):
        for transition in tree.transitions[state]:
            answers = [
                (guard, _answer(program.functions, snapshot, guard, roles))
                for guard in transition.guards
            ]
            stopped = tuple(told for guard, (said, told) in answers if said is False)
            unknown = any(said is None for _, (said, _) in answers)
            possible = False if stopped else None if unknown else True
            found.append(Prospect(transition, possible, stopped))
    return tuple(found)


def _may_take(node: Node, snapshot: Snapshot[Any], roles: Collection[str] | None) -> bool:
    pending = [node]
    while pending:
        node = pending.pop()
        if node.ask == Ask.LEAF:
            if node.plan is not None:
                return True
            continue
        if node.ask == Ask.HISTORY:
            pending.append(node.variant(snapshot.history))
        elif node.ask == Ask.ROLE:
            pending.append(node.branch(roles is None or not node.call.isdisjoint(roles)))
        elif node.ask == Ask.DATA:
            try:
                pending.append(node.branch(bool(node.call(snapshot.data))))
            except Exception:  # noqa: BLE001 - such a guard refuses every event, or is a no
                if snapshot.configuration.program.errors_are_events:
                    pending.append(node.branch(False))
        else:
            pending.extend((node.branch(True), node.branch(False)))
    return False


def _answer(
    functions: Mapping[str, Function],
    snapshot: Snapshot[Any],
    guard: Guard,
    roles: Collection[str] | None,
    event: AnEvent | None = None,
) -> tuple[bool | None, str]:
    """The guard's answer, None where only a step could tell, and the words for a no."""
    configuration: Configuration = snapshot.configuration
    if guard.kind == "in":
        return guard.name in configuration.states, f"{guard.name} is not active"
    if guard.kind == "by":
        wanted = guard.name.split(",")
        said = roles is None or not set(wanted).isdisjoint(roles)
        return said, f"only {' or '.join(wanted)} may do this"
    function = functions[guard.name]
    no = f"{guard.name} says no"
    if function.takes > 2 or (function.takes == 2 and event is None):
        return None, no
    arguments = (snapshot.data, event)[: function.takes]
    try:
        return bool(function.call(*arguments)), no
    except Exception as error:  # noqa: BLE001 - told to whoever asks
        return False, f"{guard.name} raised {type(error).__name__}: {error}"


def refusal(
    machine: AMachine,
    snapshot: Snapshot[Any],
    event: AnEvent,
    roles: Collection[str] | None = None,
) -> tuple[tuple[str, ...], bool]:
    """Why no transition took the event: what said no, and whether that was roles alone.

    No reason: no active state has a transition for it. A guard that takes the context can't be
    asked here; it is named where nothing else can have stopped its transition.
    """
    program = compile_program(machine)
    tree = program.tree
    reasons: dict[str, None] = {}
    roles_alone = False
    for state in (*reversed(snapshot.configuration.active), 0):
        for transition in candidates(tree, state, event.__event__):
            doubtful = [
                (said, told, guard.kind == "by")
                for guard in transition.guards
                for said, told in [_answer(program.functions, snapshot, guard, roles, event)]
                if not said
            ]
            said_no = [told for said, told, _ in doubtful if said is False]
            reasons.update(dict.fromkeys(said_no or [told for _, told, _ in doubtful]))
            roles_alone |= bool(doubtful) and all(is_role for _, _, is_role in doubtful)
    return tuple(reasons), roles_alone
