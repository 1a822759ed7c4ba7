"""Cycles that a step never gets out of: of immediate transitions, and of events that it raises."""

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


def endless(subject: Analysis, samples: Samples | None) -> Iterator[Finding]:
    """``samples`` are there where guards may be asked."""
    told: set[frozenset[str]] = set()
    for certain, (cycle, because) in (
        *((True, found) for found in _certain(subject)),
        *((True, found) for found in _raised(subject)),
        *((False, found) for found in _guarded(subject, samples)),
    ):
        ids = dict.fromkeys(id for move in cycle for id in move.transitions)
        if not ids or any(known <= frozenset(ids) for known in told):
            continue
        told.add(frozenset(ids))
        first = next(t.id for t in subject.chart.transitions if t.id in ids)
        yield subject.finding(
            "endless-eventless",
            "transition",
            first,
            f"a step that takes {listed(ids)} never ends: {because}",
            "add a guard that becomes false on the way, or wait for an event",
            # where a guard may say no, other instances can do without
            severity=None if certain else "warning",
        )


def _immediate(subject: Analysis) -> Iterator[Edge]:
    """Moves without events that are taken again. XState's that lead nowhere else are not, unless
    they change the data; a step's own limit ends those that always do."""
    settles = subject.chart.policy.nesting != "scxml"
    for move in subject.moves:
        if move.event is None and not (settles and move.before == move.after):
            yield move


def _certain(subject: Analysis) -> Iterator[tuple[list[Edge], str]]:
    """Round and round, whatever the guards say."""
    onward = {move.before: move for move in _immediate(subject) if move.only}
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
            yield path[places[at]:], "each is taken at once after the other, for ever"  # fmt: skip
        seen.update(places)


def _guarded(subject: Analysis, samples: Samples | None) -> Iterator[tuple[list[Edge], str]]:
    """Nothing on the way changes the data, so a guard that said yes once says yes for ever."""
    onward: dict[int, list[Edge]] = defaultdict(list)
    for move in _immediate(subject):
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
                    because = _stays_true(subject, [*path, move], samples)
                    if because is not None:
                        yield [*path, move], because
                elif move.after > begin and len(path) + 1 < CYCLE_LIMIT:
                    pending.append((move.after, [*path, move]))


def _stays_true(subject: Analysis, cycle: Sequence[Edge], samples: Samples | None) -> str | None:
    """Why the guards on the way all hold at once, if they do."""
    functions = set(subject.guard_names)
    said = {(name, answer) for move in cycle for name, answer in move.guards if name in functions}
    yes = [name for name, answer in sorted(said) if answer]
    no = [name for name, answer in sorted(said) if not answer]
    if not said or set(yes) & set(no) or any(_takes(subject, name) > 1 for name, _ in said):
        return None
    if len(yes) == 1 and not no:
        return f"once {yes[0]} says yes nothing changes the data, so it says yes for ever"
    witness = samples.agreeing(yes, no) if samples is not None else None
    if witness is None:
        return None
    denied = f" and {listed(no)} no" if no else ""
    return f"with {witness}, {listed(yes)} say yes{denied}, and nothing changes the data"


def _takes(subject: Analysis, name: str) -> int:
    function = subject.definition.functions.get(name) if subject.definition else None
    return 1 if function is None else function.takes


def _raised(subject: Analysis) -> Iterator[tuple[list[Edge], str]]:
    """Events that are raised whenever they are taken."""
    raising = {t.id: _raised_by(subject, t.id) for t in subject.chart.transitions}
    names = {name for those in raising.values() for name in those}
    if not names:
        return
    ways: dict[tuple[int, str | None], list[Edge]] = defaultdict(list)
    for move in subject.moves:
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
                yield path[places[key] :], "it raises the very event that it is taken by"
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


def _raised_by(subject: Analysis, id: str) -> list[str]:
    return [
        name
        for block in subject.transitions[id].actions
        for action in block
        if action.kind == "run"
        for name in sorted(subject.reading(action.name).surely)
    ]
