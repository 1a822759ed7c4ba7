"""Attempts: the state of each piece of work of an instance that may fail.

An attempt stands for an effect, a child instance, a timer whose step failed, a message that came
back or an upgrade that failed. It is stored with its instance, under the key of its effect,
``timer:`` and the timer's id, ``message:`` and the message's number, or ``upgrade``.

1. ``EDGES`` has every change that there is. Each event has one method of :class:`Attempt`, which
   sets the fields; no other code sets them. A change that is not in the table raises
   :class:`IllegalEdge`.
2. The state is not stored: it follows from the fields (:attr:`Attempt.state`).
3. An attempt that has ended is not kept. The journal says how it ended.

``docs/reference/attempts.md`` has the picture and the meaning of each state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from msgspec import Raw, Struct
from msgspec.structs import replace

from statehold.instance.tracebacks import TRACE_CHARS
from statehold.interpreter.command import (
    CancelEffect,
    CancelTimer,
    StartChild,
    StartEffect,
    child_instance,
)
from statehold.interpreter.snapshot import Step, Timer
from statehold.records import MaybeRaw, Ref, Status

#: the key of the incident that a failed upgrade leaves
UPGRADE_KEY = "upgrade"
#: the key of the incident that stands for an instance that can't be read
UNREADABLE_KEY = "unreadable"
#: in the place of a worker: any worker with capacity for coroutine functions, for plain functions
WAITING = ("(waiting)", "(waiting for a thread)")

AttemptKind = Literal["effect", "timer", "message", "upgrade"]
AttemptState = Literal[
    "new", "waiting", "running", "child", "backing_off", "outcome_held", "result_kept", "incident",
    "done", "failed", "cancelled", "skipped",
]  # fmt: skip
AttemptEvent = Literal[
    "begin", "queue", "start_child", "free", "take_over", "postpone", "hold_outcome",
    "keep_result", "apply_again", "raise_incident", "retry", "retry_result",
    "done", "fail", "cancel", "skip",
]  # fmt: skip

_ENDS: dict[AttemptEvent, AttemptState] = {
    "done": "done",
    "fail": "failed",
    "cancel": "cancelled",
}
#: an operator may skip all but children; an outcome counts whenever it comes: the work is done
_OUTCOMES: dict[AttemptEvent, AttemptState] = {
    **_ENDS,
    "skip": "skipped",
    "keep_result": "result_kept",
    "raise_incident": "incident",
}

#: by state, the state after each event
EDGES: Mapping[AttemptState, Mapping[AttemptEvent, AttemptState]] = {
    "new": {
        "begin": "running",
        "queue": "waiting",
        "start_child": "child",
        "postpone": "backing_off",
        "raise_incident": "incident",
    },
    "waiting": {
        "begin": "running",
        "free": "backing_off",
        "postpone": "backing_off",
        "hold_outcome": "outcome_held",
        **_OUTCOMES,
    },
    "running": {
        "queue": "waiting",
        "free": "backing_off",
        "take_over": "backing_off",
        "postpone": "backing_off",
        "hold_outcome": "outcome_held",
        **_OUTCOMES,
    },
    "child": _ENDS,
    "backing_off": {
        "begin": "running",
        "queue": "waiting",
        "postpone": "backing_off",
        "retry": "backing_off",
        **_OUTCOMES,
    },
    "outcome_held": {
        "postpone": "backing_off",
        "retry": "backing_off",
        **_OUTCOMES,
    },
    "result_kept": {
        "apply_again": "result_kept",
        "retry_result": "result_kept",
        **_OUTCOMES,
    },
    "incident": {
        "retry": "backing_off",
        "retry_result": "result_kept",
        **_OUTCOMES,
    },
    "done": {},
    "failed": {},
    "cancelled": {},
    "skipped": {},
}


class IllegalEdge(RuntimeError):
    """A change of an attempt that ``EDGES`` does not have: a mistake in the engine."""

    def __init__(self, before: AttemptState, event: AttemptEvent, after: str = "") -> None:
        wrong = f", which does not lead to {after}" if after else ""
        super().__init__(f"an attempt that is {before} got the event {event}{wrong}")


class Attempt(Struct, frozen=True, omit_defaults=True, gc=False):
    """One attempt, as it is stored.

    ``attempt`` is the number of the one that waits or runs, or else of the last one. ``worker``
    runs it, or is one of ``WAITING``. ``next_at`` is when it goes on, ``incident_at`` since when
    it waits for an operator. ``outcome`` is a result that could not be applied yet, or the body
    of a message. ``child`` is the instance that an invoke started.
    """

    attempt: int = 1
    worker: str | None = None
    next_at: datetime | None = None
    error: str | None = None
    #: how many workers have died while they ran it
    takeovers: int = 0
    incident_at: datetime | None = None
    outcome: MaybeRaw = None
    child: Ref | None = None
    kind: AttemptKind = "effect"
    #: of what it is an incident; empty for effects that are none
    name: str = ""
    #: the W3C trace context of the step that asked for it
    trace: str = ""
    #: where the error of an incident was raised
    traceback: str = ""
    #: how often it has failed so far with errors that have a policy of their own, by its name
    by_error: dict[str, int] | None = None

    def failures(self, policy: str) -> int:
        """How often it has failed under this policy, by its name, once the present attempt fails
        under it, too. An empty name: under that of all other errors."""
        known = self.by_error or {}
        if not policy:
            return self.attempt - sum(known.values())
        return known.get(policy, 0) + 1

    @property
    def state(self) -> AttemptState:
        if self.incident_at is not None:
            return "incident"
        if self.outcome is not None:
            return "result_kept"
        if self.worker is not None:
            return "waiting" if self.worker in WAITING else "running"
        if self.next_at is not None:
            return "backing_off"
        if self.child is not None:
            return "child"
        return "outcome_held" if self.attempt else "new"

    # --- one method for each event ---

    def begin(self, worker: str) -> Attempt:
        """The worker runs it from now on."""
        return self._given_to(worker, "begin")

    def queue(self, marker: str) -> Attempt:
        """It waits for any worker with a free slot; ``marker`` is one of ``WAITING``."""
        return self._given_to(marker, "queue")

    def _given_to(self, worker: str, event: AttemptEvent) -> Attempt:
        # one that waits or runs has its number already
        number = self.attempt if self.worker is not None else self.attempt + 1
        return self._after(event, attempt=number, worker=worker, next_at=None)

    def start_child(self, child: Ref) -> Attempt:
        """An instance of its own runs it."""
        return self._after("start_child", attempt=1, child=child)

    def free(self, now: datetime) -> Attempt:
        """It was interrupted, which is no failure: any worker may run it again."""
        return self._after("free", attempt=self.attempt - 1, worker=None, next_at=now)

    def take_over(self, now: datetime) -> Attempt:
        """Its worker died."""
        number, takeovers = self.attempt - 1, self.takeovers + 1
        return self._after(
            "take_over", attempt=number, worker=None, next_at=now, takeovers=takeovers
        )

    def postpone(self, number: int, error: str, due: datetime, policy: str = "") -> Attempt:
        """Attempt ``number`` failed, and the next one is due at ``due``; ``policy`` names the
        policy that the error has of its own."""
        by_error = self.by_error
        if policy:
            by_error = {**(by_error or {}), policy: self.failures(policy)}
        return self._after(
            "postpone", attempt=number, worker=None, next_at=due, error=error, by_error=by_error
        )

    def hold_outcome(self) -> Attempt:
        """It ended while its instance is paused; the outcome waits among the held messages."""
        return self._after("hold_outcome", worker=None)

    def keep_result(self, result: Raw, number: int, error: str, due: datetime) -> Attempt:
        """It is done, but attempt ``number`` to apply its result failed; the next is at ``due``."""
        return self._after(
            "keep_result",
            attempt=number,
            worker=None,
            next_at=due,
            error=error,
            incident_at=None,
            outcome=result,
        )

    def apply_again(self) -> Attempt:
        """Its result is applied once more, in this step."""
        return self._after("apply_again", attempt=self.attempt + 1, next_at=None)

    def raise_incident(
        self,
        now: datetime,
        number: int,
        error: str,
        name: str,
        *,
        outcome: Raw | None = None,
        traceback: str = "",
    ) -> Attempt:
        """Attempt ``number`` was the last one: it waits for an operator."""
        return self._after(
            "raise_incident",
            attempt=number,
            worker=None,
            next_at=None,
            error=error,
            incident_at=now,
            name=name,
            outcome=self.outcome if outcome is None else outcome,
            traceback=traceback[:TRACE_CHARS],
        )

    def retry(self, now: datetime) -> Attempt:
        """An operator has it begin at once, from the first attempt on; or its result applied."""
        event: AttemptEvent = "retry" if self.outcome is None else "retry_result"
        return self._after(
            event, attempt=0, takeovers=0, next_at=now, incident_at=None, by_error=None
        )

    def renamed(self, name: str) -> Attempt:
        """The same, after an upgrade that has renamed what it stands for; no event."""
        return replace(self, name=name)

    def end(self, event: AttemptEvent) -> None:
        """Raises ``IllegalEdge`` where it can't end so; an attempt that has ended is not kept."""
        if event not in EDGES[self.state]:
            raise IllegalEdge(self.state, event)

    def _after(self, event: AttemptEvent, **fields: Any) -> Attempt:
        before = self.state
        target = EDGES[before].get(event)
        if target is None:
            raise IllegalEdge(before, event)
        after = replace(self, **fields)
        if after.state != target:
            raise IllegalEdge(before, event, after.state)
        return after


