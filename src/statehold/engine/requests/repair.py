"""Instances that can't be read: they get new data from an operator, or are read again.

An instance that can't be read is set aside, with an incident of its own (``unreadable``). It can be
cancelled, repaired or, once a release runs that can read it, read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from statehold.chart.machine import Definition, Upgrade
from statehold.chart.model import Chart
from statehold.chart.tree import Tree
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.operator import OperatorRequest
from statehold.errors import (
    ActRefused,
    InvalidPayload,
    NewerVersion,
    Refused,
    UnknownIncident,
)
from statehold.instance.attempts import UNREADABLE_KEY, Attempt, incident_count
from statehold.instance.draft import Draft
from statehold.instance.journal import Origin
from statehold.instance.reply import InstanceReply
from statehold.instance.stored import is_whole
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import InFlight, Step
from statehold.interpreter.step import settle
from statehold.records import ANYONE, Caller, Ref, Row
from statehold.upgrade.carry import Carried, CarryFailed, Stored, carry
from statehold.upgrade.mapping import StateMap
from statehold.upgrade.plan import UpgradePlan


class Reread(OperatorRequest):
    """The instance can be read again, and is no longer set aside once its row is written. All of
    its attempts are freed except those of this worker: whether others still run is not known."""

    label = "reread"

    def __init__(
        self,
        ref: Ref,
        performs: Callable[[Ref, str], bool],
        row: Row | None = None,
        reason: str | None = None,
        caller: Caller = ANYONE,
    ) -> None:
        super().__init__(ref, reason, caller)
        self.row = row
        self.performs = performs
        # where the engine has found out by itself that it can be read, nobody has acted
        self.is_audited = row is None

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.check_not_over(draft)
        counted = 0 if draft.loaded is None else draft.loaded.row.incidents
        # the row of one that is set aside counts one incident more than its document has
        if self.row is None and counted == incident_count(draft.instance.attempts):
            raise UnknownIncident(f"{self.ref.machine}/{self.ref.id}/{UNREADABLE_KEY}")
        for key, known in list(draft.instance.attempts.items()):
            if known.worker is not None and not self._goes_on(key, known.worker, context):
                draft.set_attempt(key, known.free(draft.now))
        draft.touched = draft.is_mended = True
        if self.row is None:
            # an operator has asked for it
            draft.note(Origin("retry", caller=self.caller, reason=self.reason))
        return draft.reply(self.caller)

    def _goes_on(self, key: str, worker: str, context: EngineContext) -> bool:
        return worker == context.worker and self.performs(self.ref, key)


class Repair(OperatorRequest):
    """Gives an instance that can't be read new data, JSON of the machine's type, and new states
    where ``state`` names their leaves. It is a step of the version that runs here, in which no
    action of the chart runs.

    Timers and effects go on. Where states are given, or the timers and effects can't be read,
    those of the active states start as if they were entered now.
    """

    label = "repair"
    takes_remains = True
    looks_at_journal = True

    def __init__(
        self, ref: Ref, raw: bytes, state: Sequence[str], reason: str | None, caller: Caller
    ) -> None:
        super().__init__(ref, reason, caller)
        self.raw = raw
        self.state = tuple(state)

    def apply(self, draft: Draft, context: EngineContext) -> InstanceReply:
        self.check_not_over(draft)
        definition, now = draft.definition, draft.now
        if draft.unreadable is None:
            instead = "send it an event, or cancel it"
            raise ActRefused(self.ref.machine, self.ref.id, "repair", "it can be read", instead)
        if draft.instance.version > definition.version:
            raise NewerVersion(
                self.ref.machine, self.ref.id, draft.instance.version, definition.version
            )
        try:
            carried = self._carried(draft)
        except CarryFailed as error:
            states = ", ".join(state.id for state in definition.chart.states if state.id)
            self.own_fault = True
            why = f"{error}; with `state`, give the active leaves, of {states}"
            raise InvalidPayload("the repair", {"state": why}) from error
        why = str(draft.unreadable)[: context.limits.error_chars]
        event = {"type": "Repair", "why": why, **carried.notes}
        origin = replace(self.origin("repair"), event=event)
        draft.carry_over(
            Step(carried.snapshot, carried.commands, (), True),
            _freed(draft.instance.attempts, now),
            origin,
            settle(definition, carried.snapshot, now),
            Origin("repair", {"type": "Settled"}),
        )
        draft.unreadable = None
        draft.is_mended = True
        return draft.reply(self.caller)

    def _carried(self, draft: Draft) -> Carried:
        assert draft.loaded is not None
        assert draft.instance.unloaded is not None
        definition, unloaded = draft.definition, draft.instance.unloaded
        chart = definition.chart
        goes_on = not self.state and is_whole(draft.loaded.row.document)
        old = chart if goes_on else _bare(chart)
        states = StateMap(Tree(old), Tree(chart), {})
        upgrade = Upgrade(from_version=definition.version)
        plan = UpgradePlan(old, definition, upgrade, states, {}, {}, complete=True)
        stored = Stored(
            self.state or draft.instance.state,
            draft.instance.seq,
            draft.ref.id,
            Raw(self.raw),
            unloaded.history,
            unloaded.timers,
            tuple(_in_flight(definition, effect) for effect in unloaded.effects),
            unloaded.deadlines,
        )
        return carry(plan, stored, draft.now, compile_program(definition).configuration)


def _bare(chart: Chart) -> Chart:
    """Without timers and invokes, so that all of them count as new."""
    states = tuple(replace(state, invokes=(), deadline=None) for state in chart.states)
    return replace(chart, states=states, transitions=())


def _in_flight(definition: Definition[Any], effect: InFlight) -> InFlight:
    """Without the data of its request, where that no longer fits the type."""
    data = effect.data
    if data is not None:
        try:
            definition.data.parse(bytes(data), "the data of an effect")
        except Refused:
            data = None
    return replace(effect, data=data)


def _freed(attempts: Mapping[str, Attempt], now: Any) -> dict[str, Attempt]:
    return {
        key: known if known.worker is None else known.free(now) for key, known in attempts.items()
    }
