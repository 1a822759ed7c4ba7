"""Checks for endless steps: cycles of immediate transitions, and of raised events."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.finding import Finding
from statehold.check.lint.samples import Samples
from statehold.interpreter.explored import Edge

#: microsteps that are followed, looking for cycles
FOLLOW_LIMIT = 20_000
#: microsteps of one cycle of guarded transitions
CYCLE_LIMIT = 8
#: raised events that wait, and microsteps that are followed from one event
RAISED_LIMIT = 50


def endless(analysis: Analysis, samples: Samples | None) -> Iterator[Finding]:
    """``samples`` None: guards must not be called."""
    known: set[frozenset[str]] = set()
    for certain, (cycle, because) in (
        *((True, found) for found in _certain(analysis)),
        *((True, found) for found in _raised(analysis)),
        *((False, found) for found in _guarded(analysis, samples)),
    ):
        ids = dict.fromkeys(id for move in cycle for id in move.transitions)
        if not ids or any(one <= frozenset(ids) for one in known):
            continue
        known.add(frozenset(ids))
        first = next(t.id for t in analysis.chart.transitions if t.id in ids)
        yield analysis.finding(
            "endless-eventless",
            "transition",
            first,
            f"a step that takes {listed(ids)} never ends: {because}",
            "add a guard that becomes false on the way, or wait for an event",
            # with guards, only some instances are affected
            severity=None if certain else "warning",
        )


def _immediate(analysis: Analysis) -> Iterator[Edge]:
    """Moves without events that repeat. Those of XState that lead to the same states repeat only
    while they change the data, which the limit of a step ends."""
    settles = analysis.chart.policy.nesting != "scxml"
    for move in analysis.moves:
        if move.event is None and not (settles and move.before == move.after):
            yield move


def _certain(analysis: Analysis) -> Iterator[tuple[list[Edge], str]]:
    """Cycles that every guard leads to."""
    onward = {move.before: move for move in _immediate(analysis) if move.only}
    seen: set[int] = set()
    for begin in onward:
        path: list[Edge] = []
        places: dict[int, int] = {}
        at: int | None = begin
        while at is not None and at in onward and at not in seen and at not in places:
            places[at] = len(path)
            path.append(onward[at])
            at = onward[at].after
        if at in places:
            yield path[places[at]:], "each immediately follows the other, for ever"  # fmt: skip
        seen.update(places)


def _guarded(analysis: Analysis, samples: Samples | None) -> Iterator[tuple[list[Edge], str]]:
    """Cycles that do not change the data, so that a guard that is true once stays true."""
    onward: dict[int, list[Edge]] = defaultdict(list)
    for move in _immediate(analysis):
        if not move.runs and move.after is not None:
            onward[move.before].append(move)
    budget = FOLLOW_LIMIT
    for begin in list(onward):
        pending: list[tuple[int, list[Edge]]] = [(begin, [])]
        while pending and budget:
            budget -= 1
            at, path = pending.pop()
            for move in onward[at]:
                assert move.after is not None
                if move.after == begin:
                    because = _stays_true(analysis, [*path, move], samples)
                    if because is not None:
                        yield [*path, move], because
                elif move.after > begin and len(path) + 1 < CYCLE_LIMIT:
                    pending.append((move.after, [*path, move]))


def _stays_true(analysis: Analysis, cycle: Sequence[Edge], samples: Samples | None) -> str | None:
    """Why all guards of the cycle are true together; None: it is not known that they are."""
    functions = set(analysis.guard_names)
    said = {(name, answer) for move in cycle for name, answer in move.guards if name in functions}
    yes = [name for name, answer in sorted(said) if answer]
    no = [name for name, answer in sorted(said) if not answer]
    if not said or set(yes) & set(no) or any(_takes(analysis, name) > 1 for name, _ in said):
        return None
    if len(yes) == 1 and not no:
        return f"nothing changes the data after {yes[0]} is true, so it stays true"
    witness = samples.agreeing(yes, no) if samples is not None else None
    if witness is None:
        return None
    false = f" and {listed(no)} false" if no else ""
    return f"with {witness}, {listed(yes)} are true{false}, and nothing changes the data"


def _takes(analysis: Analysis, name: str) -> int:
    function = analysis.definition.functions.get(name) if analysis.definition else None
    return 1 if function is None else function.takes


def _raised(analysis: Analysis) -> Iterator[tuple[list[Edge], str]]:
    """Cycles of events that raise one another."""
    raising = {t.id: _raised_by(analysis, t.id) for t in analysis.chart.transitions}
    names = {name for those in raising.values() for name in those}
    if not names:
        return
    ways: dict[tuple[int, str | None], list[Edge]] = defaultdict(list)
    for move in analysis.moves:
        ways[move.before, move.event].append(move)
    only = {key: moves[0] for key, moves in ways.items() if len(moves) == 1 and moves[0].only}
    for spot, name in [key for key in only if key[1] in names]:
        assert name is not None
        path: list[Edge] = []
        places: dict[tuple[int, tuple[str, ...]], int] = {}
        at: int | None = spot
        waiting = deque([name])
        while at is not None and waiting and len(path) < RAISED_LIMIT:
            key = (at, tuple(waiting))
            if key in places:
                yield path[places[key] :], "it raises the event that it takes"
                break
            places[key] = len(path)
            if (at, None) in ways:
                break
            event = waiting.popleft()
            if (at, event) not in ways:
                continue
            if (at, event) not in only:
                break
            move = only[at, event]
            path.append(move)
            for id in move.transitions:
                waiting.extend(raising[id])
            at = move.after


def _raised_by(analysis: Analysis, id: str) -> list[str]:
    return [
        name
        for block in analysis.transitions[id].actions
        for action in block
        if action.kind == "run"
        for name in sorted(analysis.reading(action.name).surely)
    ]
