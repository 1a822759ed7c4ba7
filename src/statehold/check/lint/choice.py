"""Transitions: those that can never be chosen, that say nothing new, or that stand in each
other's way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

from statehold.chart.event import done_event
from statehold.chart.model import Guard, Transition
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.finding import Finding
from statehold.interpreter import version4
from statehold.interpreter.selection import candidates, domain, matches

#: pairs of transitions that are compared
PAIR_LIMIT = 100_000

_DONE = done_event("")


def never_chosen(subject: Analysis) -> Iterator[Finding]:
    """Transitions of states that are entered, which nothing can make be taken.

    Timers, completions and what has a more telling code are left to those.
    """
    if not subject.complete:
        return
    told = {finding.place for finding in (*duplicates(subject), *impossible_guards(subject))}
    for t in subject.chart.transitions:
        if t.id in subject.taken or t.id in told or t.source not in subject.together:
            continue
        if t.trigger.kind == "after" or waits_in_vain(subject, t):
            continue
        if t.trigger.kind in ("result", "failure") and not _comes(subject, t):
            continue
        yield subject.finding(
            "never-chosen",
            "transition",
            t.id,
            f"it can never be chosen: {_because(subject, t)}",
            "move it before what takes its place, give that a guard, or take it out",
        )


def waits_in_vain(subject: Analysis, t: Transition) -> bool:
    """Whether all it waits for are completions that never come."""
    return bool(t.trigger.events) and all(
        name.startswith(_DONE) and name.removeprefix(_DONE) not in subject.done
        for name in t.trigger.events
    )


def _comes(subject: Analysis, t: Transition) -> bool:
    """Whether the outcome can come: an invoke starts where its state is rested in."""
    ids = [name.split(".", 2)[2] for name in t.trigger.events if name.count(".") > 1]
    mine = [subject.invoking[id] for id in ids if id in subject.invoking]
    return not mine or any(state in subject.rested for state in mine)


def _because(subject: Analysis, t: Transition) -> str:
    if t.trigger.kind != "always" and t.source not in subject.rested:
        return f"{t.source} is always left at once"
    for earlier in _before(subject, t):
        if set(earlier.guards) <= set(t.guards):
            what = "asks for no more" if earlier.guards else "has no guard"
            return f"{earlier.id} is asked first and {what}"
    instead = dict.fromkeys(
        id
        for name, moves in subject.moves_by_event.items()
        if _takes_its_place(subject, name, t)
        for move in moves
        if t.source in subject.explored.spots[move.before].active
        for id in move.transitions
    )
    if instead:
        return f"wherever {t.source or 'the root'} is active, {listed(instead)} comes first"
    return f"nothing that it waits for comes while {t.source or 'the root'} is active"


def _takes_its_place(subject: Analysis, event: str | None, t: Transition) -> bool:
    if event is None:
        return t.trigger.kind == "always"
    return t.trigger.kind != "always" and matches(subject.chart.policy, t.trigger, event)


def _before(subject: Analysis, t: Transition) -> Iterator[Transition]:
    """Transitions of the same state that are asked before it about everything it waits for."""
    for name in t.trigger.events or (None,):
        asked = candidates(subject.tree, subject.tree.index[t.source], name)
        if t in asked:
            yield from asked[: asked.index(t)]


def duplicates(subject: Analysis) -> Iterator[Finding]:
    known: dict[tuple[object, ...], str] = {}
    for t in subject.chart.transitions:
        if t.trigger.kind == "after":
            continue
        key = (t.source, t.trigger, t.guards, t.targets, t.actions, t.internal)
        first = known.setdefault(key, t.id)
        if first != t.id:
            yield subject.finding(
                "duplicate-transition",
                "transition",
                t.id,
                f"it says word for word what {first} says, which is asked first",
                "take one of them out",
            )


def impossible_guards(subject: Analysis) -> Iterator[Finding]:
    if not subject.complete:
        return
    for t in subject.chart.transitions:
        beside = subject.together.get(t.source)
        if beside is None:
            continue
        for guard in t.guards:
            if guard.kind == "in" and guard.name not in beside and guard.name:
                yield subject.finding(
                    "in-guard-impossible",
                    "transition",
                    t.id,
                    f"it asks for {guard.name} to be active, which never is while {t.source} is",
                    "ask for a state of a region beside its source",
                )


def constant_guards(subject: Analysis) -> Iterator[Finding]:
    for name in subject.guard_names:
        constant = subject.reading(name).constant
        if constant is None and name.strip().lower() in ("true", "false"):
            constant = (name.strip().lower() == "true",)
        if constant is not None:
            said = "yes" if constant[0] else "no"
            users = [t.id for t in subject.chart.transitions if Guard(name) in t.guards]
            yield subject.finding(
                "constant-guard",
                "function",
                name,
                f"it says {said}, whatever it is asked; {listed(users)} relies on it",
                "take the guard out" if constant[0] else "take the transition out, or mend it",
            )


def conflicting_regions(subject: Analysis) -> Iterator[Finding]:
    """Transitions without guards, of states beside each other, that one event enables both."""
    leading = [
        t
        for t in subject.chart.transitions
        if t.targets and t.id in subject.taken and t.trigger.kind in ("event", "done")
        and not subject.has_function(t)
    ]  # fmt: skip
    by_event: dict[str, list[Transition]] = {}
    for t in leading:
        for name in t.trigger.events:
            by_event.setdefault(name, []).append(t)
    pairs = (pair for those in by_event.values() for pair in combinations(those, 2))
    for first, second in islice(pairs, PAIR_LIMIT):
        one, other = subject.tree.index[first.source], subject.tree.index[second.source]
        if (
            second.source not in subject.together.get(first.source, ())
            or subject.is_within(first.source, second.source)
            or subject.is_within(second.source, first.source)
            or first.targets == second.targets
        ):
            continue
        tops = [domain(subject.tree, t, {}) for t in (first, second)]
        # version 4's leave other regions alone unless their targets are elsewhere
        alone = subject.chart.policy.nesting == "xstate4" and (
            len(version4.compatible(subject.tree, (), (first, second), {})) == 2
        )
        meet = not alone and any(
            top is not None and subject.tree.is_descendant(one, top)
            and subject.tree.is_descendant(other, top)
            for top in tops
        )  # fmt: skip
        if meet:
            yield subject.finding(
                "conflicting-regions",
                "transition",
                second.id,
                f"where {first.source} and {second.source} are both active, "
                f"{listed(sorted(set(first.trigger.events) & set(second.trigger.events)))} is for "
                f"{first.id} too, which leads to {listed(first.targets)} and comes first; this one "
                "is dropped",
                "give one of them a guard, or take the event where both regions are left",
            )


def does_nothing(subject: Analysis) -> Iterator[Finding]:
    """Save where it keeps the event from a state further up."""
    for t in subject.chart.transitions:
        if t.targets or any(t.actions) or t.trigger.kind == "always":
            continue
        _, *above = subject.line(t.source)
        heard = any(
            candidates(subject.tree, subject.tree.index[state], name)
            for state in above
            for name in t.trigger.events
        )
        if not heard and t.trigger.kind != "any":
            yield subject.finding(
                "does-nothing",
                "transition",
                t.id,
                f"what it takes is accepted in {t.source or 'the root'} and changes nothing",
                "give it something to do, or take it out: then the sender is told that nothing "
                "came of it",
            )
