"""Which machines a document may send to: those that the right of its putter covers.

Receivers that the document names are checked when it is put. Those that it computes are checked
when it sends (:mod:`statehold.instance.commands`), against what is stored with the document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from statehold.chart.machine import ITSELF, PARENT, Definition
from statehold.chart.model import ROOT, Block
from statehold.chart.validate import NAME_PATTERN
from statehold.errors import Problem
from statehold.instance.authorize import is_permitted, permitted_unstated
from statehold.records import Caller


def coverage_of(
    caller: Caller,
    definition: Definition[Any],
    running: Mapping[str, Definition[Any]],
    elsewhere: Collection[str] = (),
) -> tuple[str, ...] | None:
    """The machines that a document of this caller may send to: its own, those that run here and
    that the caller may put, and those it names that are nowhere yet and that the server permits the
    caller to put. None: all, for the program's own code.

    ``elsewhere`` are those that the store has and that do not run here: what they state is not
    known, so they are not covered.
    """
    if caller.roles is None:
        return None
    known = {name for name in running if _may_reach(caller, name, running)}
    absent = {
        name
        for name in absent_receivers(definition, running)
        if name not in elsewhere and permitted_unstated(caller, "put", name)
    }
    return tuple(sorted({definition.name} | known | absent))


def absent_receivers(
    definition: Definition[Any], running: Mapping[str, Definition[Any]]
) -> set[str]:
    """The machines that a document names and that do not run here; not what can be no machine's
    name."""
    named = {to for _, to in _receivers(definition)} - running.keys()
    return {name for name in named if NAME_PATTERN.fullmatch(name)}


def uncovered(definition: Definition[Any], coverage: tuple[str, ...] | None) -> Iterator[Problem]:
    """Receivers that the document names, and that are not covered."""
    for place, to in _receivers(definition):
        if coverage is not None and to not in coverage:
            yield Problem(
                place,
                f"it sends to machine {to!r}, which the right to put of its caller does not cover",
                "have it put by a caller who may put that machine too, or send to another",
            )


def _may_reach(caller: Caller, name: str, running: Mapping[str, Definition[Any]]) -> bool:
    return is_permitted(caller, "put", running[name])


def _receivers(definition: Definition[Any]) -> Iterator[tuple[str, str]]:
    """Places, and the machines that are named there; a child is sent its start."""
    chart = definition.chart
    found: dict[tuple[str, str], None] = {}
    for state in chart.states:
        place = f"state {state.id}" if state.id != ROOT else "the root"
        for invoke in state.invokes:
            if invoke.kind == "machine" and invoke.choice is None:
                found[place, invoke.name] = None
        initial = () if state.initial is None else state.initial.actions
        blocks: tuple[Block, ...] = (*state.entry, *state.exit, *initial)
        blocks += tuple(invoke.finalize for invoke in state.invokes)
        blocks += tuple(invoke.before for invoke in state.invokes)
        found.update(dict.fromkeys((place, to) for to in _sent(definition, blocks)))
    for transition in chart.transitions:
        place = f"transition {transition.id}"
        found.update(dict.fromkeys((place, to) for to in _sent(definition, transition.actions)))
    yield from (one for one in found if one[1] not in (ITSELF, PARENT, definition.name))


def _sent(definition: Definition[Any], blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        for action in block:
            function = definition.functions.get(action.name) if action.kind == "run" else None
            if function is not None and function.uses is not None:
                yield from (to for to, _ in sorted(function.uses.sends))
