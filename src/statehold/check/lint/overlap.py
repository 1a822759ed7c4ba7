"""Overlapping guards: two are true together, so that the order of the transitions decides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from statehold.chart.model import Transition
from statehold.check.lint.analysis import Analysis
from statehold.check.lint.finding import Finding
from statehold.check.lint.samples import Samples
from statehold.interpreter.selection import candidates

#: pairs of guards that are compared
PAIR_LIMIT = 100_000
#: pairs of which the guards are called
ASKED_LIMIT = 200


def overlapping(analysis: Analysis, samples: Samples) -> Iterator[Finding]:
    """Pairs with a sample for which both are true. A transition with only some of the guards of an
    earlier one is the general case after the special one, which is no finding."""
    compared: set[tuple[str, str]] = set()
    for first, second, event in _pairs(analysis):
        if (first.id, second.id) in compared:
            continue
        if len(compared) >= ASKED_LIMIT:
            break
        compared.add((first.id, second.id))
        one, other = _functions(first), _functions(second)
        found = samples.compare(one, other, event)
        if found is None or found.both is None:
            continue
        asks, also = ", ".join(one), ", ".join(other)
        begin = f"with {found.both}, both {asks} ({first.id}) and {also} are true"
        if not found.second_alone:
            message = (
                f"{begin}, and no data was found for which only {also} is true: {first.id} "
                "always seems to come first"
            )
        elif not found.first_alone:
            message = f"{begin}; {first.id} is the special case of it, and comes first"
        else:
            message = f"{begin}; {first.id} is taken, as it comes first"
        yield analysis.finding(
            "overlapping-guards",
            "transition",
            second.id,
            message,
            "let the guards exclude each other, or remove the guard of the last one, so that it "
            "takes all other cases",
            # the special case before the general one is common
            severity="info" if found.second_alone and not found.first_alone else None,
        )


def _pairs(analysis: Analysis) -> Iterator[tuple[Transition, Transition, str | None]]:
    """Transitions of one state for one event, in their order."""
    budget = PAIR_LIMIT
    for number, own in enumerate(analysis.tree.transitions):
        names = dict.fromkeys(n for t in own for n in (t.trigger.events or (None,)))
        for name in names:
            asked = candidates(analysis.tree, number, name)
            for first, second in combinations(asked, 2):
                budget -= 1
                if not budget:
                    return
                differ = (first.targets, first.actions) != (second.targets, second.actions)
                if differ and _can_be_compared(first, second):
                    yield first, second, name


def _can_be_compared(first: Transition, second: Transition) -> bool:
    """Whether each has a guard that the other has not, and all are functions."""
    one, other = set(first.guards), set(second.guards)
    if one <= other or other <= one:
        return False
    return all(guard.kind == "function" for guard in one ^ other)


def _functions(t: Transition) -> list[str]:
    return [guard.name for guard in t.guards if guard.kind == "function"]
