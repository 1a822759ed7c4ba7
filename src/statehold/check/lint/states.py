"""Checks of states: unreachable ones, dead ends, and those from which no end can be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from statehold.chart.model import ROOT
from statehold.check.lint.analysis import Analysis, listed, top_finals
from statehold.check.lint.finding import Finding


def unreachable(analysis: Analysis) -> Iterator[Finding]:
    """States that are never entered; of nested ones only the outermost.

    A state that an upgrade leads to counts as entered, with its ancestors.
    """
    if not analysis.complete:
        return
    by_upgrade = _reached_by_upgrade(analysis)
    finals = top_finals(analysis)
    silent = {f.id for f in finals} if finals and not _ends(analysis) else set()
    leading: dict[str, list[str]] = defaultdict(list)
    for t in analysis.chart.transitions:
        for target in t.targets:
            leading[target].append(t.id)
    for state in analysis.chart.states:
        if state.kind == "history" or state.id in analysis.entered or state.id == ROOT:
            continue
        if state.parent not in (ROOT, None) and state.parent not in analysis.entered:
            continue
        if state.id in by_upgrade or state.id in silent:
            continue
        arrows = leading[state.id]
        because = (
            f"only {listed(arrows)} leads there, which is never taken"
            if arrows
            else "no transition leads there, and it is no initial state"
        )
        yield analysis.finding(
            "unreachable-state",
            "state",
            state.id,
            f"it is never entered: {because}",
            "add a transition to it, or remove it",
        )


def dead_ends(analysis: Analysis) -> Iterator[Finding]:
    """States in which instances rest and that are never left.

    In a machine without an end, a state that takes events without being left is no dead end.
    """
    if not analysis.complete:
        return
    has_end = bool(top_finals(analysis))
    for state in analysis.chart.states:
        if state.kind != "atomic" or state.id not in analysis.rested or state.id in analysis.left:
            continue
        stays = [
            t.id
            for above in analysis.line(state.id)
            for t in analysis.tree.transitions[analysis.tree.index[above]]
            if t.id in analysis.taken
        ]
        if stays and not has_end:
            continue
        because = f"{listed(stays)} stays in it" if stays else "no transition leaves it"
        yield analysis.finding(
            "dead-end",
            "state",
            state.id,
            f"an instance that is here stays for ever: {because}, and it is not final",
            "add a transition out of it, or make it final",
        )


def traps(analysis: Analysis) -> Iterator[Finding]:
    """Sets of states that lead only to one another, so that no end can be reached."""
    if not analysis.complete or not _ends(analysis):
        return
    onward: dict[int, set[int]] = defaultdict(set)
    back: dict[int, set[int]] = defaultdict(set)
    ending: set[int] = set()
    for move in analysis.moves:
        if move.after is None:
            ending.add(move.before)
        else:
            onward[move.before].add(move.after)
            back[move.after].add(move.before)
    free = _closure(ending, back)
    spots = analysis.explored.spots
    trapped = [number for number in range(len(spots)) if number not in free]
    seen: set[int] = set()
    leaves = {s.id for s in analysis.chart.states if s.kind in ("atomic", "final")}
    free_leaves = frozenset().union(*(spots[one].active for one in free)) & leaves
    back = {number: those - free for number, those in back.items()}
    for number in trapped:
        if number in seen:
            continue
        group = _closure({number}, onward) | {number}
        group = _closure(group, back)
        seen |= group
        inside = frozenset().union(*(spots[one].active for one in group)) & leaves
        # a dead end among them is a finding of its own
        stuck = any(s not in analysis.left and s in analysis.rested for s in inside)
        if stuck or not any(spots[one].resting for one in group):
            continue
        order = [s.id for s in analysis.chart.states if s.id in inside]
        own = [state for state in order if state not in free_leaves] or order
        yield analysis.finding(
            "no-way-out",
            "state",
            own[0],
            f"once in {listed(own)}, an instance stays among these states and reaches no end",
            "add a transition from one of them towards an end",
        )


def no_end(analysis: Analysis) -> Iterator[Finding]:
    finals = top_finals(analysis)
    if analysis.complete and finals and not _ends(analysis):
        yield analysis.finding(
            "no-end",
            "chart",
            "",
            f"no instance ever ends: {listed(f.id for f in finals)} can't be reached",
            "add a transition to one of them, or remove them",
        )


def histories(analysis: Analysis) -> Iterator[Finding]:
    """History states that no transition leads to, and those that are never recorded."""
    targets = {target for t in analysis.chart.transitions for target in t.targets}
    targets |= {
        target
        for s in analysis.chart.states
        if s.initial is not None
        for target in s.initial.targets
    }
    recorded = frozenset().union(*(spot.recorded for spot in analysis.explored.spots))
    for state in analysis.chart.states:
        if state.kind != "history":
            continue
        if state.id not in targets:
            yield analysis.finding(
                "history-unused",
                "state",
                state.id,
                "no transition leads to it",
                "lead one there instead of to its parent, or remove it",
            )
        elif analysis.complete and state.id not in recorded and state.parent in analysis.entered:
            yield analysis.finding(
                "history-never-recorded",
                "state",
                state.id,
                f"{state.parent} is never left and entered again, so its default is always taken",
                f"add a transition out of {state.parent}, or lead to the default itself",
            )


def owners(analysis: Analysis) -> Iterator[Finding]:
    """States whose owner may send none of the events that they wait for."""
    for state in analysis.chart.states:
        if state.owner is None or state.kind in ("final", "history"):
            continue
        tree = analysis.tree
        number = tree.index[state.id]
        asked = [
            t
            for one in (*range(number, tree.end[number]), *tree.ancestors(number))
            for t in tree.transitions[one]
            if t.trigger.kind in ("event", "any")
        ]
        roles = [[g.name.split(",") for g in t.guards if g.kind == "by"] for t in asked]
        if asked and not any(all(state.owner in names for names in those) for those in roles):
            known = dict.fromkeys(name for those in roles for names in those for name in names)
            yield analysis.finding(
                "owner-cannot-act",
                "state",
                state.id,
                f"{state.owner} owns it, but only others may send the events that it waits for: "
                f"{listed(known)}",
                f"add {state.owner} to by= of one of {listed(dict.fromkeys(t.id for t in asked))}, "
                "or name another owner",
            )


def _ends(analysis: Analysis) -> bool:
    return any(move.after is None for move in analysis.moves) or not analysis.explored.spots


def _closure(begin: set[int], edges: dict[int, set[int]]) -> set[int]:
    found, pending = set(begin), list(begin)
    while pending:
        for number in edges.get(pending.pop(), ()):
            if number not in found:
                found.add(number)
                pending.append(number)
    return found


def _reached_by_upgrade(analysis: Analysis) -> set[str]:
    definition = analysis.definition
    found: set[str] = set()
    for upgrade in definition.upgrades if definition is not None else ():
        for target in upgrade.states.values():
            for path in target if isinstance(target, tuple) else (target,):
                if path in analysis.states:
                    found.update(analysis.line(path))
    return found
