"""Carries one instance over to a new version, by its plan.

It is pure, and gets a ``seq``, like a step. No entry, exit or transition action runs. The only
functions of the machine that are called are the upgrade's data function, and those for the delay,
input or output of what is started.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

import msgspec
from msgspec import UNSET, Raw, Struct

from statehold.chart.asking import asked_event
from statehold.chart.deferred import settled
from statehold.chart.model import Delay, Invoke
from statehold.chart.moment import in_utc, later
from statehold.errors import InvalidPayload, described
from statehold.interpreter.command import (
    CancelEffect,
    CancelTimer,
    Command,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.snapshot import Deadline, InFlight, Snapshot, Timer
from statehold.upgrade.mapping import NoImage, closure
from statehold.upgrade.move import Move
from statehold.upgrade.plan import UpgradePlan


class CarryFailed(Exception):
    """The instance can't be carried over, and stays as it is."""


class Stored(Struct, frozen=True):
    """A stored instance of another version.

    ``state`` are the active leaves. ``data``, and that of each effect, are plain JSON values or
    JSON text as :class:`msgspec.Raw`.
    """

    state: tuple[str, ...]
    seq: int
    instance: str
    data: Any
    history: dict[str, tuple[str, ...]] = {}
    timers: tuple[Timer, ...] = ()
    effects: tuple[InFlight, ...] = ()
    deadlines: tuple[Deadline, ...] = ()


class Carried(Struct, frozen=True):
    """``notes`` are plain JSON values for the journal.

    ``states`` maps old leaves to new ones; ``timers``, ``effects`` and ``deadlines`` say what was
    ``kept`` (old name to new name), ``dropped`` and ``started``.
    """

    snapshot: Snapshot[Any]
    commands: tuple[Command, ...]
    notes: dict[str, Any]


def carry(
    plan: UpgradePlan,
    document: Stored | Mapping[str, Any],
    now: datetime,
    configuration_of: Callable[[Iterable[str]], Configuration],
) -> Carried:
    """The instance in the new version; ``document`` has the fields of :class:`Stored`.

    ``configuration_of`` returns the new program's configuration for leaves. Raises
    :class:`CarryFailed`: no legal image, a function that raised, or data that does not fit.
    """
    if not isinstance(document, Stored):
        document = msgspec.convert(document, Stored, from_attributes=True)
    try:
        move = plan.move(document.state)
    except NoImage as reason:
        raise CarryFailed(str(reason)) from None
    return _Carrying(plan, move, document, now).carry(configuration_of)


