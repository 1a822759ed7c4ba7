"""Is there an order of the operations, each between its begin and its end, that explains what
their callers saw?

The algorithm is that of Wing and Gong (1993) with Lowe's memory (2017): operations are tried in the
order of their ends; one may come next if nothing that is left ended before it began; what was tried
before, the same set of operations come to the same state, is not tried again. Each object
is looked at by itself, which loses nothing (Herlihy and Wing 1990, theorem 1).

An operation of which its caller knows nothing may have happened at any time after its begin, or
never.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

#: applications of the model to one object's history, after which the question is given up
WORK = 1_000_000


class Model(Protocol):
    """One object. States and results are hashable values."""

    initial: Any

    def apply(self, state: Any, action: Any, /) -> tuple[Any, Any]:
        """The state afterwards and the result."""
        ...

    def reads(self, action: Any, /) -> bool:
        """Whether it changes nothing, whatever the state."""
        ...


@dataclass(frozen=True)
class Operation:
    """One call, as its caller saw it. ``begin`` and ``end`` in seconds.

    ``ok`` and ``failed`` have a result, which the model has to come to as well; ``unknown`` has
    neither result nor end.
    """

    place: Hashable
    action: Any
    begin: float
    end: float
    outcome: Literal["ok", "failed", "unknown"]
    result: Any = None
    caller: str = ""
    #: its idempotency key
    key: str = ""

    def __str__(self) -> str:
        end = "…" if self.outcome == "unknown" else f"{self.end:.6f}"
        result = "" if self.outcome == "unknown" else f" = {self.result}"
        return f"{self.caller} [{self.begin:.6f}, {end}] {self.action}{result}"


class TooMuchWork(Exception):
    """The bound was hit: nothing is known."""

    def __init__(self, place: Hashable, operations: int, work: int) -> None:
        super().__init__(
            f"{operations} operations on {place} were not decided in {work} steps: ask for more "
            "work, or record shorter histories"
        )


def violations(log: Iterable[Operation], model: Model, *, work: int = WORK) -> list[str]:
    """A finding for each object whose history nothing explains. Raises :class:`TooMuchWork`."""
    places: dict[Hashable, list[Operation]] = defaultdict(list)
    for operation in log:
        if not (operation.outcome == "unknown" and model.reads(operation.action)):
            places[operation.place].append(operation)
    findings = [_check(place, log, model, work) for place, log in places.items()]
    return [finding for finding in findings if finding]


def is_linearizable(log: Iterable[Operation], model: Model, *, work: int = WORK) -> bool:
    return not violations(log, model, work=work)


def _check(place: Hashable, log: Sequence[Operation], model: Model, work: int) -> str:
    search = _Search(log, model)
    left = work
    while not search.is_explained():
        if left == 0:
            raise TooMuchWork(place, len(log), work)
        left -= 1
        if not search.go_on():
            return _finding(place, search)
    return ""


def _finding(place: Hashable, search: _Search) -> str:
    best = "\n".join(f"    {one}" for one in search.longest()[-12:])
    blocked = "\n".join(f"    {one}" for one in search.blocked())
    return (
        f"{place}: no order explains its {len(search.log)} operations; the longest that one does "
        f"comes to {search.reached}, its last ones being\n{best}\n"
        f"  and none of these can come next:\n{blocked}"
    )


class _Search:
    """Depth first, with a stack of its own. A set of operations is the bits of a number."""

    def __init__(self, log: Sequence[Operation], model: Model) -> None:
        self.log = sorted(log, key=lambda one: (_end(one), one.begin))
        self._model = model
        self._certain = sum(
            1 << number for number, one in enumerate(self.log) if one.outcome != "unknown"
        )
        self._state = model.initial
        self._done = 0
        #: (operation, state before it)
        self._path: list[tuple[int, Any]] = []
        #: the next operation to try
        self._next = 0
        self._seen: set[tuple[int, Hashable]] = set()
        self._longest: list[int] = []
        self.reached = model.initial

    def is_explained(self) -> bool:
        return self._done & self._certain == self._certain

    def go_on(self) -> bool:
        """Tries one operation more; False where all have been tried in vain."""
        first_end = self._first_end(self._done)
        while self._next < len(self.log):
            number = self._next
            self._next += 1
            one = self.log[number]
            if self._done >> number & 1 or one.begin > first_end:
                continue
            after, result = self._model.apply(self._state, one.action)
            place = (self._done | 1 << number, after)
            # where nobody knows of it, one that changes nothing may as well not have happened
            as_seen = after != self._state if one.outcome == "unknown" else result == one.result
            if as_seen and place not in self._seen:
                self._seen.add(place)
                self._path.append((number, self._state))
                self._done, self._state = place
                self._next = _first_left(self._done)
                if len(self._path) > len(self._longest):
                    self._longest = [number for number, _ in self._path]
                    self.reached = after
            return True
        if not self._path:
            return False
        number, self._state = self._path.pop()
        self._done &= ~(1 << number)
        self._next = number + 1
        return True

    def longest(self) -> list[Operation]:
        """The longest order that was found."""
        return [self.log[number] for number in self._longest]

    def blocked(self) -> list[Operation]:
        """What might have come after it."""
        done = sum(1 << number for number in self._longest)
        first_end = self._first_end(done)
        left = (one for number, one in enumerate(self.log) if not done >> number & 1)
        return [one for one in left if one.begin <= first_end]

    def _first_end(self, done: int) -> float:
        """Whatever begins after this has to wait for something that is left."""
        number = _first_left(done)
        return _end(self.log[number]) if number < len(self.log) else math.inf


def _first_left(done: int) -> int:
    """The lowest bit that is not set; the operations are in the order of their ends."""
    return (~done & (done + 1)).bit_length() - 1


def _end(one: Operation) -> float:
    return math.inf if one.outcome == "unknown" else one.end
