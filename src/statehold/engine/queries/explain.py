"""Explains an instance: where it is, since when and why, what it waits for, what can follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from statehold.chart.access import RIGHTS, Right
from statehold.chart.labels import Names, state_label
from statehold.chart.machine import Definition
from statehold.chart.model import Transition
from statehold.engine.queries.sentences import Sentences
from statehold.errors import Forbidden
from statehold.instance.attempts import UNREADABLE_KEY, Attempt
from statehold.instance.authorize import is_permitted
from statehold.instance.loaded import Loaded
from statehold.instance.reply import InstanceReply
from statehold.interpreter.enabled import Enablement, enablements
from statehold.interpreter.snapshot import Snapshot
from statehold.records import ANYONE, Caller, Ref, Row
from statehold.store import Aside
from statehold.wire.instances import (
    ChildView,
    EffectView,
    Explanation,
    Incident,
    PossibleTransition,
    StateView,
    TimerView,
)
from statehold.wire.journal import JournalEntry


def incidents_of(row: Row, attempts: Mapping[str, Attempt]) -> list[Incident]:
    """The open incidents of an instance, oldest first."""
    found = [
        Incident(
            id=f"{row.machine}/{row.id}/{key}",
            machine=row.machine,
            instance=row.id,
            kind=known.kind,
            name=known.name or key,
            state=list(row.state),
            attempts=known.attempt,
            error=known.error or "",
            traceback=known.traceback,
            since=known.incident_at,
        )
        for key, known in attempts.items()
        if known.incident_at is not None
    ]
    return sorted(found, key=lambda incident: incident.since)


def unreadable_of(row: Row, aside: Aside | None) -> Incident:
    """The incident of an instance that can't be read. ``aside`` is None if it was not set aside:
    its row counts incidents that its document does not have in a readable form."""
    why = "its incidents can't be read" if aside is None else aside.why
    return Incident(
        id=f"{row.machine}/{row.id}/{UNREADABLE_KEY}",
        machine=row.machine,
        instance=row.id,
        kind="unreadable",
        name=UNREADABLE_KEY,
        state=list(row.state),
        attempts=1,
        error=why,
        since=row.changed_at if aside is None else aside.since,
    )


def explain(
    definition: Definition[object],
    loaded: Loaded,
    because: JournalEntry | None,
    entered: dict[str, datetime],
    now: datetime,
    caller: Caller = ANYONE,
    ahead: Snapshot[Any] | None = None,
    children: Mapping[Ref, ChildView] = {},
) -> Explanation:
    """``because`` is the step that led here, ``entered`` when each active state was entered,
    ``children`` those instances that it invoked, as far as they are there.

    ``ahead`` is the instance as its next event finds it, which may upgrade it first: what can
    happen next is derived from that. None: that is not known here.
    """
    row = loaded.row
    answer = InstanceReply(loaded.instance, caller, ahead=ahead).wire()
    active = _active(definition, loaded, entered)
    timers = _timers(loaded, now)
    effects = _effects(definition, loaded, children)
    names = Names(definition.chart)
    following = _following(definition, loaded, ahead, caller, names)
    incidents = incidents_of(loaded.row, loaded.instance.attempts)
    started = {
        key: one.child for key, one in loaded.instance.attempts.items() if one.child is not None
    }
    hidden = {key for key, child in started.items() if child not in children}
    parts = Sentences(answer, now, names, hidden, loaded.instance.cancellation).write(
        row.since, because, active, timers, effects, following, incidents
    )
    return Explanation(
        summary="".join(part.text for part in parts),
        parts=parts,
        instance=answer,
        since=row.since,
        because=because,
        active=active,
        timers=timers,
        effects=effects,
        next=following,
        incidents=incidents,
        may=_rights(caller, definition, loaded),
    )


def _rights(caller: Caller, definition: Definition[object], loaded: Loaded) -> list[Right]:
    found: list[Right] = []
    for right in RIGHTS:
        try:
            if is_permitted(caller, right, definition, loaded.instance):
                found.append(right)
        except Forbidden:
            # its condition fails on this data, which permits nothing
            continue
    return found


def _active(
    definition: Definition[object], loaded: Loaded, entered: dict[str, datetime]
) -> list[StateView]:
    if loaded.instance.snapshot is None:
        return [StateView(id=id, kind="unknown") for id in loaded.row.state]
    deadlines = {one.state: one.due for one in loaded.instance.snapshot.deadlines}
    states = loaded.instance.snapshot.configuration.states
    return [
        StateView(
            id=node.id,
            kind=node.kind,
            label=state_label(definition.chart, node),
            doc=node.doc,
            owner=node.owner,
            tags=list(node.tags),
            since=entered.get(node.id),
            deadline=deadlines.get(node.id),
        )
        for node in definition.chart.states
        if node.id in states
    ]


def _timers(loaded: Loaded, now: datetime) -> list[TimerView]:
    source = loaded.instance.in_progress
    timers = () if source is None else source.timers
    return [
        TimerView(
            id=timer.id,
            state=timer.state,
            due=timer.due,
            seconds_left=max(0.0, (timer.due - now).total_seconds()),
        )
        for timer in sorted(timers, key=lambda timer: timer.due)
    ]


def _effects(
    definition: Definition[object], loaded: Loaded, children: Mapping[Ref, ChildView]
) -> list[EffectView]:
    source = loaded.instance.in_progress
    found = []
    for effect in () if source is None else source.effects:
        known = loaded.instance.attempts.get(effect.key)
        declared = definition.effects.get(effect.name)
        attempt = 0 if known is None else known.attempt
        if effect.kind == "machine":
            status = "child"
        elif known is None or known.incident_at is not None:
            status = "incident"
        else:
            status = "running" if known.state == "running" else "waiting"
            if known.state == "waiting":
                # it has its number, and has not begun
                attempt -= 1
        found.append(
            EffectView(
                key=effect.key,
                name=effect.name,
                state=effect.state,
                status=status,  # type: ignore[arg-type]
                attempt=attempt,
                attempts=None if declared is None else declared.retry.attempts,
                error=None if known is None else known.error,
                asked_at=effect.asked_at,
                next_at=None if known is None else known.next_at,
                child=None if known is None or known.child is None else children.get(known.child),
            )
        )
    return found


def _following(
    definition: Definition[object],
    loaded: Loaded,
    ahead: Snapshot[Any] | None,
    caller: Caller,
    names: Names,
) -> list[PossibleTransition]:
    if ahead is None or loaded.row.status not in ("running", "paused"):
        return []
    due = {timer.id: timer.due for timer in ahead.timers}
    return [
        _possible(enablement, due.get(enablement.transition.id), names)
        for enablement in enablements(definition, ahead, caller.roles)
        if enablement.transition.trigger.kind != "always"
    ]


def _possible(enablement: Enablement, due: datetime | None, names: Names) -> PossibleTransition:
    transition = enablement.transition
    events = transition.trigger.events if transition.trigger.kind == "event" else ()
    roles = [guard.name.split(",") for guard in transition.guards if guard.kind == "by"]
    return PossibleTransition(
        transition=transition.id,
        kind=transition.trigger.kind,
        event=_event_name(transition),
        source=transition.source,
        targets=list(transition.targets),
        possible=enablement.possible,
        stopped_by=list(enablement.stopped_by),
        by=[role for those in roles for role in those],
        due=due,
        doc=transition.doc,
        label=", ".join(map(names.event, events)),
    )


def _event_name(transition: Transition) -> str | None:
    trigger = transition.trigger
    if trigger.kind == "event":
        return ", ".join(trigger.events)
    return "any event" if trigger.kind == "any" else None
