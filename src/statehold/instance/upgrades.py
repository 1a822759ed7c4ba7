"""One instance carried over to a newer version of its machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Raw
from msgspec.structs import replace

from statehold.errors import InvalidPayload, NewerVersion, StepFailed, TooLarge, UpgradeFailed
from statehold.instance.attempts import UPGRADE_KEY, Attempt, timer_key
from statehold.instance.draft import Draft, FailedAttempt
from statehold.instance.journal import Origin
from statehold.instance.state import InstanceState
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Step
from statehold.interpreter.step import settle
from statehold.upgrade.carry import Carried, CarryFailed, Stored, carry
from statehold.upgrade.plan import UpgradePlan


def preview(instance: InstanceState, plan: UpgradePlan, now: datetime) -> Carried:
    """The instance as the upgrade would make it; raises ``CarryFailed``."""
    unloaded = instance.unloaded
    assert unloaded is not None
    stored = Stored(
        instance.state,
        instance.seq,
        instance.ref.id,
        Raw(instance.data),
        unloaded.history,
        unloaded.timers,
        unloaded.effects,
        unloaded.deadlines,
    )
    return carry(plan, stored, now, compile_program(instance.definition).configuration)


def upgrade(
    draft: Draft, find_plan: Callable[[InstanceState], UpgradePlan], origin: Origin
) -> None:
    """Upgrades the draft to the version that runs here.

    Raises ``UpgradeFailed``, having noted the incident, and ``NewerVersion`` for an instance of a
    newer version, having noted nothing. ``find_plan`` may raise ``CarryFailed``.
    """
    instance, now = draft.instance, draft.now
    ref, old, new = draft.ref, instance.version, draft.definition.version
    if old > new:
        raise NewerVersion(ref.machine, ref.id, old, new)
    known = instance.attempts.get(UPGRADE_KEY)
    if known is not None and known.incident_at is not None:
        raise UpgradeFailed(ref.machine, ref.id, old, new, known.error or "")
    try:
        carried = preview(instance, find_plan(instance), now)
        event = {"type": "Upgrade", "from": old, "to": new, **carried.notes}
        draft.carry_over(
            Step(carried.snapshot, carried.commands, (), True),
            _attempts(instance.attempts, carried),
            replace(origin, event=event),
            settle(draft.definition, carried.snapshot, now),
            Origin("upgrade", {"type": "Settled"}),
        )
    except (CarryFailed, StepFailed, InvalidPayload, TooLarge) as error:
        why = str(error)[: draft.turn.limits.error_chars]
        title, trace = f"{old} to {new}", step_trace(error)
        failed = Attempt(0, kind="upgrade").raise_incident(now, 1, why, title, traceback=trace)
        draft.failed_attempts += (FailedAttempt(title, failed, trace),)
        draft.set_attempt(UPGRADE_KEY, failed)
        reason = f"the upgrade to version {new} failed: {why}"
        draft.note(Origin("incident", reason=reason))
        raise UpgradeFailed(ref.machine, ref.id, old, new, why) from error


def _attempts(attempts: Mapping[str, Attempt], carried: Carried) -> dict[str, Attempt]:
    """Attempts go with what they are attempts of: effects by their keys, timers by their names."""
    kept_timers: dict[str, str] = carried.notes["timers"]["kept"]
    kept: dict[str, Attempt] = {}
    for key, known in attempts.items():
        if known.kind == "timer":
            name = kept_timers.get(known.name)
            if name is not None:
                kept[timer_key(name)] = known.renamed(name)
        elif known.kind != "upgrade":
            kept[key] = known
    return kept
