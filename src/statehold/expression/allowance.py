"""The work that all evaluations of one step, or of one answer, may do together.

Each evaluation has a limit of its own; but a step evaluates many, one after another, and nothing
else runs meanwhile. So the code that takes a step opens an allowance, to which every evaluation is
charged; and so does code that evaluates a machine's expressions for anything else: what is allowed,
what a reader sees, what a request holds. Without one, as where charts are checked, only the limits
of single evaluations apply.

Where steps are taken for good, their time is bounded too (:func:`timed`): units are estimates. The
clock is given, and nothing that is repeated to be compared (checks, simulations) has one, so that
time decides nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from statehold.expression.language import EvaluationFailed

#: units of work (:mod:`.frame`) of all evaluations of one step; about a second
STEP_WORK_LIMIT = 5_000_000
#: the same of one answer, of which many may be requested at once; about a tenth of a second
ANSWER_WORK_LIMIT = 700_000
#: characters of a text that take about as long as one unit
_CHARACTERS = 8


class Allowance:
    """``left`` is below 0 once the last evaluation took more than there was."""

    __slots__ = ("_is_late", "_time", "_until", "left", "limit", "whose")

    def __init__(self, whose: str, limit: int, time: Time | None = None) -> None:
        self.whose = whose
        self.limit = limit
        self.left = limit
        self._is_late = False
        self._time = time
        self._until = 0.0 if time is None else time.clock() + time.seconds

    def spend(self, units: int) -> None:
        """Raises ``EvaluationFailed`` once it is spent, or its time is up."""
        self.left -= units
        if self._time is not None and self.left >= 0 and self._time.clock() > self._until:
            self.left = -1
            self._is_late = True
        if self.left < 0:
            most = f"{self.limit:,} units of work"
            if self._is_late and self._time is not None:
                most = f"{self._time.seconds:g} s of the processor's time"
            raise EvaluationFailed(
                f"{self.whose} takes more than {most}, the most for all its evaluations together"
            )


class Time(NamedTuple):
    """How long a step's evaluations may take: seconds of a clock that counts the time of the
    processor, so that a machine with much else to do refuses no more than an idle one."""

    clock: Callable[[], float]
    seconds: float


_time: ContextVar[Time | None] = ContextVar("statehold_step_time", default=None)


@contextmanager
def timed(time: Time | None) -> Iterator[None]:
    """Bounds the time of each step inside of it; None: of none."""
    token = _time.set(time)
    try:
        yield
    finally:
        _time.reset(token)


_open: ContextVar[Allowance | None] = ContextVar("statehold_allowance", default=None)


@contextmanager
def step_allowance() -> Iterator[Allowance]:
    """Opens the allowance of one step."""
    with _allow(Allowance("the step", STEP_WORK_LIMIT, _time.get())) as allowance:
        yield allowance


@contextmanager
def answer_allowance(whose: str) -> Iterator[Allowance]:
    """Opens the allowance of one answer, which its parts share; ``whose`` names it in the error."""
    around = _open.get()
    if around is not None and around.limit == ANSWER_WORK_LIMIT:
        yield around
        return
    with _allow(Allowance(whose, ANSWER_WORK_LIMIT)) as allowance:
        yield allowance


@contextmanager
def _allow(allowance: Allowance) -> Iterator[Allowance]:
    token = _open.set(allowance)
    try:
        yield allowance
    finally:
        _open.reset(token)


def is_open() -> bool:
    return _open.get() is not None


def is_used_up() -> bool:
    allowance = _open.get()
    return allowance is not None and allowance.left < 0


def begin(text: str) -> Allowance | None:
    """The open allowance, charged with evaluating this text once."""
    allowance = _open.get()
    if allowance is not None:
        allowance.spend(1 + len(text) // _CHARACTERS)
    return allowance


def charge(units: int) -> None:
    """Charges work that is no evaluation, such as a round of a loop."""
    allowance = _open.get()
    if allowance is not None:
        allowance.spend(units)
