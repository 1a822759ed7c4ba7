"""What remains of an effect or a child whose outcome no transition takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from statehold.instance.attempts import AttemptEvent
from statehold.instance.state import InstanceState
from statehold.interpreter.snapshot import InFlight, Snapshot


class LastFailure(Struct, frozen=True):
    """A failure for good, at this ``attempt``. ``error`` and ``traceback`` are texts."""

    attempt: int
    error: str
    traceback: str = ""


def untaken(
    instance: InstanceState,
    effect: InFlight,
    failed: LastFailure | None,
    snapshot: Snapshot[Any],
    now: datetime,
) -> InstanceState:
    """The instance after an outcome that no transition took; ``failed`` None: it succeeded.

    An effect that failed becomes an incident: an operator can run it again. Everything else has
    ended, and ``snapshot`` is what the interpreter leaves of the instance.
    """
    attempts = dict(instance.attempts)
    if failed is not None and effect.kind == "effect":
        attempts[effect.key] = attempts[effect.key].raise_incident(
            now, failed.attempt, failed.error, effect.name, traceback=failed.traceback
        )
        return replace(instance, attempts=attempts)
    known = attempts.pop(effect.key, None)
    if known is not None:
        event: AttemptEvent = "done" if failed is None else "fail"
        known.end(event)
    return replace(instance, attempts=attempts, snapshot=snapshot)
