"""The work that all evaluations of one step, or of one answer, may do together.

Each evaluation has a limit of its own; but a step evaluates many, one after another, and nothing
else runs meanwhile. So the code that takes a step opens an allowance, to which every evaluation is
charged; and so does code that evaluates a machine's expressions for anything else: what is allowed,
what a reader sees, what a request holds. Without one, as where charts are checked, only the limits
of single evaluations apply.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from statehold.expression.language import EvaluationFailed

#: units of work (:mod:`.frame`) of all evaluations of one step; about a second
STEP_WORK_LIMIT = 5_000_000
#: the same of one answer, of which many may be requested at once; under half a second
ANSWER_WORK_LIMIT = 2_000_000
#: characters of a text that take about as long as one unit
_CHARACTERS = 8


class Allowance:
    """``left`` is below 0 once the last evaluation took more than there was."""

    __slots__ = ("left", "limit", "whose")

    def __init__(self, whose: str, limit: int) -> None:
        self.whose = whose
        self.limit = limit
        self.left = limit

    def spend(self, units: int) -> None:
        """Raises ``EvaluationFailed`` once it is spent."""
        self.left -= units
        if self.left < 0:
            raise EvaluationFailed(
                f"{self.whose} takes more than {self.limit:,} units of work, the most for all its "
                "evaluations together"
            )


_open: ContextVar[Allowance | None] = ContextVar("statehold_allowance", default=None)


@contextmanager
def step_allowance() -> Iterator[None]:
    """Opens the allowance of one step."""
    with _allow("the step", STEP_WORK_LIMIT):
        yield


@contextmanager
def answer_allowance(whose: str) -> Iterator[None]:
    """Opens the allowance of one answer; ``whose`` names it in the error."""
    with _allow(whose, ANSWER_WORK_LIMIT):
        yield


@contextmanager
def _allow(whose: str, limit: int) -> Iterator[None]:
    token = _open.set(Allowance(whose, limit))
    try:
        yield
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
