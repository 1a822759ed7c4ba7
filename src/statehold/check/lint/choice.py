"""Checks of transitions: never chosen, duplicate, in conflict, or without effect."""

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


def never_chosen(analysis: Analysis) -> Iterator[Finding]:
    """Transitions of states that are entered, which no event can take.

    Timers, completions and transitions with a more specific code are left to the other checks.
    """
    if not analysis.complete:
        return
    specific = {finding.place for finding in (*duplicates(analysis), *impossible_guards(analysis))}
    for t in analysis.chart.transitions:
        if t.id in analysis.taken or t.id in specific or t.source not in analysis.together:
            continue
        if t.trigger.kind == "after" or waits_in_vain(analysis, t):
            continue
        if t.trigger.kind in ("result", "failure") and not _comes(analysis, t):
            continue
        yield analysis.finding(
            "never-chosen",
            "transition",
            t.id,
            f"it can never be chosen: {_because(analysis, t)}",
            "move it before the one that takes its place, give that one a guard, or remove it",
        )


def waits_in_vain(analysis: Analysis, t: Transition) -> bool:
    """Whether it waits only for completions that never come."""
    return bool(t.trigger.events) and all(
        name.startswith(_DONE) and name.removeprefix(_DONE) not in analysis.done
        for name in t.trigger.events
    )


def _comes(analysis: Analysis, t: Transition) -> bool:
    """Whether the outcome can come: an invoke starts only where instances rest in its state."""
    ids = [name.split(".", 2)[2] for name in t.trigger.events if name.count(".") > 1]
    mine = [analysis.invoking[id] for id in ids if id in analysis.invoking]
    return not mine or any(state in analysis.rested for state in mine)


def _because(analysis: Analysis, t: Transition) -> str:
    if t.trigger.kind != "always" and t.source not in analysis.rested:
        return f"{t.source} is always left at once"
    for earlier in _before(analysis, t):
        if set(earlier.guards) <= set(t.guards):
            what = "requires no more" if earlier.guards else "has no guard"
            return f"{earlier.id} comes first and {what}"
    instead = dict.fromkeys(
        id
        for name, moves in analysis.moves_by_event.items()
        if _takes_its_place(analysis, name, t)
        for move in moves
        if t.source in analysis.explored.spots[move.before].active
        for id in move.transitions
    )
    if instead:
        return f"wherever {t.source or 'the root'} is active, {listed(instead)} comes first"
    return f"nothing that it waits for comes while {t.source or 'the root'} is active"


def _takes_its_place(analysis: Analysis, event: str | None, t: Transition) -> bool:
    if event is None:
        return t.trigger.kind == "always"
    return t.trigger.kind != "always" and matches(analysis.chart.policy, t.trigger, event)


def _before(analysis: Analysis, t: Transition) -> Iterator[Transition]:
    """Transitions of the same state that come before it, for each of its events."""
    for name in t.trigger.events or (None,):
        asked = candidates(analysis.tree, analysis.tree.index[t.source], name)
        if t in asked:
            yield from asked[: asked.index(t)]


def duplicates(analysis: Analysis) -> Iterator[Finding]:
    known: dict[tuple[object, ...], str] = {}
    for t in analysis.chart.transitions:
        if t.trigger.kind == "after":
            continue
        key = (t.source, t.trigger, t.guards, t.targets, t.actions, t.internal)
        first = known.setdefault(key, t.id)
        if first != t.id:
            yield analysis.finding(
                "duplicate-transition",
                "transition",
                t.id,
                f"it is equal to {first}, which comes first",
                "remove one of them",
            )


def impossible_guards(analysis: Analysis) -> Iterator[Finding]:
    if not analysis.complete:
        return
    for t in analysis.chart.transitions:
        beside = analysis.together.get(t.source)
        if beside is None:
            continue
        for guard in t.guards:
            if guard.kind == "in" and guard.name not in beside and guard.name:
                yield analysis.finding(
                    "in-guard-impossible",
                    "transition",
                    t.id,
                    f"it requires {guard.name} to be active, which it never is while {t.source} is",
                    "name a state of a region beside its source",
                )


def constant_guards(analysis: Analysis) -> Iterator[Finding]:
    for name in analysis.guard_names:
        constant = analysis.reading(name).constant
        if constant is None and name.strip().lower() in ("true", "false"):
            constant = (name.strip().lower() == "true",)
        if constant is not None:
            answer = "true" if constant[0] else "false"
            users = [t.id for t in analysis.chart.transitions if Guard(name) in t.guards]
            yield analysis.finding(
                "constant-guard",
                "function",
                name,
                f"it always returns {answer}; {listed(users)} relies on it",
                "remove the guard"
                if constant[0]
                else "remove the transition, or correct the guard",
            )


def conflicting_regions(analysis: Analysis) -> Iterator[Finding]:
    """Transitions without guards, of parallel states, that one event enables together."""
    leading = [
        t
        for t in analysis.chart.transitions
        if t.targets and t.id in analysis.taken and t.trigger.kind in ("event", "done")
        and not analysis.has_function(t)
    ]  # fmt: skip
    by_event: dict[str, list[Transition]] = {}
    for t in leading:
        for name in t.trigger.events:
            by_event.setdefault(name, []).append(t)
    pairs = (pair for those in by_event.values() for pair in combinations(those, 2))
    for first, second in islice(pairs, PAIR_LIMIT):
        one, other = analysis.tree.index[first.source], analysis.tree.index[second.source]
        if (
            second.source not in analysis.together.get(first.source, ())
            or analysis.is_within(first.source, second.source)
            or analysis.is_within(second.source, first.source)
            or first.targets == second.targets
        ):
            continue
        tops = [domain(analysis.tree, t, {}) for t in (first, second)]
        # those of XState 4 exit other regions only if their targets are elsewhere
        alone = analysis.chart.policy.nesting == "xstate4" and (
            len(version4.compatible(analysis.tree, (), (first, second), {})) == 2
        )
        meet = not alone and any(
            top is not None and analysis.tree.is_descendant(one, top)
            and analysis.tree.is_descendant(other, top)
            for top in tops
        )  # fmt: skip
        if meet:
            yield analysis.finding(
                "conflicting-regions",
                "transition",
                second.id,
                f"where {first.source} and {second.source} are both active, "
                f"{listed(sorted(set(first.trigger.events) & set(second.trigger.events)))} is for "
                f"{first.id} too, which leads to {listed(first.targets)} and comes first; this one "
                "is dropped",
                "give one of them a guard, or take the event in a state around both regions",
            )


def does_nothing(analysis: Analysis) -> Iterator[Finding]:
    """Transitions without targets and actions, unless they hide an event from an ancestor.

    One that takes the cancellation does something as it is: the instance goes on.
    """
    for t in analysis.chart.transitions:
        if t.targets or any(t.actions) or t.trigger.kind in {"always", "cancel"}:
            continue
        _, *above = analysis.line(t.source)
        heard = any(
            candidates(analysis.tree, analysis.tree.index[state], name)
            for state in above
            for name in t.trigger.events
        )
        if not heard and t.trigger.kind != "any":
            yield analysis.finding(
                "does-nothing",
                "transition",
                t.id,
                f"its event is accepted in {t.source or 'the root'} and changes nothing",
                "give it something to do, or remove it: then the event is refused",
            )
