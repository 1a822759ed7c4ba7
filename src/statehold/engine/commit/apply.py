"""Applies the requests of a batch to the drafts of their instances, in order.

1. A request that is refused leaves its draft as it was; the others of its batch go on.
2. An unexpected error may have left its draft half changed: nothing of the batch is
   committed, and the others start again without the request that broke.
3. An answer that changes nothing is not checked by a compare-and-set. Where other workers may have
   changed the instance since it was loaded, the request is applied again to what the store has now.
4. The expressions of a step have so much time (:mod:`statehold.expression.allowance`). Python code
   can't be interrupted: a request that held the event loop for longer is logged and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from time import perf_counter, thread_time
from typing import Any, NamedTuple

from statehold.engine.log_fields import about, logger
from statehold.engine.observer import call_safely
from statehold.engine.raised import by_signal
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import ActionFailed, Forbidden, NewerVersion, Refused, StateholdError
from statehold.expression.allowance import Time, timed
from statehold.instance.authorize import refuse
from statehold.instance.draft import Draft
from statehold.records import Ref

log = logger(__name__)


class Applied(NamedTuple):
    """``answers`` has each request with its answer, or with the error that refuses it; ``stale``
    are those to be applied again, to what the store has then."""

    answers: list[tuple[Request, Any]]
    stale: list[Request]


class Applier:
    """``newer`` is called when an instance has a version that does not run here yet."""

    def __init__(
        self, context: EngineContext, newer: Callable[[], None], *, exclusive: bool
    ) -> None:
        self._context = context
        self._tracer = context.tracer
        self._newer = newer
        self._exclusive = exclusive
        self._step_time = Time(thread_time, context.limits.step_seconds)

    def apply(
        self,
        batch: Sequence[Request],
        drafts: Mapping[Ref, Draft],
        fresh: Collection[Ref],
        back: set[Request],
    ) -> Applied | None:
        """What came of the requests, or None where one broke the batch. ``fresh`` are instances
        that were loaded just now; ``back`` gets the requests that go into another batch."""
        with timed(self._step_time):
            return self._apply(batch, drafts, fresh, back)

    def _apply(
        self,
        batch: Sequence[Request],
        drafts: Mapping[Ref, Draft],
        fresh: Collection[Ref],
        back: set[Request],
    ) -> Applied | None:
        context, tracer = self._context, self._tracer
        longest = context.limits.step_seconds
        applied = Applied([], [])
        for request in batch:
            draft = drafts.get(request.ref)
            if draft is None or request.future.done():
                continue
            if tracer is not None:
                draft.trace = call_safely(tracer.applying, request, draft) or ""
            answer: Any
            refused = False
            began = perf_counter()
            try:
                if request.caller.roles is None:
                    answer = request.apply(draft, context)
                else:
                    answer = _permitted(request, draft, context)
            except (Refused, NewerVersion) as error:
                answer, refused = error, True
                request.about = draft.definition, draft.instance if draft.exists else None
                if isinstance(error, NewerVersion):
                    self._newer()
            # nothing is awaited in there: a cancellation, or an exit, is the machine's own
            except BaseException as error:
                if by_signal(error):
                    raise
                self._drop_broken(request, error, draft)
                back.update(one for one in batch if not one.future.done())
                return None
            if (took := perf_counter() - began) > longest:
                self._report(request, took)
            if request.is_audited and not refused and draft.touched:
                draft.audit.append(request.audit_entry(draft.now))
            if tracer is not None:
                call_safely(tracer.applied, request, draft)
            if refused and request.asks_key():
                back.add(request)
            elif self._exclusive or draft.touched or request.ref in fresh:
                applied.answers.append((request, answer))
            else:
                applied.stale.append(request)
        return applied

    def _report(self, request: Request, seconds: float) -> None:
        ref = request.ref
        log.warning(
            "%s of %s held the event loop for %.3f s, in which nothing else was done; keep what "
            "takes long in an effect",
            request.describe(),
            f"{ref.machine}/{ref.id}",
            seconds,
            extra=about(self._context, ref),
        )
        if self._context.observer is not None:
            call_safely(self._context.observer.delayed, request, seconds)

    def _drop_broken(self, request: Request, error: BaseException, draft: Draft) -> None:
        if request.asks_key():
            return
        what, ref = request.describe(), request.ref
        extra = about(self._context, ref, seq=0 if draft.loaded is None else draft.loaded.row.seq)
        place = f"{ref.machine}/{ref.id}"
        log.error("%s of %s broke its batch", what, place, exc_info=error, extra=extra)
        if not isinstance(error, StateholdError):
            error = ActionFailed(what, error)
        request.reject(error)


def _permitted(request: Request, draft: Draft, context: EngineContext) -> Any:
    """Applies a request whose caller has to be asked for, to the instance as it is in this turn. An
    upgrade in passing asks again, before it changes anything; what is refused before that says
    nothing of the instance."""
    request.authorize(draft)
    if not request.upgrades_first:
        return request.apply(draft, context)
    draft.asks = request.authorize_on
    try:
        return request.apply(draft, context)
    except (Refused, NewerVersion) as error:
        if request.is_undecided and not isinstance(error, Forbidden):
            refuse(request.caller, request.right or "act", draft.definition.name)
        raise
    finally:
        draft.asks = None
