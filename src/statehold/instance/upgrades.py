"""One instance carried over to a newer version of its machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from statehold.errors import InvalidPayload, NewerVersion, StepFailed, TooLarge, UpgradeFailed
from statehold.instance.attempts import UPGRADE_KEY, Attempt, timer_key
from statehold.instance.draft import Draft, Mishap, Origin
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import InFlight, Step
from statehold.interpreter.step import settle
from statehold.upgrade.carry import Carried, CarryFailed, Stored, carry
from statehold.upgrade.plan import UpgradePlan


def preview(draft: Draft, made: UpgradePlan, now: datetime) -> Carried:
    """The instance as the upgrade would make it; raises ``CarryFailed``."""
    assert draft.document is not None
    document = draft.document
    program = compile_program(draft.definition)
    stored = Stored(
        draft.state,
        draft.seq,
        draft.ref.id,
        document.data,
        document.history,
        document.timers,
        tuple(
            InFlight(e.key, e.invoke, e.name, e.kind, e.state, e.asked_at, e.data)
            for e in document.effects
        ),
        document.deadlines,
    )
    return carry(made, stored, now, program.configuration)


def upgrade(
    draft: Draft, find_plan: Callable[[Draft], UpgradePlan], now: datetime, origin: Origin
) -> None:
    """Upgrades the draft, or notes the incident and raises ``UpgradeFailed``; of an instance of
    a newer version it notes nothing and raises ``NewerVersion``."""
    old, new = draft.version, draft.definition.version
    if old > new:
        raise NewerVersion(draft.ref.machine, draft.ref.id, old, new)
    known = draft.attempts.get(UPGRADE_KEY)
    if known is not None and known.incident_at is not None:
        raise UpgradeFailed(draft.ref.machine, draft.ref.id, old, new, known.error or "")
    try:
        carried = preview(draft, find_plan(draft), now)
        event = {"type": "Upgrade", "from": old, "to": new, **carried.notes}
        step = Step(carried.snapshot, carried.commands, (), True)
        onward = settle(draft.definition, carried.snapshot, now)
        # the two steps stand or fall together, so they are taken on a twin first
        twin = draft.twin()
        twin.replace(step, _carried_attempts(draft, carried), replace(origin, event=event), now)
        if onward.accepted:
            twin.advance(onward, Origin("upgrade", {"type": "Settled"}), now)
    except (CarryFailed, StepFailed, InvalidPayload, TooLarge) as error:
        why = str(error)[: draft.limits.error_chars]
        title, trace = f"{old} to {new}", step_trace(error)
        new_one = Attempt(0, kind="upgrade")
        incident = new_one.raise_incident(now, 1, why, title, traceback=trace)
        draft.mishaps += (Mishap(title, incident, trace),)
        draft.set_attempt(UPGRADE_KEY, incident)
        draft.note("incident", now, reason=f"the upgrade to version {new} failed: {why}")
        raise UpgradeFailed(draft.ref.machine, draft.ref.id, old, new, why) from error
    draft.become(twin)


def _carried_attempts(draft: Draft, carried: Carried) -> dict[str, Attempt]:
    """Tries go with what they are tries of: effects by their keys, timers by their names."""
    kept_timers: dict[str, str] = carried.notes["timers"]["kept"]
    attempts: dict[str, Attempt] = {}
    for key, known in draft.attempts.items():
        if known.kind == "timer":
            name = kept_timers.get(known.name)
            if name is not None:
                attempts[timer_key(name)] = known.renamed(name)
        elif known.kind != "upgrade":
            attempts[key] = known
    return attempts