# --- the attempts of one instance ------------------------------------------------------------


class Ending(Struct, frozen=True, omit_defaults=True):
    """How an attempt ended in its worker. ``result`` is JSON. ``error`` is the name of an
    exception's class, ``kinds`` what kinds it is of (:mod:`statehold.chart.error_kinds`),
    ``traceback`` where it was raised, ``trace`` the attempt's trace context.
    """

    key: str
    result: MaybeRaw = None
    error: str | None = None
    message: str = ""
    permanent: bool = False
    trace: str = ""
    traceback: str = ""
    kinds: tuple[str, ...] = ()


class Followed(NamedTuple):
    """``attempts`` after a step; keys of effects to begin and to stop; children to be cancelled."""

    attempts: dict[str, Attempt]
    started: list[str]
    stopped: list[str]
    abandoned: list[Ref]


def follow(
    attempts: Mapping[str, Attempt],
    step: Step[Any],
    ref: Ref,
    worker: str,
    performer_of: Callable[[str], str],
    *,
    failed: Collection[str] = (),
    trace: str = "",
) -> Followed:
    """The attempts after a step.

    ``performer_of`` gives for an effect this ``worker`` or one of ``WAITING``. ``failed`` are keys
    of those whose failure the step is about.
    """
    after = Followed(dict(attempts), [], [], [])
    for command in step.commands:
        if isinstance(command, StartEffect):
            performer = performer_of(command.effect)
            after.attempts[command.key] = first_attempt(performer, trace)
            if performer == worker:
                after.started.append(command.key)
        elif isinstance(command, StartChild):
            after.attempts[command.key] = Attempt(0).start_child(child_of(ref, command))
        elif isinstance(command, CancelEffect):
            _cancel(after, command.key)
        elif isinstance(command, CancelTimer):
            # one that is set again in the same step is another
            after.attempts.pop(timer_key(command.timer), None)
    in_flight = {effect.key for effect in step.snapshot.effects}
    in_flight.update(timer_key(timer.id) for timer in step.snapshot.timers)
    for key, one in list(after.attempts.items()):
        if key not in in_flight and one.kind in ("effect", "timer"):
            one.end("fail" if key in failed else "done")
            del after.attempts[key]
    return after


