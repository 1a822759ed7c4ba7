"""The tries of an instance: kept in step with what is in flight, and what they come to for the row.

A try is kept under the key of its effect, under ``timer:`` and the timer's id where a timer's step
failed, under ``message:`` and its number for one that came back, or as ``upgrade``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from statehold.instance.commands import child_of
from statehold.instance.stored import Attempt
from statehold.interpreter.command import CancelEffect, CancelTimer, StartChild, StartEffect
from statehold.interpreter.snapshot import Step, Timer
from statehold.records import Ref, Status

#: the key of the incident that a failed upgrade leaves
UPGRADE_KEY = "upgrade"
#: the key of the incident that stands for an instance that can't be read
UNREADABLE_KEY = "unreadable"


class Followed(NamedTuple):
    """``tries`` after a step; keys of effects to begin and to stop; children to be cancelled."""

    attempts: dict[str, Attempt]
    started: list[str]
    stopped: list[str]
    abandoned: list[Ref]


def timer_key(timer: str) -> str:
    return f"timer:{timer}"


def follow(
    attempts: Mapping[str, Attempt],
    step: Step[Any],
    ref: Ref,
    worker: str,
    performer_of: Callable[[str], str],
    trace: str = "",
) -> Followed:
    """What a step makes of the tries; ``performer_of`` names for each effect that it asks for
    who performs it: this ``worker``, or a marker."""
    after = Followed(dict(attempts), [], [], [])
    for command in step.commands:
        if isinstance(command, StartEffect):
            performer = performer_of(command.effect)
            after.attempts[command.key] = Attempt(1, performer, trace=trace)
            if performer == worker:
                after.started.append(command.key)
        elif isinstance(command, StartChild):
            after.attempts[command.key] = Attempt(1, child=child_of(ref, command))
        elif isinstance(command, CancelEffect):
            _stop(after, command.key)
        elif isinstance(command, CancelTimer):
            # one that is set anew in the same step is another
            after.attempts.pop(timer_key(command.timer), None)
    running = {effect.key for effect in step.snapshot.effects}
    running.update(timer_key(timer.id) for timer in step.snapshot.timers)
    for key, one in list(after.attempts.items()):
        if one.kind in ("effect", "timer") and key not in running:
            del after.attempts[key]
    return after


def abandon(attempts: Mapping[str, Attempt]) -> Followed:
    """The end of all of them."""
    after = Followed(dict(attempts), [], [], [])
    for key in attempts:
        _stop(after, key)
    return after


def _stop(after: Followed, key: str) -> None:
    known = after.attempts.pop(key, None)
    after.stopped.append(key)
    if known is not None and known.child is not None:
        after.abandoned.append(known.child)


def earliest_due(
    status: Status, timers: Collection[Timer], attempts: Mapping[str, Attempt]
) -> datetime | None:
    """When the instance is to be woken: a timer, or a try that was put off.

    Never while it is paused or waits for its upgrade; an instance that is over has no timers.
    """
    upgrade = attempts.get(UPGRADE_KEY)
    if status == "paused" or (upgrade is not None and upgrade.incident_at is not None):
        return None
    due = [one.next_at for one in attempts.values() if one.kind == "effect"]
    if status == "running":
        for timer in timers:
            put_off = attempts.get(timer_key(timer.id))
            due.append(timer.due if put_off is None else put_off.next_at)
    return min((moment for moment in due if moment is not None), default=None)


def holders(attempts: Mapping[str, Attempt]) -> tuple[str, ...]:
    """The workers that perform something of it now."""
    return tuple(sorted({one.worker for one in attempts.values() if one.worker}))


def incident_count(attempts: Mapping[str, Attempt]) -> int:
    return sum(one.incident_at is not None for one in attempts.values())
