"""Checks of owners, tags and roles that nothing uses, and of labels that name two things.

An owner, a tag and a role are names that the world outside gives a meaning to, so that most of what
may be wrong with them can't be seen in a chart. Only what no instance and no caller can ever make
use of is reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from statehold.chart.access import RIGHTS, AnyOf, HasRole, is_machine
from statehold.chart.labels import event_label, state_label
from statehold.chart.model import ROOT, StateNode
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.finding import Finding


def owners(analysis: Analysis) -> Iterator[Finding]:
    """Owners who never have a turn: an instance rests in none of their states, or is over there."""
    by_owner = _by((state.owner, state) for state in analysis.chart.states if state.owner)
    for owner, states in by_owner.items():
        if (why := _why_never(analysis, states, ends=True)) is not None:
            yield analysis.finding(
                "owner-unused",
                "state",
                states[0].id,
                f"it is never {owner}'s turn: {why}",
                "give a state in which the owner has to act the owner, or leave it out",
            )


def tags(analysis: Analysis) -> Iterator[Finding]:
    """Tags that no stored instance ever has."""
    by_tag = _by((tag, state) for state in analysis.chart.states for tag in state.tags)
    for tag, states in by_tag.items():
        if (why := _why_never(analysis, states, ends=False)) is not None:
            yield analysis.finding(
                "tag-unused",
                "state",
                states[0].id,
                f"no instance is ever found by the tag {tag}: {why}",
                "put the tag on a state that instances stay in, or leave it out",
            )


def _by(pairs: Iterable[tuple[str, StateNode]]) -> Mapping[str, list[StateNode]]:
    found: dict[str, list[StateNode]] = defaultdict(list)
    for name, state in pairs:
        found[name].append(state)
    return found


def _why_never(analysis: Analysis, states: list[StateNode], *, ends: bool) -> str | None:
    """None too where a state is never entered at all, which is a finding of its own."""
    if not analysis.complete or analysis.has_upgraded:
        return None
    names = listed(state.id for state in states)
    its = [state for state in states if state.kind != "history"]
    if not its:
        return f"{names} is a history state, which is never active itself"
    if any(state.id not in analysis.entered for state in its):
        return None
    over = [state for state in its if state.kind == "final" and state.parent == ROOT]
    if ends and len(over) == len(its):
        return f"in {names} the instance is over"
    # the end of an instance is no spot of the search, and its tags are stored
    staying = [
        state for state in its if state.id in analysis.rested or (state in over and not ends)
    ]
    return None if staying else f"{names} is always left in the step that enters it"


def roles(analysis: Analysis) -> Iterator[Finding]:
    """Views for roles that may not read, by all that the machine says.

    A caller may have a second role that reads; a role that is named nowhere else is taken for a
    mistake all the same. Grants by indexes and conditions may be anybody's, so they end the check.
    """
    definition = analysis.definition
    read = None if definition is None else definition.access.grant("read")
    if definition is None or read is None:
        return
    parts = read.grants if isinstance(read, AnyOf) else (read,)
    if not all(isinstance(part, HasRole) for part in parts):
        return
    known = {role for right in RIGHTS for role in _roles_of(definition.access.grant(right))}
    known |= {state.owner for state in analysis.chart.states if state.owner}
    known |= {
        role
        for transition in analysis.chart.transitions
        for guard in transition.guards
        if guard.kind == "by"
        for role in guard.name.split(",")
        if not is_machine(role)
    }
    for role in definition.views:
        if role not in known:
            yield analysis.finding(
                "role-unused",
                "chart",
                "",
                f"views has one for the role {role}, which may not read and is named nowhere else; "
                f"access lets {listed(_roles_of(read))} read",
                "name the role in access.read, or correct it in views",
            )


def _roles_of(grant: object) -> list[str]:
    parts = grant.grants if isinstance(grant, AnyOf) else (grant,)
    return [part.name for part in parts if isinstance(part, HasRole)]


def labels(analysis: Analysis) -> Iterator[Finding]:
    """States of one parent, or events, that people read the same of."""
    chart = analysis.chart
    inside: dict[str, list[StateNode]] = defaultdict(list)
    for state in chart.states[1:]:
        if state.kind != "history":
            inside[state.parent or ROOT].append(state)
    for states in inside.values():
        for label, same in _by((state_label(chart, one), one) for one in states).items():
            if len(same) > 1:
                yield _same(analysis, "state", label, [one.id for one in same])
    named: dict[str, list[str]] = defaultdict(list)
    for event in chart.events:
        named[event_label(event)].append(event.name)
    for label, names in named.items():
        if len(names) > 1:
            yield _same(analysis, "event", label, names)


def _same(analysis: Analysis, kind: str, label: str, names: list[str]) -> Finding:
    return analysis.finding(
        "same-label",
        "event" if kind == "event" else "state",
        names[1],
        f"people read {label!r} for {listed(names)} alike, and can't distinguish them",
        "give one of them another label",
    )