def first_attempt(performer: str, trace: str = "") -> Attempt:
    """The first attempt of an effect, for a worker or one of ``WAITING``: what ``begin`` or
    ``queue`` make of a new one, without the cost of a copy in every step that requests effects."""
    return Attempt(1, performer, trace=trace)


def abandon(attempts: Mapping[str, Attempt]) -> Followed:
    """All of them are cancelled."""
    after = Followed(dict(attempts), [], [], [])
    for key in attempts:
        _cancel(after, key)
    return after


def _cancel(after: Followed, key: str) -> None:
    known = after.attempts.pop(key, None)
    after.stopped.append(key)
    if known is not None:
        known.end("cancel")
        if known.child is not None:
            after.abandoned.append(known.child)


def child_of(parent: Ref, command: StartChild) -> Ref:
    """The child instance that the command starts."""
    return Ref(command.machine, child_instance(parent.id, command.key))


def timer_key(timer: str) -> str:
    return f"timer:{timer}"


def earliest_due(
    status: Status, timers: Collection[Timer], attempts: Mapping[str, Attempt]
) -> datetime | None:
    """When the instance is to be woken next: for a timer, or for an attempt that is due.

    None while it is paused or waits for its upgrade; an instance that is over has no timers.
    """
    upgrade = attempts.get(UPGRADE_KEY)
    if status == "paused" or (upgrade is not None and upgrade.incident_at is not None):
        return None
    due = [one.next_at for one in attempts.values() if one.kind == "effect"]
    if status == "running":
        due += [_timer_due(timer, attempts) for timer in timers]
    return min((moment for moment in due if moment is not None), default=None)


def due_timer(
    timers: Collection[Timer], attempts: Mapping[str, Attempt], now: datetime
) -> Timer | None:
    """The timer to fire now: of those that are due, the one with the earliest time."""
    due = [
        timer for timer in timers if (at := _timer_due(timer, attempts)) is not None and at <= now
    ]
    return min(due, key=lambda timer: timer.due, default=None)


def _timer_due(timer: Timer, attempts: Mapping[str, Attempt]) -> datetime | None:
    """When the timer fires: its own time, or the next attempt where its step has failed. None: it
    is an incident."""
    failed = attempts.get(timer_key(timer.id))
    return timer.due if failed is None else failed.next_at


def holders(attempts: Mapping[str, Attempt]) -> tuple[str, ...]:
    """The workers, and those of ``WAITING``, that have an attempt of the instance."""
    return tuple(sorted({one.worker for one in attempts.values() if one.worker}))


def incident_count(attempts: Mapping[str, Attempt]) -> int:
    return sum(one.incident_at is not None for one in attempts.values())
