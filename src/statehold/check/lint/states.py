"""States: those that nothing leads to, that nothing leaves, from which no end can be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from statehold.chart.model import ROOT
from statehold.check.lint.analysis import Analysis, listed, top_finals
from statehold.check.lint.finding import Finding


def unreachable(subject: Analysis) -> Iterator[Finding]:
    """Each with what leads to it in vain. Of a state that holds others, the others go unnamed.

    A state that an upgrade leads to, or one in it, is reached by that.
    """
    if not subject.complete:
        return
    by_upgrade = _reached_by_upgrade(subject)
    finals = top_finals(subject)
    silent = {f.id for f in finals} if finals and not _ends(subject) else set()
    leading: dict[str, list[str]] = defaultdict(list)
    for t in subject.chart.transitions:
        for target in t.targets:
            leading[target].append(t.id)
    for state in subject.chart.states:
        if state.kind == "history" or state.id in subject.entered or state.id == ROOT:
            continue
        if state.parent not in (ROOT, None) and state.parent not in subject.entered:
            continue
        if state.id in by_upgrade or state.id in silent:
            continue
        arrows = leading[state.id]
        because = (
            f"only {listed(arrows)} leads there, which is never taken"
            if arrows
            else "no transition leads there, and it is no initial state"
        )
        yield subject.finding(
            "unreachable-state",
            "state",
            state.id,
            f"it is never entered: {because}",
            "lead a transition to it, or take it out",
        )


def dead_ends(subject: Analysis) -> Iterator[Finding]:
    """States that are rested in and never left.

    One that takes events without being left is none in a machine that has no end: it is where
    that machine lives.
    """
    if not subject.complete:
        return
    has_end = bool(top_finals(subject))
    for state in subject.chart.states:
        if state.kind != "atomic" or state.id not in subject.rested or state.id in subject.left:
            continue
        stays = [
            t.id
            for above in subject.line(state.id)
            for t in subject.tree.transitions[subject.tree.index[above]]
            if t.id in subject.taken
        ]
        if stays and not has_end:
            continue
        because = f"{listed(stays)} stays in it" if stays else "no transition leaves it"
        yield subject.finding(
            "dead-end",
            "state",
            state.id,
            f"an instance that is here stays for ever: {because}, and it is not final",
            "lead a transition out of it, or make it final",
        )


def traps(subject: Analysis) -> Iterator[Finding]:
    """Sets of states that are left for one another alone, so that no end can be reached."""
    if not subject.complete or not _ends(subject):
        return
    onward: dict[int, set[int]] = defaultdict(set)
    back: dict[int, set[int]] = defaultdict(set)
    ending: set[int] = set()
    for move in subject.moves:
        if move.after is None:
            ending.add(move.before)
        else:
            onward[move.before].add(move.after)
            back[move.after].add(move.before)
    free = _closure(ending, back)
    spots = subject.explored.spots
    trapped = [number for number in range(len(spots)) if number not in free]
    seen: set[int] = set()
    leaves = {s.id for s in subject.chart.states if s.kind in ("atomic", "final")}
    free_leaves = frozenset().union(*(spots[one].active for one in free)) & leaves
    back = {number: those - free for number, those in back.items()}
    for number in trapped:
        if number in seen:
            continue
        group = _closure({number}, onward) | {number}
        group = _closure(group, back)
        seen |= group
        inside = frozenset().union(*(spots[one].active for one in group)) & leaves
        # where all of them end up in one state that nothing leaves, that is told by itself
        stuck = any(s not in subject.left and s in subject.rested for s in inside)
        if stuck or not any(spots[one].resting for one in group):
            continue
        order = [s.id for s in subject.chart.states if s.id in inside]
        own = [state for state in order if state not in free_leaves] or order
        yield subject.finding(
            "no-way-out",
            "state",
            own[0],
            f"once in {listed(own)}, an instance goes round there for ever and reaches no end",
            "lead a transition from one of them towards an end",
        )


def no_end(subject: Analysis) -> Iterator[Finding]:
    finals = top_finals(subject)
    if subject.complete and finals and not _ends(subject):
        yield subject.finding(
            "no-end",
            "chart",
            "",
            f"no instance ever ends: {listed(f.id for f in finals)} can't be reached",
            "lead a transition to one of them, or take them out",
        )


def histories(subject: Analysis) -> Iterator[Finding]:
    """History states that nobody goes to, and those that have nothing to remember."""
    targets = {target for t in subject.chart.transitions for target in t.targets}
    targets |= {
        target
        for s in subject.chart.states
        if s.initial is not None
        for target in s.initial.targets
    }
    recorded = frozenset().union(*(spot.recorded for spot in subject.explored.spots))
    for state in subject.chart.states:
        if state.kind != "history":
            continue
        if state.id not in targets:
            yield subject.finding(
                "history-unused",
                "state",
                state.id,
                "no transition leads to it",
                "lead one there instead of to the state that holds it, or take it out",
            )
        elif subject.complete and state.id not in recorded and state.parent in subject.entered:
            yield subject.finding(
                "history-never-recorded",
                "state",
                state.id,
                f"{state.parent} is never left before somebody comes back to it, so what it "
                "remembers is always its default",
                f"lead a transition out of {state.parent}, or go to the default itself",
            )


def owners(subject: Analysis) -> Iterator[Finding]:
    """States whose owner may send none of the events that are waited for there."""
    for state in subject.chart.states:
        if state.owner is None or state.kind in ("final", "history"):
            continue
        tree = subject.tree
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
            yield subject.finding(
                "owner-cannot-act",
                "state",
                state.id,
                f"{state.owner} owns it, and everything that is waited for here is for others: "
                f"{listed(known)}",
                f"add {state.owner} to by= of one of {listed(dict.fromkeys(t.id for t in asked))}, "
                "or name another owner",
            )


def _ends(subject: Analysis) -> bool:
    return any(move.after is None for move in subject.moves) or not subject.explored.spots


def _closure(begin: set[int], edges: dict[int, set[int]]) -> set[int]:
    found, pending = set(begin), list(begin)
    while pending:
        for number in edges.get(pending.pop(), ()):
            if number not in found:
                found.add(number)
                pending.append(number)
    return found


def _reached_by_upgrade(subject: Analysis) -> set[str]:
    definition = subject.definition
    found: set[str] = set()
    for upgrade in definition.upgrades if definition is not None else ():
        for target in upgrade.states.values():
            for path in target if isinstance(target, tuple) else (target,):
                if path in subject.states:
                    found.update(subject.line(path))
    return found
