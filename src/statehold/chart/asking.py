"""Effects that take the event that asked for them: which events fit, and how one is kept.

An event is kept in its wire form, and read as the effect's parameter is annotated: the same at each
attempt, in each worker, and after an upgrade. Only events of the machine are kept. Where a start,
a cancellation, an immediate rule, a timer, a completion or an outcome asks, there is none.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Raw

from statehold.chart.effect import Effect, Parameter
from statehold.chart.event import AnEvent, Event, NamedEvent
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, Transition
from statehold.chart.payload import sent_event
from statehold.chart.tree import Tree
from statehold.chart.untyped import shape_of
from statehold.errors import InvalidPayload

WHAT = "the event that asked for it"


def kept_event(effect: Effect[Any, Any], event: AnEvent | None) -> Raw | None:
    """The event as it is kept with the effect; None where the effect takes none, or where there is
    none. Raises ``InvalidPayload`` for one that would be read as another."""
    if effect.event is None or not isinstance(event, Event | NamedEvent):
        return None
    return sent_event(event)


def asked_event(definition: Definition[Any], effect: Effect[Any, Any], kept: Raw | None) -> Any:
    """The event as the effect's parameter takes it; raises ``InvalidPayload`` where it does not
    fit the parameter."""
    parameter = effect.event
    if parameter is None:
        return None
    members = _members(parameter)
    if kept is None:
        if type(None) in members:
            return None
        why = f"there is none; take {named(parameter)} | None"
        raise InvalidPayload(WHAT, {"": why})
    fields = msgspec.json.decode(kept)
    name = fields.pop("type", "")
    shape = definition.events.get(name)
    if shape is None or not _fits(shape.type, members):
        shape = next((shape_of(one) for one in members if _name_of(one) == name), None)
    if shape is not None:
        return shape.load(msgspec.json.encode(fields), f"{WHAT}, {name}")
    if NamedEvent in members:
        return NamedEvent(name, fields.get("data"))
    raise InvalidPayload(WHAT, {"type": f"it is {name}; {effect.name} takes {named(parameter)}"})


def named(parameter: Parameter) -> str:
    """The events that it takes, in words."""
    members = [one for one in _members(parameter) if one is not type(None)]
    return " | ".join(one.__name__ for one in members)


def unfit(
    chart: Chart, effects: Mapping[str, Effect[Any, Any]], events: Mapping[str, type[Any]]
) -> Iterator[tuple[str, str, str]]:
    """The effects that are asked for by what does not fit their parameter: the id of the
    transition, or of the state that a start enters or a cancellation leaves, the effect, and what
    is wrong.

    ``events`` are the classes of the machine's events by their names. The chart is sound.
    """
    wanted = {name: effect for name, effect in effects.items() if effect.event is not None}
    if not wanted:
        return
    tree = Tree(chart)
    for state in sorted(entered_by_default(tree, 0)):
        yield from _faults(tree.states[state].id, _asked_on_entry(tree, state), wanted, None)
    if chart.policy.cancelling_exits:
        for node in tree.states:
            yield from _faults(node.id, _effects_of(node.exit), wanted, None, "if it is cancelled")
    for node in chart.states:
        # a cancellation leaves every state
        yield from _faults(node.id, _effects_of(node.exit), wanted, None)
    for transition in chart.transitions:
        names = _event_names(transition, events)
        moves = [one.name for block in transition.actions for one in block if one.kind == "effect"]
        for state in sorted(entered_by(tree, transition)):
            moves += _asked_on_entry(tree, state)
        for state in sorted(left_by(tree, transition)):
            moves += _effects_of(tree.states[state].exit)
        for name in names:
            given = None if name is None else (name, events.get(name))
            yield from _faults(transition.id, moves, wanted, given)


def _faults(
    place: str,
    asked: Collection[str],
    wanted: Mapping[str, Effect[Any, Any]],
    event: tuple[str, type[Any] | None] | None,
    when: str = "",
) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys(asked):
        effect = wanted.get(name)
        if effect is None or effect.event is None:
            continue
        members = _members(effect.event)
        takes = named(effect.event)
        if event is None:
            if type(None) not in members:
                without = f"without an event {when}".rstrip()
                yield place, name, f"takes {takes}, and is asked for here {without}"
            continue
        type_ = event[1]
        fits = _fits(type_, members) if type_ is not None else False
        if not fits and event[0] not in map(_name_of, members) and NamedEvent not in members:
            yield place, name, f"takes {takes}, and is asked for here by {event[0]}"


def _event_names(transition: Transition, events: Mapping[str, type[Any]]) -> list[str | None]:
    """The events that may take the transition; None: something else may."""
    trigger = transition.trigger
    if trigger.kind == "any":
        return list(events) or [None]
    if trigger.kind != "event":
        return [None]
    return [name if name in events or not events else None for name in trigger.events]


def _members(parameter: Parameter) -> tuple[Any, ...]:
    found: list[Any] = []
    waiting = [parameter.type]
    while waiting:
        hint = waiting.pop(0)
        origin = typing.get_origin(hint)
        if origin is Annotated:
            waiting.insert(0, typing.get_args(hint)[0])
        elif origin in (typing.Union, types.UnionType):
            waiting[:0] = typing.get_args(hint)
        elif hasattr(hint, "__value__"):
            waiting.insert(0, hint.__value__)
        else:
            found.append(type(None) if hint is None else hint)
    return tuple(found)


def _fits(type_: Any, members: Collection[Any]) -> bool:
    return isinstance(type_, type) and any(
        isinstance(one, type) and issubclass(type_, one) for one in members
    )


def _name_of(member: Any) -> str | None:
    is_event = isinstance(member, type) and issubclass(member, Event)
    return member.__event__ if is_event and member is not Event else None


# --- what a transition may enter and leave -------------------------------------------------


def entered_by(tree: Tree, transition: Transition) -> set[int]:
    """Every state that the transition may enter; through a history state, all that it may
    remember."""
    targets = [tree.index[target] for target in transition.targets]
    if not targets:
        return set()
    top = _domain(tree, transition, targets)
    found: set[int] = set()
    for target in targets:
        inner = target
        if tree.states[target].kind == "history":
            inner = tree.parent[target]
            found |= set(range(inner + 1, tree.end[inner]))
        else:
            found |= entered_by_default(tree, target)
        for state in (inner, *tree.ancestors(inner)):
            is_inside = tree.is_descendant(state, top)
            if is_inside:
                found.add(state)
            if tree.states[state].kind == "parallel" and (is_inside or state == top):
                # all regions of it are entered again
                for region in tree.children[state]:
                    if not any(one == region or tree.is_descendant(one, region) for one in targets):
                        found |= entered_by_default(tree, region)
            if not is_inside:
                break
    return found


def entered_by_default(tree: Tree, state: int) -> set[int]:
    found: set[int] = set()
    waiting = [state]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        node = tree.states[one]
        if node.kind == "history":
            above = tree.parent[one]
            found |= set(range(above + 1, tree.end[above]))
            continue
        found.add(one)
        if node.kind == "parallel":
            waiting += tree.children[one]
        for target in tree.initial[one]:
            waiting.append(target)
            # those between a state and a target further in
            between = [s for s in tree.ancestors(target) if tree.is_descendant(s, one)]
            found |= {s for s in between if tree.states[s].kind == "compound"}
            waiting += [s for s in between if tree.states[s].kind == "parallel"]
    return found


def left_by(tree: Tree, transition: Transition) -> set[int]:
    """Every state that may be active where the transition is taken, and that it leaves."""
    targets = [tree.index[target] for target in transition.targets]
    if not targets:
        return set()
    top, source = _domain(tree, transition, targets), tree.index[transition.source]
    return {
        state
        for state in range(top + 1, tree.end[top])
        if tree.states[state].kind != "history" and _may_be_together(tree, state, source)
    }


def _may_be_together(tree: Tree, state: int, source: int) -> bool:
    if state == source or tree.is_descendant(state, source) or tree.is_descendant(source, state):
        return True
    above = next(one for one in tree.ancestors(state) if tree.is_descendant(source, one) or not one)
    return tree.states[above].kind == "parallel"


def _domain(tree: Tree, transition: Transition, targets: list[int]) -> int:
    source = tree.index[transition.source]
    if transition.internal and all(tree.is_descendant(target, source) for target in targets):
        return source
    return 0 if source == 0 else tree.lcca([source, *targets])


def _asked_on_entry(tree: Tree, state: int) -> list[str]:
    node = tree.states[state]
    found = _effects_of(node.entry)
    if node.initial is not None:
        found += _effects_of(node.initial.actions)
    return found + [one.name for one in node.invokes if one.kind == "effect"]


def _effects_of(blocks: Any) -> list[str]:
    return [one.name for block in blocks for one in block if one.kind == "effect"]