class _Carrying:
    def __init__(self, plan: UpgradePlan, move: Move, before: Stored, now: datetime) -> None:
        self.plan = plan
        self.move = move
        self.before = before
        self.now = now
        self.seq = before.seq + 1
        self.asked = 0
        self.commands: list[Command] = []
        self.data = _new_data(plan, before.data)
        active = closure(plan.states.new, move.leaves)
        self.context = _Context(
            now, before.instance, frozenset(plan.states.new.states[s].id for s in active)
        )

    def carry(self, configuration_of: Callable[[Iterable[str]], Configuration]) -> Carried:
        timers, timer_notes = self.timers()
        effects, effect_notes = self.effects()
        deadlines, deadline_notes = self.deadlines()
        ends = self.move.ends
        output = None
        if ends is not None:
            final = self.plan.states.new.states[self.plan.states.new.index[ends]]
            output = None if final.output is None else self.value(final.output)
        snapshot: Snapshot[Any] = Snapshot(
            configuration_of(self.move.leaves),
            self.data,
            self.seq,
            self.before.instance,
            self.plan.states.history(self.before.history),
            timers,
            effects,
            deadlines,
            ends is not None,
            output,
        )
        notes = {
            "states": {s: list(self.plan.states.images(s)) for s in self.before.state},
            "timers": timer_notes,
            "effects": effect_notes,
            "deadlines": deadline_notes,
        }
        return Carried(snapshot, tuple(self.commands), notes)

    # --- timers and deadlines ---

    def timers(self) -> tuple[tuple[Timer, ...], dict[str, Any]]:
        found: dict[str, Timer] = {}
        kept: dict[str, str] = {}
        dropped = []
        for timer in self.before.timers:
            target = self.move.timers.get(timer.id)
            if target is None or target[0] in found:
                dropped.append(timer.id)
                self.commands.append(CancelTimer(timer.id))
                continue
            id, state = target
            found[id] = Timer(id, state, timer.due)
            kept[timer.id] = id
            if id != timer.id:
                self.commands += (CancelTimer(timer.id), SetTimer(id, timer.due))
        started = []
        for id, state, delay in self.move.new_timers:
            due = self.due(delay, id)
            found[id] = Timer(id, state, due)
            started.append(id)
            self.commands.append(SetTimer(id, due))
        return tuple(found.values()), _notes(kept, dropped, started)

    def deadlines(self) -> tuple[tuple[Deadline, ...], dict[str, Any]]:
        found: dict[str, Deadline] = {}
        kept: dict[str, str] = {}
        dropped = []
        for deadline in self.before.deadlines:
            state = self.move.deadlines.get(deadline.state)
            if state is None or state in found:
                dropped.append(deadline.state)
                continue
            found[state] = Deadline(state, deadline.due)
            kept[deadline.state] = state
        started = []
        for state, delay in self.move.new_deadlines:
            found[state] = Deadline(state, self.due(delay, state))
            started.append(state)
        return tuple(found.values()), _notes(kept, dropped, started)

    # --- effects ---

    def effects(self) -> tuple[tuple[InFlight, ...], dict[str, Any]]:
        found: list[InFlight] = []
        taken: set[str] = set()
        kept: dict[str, str] = {}
        dropped = []
        for effect in self.before.effects:
            carried = self.carried(effect)
            if carried is None or (carried.state is not None and carried.invoke in taken):
                dropped.append(effect.key)
                self.commands.append(CancelEffect(effect.key, effect.invoke))
                continue
            taken.add(carried.invoke)
            kept[effect.key] = carried.name
            found.append(carried)
        started = []
        for state, invoke in self.move.new_invokes:
            one = self.start(state, invoke)
            found.append(one)
            started.append(one.key)
        return tuple(found), _notes(kept, dropped, started)

    def carried(self, effect: InFlight) -> InFlight | None:
        """The effect under its new name; None: it is dropped."""
        data = None if effect.data is None else _new_data(self.plan, effect.data)
        if effect.state is None:
            name = self.plan.effects.get(effect.name, effect.name)
            if name is None or name not in self.plan.new.effects:
                return None
            event = self.event(name, effect.event)
            return InFlight(effect.key, name, name, effect.kind, None, effect.asked_at, data, event)
        target = self.move.invokes.get(effect.invoke)
        if target is None:
            return None
        invoke, state = target
        name = invoke.name if invoke.choice is None else effect.name
        event = self.event(name, effect.event) if invoke.kind == "effect" else None
        return InFlight(
            effect.key, invoke.id, name, invoke.kind, state, effect.asked_at, data, event
        )

    def event(self, name: str, kept: Raw | None) -> Raw | None:
        """The event that asked for the effect, as the new version's effect takes it."""
        effect = self.plan.new.effects.get(name)
        if effect is None or effect.event is None:
            return None
        try:
            asked_event(self.plan.new, effect, kept)
        except InvalidPayload as error:
            raise CarryFailed(
                f"effect {name} can't go on: {error}; let the new version's {name} take the old "
                f"event too, or drop the effect with effects={{{name!r}: None}}"
            ) from error
        return kept

    def start(self, state: str, invoke: Invoke) -> InFlight:
        self.asked += 1
        key = f"{self.seq}.{self.asked}"
        if invoke.kind == "effect":
            self.event(invoke.name, None)
            self.commands.append(StartEffect(key, invoke.id, invoke.name, state))
            return InFlight(key, invoke.id, invoke.name, invoke.kind, state, self.now)
        name = invoke.name if invoke.choice is None else str(self.value(invoke.choice))
        input = UNSET if invoke.input is None else self.value(invoke.input)
        self.commands.append(StartChild(key, invoke.id, name, state, input))
        return InFlight(key, invoke.id, name, invoke.kind, state, self.now)

    # --- the machine's functions ---

    def value(self, name: str) -> Any:
        function = self.plan.new.functions[name]
        arguments = (self.data, None, self.context)[: function.takes]
        try:
            return settled(function.call(*arguments))
        except Exception as error:
            raise CarryFailed(f"{name} raised {described(error)}") from error

    def due(self, delay: Delay, what: str) -> datetime:
        if delay.function is None:
            after: Any = timedelta(seconds=delay.seconds or 0)
        else:
            after = self.value(delay.function)
        try:
            return in_utc(after) if isinstance(after, datetime) else later(self.now, after)
        except (TypeError, ValueError) as error:
            raise CarryFailed(
                f"the delay of {what} is {after!r}, which is neither a timedelta nor an aware "
                f"datetime that can be stored: {error}"
            ) from error


def _new_data(plan: UpgradePlan, stored: Any) -> Any:
    """The data after the upgrade, checked against the new type."""
    shape, function, what = plan.new.data, plan.upgrade.data, "the upgraded data"
    try:
        if function is None:
            return shape.settle(shape.adopt(_json(stored), "the old data"), what)[1]
        if plan.reads is not None:
            given = plan.reads.load(_json(stored), "the old data")
            made = settled(function(given))
            if made is None:
                # it was changed in place, as actions do
                written, _ = plan.reads.settle(given, what)
                return shape.settle(shape.adopt(written, what), what)[1]
        else:
            given = copy.deepcopy(_plain(stored))
            made = settled(function(given))
            if made is None:
                return shape.settle(shape.adopt(msgspec.json.encode(given), what), what)[1]
        return shape.settle(shape.check(made, what, stored=True), what)[1]
    except InvalidPayload as error:
        raise CarryFailed(str(error)) from error
    except Exception as error:
        raise CarryFailed(f"the data function raised {described(error)}") from error


def _json(stored: Any) -> bytes:
    return bytes(stored) if isinstance(stored, Raw) else msgspec.json.encode(stored)


def _plain(stored: Any) -> Any:
    return msgspec.json.decode(stored) if isinstance(stored, Raw) else stored


def _notes(kept: dict[str, str], dropped: list[str], started: list[str]) -> dict[str, Any]:
    return {"kept": kept, "dropped": dropped, "started": started}


class _Context:
    """See :class:`statehold.chart.context.Context`; commands are refused."""

    def __init__(self, now: datetime, instance: str, states: frozenset[str]) -> None:
        self.now = now
        self.instance = instance
        self._states = states

    def active(self, state_id: str) -> bool:
        return state_id in self._states

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("nothing can be raised, sent, cancelled or emitted during an upgrade")

    raise_ = send = send_parent = child = emit = cancel = _refuse
