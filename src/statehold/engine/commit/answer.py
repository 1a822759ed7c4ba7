"""Answers the requests of a batch once their writes are committed, or sends them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from statehold.engine.commit.apply import Applied
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.write import Written
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import (
    ActionFailed,
    Forbidden,
    GuardFailed,
    InstanceUnreadable,
    InvalidPayload,
    StateholdError,
    StepFailed,
    StoreUnavailable,
    TooLarge,
)
from statehold.instance.tracebacks import at, step_trace
from statehold.records import Ref
from statehold.store import WriteResult

log = logger(__name__)


class Answerer:
    def __init__(self, context: EngineContext, cache: Cache) -> None:
        self._context = context
        self._cache = cache

    def answer(self, applied: Applied, outcomes: Mapping[Ref, Written]) -> Iterable[Request]:
        """``outcomes`` are of the instances that were written. Gives the requests that are to be
        applied again, as their write has lost."""
        lost = applied.stale
        for request, answer in applied.answers:
            outcome = outcomes.get(request.ref)
            if outcome is None or outcome is WriteResult.WRITTEN:
                if isinstance(answer, StateholdError):
                    self._reject(request, answer)
                else:
                    request.reply(answer)
            elif isinstance(outcome, InstanceUnreadable):
                self._cache.drop([request.ref])
                request.reject(outcome)
            else:
                if outcome is WriteResult.KEY_USED:
                    request.asks_key()
                lost.append(request)
        return self._again(lost) if lost else ()

    def _reject(self, request: Request, error: StateholdError) -> None:
        """The log gets the place where the machine's code raised, and what its caller may not know
        of the error; the caller does not."""
        if isinstance(error, Forbidden):
            if error.__cause__ is not None:
                ref = request.ref
                what = f"a condition on {request.describe()} of {ref.machine}/{ref.id}"
                extra = about(self._context, ref)
                log.warning("%s raised", what, exc_info=error.__cause__, extra=extra)
        elif isinstance(error, (ActionFailed, GuardFailed)) or _is_withheld(request, error):
            trace, ref = step_trace(error), request.ref
            extra = about(self._context, ref, **({"exception": trace} if trace else {}))
            what = f"{request.describe()} of {ref.machine}/{ref.id}"
            log.warning("%s was refused: %s%s", what, error, at(trace), extra=extra)
        request.reject(error)

    def _again(self, requests: Sequence[Request]) -> list[Request]:
        """Those that have lost less often than the limit."""
        limit = self._context.limits.conflicts
        back: list[Request] = []
        for request in requests:
            request.conflicts += 1
            self._cache.drop([request.ref])
            if request.conflicts > limit:
                why = f"instance {request.ref.id!r} was changed by others {limit} times meanwhile"
                request.reject(StoreUnavailable(why))
            else:
                back.append(request)
        return back


def _is_withheld(request: Request, error: StateholdError) -> bool:
    """Whether it may be about stored data, and its caller one that is not to see that."""
    if request.caller.roles is None or request.own_fault:
        return False
    return isinstance(error, (StepFailed, InvalidPayload, TooLarge))
